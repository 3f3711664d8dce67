"""Reading and writing ``smplfull.json``, EasyMocap's format as the original wrote it."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.files import read_json, write_text
from justlmd.core.limits import LARGEST_NUMBER, LONGEST_VIDEO_S
from justlmd.core.rotations import interpolated_rotations, matrix_to_axis_angle, rotation_matrices
from justlmd.motion.motion import CameraMotion

MAX_FRAMES = int(LONGEST_VIDEO_S * FPS)
"""Frame numbers beyond three hours are taken for a damaged file."""


def read_smplfull(path: str | Path, *, allow_empty: bool = False) -> CameraMotion:
    """Read a ``smplfull.json``; missing frames are interpolated and marked in ``valid``.

    Raises InputError that names the file, the frame's key and what is wrong with it. Of several people in a frame the
    one with id 0 is read, else the first; a frame without people is a missing frame. A file without any person, which
    is what recovery writes when nobody was found, is an error, or with ``allow_empty`` a motion of no frames.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such motion file", where=path)
    content = read_json(path)
    if not isinstance(content, dict) or not (content or allow_empty):
        raise InputError('expected an object of frames with keys like "000000"', where=path)
    frames: dict[int, dict[str, np.ndarray]] = {}
    for key, frame in content.items():
        if not re.fullmatch(r"[0-9]{6}", key) or int(key) >= MAX_FRAMES:
            raise InputError(f"the key {key[:40]!r} is not a frame number of six digits below {MAX_FRAMES}", where=path)
        values = _read_frame(f"{path}: frame {key}", frame)
        if values is not None:
            frames[int(key)] = values
    if not frames and allow_empty:
        return CameraMotion.without_person(0, np.eye(3))
    if not frames:
        raise InputError("no frame holds a person", where=path)
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
        raise InputError("expected an object with K, R, T and annots", where=where)
    K, R, T = (_numbers(where, frame, key, shape) for key, shape in (("K", (3, 3)), ("R", (3, 3)), ("T", (3, 1))))
    people = frame.get("annots")
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise InputError("annots is missing or not a list of people", where=where)
    if not people:
        return None
    person = next((person for person in people if person.get("id") == 0), people[0])
    sizes = {"shapes": 10, "poses": 72, "Rh": 3, "Th": 3}
    values = {key: _numbers(where, person, key, (1, size))[0] for key, size in sizes.items()}
    if not np.array_equal(R, np.eye(3)) or T.any():  # the camera is not the world's frame: move the person into it
        if np.abs(R @ R.T - np.eye(3)).max() > 1e-3:
            raise InputError("R is not a rotation matrix", where=where)
        values["Rh"] = matrix_to_axis_angle(R @ rotation_matrices(values["Rh"]))
        values["Th"] = R @ values["Th"] + T[:, 0]
    return values | {"K": K}


def _numbers(where: str, container: dict[str, Any], key: str, shape: tuple[int, int]) -> np.ndarray:
    if key not in container:
        raise InputError(f"{key} is missing", where=where)
    try:
        array = np.asarray(container[key])
    except ValueError:
        array = np.zeros(0, object)  # rows of different length
    if array.dtype.kind not in "fiu" or array.shape not in (shape, (shape[0] * shape[1],)):
        raise InputError(f"{key} is not {shape[0]} x {shape[1]} numbers", where=where)
    if not np.isfinite(array).all():
        raise InputError(f"{key} holds NaN or infinity", where=where)
    if np.abs(array).max() > LARGEST_NUMBER:
        raise InputError(
            f"{key} holds numbers above {LARGEST_NUMBER:g}, which are no angles and no metres", where=where
        )
    return array.astype(np.float64).reshape(shape)


def write_smplfull(path: str | Path, motion: CameraMotion) -> None:
    """Write a ``smplfull.json`` in the original's layout: seven digits, frames that are not ``valid`` left out."""
    for name in ("poses", "Rh", "Th"):
        values = getattr(motion, name)
        if not np.isfinite(values[motion.valid]).all():
            raise InputError(
                f"{name} holds NaN or infinity, which this format cannot say",
                where=path,
                next_step="mark frames invalid",
            )
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
