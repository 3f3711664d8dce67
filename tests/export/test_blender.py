"""Blender itself reads the exports: joints, uprightness, seconds, the sound strip, a character that dances.

Runs where the Python named in ``JUSTLMD_BLENDER_PYTHON``, or the one of the tests, has Blender's module ``bpy``.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import Exported, export_into, lag_samples, song_audio

from justlmd.body.kinematics import skin
from justlmd.core.errors import InputError
from justlmd.export.song import ExportOptions
from justlmd.export.through_blender import convert
from justlmd.motion.motion import Y_TO_Z_UP

REPO = Path(__file__).resolve().parents[2]
PYTHON = os.environ.get("JUSTLMD_BLENDER_PYTHON") or (sys.executable if importlib.util.find_spec("bpy") else "")

needs_blender = pytest.mark.skipif(
    not PYTHON, reason="needs Blender's module bpy: name a Python that has it in JUSTLMD_BLENDER_PYTHON"
)
OPTIONS = {
    "default": ExportOptions(),
    "mixamo": ExportOptions(joint_names="mixamo", up="z", unit="m"),
    "film": ExportOptions(fps=24),
}


def run_blender(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    command = [PYTHON, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=clean)


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Exported]:
    folder = tmp_path_factory.mktemp("exports")
    return {name: export_into(folder / name, options, audio=True) for name, options in OPTIONS.items()}


@pytest.fixture(scope="module")
def seen(exports: dict[str, Exported]) -> dict[str, Any]:
    """What Blender measures, in one process for all files."""
    one = exports["default"]
    convert(one.path("glb"), one.path("clock"), one.path("fbx"), PYTHON)
    convert(one.path("glb"), one.path("clock"), one.path("usd"), PYTHON)
    program = REPO / "tools" / "blender" / "import_dance.py"
    by_hand = run_blender(program, "--", one.path("glb"), "--save", one.folder / "scene.blend")
    assert by_hand.returncode == 0, by_hand.stderr
    body, betas = one.clip.body, one.clip.motion.betas
    rest = body.rest_joints(betas)[:22] @ Y_TO_Z_UP.T * 1.2
    np.save(one.folder / "hero.npy", rest - [0, 0, rest[:, 2].min() - 0.05])
    hero = {"character": str(one.folder / "hero.npy"), "arms_down": 45, "object_scale": 0.01}
    jobs: list[dict[str, Any]] = [
        {"name": "glb", "file": one.path("glb")},
        {"name": "bvh", "file": one.path("bvh")},
        {"name": "fbx", "file": one.path("fbx")},
        {"name": "usd", "file": one.path("usd")},
        {"name": "by hand", "file": one.folder / "scene.blend"},
        {"name": "mixamo bvh", "file": exports["mixamo"].path("bvh")},
        {"name": "film glb", "file": exports["film"].path("glb")},
        {"name": "hero glb", "file": one.path("glb")} | hero,
        {"name": "hero bvh", "file": exports["mixamo"].path("bvh")} | hero | {"arms_down": 0, "object_scale": 1},
    ]
    for job in jobs:
        job |= {"file": str(job["file"]), "result": str(one.folder / f"{job['name']}.npz")}
    (one.folder / "jobs.json").write_text(json.dumps(jobs))
    done = run_blender(REPO / "tests" / "helpers" / "in_blender.py", one.folder / "jobs.json")
    assert done.returncode == 0, done.stderr[-2000:]
    return {job["name"]: dict(np.load(job["result"])) for job in jobs}


@needs_blender
@pytest.mark.slow
@pytest.mark.parametrize("name", ["glb", "bvh", "mixamo bvh", "fbx", "usd", "by hand"])
def test_blender_shows_the_joints_upright_in_every_frame(seen, exports, name):
    expected = exports["default"].joints[:, :22] @ Y_TO_Z_UP.T
    assert seen[name]["joints"].shape == expected.shape
    np.testing.assert_allclose(seen[name]["joints"], expected, atol=2e-4)
    assert (seen[name]["joints"][:, 15, 2] > seen[name]["joints"][:, 7, 2] + 1).all()  # the head above an ankle
    assert seen[name]["range"].tolist() == [0, 179] and seen[name]["fps"] == 30


@needs_blender
@pytest.mark.slow
@pytest.mark.parametrize("name", ["glb", "fbx", "usd"])
def test_the_skin_follows_the_bones(seen, exports, name):
    clip = exports["default"].clip
    still = clip.motion.cut(90, 91)
    vertices = skin(clip.body, still.global_orient, still.body_pose, still.transl, still.betas)[0] @ Y_TO_Z_UP.T
    np.testing.assert_allclose(seen[name]["skin"], [vertices.min(0), vertices.max(0)], atol=6e-3)


@needs_blender
@pytest.mark.slow
def test_another_frame_rate_lasts_as_many_seconds(seen, exports):
    film = seen["film glb"]
    assert film["fps"] == 24 and film["range"].tolist() == [0, 143] and film["strip"].tolist() == [0, 144]
    expected = exports["default"].joints[::5, :22] @ Y_TO_Z_UP.T  # 24 and 30 frames/s meet six times a second
    np.testing.assert_allclose(film["joints"][::4], expected, atol=2e-4)


@needs_blender
@pytest.mark.slow
@pytest.mark.parametrize("name", ["glb", "bvh", "by hand", "hero glb"])
def test_sound_and_lyrics_lie_at_their_frames(seen, exports, name):
    found = seen[name]
    assert found["strip"].tolist() == [0, 180] and found["sync"] == "AUDIO_SYNC" and found["sound_rate"] == 48_000
    samples = song_audio(exports["default"].folder / "again.wav")[2 * 48_000 : 8 * 48_000]
    assert lag_samples(found["sound"].astype(float), samples) == 0
    assert 0 <= len(found["sound"]) - 6 * 48_000 < 1024  # Blender plays the last AAC frame to its end
    assert found["markers"].tolist() == ["0 Hello </script>", "90 100% {brace} café"]


@needs_blender
@pytest.mark.slow
@pytest.mark.parametrize("name", ["hero glb", "hero bvh"])
def test_a_character_of_other_size_and_pose_dances_the_same(seen, exports, name):
    danced, dance = seen[name]["joints"], exports["default"].joints[:, :22] @ Y_TO_Z_UP.T
    for end, start in ((4, 1), (7, 4), (5, 2), (8, 5), (18, 16), (20, 18), (19, 17), (21, 19)):
        ours, theirs = (joints[:, end] - joints[:, start] for joints in (danced, dance))
        cosine = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
        assert np.degrees(np.arccos(cosine.clip(-1, 1))).max() < 0.1
    np.testing.assert_allclose(danced[:, 0, :2], 1.2 * dance[:, 0, :2], atol=1e-3)
    assert np.percentile(danced[..., 2].min(1), 5) == pytest.approx(0.05, abs=1e-3)  # as it stood at rest


@needs_blender
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["fbx", "usd"])
def test_fbx_and_usd_carry_the_clock(seen, kind):
    assert (seen[kind]["first_frame_s"], seen[kind]["fps"], seen[kind]["duration_s"]) == (2.0, 30.0, 6.0)


@needs_blender
@pytest.mark.slow
def test_faults_are_told_in_a_line(exports, tmp_path):
    program, one = REPO / "tools" / "blender" / "import_dance.py", exports["default"]
    alone = tmp_path / "motion.glb"
    alone.write_bytes(one.path("glb").read_bytes())
    for arguments, words in (
        ([], "which dance?"),
        ([tmp_path / "none.glb"], "there is no file"),
        ([alone], "motion.clock.json is missing"),
        ([one.path("glb"), "--character", "Nobody"], "there is no armature 'Nobody'"),
        ([one.path("npz")], "give the motion.glb or the motion.bvh"),
    ):
        done = run_blender(program, "--", *arguments)
        assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr, done.stderr
    alone.write_bytes(b"glTF, but broken off")
    with pytest.raises(InputError, match=r"motion\.glb: Blender could not convert it"):
        convert(alone, one.path("clock"), tmp_path / "motion.fbx", PYTHON)
    assert not (tmp_path / "motion.fbx").exists()


def test_a_python_without_blender_is_told_what_to_do(exports, tmp_path):
    one = exports["default"]
    if importlib.util.find_spec("bpy") is None:
        with pytest.raises(InputError, match=r"lacks Blender's module bpy; run with --sdm conda, or name a Python"):
            convert(one.path("glb"), one.path("clock"), tmp_path / "motion.fbx")
    with pytest.raises(InputError, match="cannot be run"):
        convert(one.path("glb"), one.path("clock"), tmp_path / "motion.fbx", str(tmp_path / "python"))
