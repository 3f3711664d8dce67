"""Motion of one dancer: ``smplfull.json`` as it is, and the y-up form that the rest of the library uses.

``smplfull.json`` follows EasyMocap: camera axes x right, y down, z forward, and ``x = R(Rh) smpl(poses, shapes) + Th``
turns about the template's ORIGIN. :class:`Motion` follows ``smplx``: y up, the root turns about the pelvis ``J0``.
With ``F = diag(1, -1, -1)``: ``transl = F (R(Rh) J0 + Th) - J0``. This module is the only place that converts.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body import MIRRORED_JOINTS, Body, forward_kinematics, rotation_matrices
from justlmd.errors import InputError
from justlmd.files import read_json, write_text

MAX_FRAMES = 3 * 3600 * 30
"""Frame numbers beyond three hours are taken for a damaged file."""

FLIP = np.array([1.0, -1.0, -1.0])
"""Camera axes (y down, z forward) to y up (z backward) and back: half a turn about x."""


@dataclass(frozen=True)
class CameraMotion:
    """What ``smplfull.json`` holds, for T frames from frame 0 on.

    ``poses`` (T, 72) axis-angle in radians with the root's three zero, ``Rh`` (T, 3) root orientation, ``Th`` (T, 3)
    metres, ``shapes`` (10,), ``K`` (3, 3) camera matrix in pixels, ``valid`` (T,): False where the file has no such
    frame (its values are then interpolated).
    """

    poses: np.ndarray
    Rh: np.ndarray
    Th: np.ndarray
    shapes: np.ndarray
    K: np.ndarray
    valid: np.ndarray

    def cut(self, start: int, stop: int | None = None) -> "CameraMotion":
        """Frames ``start`` to ``stop`` (exclusive; None: to the end)."""
        return replace(self, **{name: getattr(self, name)[start:stop] for name in ("poses", "Rh", "Th", "valid")})


@dataclass(frozen=True)
class Motion:
    """Motion in the y-up world with the floor at y = 0, metres and radians, as the ``smplx`` package defines it.

    ``global_orient`` (T, 3) and ``body_pose`` (T, 69) axis-angle, ``transl`` (T, 3), ``betas`` (10,), ``valid`` (T,).
    """

    global_orient: np.ndarray
    body_pose: np.ndarray
    transl: np.ndarray
    betas: np.ndarray
    valid: np.ndarray

    def __len__(self) -> int:
        return len(self.transl)

    def cut(self, start: int, stop: int) -> "Motion":
        """Frames ``start`` to ``stop`` (exclusive)."""
        fields = ("global_orient", "body_pose", "transl", "valid")
        return replace(self, **{name: getattr(self, name)[start:stop] for name in fields})

    def joints(self, body: Body) -> np.ndarray:
        """Joint positions (T, 24, 3) in metres."""
        return forward_kinematics(body, self.global_orient, self.body_pose, self.transl, self.betas)


def read_smplfull(path: str | Path, *, allow_empty: bool = False) -> CameraMotion:
    """Read a ``smplfull.json``; missing frames are interpolated and marked in ``valid``.

    Raises InputError that names the file, the frame's key and what is wrong with it. Of several people in a frame the
    one with id 0 is read, else the first; a frame without people is a missing frame. A file without any person, which
    is what recovery writes when nobody was found, is an error, or with ``allow_empty`` a motion of no frames.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such motion file")
    content = read_json(path)
    if not isinstance(content, dict) or not (content or allow_empty):
        raise InputError(f'{path}: expected an object of frames with keys like "000000"')
    frames: dict[int, dict[str, np.ndarray]] = {}
    for key, frame in content.items():
        if not re.fullmatch(r"[0-9]{6}", key) or int(key) >= MAX_FRAMES:
            raise InputError(f"{path}: the key {key[:40]!r} is not a frame number of six digits below {MAX_FRAMES}")
        values = _read_frame(f"{path}: frame {key}", frame)
        if values is not None:
            frames[int(key)] = values
    if not frames and allow_empty:
        nothing = np.zeros((0, 3))
        return CameraMotion(np.zeros((0, 72)), nothing, nothing, np.zeros(10), np.eye(3), np.zeros(0, bool))
    if not frames:
        raise InputError(f"{path}: no frame holds a person")
    known = np.array(sorted(frames))
    count = int(known[-1]) + 1
    columns = {name: np.stack([frames[k][name] for k in known]) for name in ("poses", "Rh", "Th", "shapes")}
    valid = np.zeros(count, bool)
    valid[known] = True
    if len(known) < count:
        for name in ("poses", "Rh"):
            columns[name] = interpolated_rotations(columns[name], known, np.arange(count))
        columns["Th"] = np.stack([np.interp(np.arange(count), known, axis) for axis in columns["Th"].T], axis=1)
    return CameraMotion(
        poses=columns["poses"],
        Rh=columns["Rh"],
        Th=columns["Th"],
        shapes=np.median(columns["shapes"], axis=0),
        K=frames[int(known[0])]["K"],
        valid=valid,
    )


def _read_frame(where: str, frame: Any) -> dict[str, np.ndarray] | None:
    """The arrays of one frame in camera coordinates; None when it has no person."""
    if not isinstance(frame, dict):
        raise InputError(f"{where}: expected an object with K, R, T and annots")
    K, R, T = (_numbers(where, frame, key, shape) for key, shape in (("K", (3, 3)), ("R", (3, 3)), ("T", (3, 1))))
    people = frame.get("annots")
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise InputError(f"{where}: annots is missing or not a list of people")
    if not people:
        return None
    person = next((person for person in people if person.get("id") == 0), people[0])
    sizes = {"shapes": 10, "poses": 72, "Rh": 3, "Th": 3}
    values = {key: _numbers(where, person, key, (1, size))[0] for key, size in sizes.items()}
    if not np.array_equal(R, np.eye(3)) or T.any():  # the camera is not the world's frame: move the person into it
        if np.abs(R @ R.T - np.eye(3)).max() > 1e-3:
            raise InputError(f"{where}: R is not a rotation matrix")
        values["Rh"] = matrix_to_axis_angle(R @ rotation_matrices(values["Rh"]))
        values["Th"] = R @ values["Th"] + T[:, 0]
    return values | {"K": K}


def _numbers(where: str, container: dict[str, Any], key: str, shape: tuple[int, int]) -> np.ndarray:
    if key not in container:
        raise InputError(f"{where}: {key} is missing")
    try:
        array = np.asarray(container[key])
    except ValueError:
        array = np.zeros(0, object)  # rows of different length
    if array.dtype.kind not in "fiu" or array.shape not in (shape, (shape[0] * shape[1],)):
        raise InputError(f"{where}: {key} is not {shape[0]} x {shape[1]} numbers")
    if not np.isfinite(array).all():
        raise InputError(f"{where}: {key} holds NaN or infinity")
    return array.astype(np.float64).reshape(shape)


def interpolated_rotations(values: np.ndarray, times: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Spherical interpolation of axis-angle vectors (N, 3 n), known at rising ``times`` (N,), at the times ``at`` (M,).

    Times before the first and after the last known one repeat it; at a known time its values return unchanged.
    """
    result = np.empty((len(at), values.shape[1]))
    after = np.clip(np.searchsorted(times, at), 0, len(times) - 1)
    before = np.maximum(after - (times[after] > at), 0)
    span = times[after] - times[before]
    share = ((at - times[before]) / np.where(span > 0, span, 1)).clip(0, 1)[:, None]
    for column in range(0, values.shape[1], 3):
        start = Rotation.from_rotvec(values[before, column : column + 3])
        end = Rotation.from_rotvec(values[after, column : column + 3])
        step = (start.inv() * end).as_rotvec()
        result[:, column : column + 3] = (start * Rotation.from_rotvec(share * step)).as_rotvec()
    known = times[after] == at
    result[known] = values[after[known]]
    return result


def write_smplfull(path: str | Path, motion: CameraMotion) -> None:
    """Write a ``smplfull.json`` in the original's layout: seven digits, frames that are not ``valid`` left out."""
    for name in ("poses", "Rh", "Th"):
        values = getattr(motion, name)
        if not np.isfinite(values[motion.valid]).all():
            raise InputError(f"{path}: {name} holds NaN or infinity, which this format cannot say; mark frames invalid")
    camera = (
        f'\t"K": {_rows(motion.K)}, \n\t"R": {_rows(np.eye(3))}, \n\t"T": {_rows(np.zeros((3, 1)))}, \n'
        f'\t"annots": [{{\n\t\t"id": 0, \n\t\t"shapes": {_rows(motion.shapes[None])}, \n'
    )
    frames = [
        f'"{k:06d}": {{\n{camera}\t\t"poses": {_rows(motion.poses[k, None])}, \n'
        f'\t\t"Rh": {_rows(motion.Rh[k, None])}, \n\t\t"Th": {_rows(motion.Th[k, None])}}}]}}'
        for k in np.flatnonzero(motion.valid)
    ]
    write_text(path, "{\n" + ", \n".join(frames) + "}")


def _rows(array: np.ndarray) -> str:
    """A matrix as JSON; adding zero turns -0.0 into 0.0."""
    return str((np.round(np.asarray(array, float), 7) + 0.0).tolist())


def bridged(seen: np.ndarray, longest_gap: int) -> np.ndarray:
    """True for seen frames and for gaps of at most ``longest_gap`` frames between them; (T,) bool."""
    index = np.arange(len(seen))
    before = np.maximum.accumulate(np.where(seen, index, -len(seen) - longest_gap))
    after = np.minimum.accumulate(np.where(seen, index, 2 * len(seen) + longest_gap)[::-1])[::-1]
    return after - before <= longest_gap + 1


def floor_height(motion: CameraMotion, body: Body, own_shapes: bool = True) -> float:
    """Height of the floor in metres above the camera (negative: below it).

    The 5th percentile over the valid frames of the lowest joint, less the sole's thickness below it in the rest pose.
    """
    joints = to_yup(motion, body, floor=0.0, own_shapes=own_shapes).joints(body)[motion.valid]
    sole = body.rest_joints()[:, 1].min() - float(body.v_template[:, 1].min())
    return float(np.percentile(joints[:, :, 1].min(axis=1), 5) - sole)


def to_yup(motion: CameraMotion, body: Body, floor: float | str = "auto", own_shapes: bool = True) -> Motion:
    """Turn camera motion into y-up motion with the floor at 0.

    Parameters
    ----------
    motion : what :func:`read_smplfull` returns
    body : the body model whose rest pelvis J0 the conversion needs
    floor : height of the floor above the camera in metres, or "auto" for :func:`floor_height`
    own_shapes : False when ``shapes`` belong to another body model than ``body``; they are then left out (zeros)
    """
    height = floor_height(motion, body, own_shapes) if isinstance(floor, str) else float(floor)
    betas = np.asarray(motion.shapes, float) if own_shapes else np.zeros(10)
    pelvis = body.rest_joints(betas)[0]
    turn = rotation_matrices(motion.Rh)
    position = turn @ pelvis + motion.Th
    orient = FLIP[:, None] * turn @ rotation_matrices(motion.poses[:, :3])
    return Motion(
        global_orient=matrix_to_axis_angle(orient),
        body_pose=motion.poses[:, 3:].copy(),
        transl=position * FLIP - pelvis - [0, height, 0],
        betas=betas,
        valid=motion.valid.copy(),
    )


def to_camera(motion: Motion, body: Body, K: np.ndarray, floor_offset: float = 0.0) -> CameraMotion:
    """The inverse of :func:`to_yup`; ``floor_offset`` is the height that was taken for the floor there."""
    pelvis = body.rest_joints(motion.betas)[0]
    turn = FLIP[:, None] * rotation_matrices(motion.global_orient)
    position = (motion.transl + pelvis + [0, floor_offset, 0]) * FLIP
    return CameraMotion(
        poses=np.concatenate([np.zeros((len(motion), 3)), motion.body_pose], axis=1),
        Rh=matrix_to_axis_angle(turn),
        Th=position - turn @ pelvis,
        shapes=np.asarray(motion.betas, float),
        K=np.asarray(K, float),
        valid=motion.valid.copy(),
    )


def before_camera(motion: Motion, body: Body, size: tuple[int, int] = (1280, 720)) -> CameraMotion:
    """The camera motion of a dance that no camera has seen: 3.5 m before a camera 1 m above the floor.

    ``size`` (width, height) of the imagined picture gives K with EasyMocap's focal length, 1.2 min(width, height).
    """
    focal = 1.2 * min(size)
    K = np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1.0]])
    return to_camera(replace(motion, transl=motion.transl + [0, 0, -3.5]), body, K, floor_offset=-1.0)


def matrix_to_axis_angle(matrices: np.ndarray) -> np.ndarray:
    """Axis-angle vectors (..., 3) of rotation matrices (..., 3, 3)."""
    return Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_rotvec().reshape(matrices.shape[:-1])


def axis_angle_to_6d(axis_angle: np.ndarray) -> np.ndarray:
    """6D rotations (..., 6): the first two columns of the matrix, one after the other (Zhou et al. 2019)."""
    matrices = rotation_matrices(axis_angle)
    return np.concatenate([matrices[..., 0], matrices[..., 1]], axis=-1)


def sixd_to_matrix(sixd: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) of any six numbers (..., 6) that span a plane, by Gram-Schmidt."""
    first, second = np.asarray(sixd[..., :3], float), np.asarray(sixd[..., 3:], float)
    x = first / np.linalg.norm(first, axis=-1, keepdims=True)
    y = second - (x * second).sum(-1, keepdims=True) * x
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def sixd_to_axis_angle(sixd: np.ndarray) -> np.ndarray:
    """Axis-angle vectors (..., 3) of 6D rotations (..., 6)."""
    return matrix_to_axis_angle(sixd_to_matrix(sixd))


def mirror(motion: Motion) -> Motion:
    """The same dance with left and right exchanged, in the mirror plane x = 0."""
    pose = np.concatenate([motion.global_orient, motion.body_pose], axis=1).reshape(-1, 24, 3)
    flipped = (pose[:, MIRRORED_JOINTS] * [1, -1, -1]).reshape(-1, 72)
    return replace(motion, global_orient=flipped[:, :3], body_pose=flipped[:, 3:], transl=motion.transl * [-1, 1, 1])
