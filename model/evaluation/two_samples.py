"""Can real and generated dances be told apart? A classifier that has seen other songs tries to.

Logistic regression on what stretches of four seconds do: energies, poses, bands of frequencies, feet and floor. It
learns on some songs and is asked about others; 50 % means that it cannot tell.
"""

from collections.abc import Mapping

import numpy as np

from justlmd.core.clock import FPS
from model.evaluation.dance_metrics import BANDS_HZ, Floor
from model.evaluation.motion_features import geometric_features, kinetic_features
from model.evaluation.statistics import song_bootstrap

STRETCH, STEP = 4 * FPS, 2 * FPS  # frames of one stretch, and between the beginnings of two
FOLDS = 6
FEWEST_SONGS = 4  # with fewer nothing can be learned on some and asked about others
UNSEEN_M = 0.003  # amplitudes of this size do not show
UNSEEN_ENERGY = (1e-3, 1e-3, 0.3)  # the same of horizontal and vertical (m/s)^2 and of m/s^2
NOTICED_SHARE, NOTICED_RATIO, NOTICED_M = 0.03, 0.1, 0.01  # differences of shares, logarithms, heights that show
FEET = (7, 8, 10, 11)
STRENGTH = 1.0  # inverse of the penalty on weights


def stretch_features(joints: np.ndarray, floor: Floor) -> np.ndarray:
    """What is told about each stretch of a dance (T, 24, 3), in metres, y-up: (N, 183) in differences that show.

    A classifier that may use any difference lives on tenths of a millimetre.
    """
    starts = range(0, len(joints) - STRETCH + 1, STEP)
    rows = [_features(joints[first : first + STRETCH], floor) for first in starts]
    return np.array(rows).reshape(len(rows), -1)


def _features(x: np.ndarray, floor: Floor) -> np.ndarray:
    """Energies and accelerations of joints, shares of relations, amplitude per joint and band, heights of the feet."""
    relative = x[:, 1:] - x[:, :1]
    power = np.abs(np.fft.rfft(relative - relative.mean(0), axis=0)) ** 2
    frequency = np.fft.rfftfreq(len(x), 1 / FPS)
    bands = [
        np.log(power[(frequency >= low) & (frequency < high)].sum((0, 2)) / len(x) ** 2 + UNSEEN_M**2)
        for low, high in BANDS_HZ[1:]
    ]
    feet = x[:, list(FEET), 1] - np.repeat([floor.ankle, floor.toe], 2)
    step = np.linalg.norm(np.diff(x[:, list(FEET)][..., [0, 2]], axis=0), axis=-1)
    low = np.abs(feet[1:]) < 0.03
    slid = (step * low).sum() / max(low.sum(), 1)
    jerk = np.linalg.norm(np.diff(x, n=3, axis=0), axis=-1).mean() * FPS**3
    logarithms = [
        np.log(kinetic_features(x) + np.tile(UNSEEN_ENERGY, 24)),
        *bands,
        [np.log(slid + UNSEEN_M), np.log(jerk + 1.0), np.log(x[:, 0, [0, 2]].std(0).sum() + UNSEEN_M)],
    ]
    return np.concatenate(
        [
            *(np.asarray(part) / NOTICED_RATIO for part in logarithms),
            np.append(geometric_features(x), low.mean()) / NOTICED_SHARE,
            np.array([feet.min(), *feet.min(0), np.median(feet)]) / NOTICED_M,
        ]
    )


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
        mean, spread = x[~asked].mean(0), np.sqrt(x[~asked].var(0) + 1)
        judge = LogisticRegression(C=STRENGTH, max_iter=1000).fit((x[~asked] - mean) / spread, y[~asked])
        right[asked] = judge.predict((x[asked] - mean) / spread) == y[asked]
    return song_bootstrap(right, number, resamples, seed)
