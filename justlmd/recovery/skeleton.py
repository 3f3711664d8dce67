"""The fitted body as points: which joints turn, which points MediaPipe sees, and how the joints move the points."""

from dataclasses import dataclass

import numpy as np
import roma
import torch
from torch import Tensor

from justlmd.body.landmarks import LANDMARKS, fitted_points
from justlmd.body.model import PARENTS, Body
from justlmd.body.torch_kinematics import joint_frames

FREE_JOINTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21)
"""Joints that the fit turns; the forefeet (10, 11) and hands (22, 23) carry no landmark of their own and stay at 0."""

DTYPE = torch.float32
"""Of the fit: double gives the same motion to 0.1 mm and takes half as long again."""

UNKNOWNS = 6 + 3 * len(FREE_JOINTS)
"""Per frame: turn of the root (3), pelvis position (3), turn of each free joint (3)."""

SEGMENTS = {  # landmarks whose mean is the near end and the far end; weight
    "hips": ((24,), (23,), 4.0),
    "torso": ((23, 24), (11, 12), 1.0),
    "shoulders": ((12,), (11,), 1.5),
    "neck": ((11, 12), (7, 8), 1.0),
    "head": ((8,), (7,), 1.0),
    "face": ((7, 8), (0,), 1.0),
    "left_upper_arm": ((11,), (13,), 1.0),
    "right_upper_arm": ((12,), (14,), 1.0),
    "left_forearm": ((13,), (15,), 1.0),
    "right_forearm": ((14,), (16,), 1.0),
    "left_thigh": ((23,), (25,), 1.0),
    "right_thigh": ((24,), (26,), 1.0),
    "left_shank": ((25,), (27,), 2.0),
    "right_shank": ((26,), (28,), 2.0),
    "left_foot": ((29,), (31,), 1.0),
    "right_foot": ((30,), (32,), 1.0),
    "left_hand": ((15,), (17, 19), 0.3),
    "right_hand": ((16,), (18, 20), 0.3),
}
"""Parts of the body whose direction in depth MediaPipe estimates, with nearly independent errors from part to part."""


@dataclass(frozen=True)
class Pose:
    """A pose per frame, N frames: ``root`` (N, 3, 3), ``pelvis`` (N, 3) metres, ``joints`` (N, 19, 3, 3) rotations."""

    root: Tensor
    pelvis: Tensor
    joints: Tensor

    def stepped(self, step: Tensor) -> "Pose":
        """Apply a step (N, UNKNOWNS): rotation vectors in each joint's own frame, metres for the pelvis."""
        turns = roma.rotvec_to_rotmat(step[:, 6:].reshape(len(step), -1, 3))
        return Pose(self.root @ roma.rotvec_to_rotmat(step[:, :3]), self.pelvis + step[:, 3:6], self.joints @ turns)

    def where(self, mask: Tensor, other: "Pose") -> "Pose":
        """Frames of this pose where ``mask`` (N,) holds, of ``other`` elsewhere."""
        return Pose(
            torch.where(mask[:, None, None], self.root, other.root),
            torch.where(mask[:, None], self.pelvis, other.pelvis),
            torch.where(mask[:, None, None, None], self.joints, other.joints),
        )

    def frames(self, index: Tensor | slice) -> "Pose":
        """The frames of ``index``."""
        return Pose(self.root[index], self.pelvis[index], self.joints[index])


class FitBody:
    """Skeleton and fitted points of one body as tensors.

    Attributes: ``rest`` (24, 3) joints and ``points`` (23, 3) landmarks of the rest pose in metres, ``bones`` (23,) the
    joint that carries each point, ``weights`` (23,), ``moves`` (19, 23) the mean over the points that each free joint
    moves.
    """

    def __init__(self, body: Body, betas: np.ndarray, device: str) -> None:
        def tensor(array: np.ndarray) -> Tensor:
            return torch.as_tensor(array, dtype=DTYPE, device=device)

        rest = body.rest_joints(betas)
        bones, weights, points = fitted_points(rest, body.landmark_offsets)
        self.rest, self.points, self.weights = tensor(rest), tensor(points), tensor(weights)
        self.bones = torch.as_tensor(bones, device=device)
        self.segments = tensor(segment_matrix())
        self.joined = torch.linalg.pinv(self.segments)
        self.lengths = (self.segments @ self.points).norm(dim=-1)
        free = torch.tensor(FREE_JOINTS, device=device)
        above = np.zeros((24, 24), dtype=bool)  # above[i, j]: joint j is i or an ancestor of i
        for joint in range(24):
            above[joint] = above[PARENTS[joint]] if joint else False
            above[joint, joint] = True
        moved = torch.as_tensor(above, device=device)[self.bones][:, free]
        self.moved_point, self.moving_joint = torch.nonzero(moved, as_tuple=True)
        self.free = free
        self.moves = moved.mT.to(self.rest.dtype)
        self.moves /= self.moves.sum(1, keepdim=True)

    def kinematics(self, pose: Pose) -> tuple[Tensor, Tensor]:
        """Return the orientations (N, 24, 3, 3) and positions (N, 24, 3) of all joints."""
        rotations = torch.eye(3, dtype=pose.root.dtype, device=pose.root.device).repeat(len(pose.root), 24, 1, 1)
        rotations[:, 0] = pose.root
        rotations[:, self.free] = pose.joints
        return joint_frames(rotations, pose.pelvis, self.rest)

    def place(self, turns: Tensor, places: Tensor) -> Tensor:
        """Positions (N, 23, 3) of the fitted points, from :meth:`kinematics`."""
        local = (self.points - self.rest[self.bones])[:, :, None]
        return places[:, self.bones] + (turns[:, self.bones] @ local)[..., 0]

    def jacobian(self, turns: Tensor, places: Tensor, points: Tensor) -> Tensor:
        """Derivative (N, 23, 3, UNKNOWNS) of the points by the step of :meth:`Pose.stepped`.

        A turn d in a joint's own frame G moves a point at distance r from the joint by (G d) x r.
        """
        count = len(points)
        jacobian = points.new_zeros(count, len(self.bones), 3, UNKNOWNS)
        jacobian[:, :, :, :3] = _turned(turns[:, :1], points - places[:, :1])
        jacobian[:, :, :, 3:6] = torch.eye(3, dtype=points.dtype, device=points.device)
        arms = points[:, self.moved_point] - places[:, self.free[self.moving_joint]]
        blocks = _turned(turns[:, self.free[self.moving_joint]], arms)
        by_joint = jacobian[:, :, :, 6:].unflatten(-1, (len(FREE_JOINTS), 3)).permute(0, 1, 3, 2, 4)
        by_joint[:, self.moved_point, self.moving_joint] = blocks
        return jacobian


def _turned(turns: Tensor, arms: Tensor) -> Tensor:
    """Columns G[:, k] x r as a matrix (..., 3, 3), for turns (..., 3, 3) and arms (..., 3)."""
    return torch.linalg.cross(turns.mT, arms[..., None, :], dim=-1).mT


def segment_matrix() -> np.ndarray:
    """Takes points (23, 3) to the :data:`SEGMENTS` (S, 3), from near to far end: (S, 23)."""
    matrix = np.zeros((len(SEGMENTS), len(LANDMARKS)))
    for row, (near, far, _) in zip(matrix, SEGMENTS.values(), strict=True):
        row[[LANDMARKS.index(n) for n in near]] -= 1 / len(near)
        row[[LANDMARKS.index(n) for n in far]] += 1 / len(far)
    return matrix
