"""Writing videos: frames, audio and captions to H.264 in mp4, the same bytes for the same input.

The ``ffmpeg`` is the one that the ``imageio-ffmpeg`` wheel carries, driven by ``ffmpeg-python`` with argument lists,
never by a shell.
"""

import subprocess
import tempfile
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.files import replacing
from justlmd.media.ffmpeg import ENCODING, FILE, command, die_with_parent, failure, file_url, run
from justlmd.media.fonts import fonts_folder

UNWRITABLE = "cannot be written"


def write_video(
    path: str | Path,
    frames: Iterable[np.ndarray],
    fps: int = FPS,
    audio: str | Path | None = None,
    audio_start_s: float = 0.0,
    subtitles: str | Path | None = None,
    crf: int = 20,
    preset: str = "veryfast",
) -> None:
    """Encode frames, and optionally audio and captions, to an H.264 mp4.

    Parameters
    ----------
    frames
        (height, width, 3) uint8 RGB each, all of one size; odd sizes get a black column or row.
    audio, audio_start_s
        Audio file, and the second of it that belongs to the first frame; silence follows its end.
    subtitles
        ``.ass`` file burned into the frames; its fonts come from matplotlib (DejaVu).
    crf, preset
        Constant quality of x264, lower is better and bigger; and how much it tries to make the file small.

    Raises
    ------
    InputError
        There are no frames, or ffmpeg refuses the audio or the captions. ``path`` is then as it was before; so it
        is when ``frames`` raises.
    """
    images = iter(frames)
    first = next(images, None)
    if first is None:
        raise InputError("there are no frames to write", where=path)
    if audio is not None and not Path(audio).is_file():
        raise InputError(f"cannot be written: there is no audio file {audio}", where=path)
    settings = {"crf": crf, "preset": preset}
    with replacing(path) as temporary:
        if audio is None:
            _write_frames(temporary, path, chain([first], images), first.shape[:2], fps, subtitles, settings)
            return
        with tempfile.TemporaryDirectory() as folder:
            silent = Path(folder) / "silent.mp4"
            count = _write_frames(silent, path, chain([first], images), first.shape[:2], fps, subtitles, settings)
            _add_audio(silent, audio, audio_start_s, count / fps, temporary, path)


def _write_frames(
    target: Path,
    path: str | Path,
    images: Iterable[np.ndarray],
    size: tuple[int, ...],
    fps: int,
    subtitles: str | Path | None,
    settings: dict[str, Any],
) -> int:
    """Encode frames of ``size`` (height, width) to ``target``, which errors call ``path``; returns their number."""
    shape = (*size, 3)
    stream = ffmpeg.input(
        "pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{shape[1]}x{shape[0]}", framerate=fps, thread_queue_size=8
    )
    stream = stream.filter("pad", "ceil(iw/2)*2", "ceil(ih/2)*2")
    if subtitles is not None:
        # As a keyword: ffmpeg-python escapes positional values twice, which breaks names with quotes or colons.
        stream = stream.filter("ass", filename=str(Path(subtitles).absolute()), fontsdir=str(fonts_folder()))
    stream = stream.filter("scale", out_color_matrix="bt709", out_range="tv").filter("format", "yuv420p")
    settings = ENCODING | {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709"} | settings
    count = 0
    with tempfile.TemporaryFile() as log:
        arguments = command(ffmpeg.output(stream, file_url(target), **settings))
        process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=log, preexec_fn=die_with_parent)
        assert process.stdin is not None
        try:
            for image in images:
                if image.shape != shape or image.dtype != np.uint8:
                    raise ValueError(f"a frame is {image.shape} {image.dtype}, not {shape} uint8")
                process.stdin.write(np.ascontiguousarray(image).data)
                count += 1
            process.stdin.close()
        except BrokenPipeError:
            pass  # ffmpeg has given up and says why in its log
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.wait() != 0:
            log.seek(0)
            raise failure(log.read(), path, UNWRITABLE)
    return count


def _add_audio(
    silent: Path, audio: str | Path, start_s: float, length_s: float, target: Path, path: str | Path
) -> None:
    """Copy the frames of ``silent`` to ``target`` with ``length_s`` seconds of audio from ``start_s`` on.

    In a step of its own: ``-shortest`` beside an endless ``apad`` ended the audio up to one AAC frame early, and on a
    busy machine not always at the same place.
    """
    track = ffmpeg.input(file_url(audio), protocol_whitelist="file").audio
    track = track.filter("atrim", start=start_s, end=start_s + length_s).filter("asetpts", "PTS-STARTPTS")
    track = track.filter("apad", whole_dur=length_s)
    settings = FILE | {"vcodec": "copy", "acodec": "aac", "audio_bitrate": "160k"}
    run(ffmpeg.output(ffmpeg.input(file_url(silent)).video, track, file_url(target), **settings), path, UNWRITABLE)
