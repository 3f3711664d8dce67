"""V2: the Transformer CVAE of the report (section 3.2.2, figure 3.8), a re-implementation.

Encoder: each frame's motion and condition are one token; a post-norm transformer; a linear map over TIME gives mean and
log-variance of one latent vector. Decoder: the latent is one more time step in front of the condition; a linear map
over TIME turns the 181 steps into the memory that zero queries with a position code attend to. The loss is the mean
squared error of raw values plus KL summed over the batch.

Its two defects can be mended one at a time: ``kl: per_sample`` with ``free_bits`` (the batch sum lets the posterior
collapse) and ``layout: sixd`` (the camera's axis-angle root flips sign). Everything else stays as it was run.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, mse_loss

from justlmd.core.clock import SEQUENCE_FRAMES
from model.configuration import TransformerCVAEConfig
from model.data import Batch, Conditions, LyricsMusicDance
from model.networks.attention import Attention, Dropout
from model.networks.base import DanceModel, gaussian_kl, refuse_guidance, standard_normal
from model.networks.conditions import BAR, RHYTHM, fit_music, normalised_music
from model.networks.layouts import FEATURES, MotionTensors, decode, encode


class Layer(nn.Module):
    """Post-norm transformer layer; with ``cross`` it also attends to a memory (a decoder layer)."""

    def __init__(self, config: TransformerCVAEConfig, cross: bool) -> None:
        super().__init__()
        d = config.d_model
        self.self_attention = Attention(d, config.n_heads, config.dropout)
        self.cross_attention = Attention(d, config.n_heads, config.dropout) if cross else None
        self.linear1 = nn.Linear(d, config.d_feedforward)
        self.linear2 = nn.Linear(config.d_feedforward, d)
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(3 if cross else 2))
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Tensor, memory: Tensor | None = None) -> Tensor:
        x = self.norms[0](x + self.dropout(self.self_attention(x)))
        if self.cross_attention is not None:
            x = self.norms[1](x + self.dropout(self.cross_attention(x, memory)))
        hidden = self.linear2(self.dropout(gelu(self.linear1(x))))
        return self.norms[-1](x + self.dropout(hidden))


def music_width(config: TransformerCVAEConfig) -> int:
    """Numbers of music per frame."""
    return config.music_dim + (RHYTHM + BAR) * config.rhythm


def position_code(length: int, d_model: int) -> Tensor:
    """Sines and cosines of the position, (length, d_model)."""
    position = torch.arange(length)[:, None]
    rate = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
    code = torch.zeros(length, d_model)
    code[:, 0::2] = torch.sin(position * rate)
    code[:, 1::2] = torch.cos(position * rate)
    return code


class Encoder(nn.Module):
    """Motion (B, 180, features) and condition (B, 180, c) to mean and log-variance (B, d)."""

    code: Tensor

    def __init__(self, config: TransformerCVAEConfig, code: Tensor) -> None:
        super().__init__()
        condition = music_width(config) + config.lyrics_dim
        self.embedding = nn.Linear(condition + FEATURES[config.layout], config.d_model)
        self.layers = nn.ModuleList(Layer(config, cross=False) for _ in range(config.n_layers))
        self.over_time = nn.Linear(len(code), 2)
        self.dropout = Dropout(config.dropout)
        self.register_buffer("code", code, persistent=False)
        if config.unused_parameters:
            self.mu_query = nn.Parameter(torch.randn(condition, config.d_model))
            self.sigma_query = nn.Parameter(torch.randn(condition, config.d_model))

    def forward(self, motion: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        x = self.dropout(self.embedding(torch.cat([condition, motion], dim=-1)) + self.code)
        for layer in self.layers:
            x = layer(x)
        mean, log_variance = self.over_time(x.transpose(1, 2)).unbind(-1)
        return mean, log_variance


class Decoder(nn.Module):
    """Latent (B, d) and condition (B, 180, c) to motion (B, 180, features)."""

    code: Tensor

    def __init__(self, config: TransformerCVAEConfig, code: Tensor) -> None:
        super().__init__()
        condition = music_width(config) + config.lyrics_dim
        self.embedding = nn.Linear(condition, config.d_model)
        self.over_time = nn.Linear(len(code) + 1, len(code))
        self.layers = nn.ModuleList(Layer(config, cross=True) for _ in range(config.n_layers))
        self.output = nn.Linear(config.d_model, FEATURES[config.layout])
        self.dropout = Dropout(config.dropout)
        self.register_buffer("code", code, persistent=False)
        if config.unused_parameters:
            self.action_biases = nn.Parameter(torch.randn(condition, config.d_model))

    def forward(self, z: Tensor, condition: Tensor) -> Tensor:
        steps = torch.cat([z[:, None], self.embedding(condition)], dim=1)  # (B, 181, d)
        memory = self.over_time(steps.transpose(1, 2)).transpose(1, 2)  # (B, 180, d)
        # Without dropout all windows' queries stay equal up to the first look at the memory, so one row stands for all.
        rows = len(z) if self.training and self.dropout.p else 1
        x = self.dropout(self.code.expand(rows, -1, -1))
        for layer in self.layers:
            x = layer(x, memory)
        return self.output(x)


class TransformerCVAE(DanceModel):
    """The network with what surrounds it: conditions, normalisation of the music, losses and sampling."""

    music_mean: Tensor
    music_std: Tensor

    def __init__(self, config: TransformerCVAEConfig) -> None:
        super().__init__()
        self.config, self.latent_dim = config, config.d_model
        code = position_code(SEQUENCE_FRAMES, config.d_model)
        self.encoder = Encoder(config, code)
        self.decoder = Decoder(config, code)
        self.lyrics_projection = nn.Linear(config.token_dim, config.lyrics_dim)
        self.register_buffer("music_mean", torch.zeros(music_width(config)))
        self.register_buffer("music_std", torch.ones(music_width(config)))

    def fit_normalisers(self, data: LyricsMusicDance) -> None:
        fit_music(self.music_mean, self.music_std, data)

    def condition(self, conditions: Conditions) -> Tensor:
        """Music and lyrics side by side per frame, (B, 180, music + lyrics); what is missing is 0.

        As in the report the token states are stretched evenly over the 180 frames: "a false alignment", but the
        projection is learned, where the original drew a new random one for every sequence.
        """
        music = normalised_music(conditions, self.music_mean, self.music_std)
        music = music * conditions.has_music[:, None, None]
        lyrics = stretched_tokens(self.lyrics_projection(conditions.tokens), conditions.token_mask, music.shape[1])
        return torch.cat([music, lyrics], dim=-1)

    def losses(self, batch: Batch, generator: torch.Generator, progress: float) -> dict[str, Tensor]:
        config, motion = self.config, self.encode_motion(batch)
        condition = self.condition(batch.conditions)
        mean, log_variance = (x.float() for x in self.encoder(motion, condition))
        z = mean + standard_normal(mean, generator) * torch.exp(log_variance / 2)
        predicted = self.decoder(z, condition)
        mse = mse_loss(predicted.float(), motion)
        kl = gaussian_kl(mean, log_variance)
        if config.kl == "batch_sum":  # of the whole step, also when it is computed in parts
            penalty = kl.sum(1).mean() * (batch.whole or len(kl))
        else:
            penalty = kl.mean(0).clamp_min(config.free_bits).sum()
        return {"loss": mse + config.kl_weight * penalty, "mse": mse, "kl": kl.sum(1).mean()}

    def encode_motion(self, batch: Batch) -> Tensor:
        pelvis = batch.rest_joints[:, 0]
        return encode(self.config.layout, batch.global_orient, batch.body_pose, batch.transl, pelvis)

    def posterior(self, batch: Batch) -> tuple[Tensor, Tensor]:
        return self.encoder(self.encode_motion(batch), self.condition(batch.conditions))

    def generate(
        self, conditions: Conditions, z: Tensor, rest_joints: Tensor, guidance: tuple[float, float] = (1.0, 1.0)
    ) -> MotionTensors:
        refuse_guidance(guidance)
        values = self.decoder(z, self.condition(conditions))
        return decode(self.config.layout, values.float(), rest_joints[:, 0])


def stretched_tokens(states: Tensor, mask: Tensor, frames: int) -> Tensor:
    """Linear interpolation of each row's tokens over all frames: (B, L, d), (B, L) to (B, frames, d); no tokens: 0."""
    count = mask.sum(1)
    place = torch.linspace(0, 1, frames, device=states.device) * (count - 1).clamp_min(0)[:, None]  # (B, frames)
    low = place.floor().long()
    high = torch.minimum(low + 1, (count - 1).clamp_min(0)[:, None])
    share = (place - low)[..., None]
    width = states.shape[-1]
    before, after = (states.gather(1, index[..., None].expand(-1, -1, width)) for index in (low, high))
    return (before * (1 - share) + after * share) * (count > 0)[:, None, None]
