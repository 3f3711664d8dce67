"""How far recovered points are from true ones: MPJPE, PA-MPJPE and acceleration error, as the literature defines them.

The error functions compare what they are given; the others choose the points and align them.
"""

import numpy as np

EVALUATED_JOINTS = (1, 2, 4, 5, 7, 8, 12, 15, 16, 17, 18, 19, 20, 21)
"""The 14 SMPL joints that are compared: hips, knees, ankles, neck, head, shoulders, elbows, wrists."""

SHARED_JOINTS = (1, 2, 4, 5, 7, 8, 16, 17, 18, 19, 20, 21)
SHARED_LANDMARKS = (23, 24, 25, 26, 27, 28, 11, 12, 13, 14, 15, 16)
"""The 12 of them (without neck and head) that MediaPipe's landmarks stand for, in the same order."""


def evaluated_joints(joints: np.ndarray) -> np.ndarray:
    """The 14 evaluated joints (T, 14, 3) of SMPL joints (T, 24, 3), relative to the pelvis."""
    return joints[:, EVALUATED_JOINTS] - joints[:, :1]


def shared_joints(joints: np.ndarray) -> np.ndarray:
    """The 12 joints (T, 12, 3) of SMPL joints (T, 24, 3) that MediaPipe sees too, relative to the hips' midpoint."""
    return joints[:, SHARED_JOINTS] - joints[:, 1:3].mean(axis=1, keepdims=True)


def shared_landmarks(landmarks: np.ndarray) -> np.ndarray:
    """The same 12 (T, 12, 3) of MediaPipe's world landmarks (T, 33, 3), relative to the hips' midpoint."""
    return landmarks[:, SHARED_LANDMARKS] - landmarks[:, 23:25].mean(axis=1, keepdims=True)


def mpjpe(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance in mm of points (T, N, 3) in metres."""
    return float(1000 * np.linalg.norm(predicted - truth, axis=-1).mean())


def pa_mpjpe(predicted: np.ndarray, truth: np.ndarray) -> float:
    """The same after each frame's best scale, rotation and shift (Procrustes), in mm."""
    return float(1000 * procrustes_distances(predicted, truth).mean())


def procrustes_distances(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Distances (T, N) that remain after the best similarity transform of ``points`` (T, N, 3) to ``targets``.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991.
    """
    points = points - points.mean(axis=1, keepdims=True)
    targets = targets - targets.mean(axis=1, keepdims=True)
    u, singular, vt = np.linalg.svd(np.swapaxes(targets, 1, 2) @ points)
    signs = np.ones_like(singular)
    signs[:, 2] = np.sign(np.linalg.det(u @ vt))  # a rotation, not a reflection
    rotation = (u * signs[:, None]) @ vt
    spread = np.square(points).sum(axis=(1, 2))
    scale = (singular * signs).sum(axis=1) / np.maximum(spread, 1e-12)
    return np.linalg.norm(scale[:, None, None] * points @ np.swapaxes(rotation, 1, 2) - targets, axis=-1)


def acceleration_error(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance of second differences of points (T, N, 3), in mm/frame^2; NaN for fewer than three frames.

    Kanazawa et al., "Learning 3D human dynamics from video", CVPR 2019.
    """
    if len(truth) < 3:
        return float("nan")
    return float(1000 * np.linalg.norm(np.diff(predicted - truth, n=2, axis=0), axis=-1).mean())
