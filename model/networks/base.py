"""What every dance model offers, so that training, evaluation and generation need not know which one it is."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from justlmd.core.clock import SEQUENCE_FRAMES
from justlmd.core.errors import InputError
from model.data import Batch, Conditions, LyricsMusicDance
from model.networks.layouts import MotionTensors


class DanceModel(nn.Module, ABC):
    """A conditional model of motion in windows of 180 frames or more, made from a latent that is standard normal."""

    latent_dim: int
    window: int = SEQUENCE_FRAMES
    """Frames of the windows that it is trained on."""

    whole_song: bool = False
    """Whether conditions of any length go through :meth:`generate`, so that a song is danced at once."""

    noise_width: int = 1
    """Numbers of the latent per step of time (:attr:`whole_song`)."""

    @abstractmethod
    def fit_normalisers(self, data: LyricsMusicDance) -> None:
        """Take means and stds of the training split into buffers, so that they travel with the weights."""

    @abstractmethod
    def losses(self, batch: Batch, generator: torch.Generator, progress: float) -> dict[str, Tensor]:
        """Scalars by name; ``loss`` is minimised, the others are for the history (``kl``: nat per sample).

        All randomness except dropout uses ``generator``; ``progress`` is the share of the training done, 0 to 1.
        """

    def posterior(self, batch: Batch) -> tuple[Tensor, Tensor] | None:
        """Mean and log-variance (B, latent_dim) of the latent given motion and conditions; None where there is none.

        Without it nothing can be reconstructed, and the evaluation leaves those numbers empty.
        """
        return None

    def draw(self, starts: list[int], generator: torch.Generator, frames: int = SEQUENCE_FRAMES) -> Tensor:
        """Latents (W, latent_dim) for windows of one song that start at these frames; each its own by default.

        ``frames`` is their length where :attr:`whole_song` allows for others than 180.
        """
        return torch.randn(len(starts), self.latent_dim, generator=generator)

    @abstractmethod
    def generate(
        self, conditions: Conditions, z: Tensor, rest_joints: Tensor, guidance: tuple[float, float] = (1.0, 1.0)
    ) -> MotionTensors:
        """Motion (B, 180, ...) from latents (B, latent_dim), standard normal when sampling; rest_joints (B, 24, 3).

        ``guidance`` for music and lyrics is only for models that learned to do without them; 1 is none.
        """


class AblatableModel(DanceModel):
    """A dance model that can be asked without music or lyrics: for tests of what they tell."""

    @abstractmethod
    def predict(self, conditions: Conditions, rest_joints: Tensor, music: bool, lyrics: bool) -> MotionTensors:
        """The expected motion from the allowed conditions alone; rest_joints (B, 24, 3) in metres."""

    def keys(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor] | None:
        """Unit vectors of the batch's motions and lyrics in a common space, and of the lyrics' texts; None without."""
        return None


def refuse_guidance(guidance: tuple[float, float]) -> None:
    """Raise InputError for a ``guidance`` other than 1, 1, for models that never learned to do without a condition."""
    if guidance != (1.0, 1.0):
        raise InputError(
            "this model always sees music and lyrics, so there is nothing to guide",
            where="guidance",
            next_step="use 1, 1",
        )


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL of N(mean, exp(log_variance)) from N(0, 1) in nat, elementwise."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)


def standard_normal(like: Tensor, generator: torch.Generator) -> Tensor:
    """Noise of the shape, type and device of ``like``, drawn on the generator's device."""
    return torch.randn(like.shape, generator=generator, device=generator.device).to(like)
