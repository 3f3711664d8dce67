"""V3: a Transformer CVAE that mends what the report names as future work (section 3.2.3).

- Motion in 6D rotations with the root's velocity along its heading (:mod:`model.networks.heading_features`).
- Music frame by frame, lyrics by attention to tokens that know when they are sung; separate heads for body,
  orientation, way and contacts; losses on joints, their velocity and standing feet: all that is
  :mod:`model.networks.conditional_transformer`.
- Music and lyrics are each left out of some training windows, so that one training serves every ablation and guidance.
- The latent has a part for the window and one for each second. Its posterior sees the motion alone, it has free bits,
  and in some training windows it is left out: the model then has to predict from music and words.
- Motion and lyrics are also drawn together in a common space (InfoNCE), where near-equal lyrics are no opposites.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from justlmd import FPS, SEQUENCE_FRAMES
from model.data import Batch, Conditions
from model.networks.base import gaussian_kl, standard_normal
from model.networks.conditional_transformer import Block, TrunkConfig, TrunkModel, stretched
from model.networks.heading_features import FEATURES
from model.networks.layouts import MotionTensors

SECONDS = SEQUENCE_FRAMES // FPS


@dataclass(frozen=True)
class DancerConfig(TrunkConfig):
    """Sizes, losses and what is left out in training."""

    encoder_layers: int = 2
    global_dim: int = 64  # latent of the window
    local_dim: int = 32  # latent of each second
    kl_weight: float = 0.0002  # per nat and sample
    kl_warmup: float = 0.3  # share of the training in which the weight rises from 0
    free_bits: float = 0.1  # nat per dimension that cost nothing
    latent_dropout: float = 0.25
    contrast_weight: float = 0.02
    temperature: float = 0.1
    same_text: float = 0.8  # texts with a higher cosine are no opposites


class Dancer(TrunkModel):
    """The network with its normalisers, losses and sampling."""

    config: DancerConfig

    def __init__(self, config: DancerConfig) -> None:
        super().__init__(config)
        d = config.d_model
        self.latent_dim = config.global_dim + SECONDS * config.local_dim
        # The posterior of the latent: from the motion alone.
        self.motion_in = nn.Linear(config.patch * FEATURES, d)
        self.encoder_place = nn.Parameter(torch.randn(len(self.steps), d) * 0.02)
        self.encoder = nn.ModuleList(Block(config, lyrics=False) for _ in range(config.encoder_layers))
        self.encoder_norm = nn.LayerNorm(d)
        self.to_global = nn.Linear(d, 2 * config.global_dim)
        self.to_local = nn.Linear(d, 2 * config.local_dim)
        # The trunk: from latent, music and lyrics to motion.
        self._add_conditions()
        self.from_global = nn.Linear(config.global_dim, d)
        self.from_local = nn.Linear(config.local_dim, d)
        self.no_latent = nn.Parameter(torch.randn(d) * 0.02)
        self._add_trunk()
        # The common space of motion and lyrics.
        self.motion_key = nn.Linear(d, d)
        self.lyrics_key = nn.Linear(config.token_dim, d)

    def _pooled(self, features: Tensor) -> Tensor:
        """Trunk steps (B, 180 / patch, d) of the posterior's encoder."""
        x = self.motion_in(self._patches(features)) + self.encoder_place
        for block in self.encoder:
            x = block(x)
        return self.encoder_norm(x)

    def _posterior(self, pooled: Tensor) -> tuple[Tensor, Tensor]:
        whole = self.to_global(pooled.mean(1)).chunk(2, dim=-1)
        seconds = self.to_local(pooled.unflatten(1, (SECONDS, -1)).mean(2)).chunk(2, dim=-1)
        mean, log_variance = (torch.cat([a, b.flatten(1)], dim=-1) for a, b in zip(whole, seconds, strict=True))
        return mean.float(), log_variance.float().clamp(-10, 10)

    def posterior(self, batch: Batch) -> tuple[Tensor, Tensor]:
        return self._posterior(self._pooled(self.normalised(batch)))

    def decode(self, c: Conditions, z: Tensor, keep_music: Tensor, keep_lyrics: Tensor, keep_latent: Tensor) -> Tensor:
        """Normalised features (B, 180, 151), contacts as logits; ``keep_*`` (B,) are 1 where that input may be seen."""
        config = self.config
        whole, seconds = z[:, : config.global_dim], z[:, config.global_dim :].unflatten(-1, (SECONDS, -1))
        latent = self.from_global(whole)[:, None] + stretched(self.from_local(seconds), len(self.steps))
        known = keep_latent[:, None, None]
        x = self._conditioned(c, keep_music) + latent * known + self.no_latent * (1 - known)
        return self._through_trunk(x, c, keep_lyrics)

    def losses(self, batch: Batch, generator: torch.Generator, progress: float) -> dict[str, Tensor]:
        config, target = self.config, self.normalised(batch)
        pooled = self._pooled(target)
        mean, log_variance = self._posterior(pooled)
        z = mean + standard_normal(mean, generator) * torch.exp(log_variance / 2)
        keep_music, keep_lyrics, keep_latent = self._left_out(len(z), generator, z)
        found = self.decode(batch.conditions, z, keep_music, keep_lyrics, keep_latent)
        parts = self._motion_losses(found, target, batch.rest_joints, keep_latent)
        kl = gaussian_kl(mean, log_variance)
        parts["contrast"] = self.contrast(pooled, batch.conditions)
        penalty = kl.mean(0).clamp_min(config.free_bits).sum()
        rise = min(1.0, progress / config.kl_warmup) if config.kl_warmup else 1.0
        loss = self._motion_loss(parts) + config.contrast_weight * parts["contrast"] + rise * config.kl_weight * penalty
        return {"loss": loss, **parts, "kl": kl.sum(1).mean()}

    def _left_out(self, size: int, generator: torch.Generator, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """For each window whether music, lyrics and latent may be seen, (B,) of 1 and 0 each; all of them in tests."""
        chance = torch.rand(2, size, generator=generator, device=generator.device).to(like)
        if not self.training:
            return torch.ones_like(chance[0]), torch.ones_like(chance[0]), torch.ones_like(chance[0])
        return *self._keep_conditions(chance[0]), (chance[1] >= self.config.latent_dropout).to(like)

    def contrast(self, pooled: Tensor, c: Conditions) -> Tensor:
        """InfoNCE between motions and lyrics of the batch; pairs with almost the same text are not pushed apart."""
        motion, lyrics, texts = self._keys(pooled, c)
        sung = c.token_mask.any(1)
        if sung.sum() < 2:
            return 0.0 * (motion.sum() + lyrics.sum())  # with gradients: several GPUs wait for each parameter's
        motion, lyrics, texts = motion[sung], lyrics[sung], texts[sung]
        scores = motion @ lyrics.T / self.config.temperature
        near = (texts @ texts.T > self.config.same_text) & ~torch.eye(len(texts), dtype=torch.bool, device=texts.device)
        scores = scores.masked_fill(near, -1e4)
        own = torch.arange(len(scores), device=scores.device)
        return (cross_entropy(scores, own) + cross_entropy(scores.T, own)) / 2

    def _keys(self, pooled: Tensor, c: Conditions) -> tuple[Tensor, Tensor, Tensor]:
        """Unit vectors of motion, of lyrics, and of the lyrics' plain mean state, (B, d), (B, d), (B, D)."""
        count = c.token_mask.sum(1, keepdim=True).clamp_min(1)
        mean = (c.tokens * c.token_mask[..., None]).sum(1) / count
        motion, lyrics = self.motion_key(pooled.mean(1)), self.lyrics_key(mean)
        return normalize(motion.float(), dim=-1), normalize(lyrics.float(), dim=-1), normalize(mean.float(), dim=-1)

    def keys(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Where motions and lyrics lie in the common space, for retrieval; see :meth:`_keys`."""
        return self._keys(self._pooled(self.normalised(batch)), batch.conditions)

    def draw(self, starts: list[int], generator: torch.Generator) -> Tensor:
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
        values = self._guided(lambda music, lyrics: self.decode(conditions, z, music, lyrics, known), z, guidance)
        return self.to_motion(values, rest_joints)

    def predict(self, conditions: Conditions, rest_joints: Tensor, music: bool, lyrics: bool) -> MotionTensors:
        """The expected motion from the allowed conditions alone, without a latent: for tests of what they tell."""
        size = len(rest_joints)
        keep = [rest_joints.new_full((size,), float(flag)) for flag in (music, lyrics, False)]
        values = self.decode(conditions, rest_joints.new_zeros(size, self.latent_dim), *keep)
        return self.to_motion(values, rest_joints)
