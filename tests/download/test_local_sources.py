"""Local files and folders take the same road as links."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from downloads import FAST, fetch, refused

from justlmd.media.ffmpeg import ffmpeg_exe


def test_local_files_links_and_folders_take_the_same_road(tmp_path: Path, film: Path) -> None:
    folder = tmp_path / "my dance #1 100% ünï"
    folder.mkdir()
    file = folder / "it's a [dance] #2 50%.MP4"
    file.write_bytes(film.read_bytes())
    for number, url in enumerate([str(file), file.as_uri(), f"file://{file}", str(folder), folder.as_uri()]):
        target = tmp_path / str(number)
        target.mkdir()
        record, _ = fetch(target, url, replace(FAST, pause=9, proxy="http://127.0.0.1:9"))
        assert (target / "source.mp4").read_bytes() == film.read_bytes()
        assert record["title"] == "it's a [dance] #2 50%"
        assert record["url"] == url
        assert record["date"] is None


@pytest.mark.parametrize("name", ["film.mkv", "film.webm", "film.mov", "film.avi", "film.ts", "film", "film.dat"])
def test_any_container_is_taken_as_it_is(tmp_path: Path, film: Path, name: str) -> None:
    copy = tmp_path / name
    codecs = ["-c:v", "vp9", "-deadline", "realtime", "-c:a", "libopus"] if name.endswith("webm") else ["-c", "copy"]
    kind = [] if Path(name).suffix not in ("", ".dat") else ["-f", "mp4"]
    subprocess.run([ffmpeg_exe(), "-v", "error", "-i", str(film), *codecs, *kind, str(copy)], check=True)
    record, _ = fetch(tmp_path, str(copy))
    assert (tmp_path / "source.mp4").read_bytes() == copy.read_bytes()
    assert record["width"] == 160


def test_local_mistakes_are_named(tmp_path: Path, film: Path) -> None:
    error, _ = refused(tmp_path, str(tmp_path / "missing.mp4"))
    assert error.cause == "not_found"
    assert "no such file" in str(error)
    for url in ((tmp_path / "missing.mp4").as_uri(), "", "nul\0byte.mp4", "x" * 5000):
        assert refused(tmp_path, url)[0].cause in ("not_found", "unsupported")
    empty = tmp_path / "empty"
    empty.mkdir()
    error, _ = refused(tmp_path, str(empty))
    assert "must hold one video, this one holds 0: none" in str(error)
    for name in ("a.mp4", "b.mkv"):
        (empty / name).write_bytes(film.read_bytes())
    error, _ = refused(tmp_path, str(empty))
    assert "holds 2: a.mp4, b.mkv" in str(error)
    text = tmp_path / "text.mp4"
    text.write_text("this is no video")
    error, _ = refused(tmp_path, str(text))
    assert error.cause == "damaged"
    assert "is text, not a video" in str(error)
    os.mkfifo(tmp_path / "pipe.mp4")
    assert refused(tmp_path, str(tmp_path / "pipe.mp4"))[0].cause == "not_found"
