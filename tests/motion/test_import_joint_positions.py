"""Joint angles from joint positions alone: known motion comes back, and any points give finite angles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_motion import (
    BODY,
    FRAMES,
    Y_DOWN,
    Z_UP,
    assert_same_but_for_a_shift,
    joints_of,
    save_pickle,
    swaying,
    y_up_joints,
)
from scipy.spatial.transform import Rotation

from justlmd.motion.importers.formats import read_any_motion
from justlmd.motion.importers.joint_positions import poses_from_joints


@pytest.mark.parametrize("count", [24, 22])
@pytest.mark.parametrize("axes", [np.eye(3), Z_UP, Y_DOWN], ids=["y up", "z up", "camera"])
@pytest.mark.parametrize("kind", ["npy", "npz", "pkl"])
def test_joint_positions_in_smpls_order_are_met_exactly_in_any_axes_and_unit(tmp_path, count, axes, kind):
    orient, pose, transl = swaying()
    expected = joints_of(orient, pose, transl)
    joints = 1000 * (expected @ axes.T)[:, :count] + 5
    joints[3] = np.nan
    path = tmp_path / f"joints.{kind}"
    if kind == "npy":
        np.save(path, joints)
    elif kind == "npz":
        np.savez(path, joints3d=joints, fps=30.0)
    else:
        save_pickle(path, {"joints": joints})
    motion = read_any_motion(path, BODY).motion
    kept = np.arange(FRAMES) != 3
    np.testing.assert_array_equal(motion.valid, kept)
    assert_same_but_for_a_shift(y_up_joints(motion)[kept, :count], expected[kept, :count])


def h36m_of(joints: np.ndarray) -> np.ndarray:
    """Human3.6M's 17 joints of an upright body, nose and head guessed from neck and head."""
    order = [0, 2, 5, 8, 1, 4, 7, 6, 12, 15, 15, 16, 18, 20, 17, 19, 21]
    return joints[:, order]


def test_lifted_joints_in_human36ms_order_keep_every_limbs_direction(tmp_path):
    orient, pose, transl = swaying()
    expected = joints_of(orient, pose, transl)
    joints = h36m_of(expected)
    across = expected[:, 16] - expected[:, 17]
    up = np.array([0.0, 1, 0])
    joints[:, 10] = expected[:, 15] + 0.2 * up
    joints[:, 9] = expected[:, 15] + 0.1 * up + 0.3 * np.cross(across, up)
    lifted = joints @ Y_DOWN.T  # as MotionBERT: camera axes, the frame's half width is 1
    np.save(tmp_path / "X3D.npy", (lifted / 1.7).astype(np.float32))
    found = y_up_joints(read_any_motion(tmp_path / "X3D.npy", BODY).motion)
    for near, far in ((1, 4), (4, 7), (2, 5), (5, 8), (16, 18), (18, 20), (17, 19), (19, 21)):
        np.testing.assert_allclose(found[:, far] - found[:, near], expected[:, far] - expected[:, near], atol=1e-5)
    assert np.linalg.norm(found - found[:, :1] - expected + expected[:, :1], axis=-1).mean() < 0.06
    facing = found[:, 15] - found[:, 12]
    assert (facing[:, 1] > 0).all()


def test_bends_of_elbows_and_knees_are_those_of_hinges():
    rng = np.random.default_rng(3)
    pose = np.zeros((20, 24, 3))
    pose[:, [1, 2, 16, 17]] = rng.uniform(-0.8, 0.8, (20, 4, 3))
    pose[:, [4, 5], 0] = rng.uniform(0.6, 2, (20, 2))
    pose[:, 18, 1], pose[:, 19, 1] = rng.uniform(-2, -0.6, 20), rng.uniform(0.6, 2, 20)
    pose[:, 0] = rng.normal(0, 1, (20, 3))
    flat = pose.reshape(20, 72)
    joints = joints_of(flat[:, :3], flat[:, 3:], np.zeros((20, 3)))
    found, _ = poses_from_joints(joints, BODY)
    for joint in range(20):
        apart = Rotation.from_rotvec(pose[:, joint]).inv() * Rotation.from_rotvec(found.reshape(20, 24, 3)[:, joint])
        assert apart.magnitude().max() < 0.15, joint  # the free body's bones are some degrees off the axes


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([17, 22, 24]))
def test_any_points_whatever_give_finite_angles(seed, count):
    rng = np.random.default_rng(seed)
    joints = rng.choice([0.0, 1.0, -3.0, 1e-12], (3, count, 3)) * rng.choice([0, 1], (3, count, 1))
    poses, pelvis = poses_from_joints(joints, BODY)
    assert np.isfinite(poses).all() and np.isfinite(pelvis).all()
