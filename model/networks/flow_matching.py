"""V4: V3's backbone as the denoiser of a flow: the report's last idea, a model that dances out of noise in a few steps.

Rectified flow (Liu et al. 2023, "Flow straight and fast", equation 1; flow matching, Lipman et al. 2023): noise x0 and
motion x1 are joined by the line x_t = (1 - t) x0 + t x1. The network sees x_t, t, music and lyrics and predicts x1, so
that losses on joints and speeds apply (as in MDM and EDGE, which predict the clean motion too). A dance is where
noise goes along dx/dt = E[x1 - x0 | x_t] = (E[x1 | x_t] - x_t) / (1 - t) from t = 0 to 1, in a few Euler steps.

- The state x is the motion's 147 normalised features; foot contacts are predicted beside it for the losses only.
- At t = 0 the state is noise that tells nothing. The network does not see it there, and some training windows lie at
  t = 0: what is predicted there is the expected motion given music and lyrics, which the lyrics question asks for.
- The latent is the noise x0, one sample per frame of the song, so that overlapping windows share it.
- There is no posterior. The last Euler step replaces the state by the prediction, so there is no unique inverse; and a
  latent with as many numbers as the motion would reconstruct anything, which says nothing about a model.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from justlmd.core.clock import SEQUENCE_FRAMES
from model.configuration import FlowDancerConfig, LatentFlowConfig
from model.data import Batch, Conditions, LyricsMusicDance
from model.networks.base import AblatableModel, standard_normal
from model.networks.conditional_transformer import Backbone, MotionHeads
from model.networks.conditions import ConditionEncoder, guided, kept_conditions, patched
from model.networks.layouts import MotionTensors
from model.networks.motion_space import MOVING, MotionSpace, motion_losses, weighted_sum


class TimeInput(nn.Module):
    """The flow's time as something to add to the backbone's steps."""

    waves: Tensor

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.register_buffer("waves", 2.0 ** torch.arange(-1, 7) * math.pi, persistent=False)
        self.linear1, self.linear2 = nn.Linear(2 * len(self.waves), d_model), nn.Linear(d_model, d_model)

    def forward(self, t: Tensor) -> Tensor:
        """Times (B,) to (B, 1, d)."""
        angles = t[:, None] * self.waves
        return self.linear2(gelu(self.linear1(torch.cat([angles.sin(), angles.cos()], dim=-1))))[:, None]


class FlowDancer(AblatableModel):
    """The denoiser with its losses and sampling."""

    def __init__(self, config: FlowDancerConfig) -> None:
        super().__init__()
        d, self.config = config.d_model, config
        self.latent_dim = SEQUENCE_FRAMES * MOVING.stop
        self.motion = MotionSpace()
        self.conditions = ConditionEncoder(d, config.n_heads, config.patch, config.token_dim, config.bar)
        self.state_in = nn.Linear(config.patch * MOVING.stop, d)
        self.time = TimeInput(d)
        self.backbone = Backbone(config)
        self.heads = MotionHeads(d)

    def fit_normalisers(self, data: LyricsMusicDance) -> None:
        self.conditions.fit(data)
        self.motion.fit(data)

    def denoise(self, c: Conditions, x: Tensor, t: Tensor, keep_music: Tensor, keep_lyrics: Tensor) -> Tensor:
        """The expected end x1 of the flow through ``x`` (B, 180, 147) at times ``t`` (B,), 0 noise to 1 motion.

        Normalised features (B, 180, 151), contacts as logits; ``keep_*`` (B,) are 1 where that input may be seen.
        """
        steps, memory, bias = self.conditions(c, keep_music, keep_lyrics)
        state = self.state_in(patched(x, self.config.patch)) * (t > 0)[:, None, None]
        return self.heads(self.backbone(steps + state + self.time(t), memory, bias))

    def losses(self, batch: Batch, generator: torch.Generator, progress: float) -> dict[str, Tensor]:
        config = self.config
        target, real_joints = self.motion.encode_with_joints(batch)
        x1 = target[..., MOVING]
        t = flow_times(config, len(x1), generator).to(x1)
        x0 = standard_normal(x1, generator)
        noise = torch.rand(len(x1), generator=generator, device=generator.device).to(x1)
        keep = torch.ones_like(noise), torch.ones_like(noise)
        if self.training:
            keep = kept_conditions(noise, config.music_dropout, config.lyrics_dropout, config.both_dropout)
        share = t[:, None, None]
        found = self.denoise(batch.conditions, (1 - share) * x0 + share * x1, t, *keep)
        joints = self.motion.joints(found, batch.rest_joints)
        # The later, the more the state tells; early the expected motion may be as calm as expectations are.
        parts = motion_losses(found, target, joints, real_joints, keep=t)
        return {"loss": weighted_sum(parts, config), **parts}

    def draw(self, starts: list[int], generator: torch.Generator, frames: int = SEQUENCE_FRAMES) -> Tensor:
        """Noise of a song's windows, cut from one noise for the whole song: what they have in common starts equal."""
        song = torch.randn(starts[-1] + SEQUENCE_FRAMES, MOVING.stop, generator=generator)
        return torch.stack([song[start : start + SEQUENCE_FRAMES].flatten() for start in starts])

    def generate(
        self, conditions: Conditions, z: Tensor, rest_joints: Tensor, guidance: tuple[float, float] = (1.0, 1.0)
    ) -> MotionTensors:
        """Follow the flow from noise ``z``; ``guidance`` above 1 exaggerates what music and lyrics change (1: as
        learned). Guiding the predicted x1 guides the velocity, which is linear in it."""

        def predict(x: Tensor, t: float) -> Tensor:
            times = x.new_full((len(x),), t)
            return guided(
                lambda music, lyrics: self.denoise(conditions, x, times, music, lyrics)[..., MOVING], x, guidance
            )

        noise = z.unflatten(-1, (SEQUENCE_FRAMES, -1))
        return self.motion.decode(integrate(predict, noise, self.config.euler_steps), rest_joints)

    def predict(self, conditions: Conditions, rest_joints: Tensor, music: bool, lyrics: bool) -> MotionTensors:
        """The expected motion from the allowed conditions alone: the prediction at t = 0, where no state is seen."""
        size = len(rest_joints)
        nothing = rest_joints.new_zeros(size, SEQUENCE_FRAMES, MOVING.stop)
        keep = [rest_joints.new_full((size,), float(flag)) for flag in (music, lyrics)]
        return self.motion.decode(self.denoise(conditions, nothing, nothing[:, 0, 0], *keep), rest_joints)


def flow_times(config: FlowDancerConfig | LatentFlowConfig, size: int, generator: torch.Generator) -> Tensor:
    """Times (size,): logit-normal (Esser et al. 2024, section 3.1), so most of them midway, and some 0."""
    normal = torch.randn(size, generator=generator, device=generator.device)
    at_start = torch.rand(size, generator=generator, device=generator.device) < config.start_share
    return torch.sigmoid(config.time_mean + config.time_std * normal).masked_fill(at_start, 0.0)


def integrate(predict: Callable[[Tensor, float], Tensor], x: Tensor, steps: int) -> Tensor:
    """Euler steps of equal length along dx/dt = (predict(x, t) - x) / (1 - t) from t = 0 to 1.

    ``predict`` returns where the flow through x at time t ends. On straight paths every number of steps is exact. The
    last step lands on the prediction itself, so nothing of the noise is left over.
    """
    for step in range(steps):
        x = x + (predict(x, step / steps) - x) / (steps - step)  # (1 - t) steps = steps - step
    return x
