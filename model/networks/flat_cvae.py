"""V1: the flattened CVAE of the report (section 3.2.1, figure 3.6), as described, scaled so that it can run.

Motion and conditions are flattened to one vector each; two fully connected layers on either side of a Gaussian latent;
elu, sigmoid, binary cross-entropy plus KL. Two things cannot be as described. With the report's latent of 512 x 512
between layers over 600 frames the first layer alone has 600 x 72 + 50 x 768 + 600 x 128 = 158,400 inputs times 262,144
outputs, 4 x 10^10 weights; here the sizes are settings. And cross-entropy needs targets within 0 to 1, which
axis-angles are not: every feature is scaled by its smallest and largest value in the training songs.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, elu

from justlmd.core.clock import SEQUENCE_FRAMES
from model.configuration import FlatCVAEConfig
from model.data import Batch, Conditions, LyricsMusicDance
from model.networks.base import DanceModel, gaussian_kl, refuse_guidance, standard_normal
from model.networks.conditions import BAR, MEL, RHYTHM, fit_music, normalised_music
from model.networks.layouts import FEATURES, MotionTensors, decode, encode
from model.networks.windows import chunks

LAYOUT = "axis_angle_24"


class FlatCVAE(DanceModel):
    """Two fully connected layers into the latent and two out of it."""

    music_mean: Tensor
    music_std: Tensor
    low: Tensor
    span: Tensor

    def __init__(self, config: FlatCVAEConfig) -> None:
        super().__init__()
        self.config, self.latent_dim = config, config.latent_dim
        motion = SEQUENCE_FRAMES * FEATURES[LAYOUT]
        music = MEL + (RHYTHM + BAR) * config.rhythm
        condition = SEQUENCE_FRAMES * music + config.max_tokens * config.token_dim
        self.encode_hidden = nn.Linear(motion + condition, config.hidden_dim)
        self.to_mean = nn.Linear(config.hidden_dim, config.latent_dim)
        self.to_log_variance = nn.Linear(config.hidden_dim, config.latent_dim)
        self.decode_hidden = nn.Linear(config.latent_dim + condition, config.hidden_dim)
        self.output = nn.Linear(config.hidden_dim, motion)
        self.register_buffer("music_mean", torch.zeros(music))
        self.register_buffer("music_std", torch.ones(music))
        self.register_buffer("low", torch.zeros(FEATURES[LAYOUT]))
        self.register_buffer("span", torch.ones(FEATURES[LAYOUT]))

    def fit_normalisers(self, data: LyricsMusicDance) -> None:
        fit_music(self.music_mean, self.music_std, data)
        low, high = torch.full_like(self.low, torch.inf), torch.full_like(self.low, -torch.inf)
        for batch in chunks(data):
            values = self._motion(batch).flatten(0, 1)
            low, high = torch.minimum(low, values.amin(0)), torch.maximum(high, values.amax(0))
        self.low.copy_(low)
        self.span.copy_((high - low).clamp_min(1e-6))

    def _motion(self, batch: Batch) -> Tensor:
        return encode(LAYOUT, batch.global_orient, batch.body_pose, batch.transl, batch.rest_joints[:, 0])

    def _scaled(self, batch: Batch) -> Tensor:
        """Motion within 0 to 1, (B, 180 * 72); held-out motion beyond the training songs' range is clipped."""
        return ((self._motion(batch) - self.low) / self.span).clamp(0, 1).flatten(1)

    def _condition(self, c: Conditions) -> Tensor:
        music = normalised_music(c, self.music_mean, self.music_std) * c.has_music[:, None, None]
        kept = self.config.max_tokens
        tokens = (c.tokens * c.token_mask[..., None])[:, :kept]
        tokens = nn.functional.pad(tokens, (0, 0, 0, kept - tokens.shape[1]))
        return torch.cat([music.flatten(1), tokens.flatten(1)], dim=1)

    def _posterior(self, motion: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        hidden = elu(self.encode_hidden(torch.cat([motion, condition], dim=1)))
        return self.to_mean(hidden).float(), self.to_log_variance(hidden).float().clamp(-20, 20)

    def posterior(self, batch: Batch) -> tuple[Tensor, Tensor]:
        return self._posterior(self._scaled(batch), self._condition(batch.conditions))

    def _logits(self, z: Tensor, condition: Tensor) -> Tensor:
        return self.output(elu(self.decode_hidden(torch.cat([z, condition], dim=1))))

    def losses(self, batch: Batch, generator: torch.Generator, progress: float) -> dict[str, Tensor]:
        motion, condition = self._scaled(batch), self._condition(batch.conditions)
        mean, log_variance = self._posterior(motion, condition)
        z = mean + standard_normal(mean, generator) * torch.exp(log_variance / 2)
        bce = binary_cross_entropy_with_logits(self._logits(z, condition).float(), motion, reduction="none")
        kl = gaussian_kl(mean, log_variance).sum(1).mean()
        bce = bce.sum(1).mean()
        return {"loss": bce + self.config.kl_weight * kl, "bce": bce, "kl": kl}

    def generate(
        self, conditions: Conditions, z: Tensor, rest_joints: Tensor, guidance: tuple[float, float] = (1.0, 1.0)
    ) -> MotionTensors:
        refuse_guidance(guidance)
        scaled = torch.sigmoid(self._logits(z, self._condition(conditions)).float())
        values = scaled.unflatten(1, (SEQUENCE_FRAMES, -1)) * self.span + self.low
        motion = decode(LAYOUT, values, rest_joints[:, 0])
        # V1 has no translation: the pelvis stays at its height over the floor in the rest pose.
        lowest = rest_joints[..., 1].amin(1)
        transl = torch.zeros_like(motion.transl)
        transl[..., 1] = -lowest[:, None]
        return MotionTensors(motion.rotations, transl)
