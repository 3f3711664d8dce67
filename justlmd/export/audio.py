"""The song from a motion's first frame on, as long as the motion, as an ``.m4a`` that lies beside its files."""

from pathlib import Path
from typing import Any

import ffmpeg

from justlmd.core.errors import InputError
from justlmd.core.files import read_json, replacing
from justlmd.media.audio import UNREADABLE
from justlmd.media.ffmpeg import AAC, FILE, SAMPLE_RATE, file_url, run

BITRATE = "192k"


def write_clip_audio(
    source: str | Path, target: str | Path, start_s: float, length_s: float, bitrate: str = BITRATE
) -> None:
    """Write ``length_s`` seconds of audio from ``start_s`` on as AAC, 48 kHz, stereo.

    AAC begins with 1024 samples of silence that belong to the encoder; the file's edit list tells readers to leave them
    out, so that sample 0 is that of the motion's first frame. Beyond the end of ``source`` there is silence.

    Raises InputError for a file that is missing or holds no audio.
    """
    if not Path(source).is_file():
        raise InputError("there is no such audio", where=source, next_step="make it with the rule standardise")
    first, count = round(start_s * SAMPLE_RATE), round(length_s * SAMPLE_RATE)
    track = ffmpeg.input(file_url(source), protocol_whitelist="file").audio
    track = track.filter("aresample", SAMPLE_RATE).filter("aformat", channel_layouts="stereo")
    track = track.filter("apad", whole_len=first + count).filter("atrim", start_sample=first, end_sample=first + count)
    track = track.filter("asetpts", "PTS-STARTPTS")
    settings: dict[str, Any] = FILE | AAC | {"audio_bitrate": bitrate, "f": "ipod"}
    with replacing(target) as temporary:
        run(ffmpeg.output(track, file_url(temporary), **settings), source, UNREADABLE, "give another file")


def write_audio_of_clock(source: str | Path, target: str | Path, clock: str | Path) -> float:
    """Write the audio that belongs to a ``motion.clock.json``; returns its length in seconds.

    Raises InputError when the clock is damaged, or as :func:`write_clip_audio`.
    """
    content = read_json(clock)
    try:
        start_s, length_s = float(content["first_frame_s"]), float(content["duration_s"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"lacks {error}", where=clock, next_step="delete it and run again") from error
    write_clip_audio(source, target, start_s, length_s)
    return length_s
