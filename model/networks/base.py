"""What every dance model offers, so that training, evaluation and generation need not know which one it is."""

import torch
from torch import Tensor, nn

from model.data import Batch, Conditions, LyricsMusicDance
from model.networks.layouts import MotionTensors


class DanceModel(nn.Module):
    """A conditional model of 180 frames of motion, which are made from a latent that is standard normal."""

    latent_dim: int

    def fit_normalisers(self, data: LyricsMusicDance) -> None:
        """Take means and stds of the training split into buffers, so that they travel with the weights."""
        raise NotImplementedError

    def losses(self, batch: Batch, generator: torch.Generator, progress: float) -> dict[str, Tensor]:
        """Scalars by name; ``loss`` is minimised, the others are for the history (``kl``: nat per sample).

        All randomness except dropout uses ``generator``; ``progress`` is the share of the training done, 0 to 1.
        """
        raise NotImplementedError

    def posterior(self, batch: Batch) -> tuple[Tensor, Tensor] | None:
        """Mean and log-variance (B, latent_dim) of the latent given motion and conditions; None where there is none.

        Without it nothing can be reconstructed, and the evaluation leaves those numbers empty.
        """
        return None

    def draw(self, starts: list[int], generator: torch.Generator) -> Tensor:
        """Latents (W, latent_dim) for windows of one song that start at these frames; each its own by default."""
        return torch.randn(len(starts), self.latent_dim, generator=generator)

    def generate(
        self, conditions: Conditions, z: Tensor, rest_joints: Tensor, guidance: tuple[float, float] = (1.0, 1.0)
    ) -> MotionTensors:
        """Motion (B, 180, ...) from latents (B, latent_dim), standard normal when sampling; rest_joints (B, 24, 3).

        ``guidance`` for music and lyrics is only for models that learned to do without them; 1 is none.
        """
        raise NotImplementedError


class AblatableModel(DanceModel):
    """A dance model that can be asked without music or lyrics: for tests of what they tell."""

    def predict(self, conditions: Conditions, rest_joints: Tensor, music: bool, lyrics: bool) -> MotionTensors:
        """The expected motion from the allowed conditions alone; rest_joints (B, 24, 3) in metres."""
        raise NotImplementedError

    def keys(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor] | None:
        """Unit vectors of the batch's motions and lyrics in a common space, and of the lyrics' texts; None without."""
        return None


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL of N(mean, exp(log_variance)) from N(0, 1) in nat, elementwise."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)


def standard_normal(like: Tensor, generator: torch.Generator) -> Tensor:
    """Noise of the shape, type and device of ``like``, drawn on the generator's device."""
    return torch.randn(like.shape, generator=generator, device=generator.device).to(like)
