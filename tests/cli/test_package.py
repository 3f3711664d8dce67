"""The package that ``pip install .`` installs: what it holds, what it asks for, and that it works in any folder."""

import os
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from song_folders import write_songs
from synthetic_media import clicks, constant_rate, write_source_video

from justlmd import __version__

pytestmark = pytest.mark.slow


def pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The wheel, built of a copy, because setuptools leaves its work beside the sources."""
    repo: Path = request.getfixturevalue("repo")
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("justlmd", "model", "demo"):
        shutil.copytree(repo / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(repo / name, source)
    pip("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", target, source)
    (path,) = target.iterdir()
    return path


def test_it_holds_the_whole_library_with_its_data_and_nothing_else(wheel, repo):
    names = set(zipfile.ZipFile(wheel).namelist())
    info = f"justlmd-{__version__}.dist-info/"
    library = {
        path.relative_to(repo).as_posix()
        for path in (repo / "justlmd").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if not name.startswith(info)} == library
    assert {"justlmd/py.typed", "justlmd/songs/songs.schema.yaml", "justlmd/data/free_body.npz"} <= names
    assert f"{info}licenses/LICENSE" in names


def test_it_says_its_version_and_what_it_needs(wheel):
    with zipfile.ZipFile(wheel) as archive:
        metadata = Parser().parsestr(archive.read(f"justlmd-{__version__}.dist-info/METADATA").decode())
        commands = archive.read(f"justlmd-{__version__}.dist-info/entry_points.txt").decode()
    assert metadata["Version"] == __version__
    assert metadata.get_all("Provides-Extra") == ["media", "pose", "text", "dataset", "workflow"]
    base = [line.split(">")[0] for line in metadata.get_all("Requires-Dist") or [] if "extra ==" not in line]
    assert base == ["jsonschema", "numpy", "pandas", "pydantic", "pyyaml", "scipy"]
    assert "justlmd = justlmd.cli.__main__:main" in commands


def test_the_command_works_in_another_folder(wheel, tmp_path):
    site, project = tmp_path / "site", tmp_path / "project"
    project.mkdir()
    pip("install", "--quiet", "--no-deps", "--no-index", "--no-compile", "--target", site, wheel)
    environment = os.environ | {"PYTHONPATH": str(site)}

    def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
        command = (sys.executable, *command)
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)

    assert run("-c", "import justlmd; print(justlmd.__file__)").stdout.strip() == str(site / "justlmd" / "__init__.py")
    write_source_video(project / "film.mp4", constant_rate(30, 1), clicks(1, [0.5]))
    (project / "good.lrc").write_text("[00:01.00]here we go\n")
    write_songs(project, {"id": "a", "url": "film.mp4", "lyrics": "good.lrc"})
    command = site / "bin" / "justlmd"
    assert run(command, "--version").stdout == f"justlmd {__version__}\n"
    checked = run(command, "check")
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stdout
    status = run(command, "status")
    assert (status.returncode, status.stderr) == (0, ""), status.stdout
    assert (project / "results" / "status.tsv").is_file()
