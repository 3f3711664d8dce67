"""What ``smplfull.json`` cannot say in its own format stands beside it in ``smplfull.meta.json``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from justlmd import FPS
from justlmd.body import Body
from justlmd.errors import InputError
from justlmd.files import read_json, write_json
from justlmd.motion import Motion, read_smplfull, to_yup

UNKNOWN_BODY = "smpl"
"""Body model of motion files made elsewhere: the original and EasyMocap fit SMPL."""


def write_motion_meta(path: str | Path, body: Body | None, method: str, first_frame_s: float) -> None:
    """Write which body model the shape parameters belong to, how the motion was made and when its frame 0 is.

    Parameters
    ----------
    body
        The body model that was fitted; None for files made elsewhere.
    method
        In words, for people.
    first_frame_s
        Second of ``video.mp4`` at frame 0.
    """
    name, sha256 = (body.name, body.sha256) if body else (UNKNOWN_BODY, "")
    write_json(
        path,
        {
            "body_model": {"name": name, "sha256": sha256},
            "method": method,
            "fps": FPS,
            "first_frame_s": first_frame_s,
        },
    )


@dataclass(frozen=True)
class MotionMeta:
    """Name of the body model that the shape parameters belong to, and second of ``video.mp4`` at frame 0."""

    body_model: str
    first_frame_s: float


def read_motion_meta(path: str | Path) -> MotionMeta:
    """Read a ``smplfull.meta.json``; raises InputError that names it."""
    content: Any = read_json(path)
    try:
        return MotionMeta(str(content["body_model"]["name"]), float(content["first_frame_s"]))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: lacks {error}; delete it and the smplfull.json beside it") from error


def read_song_motion(motion: str | Path, meta: str | Path, body: Body) -> Motion:
    """Read a song's motion as y-up motion of ``body``; shape parameters of another body model are left out."""
    return to_yup(read_smplfull(motion), body, own_shapes=read_motion_meta(meta).body_model == body.name)
