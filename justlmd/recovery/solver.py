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

    def where(self, mask: Tensor, other: "NormalEquations") -> "NormalEquations":
        """Windows of these equations where ``mask`` (B,) holds, of ``other`` elsewhere."""
        return NormalEquations(
            torch.where(mask[:, None, None], self.gradient, other.gradient),
            torch.where(mask[:, None, None, None], self.here, other.here),
            torch.where(mask[:, None, None, None], self.next1, other.next1),
            torch.where(mask[:, None, None, None], self.next2, other.next2),
        )

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
    """Solve a symmetric positive definite block tridiagonal system; all arguments are overwritten.

    ``diagonal`` (B, N, D, D), ``below`` (B, N-1, D, D) = block [n+1, n], ``right`` (B, N, D, 1).
    """
    count = diagonal.shape[1]
    for n in range(count):
        if n > 0:
            # L[n, n-1] = A[n, n-1] L[n-1, n-1]^-T, kept in place of A[n, n-1]
            coupling = torch.linalg.solve_triangular(diagonal[:, n - 1], below[:, n - 1].mT, upper=False).mT
            below[:, n - 1] = coupling
            diagonal[:, n].baddbmm_(coupling, coupling.mT, alpha=-1)
            right[:, n].baddbmm_(coupling, right[:, n - 1], alpha=-1)
        factor, _ = torch.linalg.cholesky_ex(diagonal[:, n])
        diagonal[:, n] = factor
        right[:, n] = torch.linalg.solve_triangular(factor, right[:, n], upper=False)
    for n in range(count - 1, -1, -1):
        if n < count - 1:
            right[:, n].baddbmm_(below[:, n].mT, right[:, n + 1], alpha=-1)
        right[:, n] = torch.linalg.solve_triangular(diagonal[:, n].mT, right[:, n], upper=True)
    return right
