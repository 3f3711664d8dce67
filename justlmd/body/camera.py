"""Pinhole cameras: intrinsics, where a camera stands, and how it projects.

Camera axes are OpenCV's: x right, y down, z forward, metres.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """A pinhole camera in the y-up world: ``x_camera = rotation @ x_world + translation``, ``size`` (width, height)."""

    K: np.ndarray
    rotation: np.ndarray
    translation: np.ndarray
    size: tuple[int, int]

    def to_camera(self, points: np.ndarray) -> np.ndarray:
        """World points (..., 3) in camera coordinates, float32."""
        return (np.asarray(points, np.float64) @ self.rotation.T + self.translation).astype(np.float32)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixel positions (..., 2) of world points (..., 3)."""
        x, y, z = np.moveaxis(np.asarray(points, np.float64) @ self.rotation.T + self.translation, -1, 0)
        return np.stack([self.K[0, 0] * x / z + self.K[0, 2], self.K[1, 1] * y / z + self.K[1, 2]], axis=-1)


def assumed_focal_px(size: tuple[float, float]) -> float:
    """Focal length in pixels of an unknown camera whose frames have ``size`` (width, height).

    It is 1.2 times the shorter side, as EasyMocap assumes.
    """
    return 1.2 * min(size)


def intrinsics(size: tuple[float, float], focal_px: float | None = None) -> np.ndarray:
    """Camera matrix of a pinhole whose principal point is the centre of the frame.

    Parameters
    ----------
    size
        Width and height of the frame in pixels.
    focal_px
        Focal length in pixels; None: :func:`assumed_focal_px`.

    Returns
    -------
    K (3, 3) float64, in pixels counted from the frame's upper left edge.
    """
    focal = assumed_focal_px(size) if focal_px is None else float(focal_px)
    return np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1.0]])


def look_at(
    position: np.ndarray, target: np.ndarray, size: tuple[int, int] = (960, 540), focal_px: float | None = None
) -> Camera:
    """A level camera at ``position`` that has ``target`` in the middle of its frame (both y-up world, metres)."""
    position = np.asarray(position, float)
    forward = np.asarray(target, float) - position
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    return Camera(intrinsics(size, focal_px), rotation, -rotation @ position, size)


def camera_for(joints: np.ndarray, size: tuple[int, int] = (960, 540), margin: float = 0.2) -> Camera:
    """A camera before the dancer (at +z) that sees all ``joints`` (..., 3) with ``margin`` metres around them."""
    low, high = joints.reshape(-1, 3).min(0) - margin, joints.reshape(-1, 3).max(0) + margin
    middle = (low + high) / 2
    focal = assumed_focal_px(size)
    distance = max((high[0] - low[0]) * focal / size[0], (high[1] - low[1]) * focal / size[1])
    # Slightly from above, as a person holds a camera; the nearest point must fit, so the distance is from the front.
    position = np.array([middle[0], middle[1] + 0.25, high[2] + 1.05 * distance])
    return look_at(position, middle, size)
