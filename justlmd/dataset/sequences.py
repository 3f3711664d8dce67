"""Which six-second windows of a song become sequences of the data set."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from justlmd.lyrics.slices import read_sliced


@dataclass(frozen=True)
class Sequences:
    """Starts (frames of the motion) and texts of a song's usable sequences, and how many were left out, by reason."""

    starts: list[int]
    texts: list[str]
    excluded: dict[str, int]


def sequences_of(sliced: dict[str, str], start_frame: int, valid: np.ndarray, drop_last: bool, name: str) -> Sequences:
    """Six-second windows of ``sliced.json`` on a motion.

    Parameters
    ----------
    sliced : dict of str to str
        Stamp ``mm:ss.xxx`` of video.mp4 to text; a window starts at frame round(30 t).
    start_frame : int
        Frame of video.mp4 at which the motion starts.
    valid : ndarray of bool, (T,)
        Whether a frame of the motion is known.
    drop_last : bool
        Leave out the last slice, as the original does (it may be shorter than 6 s).
    name : str
        File that errors name.

    Raises
    ------
    InputError
        A stamp is malformed.
    """
    entries = [(round(FPS * piece.start_s) - start_frame, piece.text) for piece in read_sliced(sliced, name)]
    excluded: Counter[str] = Counter()
    if drop_last and entries:
        entries.pop()
        excluded["last slice of the song, left out as in the original"] += 1
    starts, texts = [], []
    for start, text in entries:
        window = valid[max(start, 0) : start + SEQUENCE_FRAMES]
        if start < 0:
            excluded["begins before the motion"] += 1
        elif len(window) < SEQUENCE_FRAMES:
            excluded["the motion ends before six seconds are over"] += 1
        elif not window.all():
            excluded["frames without a recovered body"] += 1
        else:
            starts.append(start)
            texts.append(text)
    return Sequences(starts, texts, dict(excluded))


def whole_windows(valid: np.ndarray, stride: int = SEQUENCE_FRAMES, frames: int = SEQUENCE_FRAMES) -> list[int]:
    """Starts of the windows of ``frames`` frames, every ``stride``, in which all of ``valid`` (T,) is true."""
    return [first for first in range(0, len(valid) - frames + 1, stride) if valid[first : first + frames].all()]
