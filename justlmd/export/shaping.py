"""What a motion goes through before it is written: another frame rate, in place, mirrored; z up; joint names."""

from dataclasses import replace

import numpy as np

from justlmd.body.model import JOINT_NAMES, MIXAMO_NAMES
from justlmd.core.clock import FPS
from justlmd.core.rotations import interpolated_rotations, matrix_to_axis_angle, rotation_matrices
from justlmd.motion.motion import Y_TO_Z_UP, Motion


def joint_names(kind: str) -> list[str]:
    """Names of the 24 joints, of ``smpl`` or of ``mixamo``."""
    return {"smpl": JOINT_NAMES, "mixamo": MIXAMO_NAMES}[kind]


def resampled(motion: Motion, fps: float, source_fps: float = FPS) -> Motion:
    """The same motion at another frame rate: rotations along the shortest arc, translations straight.

    Frame k is at k / ``fps`` s; the last frame is the last that does not lie behind the motion's. A frame is valid
    where those about it are.
    """
    if fps == source_fps or not len(motion):
        return motion
    times = np.arange(len(motion)) / source_fps
    at = np.arange(int(times[-1] * fps + 1e-6) + 1) / fps
    pose = interpolated_rotations(np.concatenate([motion.global_orient, motion.body_pose], axis=1), times, at)
    return replace(
        motion,
        global_orient=pose[:, :3],
        body_pose=pose[:, 3:],
        transl=np.stack([np.interp(at, times, axis) for axis in motion.transl.T], axis=1),
        valid=np.interp(at, times, motion.valid) > 0.999,
    )


def in_place(motion: Motion) -> Motion:
    """The same motion without its path over the floor: x and z stay those of the first frame, heights stay."""
    transl = motion.transl.copy()
    transl[:, [0, 2]] = transl[:1, [0, 2]]
    return replace(motion, transl=transl)


def z_up_root(motion: Motion, pelvis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Root orientation and translation (T, 3) of the same motion in a world with z up.

    The body itself stays as it is at rest (y up), as in AMASS; ``pelvis`` (3,) is its J0.
    """
    orient = matrix_to_axis_angle(Y_TO_Z_UP @ rotation_matrices(motion.global_orient))
    return orient, (motion.transl + pelvis) @ Y_TO_Z_UP.T - pelvis
