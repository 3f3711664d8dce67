"""V3: a Transformer CVAE that mends what the report names as future work (section 3.2.3).

- Motion in 6D rotations with the root's velocity along its heading (:mod:`model.networks.heading_features`).
- Music frame by frame, lyrics by attention to time-stamped tokens (:mod:`model.networks.conditions`); heads for body,
  orientation, trajectory and contacts (:mod:`model.networks.conditional_transformer`); losses on joints, their velocity
  and standing feet (:mod:`model.networks.motion_space`).
- Music and lyrics are each left out of some training windows, so that one training serves every ablation and guidance.
- The latent has a part for the window and one for each second. Its posterior sees the motion alone, it has free bits,
  and in some training windows it is left out: the model then has to predict from music and words.
- Motion and lyrics are also pulled together in a common space (InfoNCE), where near-equal lyrics are no opposites.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from model.configuration import DancerConfig
from model.data import Batch, Conditions, LyricsMusicDance
from model.networks.attention import Block
from model.networks.base import AblatableModel, gaussian_kl, standard_normal
from model.networks.conditional_transformer import Backbone, MotionHeads, stretched
from model.networks.conditions import ConditionEncoder, guided, kept_conditions, patched
from model.networks.heading_features import FEATURES
from model.networks.layouts import MotionTensors
from model.networks.motion_space import MotionSpace, motion_losses, weighted_sum

SECONDS = SEQUENCE_FRAMES // FPS


class MotionEncoder(nn.Module):
    """The posterior of the latent, which sees the motion alone."""

    def __init__(self, config: DancerConfig) -> None:
        super().__init__()
        d, self.patch = config.d_model, config.patch
        self.motion_in = nn.Linear(config.patch * FEATURES, d)
        self.position = nn.Parameter(torch.randn(SEQUENCE_FRAMES // config.patch, d) * 0.02)
        sizes = (d, config.n_heads, config.d_feedforward)
        self.blocks = nn.ModuleList(Block(*sizes, cross=False) for _ in range(config.encoder_layers))
        self.norm = nn.LayerNorm(d)
        self.to_global = nn.Linear(d, 2 * config.global_dim)
        self.to_local = nn.Linear(d, 2 * config.local_dim)

    def forward(self, features: Tensor) -> Tensor:
        """Normalised features (B, 180, 151) to steps (B, 180 / patch, d)."""
        x = self.motion_in(patched(features, self.patch)) + self.position
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def posterior(self, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance (B, latent_dim) from what :meth:`forward` returned."""
        whole = self.to_global(steps.mean(1)).chunk(2, dim=-1)
        seconds = self.to_local(steps.unflatten(1, (SECONDS, -1)).mean(2)).chunk(2, dim=-1)
        mean, log_variance = (torch.cat([a, b.flatten(1)], dim=-1) for a, b in zip(whole, seconds, strict=True))
        return mean.float(), log_variance.float().clamp(-10, 10)


class LatentInput(nn.Module):
    """The latent as something to add to the backbone's steps, where it may be seen."""

    def __init__(self, config: DancerConfig) -> None:
        super().__init__()
        self.global_dim, self.steps = config.global_dim, SEQUENCE_FRAMES // config.patch
        self.from_global = nn.Linear(config.global_dim, config.d_model)
        self.from_local = nn.Linear(config.local_dim, config.d_model)
        self.no_latent = nn.Parameter(torch.randn(config.d_model) * 0.02)

    def forward(self, z: Tensor, keep: Tensor) -> Tensor:
        """Latents (B, latent_dim) to (B, 180 / patch, d); where ``keep`` (B,) is 0 the same for all."""
        whole, seconds = z[:, : self.global_dim], z[:, self.global_dim :].unflatten(-1, (SECONDS, -1))
        latent = self.from_global(whole)[:, None] + stretched(self.from_local(seconds), self.steps)
        known = keep[:, None, None]
        return latent * known + self.no_latent * (1 - known)


class Dancer(AblatableModel):
    """The network with its normalisers, losses and sampling."""

    def __init__(self, config: DancerConfig) -> None:
        super().__init__()
        d, self.config = config.d_model, config
        self.latent_dim = config.global_dim + SECONDS * config.local_dim
        self.motion = MotionSpace()
        self.encoder = MotionEncoder(config)
        self.conditions = ConditionEncoder(d, config.n_heads, config.patch, config.token_dim, config.bar)
        self.latent = LatentInput(config)
        self.backbone = Backbone(config)
        self.heads = MotionHeads(d)
        # The common space of motion and lyrics.
        self.motion_key = nn.Linear(d, d)
        self.lyrics_key = nn.Linear(config.token_dim, d)

    def fit_normalisers(self, data: LyricsMusicDance) -> None:
        self.conditions.fit(data)
        self.motion.fit(data)

    def posterior(self, batch: Batch) -> tuple[Tensor, Tensor]:
        return self.encoder.posterior(self.encoder(self.motion.encode(batch)))

    def decode(self, c: Conditions, z: Tensor, keep_music: Tensor, keep_lyrics: Tensor, keep_latent: Tensor) -> Tensor:
        """Normalised features (B, 180, 151), contacts as logits; ``keep_*`` (B,) are 1 where that input may be seen."""
        x, memory, bias = self.conditions(c, keep_music, keep_lyrics)
        return self.heads(self.backbone(x + self.latent(z, keep_latent), memory, bias))

    def losses(self, batch: Batch, generator: torch.Generator, progress: float) -> dict[str, Tensor]:
        config = self.config
        target, real_joints = self.motion.encode_with_joints(batch)
        steps = self.encoder(target)
        mean, log_variance = self.encoder.posterior(steps)
        z = mean + standard_normal(mean, generator) * torch.exp(log_variance / 2)
        keep_music, keep_lyrics, keep_latent = self.kept_inputs(len(z), generator, z)
        found = self.decode(batch.conditions, z, keep_music, keep_lyrics, keep_latent)
        joints = self.motion.joints(found, batch.rest_joints)
        parts = motion_losses(found, target, joints, real_joints, keep_latent)
        kl = gaussian_kl(mean, log_variance)
        parts["contrast"] = self.contrast(steps, batch.conditions)
        penalty = kl.mean(0).clamp_min(config.free_bits).sum()
        rise = min(1.0, progress / config.kl_warmup) if config.kl_warmup else 1.0
        loss = weighted_sum(parts, config) + config.contrast_weight * parts["contrast"]
        return {"loss": loss + rise * config.kl_weight * penalty, **parts, "kl": kl.sum(1).mean()}

    def kept_inputs(self, size: int, generator: torch.Generator, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """For each window whether music, lyrics and latent may be seen, (B,) of 1 and 0 each; all outside training."""
        config = self.config
        noise = torch.rand(2, size, generator=generator, device=generator.device).to(like)
        if not self.training:
            return torch.ones_like(noise[0]), torch.ones_like(noise[0]), torch.ones_like(noise[0])
        kept = kept_conditions(noise[0], config.music_dropout, config.lyrics_dropout, config.both_dropout)
        return *kept, (noise[1] >= config.latent_dropout).to(like)

    def contrast(self, steps: Tensor, c: Conditions) -> Tensor:
        """InfoNCE between motions and lyrics of the batch; pairs with almost the same text are not pushed apart."""
        motion, lyrics, texts = self._keys(steps, c)
        sung = c.token_mask.any(1)
        if sung.sum() < 2:
            return 0.0 * (motion.sum() + lyrics.sum())  # with gradients: several GPUs wait for each parameter's
        motion, lyrics, texts = motion[sung], lyrics[sung], texts[sung]
        scores = motion @ lyrics.T / self.config.temperature
        near = (texts @ texts.T > self.config.same_text) & ~torch.eye(len(texts), dtype=torch.bool, device=texts.device)
        scores = scores.masked_fill(near, -1e4)
        own = torch.arange(len(scores), device=scores.device)
        return (cross_entropy(scores, own) + cross_entropy(scores.T, own)) / 2

    def _keys(self, steps: Tensor, c: Conditions) -> tuple[Tensor, Tensor, Tensor]:
        """Unit vectors of motion, of lyrics, and of the lyrics' plain mean state, (B, d), (B, d), (B, D)."""
        count = c.token_mask.sum(1, keepdim=True).clamp_min(1)
        mean = (c.tokens * c.token_mask[..., None]).sum(1) / count
        motion, lyrics = self.motion_key(steps.mean(1)), self.lyrics_key(mean)
        return normalize(motion.float(), dim=-1), normalize(lyrics.float(), dim=-1), normalize(mean.float(), dim=-1)

    def keys(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Where motions and lyrics lie in the common space, for retrieval; see :meth:`_keys`."""
        return self._keys(self.encoder(self.motion.encode(batch)), batch.conditions)

    def draw(self, starts: list[int], generator: torch.Generator, frames: int = SEQUENCE_FRAMES) -> Tensor:
        """Latents of a song's windows: one for the whole song, and one per second that overlapping windows share."""
        config = self.config
        whole = torch.randn(config.global_dim, generator=generator)
        seconds = torch.randn(starts[-1] // FPS + SECONDS + 1, config.local_dim, generator=generator)
        parts = [seconds[start // FPS : start // FPS + SECONDS].flatten() for start in starts]
        return torch.stack([torch.cat([whole, part]) for part in parts])

    def generate(
        self, conditions: Conditions, z: Tensor, rest_joints: Tensor, guidance: tuple[float, float] = (1.0, 1.0)
    ) -> MotionTensors:
        """Decode latents; ``guidance`` above 1 exaggerates what music and what lyrics change (1: as learned)."""
        known = z.new_ones(len(z))
        values = guided(lambda music, lyrics: self.decode(conditions, z, music, lyrics, known), z, guidance)
        return self.motion.decode(values, rest_joints)

    def predict(self, conditions: Conditions, rest_joints: Tensor, music: bool, lyrics: bool) -> MotionTensors:
        """The expected motion from the allowed conditions alone, without a latent: for tests of what they tell."""
        size = len(rest_joints)
        keep = [rest_joints.new_full((size,), float(flag)) for flag in (music, lyrics, False)]
        values = self.decode(conditions, rest_joints.new_zeros(size, self.latent_dim), *keep)
        return self.motion.decode(values, rest_joints)
