"""Features from elsewhere (Jukebox, MERT, CLAP, ...): files on the video's clock that go into the data set."""

from pathlib import Path

import numpy as np

from justlmd.core.errors import InputError
from justlmd.core.files import UNREADABLE_NPZ
from justlmd.core.limits import LARGEST_ARRAYS_BYTES, check_file

TOLERANCE = 30  # frames by which a file may end before the motion does


def learned_path(pattern: str, song: str) -> Path:
    """The file of a song: ``{song}`` in the configured pattern is its id."""
    return Path(pattern.replace("{song}", song))


def read_learned(path: Path, first: int, frames: int) -> np.ndarray:
    """Return rows ``first`` to ``first + frames`` of a ``.npy`` file of numbers (F, D), one row per frame of the video.

    Up to a second that is missing at the end is zeros. Raises InputError for anything else.
    """
    check_file(path, LARGEST_ARRAYS_BYTES, "features")
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except UNREADABLE_NPZ as error:
        raise InputError(
            f"not a readable .npy file of features ({error})", where=path, next_step="see features.learned"
        ) from error
    if getattr(rows, "ndim", 0) != 2 or not np.issubdtype(rows.dtype, np.floating):
        raise InputError("holds no table of numbers (frames, features)", where=path)
    if len(rows) < first + frames - TOLERANCE:
        raise InputError(
            f"has {len(rows)} rows, the motion needs {first + frames}: 30 per second of video.mp4", where=path
        )
    part = np.asarray(rows[first : first + frames], np.float32)
    if not np.isfinite(part).all():
        raise InputError("holds values that are no numbers", where=path)
    return np.pad(part, ((0, frames - len(part)), (0, 0)))
