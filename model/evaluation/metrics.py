"""Metrics of generated dances: distributions, beats, physics and retrieval; docs/evaluation.md explains each trap.

Everything is numpy on joints (T, 24, 3) in metres, y-up, or on feature matrices (N, D). Reconstruction errors are in
:mod:`model.evaluation.pose_errors`. No function turns NaN into a number: unusable input raises InputError, and a value
that the data cannot give (a beat score without beats) is NaN.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import argrelextrema

from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.features.beats import f_measure
from model.evaluation.motion_features import Array, check_joints

L_ANKLE, R_ANKLE, L_FOOT, R_FOOT = 7, 8, 10, 11
BEAT_SIGMA = 3.0  # frames, the same at 30 and 60 fps in all published code


# ---------------------------------------------------------------- distributions of features


def normalise(features: np.ndarray, real: np.ndarray, min_std: float = 0.0) -> Array:
    """z-normalise (N, D) by the mean and population std of ``real``; drop features whose real std is below ``min_std``.

    With ``min_std=0`` this is the published form (std + 1e-10), which explodes on a feature that is constant in
    ``real``; 1e-6 is the sane choice.
    """
    features, real = np.atleast_2d(features).astype(np.float64), np.atleast_2d(real).astype(np.float64)
    mean, std = real.mean(0), real.std(0)
    keep = std >= min_std
    if not keep.any():
        raise InputError("all are constant in the reference, so distances in them mean nothing", where="features")
    return (features[:, keep] - mean[keep]) / (std[keep] + 1e-10)


def frechet_distance(a: np.ndarray, b: np.ndarray, shrinkage: float = 0.0) -> float:
    """|mu_a - mu_b|^2 + Tr(S_a + S_b - 2 sqrt(S_a S_b)) of two samples (N, D), (M, D); covariances with N - 1.

    The trace of the root is the sum of the roots of the eigenvalues of S_a S_b. ``shrinkage`` in [0, 1] blends each
    covariance with its mean variance times identity, for samples smaller than the number of features.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if len(a) < 2 or len(b) < 2:
        raise InputError(f"Frechet distance needs at least 2 items on each side, got {len(a)} and {len(b)}")
    cov_a, cov_b = (_shrunk(np.cov(x, rowvar=False).reshape(x.shape[1], -1), shrinkage) for x in (a, b))
    roots = np.sqrt(np.clip(np.linalg.eigvals(cov_a @ cov_b).real, 0, None))
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * roots.sum())


def _shrunk(cov: Array, amount: float) -> Array:
    return (1 - amount) * cov + amount * np.trace(cov) / len(cov) * np.eye(len(cov))


def fid(generated: np.ndarray, real: np.ndarray, min_std: float = 1e-6, shrinkage: float = 0.0) -> float:
    """Frechet distance after normalising both by the real set; ``min_std=0`` gives the published form."""
    return frechet_distance(normalise(real, real, min_std), normalise(generated, real, min_std), shrinkage)


def kid(generated: np.ndarray, real: np.ndarray, min_std: float = 1e-6) -> float:
    """Unbiased squared MMD with kernel (x.y / D + 1)^3 on normalised features (Binkowski et al. 2018).

    Unlike FID it is unbiased at any sample size and needs no covariance; it may be slightly negative.
    """
    x, y = normalise(generated, real, min_std), normalise(real, real, min_std)
    if len(x) < 2 or len(y) < 2:
        raise InputError(f"KID needs at least 2 items on each side, got {len(x)} and {len(y)}")
    n, m, d = len(x), len(y), x.shape[1]
    kxx, kyy, kxy = (x @ x.T / d + 1) ** 3, (y @ y.T / d + 1) ** 3, (x @ y.T / d + 1) ** 3
    return float(
        (kxx.sum() - np.trace(kxx)) / (n * (n - 1)) + (kyy.sum() - np.trace(kyy)) / (m * (m - 1)) - 2 * kxy.mean()
    )


def diversity(features: np.ndarray, real: np.ndarray | None = None, min_std: float = 1e-6) -> float:
    """Mean distance of all pairs of (N, D) features, normalised by ``real`` (default: by themselves).

    The target is the value of the real dances, not "higher": jitter raises it.
    """
    x = normalise(features, features if real is None else real, min_std)
    if len(x) < 2:
        raise InputError("diversity needs at least 2 items")
    i, j = np.triu_indices(len(x), 1)
    return float(np.linalg.norm(x[i] - x[j], axis=1).mean())


def multimodality(features: np.ndarray, real: np.ndarray, min_std: float = 1e-6) -> float:
    """Mean distance between samples of one condition; ``features`` is (conditions, samples, D)."""
    conditions, samples, width = features.shape
    if samples < 2:
        raise InputError("multimodality needs at least 2 samples of each condition")
    x = normalise(features.reshape(-1, width), real, min_std).reshape(conditions, samples, -1)
    i, j = np.triu_indices(samples, 1)
    return float(np.linalg.norm(x[:, i] - x[:, j], axis=-1).mean())


# ---------------------------------------------------------------- beats


def motion_beats(joints: np.ndarray, order: int = 5, smoothing: float = 0.0) -> NDArray[np.int64]:
    """Frames where the summed joint speed has a strict local minimum within ``order`` frames on both sides.

    ``smoothing`` is the sigma in frames of a Gaussian filter on the speed. AIST++: order 10 at 60 fps, 5 at 30.
    """
    x = check_joints(joints, 3)
    speed = np.concatenate([[0.0], np.linalg.norm(np.diff(x, axis=0), axis=2).sum(1)])
    if smoothing:
        speed = gaussian_filter1d(speed, smoothing)
    return argrelextrema(speed, np.less, order=order)[0]


def beat_score_motion(joints: np.ndarray, music_beats: np.ndarray, order: int = 5, sigma: float = BEAT_SIGMA) -> float:
    """AIST++ form: mean over motion beats of exp(-d^2 / 2 sigma^2), d = frames to the nearest music beat.

    0 when there is no motion beat (as published); NaN when there is no music beat.
    """
    return _nearest_score(motion_beats(joints, order), np.asarray(music_beats, dtype=float), sigma)


def beat_score_music(joints: np.ndarray, music_beats: np.ndarray, sigma: float = BEAT_SIGMA) -> float:
    """Bailando and Lodge form: mean over music beats; every minimum of the speed smoothed with sigma 5 counts."""
    x = check_joints(joints, 3)
    music = np.asarray(music_beats, dtype=float)
    if not len(music):
        return float("nan")
    speed = gaussian_filter1d(np.linalg.norm(np.diff(x, axis=0), axis=2).mean(1), 5)
    minima = argrelextrema(speed, np.less)[0]
    return _nearest_score(music, minima.astype(float), sigma) if len(minima) else 0.0


def _nearest_score(beats: np.ndarray, targets: np.ndarray, sigma: float) -> float:
    if not len(targets):
        return float("nan")
    if not len(beats):
        return 0.0
    distance = np.abs(beats[:, None] - targets[None]).min(1)
    return float(np.exp(-(distance**2) / (2 * sigma**2)).mean())


def beat_f_measure(
    joints: np.ndarray, music_beats_s: np.ndarray, tolerance_s: float = 0.07, fps: float = FPS, order: int = 5
) -> float:
    """F-measure of motion beats against music beats (seconds from the first frame), one-to-one within 70 ms.

    Two-sided: extra motion beats cost precision, missed music beats cost recall. NaN without music beats.
    """
    music = np.sort(np.asarray(music_beats_s, dtype=float))
    if not len(music):
        return float("nan")
    motion = motion_beats(joints, order) / fps
    return f_measure(motion, music, tolerance_s)


# ---------------------------------------------------------------- physics and smoothness


def pfc(joints: np.ndarray, fps: float = FPS, scale: float = 10_000.0) -> float:
    """Physical foot contact score of EDGE for one clip, y-up: root acceleration times the slower part of both feet.

    Depends on the clip's length through the maximum; a body without acceleration scores 0. Real motion recovered
    from one camera has .65 to 1.9, so a lower value is not better by itself.
    """
    x = check_joints(joints, 3)
    acceleration = np.diff(x[:, 0], n=2, axis=0) * fps**2
    acceleration[:, 1] = np.maximum(acceleration[:, 1], 0)
    push = np.linalg.norm(acceleration, axis=1)
    if push.max() == 0:
        return 0.0
    feet = x[:, [L_ANKLE, L_FOOT, R_ANKLE, R_FOOT]][:, :, [0, 2]]
    step = np.linalg.norm(feet[2:] - feet[1:-1], axis=-1)
    return float((step[:, :2].min(1) * step[:, 2:].min(1) * push / push.max()).mean() * scale)


@dataclass(frozen=True)
class FootSliding:
    """Share of foot-frames in contact, share of those that slide, and their mean horizontal speed (m/s)."""

    contact_share: float
    slide_share: float
    speed: float


def foot_sliding(
    joints: np.ndarray, fps: float = FPS, contact_height: float = 0.05, max_step: float = 0.01
) -> FootSliding:
    """How much the feet slide while they stand.

    A foot stands where its ankle and its toe are each within ``contact_height`` metres of their own lowest level (1st
    percentile over the clip, so the body model's ankle height does not matter); it slides where the ankle moves more
    than ``max_step`` metres in that frame. Lodge takes fixed heights and the signed mean of dx and dz, which cancels
    for a slide along (1, -1); here it is the length of (dx, dz). Without contact the shares are NaN.
    """
    x = check_joints(joints, 2)
    standing, step = [], []
    for ankle, toe in ((L_ANKLE, L_FOOT), (R_ANKLE, R_FOOT)):
        height = x[:-1, [ankle, toe], 1] - np.percentile(x[:, [ankle, toe], 1], 1, axis=0)
        standing.append((height <= contact_height).all(1))
        step.append(np.linalg.norm(np.diff(x[:, ankle][:, [0, 2]], axis=0), axis=1))
    touching, moved = np.concatenate(standing), np.concatenate(step)
    if not touching.any():
        return FootSliding(0.0, float("nan"), float("nan"))
    during = moved[touching]
    return FootSliding(float(touching.mean()), float((during > max_step).mean()), float(during.mean() * fps))


def smoothness(joints: np.ndarray, fps: float = FPS) -> dict[str, float]:
    """Mean norms over joints and frames of speed (m/s), acceleration (m/s^2) and jerk (m/s^3)."""
    x = check_joints(joints, 4)
    return {
        name: float(np.linalg.norm(np.diff(x, n=n, axis=0), axis=2).mean() * fps**n)
        for n, name in ((1, "speed"), (2, "acceleration"), (3, "jerk"))
    }


def frozen_share(joints: np.ndarray, fps: float = FPS, max_speed: float = 0.05) -> float:
    """Share of frames in which every joint moves slower than ``max_speed`` m/s (PFF, the freezing of long dances)."""
    x = check_joints(joints, 2)
    return float((np.linalg.norm(np.diff(x, axis=0), axis=2).max(1) * fps < max_speed).mean())


# ---------------------------------------------------------------- retrieval


def retrieval(similarity: np.ndarray, text_similarity: np.ndarray | None = None, threshold: float = 0.95) -> dict:
    """R@1, 2, 3, 5, 10 in percent and the median rank (1-based) with the own pair on the diagonal (TMR).

    Parameters
    ----------
    similarity : (N, N), rows are queries.
    text_similarity : (N, N) cosine of the texts in [-1, 1]; items whose value exceeds 2 * threshold - 1 count as
        correct too, because choruses repeat. Ties share their mean rank.
    """
    s = np.asarray(similarity, dtype=np.float64)
    if s.ndim != 2 or s.shape[0] != s.shape[1] or not len(s):
        raise InputError(f"expected a square similarity matrix, got {s.shape}", where="retrieval")
    correct = np.eye(len(s), dtype=bool)
    if text_similarity is not None:
        correct |= np.asarray(text_similarity) > 2 * threshold - 1
    best = np.where(correct, s, -np.inf).max(1, keepdims=True)
    wrong = np.where(correct, -np.inf, s)
    rank = (wrong > best).sum(1) + (wrong == best).sum(1) / 2
    result = {f"R@{k}": float((rank < k).mean() * 100) for k in (1, 2, 3, 5, 10)}
    return result | {"MedR": float(np.median(rank) + 1)}
