"""Kinematics of the body model: joints, landmarks and skinned vertices of a pose.

Formulae: Loper et al., "SMPL: a skinned multi-person linear model", 2015, sections 3.1 and 3.2.
"""

from typing import Any

import numpy as np

from justlmd.body.model import LANDMARK_JOINTS, MIRRORED_JOINTS, PARENTS, Body
from justlmd.core.rotations import rotation_matrices


def joint_transforms(
    body: Body, global_orient: np.ndarray, body_pose: np.ndarray, transl: np.ndarray, betas: np.ndarray | None = None
) -> np.ndarray:
    """World rotation and position of every joint, (T, 24, 4, 4).

    ``global_orient`` (T, 3) and ``body_pose`` (T, 69) are axis-angle in radians, ``transl`` (T, 3) is in metres.
    A point ``p`` of the rest pose that is rigidly tied to joint ``j`` lies at ``transform @ (p - rest_joints[j])``.
    """
    frames = len(global_orient)
    pose = np.concatenate([np.asarray(global_orient, float), np.asarray(body_pose, float)], axis=1)
    local = rotation_matrices(pose.reshape(frames, 24, 3))
    rest = body.rest_joints(betas)
    world = np.zeros((frames, 24, 4, 4))
    world[:, :, 3, 3] = 1
    world[:, 0, :3, :3] = local[:, 0]
    world[:, 0, :3, 3] = rest[0] + transl
    for joint in range(1, 24):
        parent = PARENTS[joint]
        turn = world[:, parent, :3, :3]
        world[:, joint, :3, :3] = turn @ local[:, joint]
        world[:, joint, :3, 3] = world[:, parent, :3, 3] + turn @ (rest[joint] - rest[parent])
    return world


def forward_kinematics(
    body: Body, global_orient: np.ndarray, body_pose: np.ndarray, transl: np.ndarray, betas: np.ndarray | None = None
) -> np.ndarray:
    """Joint positions (T, 24, 3) in metres; arguments as for :func:`joint_transforms`."""
    return joint_transforms(body, global_orient, body_pose, transl, betas)[..., :3, 3]


def landmarks(transforms: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Positions (T, 33, 3) of MediaPipe's landmarks, given joint transforms (T, 24, 4, 4) and offsets (33, 3)."""
    tied = transforms[:, LANDMARK_JOINTS]
    return tied[..., :3, 3] + np.einsum("tlab,lb->tla", tied[..., :3, :3], offsets)


def in_own_heading(joints: np.ndarray) -> np.ndarray:
    """Joints (..., 24, 3) above where the pelvis is over the floor, turned about y so that the hips face +z; metres."""
    across = joints[..., 1, :] - joints[..., 2, :]  # from the right hip to the left, +x of a body that faces +z
    across = across / np.hypot(across[..., 0], across[..., 2]).clip(1e-9)[..., None]
    cosine, sine = across[..., None, 0], across[..., None, 2]
    x, y, z = np.moveaxis(joints - joints[..., :1, :] * [1, 0, 1], -1, 0)
    return np.stack([cosine * x + sine * z, y, cosine * z - sine * x], axis=-1)


def mirrored_pose(pose: np.ndarray) -> np.ndarray:
    """Axis-angle pose (..., 24, 3) in radians with left and right exchanged, in the mirror plane x = 0."""
    return pose[..., MIRRORED_JOINTS, :] * [1, -1, -1]


def skin(
    body: Body, global_orient: np.ndarray, body_pose: np.ndarray, transl: np.ndarray, betas: np.ndarray | None = None
) -> np.ndarray:
    """Vertices (T, V, 3) float32 in metres by linear blend skinning; arguments as for :func:`joint_transforms`."""
    from justlmd.body.skinning import blend

    world = joint_transforms(body, global_orient, body_pose, transl, betas)
    relative = world[:, :, :3, :].copy()
    relative[..., 3] -= np.einsum("tjab,jb->tja", world[..., :3, :3], body.rest_joints(betas))
    rest = body.rest_vertices(betas)
    if body.posedirs is None:
        corrected = np.broadcast_to(rest, (len(world), *rest.shape))
    else:
        bend = rotation_matrices(np.asarray(body_pose, float).reshape(-1, 23, 3)) - np.eye(3)
        corrected = rest + np.einsum(
            "vck,tk->tvc", body.posedirs, bend.reshape(-1, 207).astype(np.float32), optimize=True
        )
    joints, weights = body.sparse_weights
    arrays = zip((corrected, relative, joints, weights), (np.float32, np.float32, np.int32, np.float32), strict=True)
    return blend(*(np.require(array, dtype, ["C", "W"]) for array, dtype in arrays))


def smplx_model(body: Body) -> Any:
    """The ``smplx`` package's own SMPL layer on this body's arrays. Use the first 24 joints of its output."""
    import smplx
    from smplx.utils import Struct

    posedirs = np.zeros((*body.v_template.shape, 207), np.float32) if body.posedirs is None else body.posedirs
    parents = PARENTS.astype(np.uint32)  # the root's -1 becomes 4294967295, as in SMPL's files
    data = Struct(
        v_template=body.v_template,
        shapedirs=body.shapedirs,
        posedirs=posedirs,
        J_regressor=body.J_regressor,
        weights=body.weights,
        kintree_table=np.stack([parents, np.arange(24, dtype=np.uint32)]),
        f=body.faces.astype(np.uint32),
        bs_style="lbs",
        bs_type="lrotmin",
    )
    return smplx.SMPL(model_path="", data_struct=data, num_betas=10)
