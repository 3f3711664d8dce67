"""Banded Gauss-Newton: solving for all frames of all windows at once.

The unknowns of frame t meet only those of t-2 .. t+2 (second differences over time), so the normal equations are block
pentadiagonal. Two frames taken together make them block tridiagonal, which a block Cholesky solves in time and memory
proportional to the number of frames. Windows are the batch dimension, on the CPU as on a GPU.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class NormalEquations:
    """``H x = -g`` of B windows with T frames (T even) and D unknowns per frame; only the lower half is kept.

    ``gradient`` (B, T, D), ``here`` (B, T, D, D) = H[t, t], ``next1`` (B, T-1, D, D) = H[t+1, t],
    ``next2`` (B, T-2, D, D) = H[t+2, t].
    """

    gradient: Tensor
    here: Tensor
    next1: Tensor
    next2: Tensor

    def solve(self, damping: Tensor) -> Tensor:
        """Return the step (B, T, D) of ``(H + damping I) x = -g``; ``damping`` (B,) is positive.

        Block Cholesky (Golub and Van Loan, Matrix Computations, 4th ed., section 4.5) over pairs of frames.
        """
        windows, frames, size = self.gradient.shape
        pairs = frames // 2
        diagonal = self.here.new_zeros(windows, pairs, 2 * size, 2 * size)
        diagonal[:, :, :size, :size] = self.here[:, 0::2]
        diagonal[:, :, size:, size:] = self.here[:, 1::2]
        diagonal[:, :, size:, :size] = self.next1[:, 0::2]
        diagonal[:, :, :size, size:] = self.next1[:, 0::2].mT
        diagonal.diagonal(dim1=-2, dim2=-1).add_(damping[:, None, None])
        below = self.here.new_zeros(windows, pairs - 1, 2 * size, 2 * size)
        below[:, :, :size, :size] = self.next2[:, 0::2]
        below[:, :, size:, size:] = self.next2[:, 1::2]
        below[:, :, :size, size:] = self.next1[:, 1::2]
        right = -self.gradient.reshape(windows, pairs, 2 * size, 1)
        return _solve_tridiagonal(diagonal, below, right).reshape(windows, frames, size)


def _solve_tridiagonal(diagonal: Tensor, below: Tensor, right: Tensor) -> Tensor:
    """Solve a symmetric positive definite block tridiagonal system; ``diagonal`` and ``right`` are overwritten.

    ``diagonal`` (B, N, D, D), ``below`` (B, N-1, D, D) = block [n+1, n], ``right`` (B, N, D, 1).
    """
    count = diagonal.shape[1]
    factors: list[Tensor] = []  # L[n, n]
    couplings: list[Tensor] = []  # L[n+1, n] = A[n+1, n] L[n, n]^-T
    for n in range(count):
        if n > 0:
            coupling = torch.linalg.solve_triangular(factors[-1], below[:, n - 1].mT, upper=False).mT
            diagonal[:, n].baddbmm_(coupling, coupling.mT, alpha=-1)
            right[:, n].baddbmm_(coupling, right[:, n - 1], alpha=-1)
            couplings.append(coupling)
        factors.append(torch.linalg.cholesky_ex(diagonal[:, n]).L)
        right[:, n] = torch.linalg.solve_triangular(factors[-1], right[:, n], upper=False)
    for n in range(count - 1, -1, -1):
        if n < count - 1:
            right[:, n].baddbmm_(couplings[n].mT, right[:, n + 1], alpha=-1)
        right[:, n] = torch.linalg.solve_triangular(factors[n].mT, right[:, n], upper=True)
    return right


def second_difference(values: Tensor) -> Tensor:
    """x[t] - 2 x[t+1] + x[t+2] along dimension 1: (B, T, ...) -> (B, T-2, ...)."""
    return values[:, :-2] - 2 * values[:, 1:-1] + values[:, 2:]


def transposed_difference(bend: Tensor, frames: int) -> Tensor:
    """The transpose of :func:`second_difference`: (B, T-2, ...) -> (B, T, ...)."""
    spread = bend.new_zeros(bend.shape[0], frames, *bend.shape[2:])
    spread[:, :-2] += bend
    spread[:, 1:-1] -= 2 * bend
    spread[:, 2:] += bend
    return spread


def second_difference_products(weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Diagonals 0, 1 and 2 of D'WD, where D takes second differences over T frames and W weighs them.

    ``weights`` (B, T-2, K); the diagonals are (B, T, K), (B, T-1, K) and (B, T-2, K).
    """
    none = weights.new_zeros(len(weights), 1, weights.shape[2])
    early, late = torch.cat([weights, none], dim=1), torch.cat([none, weights], dim=1)
    both = early + late
    here = torch.cat([early, none], dim=1) + torch.cat([none, late], dim=1)
    here[:, 1:-1] += 4 * weights
    return here, -2 * both, weights
