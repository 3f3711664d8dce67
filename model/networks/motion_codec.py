"""Motion as a short row of latents, six a second, and back: what V5 dances in.

Latents are the principal components of the normalised features of overlapping stretches of frames, under the sine
window of lapped transforms (Malvar 1990): neighbouring stretches fade into each other, so that whatever is decoded is
smooth. They need no training, stay the same while a generator learns towards them, and lose a few millimetres.
"""

import torch
from torch import Tensor, nn

from justlmd.body.model import PARENTS
from model.networks.heading_features import HEIGHT, VELOCITY
from model.networks.motion_space import MOVING

SKIN_M = 0.1
"""How far from a joint the body ends that moves with it alone: hands, feet, head."""


def feature_weights(std: Tensor, rest_joints: Tensor) -> Tensor:
    """How far each normalised feature (147,) moves the body's joints, in terms of their mean.

    An error of one degree in a hip shows in the whole leg, one in a wrist hardly anywhere. ``std`` (151,) scales the
    features, ``rest_joints`` (24, 3) are in metres. Rotations count by the root mean square distance of the joints that
    they carry, the height by one metre a metre, and velocities, whose errors add up, as the mean of all.
    """
    parents, below = [int(parent) for parent in PARENTS], torch.zeros(24, 24)
    for joint in range(24):
        above = joint
        while above >= 0:
            below[above, joint], above = 1.0, parents[above]
    squares = (rest_joints[:, None] - rest_joints[None]).square().sum(-1) + SKIN_M**2 * torch.eye(24).to(rest_joints)
    lever = ((squares * below.to(squares)).sum(1) / 24).sqrt()
    weight = std[MOVING].clone()
    weight[: HEIGHT.start] *= torch.cat([lever.repeat_interleave(6), lever.new_zeros(VELOCITY.stop - VELOCITY.start)])
    mean = weight[: VELOCITY.start].square().mean().sqrt()
    weight[VELOCITY] = mean
    return weight / mean


class MotionCodec(nn.Module):
    """Normalised features of moving (B, T, 147) to latents (B, T / patch, latent_dim) and back.

    ``weight`` (147,), ``mean`` (2 patch 147,), ``basis`` (latent_dim, 2 patch 147) and ``scale`` (latent_dim,) are
    fitted; ``window`` (2 patch, 1) is the sine window, whose squares sum to 1 where stretches overlap.
    """

    weight: Tensor
    mean: Tensor
    basis: Tensor
    scale: Tensor
    window: Tensor

    def __init__(self, latent_dim: int, patch: int) -> None:
        super().__init__()
        self.patch, self.before = patch, patch // 2  # a stretch begins this much before its step
        numbers = 2 * patch * MOVING.stop
        self.register_buffer("weight", torch.ones(MOVING.stop))
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("basis", torch.zeros(latent_dim, numbers))
        self.register_buffer("scale", torch.ones(latent_dim))
        window = torch.sin(torch.pi * (torch.arange(2 * patch) + 0.5) / (2 * patch))
        self.register_buffer("window", window[:, None], persistent=False)

    def fit(self, features: Tensor, weight: Tensor) -> None:
        """Take the components of features (N, T, 151), of which each counts with its ``weight`` (147,); a basis that
        came with first weights stays, since they are in its terms.

        Each component is divided by the root of its deviation: half-way to equal deviations, so that neither large
        movements alone nor the noise of small ones decide what a generator learns. Their mean square is 1.
        """
        if self.basis.any():
            return
        self.weight.copy_(weight)
        steps = self._stretches(features).flatten(0, 1).double()
        mean = steps.mean(0)
        variances, vectors = torch.linalg.eigh((steps - mean).T @ (steps - mean) / len(steps))
        largest = slice(-len(self.basis), None)
        deviation = variances[largest].flip(0).clamp_min(1e-6).sqrt()
        self.mean.copy_(mean)
        self.basis.copy_(vectors[:, largest].flip(1).T)
        self.scale.copy_((deviation * deviation.mean()).sqrt())

    def encode(self, features: Tensor) -> Tensor:
        """Latents of features (B, T, 147 or more), in full precision: they are what a generator is to learn."""
        with torch.autocast(features.device.type, enabled=False):
            return (self._stretches(features.float()) - self.mean) @ self.basis.T / self.scale

    def decode(self, latents: Tensor) -> Tensor:
        """Features (B, T, 147) of latents."""
        stretches = (latents * self.scale) @ self.basis + self.mean
        stretches = stretches.unflatten(-1, (2 * self.patch, -1)) * self.window  # (B, S, 2 patch, 147)
        weight = self.window.square().expand(1, latents.shape[1], -1, 1)
        return self._added(stretches) / self._added(weight) / self.weight

    def _stretches(self, features: Tensor) -> Tensor:
        """Windowed stretches (B, S, 2 patch 147); beyond their ends motions stand still."""
        moving = features[..., MOVING] * self.weight
        behind = self.patch - self.before
        ends = (moving[:, :1].expand(-1, self.before, -1), moving, moving[:, -1:].expand(-1, behind, -1))
        stretches = torch.cat(ends, dim=1).unfold(1, 2 * self.patch, self.patch).transpose(2, 3)
        return (stretches * self.window).flatten(-2)

    def _added(self, stretches: Tensor) -> Tensor:
        """The sum (B, T, F) of stretches (B, S, 2 patch, F) where they lie."""
        first, second = (half.flatten(1, 2) for half in stretches.split(self.patch, dim=2))
        none = first.new_zeros(len(first), self.patch, first.shape[-1])
        whole = torch.cat([first, none], dim=1) + torch.cat([none, second], dim=1)
        return whole[:, self.before : self.before + first.shape[1]]
