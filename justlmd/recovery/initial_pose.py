"""A closed-form first guess of the pose from the parts of the body in 3D, and of the place from 2D landmarks."""

import roma
import torch
from torch import Tensor

from justlmd.body.landmarks import LANDMARKS
from justlmd.body.torch_kinematics import frames_of_axes, swing
from justlmd.recovery.objective import NEAREST_M, Observations
from justlmd.recovery.skeleton import FREE_JOINTS, FitBody, Pose

_INDEX = {landmark: index for index, landmark in enumerate(LANDMARKS)}
_LIMBS = (  # landmark at the near end, at the far end, joint that turns, joint at the far end
    (11, 13, 16, 18),
    (12, 14, 17, 19),
    (13, 15, 18, 20),
    (14, 16, 19, 21),
    (23, 25, 1, 4),
    (24, 26, 2, 5),
    (25, 27, 4, 7),
    (26, 28, 5, 8),
)
_FEET = ((29, 31, 7), (30, 32, 8))


def first_guess(body: FitBody, seen: Observations) -> Pose:
    """Pose of N frames, every frame by itself; frames where nothing was seen get some pose, to be replaced.

    Frames of the pelvis and the chest from the hip and shoulder lines, the turn between them shared by the spine's
    three joints; limbs by the smallest turn onto the seen direction; the place by linear least squares of the pinhole
    equations, all points together.
    """
    world = body.joined @ seen.segments @ seen.view
    at = {landmark: world[:, index] for landmark, index in _INDEX.items()}
    rest = {landmark: body.points[index] for landmark, index in _INDEX.items()}
    count = len(world)
    eye = torch.eye(3, dtype=world.dtype, device=world.device)
    turn: dict[int, Tensor] = {joint: eye.expand(count, 3, 3) for joint in FREE_JOINTS}

    up = (at[11] + at[12]) / 2 - (at[23] + at[24]) / 2
    root = frames_of_axes(at[23] - at[24], up)
    chest = frames_of_axes(at[11] - at[12], up)
    third = roma.rotvec_to_rotmat(roma.rotmat_to_rotvec(root.mT @ chest) / 3)
    turn[3] = turn[6] = turn[9] = third
    spine = root @ third @ third @ third

    head_now = frames_of_axes(at[7] - at[8], at[0] - (at[7] + at[8]) / 2)
    head_rest = frames_of_axes((rest[7] - rest[8])[None], (rest[0] - (rest[7] + rest[8]) / 2)[None])
    nod = roma.rotmat_to_rotvec(spine.mT @ head_now @ head_rest.mT)
    turn[12] = turn[15] = roma.rotvec_to_rotmat(0.4 * nod)

    orientation: dict[int, Tensor] = {1: root, 2: root, 16: spine, 17: spine}
    for near, far, joint, end in _LIMBS:
        parent = orientation[joint]
        turn[joint] = _bent(body.rest[end] - body.rest[joint], parent, at[far] - at[near])
        orientation[end] = parent @ turn[joint]
    for heel, toe, joint in _FEET:
        turn[joint] = _bent(rest[toe] - rest[heel], orientation[joint], at[toe] - at[heel])

    joints = torch.stack([turn[joint] for joint in FREE_JOINTS], dim=1)
    pose = Pose(root, torch.zeros_like(up), joints)
    return Pose(root, _place(body.place(*body.kinematics(pose)), seen), joints)


def _bent(bone: Tensor, parent: Tensor, seen: Tensor) -> Tensor:
    """Smallest rotation (N, 3, 3) in the parent's frame that takes ``bone`` (3,) to the direction ``seen`` (N, 3)."""
    return swing(bone.expand_as(seen), (parent.mT @ seen[..., None])[..., 0])


def _place(points: Tensor, seen: Observations) -> Tensor:
    """Pelvis positions (N, 3) that project ``points`` (N, 23, 3), given about the pelvis, onto the pixels.

    With u = (x - c) / f each point gives T_x - u T_z = u Z - X, and the same for y: weighted normal equations.
    """
    u = (seen.pixels - seen.centre) / seen.focal
    weight = seen.confidence[..., None]
    right = weight * (u * points[..., 2:] - points[..., :2])
    total = seen.confidence.sum(1)
    matrix = points.new_zeros(len(points), 3, 3)
    matrix[:, 0, 0] = matrix[:, 1, 1] = total
    matrix[:, :2, 2] = matrix[:, 2, :2] = -(weight * u).sum(1)
    matrix[:, 2, 2] = (weight * u * u).sum((1, 2))
    matrix.diagonal(dim1=1, dim2=2).add_(1e-9)
    sums = torch.cat([right.sum(1), -(u * right).sum((1, 2))[:, None]], dim=1)
    place = torch.linalg.solve(matrix, sums[..., None])[..., 0]
    return torch.cat([place[:, :2], place[:, 2:].clamp(min=10 * NEAREST_M)], dim=1)
