"""Changes of training windows that leave a dance a dance: left and right exchanged, another tempo, another heading.

All randomness comes from the step's generator, so that a resumed training sees the same windows.
"""

import math
from collections.abc import Iterable

import roma
import torch
from torch import Tensor

from model.data import Batch, LyricsMusicDance
from model.networks.windows import mirrored


def augmented_batch(
    data: LyricsMusicDance,
    numbers: Iterable[int],
    generator: torch.Generator,
    *,
    mirror: bool = False,
    tempo: float = 0.0,
    yaw: float = 0.0,
) -> Batch:
    """The windows ``numbers`` of ``data``, each changed at random by itself.

    Parameters
    ----------
    mirror : exchange left and right in half of the windows.
    tempo : largest relative change of speed; 0.05 takes windows from 5.7 to 6.3 s of the song, evenly distributed.
    yaw : largest turn about the vertical in degrees, to either side, evenly distributed.
    """
    numbers = list(numbers)

    def uniform(largest: float) -> Tensor:
        return (2 * torch.rand(len(numbers), generator=generator) - 1) * largest

    batch = data.batch(numbers, 1 + uniform(tempo)) if tempo else data.batch(numbers)
    if mirror:
        batch = mirrored(batch, torch.rand(len(numbers), generator=generator) < 0.5)
    return turned(batch, uniform(math.radians(yaw))) if yaw else batch


def turned(batch: Batch, angle: Tensor) -> Batch:
    """The same with each dance turned by ``angle`` (B,) radians about the vertical (+y) through its first pelvis."""
    vector = torch.stack([torch.zeros_like(angle), angle, torch.zeros_like(angle)], dim=-1)  # (B, 3)
    orient = roma.rotvec_composition([vector[:, None].expand_as(batch.global_orient), batch.global_orient])
    way = batch.transl - batch.transl[:, :1]  # the rest pelvis is the same in all frames, so this is the pelvis' way
    way = (roma.rotvec_to_rotmat(vector)[:, None] @ way[..., None])[..., 0]
    return batch._replace(global_orient=orient, transl=batch.transl[:, :1] + way)
