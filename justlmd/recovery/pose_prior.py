"""Which poses a body takes: a Gaussian over its joint angles, and the limits of the hinge joints."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from justlmd.core.errors import InputError
from justlmd.core.files import read_npz
from justlmd.recovery.objective import PosePrior
from justlmd.recovery.skeleton import DTYPE, FREE_JOINTS

PRIOR_PATH = Path(__file__).parents[1] / "data" / "pose_prior.npz"
"""Built by ``python -m tools.build_pose_prior`` from the project's own choreographies."""

_KNEES = (4, 5)
_ELBOWS = {18: -1.0, 19: 1.0}  # sign of the rotation about y that bends the elbow
_STRAIGHT_KNEE, _STRAIGHT_ELBOW = -0.02, -0.05
"""Knees and elbows do not bend backwards by more than this (rad)."""


def load_pose_prior(device: str, path: str | Path = PRIOR_PATH) -> PosePrior:
    """The prior as tensors on ``device``.

    ``path`` is an npz of ``mean`` (57,) in rad and ``precision`` (57, 57) in 1/rad^2 over the rotation vectors of
    :data:`FREE_JOINTS`; raises InputError that names it when it holds something else.
    """
    arrays = read_npz(path)
    size = 3 * len(FREE_JOINTS)
    mean, precision = arrays.get("mean", np.zeros(0)), arrays.get("precision", np.zeros(0))
    if mean.shape != (size,) or precision.shape != (size, size):
        raise InputError(f"not a pose prior: needs mean ({size},) and precision ({size}, {size})", where=path)

    lower, upper = np.full((2, size), np.inf) * [[-1], [1]]
    for knee in _KNEES:
        lower[3 * FREE_JOINTS.index(knee)] = _STRAIGHT_KNEE
    for elbow, sign in _ELBOWS.items():
        limit = lower if sign > 0 else upper
        limit[3 * FREE_JOINTS.index(elbow) + 1] = sign * _STRAIGHT_ELBOW

    def tensor(values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=DTYPE, device=device)

    return PosePrior(tensor(mean), tensor(precision), tensor(lower), tensor(upper))
