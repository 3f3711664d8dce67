"""An exported GLB is valid glTF, and three.js moves its joints and its skin as the library does."""

from pathlib import Path

import numpy as np
import pytest
from node_programs import run_node

from justlmd.body.kinematics import skin
from justlmd.body.model import JOINT_NAMES, load_body
from justlmd.core.errors import InputError
from justlmd.export.glb import write_glb
from justlmd.motion.motion import Motion

BODY = load_body()


def motion(frames: int = 7, seed: int = 0) -> Motion:
    rng = np.random.default_rng(seed)
    return Motion(
        global_orient=np.cumsum(rng.normal(0, 0.8, (frames, 3)), axis=0),
        body_pose=rng.normal(0, 0.5, (frames, 69)),
        transl=rng.normal(0, 1, (frames, 3)),
        betas=rng.normal(0, 1, 10),
        valid=np.ones(frames, bool),
    )


@pytest.mark.parametrize("frames", [1, 7])
def test_the_validator_finds_nothing_and_three_js_reads_the_same_dance(tmp_path: Path, frames: int) -> None:
    moving = motion(frames)
    write_glb(tmp_path / "dance.glb", moving, BODY)
    wanted = np.arange(0, len(BODY.v_template), 997)
    read = run_node("read_glb.mjs", tmp_path / "dance.glb", ",".join(map(str, wanted)))
    issues = read["issues"]
    assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"]
    order = [read["names"].index(name) for name in JOINT_NAMES]
    np.testing.assert_allclose(np.array(read["frames"])[:, order], moving.joints(BODY), atol=3e-4)
    np.testing.assert_allclose(read["times"], np.arange(frames) / 30, atol=1e-6)
    vertices = skin(BODY, moving.global_orient, moving.body_pose, moving.transl, moving.betas)[:, wanted]
    error = np.linalg.norm(np.array(read["vertices"]) - vertices, axis=-1)
    assert np.median(error) < 1e-3 and error.max() < 6e-3  # weights are rounded to 255ths


def test_a_file_of_six_seconds_is_small_and_its_bytes_repeat(tmp_path: Path) -> None:
    moving = motion(180)
    for name in ("a.glb", "b.glb"):
        write_glb(tmp_path / name, moving, BODY)
    assert (tmp_path / "a.glb").read_bytes() == (tmp_path / "b.glb").read_bytes()
    assert (tmp_path / "a.glb").stat().st_size < 1_200_000


def test_a_motion_with_holes_is_refused(tmp_path: Path) -> None:
    moving = motion(2)
    moving.body_pose[1, 3] = np.inf
    with pytest.raises(InputError, match=r"dance\.glb"):
        write_glb(tmp_path / "dance.glb", moving, BODY)
    with pytest.raises(InputError, match=r"dance\.glb"):
        write_glb(tmp_path / "dance.glb", motion(0), BODY)
