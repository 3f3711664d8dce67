"""An exported BVH gives bvhio and three.js the joints that the library computes."""

from pathlib import Path

import numpy as np
import pytest
from bvh_reader import joints_read_by_bvhio
from node_programs import run_node

from justlmd.body.model import JOINT_NAMES, load_body
from justlmd.core.errors import InputError
from justlmd.export.bvh import write_bvh
from justlmd.motion.motion import Motion, to_yup
from justlmd.motion.smplfull import read_smplfull

BODY = load_body()


def motion(frames: int = 9, seed: int = 0) -> Motion:
    rng = np.random.default_rng(seed)
    return Motion(
        global_orient=rng.normal(0, 1.5, (frames, 3)),
        body_pose=rng.normal(0, 0.6, (frames, 69)),
        transl=rng.normal(0, 1, (frames, 3)),
        betas=rng.normal(0, 1, 10),
        valid=np.ones(frames, bool),
    )


@pytest.mark.parametrize("frames", [1, 9])
@pytest.mark.parametrize("unit_m", [0.01, 1.0])
def test_bvhio_reads_the_same_joints(tmp_path: Path, frames: int, unit_m: float) -> None:
    moving = motion(frames)
    write_bvh(tmp_path / "motion.bvh", moving, BODY, unit_m=unit_m)
    read = joints_read_by_bvhio(tmp_path / "motion.bvh") * unit_m
    np.testing.assert_allclose(read, moving.joints(BODY), atol=1e-5)


def test_three_js_reads_the_same_joints_times_and_tips(tmp_path: Path) -> None:
    moving = motion()
    write_bvh(tmp_path / "motion.bvh", moving, BODY)
    read = run_node("read_bvh.mjs", tmp_path / "motion.bvh")
    order = [read["names"].index(name) for name in JOINT_NAMES]
    np.testing.assert_allclose(np.array(read["frames"])[:, order] / 100, moving.joints(BODY), atol=1e-5)
    np.testing.assert_allclose(read["times"], np.arange(9) / 30, atol=1e-6)
    last = np.array(read["frames"])[-1, order]
    ends = [JOINT_NAMES.index(name) for name in ("left_foot", "right_foot", "head", "left_hand", "right_hand")]
    away = np.linalg.norm(np.array(read["tips"])[:, None] - last[ends], axis=-1).min(axis=0)
    assert ((away > 5) & (away < 30)).all()  # a real tip, 5 to 30 cm beyond the last joint


def test_a_real_song_survives_the_export(shared_data: Path, tmp_path: Path) -> None:
    song = shared_data / "motion" / "PaniniLilNasXJustDanceUnlimited" / "smplfull.json"
    moving = to_yup(read_smplfull(song), BODY, own_shapes=False).cut(500, 560)
    write_bvh(tmp_path / "motion.bvh", moving, BODY)
    np.testing.assert_allclose(joints_read_by_bvhio(tmp_path / "motion.bvh") / 100, moving.joints(BODY), atol=1e-5)


def test_the_root_has_no_offset_and_angles_do_not_jump(tmp_path: Path) -> None:
    moving = motion(40)
    turning = np.zeros((40, 3))
    turning[:, 2] = np.linspace(0, 4 * np.pi, 40)
    moving = Motion(turning, np.zeros((40, 69)), moving.transl, moving.betas, moving.valid)
    write_bvh(tmp_path / "motion.bvh", moving, BODY)
    text = (tmp_path / "motion.bvh").read_text()
    assert "ROOT pelvis\n{\n\tOFFSET 0.000000 0.000000 0.000000\n" in text
    assert "Frames: 40\nFrame Time: 0.03333333\n" in text
    assert text.count("End Site") == 5
    angles = np.array([line.split()[3] for line in text.splitlines()[-40:]], float)
    assert np.abs(np.diff(angles)).max() < 20 and np.ptp(angles) == pytest.approx(720, abs=0.01)


def test_a_motion_without_frames_or_with_holes_is_refused(tmp_path: Path) -> None:
    moving = motion(2)
    with pytest.raises(InputError, match="without frames"):
        write_bvh(tmp_path / "motion.bvh", moving.cut(0, 0), BODY)
    moving.transl[0, 0] = np.nan
    with pytest.raises(InputError, match="not finite"):
        write_bvh(tmp_path / "motion.bvh", moving, BODY)
    assert not list(tmp_path.iterdir())
