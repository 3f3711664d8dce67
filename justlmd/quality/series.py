"""How well a song's motion is recovered over time: what the sparklines of the gallery show."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from justlmd.body.model import Body
from justlmd.core.clock import FPS
from justlmd.motion.motion import CameraMotion, to_yup
from justlmd.pose.keypoints import Keypoints2D
from justlmd.quality.motion_checks import reprojection_errors

STEP_S = 0.5
"""Seconds that one value of a series stands for."""


def quality_series(
    motion: CameraMotion,
    body: Body,
    keypoints2d: Keypoints2D | None = None,
    start_frame: int = 0,
    own_shapes: bool = True,
    uncertainty: Sequence[tuple[int, float]] = (),
) -> dict[str, Any]:
    """Series over the frames of a motion, one value for each :data:`STEP_S`; None where nothing is known.

    Parameters
    ----------
    motion, body, keypoints2d, start_frame, own_shapes, uncertainty
        As of :func:`justlmd.quality.gate.assess`.

    Returns
    -------
    ``start_s`` (second of ``video.mp4`` at the first value), ``step_s``, and lists of equal length: ``reprojection``
    (largest of the frames' mean distances between body and visible 2D points, in parts of the dancer's height; all
    None without a video), ``motion_jitter`` (largest mean second difference of the 24 joints, mm per frame squared),
    ``speed`` (mean of the 24 joints' speed, m/s), ``uncertainty`` (of the joints, mm, where it was measured).
    """
    frames = len(motion.valid)
    error, jitter, speed, unsure = np.full((4, frames), np.nan)
    for frame, value in uncertainty:
        if 0 <= frame - start_frame < frames:
            unsure[frame - start_frame] = value
    if motion.valid.any():
        joints = to_yup(motion, body, floor=0.0, own_shapes=own_shapes).joints(body)
        step = np.linalg.norm(np.diff(joints, axis=0), axis=-1).mean(1)
        bend = np.linalg.norm(joints[2:] - 2 * joints[1:-1] + joints[:-2], axis=-1).mean(1)
        known = motion.valid[1:] & motion.valid[:-1]
        speed[1:] = np.where(known, step * FPS, np.nan)
        if frames > 2:
            jitter[1:-1] = np.where(known[1:] & known[:-1], 1000 * bend, np.nan)
        if keypoints2d is not None:
            found = reprojection_errors(motion, body, keypoints2d, start_frame, own_shapes)
            error[: len(found)] = found
    return {
        "start_s": start_frame / FPS,
        "step_s": STEP_S,
        "reprojection": _steps(error, np.fmax),
        "motion_jitter": _steps(jitter, np.fmax),
        "speed": _steps(speed),
        "uncertainty": _steps(unsure, np.fmax),
    }


def _steps(values: np.ndarray, largest: np.ufunc | None = None) -> list[float | None]:
    """The mean or the largest of each :data:`STEP_S` of values (T,) that are known."""
    size = round(STEP_S * FPS)
    parts = [values[start : start + size] for start in range(0, len(values), size)]
    known = [part[np.isfinite(part)] for part in parts]
    return [
        None if not len(part) else float(f"{(largest.reduce(part) if largest else part.mean()):.3g}") for part in known
    ]
