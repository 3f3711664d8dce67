"""Joints of the 24-joint skeleton and rotation forms in torch, differentiable and batched.

All motion here is y-up, metres, standard SMPL: ``global_orient`` turns about the pelvis, ``transl`` moves the body.
"""

import math

import roma
import torch
from torch import Tensor

from justlmd.body.model import PARENTS

_SHORTEST = 1e-6
"""Vectors shorter than this have no direction."""

_PARENTS = [max(int(parent), 0) for parent in PARENTS]  # the root is its own parent, at offset 0


def joint_frames(rotations: Tensor, root: Tensor, rest_joints: Tensor) -> tuple[Tensor, Tensor]:
    """Orientation and position of every joint.

    Parameters
    ----------
    rotations
        (..., 24, 3, 3), each joint relative to its parent, the root in the world.
    root
        (..., 3) position of the root joint in metres.
    rest_joints
        (24, 3) or (..., 24, 3) joints of the resting body in metres, broadcast against the leading axes.

    Returns
    -------
    Orientations (..., 24, 3, 3) in the world and positions (..., 24, 3) in metres.
    """
    # One tensor per joint with the frames as its last axis: products of many 3 x 3 matrices, one after the other, take
    # five times as long, and slices of one tensor as long again in the backward pass.
    offsets = (rest_joints - rest_joints[..., _PARENTS, :]).expand(*rotations.shape[:-2], 3)
    local = rotations.movedim((-3, -2, -1), (0, 1, 2)).contiguous().unbind(0)  # (3, 3, ...)
    offset = offsets.movedim((-2, -1), (0, 1)).contiguous().unbind(0)  # (3, ...)
    turned, placed = [local[0]], [root.expand(*rotations.shape[:-3], 3).movedim(-1, 0)]
    for joint, parent in enumerate(_PARENTS[1:], start=1):
        placed.append(placed[parent] + (turned[parent] * offset[joint]).sum(1))
        turned.append((turned[parent][:, :, None] * local[joint]).sum(1))
    return torch.stack(turned).movedim((0, 1, 2), (-3, -2, -1)), torch.stack(placed).movedim((0, 1), (-2, -1))


def forward_kinematics(rotations: Tensor, transl: Tensor, rest_joints: Tensor) -> Tensor:
    """Joint positions (..., 24, 3) in metres; ``transl`` (..., 3) in metres, the rest as for :func:`joint_frames`."""
    return joint_frames(rotations, rest_joints[..., 0, :] + transl, rest_joints)[1]


def rotation_matrices(global_orient: Tensor, body_pose: Tensor) -> Tensor:
    """Axis-angle root (..., 3) and body (..., 69) to matrices (..., 24, 3, 3)."""
    vectors = torch.cat([global_orient, body_pose], dim=-1).unflatten(-1, (24, 3))
    return roma.rotvec_to_rotmat(vectors)


def axis_angles(rotations: Tensor) -> tuple[Tensor, Tensor]:
    """Matrices (..., 24, 3, 3) to axis-angle root (..., 3) and body (..., 69), norms at most pi."""
    vectors = roma.rotmat_to_rotvec(rotations).flatten(-2)
    return vectors[..., :3], vectors[..., 3:]


def slerp(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """Unit quaternions (..., 4) at ``share`` (..., 1) of the shortest arc between two rotations.

    The weights are sin((1 - s) w) / sin w and sin(s w) / sin w (Shoemake 1985), written so that w = 0 is no exception.
    roma's own takes the same shares for all rotations.
    """
    cosine = (start * end).sum(-1, keepdim=True)
    end = torch.where(cosine < 0, -end, end)
    angle = torch.acos(cosine.abs().clamp(max=1)) / math.pi  # torch.sinc(x) is sin(pi x) / (pi x)
    first, second = ((s * torch.sinc(s * angle)) for s in (1 - share, share))
    return (first * start + second * end) / torch.sinc(angle)


def to_sixd(rotations: Tensor) -> Tensor:
    """The first two columns of each matrix, (..., 3, 3) to (..., 6) (Zhou et al. 2019): continuous, no flips."""
    return rotations[..., :2].transpose(-1, -2).flatten(-2)


def from_sixd(sixd: Tensor) -> Tensor:
    """Any 6 numbers (..., 6) to the rotation (..., 3, 3) that Gram-Schmidt makes of them."""
    a, b = sixd[..., :3], sixd[..., 3:]
    first = torch.nn.functional.normalize(a, dim=-1)
    second = torch.nn.functional.normalize(b - (first * b).sum(-1, keepdim=True) * first, dim=-1)
    return torch.stack([first, second, torch.linalg.cross(first, second)], dim=-1)


def swing(start: Tensor, end: Tensor) -> Tensor:
    """The smallest rotations (..., 3, 3) that take directions ``start`` (..., 3) to directions ``end`` (..., 3).

    A vector of no length, or one opposite to the other, gives no rotation.
    """
    start, end = (v / v.norm(dim=-1, keepdim=True).clamp(min=_SHORTEST) for v in (start, end))
    axis = torch.linalg.cross(start, end)
    length = axis.norm(dim=-1, keepdim=True)
    angle = torch.atan2(length, (start * end).sum(-1, keepdim=True))
    return roma.rotvec_to_rotmat(angle * axis / length.clamp(min=_SHORTEST))


def frames_of_axes(across: Tensor, up: Tensor) -> Tensor:
    """Right-handed frames (..., 3, 3) whose columns are ``across`` (..., 3), the part of ``up`` square to it, and their
    product, as directions."""
    x = across / across.norm(dim=-1, keepdim=True).clamp(min=_SHORTEST)
    y = up - (up * x).sum(-1, keepdim=True) * x
    y = y / y.norm(dim=-1, keepdim=True).clamp(min=_SHORTEST)
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=-1)
