"""A motion file of another program as the motion of a song of the table."""

from pathlib import Path

from justlmd.body.model import Body
from justlmd.core.clock import FPS, frame_index
from justlmd.core.errors import InputError
from justlmd.motion.importers.formats import read_any_motion
from justlmd.motion.song_motion import SongMotion


def import_song_motion(path: str | Path, body: Body, first_line_s: float) -> SongMotion:
    """Read a motion file of any known format as a song's motion, which begins with the first sung line.

    Parameters
    ----------
    path
        The file (:func:`~justlmd.motion.importers.formats.read_any_motion`). What is before the first line is cut off
        where the file begins with the song, or says at which second of it. A file of ours that begins later, such as
        a sequence, keeps its second.
    body
        The body that the motion shall move.
    first_line_s
        Second of ``video.mp4`` at which the first line is sung.

    Raises
    ------
    InputError
        Names the file and what is wrong in it, or says that it shows nobody from the first line on.
    """
    found = read_any_motion(path, body)
    motion, first_frame_s = found.motion, first_line_s
    begins_s = 0.0 if found.first_frame_s is None else found.first_frame_s
    if found.first_frame_s is not None or not found.from_first_line:
        skipped = max(frame_index(first_line_s, begins_s), 0)
        motion, first_frame_s = motion.cut(skipped), begins_s + skipped / FPS
        if not motion.valid.any():
            raise InputError(f"shows nobody from the first line of the lyrics ({first_frame_s:.2f} s) on", where=path)
    method = f"imported from {path} ({found.format})"
    return SongMotion.made(
        motion,
        body,
        method,
        first_frame_s,
        own_shapes=found.own_body,
        floor_m=found.floor_m,
        pitch_deg=found.pitch_deg,
    )
