"""Error measures give the answer that is known for known displacements."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from model.evaluation.pose_errors import (
    acceleration_error,
    evaluated_joints,
    mpjpe,
    pa_mpjpe,
    procrustes_distances,
    shared_joints,
    shared_landmarks,
)


@pytest.fixture
def joints() -> np.ndarray:
    """Twenty frames of 24 points that move at random."""
    return np.random.default_rng(0).normal(size=(20, 24, 3)).cumsum(axis=0) * 0.1


def test_equal_motion_has_no_error(joints: np.ndarray) -> None:
    assert mpjpe(joints, joints) == 0
    assert pa_mpjpe(joints, joints) < 1e-9
    assert acceleration_error(joints, joints) == 0


def test_moving_the_whole_body_costs_nothing_once_the_pelvis_is_aligned(joints: np.ndarray) -> None:
    assert mpjpe(evaluated_joints(joints + np.array([1.0, -2.0, 3.0])), evaluated_joints(joints)) < 1e-9


def test_one_joint_off_by_a_known_length_is_averaged_over_fourteen(joints: np.ndarray) -> None:
    moved = joints.copy()
    moved[:, 20, 2] += 0.14
    assert mpjpe(evaluated_joints(moved), evaluated_joints(joints)) == pytest.approx(10.0)


def test_a_joint_that_is_not_evaluated_does_not_count(joints: np.ndarray) -> None:
    moved = joints.copy()
    moved[:, [3, 10, 13, 23]] += 1.0
    assert mpjpe(evaluated_joints(moved), evaluated_joints(joints)) == 0


def test_landmarks_at_the_joints_have_no_error(joints: np.ndarray) -> None:
    landmarks = np.zeros((20, 33, 3))
    landmarks[:, [11, 13, 15, 23, 25, 27]] = joints[:, [16, 18, 20, 1, 4, 7]]
    landmarks[:, [12, 14, 16, 24, 26, 28]] = joints[:, [17, 19, 21, 2, 5, 8]]
    assert mpjpe(shared_landmarks(landmarks + 1.0), shared_joints(joints)) < 1e-9


def test_procrustes_removes_any_rotation_scale_and_shift(joints: np.ndarray) -> None:
    turned = 1.3 * joints @ Rotation.random(random_state=1).as_matrix().T + [0.3, 0.2, 0.1]
    assert pa_mpjpe(turned, joints) < 1e-9
    assert mpjpe(turned, joints) > 10


def test_procrustes_does_not_remove_a_reflection(joints: np.ndarray) -> None:
    assert pa_mpjpe(joints * [-1.0, 1.0, 1.0], joints) > 10


def test_procrustes_is_at_least_as_good_as_centring(joints: np.ndarray) -> None:
    noisy = joints + np.random.default_rng(2).normal(size=joints.shape) * 0.05
    centred = (noisy - noisy.mean(1, keepdims=True)) - (joints - joints.mean(1, keepdims=True))
    best = np.square(procrustes_distances(noisy, joints)).sum(axis=1)
    assert (best <= np.square(centred).sum(axis=(1, 2)) + 1e-12).all()


def test_constant_velocity_has_no_acceleration_error(joints: np.ndarray) -> None:
    drift = np.arange(20)[:, None, None] * np.array([0.01, 0.02, 0.03])
    assert acceleration_error(joints + drift, joints) < 1e-9


def test_acceleration_error_is_in_mm_per_frame_squared(joints: np.ndarray) -> None:
    parabola = 0.5 * np.arange(20)[:, None, None] ** 2 * np.array([0.003, 0.0, 0.004])
    assert acceleration_error(joints + parabola, joints) == pytest.approx(5.0)


def test_acceleration_of_two_frames_is_unknown(joints: np.ndarray) -> None:
    assert np.isnan(acceleration_error(joints[:2], joints[:2]))
