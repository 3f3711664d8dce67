"""Motion of other programs in the form of this library: 30 frames/s, camera axes, one body.

Every program's result comes down to joint angles and a pelvis position in its own axes (:class:`SourceMotion`). From
there the steps are the same: resample, close gaps, turn to camera axes, put the pelvis of *our* body where theirs was.
With R the root's rotation and J0 the rest pelvis, ``Th = pelvis - R J0``; standard SMPL has ``pelvis = transl + J0``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from justlmd.body.camera import intrinsics
from justlmd.body.kinematics import forward_kinematics
from justlmd.body.model import JOINT_NAMES, Body
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.limits import LARGEST_NUMBER
from justlmd.core.rotations import interpolated_rotations, matrix_to_axis_angle, rotation_matrices
from justlmd.motion.motion import CameraMotion, Motion, before_camera, to_camera
from justlmd.motion.smplfull import MAX_FRAMES

SMPLX_PELVIS = np.array([0.0031, -0.3514, 0.0120])
"""Rest pelvis of SMPL-X's neutral mean shape in metres, about its template's origin; other shapes move it by 1-2 cm."""

CAMERA, Y_UP, Z_UP, MEASURED = "camera", "y up", "z up", "measured"
"""Axes of a source: a camera's (y down, z forward), or a world's, given or measured from how the body stands."""

TO_Y_UP = {
    (0, 1): np.array([[0, -1.0, 0], [1, 0, 0], [0, 0, 1]]),
    (0, -1): np.array([[0, 1.0, 0], [-1, 0, 0], [0, 0, 1]]),
    (1, 1): np.eye(3),
    (2, 1): np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    (1, -1): np.diag([1.0, -1, -1]),
    (2, -1): np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
}
"""(axis, sign) that points up: the quarter turns about x (about z for x itself) that make it y."""


@dataclass(frozen=True)
class SourceMotion:
    """T frames as another program means them.

    ``format`` in words; ``poses`` (T, 72) axis-angle, the root's first; ``pelvis`` (T, 3) metres; ``axes`` one of the
    constants above; ``body_model`` whose ``betas`` (10,) these are; ``valid`` (T,): frames that hold the dancer (others
    may hold anything); ``K`` (3, 3) where known; ``from_first_line``: frame 0 is the first lyric stamp, as in
    ``smplfull.json``, not the beginning of the song. ``first_frame_s``, ``floor_m`` and ``pitch_deg`` (in a world whose
    floor is at 0) where a file of ours says them (:class:`~justlmd.export.origin.Origin`).
    """

    format: str
    poses: np.ndarray
    pelvis: np.ndarray
    fps: float
    axes: str
    body_model: str
    betas: np.ndarray
    valid: np.ndarray
    K: np.ndarray | None = None
    from_first_line: bool = False
    first_frame_s: float | None = None
    floor_m: float | None = None
    pitch_deg: float = 0.0


@dataclass(frozen=True)
class ImportedMotion:
    """Motion in the form of ``smplfull.json``.

    ``own_body``: its shape parameters and its place belong to the body that was asked for; otherwise the file is taken
    as it is and they belong to SMPL. ``from_first_line``, ``first_frame_s`` (second of ``video.mp4``), ``floor_m``
    (height of the floor above the camera) and ``pitch_deg`` as in :class:`SourceMotion`.
    """

    motion: CameraMotion
    format: str
    own_body: bool
    from_first_line: bool
    first_frame_s: float | None = None
    floor_m: float | None = None
    pitch_deg: float = 0.0


def imported(source: SourceMotion, body: Body, size: tuple[int, int]) -> ImportedMotion:
    """Bring a source motion to 30 frames/s and camera axes on ``body``.

    Joint angles are copied. Shape parameters are copied only from the same body model (SMPL's own mesh is known by its
    6890 vertices), else they are zero. What was recorded without a camera is put before an imagined one; what we
    exported ourselves returns to the place before its own camera.

    Raises InputError when no frame holds a dancer or the body does not stand along one of the axes.
    """
    source = _resampled(_filled(source))
    shares_shape = source.body_model in (body.name, "smpl" if len(body.v_template) == 6890 else body.name)
    betas = source.betas[:10] if shares_shape else np.zeros(10)
    rest_pelvis = body.rest_joints(betas)[0]
    if source.axes == CAMERA:
        turn = rotation_matrices(source.poses[:, :3])
        motion = CameraMotion(
            poses=np.concatenate([np.zeros((len(turn), 3)), source.poses[:, 3:]], axis=1),
            Rh=source.poses[:, :3],
            Th=source.pelvis - turn @ rest_pelvis,
            shapes=betas,
            K=intrinsics(size) if source.K is None else source.K,
            valid=source.valid,
        )
    elif source.floor_m is not None and source.axes != MEASURED:
        K = intrinsics(size) if source.K is None else source.K
        upright = _turned(source, betas, rest_pelvis, TO_Y_UP[_up(source, body)])
        motion = to_camera(upright, body, K, source.floor_m, source.pitch_deg)
    else:
        source = replace(source, floor_m=None, pitch_deg=0.0)
        motion = before_camera(_upright(source, body, betas), body, size)
    place = source.first_frame_s, source.floor_m, source.pitch_deg
    return ImportedMotion(motion, source.format, True, source.from_first_line, *place)


def rest_pelvis_of(body_model: str, body: Body, betas: np.ndarray) -> np.ndarray:
    """J0 of a body model whose files are not at hand: SMPL's is close to that of ``body``, SMPL-X's is a constant."""
    if body_model == "smplx":
        return SMPLX_PELVIS
    return body.rest_joints(betas[:10] if len(body.v_template) == 6890 or body_model == body.name else None)[0]


def _filled(source: SourceMotion) -> SourceMotion:
    """Frames without the dancer, and those that are not finite, interpolated and marked."""
    finite = np.isfinite(source.poses).all(1) & np.isfinite(source.pelvis).all(1)
    valid = source.valid & finite
    if not valid.any():
        raise InputError(f"no frame of this {source.format} holds a dancer")
    known, frames = np.flatnonzero(valid), np.arange(len(valid))
    if len(known) == len(frames):
        return source
    poses = interpolated_rotations(source.poses[known], known, frames)
    pelvis = np.stack([np.interp(frames, known, axis[known]) for axis in source.pelvis.T], axis=1)
    return replace(source, poses=poses, pelvis=pelvis, valid=valid)


def _resampled(source: SourceMotion) -> SourceMotion:
    """At 30 frames/s; a new frame is valid where the frames about it are."""
    if not 1 <= source.fps <= 1000:
        raise InputError(f"{source.fps:g} frames per second are no frame rate of a motion")
    if source.fps == FPS:
        return source
    times = np.arange(len(source.poses)) / source.fps
    count = int(times[-1] * FPS + 1e-6) + 1
    if count > MAX_FRAMES:
        raise InputError(f"{count / FPS / 3600:.1f} hours are longer than any song")
    at = np.arange(count) / FPS
    pelvis = np.stack([np.interp(at, times, axis) for axis in source.pelvis.T], axis=1)
    valid = np.interp(at, times, source.valid) > 0.999
    poses = interpolated_rotations(source.poses, times, at)
    return replace(source, poses=poses, pelvis=pelvis, valid=valid, fps=float(FPS))


def _upright(source: SourceMotion, body: Body, betas: np.ndarray) -> Motion:
    """Y-up motion, floor at 0, the trajectory's middle at the origin and nothing more than 1.5 m in front of it."""
    rest = body.rest_joints(betas)
    motion = _turned(source, betas, rest[0], TO_Y_UP[_up(source, body)])
    joints = motion.joints(body)[source.valid]
    sole = rest[:, 1].min() - float(body.rest_vertices(betas)[:, 1].min())
    middle = (joints[:, 0].min(0) + joints[:, 0].max(0)) / 2
    near = max(joints[..., 2].max() - middle[2] - 1.5, 0)
    floor = np.percentile(joints[..., 1].min(1), 5) - sole
    return replace(motion, transl=motion.transl - [middle[0], floor, middle[2] + near])


def _turned(source: SourceMotion, betas: np.ndarray, pelvis: np.ndarray, turn: np.ndarray) -> Motion:
    """The motion in axes turned by ``turn`` (3, 3), for the rest pelvis ``pelvis`` (3,)."""
    orient = matrix_to_axis_angle(turn @ rotation_matrices(source.poses[:, :3]))
    return Motion(orient, source.poses[:, 3:], source.pelvis @ turn.T - pelvis, betas, source.valid)


def _up(source: SourceMotion, body: Body) -> tuple[int, int]:
    """Index and sign of the axis that points up."""
    if source.axes in (Y_UP, Z_UP):
        return (1, 1) if source.axes == Y_UP else (2, 1)
    joints = forward_kinematics(body, source.poses[:, :3], source.poses[:, 3:], source.pelvis)[source.valid]
    name = JOINT_NAMES.index
    feet = (joints[:, name("left_ankle")] + joints[:, name("right_ankle")]) / 2
    stands = (joints[:, name("head")] - feet).mean(0)
    axis = int(np.abs(stands).argmax())
    if axis == 0 or abs(stands[axis]) < 0.3:
        raise InputError(
            "the body stands neither along the y nor along the z axis", next_step="turn the motion so that it does"
        )
    return axis, int(np.sign(stands[axis]))


def array_of(value: Any) -> np.ndarray:
    """Numbers as float64, also out of a torch tensor."""
    array = np.asarray(value.detach().numpy() if hasattr(value, "detach") else value)
    if array.dtype.kind not in "fiu":
        raise InputError(f"holds {array.dtype} where numbers should be")
    array = array.astype(float)
    if (np.abs(array) > LARGEST_NUMBER).any():  # NaN marks missing frames, and passes
        raise InputError(f"holds numbers above {LARGEST_NUMBER:g}, which are no angles and no metres")
    return array


def numbers(content: Mapping[Any, Any], key: str, dimensions: int) -> np.ndarray:
    array = array_of(content[key])
    if array.ndim != dimensions:
        raise InputError(f"{key} has the shape {array.shape}", next_step=f"expected {dimensions} dimensions")
    return array


def axis_angles(value: Any, joints: int) -> np.ndarray:
    """(T, 3 joints) axis-angle from axis-angle or rotation matrices of any layout."""
    array = array_of(value)
    if array.shape[-2:] == (3, 3) and array.size == len(array) * joints * 9:
        array = matrix_to_axis_angle(array.reshape(-1, 3, 3))
    return array.reshape(-1, 3 * joints)


def without_hands(poses: np.ndarray) -> np.ndarray:
    """(T, 72) from (T, 66 or more): SMPL's first 22 joints, its two hand joints at rest."""
    return np.concatenate([poses[:, :66], np.zeros((len(poses), 6))], axis=1)


def ten_betas(betas: Any) -> np.ndarray:
    """Ten shape parameters: the median over frames, cut or filled with zeros."""
    array = array_of(betas)
    array = np.median(array, axis=0) if array.ndim == 2 else np.ravel(array)
    if not np.isfinite(array).all():
        raise InputError("the shape parameters (betas) hold NaN or infinity")
    return np.append(array[:10], np.zeros(10))[:10]
