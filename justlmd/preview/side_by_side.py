"""Dances to the same song side by side, each under its name: what figure 3.9 of the report shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.model import Body
from justlmd.lyrics.document import Line
from justlmd.motion.motion import Motion
from justlmd.motion.song_motion import SongMotion
from justlmd.preview.dance_video import Captions, check_motion, dance_frames, following_camera, write_captioned

PANEL = (320, 360)
"""Width and height in pixels of one dance."""

CAPTION_SHARE = 0.25
"""Height of the strip for the lyrics below the dances, as a share of theirs."""

DARK = 28
"""Grey of that strip and of the lines between the dances."""


SHOWN_S = 12.0
"""Seconds from the first sung line on that are compared: two windows of what the models see."""

SHOWN_WITHOUT_ROOT = "transformer_cvae"
"""The network whose dances are shown a second time without their root, as in figure 3.9 of the report."""


@dataclass(frozen=True)
class GeneratedDance:
    """A model's dance to a song: the model's ``name``, its ``network`` and the ``song``'s motion."""

    name: str
    network: str
    song: SongMotion


def compared_dances(truth: SongMotion, generated: Sequence[GeneratedDance]) -> dict[str, Motion]:
    """The beginnings, :data:`SHOWN_S` long, of a held-out dance and of models' dances to the same song, by title."""
    start_s = truth.meta.first_frame_s
    dances = {"truth": truth.between(start_s, start_s + SHOWN_S)}
    for dance in generated:
        motion = dance.song.between(start_s, start_s + SHOWN_S)
        if dance.network == SHOWN_WITHOUT_ROOT:
            dances |= {f"{dance.name} with root": motion, f"{dance.name} without root": without_root(motion)}
        else:
            dances[dance.name] = motion
    return dances


def export_comparison(
    path: str | Path,
    dances: Mapping[str, Motion],
    body: Body,
    audio: str | Path | None = None,
    audio_start_s: float = 0.0,
    lines: Sequence[Line] | None = None,
    panel: tuple[int, int] = PANEL,
) -> list[str]:
    """Write a video of several dances side by side, at 30 frames/s.

    Parameters
    ----------
    dances
        What stands over each dance, from left to right, to its motion (y-up, metres). It ends with the shortest.
    path, body, audio, audio_start_s, lines
        As of :func:`justlmd.preview.dance_video.export_mp4`; all dancers wear the same clothes.
    panel
        Width and height of one dance in pixels, even numbers.

    Returns
    -------
    Warnings for the person who asked for the video. Raises InputError when a motion has no frames or is not finite.
    """
    frames = min(map(len, dances.values()))
    motions = [motion.cut(0, frames) for motion in dances.values()]
    for motion in motions:
        check_motion(path, motion)
    motions = [centred(motion) for motion in motions]
    size = (panel[0] * len(motions), panel[1] + 2 * round(panel[1] * CAPTION_SHARE / 2))
    captions = Captions(lines or (), audio_start_s, list(dances))
    return write_captioned(path, side_by_side(motions, body, panel, size[1]), frames, size, captions, audio)


def side_by_side(motions: Sequence[Motion], body: Body, panel: tuple[int, int], height: int) -> Iterator[np.ndarray]:
    """Frames (height, P * width, 3) uint8 of P motions of equal length, all seen from equally far.

    Each has a ``panel`` (width, height) of its own; the rest of the height, below, is dark.
    """
    camera, trajectories = following_camera(np.stack([motion.joints(body) for motion in motions]), panel)
    panels = [
        dance_frames(motion, body, panel, np.random.default_rng(0), seen_by=(camera, trajectory))
        for motion, trajectory in zip(motions, trajectories, strict=True)
    ]
    for images in zip(*panels, strict=True):
        row = np.concatenate(images, axis=1)
        row[:, panel[0] :: panel[0]] = DARK
        yield np.pad(row, [(0, height - panel[1]), (0, 0), (0, 0)], constant_values=DARK)


def centred(motion: Motion) -> Motion:
    """The same dance about the origin of the floor."""
    return replace(motion, transl=motion.transl - motion.transl.mean(0) * [1, 0, 1])


def without_root(motion: Motion) -> Motion:
    """The same movements of the joints by a dancer whose root rests: mean orientation and mean position throughout."""
    frames = len(motion)
    orient = Rotation.from_rotvec(motion.global_orient).mean().as_rotvec()
    return replace(
        motion, global_orient=np.tile(orient, (frames, 1)), transl=np.tile(motion.transl.mean(0), (frames, 1))
    )
