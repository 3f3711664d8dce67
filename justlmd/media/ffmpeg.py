"""The one way to run ffmpeg: its executable, its command lines, the formats it may open and what it says."""

import ctypes
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from justlmd.core.clock import FPS
from justlmd.core.errors import InputError

FILE: dict[str, Any] = {
    "movflags": "+faststart",
    "map_metadata": -1,
    "fflags": "+bitexact",
    "flags:v": "+bitexact",
    "flags:a": "+bitexact",
}

AAC = {"acodec": "aac", "aac_coder": "fast"}
"""Audio to listen to: 0.46 s for 33 s of music, where ffmpeg's default coder takes 1.66 s."""
ENCODING: dict[str, Any] = FILE | {
    # One thread always: x264's output depends on their number, and songs run side by side.
    "vcodec": "libx264",
    "preset": "veryfast",
    "pix_fmt": "yuv420p",
    "threads": 1,
    # One key frame per second keeps random access cheap; no B-frames, so that frame k is at k/fps for every reader.
    "g": FPS,
    "bf": 0,
}


def ffmpeg_exe() -> str:
    """Path of the ffmpeg binary (libx264, libass) that the ``imageio-ffmpeg`` wheel carries."""
    return imageio_ffmpeg.get_ffmpeg_exe()


def command(outputs: Any) -> list[str]:
    """The argument list that makes ``outputs`` of ffmpeg-python; its output depends on its input alone."""
    outputs = outputs.global_args("-hide_banner", "-nostdin", "-loglevel", "error", "-filter_complex_threads", "1")
    return ffmpeg.compile(outputs, cmd=ffmpeg_exe(), overwrite_output=True)


def die_with_parent() -> None:
    """For ``preexec_fn``: the kernel kills the child when its parent is gone, however that ended (Linux alone can)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def run(outputs: Any, where: str | Path, fault: str = "cannot be converted", next_step: str = "") -> bytes:
    """Run ffmpeg to its end and return what it wrote to ``pipe:``.

    Raises
    ------
    InputError
        ffmpeg failed: ``fault`` with ffmpeg's last line, about the file ``where``.
    """
    done = subprocess.run(
        command(outputs), stdin=subprocess.DEVNULL, capture_output=True, check=False, preexec_fn=die_with_parent
    )
    if done.returncode != 0:
        raise failure(done.stderr, where, fault, next_step)
    return done.stdout


def failure(log: bytes, where: str | Path, fault: str, next_step: str = "") -> InputError:
    """The error of an ffmpeg that wrote ``log`` to its standard error."""
    lines = log.decode(errors="replace").strip().splitlines()
    reason = lines[-1].strip() if lines else "ffmpeg gave no reason"
    return InputError(f"{fault} ({reason})", where=where, next_step=next_step)


SAMPLE_RATE = 48_000
"""Sample rate of every ``audio.wav`` in Hz: one video frame is exactly 1600 samples."""

# Containers that hold videos. Anything else (playlists, concat scripts, text read as "ansi art") could open further
# files or addresses, so it is never given to a demuxer.
FORMATS = "mov,matroska,webm,avi,mpegts,mpeg,flv,asf,ogg,h264,hevc"


def file_url(path: str | Path) -> str:
    """Return a path as ffmpeg's and PyAV's own kind of address."""
    # "file:" keeps names such as "-y.mp4" or "http:x.mp4" from being read as options or addresses.
    return f"file:{Path(path).absolute()}"
