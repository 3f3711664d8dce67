"""Windows of a data set in chunks, and their real motion."""

from collections.abc import Iterator

import numpy as np
import torch

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
