"""Videos that would keep a machine busy for nothing are refused, and no child outlives its job."""

import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from synthetic_media import clicks, constant_rate, write_source_video

from justlmd.core import limits
from justlmd.core.errors import InputError
from justlmd.media import probe as probing
from justlmd.media.standardise import standardise
from justlmd.media.video import probe, verify


def two_frames(path: Path, gap_s: int) -> Path:
    """A film of two frames that lie ``gap_s`` seconds apart."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for second in (0, gap_s):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = second, Fraction(1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_frames_hours_apart_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = two_frames(tmp_path / "film.mp4", 36_000)
    with pytest.raises(InputError, match=r"film\.mp4: shows its last frame 10\.0 hours after its first"):
        probe(path)
    with pytest.raises(InputError, match=r"10\.0 hours"):
        standardise(path, tmp_path / "video.mp4", tmp_path / "audio.wav")
    assert list(tmp_path.iterdir()) == [path]


def test_frames_of_too_many_pixels_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = two_frames(tmp_path / "film.mp4", 1)
    monkeypatch.setattr(probing, "MOST_PIXELS", 64 * 48 - 1)
    with pytest.raises(InputError, match="64 x 48 pixels"):
        probe(path)
    assert limits.MOST_PIXELS > 4000 * 2000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_no_video(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "film.mp4")
    with pytest.raises(InputError, match="is no file"):
        probe(tmp_path / "film.mp4")


def test_noise_inside_one_frame_spoils_what_is_predicted_from_it(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 240, 320, 3), dtype=np.uint8)
    path = tmp_path / "film.mp4"
    write_source_video(path, constant_rate(30, 2), clicks(2, [1]), frames=noise)
    verify(path)
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(container.streams.video[0]) if packet.size]
    place, size = packets[20]
    content = bytearray(path.read_bytes())
    content[place + size // 3 : place + size // 3 + 3000] = np.random.default_rng(1).bytes(3000)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged: \d+ of 60 frames decode"):
        verify(path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills children with their parent")
def test_ffmpeg_does_not_outlive_a_killed_job() -> None:
    code = (
        "import ffmpeg; from justlmd.media.ffmpeg import run;"
        "source = ffmpeg.input('testsrc2=size=640x480:rate=30', format='lavfi', re=None, t=600);"
        "print('begun', flush=True); run(ffmpeg.output(source, 'pipe:', format='null'), 'test')"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    parent.stdout.readline()

    def children() -> list[str]:
        found = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        return found.read_text().split() if found.exists() else []

    deadline = time.monotonic() + 30
    while not children():
        assert time.monotonic() < deadline, "ffmpeg never began"
        time.sleep(0.02)
    time.sleep(0.2)  # past the exec
    (child,) = children()
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(10)
    while Path(f"/proc/{child}").exists() and " Z " not in Path(f"/proc/{child}/stat").read_text():
        assert time.monotonic() < deadline, "ffmpeg lives on"
        time.sleep(0.02)
