"""Where an exported motion comes from: its second in the song and its place before the camera, for every format.

The same fields stand in each file that has room for them (npz, pkl, the ``extras`` of a GLB) and in
``motion.clock.json`` beside the files, which also holds the lyrics. With them an import gives back the motion in the
place where it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.body.model import Body
from justlmd.core.errors import InputError
from justlmd.core.files import write_json
from justlmd.export.kinds import AUDIO
from justlmd.lyrics.document import Line
from justlmd.motion.motion import Motion


@dataclass(frozen=True)
class Origin:
    """A motion's place in its song and before its camera.

    Parameters
    ----------
    first_frame_s
        Second of ``video.mp4`` (of the song) at frame 0.
    floor_m
        Height in metres that was taken for the floor, above the camera: what
        :func:`~justlmd.motion.motion.to_yup` subtracted. None where no camera is known.
    camera_K
        (3, 3) camera matrix in pixels; None where no camera is known.
    pitch_deg
        Degrees by which the camera is known to look down, which :func:`~justlmd.motion.motion.to_yup` took out.
    """

    first_frame_s: float = 0.0
    floor_m: float | None = None
    camera_K: np.ndarray | None = None
    pitch_deg: float = 0.0


def origin_fields(motion: Motion, body: Body, fps: float, origin: Origin) -> dict[str, Any]:
    """The fields that every format gets, as numbers, texts and lists: seconds, metres, pixels.

    ``missing`` lists the stretches [start, stop) of frames in which the dancer was not seen.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], ~motion.valid, [0]])))
    fields: dict[str, Any] = {
        "first_frame_s": float(origin.first_frame_s),
        "fps": float(fps),
        "frames": len(motion),
        "body_model": body.name,
        "body_model_sha256": body.sha256,
        "body_model_betas": [float(value) for value in motion.betas],
        "missing": edges.reshape(-1, 2).tolist(),
    }
    if origin.floor_m is not None:
        fields["floor_m"] = float(origin.floor_m)
    if origin.camera_K is not None:
        fields["camera_K"] = np.asarray(origin.camera_K, float).tolist()
    if origin.pitch_deg:
        fields["pitch_deg"] = float(origin.pitch_deg)
    return fields


def write_clock(
    path: str | Path,
    fields: Mapping[str, Any],
    *,
    song: str,
    duration_s: float,
    files: Mapping[str, Mapping[str, Any]],
    lines: Sequence[Line] = (),
) -> None:
    """Write ``motion.clock.json``.

    Parameters
    ----------
    path
        The file, beside those that it describes.
    fields
        Of :func:`origin_fields`, at the song's own 30 frames/s.
    song
        Id of the song.
    duration_s
        Length of the motion, and of ``audio.m4a``, in seconds.
    files
        By name: ``fps``, ``frames``, ``up`` and what else distinguishes a file.
    lines
        Sung lines on the song's clock; those within the motion are written, in seconds from its first frame on.
    """
    first = float(fields["first_frame_s"])
    sung = [
        {"start_s": round(line.start_s - first, 3), "end_s": round(line.end_s - first, 3), "text": line.text}
        for line in lines
        if line.text.strip() and line.end_s > first and line.start_s < first + duration_s
    ]
    content = {"song": song, "duration_s": round(duration_s, 6), "audio": AUDIO}
    write_json(path, content | dict(fields) | {"files": dict(files), "lyrics": sung})


def require_finite(path: str | Path, motion: Motion) -> None:
    """Raise InputError when a motion has no frames or holds values that are not finite."""
    parts = (motion.global_orient, motion.body_pose, motion.transl)
    if not len(motion) or not all(np.isfinite(part).all() for part in parts):
        raise InputError("a motion without frames or with values that are not finite cannot be exported", where=path)
