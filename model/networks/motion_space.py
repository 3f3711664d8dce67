"""The normalised features of motion that V3 and V4 work in, and their losses."""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, binary_cross_entropy_with_logits, mse_loss

from justlmd.body.torch_kinematics import forward_kinematics
from justlmd.core.clock import FPS
from model.configuration import MotionLossConfig
from model.data import Batch, LyricsMusicDance
from model.networks.heading_features import (
    BODY,
    CONTACT,
    FEATURES,
    FEET,
    HEIGHT,
    ROOT,
    VELOCITY,
    decode_heading,
    encode_heading,
    heading_features,
)
from model.networks.layouts import MotionTensors
from model.networks.windows import chunks, real_motion

MOVING = slice(0, CONTACT.start)
"""Columns of the features that make the motion; the contacts beside them only serve the losses."""


class MotionSpace(nn.Module):
    """Mean and std of the features of :mod:`model.networks.heading_features`."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("std", torch.ones(FEATURES))

    def fit(self, data: LyricsMusicDance) -> None:
        """Take mean and std from the training split."""
        features = torch.cat([encode_heading(real_motion(b), b.rest_joints) for b in chunks(data)]).flatten(0, 1)
        self.mean.copy_(features.mean(0))
        for group in (ROOT, BODY, VELOCITY, HEIGHT):  # one scale per group keeps still joints from being blown up
            self.std[group] = features[:, group].var(0).mean().sqrt().clamp_min(1e-3)
        self.mean[CONTACT] = 0.0

    def encode(self, batch: Batch) -> Tensor:
        """Motion of a batch as normalised features (B, 180, 151); contacts stay 0 or 1."""
        return self.encode_with_joints(batch)[0]

    def encode_with_joints(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The features, and the joints (B, 180, 24, 3) in metres, moved on the floor so that the pelvis starts at 0, 0:
        where :meth:`joints` puts them."""
        motion = real_motion(batch)
        joints = forward_kinematics(motion.rotations, motion.transl, batch.rest_joints[:, None])
        start = joints[:, :1, :1] * joints.new_tensor([1.0, 0.0, 1.0])
        return (heading_features(motion.rotations, joints) - self.mean) / self.std, joints - start

    def decode(self, values: Tensor, rest_joints: Tensor) -> MotionTensors:
        """Normalised features (B, 180, 147 or more) of bodies with rest joints (B, 24, 3) to motion."""
        return decode_heading(values[..., MOVING] * self.std[MOVING] + self.mean[MOVING], rest_joints)

    def joints(self, values: Tensor, rest_joints: Tensor) -> Tensor:
        """Joints (B, 180, 24, 3) in metres of normalised features."""
        motion = self.decode(values, rest_joints)
        return forward_kinematics(motion.rotations, motion.transl, rest_joints[:, None])


def motion_losses(
    found: Tensor, target: Tensor, joints: Tensor, real_joints: Tensor, keep: Tensor
) -> dict[str, Tensor]:
    """Mean squared errors of features, joints (m), their velocity and acceleration, contacts, slipping of feet.

    Parameters
    ----------
    found, target
        (B, 180, 151) normalised features, contacts of ``found`` as logits.
    joints, real_joints
        (B, 180, 24, 3) their joints in metres.
    keep
        (B,) weight of each window's energy.
    """
    truth, logits = target[..., CONTACT], found[..., CONTACT]
    speed, real_speed = torch.diff(joints, dim=1) * FPS, torch.diff(real_joints, dim=1) * FPS
    standing = torch.sigmoid(logits.detach()[:, 1:])
    feet = speed[:, :, FEET]
    return {
        "features": mse_loss(found[..., MOVING], target[..., MOVING]),
        "joints": 10 * mse_loss(joints, real_joints),
        "velocity": mse_loss(speed, real_speed),
        "acceleration": mse_loss(speed.diff(dim=1) * FPS, real_speed.diff(dim=1) * FPS),
        "contact": binary_cross_entropy_with_logits(logits, truth),
        "standing": (feet.square().sum(-1) * standing).mean(),
        "energy": energy_error(speed, real_speed, keep),
    }


def weighted_sum(losses: dict[str, Tensor], config: MotionLossConfig) -> Tensor:
    """Weighted sum of what :func:`motion_losses` found."""
    names = ("joints", "velocity", "acceleration", "contact", "standing", "energy")
    return losses["features"] + torch.stack([getattr(config, f"{name}_weight") * losses[name] for name in names]).sum()


def energy_error(speed: Tensor, real: Tensor, keep: Tensor) -> Tensor:
    """How far each joint's mean speed and jerk in each second are from the real ones, relative to the batch's mean.

    A squared error makes uncertain movements small; this does not care when exactly a joint moves, but how much.
    """
    total = speed.new_zeros(())
    for order in (0, 2):
        own, true = (torch.sqrt(v.diff(n=order, dim=1).square().sum(-1) + 1e-6).transpose(1, 2) for v in (speed, real))
        own, true = (avg_pool1d(e, FPS) for e in (own, true))
        total = total + (((own - true) / true.mean()).square().mean((1, 2)) * keep).mean()
    return total
