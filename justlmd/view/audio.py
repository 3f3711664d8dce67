"""A song's audio as a small file that browsers play."""

from pathlib import Path

import ffmpeg

from justlmd.core.files import replacing
from justlmd.media.ffmpeg import AAC, FILE, file_url, run

BITRATE = "96k"
"""AAC; three minutes are 2.2 MB."""


def write_m4a(path: str | Path, audio: str | Path, bitrate: str = BITRATE) -> None:
    """Write an audio file as m4a (AAC), on the same clock; raises InputError when ffmpeg cannot read it."""
    with replacing(path) as temporary:
        track = ffmpeg.input(file_url(audio), protocol_whitelist="file").audio
        options = FILE | AAC | {"audio_bitrate": bitrate, "ac": 2}
        run(ffmpeg.output(track, file_url(temporary), **options), audio)
