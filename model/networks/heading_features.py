"""Motion as V3 sees it: 6D rotations, the root's velocity along its own heading, its height, and foot contacts.

Nothing in it flips, and nothing says where on the floor the dancer stands: the camera's depth is the least certain axis
of recovered motion. The heading itself stays absolute, because dancers of these videos dance towards the camera.
"""

import torch
from torch import Tensor

from justlmd.body.torch_kinematics import forward_kinematics, from_sixd, to_sixd
from justlmd.core.clock import FPS
from model.networks.layouts import MotionTensors

ROOT, BODY, VELOCITY, HEIGHT, CONTACT = slice(0, 6), slice(6, 144), slice(144, 146), slice(146, 147), slice(147, 151)
"""Columns of the groups: root 6D, 23 joints 6D, velocity (right, forward) in m/s, pelvis height in m, contacts."""

FEATURES = 151
FEET = (7, 8, 10, 11)  # ankles and toes, left and right: the order of the contacts
CONTACT_STEP = 0.015  # metres per frame; recovered feet jitter by more than the .01 used for captured motion
CONTACT_FRAMES = 3


def encode_heading(motion: MotionTensors, rest_joints: Tensor) -> Tensor:
    """Motion (B, T, ...) of bodies with rest joints (B, 24, 3) as features (B, T, 151)."""
    joints = forward_kinematics(motion.rotations, motion.transl, rest_joints[:, None])
    return heading_features(motion.rotations, joints)


def heading_features(rotations: Tensor, joints: Tensor) -> Tensor:
    """Rotations (B, T, 24, 3, 3) and the joints (B, T, 24, 3) that they make, in metres, as features (B, T, 151)."""
    pelvis = joints[:, :, 0]
    velocity = torch.diff(pelvis, dim=1) * FPS
    velocity = torch.cat([velocity[:, :1], velocity], dim=1)  # the first frame takes the velocity of the second
    cosine, sine = _heading(rotations[:, :, 0])
    x, z = velocity[..., 0], velocity[..., 2]
    local = torch.stack([cosine * x - sine * z, sine * x + cosine * z], dim=-1)
    sixd = to_sixd(rotations).flatten(-2)
    return torch.cat([sixd, local, pelvis[..., 1:2], foot_contacts(joints)], dim=-1)


def decode_heading(values: Tensor, rest_joints: Tensor) -> MotionTensors:
    """Features (B, T, 151) back to motion; the path on the floor starts at the origin and sums the velocity."""
    rotations = from_sixd(values[..., :144].unflatten(-1, (24, 6)))
    cosine, sine = _heading(rotations[:, :, 0])
    right, forward = values[..., 144], values[..., 145]
    step = torch.stack([cosine * right + sine * forward, -sine * right + cosine * forward], dim=-1) / FPS
    step = torch.cat([torch.zeros_like(step[:, :1]), step[:, 1:]], dim=1)
    path = step.cumsum(dim=1)
    pelvis = torch.stack([path[..., 0], values[..., 146], path[..., 1]], dim=-1)
    return MotionTensors(rotations, pelvis - rest_joints[:, None, 0])


def foot_contacts(joints: Tensor) -> Tensor:
    """1.0 where a foot joint moves less than 1.5 cm per frame for at least three frames, (B, T, 24, 3) to (B, T, 4)."""
    step = torch.linalg.vector_norm(torch.diff(joints[:, :, FEET], dim=1), dim=-1)
    still = (torch.cat([step[:, :1], step], dim=1) < CONTACT_STEP).float().transpose(1, 2)  # (B, 4, T)
    # An opening: erode and dilate along time, so that shorter stops vanish and longer ones keep their length.
    pad = CONTACT_FRAMES - 1
    eroded = -torch.nn.functional.max_pool1d(-torch.nn.functional.pad(still, (0, pad), value=1.0), CONTACT_FRAMES, 1)
    opened = torch.nn.functional.max_pool1d(torch.nn.functional.pad(eroded, (pad, 0)), CONTACT_FRAMES, 1)
    return opened.transpose(1, 2)


def _heading(root: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine of the angle about y by which the body's front (+z) is turned on the floor."""
    x, z = root[..., 0, 2], root[..., 2, 2]
    length = torch.sqrt(x**2 + z**2).clamp_min(1e-6)
    return z / length, x / length
