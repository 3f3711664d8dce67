"""The player in the repository is what its sources build."""

import shutil
import subprocess
from pathlib import Path

import pytest

from justlmd.view.song_page import PLAYER

pytestmark = pytest.mark.slow


def test_building_it_again_gives_the_same_bytes(repo: Path, tmp_path: Path) -> None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs node and npm, which are not installed")
    shutil.copytree(repo / "player", tmp_path / "player", ignore=shutil.ignore_patterns("node_modules"))
    for command in (["npm", "ci", "--no-audit", "--no-fund"], ["npm", "run", "build"]):
        done = subprocess.run(
            command, cwd=tmp_path / "player", capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
    built = (tmp_path / "justlmd" / "data" / "player.js").read_bytes()
    assert built == PLAYER.read_bytes(), "run: make player"


def test_it_can_stand_inside_a_page_and_names_its_licences() -> None:
    text = PLAYER.read_text(encoding="utf-8")
    assert text.isascii()
    assert "</script" not in text.lower()
    assert text.count("MIT") >= 5
    assert "import.meta" not in text
    assert len(text) < 900_000
