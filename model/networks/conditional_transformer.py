"""The transformer and the heads that V3 and V4 share: steps with music and a memory of lyrics in, features out."""

from torch import Tensor, nn
from torch.nn.functional import gelu, interpolate

from justlmd.core.clock import SEQUENCE_FRAMES
from model.configuration import BackboneConfig
from model.networks.attention import Block
from model.networks.heading_features import FEATURES


class Backbone(nn.Module):
    """Pre-norm transformer over (B, steps, d) that attends to a memory (B, S, d)."""

    def __init__(self, config: BackboneConfig) -> None:
        super().__init__()
        sizes = (config.d_model, config.n_heads, config.d_feedforward)
        self.blocks = nn.ModuleList(Block(*sizes, cross=True) for _ in range(config.decoder_layers))
        self.norm = nn.LayerNorm(config.d_model)

    def forward(self, x: Tensor, memory: Tensor, bias: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x, memory, bias)
        return self.norm(x)


class MotionHeads(nn.Module):
    """Steps of the backbone (B, S, d) to normalised features (B, T, 151), contacts as logits."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        # Frames lie on lines between the backbone's steps, which convolutions bend: nothing jitters from step to step.
        self.smooth = nn.ModuleList(nn.Conv1d(d_model, d_model, 5, padding=2) for _ in range(2))
        self.output = nn.Linear(d_model, FEATURES)  # the heads of root, body, velocity, height and contacts in one

    def forward(self, x: Tensor, frames: int = SEQUENCE_FRAMES) -> Tensor:
        values = stretched(x, frames).transpose(1, 2)  # (B, d, T)
        for smooth in self.smooth:
            values = values + gelu(smooth(values))
        return self.output(values.transpose(1, 2)).float()


def stretched(values: Tensor, steps: int) -> Tensor:
    """Values of intervals of equal length (B, S, d) to (B, steps, d), linear between the intervals' middles."""
    return interpolate(values.transpose(1, 2), steps, mode="linear").transpose(1, 2)
