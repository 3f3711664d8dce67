"""Intervals that say how much a number may be believed: resampling songs first, then windows within songs."""

from collections.abc import Callable, Sequence

import numpy as np


def song_bootstrap(
    values: np.ndarray, songs: np.ndarray, resamples: int, seed: int, level: float = 0.95
) -> dict[str, float | None]:
    """Mean of per-window values with a hierarchical bootstrap interval.

    Parameters
    ----------
    values : (N,) one per window; NaN entries are left out.
    songs : (N,) the song of each window: windows of one song are not independent, so songs are drawn first.
    resamples, seed, level : number of resamplings, their seed, and the share that the interval covers.

    Returns
    -------
    ``value``, ``low``, ``high``; None where there is no finite value. With one song the interval covers the windows of
    that song only and says nothing about others.
    """
    keep = np.isfinite(values)
    values, songs = np.asarray(values)[keep], np.asarray(songs)[keep]
    if not len(values):
        return {"value": None, "low": None, "high": None}
    by_song = [values[songs == song] for song in np.unique(songs)]
    random = np.random.default_rng(seed)
    drawn = random.integers(0, len(by_song), (resamples, len(by_song)))
    sums, counts = np.zeros(resamples), np.zeros(resamples)
    for song, own in enumerate(by_song):
        resample, _ = np.nonzero(drawn == song)  # a song may be drawn several times: new windows each time
        picked = own[random.integers(0, len(own), (len(resample), len(own)))].sum(1)
        np.add.at(sums, resample, picked)
        np.add.at(counts, resample, len(own))
    means = sums / counts
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return {"value": float(values.mean()), "low": float(low), "high": float(high)}


def ratio_bootstrap(
    top: np.ndarray, bottom: np.ndarray, resamples: int, seed: int, level: float = 0.95
) -> dict[str, float | None]:
    """Ratio of the means of two values (S,) per song, with the interval of resampling songs.

    Songs that lack one of the values are left out; None where there is no song, or ``bottom`` has no mean above 0.
    """
    keep = np.isfinite(top) & np.isfinite(bottom)
    top, bottom = top[keep], bottom[keep]
    if not len(top) or bottom.mean() <= 0:
        return {"value": None, "low": None, "high": None}
    drawn = np.random.default_rng(seed).integers(0, len(top), (resamples, len(top)))
    means = bottom[drawn].mean(1)
    found = top[drawn].mean(1)[means > 0] / means[means > 0]
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return {"value": float(top.mean() / bottom.mean()), "low": float(low), "high": float(high)}


def half_samples(
    measure: Callable[[np.ndarray, np.ndarray], float],
    a: np.ndarray,
    b: np.ndarray,
    resamples: int,
    seed: int,
    level: float = 0.95,
) -> dict[str, float | None]:
    """A distance of two sets of features with the spread of the same distance between random halves of them.

    Drawing with replacement would bias distances between sets (equal items have distance 0), so halves are drawn
    without. Halves are smaller, so for measures that depend on size (FID) the interval may lie above the value.
    """
    if min(len(a), len(b)) < 4:
        return {"value": measure(a, b) if min(len(a), len(b)) > 1 else None, "low": None, "high": None}
    random = np.random.default_rng(seed)
    found = [
        measure(random.permutation(a)[: len(a) // 2], random.permutation(b)[: len(b) // 2]) for _ in range(resamples)
    ]
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return {"value": measure(a, b), "low": float(low), "high": float(high)}


def sign_flip_p_value(differences: np.ndarray) -> float:
    """Exact two-sided p-value of a mean of per-song differences being 0, by flipping their signs.

    With n songs no p-value is below 2 / 2^n; beyond 20 songs 2^20 flips are drawn with a fixed seed.
    """
    d = np.asarray(differences, dtype=float)
    n = len(d)
    if n <= 20:
        signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    else:
        signs = np.random.default_rng(0).choice([-1, 1], (2**20, n))
        signs[0] = 1
    return float((np.abs(signs @ d) >= abs(d.sum()) - 1e-12).mean())


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number by Holm's step-down method, in the given order."""
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in corrected]
