"""Rules run inside the conda environment that they name; ``conda_stand_in.py`` plays conda, no channel is asked."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project_copy import copied_project

LYRICS = "[00:01.00] a line\n[00:04.00] another line\n[00:08.00]\n"
TARGET = "results/songs/song_a/lyrics.json"


@pytest.fixture
def project(repo: Path, tmp_path: Path) -> Path:
    """The workflow beside a table of one song, and a ``conda`` before all others."""
    folder = tmp_path / "project"
    copied_project(repo, folder)
    shutil.rmtree(folder / "profiles")
    (folder / "song_a.lrc").write_text(LYRICS)
    (folder / "songs.tsv").write_text("id\turl\tlyrics\tmotion\nsong_a\t\tsong_a.lrc\tmotion.json\n")
    programs = tmp_path / "conda" / "bin"
    programs.mkdir(parents=True)
    shutil.copy(repo / "tests" / "helpers" / "conda_stand_in.py", programs / "conda")
    (programs / "conda").chmod(0o755)
    (programs / "activate").write_text('export CONDA_PREFIX="$1"\nexport PATH="$1/bin:$PATH"\n')
    return folder


def snakemake(project: Path, *arguments: str) -> str:
    """Output of a successful run in ``project`` with ``--software-deployment-method conda``."""
    programs = project.parent / "conda" / "bin"
    environment = os.environ | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "STAND_IN_PYTHON": sys.executable,
        "PYTHONPATH": "",
    }
    command = [sys.executable, "-m", "snakemake", TARGET, "--cores", "1", "--software-deployment-method", "conda"]
    result = subprocess.run([*command, *arguments], cwd=project, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.mark.workflow
def test_a_rule_runs_in_the_environment_that_it_names_and_again_when_a_pin_changes(project: Path):
    snakemake(project)
    assert json.loads((project / TARGET).read_text())["lines"]
    (environment,) = (path.parent for path in (project / ".snakemake" / "conda").glob("*/environment.yaml"))
    assert (environment / "environment.yaml").read_text() == (project / "envs" / "audio.yaml").read_text()
    assert any("lyrics.py" in line for line in (environment / "calls").read_text().splitlines())

    assert "Nothing to be done" in snakemake(project)
    pins = project / "envs" / "audio.yaml"
    pins.write_text(pins.read_text().replace("numpy==2.4.6", "numpy==2.4.5"))
    assert "Software environment definition has changed" in snakemake(project, "--dry-run", "--verbose")
