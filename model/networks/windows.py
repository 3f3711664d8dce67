"""Windows of a data set in chunks, their real motion, and mirrored ones."""

from collections.abc import Iterator

import numpy as np
import torch

from justlmd.body.model import MIRRORED_JOINTS
from justlmd.body.torch_kinematics import forward_kinematics, rotation_matrices
from model.data import Batch, LyricsMusicDance
from model.networks.layouts import MotionTensors

CHUNK = 32  # windows at once


def chunks(data: LyricsMusicDance, device: torch.device | str = "cpu") -> Iterator[Batch]:
    """All windows of a data set in batches."""
    for first in range(0, len(data), CHUNK):
        yield data.batch(range(first, min(first + CHUNK, len(data)))).to(device)


def real_motion(batch: Batch) -> MotionTensors:
    """The true motion of a batch."""
    return MotionTensors(rotation_matrices(batch.global_orient, batch.body_pose), batch.transl)


def joints_of(motion: MotionTensors, rest_joints: torch.Tensor) -> np.ndarray:
    """Joints (B, T, 24, 3) float32 of motion, for rest joints (B, 24, 3)."""
    return forward_kinematics(motion.rotations, motion.transl, rest_joints[:, None]).float().cpu().numpy()


def mirrored(batch: Batch, which: torch.Tensor) -> Batch:
    """The same with left and right exchanged in the windows ``which`` (B,) bool; their bodies count as symmetric.

    Their conditions say so: a model that is told dances as people do, though it learned from mirrored windows too
    (non-leaking augmentation, Karras et al. 2022, "Elucidating the design space", section 5).
    """
    pose = torch.cat([batch.global_orient, batch.body_pose], dim=-1).unflatten(-1, (24, 3))
    turned = (pose[:, :, MIRRORED_JOINTS] * pose.new_tensor([1.0, -1.0, -1.0])).flatten(-2)
    pose = torch.where(which[:, None, None], turned, pose.flatten(-2))
    moved = batch.transl * batch.transl.new_tensor([-1.0, 1.0, 1.0])
    transl = torch.where(which[:, None, None], moved, batch.transl)
    told = batch.conditions._replace(mirrored=which.to(transl))
    return batch._replace(global_orient=pose[..., :3], body_pose=pose[..., 3:], transl=transl, conditions=told)
