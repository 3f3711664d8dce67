"""Can real and generated dances be told apart? A classifier that has seen other songs tries to.

Logistic regression on what stretches of four seconds do: energies, poses, bands of frequencies, feet and floor. It
learns on some songs and is asked about others; 50 % means that it cannot tell.
"""

from collections.abc import Mapping

import numpy as np

from justlmd import FPS
from model.evaluation.dance_metrics import BANDS_HZ, Floor
from model.evaluation.motion_features import geometric_features, kinetic_features
from model.evaluation.statistics import song_bootstrap

STRETCH, STEP = 4 * FPS, 2 * FPS  # frames of one stretch, and between the beginnings of two
FOLDS = 6
FEWEST_SONGS = 4  # with fewer nothing can be learned on some and asked about others
FEET = (7, 8, 10, 11)
STRENGTH = 0.1  # inverse of the penalty on weights, for standardised features


def stretch_features(joints: np.ndarray, floor: Floor) -> np.ndarray:
    """What is told about each stretch of a dance (T, 24, 3), in metres, y-up: (N, 186)."""
    starts = range(0, len(joints) - STRETCH + 1, STEP)
    rows = [_features(joints[first : first + STRETCH], floor) for first in starts]
    return np.array(rows).reshape(len(rows), -1)


def _features(x: np.ndarray, floor: Floor) -> np.ndarray:
    """Energies and accelerations of joints, shares of relations, amplitude per joint and band, heights of the feet."""
    relative = x[:, 1:] - x[:, :1]
    power = np.abs(np.fft.rfft(relative - relative.mean(0), axis=0)) ** 2
    frequency = np.fft.rfftfreq(len(x), 1 / FPS)
    bands = [
        np.log(power[(frequency >= low) & (frequency < high)].sum((0, 2)) / len(x) ** 2 + 1e-9)
        for low, high in BANDS_HZ[1:]
    ]
    feet = x[:, list(FEET), 1] - np.repeat([floor.ankle, floor.toe], 2)
    step = np.linalg.norm(np.diff(x[:, list(FEET)][..., [0, 2]], axis=0), axis=-1)
    low = np.abs(feet[1:]) < 0.03
    slid = (step * low).sum() / max(low.sum(), 1)
    jerk = np.linalg.norm(np.diff(x, n=3, axis=0), axis=-1).mean() * FPS**3
    parts = [
        np.log(kinetic_features(x) + 1e-4),
        geometric_features(x),
        *bands,
        [feet.min(), *feet.min(0), np.median(feet), low.mean(), np.log(slid + 1e-4), np.log(jerk + 1e-2)],
        [np.log(x[:, 0, [0, 2]].std(0).sum() + 1e-3)],
    ]
    return np.concatenate(parts)


def two_sample_accuracy(
    real: Mapping[str, np.ndarray], made: Mapping[str, np.ndarray], resamples: int, seed: int
) -> dict[str, float | None]:
    """Share of stretches of unseen songs that are rightly called real or generated, with its interval over songs.

    Parameters
    ----------
    real, made : by song the :func:`stretch_features` of its real and its generated dance (of another song's real one,
        to see what 50 % looks like); as many stretches of both are used.
    resamples, seed : of the bootstrap; ``seed`` also deals the songs to folds.

    Returns
    -------
    ``value``, ``low``, ``high``; None with fewer than :data:`FEWEST_SONGS` songs.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pairs = {song: min(len(real[song]), len(made[song])) for song in real if song in made}
    songs = sorted(song for song, count in pairs.items() if count)
    if len(songs) < FEWEST_SONGS:
        return dict.fromkeys(("value", "low", "high"))
    x = np.concatenate([np.concatenate([real[song][: pairs[song]], made[song][: pairs[song]]]) for song in songs])
    y = np.concatenate([np.repeat([0, 1], pairs[song]) for song in songs])
    number = np.concatenate([np.full(2 * pairs[song], row) for row, song in enumerate(songs)])
    fold = np.random.default_rng(seed).permutation(len(songs)) % min(FOLDS, len(songs))
    right = np.zeros(len(y))
    for held_out in range(int(fold.max()) + 1):
        asked = fold[number] == held_out
        judge = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=1000))
        judge.fit(x[~asked], y[~asked])
        right[asked] = judge.predict(x[asked]) == y[asked]
    return song_bootstrap(right, number, resamples, seed)
