"""Joint angles from joint positions alone, in closed form, frame by frame.

A bone's direction fixes two of its three angles. The third, the twist, follows from the bend of the next joint where
there is one (elbows and knees are hinges), else from the parent. Positions on a skeleton of the body's own proportions
are met exactly.
"""

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.model import JOINT_NAMES, PARENTS, Body
from justlmd.core.rotations import aligning_rotations, frames_of_axes, swing, unit_vectors

# Human3.6M's 17 joints, as MotionBERT and most 2D-to-3D lifters write them -> SMPL's. Belly, neck, nose, head: below.
_H36M = {0: 0, 4: 1, 1: 2, 5: 4, 2: 5, 6: 7, 3: 8, 11: 16, 14: 17, 12: 18, 15: 19, 13: 20, 16: 21}
_BELLY, _NECK, _NOSE, _HEAD = 7, 8, 9, 10

# Joint that turns: (joint at the bone's far end, hinge axis of that joint in the rest pose or None).
_LIMBS = {
    1: (4, (1, 0, 0)), 4: (7, None), 7: (10, None), 2: (5, (1, 0, 0)), 5: (8, None), 8: (11, None),
    12: (15, None), 13: (16, None), 16: (18, (0, -1, 0)), 18: (20, None), 20: (22, None),
    14: (17, None), 17: (19, (0, 1, 0)), 19: (21, None), 21: (23, None),
}  # fmt: skip
_HINGES = {4: 7, 5: 8, 18: 20, 19: 21}
"""Hinge joint: the joint at its far end."""

_MEASURED = ((16, 18), (18, 20), (17, 19), (19, 21), (1, 4), (4, 7), (2, 5), (5, 8))
"""Bones whose lengths give the scale."""


def poses_from_joints(joints: np.ndarray, body: Body) -> tuple[np.ndarray, np.ndarray]:
    """Pose and place of ``body`` (mean shape) from joint positions in any unit and any right-handed axes.

    Parameters
    ----------
    joints
        (T, 24, 3) or (T, 22, 3) in SMPL's order (without hands), or (T, 17, 3) in Human3.6M's; finite.
    body
        Its limbs' lengths give the scale.

    Returns
    -------
    Axis-angle poses (T, 72), the root's first, and pelvis positions (T, 3) in metres, in the axes of ``joints``.
    """
    rest = body.rest_joints()
    at = np.full((len(joints), 24, 3), np.nan)
    if joints.shape[1] == 17:
        at[:, list(_H36M.values())] = joints[:, list(_H36M)]
    else:
        at[:, : joints.shape[1]] = joints
    seen = sum(np.linalg.norm(at[:, near] - at[:, far], axis=-1) for near, far in _MEASURED)
    own = sum(np.linalg.norm(rest[near] - rest[far]) for near, far in _MEASURED)
    turn = _torso_h36m(joints, rest) if joints.shape[1] == 17 else _torso(at, rest)
    for joint in range(24):
        if joint not in turn:
            turn[joint] = turn[int(PARENTS[joint])]
            far, hinge = _LIMBS.get(joint, (0, None))
            if far and np.isfinite(at[:, far]).all() and np.isfinite(at[:, joint]).all():
                turn[joint] = _swung(turn[joint], rest[far] - rest[joint], at[:, far] - at[:, joint])
                if hinge is not None:
                    turn[joint] = _twisted(turn[joint], np.array(hinge, float), at, joint, far)
    local = [turn[0], *(turn[int(PARENTS[joint])].inv() * turn[joint] for joint in range(1, 24))]
    poses = np.concatenate([rotation.as_rotvec() for rotation in local], axis=1)
    return poses, at[:, 0] * float(own / max(np.median(seen), 1e-9))


def _torso(at: np.ndarray, rest: np.ndarray) -> dict[int, Rotation]:
    """Orientation of pelvis and spine from all their neighbours; the twist between is spread over the spine."""
    root = aligning_rotations(rest[[1, 2, 3]] - rest[0], at[:, [1, 2, 3]] - at[:, :1])
    chest = aligning_rotations(rest[[12, 13, 14]] - rest[9], at[:, [12, 13, 14]] - at[:, 9:10])
    between = (root.inv() * chest).as_rotvec()
    turn = {0: root, 9: chest}
    for share, joint, far in ((1 / 3, 3, 6), (2 / 3, 6, 9)):
        guess = root * Rotation.from_rotvec(share * between)
        turn[joint] = _swung(guess, rest[far] - rest[joint], at[:, far] - at[:, joint])
    return turn


def _torso_h36m(joints: np.ndarray, rest: np.ndarray) -> dict[int, Rotation]:
    """Orientation of pelvis, spine, collars and head from hip and shoulder lines, belly, neck, nose and head."""
    name = JOINT_NAMES.index
    root = frames_of_axes(joints[:, 4] - joints[:, 1], joints[:, _BELLY] - joints[:, 0])
    root = root * frames_of_axes((rest[1] - rest[2])[None], (rest[name("spine2")] - rest[0])[None]).inv()
    chest = frames_of_axes(joints[:, 11] - joints[:, 14], joints[:, _NECK] - joints[:, _BELLY])
    chest = chest * frames_of_axes((rest[16] - rest[17])[None], (rest[name("neck")] - rest[name("spine2")])[None]).inv()
    third = Rotation.from_rotvec((root.inv() * chest).as_rotvec() / 3)
    up = joints[:, _HEAD] - joints[:, _NECK]
    forward = joints[:, _NOSE] - (joints[:, _HEAD] + joints[:, _NECK]) / 2
    head = frames_of_axes(np.cross(up, forward), up)
    half = Rotation.from_rotvec((chest.inv() * head).as_rotvec() / 2)
    return {
        0: root,
        3: root * third,
        6: root * third * third,
        9: chest,
        12: chest * half,
        13: chest,
        14: chest,
        15: head,
    }


def _swung(start: Rotation, bone: np.ndarray, seen: np.ndarray) -> Rotation:
    """``start`` with the smallest turn that takes its ``bone`` (3,) to the direction ``seen`` (T, 3)."""
    return swing(start.apply(bone), seen) * start


def _twisted(start: Rotation, hinge: np.ndarray, at: np.ndarray, joint: int, far: int) -> Rotation:
    """``start`` turned about its bone so that ``far`` bends about its ``hinge`` axis; less where the bend is slight."""
    bone, beyond = at[:, far] - at[:, joint], at[:, _HINGES[far]] - at[:, far]
    bone = unit_vectors(bone)
    normal = np.cross(bone, unit_vectors(beyond))
    now = start.apply(hinge)
    angle = np.arctan2((np.cross(now, normal) * bone).sum(-1), (now * normal).sum(-1))
    share = ((np.linalg.norm(normal, axis=-1) - 0.1) / 0.3).clip(0, 1)
    share = share * share * (3 - 2 * share)
    return Rotation.from_rotvec((share * angle)[:, None] * bone) * start
