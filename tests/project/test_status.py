"""What became of each song: from its files and from the notes that failed jobs leave."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from song_folders import REPO, program, write_songs

from justlmd.core.errors import InputError
from justlmd.core.files import write_json
from justlmd.project.status import (
    ALL_SONGS,
    Stage,
    Status,
    read_stages,
    song_statuses,
    status_summary,
    status_table,
    write_stages,
)

JOB = """
import sys, time
sys.path.insert(0, sys.argv[1])
from types import SimpleNamespace
from job import run
from justlmd.download.failures import DownloadError
from justlmd.core.errors import InputError

def main(snakemake):
    what = sys.argv[3]
    if what == "input":
        raise InputError("plain\\nlyrics", where="a.lrc", next_step="write times")
    if what == "download":
        raise DownloadError("blocked", "http://x", "a; b \\x1b[31m")
    if what == "defect":
        raise ValueError("this; that")
    if what == "sleep":
        time.sleep(60)
    return "fine"

names = SimpleNamespace(items=lambda: [("song", "a")])
run(main, SimpleNamespace(rule="lyrics", threads=1, wildcards=names, log=[sys.argv[2]], resources={}))
"""


def job(folder: Path, stage: str, what: str) -> subprocess.Popen[str]:
    log = folder / f"results/songs/a/logs/{stage}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    arguments = [sys.executable, "-c", JOB, str(REPO / "workflow_scripts"), str(log), what]
    return subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


OUTPUTS = {
    "download": "source.mp4",
    "standardise": "video.mp4",
    "fetch_lyrics": "fetched.lrc",
    "lyrics": "lyrics.json",
    "slices": "sliced.json",
    "pose": "keypoints2d.npz",
    "recovery": "smplfull.json",
    "quality": "quality.json",
}


def stages(results: Path, *names: str, song: str = "a", required: bool = True) -> list[Stage]:
    """The stages of a song with a video, or those named."""
    folder = results / "songs" / song
    chosen = names or [name for name in OUTPUTS if name != "fetch_lyrics"]
    return [
        Stage(name, (str(folder / OUTPUTS[name]),), str(folder / f"logs/{name}.error"), required) for name in chosen
    ]


def states(results: Path, *names: str, excluded: Sequence[str] = ()) -> list[Status]:
    """What became of song a."""
    return song_statuses(["a"], {"a": stages(results, *names)}, results, excluded)


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
            "http://x: the site flagged this client as a bot (a; b)",
            "wait an hour; set `cookies` or `proxy`; retrying sooner makes it worse",
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
    (row,) = states(results)
    assert (row.status, row.stage, row.cause, row.message) == ("failed", "lyrics", cause, message)
    assert row.next_step.startswith(next_step)
    process = job(tmp_path, "lyrics", "fine")
    _, printed = process.communicate(timeout=60)
    assert printed.startswith("done   a  lyrics")
    (row,) = states(results)
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
    (row,) = states(tmp_path / "results")
    assert (row.status, row.stage, row.cause) == ("failed", "lyrics", "interrupted")
    assert row.next_step == "if nothing runs, run again"


def test_a_song_is_waiting_dropped_or_finished_as_its_files_say(tmp_path):
    put(tmp_path, "lyrics.json", "source.mp4")
    (row,) = states(tmp_path)
    assert (row.status, row.reached, row.stage) == ("waiting", "download", "standardise")
    put(tmp_path, *(OUTPUTS[name] for name in OUTPUTS if name not in ("fetch_lyrics", "quality")))
    (row,) = states(tmp_path)
    assert (row.status, row.reached, row.stage) == ("waiting", "recovery", "quality")
    write_json(tmp_path / "songs/a/quality.json", {"keep": False, "reasons": ["two dancers", "cut in\tthe shot"]})
    (row,) = states(tmp_path)
    assert (row.status, row.stage, row.message) == ("dropped", "quality", "two dancers; cut in the shot")
    assert "`keep`" in row.next_step
    (tmp_path / "manifest.tsv").write_text("song\tverdict\treason\na\tkept\tkept by configuration although: two\n")
    (row,) = states(tmp_path)
    assert (row.status, row.message) == ("finished", "kept by configuration although: two")
    (row,) = states(tmp_path, excluded=["a"])
    assert (row.status, row.reached) == ("excluded", "quality")
    for content in ("", "[]", "{", '{"reasons": 1}'):
        (tmp_path / "songs/a/quality.json").write_text(content)
        os.utime(tmp_path / "manifest.tsv", (1, 1))
        assert states(tmp_path)[0].status == "dropped"


def test_only_the_stages_of_a_song_count(tmp_path):
    put(tmp_path, "lyrics.json", "sliced.json", "smplfull.json", "logs/download.error")
    write_json(tmp_path / "songs/a/quality.json", {"keep": True, "reasons": []})
    names = ["lyrics", "slices", "recovery", "quality"]
    assert states(tmp_path, *names)[0].status == "finished"
    (row,) = states(tmp_path, "fetch_lyrics", *names)
    assert (row.status, row.stage) == ("waiting", "fetch_lyrics")


def test_a_stage_that_is_not_required_counts_only_when_it_fails(tmp_path):
    put(tmp_path, "lyrics.json")
    its = [*stages(tmp_path, "lyrics"), *stages(tmp_path, "pose", required=False)]
    assert song_statuses(["a"], {"a": its}, tmp_path)[0].status == "finished"
    put(tmp_path, "logs/pose.error")
    (row,) = song_statuses(["a"], {"a": its}, tmp_path)
    assert (row.status, row.stage) == ("failed", "pose")


def test_a_file_put_there_by_hand_ends_the_failure_of_its_stage(tmp_path):
    put(tmp_path, "logs/fetch_lyrics.error")
    assert states(tmp_path, "fetch_lyrics", "lyrics")[0].status == "failed"
    put(tmp_path, "fetched.lrc")
    assert states(tmp_path, "fetch_lyrics", "lyrics")[0].status == "waiting"


def test_stages_come_back_from_their_file_and_a_damaged_one_is_named(tmp_path):
    its = {"a": stages(tmp_path), ALL_SONGS: stages(tmp_path, "quality", required=False)}
    assert read_stages(tmp_path) == {}
    write_stages(tmp_path, its)
    assert read_stages(tmp_path) == its
    write_json(tmp_path / "logs/stages.json", {"a": [{"rule": "pose"}]})
    with pytest.raises(InputError, match=r"stages\.json: is damaged; delete it"):
        read_stages(tmp_path)


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
    its = {song: stages(tmp_path, song=song) for song in "abc"}
    its[ALL_SONGS] = [Stage("dataset", (str(tmp_path / "dataset/x"),), str(tmp_path / "logs/dataset.error"), False)]
    rows = song_statuses("abc", its, tmp_path)
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
    write_stages(tmp_path / "results", {"a": stages(Path("results"))})
    done = program("status", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 songs: 1 waiting\n")
    assert (tmp_path / "results/status.tsv").read_text().splitlines()[1].split("\t")[:4] == [
        "a",
        "waiting",
        "",
        "download",
    ]
