"""What the fit minimises: residuals, their derivatives and the normal equations of one Gauss-Newton step.

All terms are sums of squares per window; the table of weights is :class:`Weights`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import roma
import torch
from torch import Tensor

from justlmd.recovery.ground import FLOOR_SIGMA_M
from justlmd.recovery.skeleton import UNKNOWNS, FitBody, Pose
from justlmd.recovery.solver import (
    NormalEquations,
    second_difference,
    second_difference_products,
    transposed_difference,
)

NEAREST_M = 0.1  # no point is projected from nearer than this


@dataclass(frozen=True)
class Weights:
    """Weights of the terms; residuals are in box heights, metres and radians."""

    reprojection: float = 3000.0
    robust_sigma: float = 0.03  # Geman-McClure, box heights
    world: float = 30.0  # MediaPipe's metres, where no lifter is asked
    world_across: float = 0.3  # share of it square to the viewing axis, where the pixels know better
    lifted: float = 0.03  # times the lifter's own precision, 1/m^2: its errors last for many frames
    lifted_across: float = 0.1  # share of it square to the line of sight
    unsure_sigma: float = 0.2  # of depth, in lengths of the part: below it the prior counts less
    smooth_points: float = 600.0  # this and the next times how calm a point is
    smooth_joints: float = 6400.0
    smooth_root: float = 400.0
    smooth_depth: float = 500.0
    steady_depth: float = 60.0
    prior: float = 0.05
    limits: float = 10.0
    floor: float = 100.0  # standing feet, metres from the floor
    lock: float = 20000.0  # standing feet, metres per frame


@dataclass(frozen=True)
class Observations:
    """What was seen in N frames.

    ``pixels`` (N, 23, 2), ``confidence`` (N, 23) with 0 for what was not seen; ``segments`` (N, S, 3) metres from end
    to end of each part of the body, along the axes of ``view`` (N, 3, 3), and their ``precision`` (N, S, 3) in 1/m^2;
    ``prior`` (N,) how much the prior counts, 0..1; ``box`` (N,) height of the person in pixels, ``standing`` (N, 23)
    how surely a point rests on the floor, ``calm`` (N, 23) how much of the smoothness it keeps; ``focal`` and
    ``centre`` (2,) of the camera in pixels.
    """

    pixels: Tensor
    confidence: Tensor
    segments: Tensor
    view: Tensor
    precision: Tensor
    prior: Tensor
    box: Tensor
    standing: Tensor
    calm: Tensor
    focal: float
    centre: Tensor


@dataclass(frozen=True)
class PosePrior:
    """Gaussian over the 57 rotation-vector components of the free joints, and their limits.

    ``mean`` (57,), ``precision`` (57, 57) in 1/rad^2, ``lower`` and ``upper`` (57,) in rad.
    """

    mean: Tensor
    precision: Tensor
    lower: Tensor
    upper: Tensor


@dataclass(frozen=True)
class Objective:
    """What does not change while a sequence is fitted: its body, what is believed about poses, and the weights."""

    body: FitBody
    prior: PosePrior
    weights: Weights


def evaluate(
    objective: Objective, pose: Pose, seen: Observations, windows: int, floor: Tensor | None
) -> tuple[Tensor, Callable[[], NormalEquations]]:
    """The cost (B,) of B = ``windows`` windows laid one after the other, and what makes their normal equations.

    Once the ``floor`` (4,) is known feet stand on it, and points that were seen wrong are weighed down.

    Most terms act on points: each gives every point a force (the gradient) and a stiffness (3, 3), which the points'
    Jacobian carries over to the unknowns. The equations take three times as long as the cost, and the last step of a
    fit needs none.
    """
    body, weights = objective.body, objective.weights
    turns, places = body.kinematics(pose)
    points = body.place(turns, places)
    frames = len(points) // windows
    calm = seen.calm.unflatten(0, (windows, frames))[:, 1:-1]

    stiffness, force, cost = _reprojection(points, seen, weights, floor is not None)
    world_force, world_cost = _world(body, points, seen)
    bend = second_difference(points.unflatten(0, (windows, frames)))
    force = force + world_force
    force = force + weights.smooth_points * transposed_difference(calm[..., None] * bend, frames).flatten(0, 1)
    held = points.new_zeros(windows, frames - 1, points.shape[1])
    if floor is not None:
        held = _add_ground(stiffness, force, cost, points, seen.standing, floor, weights, windows)
    prior = _Prior(pose, objective.prior, weights, seen.prior)
    smoothness = _Smoothness(pose, weights, calm @ body.moves.mT)

    cost = (cost + world_cost + prior.cost).unflatten(0, (windows, frames)).sum(1) + smoothness.cost
    cost = cost + weights.smooth_points * (calm[..., None] * bend.square()).sum((1, 2, 3))

    def equations() -> NormalEquations:
        jacobian = body.jacobian(turns, places, points)
        flat = jacobian.flatten(1, 2)  # (N, 69, D)
        near, middle, far = second_difference_products(calm)
        eye = torch.eye(3, dtype=points.dtype, device=points.device)
        stiff = stiffness + weights.smooth_points * near.flatten(0, 1)[..., None, None] * eye
        rows = _world_rows(body, jacobian, seen)
        here = flat.mT @ (stiff @ jacobian).flatten(1, 2) + rows.mT @ rows
        gradient = (flat.mT @ force.flatten(1)[..., None])[..., 0]
        prior.add_to(here, gradient)

        by_window = flat.unflatten(0, (windows, frames))
        coupling = (weights.smooth_points * middle - held).repeat_interleave(3, dim=-1)[..., None]
        further = (weights.smooth_points * far).repeat_interleave(3, dim=-1)[..., None]
        result = NormalEquations(
            gradient.unflatten(0, (windows, frames)),
            here.unflatten(0, (windows, frames)),
            by_window[:, 1:].mT @ (by_window[:, :-1] * coupling),
            by_window[:, 2:].mT @ (by_window[:, :-2] * further),
        )
        smoothness.add_to(result)
        return result

    return cost, equations


def _reprojection(points: Tensor, seen: Observations, weights: Weights, robust: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Stiffness (N, 23, 3, 3) and force (N, 23, 3) of the distance to the seen pixels, and the cost (N,)."""
    depth = points[..., 2].clamp(min=NEAREST_M)
    scale = (seen.focal / seen.box)[:, None]
    ray = points[..., :2] / depth[..., None]
    miss = scale[..., None] * ray - (seen.pixels - seen.centre) / seen.box[:, None, None]
    weight = weights.reprojection * seen.confidence
    squared = miss.square().sum(-1)
    cost = weight * squared
    if robust:  # iteratively reweighted Geman-McClure: rho = s^2 r^2 / (s^2 + r^2)
        share = weights.robust_sigma**2 / (weights.robust_sigma**2 + squared)
        cost = cost * share
        weight = weight * share**2
    # d(ray)/d(point) = [I, -ray] / depth
    slope = torch.cat([torch.eye(2, dtype=ray.dtype, device=ray.device).expand(*ray.shape, 2), -ray[..., None]], dim=-1)
    slope = slope * (scale / depth)[..., None, None]
    weighted = slope.mT * weight[..., None, None]
    return weighted @ slope, (weighted @ miss[..., None])[..., 0], cost.sum(1)


def _add_ground(
    stiffness: Tensor,
    force: Tensor,
    cost: Tensor,
    points: Tensor,
    standing: Tensor,
    floor: Tensor,
    weights: Weights,
    windows: int,
) -> Tensor:
    """Hold standing feet on the floor and where they stand (in place); returns how firmly (B, T-1, 23) by frame."""
    normal = floor[:3]
    miss = points @ normal - floor[3]
    share = FLOOR_SIGMA_M**2 / (FLOOR_SIGMA_M**2 + miss.square())
    weight = weights.floor * standing * share**2
    stiffness += weight[..., None, None] * (normal[:, None] * normal)
    force += (weight * miss)[..., None] * normal
    cost += (weights.floor * standing * share * miss.square()).sum(1)

    by_window = standing.unflatten(0, (windows, -1))
    held = weights.lock * torch.minimum(by_window[:, 1:], by_window[:, :-1])
    slip = points.unflatten(0, (windows, -1)).diff(dim=1)
    pull = held[..., None] * slip
    every = stiffness.unflatten(0, (windows, -1)).diagonal(dim1=-2, dim2=-1)
    every[:, 1:] += held[..., None]
    every[:, :-1] += held[..., None]
    forces = force.unflatten(0, (windows, -1))
    forces[:, 1:] += pull
    forces[:, :-1] -= pull
    cost.unflatten(0, (windows, -1))[:, 1:] += (pull * slip).sum((2, 3))
    return held


def _world(body: FitBody, points: Tensor, seen: Observations) -> tuple[Tensor, Tensor]:
    """Force (N, 23, 3) and cost (N,) of the distance to the seen segments."""
    miss = body.segments @ points @ seen.view.mT - seen.segments
    force = seen.precision * miss
    return body.segments.mT @ (force @ seen.view), (force * miss).sum((1, 2))


def _world_rows(body: FitBody, jacobian: Tensor, seen: Observations) -> Tensor:
    """Rows (N, 3 S, D) of the Jacobian of that distance."""
    rows = (body.segments @ jacobian.flatten(2)).unflatten(-1, jacobian.shape[2:])
    return ((seen.view[:, None] @ rows) * seen.precision.sqrt()[..., None]).flatten(1, 2)


class _Prior:
    """The Gaussian over joint angles, which ``counts`` (N,), and their limits; ``cost`` (N,)."""

    def __init__(self, pose: Pose, prior: PosePrior, weights: Weights, counts: Tensor) -> None:
        self._prior, self._limits = prior, weights.limits
        self._vectors = roma.rotmat_to_rotvec(pose.joints)  # (N, 19, 3)
        angles = self._vectors.flatten(1)
        self._beyond = (angles - prior.upper).clamp(min=0) - (prior.lower - angles).clamp(min=0)
        self._share = weights.prior * counts[:, None]
        self._pull = self._share * ((angles - prior.mean) @ prior.precision)
        self.cost = ((angles - prior.mean) * self._pull).sum(1) + self._limits * self._beyond.square().sum(1)

    def add_to(self, here: Tensor, gradient: Tensor) -> None:
        slopes = _right_jacobian_inverse(self._vectors)
        joints = slopes.shape[1]
        # slopes is block diagonal: from the left and from the right, joint by joint
        left = slopes.mT @ self._prior.precision.unflatten(0, (joints, 3))  # (N, 19, 3, 57)
        both = left.flatten(1, 2).mT.unflatten(1, (joints, 3))
        both = (slopes.mT @ both).flatten(1, 2) * self._share[..., None]
        limited = self._limits * (self._beyond != 0).to(slopes.dtype).unflatten(1, (joints, 3))
        limited = (slopes.mT * limited[:, :, None]) @ slopes
        both.view(-1, joints, 3, joints, 3).diagonal(dim1=1, dim2=3).add_(limited.movedim(1, -1))
        here[:, 6:, 6:] += both
        force = self._pull + self._limits * self._beyond
        gradient[:, 6:] += (slopes.mT @ force.unflatten(1, (joints, 3))[..., None]).flatten(1)


class _Smoothness:
    """What acts on the unknowns over time: angular accelerations, and the pelvis's depth; ``cost`` (B,).

    ``calm`` (B, T-2, 19): how much of the smoothness each free joint keeps.
    """

    def __init__(self, pose: Pose, weights: Weights, calm: Tensor) -> None:
        windows, frames = len(calm), calm.shape[1] + 2
        depth = pose.pelvis[:, 2].unflatten(0, (windows, frames))
        self._steady = weights.steady_depth
        self._bend = depth.new_zeros(windows, frames - 2, UNKNOWNS)
        self._bend[..., 5] = second_difference(depth)
        turns = _angular_acceleration(pose, windows)
        self._bend[..., :3], self._bend[..., 6:] = turns.split([3, UNKNOWNS - 6], dim=-1)
        self._weight = torch.zeros_like(self._bend)
        self._weight[..., :3], self._weight[..., 5] = weights.smooth_root, weights.smooth_depth
        self._weight[..., 6:] = weights.smooth_joints * calm.repeat_interleave(3, dim=-1)
        self._drift = depth.diff(dim=1)
        self.cost = (self._bend.square() * self._weight).sum((1, 2)) + self._steady * self._drift.square().sum(1)

    def add_to(self, equations: NormalEquations) -> None:
        products = second_difference_products(self._weight)
        for blocks, product in zip((equations.here, equations.next1, equations.next2), products, strict=True):
            blocks.diagonal(dim1=-2, dim2=-1).add_(product)
        equations.gradient.add_(transposed_difference(self._bend * self._weight, equations.gradient.shape[1]))
        equations.gradient[:, 1:, 5] += self._steady * self._drift
        equations.gradient[:, :-1, 5] -= self._steady * self._drift
        equations.here[:, 1:, 5, 5] += self._steady
        equations.here[:, :-1, 5, 5] += self._steady
        equations.next1[:, :, 5, 5] -= self._steady


def _right_jacobian_inverse(vectors: Tensor) -> Tensor:
    """Derivative of log(R exp(d)) by d at d = 0 (Chirikjian, Stochastic Models 2, 2012, eq. 10.86)."""
    angle = vectors.norm(dim=-1).clamp(min=1e-4)
    factor = 1 / angle**2 - (1 + angle.cos()) / (2 * angle * angle.sin().clamp(min=1e-4))
    x, y, z = vectors.unbind(-1)
    nought = torch.zeros_like(x)
    cross = torch.stack([nought, -z, y, z, nought, -x, -y, x, nought], dim=-1).unflatten(-1, (3, 3))
    eye = torch.eye(3, dtype=vectors.dtype, device=vectors.device)
    return eye + cross / 2 + factor[..., None, None] * (cross @ cross)


def _angular_acceleration(pose: Pose, windows: int) -> Tensor:
    """Change of the turn from frame to frame (B, T-2, 3 + 57): root, then free joints."""
    rotations = torch.cat([pose.root[:, None], pose.joints], dim=1).unflatten(0, (windows, -1))
    turns = roma.rotmat_to_rotvec(rotations[:, :-1].mT @ rotations[:, 1:]).flatten(2)
    return turns[:, 1:] - turns[:, :-1]
