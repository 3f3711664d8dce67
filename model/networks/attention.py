"""Attention and dropout by the fastest way for the device and type at hand."""

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, linear, scaled_dot_product_attention

SHORT = 64
"""Query steps up to which two batched products beat the fused kernel on a CPU in fp32."""


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None, dropout_p: float = 0.0) -> Tensor:
    """softmax(q k^T / sqrt(d) + bias) v for q (B, H, T, d), k and v (B, H, S, d); bias broadcasts to (B, H, T, S).

    On a CPU in bfloat16 the fused kernel's backward pass leaves the matrix units idle: two batched products take 2.4 to
    2.8 times less time for 180 frames (16 x 4 x 32 and 20 x 4 x 128). In fp32 with AVX2 they take 1.3 times less for 60
    steps and 1.2 times more for 180. Everywhere else the fused kernel is used.
    """
    if q.device.type != "cpu" or (q.dtype != torch.bfloat16 and q.shape[2] > SHORT):
        mask = None if bias is None else bias.to(q.dtype)
        return scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout_p)
    batch, heads, steps, size = q.shape
    q, k, v = (x.reshape(batch * heads, -1, size) for x in (q, k, v))
    scores = torch.baddbmm(q.new_zeros(()), q, k.transpose(1, 2), beta=0, alpha=size**-0.5)
    if bias is not None:
        scores = (scores.view(batch, heads, steps, -1) + bias.to(scores.dtype)).view_as(scores)
    weights = torch.softmax(scores, dim=-1, dtype=scores.dtype)
    if dropout_p:
        weights = dropout(weights, dropout_p)
    return torch.bmm(weights, v).view(batch, heads, steps, size)


def dropout(x: Tensor, p: float) -> Tensor:
    """Set a share ``p`` of the values to 0 and scale the others so that the mean stays.

    On a CPU torch draws one random number per value, which took two fifths of a training step of V2. Here one number
    serves eight values, a byte each, so ``p`` is a multiple of 1/256 (.1 becomes .1016).
    """
    if x.device.type != "cpu":
        return nn.functional.dropout(x, p)
    limit = round(256 * p)
    if not limit:
        return x
    draws = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
    kept = draws.view(torch.uint8)[: x.numel()].view(x.shape) >= limit
    return x * kept.to(x.dtype).mul_(256 / (256 - limit))


class Dropout(nn.Module):
    """:func:`dropout` while training."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return dropout(x, self.p) if self.training and self.p else x


class Attention(nn.Module):
    """Multi-head attention of (B, T, d) on itself or on a memory (B, S, d); weights as in ``nn.MultiheadAttention``.

    Queries of a batch of 1 serve every row of the memory.
    """

    def __init__(self, d_model: int, n_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.n_heads, self.dropout = n_heads, dropout
        self.in_proj = nn.Linear(d_model, 3 * d_model)
        self.out_proj = nn.Linear(d_model, d_model)
        nn.init.xavier_uniform_(self.in_proj.weight)
        nn.init.zeros_(self.in_proj.bias)
        nn.init.zeros_(self.out_proj.bias)

    def forward(
        self,
        queries: Tensor,
        memory: Tensor | None = None,
        bias: Tensor | None = None,
        turns: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Attend to the memory, or to each other: by distance where ``turns`` of :func:`rotary_turns` are given."""
        if memory is None:
            q, k, v = self.in_proj(queries).chunk(3, dim=-1)
        else:
            d = queries.shape[-1]
            weight, offset = self.in_proj.weight, self.in_proj.bias
            q = linear(queries, weight[:d], offset[:d]).expand(len(memory), -1, -1)
            k, v = linear(memory, weight[d:], offset[d:]).chunk(2, dim=-1)
        q, k, v = (x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for x in (q, k, v))  # (B, heads, T, d / heads)
        if turns is not None:
            q, k = turned_by(q, *turns), turned_by(k, *turns)
        mixed = attend(q, k, v, bias, self.dropout if self.training else 0.0)
        return self.out_proj(mixed.transpose(1, 2).flatten(-2))


def rotary_turns(steps: int, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines (steps, size / 2) by which rotary position embedding turns heads of ``size`` numbers.

    Su et al. 2021 ("RoFormer", equation 15): attention then depends on how far two steps are apart, not on where they
    are, so that a network serves any number of steps.
    """
    rates = 1000.0 ** (-torch.arange(0, size, 2, device=device) / size)
    angles = torch.arange(steps, device=device)[:, None] * rates
    return angles.cos(), angles.sin()


def turned_by(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Heads (B, H, T, d) with each pair of numbers (one of the first half, one of the second) turned by its angle."""
    first, second = x.chunk(2, dim=-1)
    cosine, sine = cosine.to(x), sine.to(x)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


class Block(nn.Module):
    """Pre-norm transformer block; with ``cross`` it also attends to a memory."""

    def __init__(self, d_model: int, n_heads: int, d_feedforward: int, cross: bool, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.norm1, self.self_attention = nn.LayerNorm(d_model), Attention(d_model, n_heads)
        self.norm2 = nn.LayerNorm(d_model) if cross else None
        self.cross_attention = Attention(d_model, n_heads) if cross else None
        self.norm3 = nn.LayerNorm(d_model)
        self.linear1, self.linear2 = nn.Linear(d_model, d_feedforward), nn.Linear(d_feedforward, d_model)

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None = None,
        bias: Tensor | None = None,
        turns: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        x = x + self.dropout(self.self_attention(self.norm1(x), turns=turns))
        if self.norm2 is not None and self.cross_attention is not None:
            x = x + self.cross_attention(self.norm2(x), memory, bias)
        return x + self.dropout(self.linear2(gelu(self.linear1(self.norm3(x)))))
