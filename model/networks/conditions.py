"""Music and lyrics as V3 and V4 see them, each of which may be left out.

Music enters frame by frame; lyrics are time-stamped tokens for cross-attention, with a learned preference for tokens
near in time. No token is stretched over frames where it is not sung.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from model.data import Conditions, LyricsMusicDance, statistics

MEL, RHYTHM, BAR = 128, 4, 2
"""Numbers per frame: log-mel bands; onsets, beats and phase of the beat; phase of the bar."""


class LyricsMemory(nn.Module):
    """Time-stamped lyric tokens as a memory, and how far each step of the backbone is from each token."""

    waves: Tensor

    def __init__(self, d_model: int, n_heads: int, token_dim: int) -> None:
        super().__init__()
        self.register_buffer("waves", 2.0 ** torch.arange(-3, 4) * math.pi, persistent=False)
        self.state = nn.Linear(token_dim, d_model)
        self.time = nn.Linear(4 * len(self.waves), d_model)
        self.norm = nn.LayerNorm(d_model)
        self.null = nn.Parameter(torch.randn(d_model) * 0.02)
        # Each head starts with its own reach in seconds, from a syllable to a line.
        self.log_reach = nn.Parameter(torch.linspace(math.log(0.15), math.log(3.0), n_heads))

    def forward(self, c: Conditions, keep: Tensor, steps_s: Tensor) -> tuple[Tensor, Tensor]:
        """Memory (B, 1 + L, d) and bias (B, heads, steps, 1 + L); the first entry is the null token, always there.

        ``keep`` (B,) says whether the lyrics may be seen, ``steps_s`` (T,) when the backbone's steps are, in seconds.
        """
        angles = c.token_times[..., None] * self.waves  # (B, L, 2, waves)
        times = torch.cat([angles.sin(), angles.cos()], dim=-1).flatten(-2)
        tokens = self.norm(self.state(c.tokens) + self.time(times))
        memory = torch.cat([self.null.to(tokens).expand(len(tokens), 1, -1), tokens], dim=1)
        start, end = c.token_times[:, None, :, 0], c.token_times[:, None, :, 1]
        now = steps_s[None, :, None]
        distance = torch.relu(start - now) + torch.relu(now - end)  # (B, T, L), 0 while the token is sung
        bias = -distance[:, None] / self.log_reach.exp()[None, :, None, None]
        hidden = ~(c.token_mask & (keep[:, None] > 0))
        bias = bias.masked_fill(hidden[:, None, None], -1e4)
        return memory, torch.cat([torch.zeros_like(bias[..., :1]), bias], dim=-1)


class ConditionEncoder(nn.Module):
    """Music and lyrics of a window to the backbone's steps and the memory beside them."""

    music_mean: Tensor
    music_std: Tensor
    steps_s: Tensor

    def __init__(self, d_model: int, n_heads: int, patch: int, token_dim: int, bar: bool) -> None:
        super().__init__()
        self.patch, self.music = patch, MEL + RHYTHM + BAR * bar
        self.register_buffer("music_mean", torch.zeros(self.music))
        self.register_buffer("music_std", torch.ones(self.music))
        steps_s = (torch.arange(SEQUENCE_FRAMES // patch) + 0.5) * patch / FPS
        self.register_buffer("steps_s", steps_s, persistent=False)
        self.position = nn.Parameter(torch.randn(len(steps_s), d_model) * 0.02)
        self.music_in = nn.Linear(patch * self.music, d_model)
        self.no_music = nn.Parameter(torch.randn(d_model) * 0.02)
        self.mirrored = nn.Parameter(torch.randn(d_model) * 0.5)  # as loud as what it is added to
        self.lyrics = LyricsMemory(d_model, n_heads, token_dim)

    def fit(self, data: LyricsMusicDance) -> None:
        """Take mean and std of the music from the training split."""
        fit_music(self.music_mean, self.music_std, data)

    def forward(self, c: Conditions, keep_music: Tensor, keep_lyrics: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Steps (B, 180 / patch, d) with position and music, memory (B, 1 + L, d) and its bias; see
        :class:`LyricsMemory`.

        Music and lyrics are seen where ``keep_*`` (B,) is 1.
        """
        music = normalised_music(c, self.music_mean, self.music_std)
        heard = (keep_music * c.has_music)[:, None, None]
        music = self.music_in(patched(music, self.patch)) * heard + self.no_music * (1 - heard)
        steps = self.position + music + self.mirrored * c.mirrored[:, None, None]
        return steps, *self.lyrics(c, keep_lyrics, self.steps_s)


def fit_music(mean: Tensor, std: Tensor, data: LyricsMusicDance) -> None:
    """Take mean and std (F,) of as much music as there is room for: mel bands, rhythm, bar."""
    found = statistics(data)
    for kind, buffer, bar in (("mean", mean, 0.0), ("std", std, 1.0)):
        parts = [found[f"log_mel_{kind}"], found[f"rhythm_{kind}"], torch.full((BAR,), bar)]
        buffer.copy_(torch.cat(parts)[: len(buffer)])


def normalised_music(c: Conditions, mean: Tensor, std: Tensor) -> Tensor:
    """Music (B, T, F), as much of it as ``mean`` and ``std`` (F,) are for: mel bands, rhythm, bar."""
    return (torch.cat([c.log_mel, c.rhythm, c.bar], dim=-1)[..., : len(mean)] - mean) / std


def patched(frames: Tensor, patch: int) -> Tensor:
    """Frames (B, 180, F) as steps of the backbone (B, 180 / patch, patch F)."""
    return frames.unflatten(1, (-1, patch)).flatten(-2)


def kept_conditions(noise: Tensor, no_music: float, no_lyrics: float, neither: float) -> tuple[Tensor, Tensor]:
    """Whether music and lyrics may be seen, (B,) of 1 and 0 each, by ``noise`` (B,), uniform from 0 to 1.

    The shares of windows that go without music, without lyrics and without both are disjoint.
    """
    hide_music = noise < no_music + neither
    hide_lyrics = (noise >= no_music) & (noise < no_music + neither + no_lyrics)
    return (~hide_music).to(noise), (~hide_lyrics).to(noise)


def guided(decode: Callable[[Tensor, Tensor], Tensor], like: Tensor, guidance: tuple[float, float]) -> Tensor:
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
