"""Motion as a short row of latents, six a second, and back: what V5 dances in.

Latents are the principal components of the normalised features of a few frames: they need no training, stay the same
while a generator learns towards them, and are brought back with little loss. A convolutional network adds what
components alone do not know: how neighbouring steps meet, and contacts. In training noise is added to the latents, so
that near latents mean near motion and what a generator misses by little is not seen.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from model.configuration import FOLD_FRAMES
from model.data import Batch
from model.networks.base import standard_normal
from model.networks.conditional_transformer import MotionHeads
from model.networks.conditions import patched
from model.networks.heading_features import CONTACT
from model.networks.motion_space import MOVING, MotionSpace, motion_losses

FOLD = FOLD_FRAMES
"""Frames over which the way over the floor is compared; over a whole window its error would outgrow all others."""

DECODED = 120
"""Frames of each training window that are decoded."""


class ConvBlock(nn.Module):
    """A residual convolution over three steps (B, S, d), ``dilation`` apart."""

    def __init__(self, d_model: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(d_model)
        self.conv = nn.Conv1d(d_model, d_model, 3, padding=dilation, dilation=dilation)
        self.output = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.output(gelu(self.conv(self.norm(x).transpose(1, 2)).transpose(1, 2)))


class MotionCodec(nn.Module):
    """Normalised features (B, T, 151) to latents (B, T / patch, latent_dim) and back."""

    mean: Tensor
    basis: Tensor
    scale: Tensor

    def __init__(self, d_model: int, latent_dim: int, patch: int, layers: int) -> None:
        super().__init__()
        self.patch = patch
        self.register_buffer("mean", torch.zeros(patch * CONTACT.start))
        self.register_buffer("basis", torch.zeros(latent_dim, patch * CONTACT.start))
        self.register_buffer("scale", torch.ones(latent_dim))
        self.from_latent = nn.Linear(latent_dim, d_model)
        self.decoder = nn.Sequential(*(ConvBlock(d_model, 2**number) for number in range(layers)))
        self.heads = MotionHeads(d_model)
        with torch.no_grad():
            self.heads.output.weight *= 0.01  # the components are right from the start

    def fit(self, features: Tensor) -> None:
        """Take the components of features (N, T, 151); a basis that came with first weights stays, since they are in
        its terms.

        Each component is divided by the root of its deviation: half-way to equal deviations, so that neither large
        movements alone nor the noise of small ones decide what a generator learns. Their mean square is 1.
        """
        if self.basis.any():
            return
        steps = patched(features[..., MOVING], self.patch).flatten(0, 1).double()
        mean = steps.mean(0)
        variances, vectors = torch.linalg.eigh((steps - mean).T @ (steps - mean) / len(steps))
        last = slice(-len(self.basis), None)  # the largest
        deviation = variances[last].flip(0).clamp_min(1e-6).sqrt()
        self.mean.copy_(mean)
        self.basis.copy_(vectors[:, last].flip(1).T)
        self.scale.copy_((deviation * deviation.mean()).sqrt())

    def encode(self, features: Tensor) -> Tensor:
        """Latents of features; contacts are left out."""
        return (patched(features[..., MOVING], self.patch) - self.mean) @ self.basis.T / self.scale

    def decode(self, latents: Tensor) -> Tensor:
        """Features, contacts as logits."""
        known = (latents * self.scale) @ self.basis + self.mean
        frames = known.unflatten(-1, (self.patch, -1)).flatten(1, 2)
        added = self.heads(self.decoder(self.from_latent(latents)), frames.shape[1])
        return torch.cat([frames + added[..., MOVING], added[..., CONTACT]], dim=-1)

    def losses(
        self, motion: MotionSpace, batch: Batch, noise: float, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The latents of a batch, and the losses of :func:`model.networks.motion_space.motion_losses` when they are
        decoded with ``noise`` times standard normal noise on them.

        Only :data:`DECODED` of each window's latents are decoded, from a random place on; joints take most of a step.
        """
        target, real_joints = motion.encode_with_joints(batch)
        latents = self.encode(target)
        steps = min(DECODED // self.patch, latents.shape[1])
        first = int(torch.randint(latents.shape[1] - steps + 1, (), generator=generator))
        part = slice(first * self.patch, (first + steps) * self.patch)
        shown = latents[:, first : first + steps]
        found = folded(self.decode(shown + noise * standard_normal(shown, generator)))
        rest = batch.rest_joints.repeat_interleave(len(found) // len(target), dim=0)
        real_joints = folded(real_joints[:, part])
        real_joints = real_joints - real_joints[:, :1, :1] * real_joints.new_tensor([1.0, 0.0, 1.0])
        keep = found.new_ones(len(found))
        return latents, motion_losses(found, folded(target[:, part]), motion.joints(found, rest), real_joints, keep)


def folded(frames: Tensor) -> Tensor:
    """Windows (B, T, ...) as windows of :data:`FOLD` frames (B T / FOLD, FOLD, ...)."""
    return frames.unflatten(1, (-1, FOLD)).flatten(0, 1)
