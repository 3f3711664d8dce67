"""What the network's second looks, at mirror images, say beside the first: their mean is more right than either.

The network does not answer alike for an image and its mirror image, and the difference is error of one or the other. It
changes slowly, so that frames between two looks take the difference that lies between theirs.
"""

from dataclasses import replace

import numpy as np

from justlmd.pose.keypoints import Keypoints2D

NEAR_FRAMES = 4
"""Looks farther apart say too little about the frames between them: two a second are not averaged in. At 15 a second
one may fail."""
DISAGREEMENT = 0.03
"""Of the dancer's height by which a landmark must differ to count half."""


def second_opinion(keypoints2d: Keypoints2D, apart_frames: int = 1) -> Keypoints2D | None:
    """The landmarks as the second looks have them; in between moved by the interpolated difference.

    Only of looks that are at least ``apart_frames`` apart. Visibility stays that of the first look; the result has no
    second looks of its own. None where there are none.
    """
    looks, known = keypoints2d.mirrored_frames, _answered(keypoints2d)
    last = -apart_frames
    for look in np.flatnonzero(known):
        known[look] = looks[look] - last >= apart_frames
        last = looks[look] if known[look] else last
    if not known.any():
        return None
    looks, frames = looks[known], np.arange(len(keypoints2d))

    def moved(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        change = (second[known] - first[looks]).reshape(len(looks), -1)
        between = np.stack([np.interp(frames, looks, column) for column in change.T], axis=1)
        return (first + between.reshape(first.shape)).astype(np.float32)

    keypoints = moved(keypoints2d.keypoints, keypoints2d.mirrored)
    keypoints[..., 2] = keypoints2d.keypoints[..., 2]
    world = moved(keypoints2d.world, keypoints2d.mirrored_world)
    return replace(first_look(keypoints2d), keypoints=keypoints, world=world)


def _answered(keypoints2d: Keypoints2D) -> np.ndarray:
    """Which of the second looks found somebody whom the first look had found as well, (M,) bool."""
    first = keypoints2d.keypoints[keypoints2d.mirrored_frames]
    return np.isfinite(keypoints2d.mirrored).all((1, 2)) & np.isfinite(first).all((1, 2))


def first_look(keypoints2d: Keypoints2D) -> Keypoints2D:
    """The landmarks without second looks."""
    none = np.zeros((0, *keypoints2d.keypoints.shape[1:]), np.float32)
    return replace(keypoints2d, mirrored_frames=np.zeros(0, np.int32), mirrored=none, mirrored_world=none)


def both_looks(keypoints2d: Keypoints2D) -> Keypoints2D:
    """The mean of first and second look where these are near; landmarks on which they do not agree count less."""
    second, first = second_opinion(keypoints2d), first_look(keypoints2d)
    looks, frames = keypoints2d.mirrored_frames[_answered(keypoints2d)], np.arange(len(keypoints2d))
    if second is None or len(looks) < 2:
        return first
    between = (np.searchsorted(looks, frames, side="right") - 1).clip(0, len(looks) - 2)
    outside = np.abs(frames - frames.clip(looks[0], looks[-1]))
    near = (np.diff(looks)[between] <= NEAR_FRAMES) & (outside <= NEAR_FRAMES)
    near &= first.detected & np.isfinite(second.keypoints).all((1, 2))
    one, other = first.keypoints[near].astype(float), second.keypoints[near].astype(float)
    height = np.ptp(one[..., 1], axis=1).clip(min=1.0)[:, None]
    apart = np.linalg.norm(one[..., :2] - other[..., :2], axis=-1) / height
    keypoints, world = first.keypoints.copy(), first.world.copy()
    keypoints[near] = (one + other) / 2
    keypoints[near, :, 2] = one[..., 2] / (1 + (apart / DISAGREEMENT) ** 2)
    world[near] = (first.world[near] + second.world[near]) / 2
    return replace(first, keypoints=keypoints, world=world)
