"""The square region of a frame around a person, and how it follows the person from frame to frame.

Frame coordinates are pixels, x right and y down. As in MediaPipe's graph, pixel (0, 0) is a point and not an area.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from justlmd.core.clock import FPS

MARGIN = 1.25
"""Of the circle about a person, which the networks give by its centre and a point on it."""
_PARTS, _BITS = 32, 10


@dataclass(frozen=True)
class Region:
    """A square that may be turned.

    ``center`` (2,) x, y and ``side`` in pixels; ``rotation`` in radians, from x towards y.
    """

    center: np.ndarray
    side: float
    rotation: float

    def crop(self, frame: np.ndarray, size: int, *, replicate: bool = True) -> np.ndarray:
        """The region as an upright image (size, size, 3) uint8 of a frame (H, W, 3) uint8.

        Beyond the frame its border is repeated, or all is black without ``replicate``.
        """
        # Places are rounded to 1/32 pixel, as the OpenCV inside MediaPipe does. So the crop is MediaPipe's and the same
        # with every release of OpenCV, whose own warps have changed. Ten more bits keep the sums of integers exact.
        step = (_PARTS << _BITS) * self.side / size
        cos, sin = step * np.cos(self.rotation), step * np.sin(self.rotation)
        along = np.arange(size) - size / 2
        x, y = (_PARTS << _BITS) * self.center
        columns = _grid(x + cos * along, -sin * along)
        rows = _grid(y + sin * along, cos * along)
        whole = np.empty((size, size, 2), np.int16)
        whole[..., 0], whole[..., 1] = columns >> 5, rows >> 5
        parts = ((columns & 31) | ((rows & 31) << 5)).astype(np.uint16)
        border = cv2.BORDER_REPLICATE if replicate else cv2.BORDER_CONSTANT
        return cv2.remap(frame, whole, parts, cv2.INTER_LINEAR, borderMode=border)

    def to_frame(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 2) in parts of the region, 0..1, as pixels of the frame."""
        return self.center + self.side * self.turn(points - 0.5)

    def turn(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors (N, 2) of the upright region, turned as the region is in the frame."""
        cos, sin = np.cos(self.rotation), np.sin(self.rotation)
        return vectors @ np.array([[cos, sin], [-sin, cos]])


def region_about(center: np.ndarray, above: np.ndarray) -> Region:
    """The region of a person whose circle has a centre (2,) and a point (2,) that is above it in the upright body."""
    up = above - center
    return Region(center, 2 * MARGIN * float(np.hypot(*up)), float(np.arctan2(up[0], -up[1])))


class RegionFilter:
    """MediaPipe's smoothing of the two points that a region is made of: a One Euro filter (Casiez et al. 2012).

    The cutoff rises with the speed, so that a fast dancer is followed at once and a still one's region stays put.
    """

    MIN_CUTOFF_HZ, BETA, DERIVATIVE_CUTOFF_HZ = 0.01, 10.0, 1.0

    def __init__(self) -> None:
        self._last: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Filter the points (2, 2) of the next frame."""
        scale = 1 / (2 * max(float(np.hypot(*(points[1] - points[0]))), 1e-6))
        if self._last is None:
            self._last = points, points, np.zeros_like(points)
            return points
        raw, smooth, speed = self._last
        weight = _weight(np.full_like(points, self.DERIVATIVE_CUTOFF_HZ))
        speed = weight * (points - raw) * scale * FPS + (1 - weight) * speed
        weight = _weight(self.MIN_CUTOFF_HZ + self.BETA * np.abs(speed))
        smooth = weight * points + (1 - weight) * smooth
        self._last = points, smooth, speed
        return smooth

    def reset(self) -> None:
        """Forget what was, as when the person is lost."""
        self._last = None


def _weight(cutoff_hz: np.ndarray) -> np.ndarray:
    return 1 / (1 + FPS / (2 * np.pi * cutoff_hz))


def _grid(across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Sums (S, S) of every value of a row and every value of a column, in 32nds of a pixel."""
    rounded = [np.rint(part).astype(np.int32) for part in (across, down)]
    return (rounded[0] + rounded[1][:, None] + (1 << _BITS - 1)) >> _BITS
