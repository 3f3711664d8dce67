"""Audio from any file that ffmpeg reads: music files, and the audio track of videos."""

import wave
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from justlmd.core.errors import InputError
from justlmd.core.files import replacing
from justlmd.media.ffmpeg import FORMATS, SAMPLE_RATE, file_url, run

AUDIO_FORMATS = f"{FORMATS},wav,mp3,flac,aac,aiff,caf,w64"
UNREADABLE = "holds no audio that can be read"


def read_audio(path: str | Path, sr: int, channels: int) -> np.ndarray:
    """Decode a file to samples (channels, n) float32 at ``sr`` Hz.

    Raises InputError for a file that is missing or holds no audio.
    """
    samples = _audio_of(path).output("pipe:", format="f32le", ac=channels, ar=sr)
    raw = run(samples, path, UNREADABLE, "give another file")
    if not raw:
        raise InputError("holds no audio", where=path, next_step="give another file")
    return np.frombuffer(raw, np.float32).reshape(-1, channels).T


def write_audio(source: str | Path, target: str | Path, start_s: float = 0.0, end_s: float | None = None) -> float:
    """Write the audio of a file from ``start_s`` to ``end_s`` as wav (48 kHz, stereo); returns its length in seconds.

    Raises InputError for a file that is missing, holds no audio, or none in that stretch.
    """
    audio = _audio_of(source).filter("aresample", SAMPLE_RATE).filter("aformat", channel_layouts="stereo")
    end = {} if end_s is None else {"end_sample": round(end_s * SAMPLE_RATE)}
    audio = audio.filter("atrim", start_sample=round(start_s * SAMPLE_RATE), **end).filter("asetpts", "PTS-STARTPTS")
    with replacing(target) as temporary:
        options = {"acodec": "pcm_s16le", "map_metadata": -1, "fflags": "+bitexact"}
        run(audio.output(file_url(temporary), **options), source, UNREADABLE, "give another file")
        with wave.open(str(temporary)) as written:
            length_s = written.getnframes() / SAMPLE_RATE
        if not length_s:
            raise InputError(
                f"holds no audio after second {start_s:g}", where=source, next_step="correct start and end"
            )
    return length_s


def _audio_of(path: str | Path) -> Any:
    if not Path(path).is_file():
        raise InputError("the recording does not exist", where=path, next_step="correct the path or put it there")
    return ffmpeg.input(file_url(path), format_whitelist=AUDIO_FORMATS, protocol_whitelist="file").audio
