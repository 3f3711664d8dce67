"""The camera that filmed a song, as far as the video and its user tell.

An unknown camera is taken to look through the middle of what it filmed, with a focal length of 1.2 times its shorter
side. What it filmed are neither the black bars at both sides of the image nor the half to which ``crop`` cut it.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from justlmd.body.camera import assumed_focal_px
from justlmd.body.model import LANDMARK_NAMES
from justlmd.media.bars import Box, image_box_of_video
from justlmd.media.standardise import CROPS
from justlmd.pose.keypoints import Keypoints2D

LEVEL_DEG, LEAN_DEG, USUAL_LEAN_DEG = 9.0, 6.0, 3.0
"""Spread of cameras' pitches, spread of the measured lean about the true pitch, and its mean, over four takes."""

SAME = 0.02
"""Parts of the frame by which opposite bars may differ; else they are no bars: a dark stage beside the light."""


class Pitch(NamedTuple):
    """Degrees by which the camera looks down, and their standard deviation."""

    deg: float
    spread_deg: float


def camera_of_video(
    video: str | Path, size: tuple[int, int], crop: str = "full", focal_px: float | None = None
) -> np.ndarray:
    """Camera matrix (3, 3) in pixels of ``video``, whose frames have ``size`` (width, height).

    ``crop`` as in the song table: which half of the source ``video`` is; ``focal_px``: where it is known.

    Raises InputError when the video does not decode.
    """
    return camera_of_image(image_box_of_video(video), size, crop, focal_px)


def camera_of_image(image: Box, size: tuple[int, int], crop: str = "full", focal_px: float | None = None) -> np.ndarray:
    """The same from where the image is in the frame."""
    share_left, share = CROPS[crop]
    width, height = size[0] / share, float(size[1])  # of the source's frame
    moved = share_left * width
    left, right = image.left + moved, width - image.right - moved  # bars of the source
    if share < 1:  # what was cut off is as what was kept at the other side
        left, right = (
            (image.left, image.left)
            if crop == "left"
            else (size[0] - image.right,) * 2
            if crop == "right"
            else (0.0, 0.0)
        )
    top, bottom = float(image.top), height - image.bottom
    x, filmed_width = _middle(left, right, width)
    y, filmed_height = _middle(top, bottom, height)
    focal = assumed_focal_px((filmed_width, filmed_height)) if focal_px is None else float(focal_px)
    return np.array([[focal, 0, x - moved], [0, focal, y], [0, 0, 1.0]])


def _middle(before: float, after: float, whole: float) -> tuple[float, float]:
    """Middle and length of the image along one side of a frame of length ``whole`` with these bars."""
    return whole / 2, whole - before - after if abs(before - after) <= SAME * whole else whole


def pitch_of_camera(keypoints2d: Keypoints2D, camera: np.ndarray) -> Pitch:
    """How far the camera looks down, from how the dancer leans.

    People stand upright on average, and lean towards a camera above them in MediaPipe's metres. These are seen along
    the ray to the dancer, whose own slope is taken off. Dancers' usual lean and the error of the metres make the
    measurement uncertain by :data:`LEAN_DEG`; it is weighed against cameras being level within :data:`LEVEL_DEG`.
    Without metres nothing is known but that.

    Parameters
    ----------
    keypoints2d
        The dancer in every frame.
    camera
        (3, 3) camera matrix.
    """
    seen = keypoints2d.detected & np.isfinite(keypoints2d.world).all((1, 2))
    if not seen.any():
        return Pitch(0.0, LEVEL_DEG)

    def middle(values: np.ndarray, part: str) -> np.ndarray:
        return (
            values[seen][:, [LANDMARK_NAMES.index(f"{side}_{part}") for side in ("left", "right")]]
            .astype(float)
            .mean(1)
        )

    upward = middle(keypoints2d.world, "shoulder") - middle(keypoints2d.world, "ankle")
    lean = np.degrees(np.arctan2(-upward[:, 2], -upward[:, 1]))
    ray = np.degrees(np.arctan2(middle(keypoints2d.keypoints, "hip")[:, 1] - camera[1, 2], camera[1, 1]))
    measured = float(np.median(lean - ray)) - USUAL_LEAN_DEG
    share = LEVEL_DEG**2 / (LEVEL_DEG**2 + LEAN_DEG**2)
    return Pitch(share * measured, LEAN_DEG * share**0.5)
