"""The numbers of an evaluation: what is measured on each window of dance, and between sets of windows."""

from collections.abc import Callable

import numpy as np

from justlmd.core.clock import FPS
from model.evaluation import metrics
from model.evaluation.motion_features import geometric_features, kinetic_features
from model.evaluation.pose_errors import mpjpe, procrustes_distances

JUMP_DEGREES = 25.0  # no dancer turns so far in one frame
MIN_FOR_FID = 73  # with fewer windows than features + 1 the covariance of the 72 kinetic features is singular

LABELS = {
    "mpjpe_mm": "joint error with orientation, mm",
    "pa_mpjpe_mm": "pose error after Procrustes, mm",
    "root_deg": "root orientation error, degrees",
    "body_deg": "joint rotation error, degrees",
    "heading_deg": "heading error, degrees",
    "path_mm": "error of the path on the floor, mm",
    "speed": "mean joint speed, m/s",
    "jerk": "mean jerk, m/s³",
    "frozen_share": "share of frozen frames",
    "root_jumps": "share of frames with a root jump",
    "pfc": "physical foot contact (PFC)",
    "contact_share": "share of foot contact",
    "slide_share": "share of contact that slides",
    "beat_motion": "beat score, per motion beat",
    "beat_music": "beat score, per music beat",
    "beat_f": "beat F-measure (70 ms)",
    "beat_f_minus_shuffled": "beat F-measure minus other songs' beats",
    "kid_kinetic": "KID, kinetic features",
    "fid_kinetic": "FID, kinetic features",
    "kid_geometric": "KID, geometric features",
    "diversity_kinetic": "diversity, kinetic features",
    "diversity_geometric": "diversity, geometric features",
    "multimodality_mm": "distance of two samples, mm",
}
"""Every measure in words."""

ERRORS = ("mpjpe_mm", "pa_mpjpe_mm", "root_deg", "body_deg", "heading_deg", "path_mm")
"""Measures of :func:`errors`."""

SET_MEASURES: dict[str, tuple[str, Callable[[np.ndarray, np.ndarray], float]]] = {
    "kid_kinetic": ("kinetic", metrics.kid),
    "fid_kinetic": ("kinetic", metrics.fid),
    "kid_geometric": ("geometric", metrics.kid),
    "diversity_kinetic": ("kinetic", metrics.diversity),
    "diversity_geometric": ("geometric", metrics.diversity),
}
"""Measures between a set of dances and the real ones: which features, and the function of (dances, real)."""


def motion_features(joints: np.ndarray) -> dict[str, np.ndarray]:
    """Kinetic (N, 72) and geometric (N, 32) features of dances (N, T, 24, 3)."""
    return {
        "kinetic": np.array([kinetic_features(clip) for clip in joints]),
        "geometric": np.array([geometric_features(clip) for clip in joints]),
    }


def movement(joints: np.ndarray, rotations: np.ndarray) -> dict[str, float]:
    """How one dance (T, 24, 3) with rotations (T, 24, 3, 3) moves, without comparison to any other."""
    smooth, feet = metrics.smoothness(joints), metrics.foot_sliding(joints)
    steps = angle_degrees(rotations[1:, 0], rotations[:-1, 0])
    return {
        "speed": smooth["speed"],
        "jerk": smooth["jerk"],
        "frozen_share": metrics.frozen_share(joints),
        "root_jumps": float((steps > JUMP_DEGREES).mean()),
        "pfc": metrics.pfc(joints),
        "contact_share": feet.contact_share,
        "slide_share": feet.slide_share,
    }


def rhythm(joints: np.ndarray, beats_s: np.ndarray, other_beats_s: list[np.ndarray]) -> dict[str, float]:
    """How one dance (T, 24, 3) follows its beats (seconds from its start), less how it follows those of other songs."""
    f = metrics.beat_f_measure(joints, beats_s)
    others = [metrics.beat_f_measure(joints, beats) for beats in other_beats_s if len(beats)]
    return {
        "beat_motion": metrics.beat_score_motion(joints, beats_s * FPS),
        "beat_music": metrics.beat_score_music(joints, beats_s * FPS),
        "beat_f": f,
        "beat_f_minus_shuffled": f - float(np.mean(others)) if others else float("nan"),
    }


def errors(joints: np.ndarray, rotations: np.ndarray, true_joints: np.ndarray, true_rotations: np.ndarray) -> dict:
    """Distance of one dance from the true one; joints are compared relative to the pelvis."""
    own, true = joints - joints[:, :1], true_joints - true_joints[:, :1]
    path, true_path = joints[:, 0, [0, 2]], true_joints[:, 0, [0, 2]]
    offset = (path - path.mean(0)) - (true_path - true_path.mean(0))
    return {
        "mpjpe_mm": mpjpe(own, true),
        "pa_mpjpe_mm": float(1000 * procrustes_distances(own, true).mean()),
        "root_deg": float(angle_degrees(rotations[:, 0], true_rotations[:, 0]).mean()),
        "body_deg": float(angle_degrees(rotations[:, 1:], true_rotations[:, 1:]).mean()),
        "heading_deg": float(np.abs(heading_difference(rotations[:, 0], true_rotations[:, 0])).mean()),
        "path_mm": float(1000 * np.linalg.norm(offset, axis=1).mean()),
    }


def angle_degrees(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Angle between rotation matrices (..., 3, 3) in degrees."""
    trace = (a * b).sum((-1, -2))
    return np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1)))


def heading_difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Angle in degrees, -180 to 180, between the directions that two roots (..., 3, 3) face on the floor."""
    angles = np.arctan2(a[..., 0, 2], a[..., 2, 2]) - np.arctan2(b[..., 0, 2], b[..., 2, 2])
    return np.degrees((angles + np.pi) % (2 * np.pi) - np.pi)
