"""Kinetic and geometric features of a dance: the spaces in which FID, KID and diversity are measured.

Both are defined by the AIST++ evaluation (Li et al. 2021, after Onuma et al. 2008 and Müller et al. 2005) on 24 SMPL
joints, y-up, metres. Every public copy of the kinetic features has a precedence slip in the acceleration and every
copy of the geometric ones assumes 1/120 s per frame; ``legacy=True`` reproduces them for comparison with published
numbers, the default is the corrected form.
"""

import numpy as np
from numpy.typing import NDArray

from justlmd.core.clock import FPS
from justlmd.core.errors import InputError

Array = NDArray[np.float64]

KINETIC_LEGACY_DT = 1.0 / 60.0
GEOMETRIC_LEGACY_DT = 1.0 / 120.0

# The names that the definition of the geometric features uses for the 24 SMPL joints, in SMPL order.
_JOINTS = (
    *("root", "lhip", "rhip", "belly", "lknee", "rknee", "spine", "lankle", "rankle", "chest", "ltoes", "rtoes"),
    *("neck", "linshoulder", "rinshoulder", "head", "lshoulder", "rshoulder", "lelbow", "relbow", "lwrist", "rwrist"),
    *("lhand", "rhand"),
)

# Lengths of the rest skeleton that scale the thresholds of the definition, in metres.
_HUMERUS = 0.25683871
_SHOULDERS = 0.39084854
_HIPS = 0.11924691

_MOVE, _NMOVE, _PLANE, _NPLANE, _ANGLE, _FAST = "move", "nmove", "plane", "nplane", "angle", "fast"
_Geometric = tuple[str, str, float | tuple[float, float]]


def _both_sides(kind: str, points: str, threshold: float | tuple[float, float]) -> tuple[_Geometric, _Geometric]:
    """A feature of the right side, and its twin of the left one."""
    other = {"r": "l", "l": "r"}
    names = [name if name == "root" else other.get(name[0], name[0]) + name[1:] for name in points.split()]
    return (kind, points, threshold), (kind, " ".join(names), threshold)


# (kind, points, threshold in metres, metres/s or degrees).
_GEOMETRIC: tuple[_Geometric, ...] = (
    *_both_sides(_NMOVE, "neck rhip lhip rwrist", 1.8 * _HUMERUS),
    *_both_sides(_NPLANE, "chest neck neck rwrist", 0.2 * _HUMERUS),
    *_both_sides(_MOVE, "belly chest chest rwrist", 1.8 * _HUMERUS),
    *_both_sides(_ANGLE, "relbow rshoulder relbow rwrist", (0, 110)),
    (_NPLANE, "lshoulder rshoulder lwrist rwrist", 2.5 * _SHOULDERS),
    (_MOVE, "lwrist rwrist rwrist lwrist", 1.4 * _HUMERUS),
    *_both_sides(_MOVE, "rwrist root lwrist root", 1.4 * _HUMERUS),
    *_both_sides(_FAST, "rwrist", 2.5 * _HUMERUS),
    *_both_sides(_PLANE, "root lhip ltoes rankle", 0.38 * _HUMERUS),
    *_both_sides(_NPLANE, "zero y_unit y_min rankle", 1.2 * _HUMERUS),
    (_NPLANE, "lhip rhip lankle rankle", 2.1 * _HIPS),
    *_both_sides(_ANGLE, "rknee rhip rknee rankle", (0, 110)),
    *_both_sides(_FAST, "rankle", 2.5 * _HUMERUS),
    *_both_sides(_ANGLE, "neck root rshoulder relbow", (25, 180)),
    *_both_sides(_ANGLE, "neck root rhip rknee", (50, 180)),
    (_PLANE, "rankle neck lankle root", 0.5 * _HUMERUS),
    (_ANGLE, "neck root zero y_unit", (70, 110)),
    *_both_sides(_NPLANE, "zero minus_y_unit y_min rwrist", -1.2 * _HUMERUS),
    (_FAST, "root", 2.3 * _HUMERUS),
)


def check_joints(joints: np.ndarray, frames: int) -> Array:
    """Return ``joints`` as float64 (T, 24, 3); raises InputError for another shape, too few frames or NaN."""
    x = np.asarray(joints, dtype=np.float64)
    if x.ndim != 3 or x.shape[1:] != (24, 3) or len(x) < frames:
        raise InputError(f"expected ({frames} or more frames, 24, 3), got {x.shape}", where="joints")
    if not np.isfinite(x).all():
        raise InputError(
            "contain NaN or infinite values", where="joints", next_step="leave out frames without motion first"
        )
    return x


def _window_mean(values: Array, first: int, last: int, count: int) -> Array:
    """Mean of values[j] over j in i-2..i+2 within first..last, for i = 1..count; values start at index ``first``."""
    sums = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
    centre = np.arange(1, count + 1)
    low = np.clip(centre - 2, first, last) - first
    high = np.clip(centre + 2, first, last) - first + 1
    return (sums[high] - sums[low]) / (high - low)[:, None, None]


def kinetic_features(joints: np.ndarray, fps: float = FPS, legacy: bool = False) -> Array:
    """Mean horizontal and vertical kinetic energy and mean acceleration of every joint.

    Parameters
    ----------
    joints : (T, 24, 3) metres, y-up, T >= 3.
    fps : frames per second of ``joints`` (ignored with ``legacy``, which hard-codes 60).
    legacy : the public copies' form: v1 = x[j] - x[j-1] / dt, so the acceleration channel holds absolute positions.

    Returns
    -------
    (72,) joint-major [horizontal (m/s)^2, vertical (m/s)^2, acceleration m/s^2].
    """
    x = check_joints(joints, 3)
    dt = KINETIC_LEGACY_DT if legacy else 1.0 / fps
    last = len(x) - 1
    velocity = _window_mean((x[1:] - x[:-1]) / dt, 1, last, last)
    after = (x[2:] - x[1:-1]) / dt
    before = x[1:-1] - x[:-2] / dt if legacy else (x[1:-1] - x[:-2]) / dt
    acceleration = _window_mean((after - before) / dt, 1, last - 1, last)
    horizontal = (velocity[..., 0] ** 2 + velocity[..., 2] ** 2).mean(0)
    vertical = (velocity[..., 1] ** 2).mean(0)
    energy = np.linalg.norm(acceleration, axis=-1).mean(0)
    return np.stack([horizontal, vertical, energy], axis=1).ravel()


def geometric_features(joints: np.ndarray, fps: float = FPS, legacy: bool = False) -> Array:
    """Share of frames in which each of 32 geometric relations holds (wrists, elbows, knees, ankles, root).

    Parameters
    ----------
    joints : (T, 24, 3) metres, y-up, T >= 2.
    fps : frames per second (ignored with ``legacy``, which assumes 120, so speeds at 30 fps are four times too large).

    Returns
    -------
    (32,) values in [0, 1], means over frames 1..T-1. Directions of length zero count as "relation does not hold".
    """
    x = check_joints(joints, 2)
    dt = GEOMETRIC_LEGACY_DT if legacy else 1.0 / fps
    now = {name: x[1:, index] for index, name in enumerate(_JOINTS)}
    step = {name: x[1:, index] - x[:-1, index] for index, name in enumerate(_JOINTS)}
    up = np.tile(np.array([0.0, 1.0, 0.0]), (len(x) - 1, 1))
    now |= {"zero": 0 * up, "y_unit": up, "minus_y_unit": -up, "y_min": x[1:, :, 1].min(axis=1)[:, None] * up}
    return np.array([_holds(kind, names.split(), limit, now, step, dt).mean() for kind, names, limit in _GEOMETRIC])


def _holds(
    kind: str,
    names: list[str],
    limit: float | tuple[float, float],
    now: dict[str, Array],
    step: dict[str, Array],
    dt: float,
) -> NDArray[np.bool_]:
    """Truth of one relation in every frame, (T-1,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if kind == _FAST:
            return np.linalg.norm(step[names[0]], axis=1) / dt > limit
        a, b, c, d = (now[name] for name in names)
        if kind == _ANGLE:
            low, high = limit  # type: ignore[misc]
            cosine = _along(b - a, d - c) / np.linalg.norm(b - a, axis=1)
            angle = np.degrees(np.arccos(cosine))
            return (angle > low) & (angle < high)
        if kind == _PLANE:
            return _along(d - a, np.cross(c - a, b - a)) > limit
        if kind == _NPLANE:
            return _along(d - c, b - a) > limit
        if kind == _MOVE:
            return _along(step[names[2]] - step[names[0]], b - a) / dt > limit
        return _along(step[names[3]] - step[names[0]], np.cross(c - a, b - a)) / dt > limit


def _along(vector: Array, direction: Array) -> Array:
    """Length of ``vector`` along ``direction``, (T,); NaN where the direction has no length."""
    return (vector * direction).sum(1) / np.linalg.norm(direction, axis=1)
