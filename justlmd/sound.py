"""Sound from any file that ffmpeg reads: music files, and the sound track of videos."""

from pathlib import Path

import ffmpeg
import numpy as np

from justlmd.errors import InputError
from justlmd.timeline import FORMATS, file_url
from justlmd.video import ffmpeg_exe

SOUND_FORMATS = f"{FORMATS},wav,mp3,flac,aac,aiff,caf,w64"


def read_sound(path: str | Path, sr: int, channels: int) -> np.ndarray:
    """Decode a file to samples (channels, n) float32 at ``sr`` Hz.

    Raises InputError for a file that is missing or holds no sound.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: the recording does not exist; correct the path or put it there")
    source = ffmpeg.input(file_url(path), format_whitelist=SOUND_FORMATS, protocol_whitelist="file")
    stream = source.audio.output("pipe:", format="f32le", ac=channels, ar=sr).global_args(
        "-nostdin", "-loglevel", "error"
    )
    try:
        raw, _ = stream.run(cmd=ffmpeg_exe(), capture_stdout=True, capture_stderr=True)
    except ffmpeg.Error as error:
        reason = (error.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
        raise InputError(f"{path}: holds no sound that can be read ({reason.strip()}); give another file") from error
    if not raw:
        raise InputError(f"{path}: holds no sound; give another file")
    return np.frombuffer(raw, np.float32).reshape(-1, channels).T
