"""Fixtures of the tests of downloads."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from media_server import MediaServer, media_server
from synthetic_media import clicks, constant_rate, write_source_video

from justlmd.media.ffmpeg import ffmpeg_exe


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 2 s and some 600 kB, index first, as sites serve it."""
    folder = tmp_path_factory.mktemp("film")
    noise = np.random.default_rng(0).integers(0, 255, (60, 120, 160, 3), dtype=np.uint8)
    write_source_video(folder / "raw.mp4", constant_rate(30, 2), clicks(2, [1]), frames=noise)
    command = [ffmpeg_exe(), "-v", "error", "-i", str(folder / "raw.mp4"), "-c", "copy", "-movflags", "+faststart"]
    subprocess.run([*command, str(folder / "film.mp4")], check=True)
    return folder / "film.mp4"


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with media_server() as running:
        yield running
