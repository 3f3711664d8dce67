"""From 2D landmarks to SMPL motion: one fit over the whole sequence, in overlapping windows.

The fit runs on the device named by the caller through the same code; windows are the batch dimension, and only some
are fitted at once, so memory hardly grows with the song.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import ParamSpec

import numpy as np
import roma
import torch
from torch import Tensor

from justlmd.body.camera import intrinsics
from justlmd.body.landmarks import LANDMARKS
from justlmd.body.model import Body
from justlmd.body.torch_kinematics import slerp
from justlmd.core.rotations import continuous_rotation_vectors
from justlmd.motion.motion import LONGEST_BRIDGED_GAP, CameraMotion, bridged
from justlmd.pose.keypoints import Keypoints2D
from justlmd.pose.lifting import completed
from justlmd.pose.second_looks import both_looks
from justlmd.recovery.calmness import calmness
from justlmd.recovery.camera import Pitch, pitch_of_camera
from justlmd.recovery.ground import floor_plane, standing_points
from justlmd.recovery.initial_pose import first_guess
from justlmd.recovery.lifter import Lifter, load_lifter, views
from justlmd.recovery.objective import Objective, Observations, Weights, evaluate
from justlmd.recovery.pose_prior import load_pose_prior
from justlmd.recovery.skeleton import DTYPE, FREE_JOINTS, SEGMENTS, FitBody, Pose

WINDOW_FRAMES = 600
OVERLAP_FRAMES = 40
WINDOWS_AT_ONCE = 4
"""On a GPU; on the CPU one after the other takes about as long and needs half the memory."""

STEPS = (2, 5)
"""Gauss-Newton steps with all points trusted alike, then with outliers weighed down; (1, 3) is 2 mm worse on songs."""

STEPS_WITHOUT_DEPTH = (1, 3)
"""The same where no metres were measured: further steps trust the guessed depth too much, by 7 to 12 mm."""

Options = ParamSpec("Options")

KNOWN_DEG = 0.6
"""Standard deviation of a pitch that is given."""


def recover_with_pitch(
    keypoints2d: Keypoints2D,
    body: Body,
    *,
    start_frame: int = 0,
    stop_frame: int | None = None,
    focal: float | None = None,
    camera: np.ndarray | None = None,
    pitch_deg: float | None = None,
    height_m: float | None = None,
    device: str = "cpu",
    weights: Weights | None = None,
    steps: tuple[int, int] | None = None,
    lift: bool = True,
) -> tuple[CameraMotion, Pitch]:
    """Fit the body to the landmarks of one video.

    Parameters
    ----------
    keypoints2d
        The dancer in every frame; with or without ``world``. Second looks count as much as first ones where there are
        enough of them (:func:`~justlmd.pose.second_looks.both_looks`).
    start_frame, stop_frame
        Frames of the video to recover; frames beyond its ends are left out.
    focal
        Focal length in pixels; None assumes 1.2 times the shorter side, as EasyMocap does. A wrong value scales the
        depth, hardly the pose.
    camera
        Camera matrix (3, 3), which then counts instead of ``focal``; None: the frame's middle is the principal point.
    pitch_deg
        Degrees by which the camera looks down, where it is known; None: as the dancer's lean and standing feet tell.
    height_m
        Stature of the dancer, which one camera cannot see; None takes the body as it is.
    device
        Where torch computes.
    steps
        Of the fit; None: :data:`STEPS` or :data:`STEPS_WITHOUT_DEPTH`; (0, 0) is the closed-form start alone.
    lift
        Whether the lifter tells the depth; else MediaPipe's metres do, or without any, limits and prior alone.

    Returns
    -------
    Motion in the camera's frame, one pose per frame, and how far the camera looks down. Frames without a person are
    bridged; where a gap is longer than :data:`LONGEST_BRIDGED_GAP`, or nobody was ever seen, ``valid`` is False.
    """
    weights = weights or Weights()
    keypoints2d = both_looks(keypoints2d)
    camera = intrinsics((keypoints2d.width, keypoints2d.height), focal) if camera is None else np.asarray(camera, float)
    pitch = pitch_of_camera(keypoints2d, camera) if pitch_deg is None else Pitch(pitch_deg, KNOWN_DEG)
    measured = np.isfinite(keypoints2d.world).any()
    if steps is None:
        steps = STEPS if measured else STEPS_WITHOUT_DEPTH
    if not measured:
        keypoints2d, weights = completed(keypoints2d, body), replace(weights, world=0.0)
    stop_frame = len(keypoints2d.keypoints) if stop_frame is None else stop_frame
    frames = slice(max(start_frame, 0), max(stop_frame, start_frame, 0))
    keypoints = keypoints2d.keypoints[frames].astype(np.float64)
    world = keypoints2d.world[frames].astype(np.float64)
    betas = betas_of_height(body, height_m)

    seen: np.ndarray = np.isfinite(np.concatenate([keypoints, world], axis=1)).all((1, 2))
    if seen.sum() < 2:
        return CameraMotion.without_person(len(seen), camera, betas), pitch

    fit_body = FitBody(body, betas, device)
    keypoints, world = _filled(keypoints, seen), _filled(world, seen)
    observations = _observations(keypoints, world, seen, fit_body, camera, weights)
    if lift and keypoints[:, 29:33, 2].any():  # without feet (COCO's points) the lifter is worse than no lifter
        metres = np.where(measured & seen[:, None, None], world, np.nan)
        observations = _lifted(load_lifter(), observations, keypoints, metres, fit_body, weights)
    objective = Objective(fit_body, load_pose_prior(device), weights)
    pose, pitch = _fit(objective, observations, steps, pitch)
    return _camera_motion(pose, fit_body, betas, camera, bridged(seen, LONGEST_BRIDGED_GAP)), pitch


def _motion_alone(fit: Callable[Options, tuple[CameraMotion, Pitch]]) -> Callable[Options, CameraMotion]:
    def motion(*args: Options.args, **kwargs: Options.kwargs) -> CameraMotion:
        return fit(*args, **kwargs)[0]

    return motion


recover = _motion_alone(recover_with_pitch)
"""The motion alone of :func:`recover_with_pitch`, which has the same options."""


def betas_of_height(body: Body, height_m: float | None) -> np.ndarray:
    """Shape (10,) of the given stature: the first component alone, which is size; zeros for None."""
    betas = np.zeros(10)
    if height_m is not None:
        stature = np.ptp(body.rest_vertices(betas)[:, 1])
        slope = np.ptp(body.rest_vertices(np.eye(10)[0])[:, 1]) - stature
        betas[0] = np.clip((height_m - stature) / slope, -5, 5)
    return betas


def _filled(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Linear interpolation over the frames that were not seen; the ends are held."""
    index = np.arange(len(values))
    flat = values.reshape(len(values), -1)
    columns = [np.interp(index, index[seen], column[seen]) for column in flat.T]
    return np.stack(columns, axis=1).reshape(values.shape)


def _observations(
    keypoints: np.ndarray, world: np.ndarray, seen: np.ndarray, body: FitBody, camera: np.ndarray, weights: Weights
) -> Observations:
    """What the landmarks say by themselves."""

    def tensor(array: np.ndarray) -> Tensor:
        return torch.as_tensor(array, dtype=DTYPE, device=body.rest.device)

    fitted = list(LANDMARKS)
    confidence = tensor(np.clip(keypoints[:, fitted, 2], 0, 1) ** 2 * seen[:, None])
    segments = body.segments @ tensor(world[:, fitted])
    # One scale per part of the body: MediaPipe's proportions are not the body's.
    usual = segments[torch.as_tensor(seen)].norm(dim=-1).median(dim=0).values.clamp(min=1e-3)
    segments = segments * (body.lengths / usual)[:, None]
    ends = (body.segments != 0).to(confidence.dtype)
    box = tensor(np.ptp(keypoints[:, fitted, 1], axis=1).clip(min=1.0))
    pixels = tensor(keypoints[:, fitted, :2])
    segment_confidence = torch.exp(torch.log(confidence.clamp(min=1e-6)) @ (ends / ends.sum(1, keepdim=True)).mT)
    weight = weights.world * tensor(np.array([weight for _, _, weight in SEGMENTS.values()]))
    axes = tensor(np.array([weights.world_across, weights.world_across, 1.0]))
    return Observations(
        pixels=pixels,
        confidence=confidence * body.weights,
        segments=segments,
        view=tensor(views((keypoints[:, fitted, :2] - camera[:2, 2]) / camera[0, 0])),
        precision=(segment_confidence * weight)[..., None] * axes,
        prior=torch.ones_like(box),
        box=box,
        standing=standing_points(pixels, confidence, box),
        calm=tensor(calmness(keypoints[:, fitted, :2])),
        focal=float(camera[0, 0]),
        centre=tensor(camera[:2, 2]),
    )


def _lifted(
    lifter: Lifter, seen: Observations, keypoints: np.ndarray, world: np.ndarray, body: FitBody, weights: Weights
) -> Observations:
    """The same with the lifter's segments beside MediaPipe's, each as sure as it is; without ``world`` (NaN) alone."""
    fitted = list(LANDMARKS)
    rays = ((seen.pixels - seen.centre) / seen.focal).cpu().numpy()
    confidence = np.clip(keypoints[:, fitted, 2], 0, 1) * (seen.confidence.sum(1, keepdim=True) > 0).cpu().numpy()
    lifted = lifter(rays, confidence, world[:, fitted])

    def tensor(array: np.ndarray) -> Tensor:
        return torch.as_tensor(array, dtype=DTYPE, device=body.rest.device)

    axes = tensor(np.array([weights.lifted_across, weights.lifted_across, 1.0]))
    lengths = body.lengths[:, None]
    own = weights.lifted * axes / (tensor(lifted.sigma[..., [0, 0, 1]]) * lengths).square()
    precision = (seen.precision + own).clamp(min=1e-9)
    segments = (seen.precision * seen.segments + own * lengths * tensor(lifted.segments)) / precision
    unsure = tensor(np.square(lifted.sigma[..., 1]).mean(1)) / weights.unsure_sigma**2
    return replace(seen, segments=segments, precision=precision, prior=unsure.clamp(max=1.0))


def _fit(objective: Objective, seen: Observations, steps: tuple[int, int], pitch: Pitch) -> tuple[Pose, Pitch]:
    """The whole sequence, first to find the floor, then standing on it."""
    body = objective.body
    count = len(seen.pixels)
    index = torch.arange(count + count % 2).clamp(max=count - 1)
    padded = _indexed(seen, index)
    if count % 2:
        padded.confidence[-1] = padded.precision[-1] = padded.standing[-1] = 0
    pose = _pass(objective, first_guess(body, padded), padded, steps[0], None)
    floor, pitch = floor_plane(body, body.place(*body.kinematics(pose)), padded.standing, pitch)
    return _pass(objective, pose, padded, steps[1], floor).frames(slice(0, count)), pitch


def _pass(objective: Objective, pose: Pose, seen: Observations, steps: int, floor: Tensor | None) -> Pose:
    """Fit windows of equal, even length and blend them where they overlap."""
    count = len(seen.pixels)
    windows = max(1, math.ceil((count - OVERLAP_FRAMES) / (WINDOW_FRAMES - OVERLAP_FRAMES)))
    length = 2 * math.ceil((count + (windows - 1) * OVERLAP_FRAMES) / windows / 2)
    starts = np.linspace(0, count - length, windows).round().astype(int)
    fitted: list[Pose] = []
    at_once = 1 if pose.root.device.type == "cpu" else WINDOWS_AT_ONCE
    for first in range(0, windows, at_once):
        some = starts[first : first + at_once]
        index = torch.as_tensor((some[:, None] + np.arange(length)).ravel())
        found = _fit_windows(objective, pose.frames(index), _indexed(seen, index), len(some), steps, floor)
        fitted.extend(found.frames(slice(n * length, (n + 1) * length)) for n in range(len(some)))
    whole = fitted[0]
    for start, part in zip(starts[1:], fitted[1:], strict=True):
        whole = _joined(whole, part, len(whole.root) - int(start))
    return whole


def _indexed(seen: Observations, index: Tensor) -> Observations:
    return replace(
        seen,
        pixels=seen.pixels[index],
        confidence=seen.confidence[index],
        segments=seen.segments[index],
        view=seen.view[index],
        precision=seen.precision[index],
        prior=seen.prior[index],
        box=seen.box[index],
        standing=seen.standing[index],
        calm=seen.calm[index],
    )


def _fit_windows(
    objective: Objective, pose: Pose, seen: Observations, windows: int, steps: int, floor: Tensor | None
) -> Pose:
    """Gauss-Newton steps on all windows at once; a window whose cost rises goes back and is damped more."""
    frames = len(pose.root) // windows
    damping = pose.root.new_full((windows,), 1e-3)
    cost, equations = evaluate(objective, pose, seen, windows, floor)
    for _ in range(steps):
        candidate = pose.stepped(equations().solve(damping).flatten(0, 1))
        attempt_cost, attempt = evaluate(objective, candidate, seen, windows, floor)
        better = attempt_cost <= cost
        if better.all():
            pose, cost, equations = candidate, attempt_cost, attempt
        elif better.any():
            pose = candidate.where(better.repeat_interleave(frames), pose)
            cost, equations = evaluate(objective, pose, seen, windows, floor)
        damping = torch.where(better, damping / 10, damping * 1000)
    return pose


def _joined(first: Pose, second: Pose, overlap: int) -> Pose:
    """Lay ``second`` over the last ``overlap`` frames of ``first``, turning smoothly from one to the other."""
    ramp = torch.linspace(0, 1, overlap + 2, dtype=first.root.dtype, device=first.root.device)[1:-1]
    share = ramp * ramp * (3 - 2 * ramp)

    def between(a: Tensor, b: Tensor) -> Tensor:
        part = share.reshape(-1, *[1] * (a.ndim - 2))
        return roma.unitquat_to_rotmat(slerp(roma.rotmat_to_unitquat(a), roma.rotmat_to_unitquat(b), part))

    root = between(first.root[-overlap:], second.root[:overlap])
    joints = between(first.joints[-overlap:], second.joints[:overlap])
    pelvis = torch.lerp(first.pelvis[-overlap:], second.pelvis[:overlap], share[:, None])
    return Pose(
        torch.cat([first.root[:-overlap], root, second.root[overlap:]]),
        torch.cat([first.pelvis[:-overlap], pelvis, second.pelvis[overlap:]]),
        torch.cat([first.joints[:-overlap], joints, second.joints[overlap:]]),
    )


def _camera_motion(pose: Pose, body: FitBody, betas: np.ndarray, camera: np.ndarray, valid: np.ndarray) -> CameraMotion:
    poses = np.zeros((len(valid), 24, 3))
    poses[:, FREE_JOINTS] = roma.rotmat_to_rotvec(pose.joints).cpu().numpy()
    turn = continuous_rotation_vectors(roma.rotmat_to_rotvec(pose.root).cpu().numpy())
    origin = (pose.pelvis - pose.root @ body.rest[0]).cpu().numpy()
    values = np.concatenate([poses.reshape(-1, 72), turn, origin], axis=1)
    finite: np.ndarray = np.isfinite(values).all(1)
    values[~finite] = 0
    return CameraMotion(values[:, :72], values[:, 72:75], values[:, 75:], betas, camera, valid & finite)
