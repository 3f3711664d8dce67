"""Motion as a short row of latents, six a second, and back: what V5 dances in.

A convolutional autoencoder, so that any number of frames goes through. Each latent is normalised over its numbers: all
have the same length, and a flow towards them starts from noise of the right size. In training noise is added to them,
so that near latents mean near motion and what a generator misses by little is not seen.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm

from model.configuration import FOLD_FRAMES
from model.data import Batch
from model.networks.base import standard_normal
from model.networks.conditional_transformer import MotionHeads
from model.networks.conditions import patched
from model.networks.heading_features import FEATURES
from model.networks.motion_space import MotionSpace, motion_losses

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

    def __init__(self, d_model: int, latent_dim: int, patch: int, layers: int) -> None:
        super().__init__()
        self.patch, self.latent_dim = patch, latent_dim
        self.motion_in = nn.Linear(patch * FEATURES, d_model)
        self.encoder = nn.Sequential(*(ConvBlock(d_model, 2**number) for number in range(layers)))
        self.to_latent = nn.Linear(d_model, latent_dim)
        self.from_latent = nn.Linear(latent_dim, d_model)
        self.decoder = nn.Sequential(*(ConvBlock(d_model, 2**number) for number in range(layers)))
        self.heads = MotionHeads(d_model)

    def encode(self, features: Tensor) -> Tensor:
        """Latents, each with mean 0 and mean square 1."""
        return self.normalised(self.to_latent(self.encoder(self.motion_in(patched(features, self.patch)))))

    def normalised(self, latents: Tensor) -> Tensor:
        """Latents scaled to where :meth:`encode` puts them."""
        return layer_norm(latents.float(), (self.latent_dim,))

    def decode(self, latents: Tensor) -> Tensor:
        """Features, contacts as logits."""
        return self.heads(self.decoder(self.from_latent(latents)), latents.shape[1] * self.patch)

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
