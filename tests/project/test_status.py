"""What became of each song: from its files and from the notes that failed jobs leave."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from song_folders import REPO, program, write_songs

from justlmd.core.files import write_json
from justlmd.project.status import song_statuses, status_summary, status_table
from justlmd.songs.table import Song

JOB = """
import sys, time
sys.path.insert(0, sys.argv[1])
from types import SimpleNamespace
from job import run
from justlmd.download.failures import failure
from justlmd.core.errors import InputError

def main(snakemake):
    what = sys.argv[3]
    if what == "input":
        raise InputError("plain\\nlyrics", where="a.lrc", next_step="write times")
    if what == "download":
        raise failure("http://x", "blocked", "a; b \\x1b[31m")
    if what == "defect":
        raise ValueError("this; that")
    if what == "sleep":
        time.sleep(60)
    return "fine"

names = SimpleNamespace(items=lambda: [("song", "a")])
run(main, SimpleNamespace(rule="lyrics", threads=1, wildcards=names, log=[sys.argv[2]]))
"""


def job(folder: Path, stage: str, what: str) -> subprocess.Popen[str]:
    log = folder / f"results/songs/a/logs/{stage}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    arguments = [sys.executable, "-c", JOB, str(REPO / "workflow_scripts"), str(log), what]
    return subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


SONG = Song(id="a", url="a.mp4", lyrics="a.lrc")


def put(results: Path, *names: str) -> None:
    for name in names:
        path = results / "songs/a" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")


@pytest.mark.parametrize(
    ("what", "cause", "message", "next_step"),
    [
        ("input", "input", "a.lrc: plain lyrics", "write times"),
        (
            "download",
            "blocked",
            "http://x: the site takes this computer for a robot (a; b)",
            "wait an hour; set `cookies` or `proxy`; do not hurry it",
        ),
        ("defect", "defect", "ValueError: this; that (a defect of the program)", "report it with "),
    ],
)
def test_a_failed_job_says_why_until_it_succeeds(tmp_path, what, cause, message, next_step):
    results = tmp_path / "results"
    process = job(tmp_path, "lyrics", what)
    _, printed = process.communicate(timeout=60)
    assert process.returncode == 1
    assert printed.startswith(f"ERROR  a  lyrics: {message}; {next_step}")
    assert printed.count("\n") == 1
    (row,) = song_statuses([SONG], results)
    assert (row.status, row.stage, row.cause, row.message) == ("failed", "lyrics", cause, message)
    assert row.next_step.startswith(next_step)
    process = job(tmp_path, "lyrics", "fine")
    _, printed = process.communicate(timeout=60)
    assert printed.startswith("done   a  lyrics")
    (row,) = song_statuses([SONG], results)
    assert (row.status, row.stage, row.reached) == ("waiting", "download", "")


def test_a_killed_job_is_listed_as_interrupted(tmp_path):
    process = job(tmp_path, "lyrics", "sleep")
    note = tmp_path / "results/songs/a/logs/lyrics.error"
    deadline = time.monotonic() + 60
    while not (note.is_file() and note.read_text().endswith("\n")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    (row,) = song_statuses([SONG], tmp_path / "results")
    assert (row.status, row.stage, row.cause) == ("failed", "lyrics", "interrupted")
    assert row.next_step == "if nothing runs, run again"


STAGES = ("source.mp4", "video.mp4", "lyrics.json", "sliced.json", "keypoints2d.npz", "smplfull.json")


def test_a_song_is_waiting_dropped_or_finished_as_its_files_say(tmp_path):
    put(tmp_path, "lyrics.json", "source.mp4")
    (row,) = song_statuses([SONG], tmp_path)
    assert (row.status, row.reached, row.stage) == ("waiting", "download", "standardise")
    put(tmp_path, *STAGES)
    (row,) = song_statuses([SONG], tmp_path)
    assert (row.status, row.reached, row.stage) == ("waiting", "recovery", "quality")
    write_json(tmp_path / "songs/a/quality.json", {"keep": False, "reasons": ["two dancers", "cut in\tthe shot"]})
    (row,) = song_statuses([SONG], tmp_path)
    assert (row.status, row.stage, row.message) == ("dropped", "quality", "two dancers; cut in the shot")
    assert "`keep`" in row.next_step
    (tmp_path / "manifest.tsv").write_text("song\tverdict\treason\na\tkept\tkept by configuration although: two\n")
    (row,) = song_statuses([SONG], tmp_path)
    assert (row.status, row.message) == ("finished", "kept by configuration although: two")
    (row,) = song_statuses([SONG], tmp_path, excluded=["a"])
    assert (row.status, row.reached) == ("excluded", "quality")
    for content in ("", "[]", "{", '{"reasons": 1}'):
        (tmp_path / "songs/a/quality.json").write_text(content)
        os.utime(tmp_path / "manifest.tsv", (1, 1))
        assert song_statuses([SONG], tmp_path)[0].status == "dropped"


def test_only_the_stages_of_a_song_count(tmp_path):
    put(tmp_path, "lyrics.json", "sliced.json", "smplfull.json", "logs/download.error")
    write_json(tmp_path / "songs/a/quality.json", {"keep": True, "reasons": []})
    assert song_statuses([Song(id="a", url="", lyrics="a.lrc", motion="m.json")], tmp_path)[0].status == "finished"
    (row,) = song_statuses([Song(id="a", url="", lyrics="fetch", motion="m.json")], tmp_path)
    assert (row.status, row.stage) == ("waiting", "fetch_lyrics")


def test_a_file_put_there_by_hand_ends_the_failure_of_its_stage(tmp_path):
    song = Song(id="a", url="", lyrics="fetch", motion="m.json")
    put(tmp_path, "logs/fetch_lyrics.error")
    assert song_statuses([song], tmp_path)[0].status == "failed"
    put(tmp_path, "fetched.lrc")
    assert song_statuses([song], tmp_path)[0].status == "waiting"


def test_the_table_lists_every_song_and_every_failure_and_the_summary_says_how_to_go_on(tmp_path):
    (tmp_path / "songs/a/logs").mkdir(parents=True)
    (tmp_path / "songs/a/logs/lyrics.error").write_text(
        '{"cause": "input", "where": "b.lrc", "what": "empty", "next_step": "write it"}'
    )
    (tmp_path / "songs/a/logs/download.error").write_text(
        '{"cause": "not_found", "where": "http://x", "what": "gone\x1b[31m", "next_step": "look"}'
    )
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/dataset.error").write_bytes(b"\xff damaged")
    rows = song_statuses([SONG, Song(id="b", url="b.mp4", lyrics="b.lrc"), Song(id="c", url="c", lyrics="c")], tmp_path)
    assert [(row.song, row.status, row.stage) for row in rows] == [
        ("a", "failed", "download"),
        ("a", "failed", "lyrics"),
        ("b", "waiting", "download"),
        ("c", "waiting", "download"),
        ("all songs", "failed", "dataset"),
    ]
    table = status_table(rows).split("\n")
    assert table[0].split("\t") == ["song", "status", "reached", "stage", "cause", "message", "next_step"]
    assert all(line.count("\t") == 6 for line in table[:-1])
    assert "\x1b" not in "".join(table)
    summary = status_summary(rows)
    assert summary.startswith("3 songs: 1 failed, 2 waiting\n")
    assert summary.endswith("--config 'exclude=[a]'")


def test_the_status_program_writes_the_table(tmp_path):
    write_songs(tmp_path, {"id": "a", "url": "a.mp4", "lyrics": "a.lrc"})
    done = program("status", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 songs: 1 waiting\n")
    assert (tmp_path / "results/status.tsv").read_text().splitlines()[1].split("\t")[:4] == [
        "a",
        "waiting",
        "",
        "download",
    ]
