"""Reading motion that other programs wrote; what each file looks like and means: ``docs/gpu-backends.md``.

The format is recognised by the content, not by the name. Nothing in a file is run: pickles go through
:mod:`justlmd.core.safe_pickle`, torch files through ``weights_only``.
"""

import io
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.body.model import Body
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.files import UNREADABLE_NPZ
from justlmd.core.limits import LARGEST_ARRAYS_BYTES, LARGEST_JSON_BYTES, check_arrays, check_file
from justlmd.core.safe_pickle import read_pickle
from justlmd.motion.importers.bvh import read_bvh, read_joint_names
from justlmd.motion.importers.camera_results import read_camerahmr, read_frankmocap, read_gvhmr, read_phalp, read_wham
from justlmd.motion.importers.glb import read_glb
from justlmd.motion.importers.joint_positions import poses_from_joints
from justlmd.motion.importers.notes import Notes, notes_in, read_notes, with_notes
from justlmd.motion.importers.source import (
    MEASURED,
    Y_UP,
    Z_UP,
    ImportedMotion,
    SourceMotion,
    imported,
    numbers,
    rest_pelvis_of,
    ten_betas,
    without_hands,
)
from justlmd.motion.motion import Motion, to_yup
from justlmd.motion.smplfull import MAX_FRAMES, read_smplfull
from justlmd.motion.song_motion import read_motion_meta

Content = dict[Any, Any]

JOINT_KEYS = ("joints", "joints3d", "keypoints3d", "pred_joints", "motion")
"""Names under which joint positions are looked for."""

MOTION_SUFFIXES = (".json", ".npz", ".pkl", ".pt", ".npy", ".bvh")


def motion_files(folder: str | Path) -> list[Path]:
    """Files below ``folder`` that may hold a motion, by their names and in their order."""
    paths = (path for path in Path(folder).rglob("*") if path.suffix.lower() in MOTION_SUFFIXES and path.is_file())
    return sorted(path for path in paths if not path.name.endswith((".meta.json", ".clock.json", ".joints.json")))


def read_any_motion(path: str | Path, body: Body, size: tuple[int, int] = (1280, 720)) -> ImportedMotion:
    """Read a motion file of any known format as camera motion of ``body`` at 30 frames/s.

    Parameters
    ----------
    path
        ``smplfull.json``; AMASS ``.npz`` (SMPL-H, or SMPL-X "stageii"); AIST++ or EDGE ``.pkl``; GVHMR ``.pt``; WHAM or
        PHALP (4D-Humans) ``.pkl``; CameraHMR ``.npz``; a folder of FrankMocap's ``.pkl``; BVH of any person; GLB
        of ours; joint positions (T, 17, 3) in Human3.6M's order or (T, 22 or 24, 3) in SMPL's, as ``.npy``, ``.npz`` or
        ``.pkl``.
    body
        The body that the motion shall move.
    size
        Width and height in pixels of the video, where the file leaves it open.

    Raises
    ------
    InputError
        Names the file and what was found in it, or what is wrong with a value.
    """
    path = Path(path)
    if not path.exists():
        raise InputError("no such motion file", where=path)
    kind, content = ("folder", None) if path.is_dir() else _content(path)
    if kind == "json":
        meta = path.with_name(f"{path.stem}.meta.json")  # beside files that this workflow made
        ours = read_motion_meta(meta) if meta.is_file() else None
        own_body, pitch_deg = (ours.body_model == body.name, ours.pitch_deg) if ours else (False, 0.0)
        return ImportedMotion(read_smplfull(path), "smplfull.json", own_body, True, pitch_deg=pitch_deg)
    notes = read_notes(path) if kind in ("bvh", "npy") else None
    try:
        source = read_frankmocap(path, body, size) if kind == "folder" else _source(path, content, body, size, notes)
        if not 1 <= len(source.poses) <= MAX_FRAMES * 40:
            raise InputError(f"{len(source.poses)} frames are no motion")
        return imported(source, body, size)
    except InputError as error:
        raise error if str(path) in str(error) else InputError(f"{error}", where=path) from error
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"holds values of an unexpected kind or shape ({error})", where=path) from error


def read_yup_motion(path: str | Path, body: Body) -> Motion:
    """The same as y-up motion with the floor at 0; shape parameters of another body become zeros."""
    found = read_any_motion(path, body)
    floor = "auto" if found.floor_m is None else found.floor_m
    return to_yup(found.motion, body, floor, found.own_body, found.pitch_deg)


def _content(path: Path) -> tuple[str, Any]:
    """What the first bytes say it is, and what is in it."""
    check_file(path, LARGEST_ARRAYS_BYTES, "a motion file")
    with path.open("rb") as stream:
        start = stream.read(64)
    if not start:
        raise InputError("is empty", where=path)
    if start[:4] == b"glTF":
        return "glb", path.read_bytes()
    if start[:6] == b"\x93NUMPY":
        try:
            check_arrays(path)
            return "npy", np.load(path, allow_pickle=False)
        except UNREADABLE_NPZ as error:
            raise InputError(f"not a readable npy file ({error})", where=path) from error
    if start[:2] == b"PK":
        return _zip(path)
    if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return "json", None
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").upper().startswith(b"HIERARCHY"):
        check_file(path, LARGEST_JSON_BYTES, "BVH")
        return "bvh", path.read_text(encoding="utf-8", errors="replace")
    return "pickle", read_pickle(path, "motion", ("torch.",))


def _zip(path: Path) -> tuple[str, Any]:
    """A file of torch, or the arrays of an npz; arrays of Python objects, as AMASS adds some, are left out."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        if any(name.endswith("data.pkl") for name in names):
            return "pt", _torch(path)
        check_arrays(path)
        arrays = {}
        with np.load(path, allow_pickle=False) as archive:
            for name in archive.files:
                try:
                    arrays[name] = archive[name]
                except ValueError as error:
                    if "Object arrays" not in str(error):
                        raise
        return "npz", arrays
    except UNREADABLE_NPZ as error:
        raise InputError(f"not a readable npz file ({error})", where=path) from error


def _torch(path: Path) -> Any:
    import torch

    try:
        return torch.load(io.BytesIO(path.read_bytes()), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        first = str(error).strip().splitlines()[0]
        raise InputError(f"torch refuses to load it without running code ({first})", where=path) from error


def _source(path: Path, content: Any, body: Body, size: tuple[int, int], notes: Notes | None) -> SourceMotion:
    if isinstance(content, np.ndarray):
        own = notes is not None and notes.body_model == body.name
        shaped = replace(body, v_template=body.rest_vertices(notes.betas)) if notes and own else body
        source = _joints(content, FPS, shaped)
        return with_notes(replace(source, axes=notes.axes) if notes else source, notes, body)
    if isinstance(content, bytes):
        return read_glb(content, body)
    if isinstance(content, str):
        return with_notes(read_bvh(content, body, notes, read_joint_names(path)), notes, body)
    if not isinstance(content, dict) or not content:
        raise InputError(f"holds a {type(content).__name__}, no motion that is known here", where=path)
    for needed, reader in _READERS:
        if needed <= content.keys():
            return with_notes(reader(content, body, size), notes_in(content, str(path)), body)
    first = next(iter(content.values()))
    if isinstance(first, dict) and {"pose", "trans", "frame_ids"} <= first.keys():
        return read_wham(content, body, size)
    if isinstance(first, dict) and {"time", "tid", "smpl", "camera"} <= first.keys():
        return read_phalp(content, body, size)
    for key in JOINT_KEYS:
        if key in content and np.ndim(content[key]) == 3:
            return _joints(np.asarray(content[key]), float(content.get("fps", FPS)), body)
    found = ", ".join(str(key)[:40] for key in list(content)[:12])
    inner = (
        f", the first with {', '.join(str(key)[:40] for key in list(first)[:12])}" if isinstance(first, dict) else ""
    )
    raise InputError("no motion format that is known here", where=path, next_step=f"it holds {found}{inner}")


def _amass(content: Content, body: Body, size: tuple[int, int]) -> SourceMotion:
    poses = numbers(content, "poses", 2)
    trans = numbers(content, "trans", 2)
    smplx = poses.shape[1] == 165 or str(content.get("surface_model_type", "")) == "smplx"
    if poses.shape[1] not in (156, 165, 72):
        raise InputError(f"poses has {poses.shape[1]} columns", next_step="AMASS has 156 (SMPL-H) or 165 (SMPL-X)")
    rates = [content[key] for key in ("mocap_frame_rate", "mocap_framerate", "fps") if key in content]
    if not rates:
        raise InputError("the frame rate is missing (mocap_framerate or mocap_frame_rate)")
    ours = str(content.get("body_model", ""))  # files that this library exports name their body
    model = ours or ("smplx" if smplx else "smplh" if poses.shape[1] == 156 else "smpl")
    betas = np.zeros(10)
    for key in ("betas", "body_model_betas"):
        betas = np.ravel(content[key]) if key in content else betas
    up = str(content.get("up_axis", ""))
    return SourceMotion(
        format=f"AMASS file ({'SMPL-X' if smplx else 'SMPL-H' if poses.shape[1] == 156 else 'SMPL'})",
        # What follows the wrists is fingers or a face, which our 24 joints do not have.
        poses=poses if poses.shape[1] == 72 else without_hands(poses),
        pelvis=trans + rest_pelvis_of(model, body, betas),
        fps=float(np.ravel(rates[0])[0]),
        axes={"y": Y_UP, "z": Z_UP}.get(up, MEASURED),
        body_model=model,
        betas=ten_betas(betas),
        valid=np.asarray(content.get("valid", np.ones(len(poses))), bool),
        from_first_line=bool(ours),
    )


def _aist(content: Content, body: Body, size: tuple[int, int]) -> SourceMotion:
    scaling = float(np.ravel(content["smpl_scaling"])[0])
    trans = numbers(content, "smpl_trans", 2) / scaling
    betas = ten_betas(content.get("body_model_betas", np.zeros(10)))  # of files that this library exports
    rest = rest_pelvis_of(str(content.get("body_model", "smpl")), body, betas)
    return _world("AIST++ motion", numbers(content, "smpl_poses", 2), trans + rest, 60.0, Y_UP)


def _edge(content: Content, body: Body, size: tuple[int, int]) -> SourceMotion:
    """EDGE's skeleton has its root, the pelvis, at ``smpl_trans`` itself."""
    return _world("EDGE output", numbers(content, "smpl_poses", 2), numbers(content, "smpl_trans", 2), FPS, Z_UP)


def _joints(joints: np.ndarray, fps: float, body: Body) -> SourceMotion:
    joints = joints.astype(float)
    if joints.ndim != 3 or joints.shape[1] not in (17, 22, 24) or joints.shape[2] != 3:
        raise InputError(
            f"an array {joints.shape}", next_step="joint positions are (T, 17, 3), (T, 22, 3) or (T, 24, 3)"
        )
    valid = np.isfinite(joints).all((1, 2))
    if not valid.any():
        raise InputError("no frame of these joint positions is finite")
    poses, pelvis = poses_from_joints(np.where(valid[:, None, None], joints, joints[valid][0]), body)
    order = "Human3.6M" if joints.shape[1] == 17 else "SMPL"
    source = _world(f"joint positions ({joints.shape[1]}, {order}'s order)", poses, pelvis, fps, MEASURED)
    source.valid[:] = valid
    return source


_READERS: tuple[tuple[set[str], Callable[[Content, Body, tuple[int, int]], SourceMotion]], ...] = (
    ({"smpl_params_incam"}, read_gvhmr),
    ({"smpl_poses", "smpl_trans", "smpl_scaling"}, _aist),
    ({"smpl_poses", "smpl_trans", "full_pose"}, _edge),
    ({"global_orient", "body_pose", "cam_t"}, read_camerahmr),
    ({"poses", "trans"}, _amass),
)
"""Keys by which a format is recognised, and what reads it."""


def _world(format: str, poses: np.ndarray, pelvis: np.ndarray, fps: float, axes: str) -> SourceMotion:
    """A motion without shape parameters, seen by no camera."""
    if poses.shape != (len(pelvis), 72):
        raise InputError(f"{poses.shape} angles for {len(pelvis)} frames", next_step="expected 72 per frame")
    return SourceMotion(format, poses, pelvis, fps, axes, "unknown", np.zeros(10), np.ones(len(poses), bool))
