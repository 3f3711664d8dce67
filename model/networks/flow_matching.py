"""V4: V3's trunk as the denoiser of a flow: the report's last idea, a model that dances out of noise in a few steps.

Rectified flow (Liu et al. 2023, "Flow straight and fast", equation 1; flow matching, Lipman et al. 2023): noise x0 and
motion x1 are joined by the line x_t = (1 - t) x0 + t x1. The network sees x_t, t, music and lyrics and predicts x1, so
that losses on joints and speeds apply (as in MDM and EDGE, which predict the clean motion too). A dance is the way of
noise along dx/dt = E[x1 - x0 | x_t] = (E[x1 | x_t] - x_t) / (1 - t) from t = 0 to 1, in a few Euler steps.

- The state x is the motion's 147 normalised features; foot contacts are predicted beside it for the losses only.
- At t = 0 the state is noise that tells nothing. The network does not see it there, and some training windows lie at
  t = 0: what is predicted there is the expected motion given music and lyrics, which the lyrics question asks for.
- The latent is the noise x0, one draw per frame of the song, so that overlapping windows share it.
- There is no posterior. The last Euler step replaces the state by the prediction, so the way back is not unique; and a
  latent with as many numbers as the motion would reconstruct anything, which says nothing about a model.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from justlmd import SEQUENCE_FRAMES
from justlmd.core.errors import InputError
from model.data import Batch, Conditions
from model.networks.base import standard_normal
from model.networks.conditional_transformer import MOVING, TrunkConfig, TrunkModel
from model.networks.layouts import MotionTensors


@dataclass(frozen=True)
class FlowDancerConfig(TrunkConfig):
    """How times are drawn in training, and how many steps a dance takes."""

    euler_steps: int = 10
    time_mean: float = 0.0  # of the normal draw whose sigmoid is t
    time_std: float = 1.0
    start_share: float = 0.2  # of the training windows at t = 0


class FlowDancer(TrunkModel):
    """The denoiser with its losses and sampling."""

    config: FlowDancerConfig
    waves: Tensor

    def __init__(self, config: FlowDancerConfig) -> None:
        super().__init__(config)
        if config.euler_steps < 1:
            raise InputError(f"{config.euler_steps} must be at least 1", where="network.euler_steps")
        d = config.d_model
        self.latent_dim = SEQUENCE_FRAMES * MOVING.stop
        self.register_buffer("waves", 2.0 ** torch.arange(-1, 7) * math.pi, persistent=False)
        self._add_conditions()
        self.state_in = nn.Linear(config.patch * MOVING.stop, d)
        self.time1, self.time2 = nn.Linear(2 * len(self.waves), d), nn.Linear(d, d)
        self._add_trunk()

    def denoise(self, c: Conditions, x: Tensor, t: Tensor, keep_music: Tensor, keep_lyrics: Tensor) -> Tensor:
        """The expected end x1 of the flow through ``x`` (B, 180, 147) at times ``t`` (B,), 0 noise to 1 motion.

        Normalised features (B, 180, 151), contacts as logits; ``keep_*`` (B,) are 1 where that input may be seen.
        """
        angles = t[:, None] * self.waves
        time = self.time2(gelu(self.time1(torch.cat([angles.sin(), angles.cos()], dim=-1))))
        state = self.state_in(self._patches(x)) * (t > 0)[:, None, None]
        return self._through_trunk(self._conditioned(c, keep_music) + state + time[:, None], c, keep_lyrics)

    def losses(self, batch: Batch, generator: torch.Generator, progress: float) -> dict[str, Tensor]:
        target = self.normalised(batch)
        x1 = target[..., MOVING]
        t = self._times(len(x1), generator).to(x1)
        x0 = standard_normal(x1, generator)
        chance = torch.rand(len(x1), generator=generator, device=generator.device).to(x1)
        keep = self._keep_conditions(chance) if self.training else (torch.ones_like(chance), torch.ones_like(chance))
        way = t[:, None, None]
        found = self.denoise(batch.conditions, (1 - way) * x0 + way * x1, t, *keep)
        # The later, the more the state tells; early the expected motion may be as calm as expectations are.
        parts = self._motion_losses(found, target, batch.rest_joints, keep=t)
        return {"loss": self._motion_loss(parts), **parts}

    def _times(self, size: int, generator: torch.Generator) -> Tensor:
        """Times (size,): logit-normal (Esser et al. 2024, section 3.1), so most of them midway, and some 0."""
        normal = torch.randn(size, generator=generator, device=generator.device)
        at_start = torch.rand(size, generator=generator, device=generator.device) < self.config.start_share
        t = torch.sigmoid(self.config.time_mean + self.config.time_std * normal)
        return t.masked_fill(at_start, 0.0)

    def draw(self, starts: list[int], generator: torch.Generator) -> Tensor:
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
            return self._guided(
                lambda music, lyrics: self.denoise(conditions, x, times, music, lyrics)[..., MOVING], x, guidance
            )

        noise = z.unflatten(-1, (SEQUENCE_FRAMES, -1))
        return self.to_motion(integrate(predict, noise, self.config.euler_steps), rest_joints)

    def predict(self, conditions: Conditions, rest_joints: Tensor, music: bool, lyrics: bool) -> MotionTensors:
        """The expected motion from the allowed conditions alone: the prediction at t = 0, where no state is seen."""
        size = len(rest_joints)
        nothing = rest_joints.new_zeros(size, SEQUENCE_FRAMES, MOVING.stop)
        keep = [rest_joints.new_full((size,), float(flag)) for flag in (music, lyrics)]
        return self.to_motion(self.denoise(conditions, nothing, nothing[:, 0, 0], *keep), rest_joints)


def integrate(predict: Callable[[Tensor, float], Tensor], x: Tensor, steps: int) -> Tensor:
    """Euler steps of equal length along dx/dt = (predict(x, t) - x) / (1 - t) from t = 0 to 1.

    ``predict`` tells where the flow through x at time t ends. On straight ways every number of steps is exact. The last
    step lands on the prediction itself, so nothing of the noise is left over.
    """
    for step in range(steps):
        x = x + (predict(x, step / steps) - x) / (steps - step)  # (1 - t) steps = steps - step
    return x
