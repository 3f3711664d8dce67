"""How a motion becomes the numbers that a network sees, and back.

``axis_angle_26`` and ``axis_angle_24`` are the layouts of the original (camera axes, y down, root rotation near pi, so
it flips sign although the body hardly turns); ``sixd`` is the same content in 6D rotations, y-up, root once.
"""

from dataclasses import dataclass

import roma
import torch
from torch import Tensor

from justlmd.body.torch_kinematics import axis_angles, from_sixd, rotation_matrices, to_sixd
from justlmd.core.errors import InputError

FEATURES = {"axis_angle_26": 78, "axis_angle_24": 72, "sixd": 147}
"""Numbers per frame of each layout."""


@dataclass(frozen=True)
class MotionTensors:
    """Motion y-up: rotations (..., T, 24, 3, 3) relative to the parent, transl (..., T, 3) metres."""

    rotations: Tensor
    transl: Tensor


def encode(layout: str, global_orient: Tensor, body_pose: Tensor, transl: Tensor, pelvis: Tensor) -> Tensor:
    """Motion as the data set stores it to a network's input.

    Parameters
    ----------
    global_orient, body_pose, transl : (B, T, 3), (B, T, 69), (B, T, 3), y-up, metres.
    pelvis : (B, 3) rest position of the pelvis; the camera layouts turn about the template origin instead.

    Returns
    -------
    (B, T, FEATURES[layout])
    """
    if layout == "sixd":
        return torch.cat([to_sixd(rotation_matrices(global_orient, body_pose)).flatten(-2), transl], dim=-1)
    root = _flipped(roma.rotvec_to_rotmat(global_orient))
    rh = roma.rotmat_to_rotvec(root)
    if layout == "axis_angle_24":
        return torch.cat([rh, body_pose], dim=-1)
    if layout == "axis_angle_26":
        th = _flip_axes(pelvis[:, None] + transl) - (root @ pelvis[:, None, :, None])[..., 0]
        return torch.cat([rh, body_pose, th, rh], dim=-1)
    raise InputError(f"layout {layout!r} is unknown", next_step=f"choose one of {', '.join(FEATURES)}")


def decode(layout: str, values: Tensor, pelvis: Tensor) -> MotionTensors:
    """The inverse of :func:`encode`; of the two root rotations of ``axis_angle_26`` the last counts.

    ``axis_angle_24`` has no translation: the body stays where it is.
    """
    if layout == "sixd":
        return MotionTensors(from_sixd(values[..., :144].unflatten(-1, (24, 6))), values[..., 144:])
    body = values[..., 3:72]
    if layout == "axis_angle_24":
        rotations = rotation_matrices(values[..., :3], body)
        root = _flipped(rotations[..., 0, :, :])
        return MotionTensors(_with_root(rotations, root), torch.zeros_like(values[..., :3]))
    rotations = rotation_matrices(values[..., 75:78], body)
    root_camera = rotations[..., 0, :, :]
    place = _flip_axes((root_camera @ pelvis[:, None, :, None])[..., 0] + values[..., 72:75])
    return MotionTensors(_with_root(rotations, _flipped(root_camera)), place - pelvis[:, None])


def to_arrays(motion: MotionTensors) -> tuple[Tensor, Tensor, Tensor]:
    """global_orient (..., T, 3), body_pose (..., T, 69) and transl (..., T, 3) of a motion."""
    global_orient, body_pose = axis_angles(motion.rotations)
    return global_orient, body_pose, motion.transl


def _flip_axes(points: Tensor) -> Tensor:
    """Camera axes (y down, z forward) to y-up and back: a half turn about x."""
    return points * points.new_tensor([1.0, -1.0, -1.0])


def _flipped(rotation: Tensor) -> Tensor:
    return _flip_axes(rotation.transpose(-1, -2)).transpose(-1, -2)


def _with_root(rotations: Tensor, root: Tensor) -> Tensor:
    return torch.cat([root[..., None, :, :], rotations[..., 1:, :, :]], dim=-3)
