"""V3: a Transformer CVAE that mends what the report names as future work (section 3.2.3).

- Motion in 6D rotations with the root's velocity along its heading (:mod:`model.heading`); separate heads for body,
  orientation, way and contacts on one trunk; losses on joints, their velocity and standing feet.
- Music enters frame by frame; lyrics by cross-attention over tokens that know when they are sung, with a learned
  preference for tokens near in time. No token is stretched over frames where it is not sung.
- Music and lyrics are each left out of some training windows, so that one training serves every ablation and guidance.
- The latent has a part for the window and one for each second. Its posterior sees the motion alone, it has free bits,
  and in some training windows it is left out: the model then has to predict from music and words.
- Motion and lyrics are also drawn together in a common space (InfoNCE), where near-equal lyrics are no opposites.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu, normalize

from justlmd import FPS, SEQUENCE_FRAMES
from justlmd.errors import InputError
from model.attention import attend
from model.data import Batch, Conditions, LyricsMusicDance, statistics
from model.heading import BODY, CONTACT, FEATURES, FEET, HEIGHT, ROOT, VELOCITY, decode_heading, encode_heading
from model.interface import DanceModel, gaussian_kl, standard_normal
from model.kinematics import forward_kinematics
from model.representation import MotionTensors
from model.sampling import chunks, real_motion

SECONDS = SEQUENCE_FRAMES // FPS
MUSIC = 128 + 4


@dataclass(frozen=True)
class DancerConfig:
    """Sizes, losses and what is left out in training."""

    d_model: int = 128
    n_heads: int = 4
    d_feedforward: int = 256
    encoder_layers: int = 2
    decoder_layers: int = 3
    patch: int = 3  # frames per step of the trunk
    token_dim: int = 384  # width of the text encoder's states
    global_dim: int = 64  # latent of the window
    local_dim: int = 32  # latent of each second
    kl_weight: float = 0.0002  # per nat and sample
    kl_warmup: float = 0.3  # share of the training in which the weight rises from 0
    free_bits: float = 0.1  # nat per dimension that cost nothing
    music_dropout: float = 0.1
    lyrics_dropout: float = 0.1
    both_dropout: float = 0.1
    latent_dropout: float = 0.25
    joints_weight: float = 1.0
    velocity_weight: float = 1.0
    acceleration_weight: float = 0.003
    contact_weight: float = 0.1
    standing_weight: float = 0.5
    energy_weight: float = 0.5
    contrast_weight: float = 0.02
    temperature: float = 0.1
    same_text: float = 0.8  # texts with a higher cosine are no opposites


class Attention(nn.Module):
    """Multi-head attention of (B, T, d) on itself or on a memory (B, S, d)."""

    def __init__(self, d_model: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.query, self.key_value = nn.Linear(d_model, d_model), nn.Linear(d_model, 2 * d_model)
        self.output = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor, memory: Tensor, bias: Tensor | None = None) -> Tensor:
        q, (k, v) = self.query(x), self.key_value(memory).chunk(2, dim=-1)
        q, k, v = (y.unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for y in (q, k, v))  # (B, heads, T, d / heads)
        return self.output(attend(q, k, v, bias).transpose(1, 2).flatten(-2))


class Block(nn.Module):
    """Pre-norm transformer block, with attention to lyrics if ``lyrics``."""

    def __init__(self, config: DancerConfig, lyrics: bool) -> None:
        super().__init__()
        d = config.d_model
        self.norm1, self.attention = nn.LayerNorm(d), Attention(d, config.n_heads)
        self.norm2 = nn.LayerNorm(d) if lyrics else None
        self.lyrics = Attention(d, config.n_heads) if lyrics else None
        self.norm3 = nn.LayerNorm(d)
        self.linear1, self.linear2 = nn.Linear(d, config.d_feedforward), nn.Linear(config.d_feedforward, d)

    def forward(self, x: Tensor, memory: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
        y = self.norm1(x)
        x = x + self.attention(y, y)
        if self.norm2 is not None and self.lyrics is not None and memory is not None:
            x = x + self.lyrics(self.norm2(x), memory, bias)
        return x + self.linear2(gelu(self.linear1(self.norm3(x))))


class LyricsMemory(nn.Module):
    """Tokens with their times as a memory, and how far each step of the trunk is from each token."""

    waves: Tensor

    def __init__(self, config: DancerConfig) -> None:
        super().__init__()
        self.register_buffer("waves", 2.0 ** torch.arange(-3, 4) * math.pi, persistent=False)
        self.state = nn.Linear(config.token_dim, config.d_model)
        self.time = nn.Linear(4 * len(self.waves), config.d_model)
        self.norm = nn.LayerNorm(config.d_model)
        self.null = nn.Parameter(torch.randn(config.d_model) * 0.02)
        # Each head starts with its own reach in seconds, from a syllable to a line.
        self.log_reach = nn.Parameter(torch.linspace(math.log(0.15), math.log(3.0), config.n_heads))

    def forward(self, c: Conditions, keep: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
        """Memory (B, 1 + L, d) and bias (B, heads, steps, 1 + L); the first entry is the null token, always there.

        ``keep`` (B,) says whether the lyrics may be seen, ``steps`` (T,) when the trunk's steps are, in seconds.
        """
        angles = c.token_times[..., None] * self.waves  # (B, L, 2, waves)
        places = torch.cat([angles.sin(), angles.cos()], dim=-1).flatten(-2)
        tokens = self.norm(self.state(c.tokens) + self.time(places))
        memory = torch.cat([self.null.to(tokens).expand(len(tokens), 1, -1), tokens], dim=1)
        start, end = c.token_times[:, None, :, 0], c.token_times[:, None, :, 1]
        now = steps[None, :, None]
        distance = torch.relu(start - now) + torch.relu(now - end)  # (B, T, L), 0 while the token is sung
        bias = -distance[:, None] / self.log_reach.exp()[None, :, None, None]
        hidden = ~(c.token_mask & (keep[:, None] > 0))
        bias = bias.masked_fill(hidden[:, None, None], -1e4)
        return memory, torch.cat([torch.zeros_like(bias[..., :1]), bias], dim=-1)


class Dancer(DanceModel):
    """The network with its normalisers, losses and sampling."""

    music_mean: Tensor
    music_std: Tensor
    motion_mean: Tensor
    motion_std: Tensor
    steps: Tensor

    def __init__(self, config: DancerConfig) -> None:
        super().__init__()
        if SEQUENCE_FRAMES % config.patch or FPS % config.patch:
            raise InputError(f"network.patch: {config.patch} must divide {FPS} and {SEQUENCE_FRAMES}")
        self.config, d, patch = config, config.d_model, config.patch
        self.latent_dim = config.global_dim + SECONDS * config.local_dim
        count = SEQUENCE_FRAMES // patch
        self.register_buffer("music_mean", torch.zeros(MUSIC))
        self.register_buffer("music_std", torch.ones(MUSIC))
        self.register_buffer("motion_mean", torch.zeros(FEATURES))
        self.register_buffer("motion_std", torch.ones(FEATURES))
        self.register_buffer("steps", (torch.arange(count) + 0.5) * patch / FPS, persistent=False)
        # The posterior of the latent: from the motion alone.
        self.motion_in = nn.Linear(patch * FEATURES, d)
        self.encoder_place = nn.Parameter(torch.randn(count, d) * 0.02)
        self.encoder = nn.ModuleList(Block(config, lyrics=False) for _ in range(config.encoder_layers))
        self.encoder_norm = nn.LayerNorm(d)
        self.to_global = nn.Linear(d, 2 * config.global_dim)
        self.to_local = nn.Linear(d, 2 * config.local_dim)
        # The trunk: from latent, music and lyrics to motion.
        self.place = nn.Parameter(torch.randn(count, d) * 0.02)
        self.music_in = nn.Linear(patch * MUSIC, d)
        self.no_music = nn.Parameter(torch.randn(d) * 0.02)
        self.lyrics_memory = LyricsMemory(config)
        self.from_global = nn.Linear(config.global_dim, d)
        self.from_local = nn.Linear(config.local_dim, d)
        self.no_latent = nn.Parameter(torch.randn(d) * 0.02)
        self.decoder = nn.ModuleList(Block(config, lyrics=True) for _ in range(config.decoder_layers))
        self.decoder_norm = nn.LayerNorm(d)
        # Frames lie on lines between the trunk's steps, which convolutions bend: nothing trembles from step to step.
        self.smooth = nn.ModuleList(nn.Conv1d(d, d, 5, padding=2) for _ in range(2))
        self.heads = nn.ModuleDict(
            {name: nn.Linear(d, size) for name, size in (("root", 6), ("body", 138), ("way", 3), ("contact", 4))}
        )
        # The common space of motion and lyrics.
        self.motion_key = nn.Linear(d, d)
        self.lyrics_key = nn.Linear(config.token_dim, d)

    def fit_normalisers(self, data: LyricsMusicDance) -> None:
        found = statistics(data)
        self.music_mean.copy_(torch.cat([found["log_mel_mean"], found["rhythm_mean"]]))
        self.music_std.copy_(torch.cat([found["log_mel_std"], found["rhythm_std"]]))
        features = torch.cat([encode_heading(real_motion(b), b.rest_joints) for b in chunks(data)]).flatten(0, 1)
        self.motion_mean.copy_(features.mean(0))
        for group in (ROOT, BODY, VELOCITY, HEIGHT):  # one scale per group keeps still joints from being blown up
            self.motion_std[group] = features[:, group].var(0).mean().sqrt().clamp_min(1e-3)
        self.motion_mean[CONTACT] = 0.0

    def normalised(self, batch: Batch) -> Tensor:
        """Motion of a batch as normalised features (B, 180, 151); contacts stay 0 or 1."""
        return (encode_heading(real_motion(batch), batch.rest_joints) - self.motion_mean) / self.motion_std

    def _pooled(self, features: Tensor) -> Tensor:
        """Trunk steps (B, 180 / patch, d) of the posterior's encoder."""
        x = self.motion_in(features.unflatten(1, (-1, self.config.patch)).flatten(-2)) + self.encoder_place
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
        music = (torch.cat([c.log_mel, c.rhythm], dim=-1) - self.music_mean) / self.music_std
        heard = (keep_music * c.has_music)[:, None, None]
        music = self.music_in(music.unflatten(1, (-1, config.patch)).flatten(-2)) * heard + self.no_music * (1 - heard)
        whole, seconds = z[:, : config.global_dim], z[:, config.global_dim :].unflatten(-1, (SECONDS, -1))
        latent = self.from_global(whole)[:, None] + _stretched(self.from_local(seconds), len(self.steps))
        known = keep_latent[:, None, None]
        x = self.place + music + latent * known + self.no_latent * (1 - known)
        memory, bias = self.lyrics_memory(c, keep_lyrics, self.steps)
        for block in self.decoder:
            x = block(x, memory, bias)
        frames = _stretched(self.decoder_norm(x), SEQUENCE_FRAMES).transpose(1, 2)  # (B, d, 180)
        for smooth in self.smooth:
            frames = frames + gelu(smooth(frames))
        frames = frames.transpose(1, 2)
        return torch.cat([head(frames) for head in self.heads.values()], dim=-1).float()

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
        weights = {
            "features": 1.0,
            "joints": config.joints_weight,
            "velocity": config.velocity_weight,
            "acceleration": config.acceleration_weight,
            "contact": config.contact_weight,
            "standing": config.standing_weight,
            "energy": config.energy_weight,
            "contrast": config.contrast_weight,
        }
        loss = sum(weight * parts[name] for name, weight in weights.items()) + rise * config.kl_weight * penalty
        return {"loss": torch.as_tensor(loss), **parts, "kl": kl.sum(1).mean()}

    def _left_out(self, size: int, generator: torch.Generator, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """For each window whether music, lyrics and latent may be seen, (B,) of 1 and 0 each; all of them in tests."""
        config = self.config
        chance = torch.rand(2, size, generator=generator, device=generator.device).to(like)
        if not self.training:
            return torch.ones_like(chance[0]), torch.ones_like(chance[0]), torch.ones_like(chance[0])
        no_music = chance[0] < config.music_dropout + config.both_dropout
        no_lyrics = (chance[0] >= config.music_dropout) & (
            chance[0] < config.music_dropout + config.both_dropout + config.lyrics_dropout
        )
        return (~no_music).to(like), (~no_lyrics).to(like), (chance[1] >= config.latent_dropout).to(like)

    def _motion_losses(self, found: Tensor, target: Tensor, rest_joints: Tensor, keep: Tensor) -> dict[str, Tensor]:
        """Mean squared errors of features, joints (m), their velocity and acceleration, contacts, slipping of feet."""
        moving = slice(0, CONTACT.start)
        truth, logits = target[..., CONTACT], found[..., CONTACT]
        own, real = (self._joints(values, rest_joints) for values in (found, target))
        speed, real_speed = torch.diff(own, dim=1) * FPS, torch.diff(real, dim=1) * FPS
        standing = torch.sigmoid(logits.detach()[:, 1:])
        feet = speed[:, :, FEET]
        return {
            "features": nn.functional.mse_loss(found[..., moving], target[..., moving]),
            "joints": 10 * nn.functional.mse_loss(own, real),
            "velocity": nn.functional.mse_loss(speed, real_speed),
            "acceleration": nn.functional.mse_loss(speed.diff(dim=1) * FPS, real_speed.diff(dim=1) * FPS),
            "contact": nn.functional.binary_cross_entropy_with_logits(logits, truth),
            "standing": (feet.square().sum(-1) * standing).mean(),
            "energy": _energy_error(speed, real_speed, keep),
        }

    def _joints(self, values: Tensor, rest_joints: Tensor) -> Tensor:
        motion = decode_heading(values * self.motion_std + self.motion_mean, rest_joints)
        return forward_kinematics(motion.rotations, motion.transl, rest_joints[:, None])

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
        ones, zeros = z.new_ones(len(z)), z.new_zeros(len(z))
        values = self.decode(conditions, z, ones, ones, ones)
        music, lyrics = guidance
        if guidance != (1.0, 1.0):
            nothing = self.decode(conditions, z, zeros, zeros, ones)
            heard = self.decode(conditions, z, ones, zeros, ones)
            values = nothing + music * (heard - nothing) + lyrics * (values - heard)
        return decode_heading(values * self.motion_std + self.motion_mean, rest_joints)

    def predict(self, conditions: Conditions, rest_joints: Tensor, music: bool, lyrics: bool) -> MotionTensors:
        """The expected motion from the allowed conditions alone, without a latent: for tests of what they tell."""
        size = len(rest_joints)
        keep = [rest_joints.new_full((size,), float(flag)) for flag in (music, lyrics, False)]
        values = self.decode(conditions, rest_joints.new_zeros(size, self.latent_dim), *keep)
        return decode_heading(values * self.motion_std + self.motion_mean, rest_joints)


def _energy_error(speed: Tensor, real: Tensor, keep: Tensor) -> Tensor:
    """How far each joint's mean speed and jerk in each second are from the real ones, relative to the batch's mean.

    A squared error makes uncertain movements small; this does not care when exactly a joint moves, but how much.
    """
    total = speed.new_zeros(())
    for order in (0, 2):
        own, true = (torch.sqrt(v.diff(n=order, dim=1).square().sum(-1) + 1e-6).transpose(1, 2) for v in (speed, real))
        own, true = (nn.functional.avg_pool1d(e, FPS) for e in (own, true))
        total = total + (((own - true) / true.mean()).square().mean((1, 2)) * keep).mean()
    return total


def _stretched(values: Tensor, steps: int) -> Tensor:
    """Values of intervals of equal length (B, S, d) to (B, steps, d), linear between the intervals' middles."""
    return nn.functional.interpolate(values.transpose(1, 2), steps, mode="linear").transpose(1, 2)
