"""Which poses a human body takes: rest angles, their spread and their limits."""

import torch

from justlmd.fit_points import FREE_JOINTS
from justlmd.fit_terms import PosePrior

# Joint (left side): weight of the squared angle, and limits of the rotation vector's x, y and z in rad; the right side
# mirrors y and z.
_FREE = (-3.2, 3.2)
_JOINTS = {
    1: ((0.1, 0.1, 0.1), (_FREE, _FREE, _FREE)),
    3: ((2, 2, 2), (_FREE, _FREE, _FREE)),
    4: ((0.1, 40, 40), ((-0.02, 3.2), _FREE, _FREE)),
    6: ((2, 2, 2), (_FREE, _FREE, _FREE)),
    7: ((2, 2, 2), (_FREE, _FREE, _FREE)),
    9: ((2, 2, 2), (_FREE, _FREE, _FREE)),
    12: ((2, 2, 2), (_FREE, _FREE, _FREE)),
    13: ((4, 4, 4), (_FREE, _FREE, _FREE)),
    15: ((2, 2, 2), (_FREE, _FREE, _FREE)),
    16: ((0.1, 0.1, 0.1), (_FREE, _FREE, _FREE)),
    18: ((10, 0.1, 10), (_FREE, (-3.2, 0.05), _FREE)),
    20: ((3, 3, 3), (_FREE, _FREE, _FREE)),
}
_RIGHT_OF = {2: 1, 5: 4, 8: 7, 14: 13, 17: 16, 19: 18, 21: 20}


def load_pose_prior(device: str) -> PosePrior:
    """The prior as tensors on ``device``."""
    precision, lower, upper = [], [], []
    for joint in FREE_JOINTS:
        spread, limits = _JOINTS[_RIGHT_OF.get(joint, joint)]
        for axis in range(3):
            low, high = limits[axis]
            if joint in _RIGHT_OF and axis > 0:
                low, high = -high, -low
            precision.append(spread[axis])
            lower.append(low)
            upper.append(high)

    def tensor(values: list[float]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float64, device=device)

    return PosePrior(torch.zeros_like(tensor(lower)), torch.diag(tensor(precision)), tensor(lower), tensor(upper))
