"""Reading the features of a song that other stages left: ``audio_features.npz`` and ``lyrics_embeddings.npz``."""

from pathlib import Path

import numpy as np

from justlmd.core.errors import InputError
from justlmd.core.files import read_arrays

AUDIO: dict[str, tuple[int | None, ...]] = {
    "log_mel": (None, 128),
    **dict.fromkeys(("onset_envelope", "beat", "beat_phase", "beat_times"), (None,)),
}
TOKENS: dict[str, tuple[int | None, ...]] = {
    "token_states": (None, None),
    "token_times": (None, 2),
    "token_lines": (None,),
}
BARS = ("downbeat_times", "bar_phase")
"""Arrays that files of older versions lack."""

STEP = "delete it and run again"


def read_audio_features(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of ``audio_features.npz`` (``docs/formats.md``), one row per frame but for those of times.

    Raises InputError that names the file: an array is missing, of another shape or length, or holds no numbers.
    """
    arrays = read_arrays(path, AUDIO)
    bars = {name: arrays[name] for name in BARS if name in arrays}
    if bars and (
        set(bars) != set(BARS) or any(found.ndim != 1 or found.dtype.kind not in "fiu" for found in bars.values())
    ):
        raise InputError("its bars are no numbers", where=path, next_step=STEP)
    in_frames = [arrays[name] for name in (*AUDIO, "bar_phase") if name in arrays and name != "beat_times"]
    if len({len(found) for found in in_frames}) > 1:
        raise InputError("its arrays have unequal lengths", where=path, next_step=STEP)
    return arrays


def read_lyrics_embeddings(path: str | Path) -> dict[str, np.ndarray]:
    """The arrays of ``lyrics_embeddings.npz`` (``docs/formats.md``), one row per token, and its ``encoder``.

    Raises InputError that names the file: an array is missing, of another shape or length, or holds no numbers.
    """
    arrays = read_arrays(path, TOKENS)
    if "encoder" not in arrays or arrays["encoder"].ndim:
        raise InputError("does not name its encoder", where=path, next_step=STEP)
    if len({len(arrays[name]) for name in TOKENS}) > 1:
        raise InputError("its arrays have unequal lengths", where=path, next_step=STEP)
    return arrays
