"""Closed-form rotations of two-bone limbs: legs that reach planted feet, arms that reach with the hand.

y is up, +x the body's left, +z its front. A limb's first joint turns freely, its second is a hinge: knees flex about
+x, elbows about y (the left one by a negative angle).
"""

import numpy as np

ELBOW_LIMIT = 2.6
KNEE_LIMIT = 2.6


def axis_rotations(angle: np.ndarray, axis: int) -> np.ndarray:
    """Rotation matrices (..., 3, 3) about one coordinate axis by ``angle`` (...,) in radians."""
    matrix = np.zeros((*np.shape(angle), 3, 3))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix[..., axis, axis] = 1.0
    matrix[..., first, first] = matrix[..., second, second] = np.cos(angle)
    matrix[..., second, first] = np.sin(angle)
    matrix[..., first, second] = -np.sin(angle)
    return matrix


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., 3) scaled to length one."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def frames(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Right-handed frames (..., 3, 3); columns: along ``first``, the part of ``second`` across it, their product."""
    along = unit(first)
    across = unit(second - (second * along).sum(-1, keepdims=True) * along)
    return np.stack([along, across, np.cross(along, across)], axis=-1)


def hinge_angle(upper: np.ndarray, lower: np.ndarray, axis: int, distance: np.ndarray, sign: int) -> np.ndarray:
    """Angle (...,) of the hinge at which the end of ``lower`` is ``distance`` from the start of ``upper``.

    ``upper`` and ``lower`` are the bones (3,) of the rest pose; of the two solutions the one on the side of ``sign``.
    Unreachable distances give the straight or the fully bent limb.
    """
    # |u + R(a) l|^2 = |u|^2 + |l|^2 + 2 (u_a l_a + A cos a + B sin a)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    cosine = upper[first] * lower[first] + upper[second] * lower[second]
    sine = upper[second] * lower[first] - upper[first] * lower[second]
    constant = (distance**2 - upper @ upper - lower @ lower) / 2 - upper[axis] * lower[axis]
    return np.arctan2(sine, cosine) + sign * np.arccos(np.clip(constant / np.hypot(cosine, sine), -1.0, 1.0))


def reach(
    upper: np.ndarray, lower: np.ndarray, axis: int, sign: int, target: np.ndarray, hinge: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rotation (..., 3, 3) of the first joint and hinge angle (...,) that bring the limb's end to ``target`` (..., 3).

    ``target`` is relative to the first joint; ``hinge`` (..., 3) is where the hinge's axis shall point, as far as the
    target allows. Both are in the frame in which ``upper`` and ``lower`` are given.
    """
    angle = hinge_angle(upper, lower, axis, np.linalg.norm(target, axis=-1), sign)
    end = upper + axis_rotations(angle, axis) @ lower
    rest_axis = np.broadcast_to(np.eye(3)[axis], end.shape)
    return frames(target, hinge) @ np.swapaxes(frames(end, rest_axis), -1, -2), angle


def arm(rest: np.ndarray, side: int, target: np.ndarray, pole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotation of the shoulder in the chest's frame and of the elbow in the upper arm's, both (..., 3, 3).

    ``rest`` (24, 3) are the rest joints, ``side`` is 0 for left and 1 for right. ``target`` (..., 3): the wrist
    relative to the shoulder in units of the straight arm, mirrored for the right arm (+x always points outwards).
    ``pole`` (..., 3): where the elbow shall point, mirrored alike.
    """
    outwards = np.array([1.0 - 2.0 * side, 1.0, 1.0])
    shoulder, elbow, wrist = rest[16 + side], rest[18 + side], rest[20 + side]
    upper, lower = elbow - shoulder, wrist - elbow
    length = np.linalg.norm(upper) + np.linalg.norm(lower)
    aim, elbow_side = target * outwards * length, pole * outwards
    # The elbow lies opposite to the side towards which the forearm bends.
    hinge = np.cross(aim, elbow_side) * (1.0 - 2.0 * side)
    rotation, angle = reach(upper, lower, 1, 2 * side - 1, aim, hinge)
    return rotation, axis_rotations(np.clip(angle, -ELBOW_LIMIT, ELBOW_LIMIT), 1)


def leg(
    rest: np.ndarray, side: int, pelvis: np.ndarray, hip: np.ndarray, ankle: np.ndarray, forward: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """World rotation of the thigh and of the shank, both (T, 3, 3), for an ankle at a given place.

    ``hip`` and ``ankle`` (T, 3) are world positions, ``pelvis`` (T, 3, 3) the pelvis's world rotation and ``forward``
    (T, 3) the direction to which the knee shall point.
    """
    thigh, shank = rest[4 + side] - rest[1 + side], rest[7 + side] - rest[4 + side]
    to_local = np.swapaxes(pelvis, -1, -2)
    target = np.einsum("tab,tb->ta", to_local, ankle - hip)
    left = np.einsum("tab,tb->ta", to_local, np.cross([0.0, 1.0, 0.0], forward))
    rotation, angle = reach(thigh, shank, 0, 1, target, left)
    thigh_world = pelvis @ rotation
    return thigh_world, thigh_world @ axis_rotations(np.clip(angle, 0.0, KNEE_LIMIT), 0)
