"""What models in the space of :mod:`model.networks.heading_features` share: normalisers, conditions that may be left
out, trunk, losses.

Music enters frame by frame; lyrics by cross-attention over tokens that know when they are sung, with a learned
preference for tokens near in time. No token is stretched over frames where it is not sung.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from justlmd import FPS, SEQUENCE_FRAMES
from justlmd.body.torch_kinematics import forward_kinematics
from justlmd.core.errors import InputError
from model.data import Batch, Conditions, LyricsMusicDance, statistics
from model.networks.attention import attend
from model.networks.base import DanceModel
from model.networks.heading_features import (
    BODY,
    CONTACT,
    FEATURES,
    FEET,
    HEIGHT,
    ROOT,
    VELOCITY,
    decode_heading,
    encode_heading,
)
from model.networks.layouts import MotionTensors
from model.networks.windows import chunks, real_motion

MUSIC = 128 + 4
MOVING = slice(0, CONTACT.start)
"""Places of the features that make the motion; the contacts beside them only serve the losses."""


@dataclass(frozen=True)
class TrunkConfig:
    """Sizes, which conditions are left out in training, and weights of the losses on motion."""

    d_model: int = 128
    n_heads: int = 4
    d_feedforward: int = 256
    decoder_layers: int = 3
    patch: int = 3  # frames per step of the trunk
    token_dim: int = 384  # width of the text encoder's states
    music_dropout: float = 0.1
    lyrics_dropout: float = 0.1
    both_dropout: float = 0.1
    joints_weight: float = 1.0
    velocity_weight: float = 1.0
    acceleration_weight: float = 0.003
    contact_weight: float = 0.1
    standing_weight: float = 0.5
    energy_weight: float = 0.5


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

    def __init__(self, config: TrunkConfig, lyrics: bool) -> None:
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

    def __init__(self, config: TrunkConfig) -> None:
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


class TrunkModel(DanceModel):
    """Normalisers, trunk and losses on motion; a model adds what it feeds the trunk besides music and lyrics."""

    config: TrunkConfig
    music_mean: Tensor
    music_std: Tensor
    motion_mean: Tensor
    motion_std: Tensor
    steps: Tensor

    def __init__(self, config: TrunkConfig) -> None:
        super().__init__()
        if SEQUENCE_FRAMES % config.patch or FPS % config.patch:
            raise InputError(f"{config.patch} must divide {FPS} and {SEQUENCE_FRAMES}", where="network.patch")
        self.config = config
        self.register_buffer("music_mean", torch.zeros(MUSIC))
        self.register_buffer("music_std", torch.ones(MUSIC))
        self.register_buffer("motion_mean", torch.zeros(FEATURES))
        self.register_buffer("motion_std", torch.ones(FEATURES))
        steps = (torch.arange(SEQUENCE_FRAMES // config.patch) + 0.5) * config.patch / FPS
        self.register_buffer("steps", steps, persistent=False)

    def _add_conditions(self) -> None:
        """Make the layers of :meth:`_conditioned`. Layers are made in two calls: a model's own may lie between them."""
        d = self.config.d_model
        self.place = nn.Parameter(torch.randn(len(self.steps), d) * 0.02)
        self.music_in = nn.Linear(self.config.patch * MUSIC, d)
        self.no_music = nn.Parameter(torch.randn(d) * 0.02)
        self.lyrics_memory = LyricsMemory(self.config)

    def _add_trunk(self) -> None:
        """Make the layers of :meth:`_through_trunk`."""
        d = self.config.d_model
        self.decoder = nn.ModuleList(Block(self.config, lyrics=True) for _ in range(self.config.decoder_layers))
        self.decoder_norm = nn.LayerNorm(d)
        # Frames lie on lines between the trunk's steps, which convolutions bend: nothing trembles from step to step.
        self.smooth = nn.ModuleList(nn.Conv1d(d, d, 5, padding=2) for _ in range(2))
        self.heads = nn.ModuleDict(
            {name: nn.Linear(d, size) for name, size in (("root", 6), ("body", 138), ("way", 3), ("contact", 4))}
        )

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

    def to_motion(self, values: Tensor, rest_joints: Tensor) -> MotionTensors:
        """Normalised features (B, 180, 147 or more) of bodies with rest joints (B, 24, 3) to motion."""
        own = values[..., MOVING] * self.motion_std[MOVING] + self.motion_mean[MOVING]
        return decode_heading(own, rest_joints)

    def _patches(self, frames: Tensor) -> Tensor:
        """Frames (B, 180, F) as steps of the trunk (B, 180 / patch, patch F)."""
        return frames.unflatten(1, (-1, self.config.patch)).flatten(-2)

    def _conditioned(self, c: Conditions, keep_music: Tensor) -> Tensor:
        """Steps of the trunk (B, 180 / patch, d): their places, and the music where ``keep_music`` (B,) is 1."""
        music = (torch.cat([c.log_mel, c.rhythm], dim=-1) - self.music_mean) / self.music_std
        heard = (keep_music * c.has_music)[:, None, None]
        music = self.music_in(self._patches(music)) * heard + self.no_music * (1 - heard)
        return self.place + music

    def _through_trunk(self, x: Tensor, c: Conditions, keep_lyrics: Tensor) -> Tensor:
        """Steps (B, 180 / patch, d) to normalised features (B, 180, 151), contacts as logits.

        The lyrics are seen where ``keep_lyrics`` (B,) is 1.
        """
        memory, bias = self.lyrics_memory(c, keep_lyrics, self.steps)
        for block in self.decoder:
            x = block(x, memory, bias)
        frames = stretched(self.decoder_norm(x), SEQUENCE_FRAMES).transpose(1, 2)  # (B, d, 180)
        for smooth in self.smooth:
            frames = frames + gelu(smooth(frames))
        frames = frames.transpose(1, 2)
        return torch.cat([head(frames) for head in self.heads.values()], dim=-1).float()

    def _keep_conditions(self, chance: Tensor) -> tuple[Tensor, Tensor]:
        """Whether music and lyrics may be seen, (B,) of 1 and 0 each, by a ``chance`` (B,) of 0 to 1 per window."""
        config = self.config
        no_music = chance < config.music_dropout + config.both_dropout
        no_lyrics = (chance >= config.music_dropout) & (
            chance < config.music_dropout + config.both_dropout + config.lyrics_dropout
        )
        return (~no_music).to(chance), (~no_lyrics).to(chance)

    def _motion_losses(self, found: Tensor, target: Tensor, rest_joints: Tensor, keep: Tensor) -> dict[str, Tensor]:
        """Mean squared errors of features, joints (m), their velocity and acceleration, contacts, slipping of feet.

        ``found``, ``target`` (B, 180, 151) normalised, contacts of ``found`` as logits; ``keep`` (B,) weighs energy.
        """
        truth, logits = target[..., CONTACT], found[..., CONTACT]
        own, real = (self._joints(values, rest_joints) for values in (found, target))
        speed, real_speed = torch.diff(own, dim=1) * FPS, torch.diff(real, dim=1) * FPS
        standing = torch.sigmoid(logits.detach()[:, 1:])
        feet = speed[:, :, FEET]
        return {
            "features": nn.functional.mse_loss(found[..., MOVING], target[..., MOVING]),
            "joints": 10 * nn.functional.mse_loss(own, real),
            "velocity": nn.functional.mse_loss(speed, real_speed),
            "acceleration": nn.functional.mse_loss(speed.diff(dim=1) * FPS, real_speed.diff(dim=1) * FPS),
            "contact": nn.functional.binary_cross_entropy_with_logits(logits, truth),
            "standing": (feet.square().sum(-1) * standing).mean(),
            "energy": energy_error(speed, real_speed, keep),
        }

    def _joints(self, values: Tensor, rest_joints: Tensor) -> Tensor:
        motion = self.to_motion(values, rest_joints)
        return forward_kinematics(motion.rotations, motion.transl, rest_joints[:, None])

    def _motion_loss(self, parts: dict[str, Tensor]) -> Tensor:
        """Weighted sum of what :meth:`_motion_losses` found."""
        config = self.config
        weights = {
            "features": 1.0,
            "joints": config.joints_weight,
            "velocity": config.velocity_weight,
            "acceleration": config.acceleration_weight,
            "contact": config.contact_weight,
            "standing": config.standing_weight,
            "energy": config.energy_weight,
        }
        return torch.as_tensor(sum(weight * parts[name] for name, weight in weights.items()))

    @staticmethod
    def _guided(decode: Callable[[Tensor, Tensor], Tensor], like: Tensor, guidance: tuple[float, float]) -> Tensor:
        """``decode(keep_music, keep_lyrics)`` with what music and what lyrics change exaggerated; 1 is as learned.

        Classifier-free guidance (Ho & Salimans 2022) with one weight per condition (Brooks et al. 2023, equation 3).
        """
        ones, zeros = like.new_ones(len(like)), like.new_zeros(len(like))
        values = decode(ones, ones)
        if guidance == (1.0, 1.0):
            return values
        music, lyrics = guidance
        nothing, heard = decode(zeros, zeros), decode(ones, zeros)
        return nothing + music * (heard - nothing) + lyrics * (values - heard)

    def predict(self, conditions: Conditions, rest_joints: Tensor, music: bool, lyrics: bool) -> MotionTensors:
        """The expected motion from the allowed conditions alone: for tests of what they tell."""
        raise NotImplementedError

    def keys(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor] | None:
        """Unit vectors of the batch's motions and lyrics in a common space, and of the lyrics' texts; None without."""
        return None


def energy_error(speed: Tensor, real: Tensor, keep: Tensor) -> Tensor:
    """How far each joint's mean speed and jerk in each second are from the real ones, relative to the batch's mean.

    A squared error makes uncertain movements small; this does not care when exactly a joint moves, but how much.
    """
    total = speed.new_zeros(())
    for order in (0, 2):
        own, true = (torch.sqrt(v.diff(n=order, dim=1).square().sum(-1) + 1e-6).transpose(1, 2) for v in (speed, real))
        own, true = (nn.functional.avg_pool1d(e, FPS) for e in (own, true))
        total = total + (((own - true) / true.mean()).square().mean((1, 2)) * keep).mean()
    return total


def stretched(values: Tensor, steps: int) -> Tensor:
    """Values of intervals of equal length (B, S, d) to (B, steps, d), linear between the intervals' middles."""
    return nn.functional.interpolate(values.transpose(1, 2), steps, mode="linear").transpose(1, 2)
