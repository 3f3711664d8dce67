"""What our own exports say about themselves: in their fields, or in the ``*.clock.json`` beside them.

Written by :mod:`justlmd.export.origin`. With it a file comes back on the song's clock, on the same floor and in the
same place before the camera.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.body.model import Body
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.files import read_json
from justlmd.motion.importers.source import Y_UP, Z_UP, SourceMotion, array_of, ten_betas


@dataclass(frozen=True)
class Notes:
    """Notes of one file.

    ``fps``; ``axes`` of its world; ``first_frame_s``: second of the song at frame 0; ``floor_m`` and ``K`` (3, 3):
    floor above the camera and camera matrix, None where there was no camera; ``pitch_deg``: how far it looked down;
    ``body_model`` whose ``betas`` (10,) these are; ``missing`` (n, 2): frames [start, stop) without the dancer;
    ``joint_names`` of a BVH: smpl or mixamo.
    """

    fps: float
    axes: str
    first_frame_s: float
    floor_m: float | None
    pitch_deg: float
    K: np.ndarray | None
    body_model: str
    betas: np.ndarray
    missing: np.ndarray
    joint_names: str


def read_notes(path: Path) -> Notes | None:
    """The notes on ``motion.bvh`` in ``motion.clock.json`` beside it; None without it, or when it names no such file.

    Raises InputError when the clock is damaged.
    """
    clock = path.with_name(f"{path.name.split('.')[0]}.clock.json")
    if not clock.is_file():
        return None
    content = read_json(clock)
    files = content.get("files") if isinstance(content, dict) else None
    about = files.get(path.name) if isinstance(files, dict) else None
    if not isinstance(about, dict):
        return None
    notes = notes_in(content | about, str(clock))
    if notes is None:
        return None
    edges = notes.missing * (notes.fps / FPS)  # the clock counts the song's frames
    return replace(notes, missing=np.stack([np.floor(edges[:, 0]), np.ceil(edges[:, 1])], axis=1).astype(int))


def notes_in(content: Mapping[Any, Any], where: str = "") -> Notes | None:
    """The notes among the fields of a file; None where it has none.

    Raises InputError when they are not of the kind that we write.
    """
    if "first_frame_s" not in content or "body_model" not in content:
        return None
    try:
        notes = Notes(
            fps=_number(content["fps"]),
            axes={"y": Y_UP, "z": Z_UP}[str(content.get("up", content.get("up_axis", "y")))],
            first_frame_s=_number(content["first_frame_s"]),
            floor_m=_number(content["floor_m"]) if "floor_m" in content else None,
            pitch_deg=_number(content.get("pitch_deg", 0.0)),
            K=array_of(content["camera_K"]).reshape(3, 3) if "camera_K" in content else None,
            body_model=str(content["body_model"]),
            betas=ten_betas(content["body_model_betas"]),
            missing=np.asarray(content.get("missing", []), int).reshape(-1, 2),
            joint_names=str(content.get("joint_names", "smpl")),
        )
    except (KeyError, TypeError, ValueError, InputError) as error:
        raise InputError(f"its clock is damaged ({error})", where=where) from error
    known = [v for v in (notes.first_frame_s, notes.floor_m, notes.fps, notes.pitch_deg) if v is not None]
    in_place = abs(notes.floor_m or 0) <= 100 and abs(notes.pitch_deg) <= 90
    if not np.isfinite(known).all() or not 0 <= notes.first_frame_s < 1e6 or not in_place:
        raise InputError("its clock holds no times, heights or angles of a song", where=where)
    return notes


def _number(value: Any) -> float:
    return float(np.asarray(value, float).reshape(()))


def with_notes(source: SourceMotion, notes: Notes | None, body: Body) -> SourceMotion:
    """A source motion with what the notes on its file say; heights of another body mean nothing to this one."""
    if notes is None:
        return source
    valid = source.valid.copy()
    for start, stop in notes.missing.clip(0):
        valid[start:stop] = False
    return replace(
        source,
        fps=notes.fps,
        body_model=notes.body_model,
        betas=notes.betas,
        valid=valid,
        K=notes.K,
        from_first_line=False,
        first_frame_s=notes.first_frame_s,
        floor_m=notes.floor_m if notes.body_model == body.name else None,
        pitch_deg=notes.pitch_deg,
    )
