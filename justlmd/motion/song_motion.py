"""A song's motion with what ``smplfull.json`` cannot say in its own format: ``smplfull.meta.json``, beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.body.limbs import LIMBS
from justlmd.body.model import Body
from justlmd.core.clock import FPS, frame_index
from justlmd.core.errors import InputError
from justlmd.core.files import read_json, write_json
from justlmd.core.limits import LARGEST_NUMBER, LONGEST_VIDEO_S
from justlmd.motion.motion import CameraMotion, Motion, before_camera, floor_height, to_yup
from justlmd.motion.smplfull import read_smplfull, write_smplfull

ORIGINALS_BODY = "smpl"
"""Body model of motion files made elsewhere: the original and EasyMocap fit SMPL."""

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class MotionMeta:
    """Where a motion comes from.

    ``body_model``, ``body_sha256``: the body model that its shape parameters belong to; ``method``: how it was made, in
    words for people; ``first_frame_s``: second of ``video.mp4`` at its frame 0; ``floor_m``: height of the floor in
    metres above the camera where the file it was imported from says it, else None (it is then measured);
    ``pitch_deg``: degrees by which the camera is known to look down; what was only estimated (``method``) levels
    nothing.
    ``unseen_limbs``: by limb ("left_arm", "right_arm", "left_leg", "right_leg") the frames [start, stop) of the motion
    in which it is only guessed; ``uncertainty``: (frame of ``video.mp4``, mm) of a sample of moments, by how much the
    joints would differ had the pose network seen a mirror image.
    """

    body_model: str
    body_sha256: str
    method: str
    first_frame_s: float
    floor_m: float | None = None
    pitch_deg: float = 0.0
    unseen_limbs: Mapping[str, Ranges] = field(default_factory=dict)
    uncertainty: tuple[tuple[int, float], ...] = ()

    @property
    def start_frame(self) -> int:
        """Frame of ``video.mp4`` at frame 0 of the motion."""
        return frame_index(self.first_frame_s)


@dataclass(frozen=True)
class SongMotion:
    """A song's motion as ``smplfull.json`` holds it, its meta file, and the body model on which it is looked at."""

    motion: CameraMotion
    meta: MotionMeta
    body: Body

    @classmethod
    def made(
        cls,
        motion: CameraMotion,
        body: Body,
        method: str,
        first_frame_s: float,
        *,
        own_shapes: bool = True,
        floor_m: float | None = None,
        pitch_deg: float = 0.0,
    ) -> "SongMotion":
        """A new motion; without ``own_shapes`` its shape parameters are not those of ``body`` but of SMPL."""
        name, sha256 = (body.name, body.sha256) if own_shapes else (ORIGINALS_BODY, "")
        return cls(motion, MotionMeta(name, sha256, method, first_frame_s, floor_m, pitch_deg), body)

    @classmethod
    def without_video(cls, motion: Motion, body: Body, method: str) -> "SongMotion":
        """A dance that no camera has seen, from the beginning of its song on, placed before an imagined camera."""
        return cls.made(before_camera(motion, body), body, method, first_frame_s=0.0)

    @property
    def own_shapes(self) -> bool:
        """Whether the shape parameters belong to ``body``; those of another body model mean nothing to it."""
        return self.meta.body_model == self.body.name

    @property
    def start_frame(self) -> int:
        """Frame of ``video.mp4`` at frame 0 of the motion."""
        return self.meta.start_frame

    @property
    def limbs_seen(self) -> np.ndarray:
        """Whether each of the :data:`LIMBS` was seen and not only guessed, (T, 4) bool."""
        seen = np.repeat(self.motion.valid[:, None], len(LIMBS), axis=1)
        for column, limb in enumerate(LIMBS):
            for start, stop in self.meta.unseen_limbs.get(limb, ()):
                seen[max(start, 0) : max(stop, 0), column] = False
        return seen

    def frame_at(self, seconds: float) -> int:
        """Frame of the motion at ``seconds`` of ``video.mp4``; negative before its beginning."""
        return frame_index(seconds, self.meta.first_frame_s)

    def between(self, start_s: float, end_s: float) -> Motion:
        """The :meth:`upright` motion from ``start_s`` to ``end_s``, seconds of ``video.mp4``."""
        return self.upright().cut(self.frame_at(start_s), self.frame_at(end_s))

    def upright(self, floor: float | str = "auto") -> Motion:
        """The motion in the y-up world (:func:`~justlmd.motion.motion.to_yup`); foreign shape parameters are zeros.

        ``floor`` is a height in metres above the camera, or "auto" for :attr:`floor_m`.
        """
        height = self.floor_m if floor == "auto" else floor
        return to_yup(self.motion, self.body, height, self.own_shapes, self.meta.pitch_deg)

    @property
    def floor_m(self) -> float:
        """Height of the floor in metres above the camera: the known one, else as measured."""
        if self.meta.floor_m is not None:
            return self.meta.floor_m
        return floor_height(self.motion, self.body, self.own_shapes, self.meta.pitch_deg)


def read_song_motion(motion: str | Path, meta: str | Path, body: Body, *, allow_empty: bool = False) -> SongMotion:
    """Read a song's motion and its meta file.

    Parameters
    ----------
    motion, meta
        ``smplfull.json`` and ``smplfull.meta.json``.
    body
        The body model on which the motion is looked at.
    allow_empty
        Accept a motion in which nobody was found.

    Raises
    ------
    InputError
        Names the file and what is wrong in it (:func:`~justlmd.motion.smplfull.read_smplfull`).
    """
    return SongMotion(read_smplfull(motion, allow_empty=allow_empty), read_motion_meta(meta), body)


def read_motion_meta(path: str | Path) -> MotionMeta:
    """Read a ``smplfull.meta.json``; raises InputError that names it."""
    content: Any = read_json(path)
    try:
        body_model = content["body_model"]
        meta = MotionMeta(
            body_model=str(body_model["name"]),
            body_sha256=str(body_model["sha256"]),
            method=str(content["method"]),
            first_frame_s=float(content["first_frame_s"]),
            floor_m=float(content["floor_m"]) if "floor_m" in content else None,
            pitch_deg=float(content.get("pitch_deg", 0.0)),
            unseen_limbs={
                limb: tuple((int(start), int(stop)) for start, stop in content.get("unseen_limbs", {}).get(limb, []))
                for limb in LIMBS
                if content.get("unseen_limbs", {}).get(limb)
            },
            uncertainty=tuple((int(frame), float(mm)) for frame, mm in content.get("uncertainty", [])),
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"lacks {error}", where=path, next_step="delete it and the smplfull.json beside it") from error
    in_song = 0 <= meta.first_frame_s <= LONGEST_VIDEO_S  # NaN is not
    if not in_song or not abs(meta.floor_m or 0.0) <= LARGEST_NUMBER or not abs(meta.pitch_deg) <= 90:
        raise InputError(
            "first_frame_s, floor_m or pitch_deg is no time, height or angle of a song",
            where=path,
            next_step="delete it and the smplfull.json beside it",
        )
    return meta


def write_song_motion(motion: str | Path, meta: str | Path, song: SongMotion) -> None:
    """Write ``smplfull.json`` and ``smplfull.meta.json``; raises InputError for values that are not finite."""
    write_smplfull(motion, song.motion)
    write_json(
        meta,
        {
            "body_model": {"name": song.meta.body_model, "sha256": song.meta.body_sha256},
            "method": song.meta.method,
            "fps": FPS,
            "first_frame_s": song.meta.first_frame_s,
        }
        | ({} if song.meta.floor_m is None else {"floor_m": song.meta.floor_m})
        | ({"pitch_deg": song.meta.pitch_deg} if song.meta.pitch_deg else {})
        | ({"unseen_limbs": song.meta.unseen_limbs} if song.meta.unseen_limbs else {})
        | ({"uncertainty": song.meta.uncertainty} if song.meta.uncertainty else {}),
    )
