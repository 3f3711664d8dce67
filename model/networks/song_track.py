"""A song step by step, as V5 sees it: sound, place in the beat and the bar, and words where they are sung.

Everything is put beside the step in which it is heard, whatever the number of steps: a network that knows six seconds
or twenty reads whole songs. Sound, metre and words may each be left out.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from justlmd.core.clock import FPS
from model.data import Conditions, LyricsMusicDance, statistics
from model.networks.conditions import patched

LOUDNESS, METRE = 128 + 1, 3 + 2
"""Numbers per frame: log-mel bands and onsets; beats, phase of the beat and phase of the bar."""

WORD = 64  # numbers to which a state of the text encoder is brought: the fewer, the less is learned by heart


class ConvBlock(nn.Module):
    """A residual convolution over three steps (B, S, d), ``dilation`` apart."""

    def __init__(self, d_model: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(d_model)
        self.conv = nn.Conv1d(d_model, d_model, 3, padding=dilation, dilation=dilation)
        self.output = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.output(gelu(self.conv(self.norm(x).transpose(1, 2)).transpose(1, 2)))


class SongTrack(nn.Module):
    """Conditions of any length to steps (B, T / patch, d)."""

    mean: Tensor
    std: Tensor

    def __init__(self, d_model: int, patch: int, token_dim: int, learned_dim: int) -> None:
        super().__init__()
        self.patch, self.learned_dim = patch, learned_dim
        sound = LOUDNESS + learned_dim
        self.register_buffer("mean", torch.zeros(sound))
        self.register_buffer("std", torch.ones(sound))
        self.sound_in = nn.Linear(patch * sound, d_model)
        self.metre_in = nn.Linear(patch * METRE, d_model)
        self.word = nn.Sequential(nn.Linear(token_dim, WORD), nn.LayerNorm(WORD))
        self.words_in = nn.Linear(2 * WORD + 2, d_model)
        self.missing = nn.Parameter(torch.randn(3, d_model) * 0.02)
        self.mirrored = nn.Parameter(torch.randn(d_model) * 0.5)  # as loud as what it is added to
        self.around = nn.Sequential(ConvBlock(d_model, 1), ConvBlock(d_model, 2))

    def fit(self, data: LyricsMusicDance) -> None:
        """Take mean and std of the sound from the training split."""
        found = statistics(data)
        for kind, buffer in (("mean", self.mean), ("std", self.std)):
            parts = [found[f"log_mel_{kind}"], found[f"rhythm_{kind}"][:1], found[f"learned_{kind}"]]
            buffer.copy_(torch.cat(parts)[: len(buffer)])

    def forward(self, c: Conditions, keep: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Steps (B, T / patch, d); ``keep`` are (B,) 1 where sound, metre and words may be seen."""
        sound, metre = [c.log_mel, c.rhythm[..., :1]], torch.cat([c.rhythm[..., 1:], c.bar], dim=-1)
        if self.learned_dim:
            sound.append(c.learned)
        heard = (torch.cat(sound, dim=-1) - self.mean) / self.std
        parts = [
            self.sound_in(patched(heard, self.patch)),
            self.metre_in(patched(metre, self.patch)),
            self.words_in(self.words(c, heard.shape[1] // self.patch)),
        ]
        flags = [keep[0] * c.has_music, keep[1] * c.has_music, keep[2] * c.token_mask.any(1).to(keep[2])]
        steps = self.mirrored * c.mirrored[:, None, None]
        for part, flag, missing in zip(parts, flags, self.missing, strict=True):
            known = flag[:, None, None]
            steps = steps + part * known + missing * (1 - known)
        return self.around(steps)

    def words(self, c: Conditions, steps: int) -> Tensor:
        """What is sung in each step and what begins there, (B, steps, 2 WORD + 2), with how much of it there is.

        A word that begins between the middles of two steps counts for both, for the nearer one more: together they
        say when.
        """
        middle = (torch.arange(steps, device=c.tokens.device) + 0.5)[None, :, None]
        start, end = (c.token_times[:, None, :, side] * (FPS / self.patch) for side in (0, 1))
        begins = torch.relu(1 - (middle - start).abs())
        sung = (torch.minimum(end, middle + 0.5) - torch.maximum(start, middle - 0.5)).clamp(0, 1)
        weights = torch.cat([begins, sung], dim=1) * c.token_mask[:, None]  # (B, 2 steps, L)
        total = weights.sum(-1, keepdim=True)
        mixed = weights.to(c.tokens) @ self.word(c.tokens) / total.clamp_min(1.0)
        begun, now = torch.cat([mixed, total.to(mixed)], dim=-1).chunk(2, dim=1)
        return torch.cat([begun, now], dim=-1)
