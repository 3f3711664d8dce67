"""Dancers that nobody wants to see: metrics that do not tell them from people are worth nothing.

Each is made of the joints (T, 24, 3) of a real dance, in metres, y-up, floor at y = 0.
"""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter1d

from justlmd.core.clock import FPS

TREMBLE_M = 0.002
SMOOTH_FRAMES = 8  # sigma of the slow noise
LIFT_M = 0.5
LOOP_S = 2


def mean_pose(joints: np.ndarray) -> np.ndarray:
    """Standing in the mean pose."""
    return np.broadcast_to(joints.mean(0), joints.shape).copy()


def trembling(joints: np.ndarray) -> np.ndarray:
    """The mean pose with 2 mm of noise on every joint in every frame."""
    noise = np.random.default_rng(0).standard_normal(joints.shape)
    return mean_pose(joints) + TREMBLE_M * noise


def drifting(joints: np.ndarray) -> np.ndarray:
    """Slow noise about the mean pose, each joint as far from it as the dancer's own."""
    noise = gaussian_filter1d(np.random.default_rng(0).standard_normal(joints.shape), SMOOTH_FRAMES, axis=0)
    return joints.mean(0) + noise / noise.std(0) * joints.std(0)


def lifted(joints: np.ndarray) -> np.ndarray:
    """The real dance half a metre above the floor."""
    return joints + [0.0, LIFT_M, 0.0]


def looping(joints: np.ndarray) -> np.ndarray:
    """The first two seconds again and again."""
    return joints[np.arange(len(joints)) % (LOOP_S * FPS)]


DANCERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean_pose": mean_pose,
    "still_2mm": trembling,
    "smooth_noise": drifting,
    "lifted": lifted,
    "loop_2s": looping,
}
"""By the name of the column in the table of dances."""
