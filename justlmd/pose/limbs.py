"""Which arms and legs are really seen: the landmark network gives places also to limbs that it only guesses."""

import numpy as np

from justlmd.body.limbs import LIMB_LANDMARKS, LIMBS
from justlmd.core.clock import FPS
from justlmd.pose.keypoints import Keypoints2D

LEAST_VISIBILITY = 0.5
"""Of the less visible of a limb's two landmarks."""
MOST_APART = 0.15
"""Of the dancer's height by which a limb's landmark may lie elsewhere at the second look."""
SMOOTHED = FPS // 4
"""Frames over which visibility is averaged: it flickers."""


def seen_limbs(keypoints2d: Keypoints2D) -> np.ndarray:
    """Whether each limb (:data:`~justlmd.body.limbs.LIMBS`) is seen, (F, 4) bool; False where nobody was found.

    A limb is not seen where the network itself is unsure of its landmarks, where they lie outside the frame, or where
    the second look, at the mirror image, found them in another place (until half way to the next look).
    """
    keypoints = keypoints2d.keypoints.astype(np.float64)
    frames = len(keypoints)
    found = np.isfinite(keypoints).all((1, 2))
    seen = np.zeros((frames, len(LIMBS)), bool)
    if not found.any():
        return seen
    height = max(float(np.median(np.ptp(keypoints[found][:, :, 1], axis=1))), 1.0)
    size = np.array([keypoints2d.width, keypoints2d.height], float)
    apart = np.zeros((frames, keypoints.shape[1]))
    looks = keypoints2d.mirrored_frames
    if len(looks):
        again = keypoints2d.mirrored.astype(np.float64)
        distance = np.linalg.norm(again[..., :2] - keypoints[looks, :, :2], axis=-1) / height
        nearest = np.abs(np.arange(frames)[:, None] - looks).argmin(1)
        apart = np.nan_to_num(distance)[nearest]
    kernel = np.ones(SMOOTHED)
    weight = np.convolve(found, kernel, "same")
    for limb, landmarks in enumerate(LIMB_LANDMARKS):
        part = keypoints[:, list(landmarks)]
        inside = ((part[..., :2] >= 0) & (part[..., :2] < size)).all((1, 2))
        visible = np.convolve(np.nan_to_num(part[..., 2].min(1)), kernel, "same") / np.maximum(weight, 1)
        seen[:, limb] = found & inside & (visible >= LEAST_VISIBILITY) & (apart[:, list(landmarks)].max(1) < MOST_APART)
    return seen
