"""Feet on the ground: which of them stand, and where the floor is that they stand on.

A standing foot does not move and lies on the floor. So the distance of each foot is known, which one camera sees badly,
and keeps feet from sliding. Where the dancer moves to and from the camera, the feet also say how far it looks down.
"""

import math

import torch
from torch import Tensor

from justlmd.body.landmarks import LANDMARKS
from justlmd.recovery.camera import Pitch
from justlmd.recovery.skeleton import FitBody

FEET = tuple(LANDMARKS.index(landmark) for landmark in (29, 30, 31, 32))
"""Places of heels and toes among the fitted points."""

STANDING_SPEED = 0.005
"""Box heights per frame: a foot that moves faster in the frame (about 0.25 m/s) does not stand."""
SPEED_FRAMES = 2
"""The speed is measured from so many frames before to so many after."""
FLOOR_SIGMA_M = 0.05
"""Feet that rest this far from the floor (on the other leg, in the air) say little about it."""
STEPS_M = (0.3, 0.2, 0.1, *(FLOOR_SIGMA_M,) * 5)
"""The plane is sought with these in turn: a floor that is far from the first guess would not be found otherwise."""
ALIKE_FRAMES = 10
"""Frames whose feet are wrong in the same way, so that they count as one."""


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


def floor_plane(body: FitBody, points: Tensor, standing: Tensor, pitch: Pitch) -> tuple[Tensor, Pitch]:
    """The floor (4,) as ``n`` and ``h`` with n . p = h under standing feet, of fitted points (N, 23, 3) in camera axes.

    A plane tilted by how far the camera looks down: ``pitch``, corrected as far as the standing feet tell better, which
    is returned with it. Found by reweighted least squares (Geman-McClure), so that feet resting elsewhere do not count.
    Without a standing foot it lies under the lowest.
    """
    feet = list(FEET)
    across, down = points[:, feet, 2].flatten(), (points[:, feet, 1] + sole_heights(body)[feet]).flatten()
    weight = standing[:, feet].flatten()
    if float(weight.sum()) < 1e-6:
        weight = torch.full_like(weight, 1e-6)
    middle = (weight * across).sum() / weight.sum()
    across = across - middle
    usual = slope = -torch.tan(torch.deg2rad(middle * 0 + pitch.deg))
    # Down is +y: feet in the air are above the floor, so that it lies near the lowest of those that rest.
    height = _weighted_quantile(down - slope * across, weight, 0.7)
    noise = ALIKE_FRAMES * FLOOR_SIGMA_M**2
    prior = noise / math.radians(pitch.spread_deg) ** 2
    for sigma in STEPS_M:
        miss = down - height - slope * across
        robust = weight * (sigma**2 / (sigma**2 + miss.square())).square()
        height = (robust * (down - slope * across)).sum() / robust.sum()
        told = (robust * across.square()).sum() + prior
        slope = ((robust * across * (down - height)).sum() + prior * usual) / told
    one = torch.ones_like(slope)
    plane = torch.stack([torch.zeros_like(one), one, -slope, height - slope * middle])
    found = Pitch(-math.degrees(math.atan(float(slope))), math.degrees(math.sqrt(noise / float(told))))
    return plane / plane[:3].norm(), found


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
