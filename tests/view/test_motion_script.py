"""What the player reads of a motion: small, and within a millimetre in Python and in the page's own decoder."""

from pathlib import Path

import numpy as np
import pytest
from known_motion import BODY, swaying
from node_programs import run_node

from justlmd.body.kinematics import forward_kinematics
from justlmd.core.errors import InputError
from justlmd.core.files import write_json
from justlmd.motion.motion import Motion, to_yup
from justlmd.motion.smplfull import read_smplfull
from justlmd.view.motion_script import dancer, decoded
from justlmd.view.packing import pack, script, unpack

THREE_MINUTES = 5400


def moving(frames: int = 90, seed: int = 0) -> Motion:
    """Fast and with rotations beyond half a turn, whose vectors wrap."""
    rng = np.random.default_rng(seed)
    orient, pose, transl = swaying(frames, seed=seed)
    orient = np.linspace(0, 9, frames)[:, None] * [0.1, 1, 0.2]
    betas = rng.normal(0, 1, 10)
    return Motion(orient, 3 * pose, transl, betas, np.ones(frames, bool))


def errors_mm(content: dict, motion: Motion) -> np.ndarray:
    transl, pose = decoded(content)
    joints = forward_kinematics(BODY, pose[:, :3], pose[:, 3:], transl, motion.betas)
    return 1000 * np.linalg.norm(joints - motion.joints(BODY), axis=-1)


def test_integers_come_back_whatever_their_order_and_range() -> None:
    rng = np.random.default_rng(0)
    signed = rng.integers(-(2**15), 2**15, (50, 3))
    for order in (0, 1, 2):
        np.testing.assert_array_equal(unpack(pack(signed, order), 3, order), signed)
        unsigned = signed + 2**15
        np.testing.assert_array_equal(unpack(pack(unsigned, order), 3, order, signed=False), unsigned)
    with pytest.raises(InputError, match="16 bits"):
        pack(np.array([[0], [2**16]]), 1)


def test_joints_are_within_a_millimetre_and_the_bytes_repeat() -> None:
    motion = moving()
    content = dancer("v2", motion, BODY, 1.5)
    assert errors_mm(content, motion).max() < 1
    assert dancer("v2", motion, BODY, 1.5) == content
    assert (content["frames"], content["first_frame_s"], content["missing"]) == (90, 1.5, [])


def test_real_dances_take_at_most_0_8_mb_for_three_minutes(shared_data: Path) -> None:
    files = sorted((shared_data / "motion").glob("*/smplfull.json"))[:2]
    for path in files:
        motion = to_yup(read_smplfull(path), BODY, own_shapes=False)
        content = dancer("real", motion, BODY, 0.0)
        assert errors_mm(content, motion).max() < 1
        assert len(script("dance", content)) / len(motion) * THREE_MINUTES < 800_000


def test_a_dance_that_goes_far_keeps_its_way_with_longer_steps() -> None:
    motion = moving()
    far = Motion(motion.global_orient, motion.body_pose, 60 * motion.transl, motion.betas, motion.valid)
    content = dancer("v2", far, BODY, 0.0)
    assert errors_mm(content, far).max() < 1 + 1000 * content["step"]
    assert content["step"] > 0.0005


def test_frames_without_a_body_are_named() -> None:
    motion = moving()
    motion.valid[10:20] = False
    assert dancer("recovered", motion, BODY, 0.0)["missing"] == [[10, 20]]


def test_what_is_not_finite_is_refused() -> None:
    motion = moving()
    motion.transl[3, 1] = np.nan
    with pytest.raises(InputError, match="v2"):
        dancer("v2", motion, BODY, 0.0)


def test_the_pages_own_decoder_reads_the_same(tmp_path: Path) -> None:
    motion = moving()
    content = dancer("v2", motion, BODY, 1.5)
    write_json(tmp_path / "dancer.json", content)
    read = run_node("read_dancer.mjs", tmp_path / "dancer.json")
    transl, pose = decoded(content)
    np.testing.assert_allclose(read["transl"], transl, atol=1e-9)
    np.testing.assert_allclose(np.array(read["pose"]).reshape(len(motion), 72), pose, atol=1e-9)
    joints = forward_kinematics(BODY, pose[:, :3], pose[:, 3:], transl, motion.betas)
    assert np.linalg.norm(joints - motion.joints(BODY), axis=-1).max() < 1e-3
    assert read["frames_at"] == [0, 0, 1, 2, 89]


def test_hostile_text_cannot_end_its_script() -> None:
    text = script("page", {"title": "</script><!--<script>\u2028 & café"})
    assert text.isascii()
    assert not set("<>&") & set(text)
