"""A song of one's own, danced to by the one command in an empty folder: what is made, and what another seed changes."""

import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import yaml
from characters import write_vrm
from chromium import browser
from player_browser import player
from synthetic_media import clicks

from justlmd.media.video import probe

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

SECONDS = 6


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, timeout=1200, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def danced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which ``justlmd dance`` has run on an audio file without lyrics, and what it said."""
    folder = tmp_path_factory.mktemp("dance")
    with wave.open(str(folder / "My Song.wav"), "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
        file.writeframes(clicks(SECONDS, np.arange(2 * SECONDS) / 2, rate=48000).tobytes())
    write_vrm(folder / "me.vrm")
    said = run(folder, "justlmd.cli", "dance", "My Song.wav", "--character", "me.vrm", "--cores", "2")
    return folder, said


def test_one_command_makes_a_page_a_video_and_exports_and_says_where(danced: tuple[Path, str]) -> None:
    folder, said = danced
    dance = folder / "results/generated/my_song/choreographer"
    for name in ("motion.bvh", "motion.glb", "motion.npz", "audio.m4a"):
        assert (dance / name).stat().st_size > 0
    assert probe(dance / "dance.mp4").duration_s == pytest.approx(SECONDS, abs=0.1)
    assert len(json.loads((dance / "smplfull.json").read_text())) == SECONDS * 30
    for path in ("results/view/my_song.html", "results/view/my_song.share.html", "dance.mp4"):
        assert path in said
    assert not (folder / "results/dataset").exists()
    assert not (folder / "results/view/index.html").exists()


@pytest.mark.parametrize("page", ["my_song.html", "my_song.share.html"])
def test_the_pages_show_the_dance_by_the_character(danced: tuple[Path, str], page: str) -> None:
    with browser() as started, player(started, danced[0] / "results/view" / page) as tab:
        assert len(tab.evaluate("player.state().dancers")) == 1
        assert tab.evaluate("player.characterPositions() !== null")
        before = tab.evaluate("player.jointPositions()")
        tab.evaluate("player.seek(3)")
        assert tab.evaluate("player.jointPositions()") != before


def test_another_seed_makes_only_the_dance_again(danced: tuple[Path, str]) -> None:
    folder, _ = danced
    asked = yaml.safe_load((folder / "results/dance/my_song/config.yaml").read_text())
    asked["generate"]["seed"] = 1
    (folder / "other.yaml").write_text(yaml.safe_dump(asked))
    snakefile = str(Path(__file__).resolve().parents[2] / "Snakefile")
    options = ("--cores", "2", "--resources", "gpu=1", "--dry-run", "--quiet", "host", "--configfile", "other.yaml")
    said = run(folder, "snakemake", "-s", snakefile, *options, "--", "danced")
    planned = {line.split()[0] for line in said.splitlines() if line.split()[1:] == ["1"]}
    assert {"choreograph", "generated_preview", "generated_export", "dance_script", "share"} <= planned
    assert not planned & {"audio", "audio_features", "page_without_video", "player_assets", "text_states"}
