"""What is planned for which song: tables of all kinds of songs, ids that nobody knows, parts of a table."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.planning import STUBS

pytestmark = pytest.mark.workflow

LRC = "[00:02.00]one two\n[00:04.00]three four\n[00:09.00]\n"
TABLE = """id\turl\tlyrics\tmotion
video\thttps://video.example/1\twords.lrc\t
second\thttps://video.example/2\twords.lrc\t
silent\t\twords.lrc\tmotion.json
heard\tsong.wav\twords.lrc\tmotion.json
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    """Songs with a video, with a motion file, with a motion file and audio, and one to dance to."""
    for name in ("motion.json", "song.wav", "new.wav"):
        (tmp_path / name).touch()
    (tmp_path / "words.lrc").write_text(LRC)
    (tmp_path / "songs.tsv").write_text(TABLE)
    (tmp_path / "dances.tsv").write_text("id\turl\tlyrics\nnew\tnew.wav\twords.lrc\n")
    (tmp_path / "mine.yaml").write_text("songs: songs.tsv\ngenerate: {table: dances.tsv}\n")
    return tmp_path


def planned(repo: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "-s", str(repo / "Snakefile"), "--directory", str(folder)]
    command += ["--configfile", str(folder / "mine.yaml"), "--cores", "1", "--dry-run", "--quiet", "host", *arguments]
    return subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False
    )


def jobs(said: str) -> dict[str, int]:
    """Rules and the number of their jobs."""
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", said, re.MULTILINE)}


def test_each_song_gets_the_rules_of_its_kind(repo, folder):
    result = planned(repo, folder)
    assert result.returncode == 0, result.stdout
    found = jobs(result.stdout)
    expected = {
        **dict.fromkeys(("pose", "recovery", "overlay", "song_page"), 2),
        **dict.fromkeys(("download", "standardise"), 3),
        **dict.fromkeys(("import_motion", "thumbnail"), 2),
        **dict.fromkeys(("lyrics",), 5),
        **dict.fromkeys(("quality", "audio_features"), 4),
        **dict.fromkeys(("audio", "page_without_audio", "gallery", "player_assets"), 1),
        "page_without_video": 2,
    }
    assert {name: found.get(name, 0) for name in expected} == expected
    assert "Wildcards" not in result.stdout and "warning" not in result.stdout.lower()


@pytest.mark.parametrize("path", ["songs/nobody/smplfull.json", "view/nobody.html", "generated/nobody/v3/dance.mp4"])
def test_an_id_that_the_table_lacks_is_named_with_the_table(repo, folder, path):
    result = planned(repo, folder, "--", f"results/{path}")
    assert result.returncode != 0
    assert "songs.tsv: there is no song nobody" in result.stdout
    assert "Traceback" not in result.stdout and "KeyError" not in result.stdout


def test_a_song_without_a_video_has_no_overlay(repo, folder):
    result = planned(repo, folder, "--", "results/songs/heard/overlay.mp4")
    assert result.returncode != 0
    assert "songs.tsv: heard is no song for the rule" in result.stdout


def test_a_part_of_the_table_is_planned_alone(repo, folder):
    found = jobs(planned(repo, folder, "--batch", "songs=1/2", "--", "songs").stdout)  # heard and second, sorted
    assert not {"manifest", "songs", "gallery", "page_without_audio"} & set(found)
    assert {name: found[name] for name in ("lyrics", "pose", "song_page")} == {"lyrics": 2, "pose": 1, "song_page": 1}


def test_what_comes_after_the_songs_is_planned_alone_once_these_are_made(repo, folder):
    after = ("--config", "plan_songs=false")
    refused = planned(repo, folder, *after)
    assert refused.returncode != 0
    assert "songs are not made yet (4): video, second, silent, heard" in refused.stdout
    assert "leave them out (exclude)" in refused.stdout
    assert "Traceback" not in refused.stdout
    made = [f"view/{song}.html" for song in ("video", "second", "silent", "heard")]
    made += [f"view/thumbnails/{song}.jpg" for song in ("video", "second", "silent", "heard")]
    made += [f"songs/{song}/quality.json" for song in ("video", "second", "silent", "heard")]
    for path in made:
        (folder / "results" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "results" / path).touch()
    result = planned(repo, folder, *after)
    assert result.returncode == 0, result.stdout
    found = jobs(result.stdout)
    assert {name: found.get(name) for name in ("manifest", "dataset", "train", "gallery")} == {
        "manifest": 1, "dataset": 1, "train": 2, "gallery": 1,
    }  # fmt: skip
    assert not {"download", "lyrics", "pose", "audio", "audio_features", "song_page", "page_without_video"} & set(found)
    (folder / "results/view/second.html").unlink()
    assert "not made yet (1): second;" in planned(repo, folder, *after).stdout
    assert planned(repo, folder, "--config", "plan_songs=false", "exclude=[second]").returncode == 0


@pytest.mark.parametrize(("limit", "expected"), [((), 0), (("--max-jobs-per-timespan", "50/1s"), 1)])
def test_snakemake_looks_at_its_jobs_again_only_where_a_rate_is_asked_for(repo, folder, limit, expected):
    counted = (
        "from snakemake.scheduling.job_scheduler import JobScheduler\n"
        "JobScheduler._schedule_reevalutation = lambda self, delay: print('looks again')\n"
    )
    command = [sys.executable, "-c", counted + STUBS, "-s", str(repo / "Snakefile"), "--directory", str(folder)]
    command += ["--configfile", str(folder / "mine.yaml"), "--cores", "1", *limit, "--", "results/view/silent.html"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    assert (folder / "results/view/silent.html").is_file()
    assert min(result.stdout.count("looks again"), 1) == expected
