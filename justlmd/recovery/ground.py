"""Feet on the ground: which of them stand, and where the floor is that they stand on.

A standing foot does not move and lies on the floor. So the distance of each foot is known, which one camera sees badly,
and keeps feet from sliding.
"""

import torch
from torch import Tensor

from justlmd.body.landmarks import LANDMARKS
from justlmd.recovery.skeleton import FitBody

FEET = tuple(LANDMARKS.index(landmark) for landmark in (29, 30, 31, 32))
"""Places of heels and toes among the fitted points."""

STANDING_SPEED = 0.005
"""Box heights per frame: a foot that moves faster in the frame (about 0.25 m/s) does not stand."""
SPEED_FRAMES = 2
"""The speed is measured from so many frames before to so many after."""
FLOOR_SIGMA_M = 0.05
"""Feet that rest this far from the floor (on the other leg, in the air) say little about it."""
_LEVEL = 0.05
"""The camera is believed to be level up to about this slope."""
_KNOWN = 0.01
"""The same of a given pitch."""


def standing_points(pixels: Tensor, confidence: Tensor, box: Tensor) -> Tensor:
    """How surely each point (N, 23) is a foot's and rests, 0..1, from its speed in the frame, ``pixels`` (N, 23, 2)."""
    count = len(pixels)
    frames = torch.arange(count, device=pixels.device)
    before, after = (frames - SPEED_FRAMES).clamp(min=0), (frames + SPEED_FRAMES).clamp(max=count - 1)
    moved = (pixels[after] - pixels[before]).norm(dim=-1) / box[:, None]
    speed = moved / (after - before).clamp(min=1)[:, None]
    standing = torch.zeros_like(confidence)
    feet = list(FEET)
    standing[:, feet] = (1 - (speed[:, feet] / STANDING_SPEED).square()).clamp(min=0) * confidence[:, feet]
    return standing


def floor_plane(body: FitBody, points: Tensor, standing: Tensor, pitch_deg: float | None = None) -> Tensor:
    """The floor (4,) as ``n`` and ``h`` with n . p = h under standing feet, of fitted points (N, 23, 3) in camera axes.

    A level plane, tilted as far as the standing feet ask for it, or by ``pitch_deg``, by which the camera is known to
    look down; found by reweighted least squares (Geman-McClure), so
    that feet resting elsewhere do not count. Without a standing foot it lies under the lowest.
    """
    feet = list(FEET)
    across, down = points[:, feet, 2].flatten(), (points[:, feet, 1] + sole_heights(body)[feet]).flatten()
    weight = standing[:, feet].flatten()
    if float(weight.sum()) < 1e-6:
        weight = torch.full_like(weight, 1e-6)
    middle = (weight * across).sum() / weight.sum()
    across = across - middle
    # Down is +y: feet in the air are above the floor, so that it lies near the lowest of those that rest.
    usual = torch.zeros_like(middle) if pitch_deg is None else -torch.tan(torch.deg2rad(middle * 0 + pitch_deg))
    height, slope = _weighted_quantile(down - usual * across, weight, 0.7), usual
    for _ in range(10):
        miss = down - height - slope * across
        robust = weight * (FLOOR_SIGMA_M**2 / (FLOOR_SIGMA_M**2 + miss.square())).square()
        total = robust.sum()
        height = (robust * (down - slope * across)).sum() / total
        level = total * (FLOOR_SIGMA_M / (_LEVEL if pitch_deg is None else _KNOWN)) ** 2
        slope = ((robust * across * (down - height)).sum() + level * usual) / ((robust * across.square()).sum() + level)
    one = torch.ones_like(slope)
    plane = torch.stack([torch.zeros_like(one), one, -slope, height - slope * middle])
    return plane / plane[:3].norm()


def sole_heights(body: FitBody) -> Tensor:
    """Heights (23,) in metres of a flat foot's points above the lowest of them; 0 for points elsewhere."""
    heights = torch.zeros_like(body.points[:, 1])
    feet = list(FEET)
    heights[feet] = body.points[feet, 1] - body.points[feet, 1].min()
    return heights


def _weighted_quantile(values: Tensor, weight: Tensor, share: float) -> Tensor:
    order = values.argsort()
    total = weight[order].cumsum(0)
    place = torch.searchsorted(total, share * total[-1]).clamp(max=len(values) - 1)
    return values[order[place]]
