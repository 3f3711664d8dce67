"""How calm each landmark is: kicks and jerks are let through, where the rest of a dance is smoothed."""

import numpy as np
from scipy.ndimage import gaussian_filter1d, maximum_filter1d

BRISK = 0.006
"""Acceleration in heights of the dancer per frame^2 at which half of the smoothness is left."""
LEAST = 0.02
"""Share of the smoothness that is always left."""
SIGMA_FRAMES = 1.5
"""Of the smoothing of the landmarks, so that their jitter is no acceleration."""
HEIGHT_FRAMES = 15.0
"""Of the smoothing of the dancer's height."""
SPREAD_FRAMES = 5
"""Over which the largest acceleration counts."""


def calmness(pixels: np.ndarray) -> np.ndarray:
    """The share of the smoothness that each landmark keeps.

    What is minimised is a sum of squares, which thinks one large acceleration as improbable as many small ones are. As
    the scale of real accelerations differs from limb to limb and from moment to moment, it is read off the image first.

    Parameters
    ----------
    pixels : (N, 23, 2) landmarks of every frame.

    Returns
    -------
    (N, 23) from LEAST to 1, where nothing accelerates.
    """
    height = gaussian_filter1d(np.ptp(pixels[..., 1], axis=1).clip(min=1.0), HEIGHT_FRAMES, mode="nearest")
    smooth = gaussian_filter1d(pixels / height[:, None, None], SIGMA_FRAMES, axis=0, mode="nearest")
    bend = np.zeros(smooth.shape[:2])
    bend[1:-1] = np.linalg.norm(smooth[:-2] - 2 * smooth[1:-1] + smooth[2:], axis=-1)
    largest = maximum_filter1d(bend, SPREAD_FRAMES, axis=0)
    return np.maximum(1 / (1 + (largest / BRISK) ** 2), LEAST)
