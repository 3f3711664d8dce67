"""A lock whose run is gone is released; any other stays."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from song_folders import REPO
from toy_songs import write_song

from justlmd.core.files import read_json, write_json
from justlmd.project.lock import LOCKS, RUNS, claim_folder


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A folder with the lock that a killed run leaves."""
    (tmp_path / LOCKS).mkdir(parents=True)
    (tmp_path / LOCKS / "0.output.lock").write_text("results/manifest.tsv\n")
    return tmp_path


def entry(**changes: object) -> dict:
    me = psutil.Process()
    return {"host": socket.gethostname(), "pid": me.pid, "begun": me.create_time()} | changes


def test_the_lock_of_a_dead_run_is_released_with_a_word(locked: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    write_json(locked / RUNS, [entry(pid=dead.pid)])
    assert "released" in claim_folder(locked)
    assert not (locked / LOCKS).exists()
    assert [run["pid"] for run in read_json(locked / RUNS)] == [os.getpid()]


@pytest.mark.parametrize(
    "others",
    [[entry()], [entry(pid=2**22 - 1), entry()], [entry(host="elsewhere", pid=2**22 - 1)]],
    ids=["alive", "one of two alive", "on another computer"],
)
def test_the_lock_of_a_run_that_may_live_stays(locked: Path, others: list[dict]) -> None:
    write_json(locked / RUNS, others)
    assert claim_folder(locked) == ""
    assert (locked / LOCKS).exists()


def test_a_reused_pid_is_another_process(locked: Path) -> None:
    write_json(locked / RUNS, [entry(begun=1.0)])
    assert "released" in claim_folder(locked)


@pytest.mark.parametrize("note", [None, "", "{", "[3]", '[{"host": 1}]'])
def test_a_lock_of_unknown_origin_stays(locked: Path, note: str | None) -> None:
    if note is not None:
        (locked / RUNS).write_text(note)
    assert claim_folder(locked) == ""
    assert (locked / LOCKS).exists()


def test_a_run_in_a_fresh_folder_is_noted_and_says_nothing(tmp_path: Path) -> None:
    assert claim_folder(tmp_path) == ""
    assert claim_folder(tmp_path) == ""
    assert {run["pid"] for run in read_json(tmp_path / RUNS)} == {os.getpid()}


@pytest.mark.slow
def test_after_a_killed_run_the_same_command_goes_on(tmp_path: Path) -> None:
    write_song(tmp_path / "toy", "toy", start_s=0.5)
    (tmp_path / "good.lrc").write_text("[00:00.50]here we go\n[00:02.00]\n")
    (tmp_path / "songs.tsv").write_text("id\turl\tlyrics\tmotion\ntoy\t\tgood.lrc\ttoy/smplfull.json\n")
    target = "results/songs/toy/lyrics.json"
    command = [sys.executable, "-m", "snakemake", "-s", str(REPO / "Snakefile"), "--cores", "1", target]
    run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not any((tmp_path / LOCKS).glob("*.lock")):
        assert run.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 0, again.stderr
    assert "lock is released" in again.stdout + again.stderr
    assert (tmp_path / target).is_file()
