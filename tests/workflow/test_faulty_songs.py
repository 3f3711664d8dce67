"""A table full of faults through the real Snakefile."""

import csv
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from media_server import MediaServer, Page, media_server
from project_copy import copied_project
from song_folders import REPO, write_songs
from synthetic_media import clicks, constant_rate, write_source_video
from toy_songs import write_song

from justlmd.media.ffmpeg import ffmpeg_exe


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with media_server() as running:
        yield running


FAULTS = {  # song: what is wrong with its row, and the stage, cause and words of the answer
    "missing": ({"url": "nowhere.mp4"}, "download", "not_found", "no such file: nowhere.mp4"),
    "lost": ({"url": "{base}/lost.mp4"}, "download", "not_found", "HTTP Error 404"),
    "private": ({"url": "{base}/403.mp4"}, "download", "private", "HTTP Error 403"),
    "slow": ({"url": "{base}/429.mp4"}, "download", "rate_limited", "HTTP Error 429"),
    "page": ({"url": "{base}/page.html"}, "download", "unsupported", "Unsupported URL"),
    "text": ({"url": "{base}/text.mp4"}, "download", "damaged", "not a whole video"),
    "cut": ({"url": "{base}/cut.mp4"}, "download", "damaged", "not a whole video"),
    "short": ({"start": "100"}, "standardise", "input", "source.mp4"),
    "empty": ({"lyrics": "empty.lrc"}, "lyrics", "input", "empty.lrc: empty"),
    "plain": ({"lyrics": "plain.lrc"}, "lyrics", "input", "plain.lrc"),
    "wordless": ({"lyrics": "nowhere.lrc"}, "lyrics", "input", "nowhere.lrc: the lyrics file does not exist"),
}


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.workflow
@pytest.mark.slow
def test_a_list_full_of_faults_ends_with_the_right_reasons_and_all_good_songs(tmp_path, server):
    copied_project(REPO, tmp_path)
    noise = np.random.default_rng(0).integers(0, 255, (90, 64, 192, 3), dtype=np.uint8)
    write_source_video(tmp_path / "raw.mp4", constant_rate(30, 3), clicks(3, [1]), frames=noise)
    faststart = [ffmpeg_exe(), "-v", "error", "-i", "raw.mp4", "-c", "copy", "-movflags", "+faststart", "film.mp4"]
    subprocess.run(faststart, cwd=tmp_path, check=True)
    film = (tmp_path / "film.mp4").read_bytes()
    server.pages |= {f"/{state}.mp4": Page(b"", always=state) for state in (403, 429)}
    server.pages |= {
        "/film.mp4": Page(film),
        "/page.html": Page(b"<html>no video here</html>", "text/html"),
        "/text.mp4": Page(b"this is no video"),
        "/cut.mp4": Page(film[: len(film) // 3]),
    }
    (tmp_path / "good.lrc").write_text("[00:00.50]here we go\n[00:02.00]\n")
    (tmp_path / "empty.lrc").write_text("")
    (tmp_path / "plain.lrc").write_text("only words\nwithout any time\n")
    write_song(tmp_path / "toy", "toy", start_s=0.5)
    motion = {"motion": "toy/smplfull.json"}  # nobody dances in the noise
    good = {"good": motion, "linked": motion | {"url": "{base}/film.mp4"}}
    changes = good | {name: changed for name, (changed, *_) in FAULTS.items()}
    songs = [{"id": name, "url": "film.mp4", "lyrics": "good.lrc"} | changed for name, changed in changes.items()]
    write_songs(tmp_path, *(song | {"url": song["url"].format(base=server.base)} for song in songs))

    run = snakemake(tmp_path)
    printed = run.stdout + run.stderr
    assert run.returncode == 1
    assert "Traceback" not in printed
    with (tmp_path / "results/status.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["song"] for row in rows] == list(changes)
    for row in rows:
        if row["song"] in good:
            assert (row["status"], row["reached"], row["message"]) == ("finished", "quality", "")
            continue
        _, stage, cause, words = FAULTS[row["song"]]
        assert (row["status"], row["stage"], row["cause"]) == ("failed", stage, cause), row
        assert words in row["message"]
        assert row["next_step"]
        assert printed.count(f"ERROR  {row['song']}  ") == printed.count(f"ERROR  {row['song']}  {stage}: ") == 1
    without = f"exclude=[{','.join(FAULTS)}]"
    assert f"--config '{without}'" in printed

    # The good ones go on alone, into the data set.
    run = snakemake(tmp_path, "results/dataset/index.parquet", "--config", without)
    assert run.returncode == 0, run.stdout + run.stderr
    with (tmp_path / "results/manifest.tsv").open(newline="") as file:
        verdicts = {row["song"]: row["verdict"] for row in csv.DictReader(file, delimiter="\t")}
    assert {name for name, verdict in verdicts.items() if verdict == "excluded"} == set(FAULTS)
    assert {verdicts[name] for name in good} == {"kept"}
    assert set(verdicts) == set(changes)
