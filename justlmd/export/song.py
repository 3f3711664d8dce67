"""A song's motion, or one sequence of it, as the files that were chosen, all on the song's clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from justlmd.body.model import Body
from justlmd.core.clock import FPS
from justlmd.export.amass import write_amass
from justlmd.export.bvh import write_bvh
from justlmd.export.glb import write_glb
from justlmd.export.origin import Origin, origin_fields, require_finite, write_clock
from justlmd.export.research import AIST_FPS, EDGE_FPS, HUMANML3D_FPS, write_aist, write_edge, write_humanml3d
from justlmd.export.shaping import in_place, resampled
from justlmd.lyrics.document import Line
from justlmd.motion.motion import Motion, mirror
from justlmd.motion.song_motion import SongMotion

UNITS_M = {"m": 1.0, "cm": 0.01}


@dataclass(frozen=True)
class ExportOptions:
    """The section ``export`` of the configuration without its ``kinds``; what each means stands in ``config.yaml``."""

    fps: int = FPS
    up: Literal["auto", "y", "z"] = "auto"
    unit: Literal["m", "cm"] = "cm"
    in_place: bool = False
    mirror: bool = False
    joint_names: Literal["smpl", "mixamo"] = "smpl"


@dataclass(frozen=True)
class Clip:
    """A y-up motion at 30 frames/s with its body, its place in the song and before the camera, and a name."""

    motion: Motion
    body: Body
    origin: Origin
    name: str


def clip_of(song: SongMotion, name: str, start: int = 0, stop: int | None = None) -> Clip:
    """Frames ``start`` to ``stop`` of a song's motion, on the floor of the whole song.

    The clip begins with the frame that the video shows, so its second is a whole number of frames.
    """
    motion = song.upright()
    stop = len(motion) if stop is None else stop
    start = max(start, 0)
    first_frame_s = (song.start_frame + start) / FPS
    origin = Origin(first_frame_s, song.floor_m, song.motion.K, song.meta.pitch_deg)
    return Clip(motion.cut(start, stop), song.body, origin, name)


def export_clip(outputs: Mapping[str, str | Path], clip: Clip, options: ExportOptions, lines: Sequence[Line]) -> int:
    """Write the files of a clip and its ``motion.clock.json``.

    Parameters
    ----------
    outputs
        Paths by kind (:mod:`justlmd.export.kinds`), and the clock's under ``clock``.
    clip
        What is written.
    options
        How. The loaders of AIST++, EDGE and HumanML3D know one frame rate and one axis, and get those.
    lines
        Sung lines on the song's clock.

    Returns
    -------
    Number of frames at the song's 30 frames/s.

    Raises
    ------
    InputError
        The motion has no frames.
    """
    require_finite(outputs["clock"], clip.motion)
    moved = mirror(clip.motion) if options.mirror else clip.motion
    moved = in_place(moved) if options.in_place else moved
    duration_s = len(moved) / FPS
    files: dict[str, dict[str, Any]] = {}
    for kind, path in outputs.items():
        if kind != "clock":
            files[Path(path).name] = _write(kind, path, moved, clip, options)
    write_clock(
        outputs["clock"],
        origin_fields(moved, clip.body, FPS, clip.origin)
        | {"in_place": options.in_place, "mirror": options.mirror, "joint_names": options.joint_names},
        song=clip.name,
        duration_s=duration_s,
        files=files,
        lines=lines,
    )
    return len(moved)


def _write(kind: str, path: str | Path, motion: Motion, clip: Clip, options: ExportOptions) -> dict[str, Any]:
    """Write one file; returns what distinguishes it from the others."""
    body, origin, names = clip.body, clip.origin, options.joint_names
    if kind == "aist":
        return _about(write_aist(path, motion, body, FPS, origin), AIST_FPS, "y")
    if kind == "edge":
        return _about(write_edge(path, motion, body, FPS, origin), EDGE_FPS, "z")
    if kind == "humanml3d":
        return _about(write_humanml3d(path, motion, body, FPS), HUMANML3D_FPS, "y")
    at = resampled(motion, options.fps)
    up = options.up if options.up != "auto" else {"npz": "z"}.get(kind, "y")
    if kind == "npz":
        write_amass(path, at, body, options.fps, up, origin)
        return _about(at, options.fps, up)
    if kind == "glb":
        write_glb(path, at, body, options.fps, origin, clip.name, names)
        return _about(at, options.fps, "y") | {"joint_names": names}
    write_bvh(path, at, body, options.fps, UNITS_M[options.unit], up, names)
    return _about(at, options.fps, up) | {"unit_m": UNITS_M[options.unit], "joint_names": names}


def _about(motion: Motion, fps: int, up: str) -> dict[str, Any]:
    return {"fps": fps, "frames": len(motion), "up": up}
