"""What the system does to a run: a full disk, a read-only one, no memory, a killed job, two runs at once."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from project_copy import copied_project

from justlmd.core.errors import read_failure

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

SONGS = ("one", "two")
TARGETS = [f"results/songs/{name}/lyrics.json" for name in SONGS]
COMMAND = (sys.executable, "-m", "snakemake", "--cores", "2", *TARGETS)
BEGIN = "def main(snakemake) -> str:\n"
ROOT_ON_LINUX = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("mount") is not None


@pytest.fixture(scope="module")
def project(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two songs, whose step ``lyrics`` first does what ``fault.py`` says."""
    folder = copied_project(repo, tmp_path_factory.mktemp("project"))
    script = folder / "workflow_scripts/lyrics.py"
    text = script.read_text()
    assert BEGIN in text
    script.write_text(text.replace(BEGIN, f"{BEGIN}    exec(open('fault.py').read())\n"))
    (folder / "words.lrc").write_text("[00:00.50]here we go\n[00:02.00]round\n[00:07.20]\n")
    (folder / "motion.json").write_text("{}")
    rows = [f"{name}\t\twords.lrc\tmotion.json" for name in SONGS]
    (folder / "songs.tsv").write_text("\n".join(["id\turl\tlyrics\tmotion", *rows]) + "\n")
    return folder


@pytest.fixture(autouse=True)
def fresh(project: Path) -> None:
    """Nothing is made yet, and nothing goes wrong."""
    for name in SONGS:
        shutil.rmtree(project / "results/songs" / name, ignore_errors=True)
    (project / "fault.py").write_text("")


def run(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [*COMMAND, *options], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300
    )
    assert "Traceback" not in result.stdout, result.stdout
    return result


def made(project: Path) -> list[bool]:
    return [(project / target).is_file() for target in TARGETS]


@contextmanager
def small_disk(folder: Path, *options: str) -> Iterator[None]:
    """A disk of 256 kB in place of a folder; needs root."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.skipif(not ROOT_ON_LINUX, reason="only root may mount a small disk")
def test_a_full_disk_is_named_and_the_other_song_is_made(project: Path) -> None:
    folder = project / "results/songs/one"
    with small_disk(folder):
        (project / "fault.py").write_text(
            "if snakemake.wildcards.song == 'one': open('results/songs/one/rest', 'wb').write(bytes(1 << 20))"
        )
        result = run(project)
        assert result.returncode == 1
        assert "ERROR  one  lyrics: the disk is full; free disk space, then run again" in result.stdout
        assert made(project) == [False, True]
        (folder / "rest").unlink()
        (project / "fault.py").write_text("")
        assert run(project).returncode == 0
        assert made(project) == [True, True]


@pytest.mark.skipif(not ROOT_ON_LINUX, reason="only root may mount a disk")
def test_a_disk_that_is_read_only_is_named(project: Path) -> None:
    folder = project / "results/songs/one"
    with small_disk(folder):
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        result = subprocess.run(COMMAND, cwd=project, capture_output=True, text=True, timeout=300)
        assert result.returncode == 1
        assert "Read-only file system: 'results/songs/one" in result.stdout + result.stderr
        subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
        assert run(project).returncode == 0
        assert made(project) == [True, True]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_job_beyond_its_memory_ends_with_the_limit_and_how_to_raise_it(project: Path) -> None:
    (project / "fault.py").write_text("import numpy; numpy.ones(150_000_000)")
    result = run(project, "--set-resources", "lyrics:mem_mb=900")
    assert result.returncode == 1
    said = (
        "ERROR  one  lyrics: it needs more than the 900 MB that its rule asks for (mem_mb); allow more: --set-resources"
    )
    assert f"{said} lyrics:mem_mb=1800; or shorten the song" in result.stdout
    assert run(project, "--set-resources", "lyrics:mem_mb=1800").returncode == 0


def test_a_killed_job_is_interrupted_and_made_by_the_next_run(project: Path) -> None:
    (project / "fault.py").write_text("import os\nif snakemake.wildcards.song == 'one': os.kill(os.getpid(), 9)")
    assert run(project).returncode == 1
    assert made(project) == [False, True]
    note = read_failure(project / "results/songs/one/logs/lyrics.error")
    assert note.cause == "interrupted" and "memory" in note.what
    (project / "fault.py").write_text("")
    assert run(project).returncode == 0
    assert made(project) == [True, True]


def test_a_second_run_at_the_same_time_is_refused_and_disturbs_nothing(project: Path) -> None:
    wait = "import os, time; open('begun', 'w').close()\nwhile not os.path.exists('go'): time.sleep(0.1)"
    (project / "fault.py").write_text(wait)
    first = subprocess.Popen(COMMAND, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 120
    while not (project / "begun").exists():
        assert first.poll() is None and time.monotonic() < end
        time.sleep(0.1)
    try:
        second = run(project)
    finally:
        (project / "go").touch()
    assert second.returncode == 1
    assert "cannot be locked" in second.stdout
    assert "lock is released" not in second.stdout
    assert first.wait(120) == 0
    assert made(project) == [True, True]
