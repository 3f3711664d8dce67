"""Rotations against scipy's: conversions, interpolation, and rotations from directions, in numpy and in torch."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.transform import Rotation, Slerp

from justlmd.body import torch_kinematics
from justlmd.core.rotations import (
    aligning_rotations,
    continuous_rotation_vectors,
    frames_of_axes,
    interpolated_rotations,
    matrix_to_axis_angle,
    rotation_matrices,
    slerp,
    swing,
    unit_vectors,
)

VECTORS = hnp.arrays(np.float64, (20, 3), elements=st.floats(-3, 3))


@settings(deadline=None)
@given(VECTORS)
def test_axis_angle_vectors_and_matrices_are_the_same_rotations(vectors):
    expected = Rotation.from_rotvec(vectors).as_matrix()
    np.testing.assert_allclose(rotation_matrices(vectors), expected, atol=1e-9)
    back = matrix_to_axis_angle(expected.reshape(4, 5, 3, 3))
    assert back.shape == (4, 5, 3)
    np.testing.assert_allclose(rotation_matrices(back.reshape(20, 3)), expected, atol=1e-7)


def test_slerp_takes_the_shortest_arc():
    a, b = (
        Rotation.from_euler("y", 170, degrees=True).as_rotvec(),
        Rotation.from_euler("y", -170, degrees=True).as_rotvec(),
    )
    middle = slerp(a[None, None], b[None, None], np.array([0.5]))
    assert Rotation.from_rotvec(middle[0, 0]).magnitude() == pytest.approx(np.pi)


def test_rotations_over_time_are_interpolated_on_the_sphere_and_held_at_the_ends():
    rng = np.random.default_rng(0)
    values, times = rng.normal(0, 1, (5, 6)), np.array([0.0, 1.0, 1.5, 4.0, 5.0])
    at = np.array([-1.0, 0.0, 0.3, 1.0, 1.2, 3.9, 5.0, 7.0])
    found = interpolated_rotations(values, times, at)
    for first in (0, 3):
        expected = Slerp(times, Rotation.from_rotvec(values[:, first : first + 3]))(at.clip(0, 5))
        apart = expected.inv() * Rotation.from_rotvec(found[:, first : first + 3])
        assert apart.magnitude().max() < 1e-9
    np.testing.assert_array_equal(found[[1, 3, 6]], values[[0, 1, 4]])


@settings(deadline=None)
@given(
    hnp.arrays(np.float64, (20, 3), elements=st.floats(-3, 3)).filter(
        lambda x: (np.linalg.norm(x, axis=1) > 1e-3).all()
    )
)
def test_continuous_rotation_vectors_are_the_same_rotations(vectors):
    chosen = continuous_rotation_vectors(vectors)
    assert np.allclose(rotation_matrices(chosen), rotation_matrices(vectors), atol=1e-6)


def test_a_turn_on_the_spot_has_no_jump_in_its_rotation_vectors():
    angles = np.linspace(0, 5.5, 200)
    wrapped = (angles + np.pi) % (2 * np.pi) - np.pi
    chosen = continuous_rotation_vectors(wrapped[:, None] * [[0.0, 1.0, 0.0]])
    assert np.allclose(chosen[:, 1], angles)


@settings(deadline=None)
@given(VECTORS, VECTORS)
def test_a_swing_takes_one_direction_to_the_other_by_the_smallest_turn(start, end):
    turn = swing(start, end)
    assert np.isfinite(turn.as_matrix()).all()
    a, b = unit_vectors(start), unit_vectors(end)
    cosine = (a * b).sum(-1)
    known = (np.linalg.norm(a, axis=1) > 0.5) & (np.linalg.norm(b, axis=1) > 0.5) & (cosine > -0.999)
    np.testing.assert_allclose(turn.apply(a)[known], b[known], atol=1e-6)
    np.testing.assert_allclose(np.cos(turn.magnitude())[known], cosine[known], atol=1e-6)


def test_directions_in_torch_are_turned_as_in_numpy():
    a, b = np.random.default_rng(0).normal(0, 1, (2, 30, 3))
    for name, expected in (("swing", swing(a, b)), ("frames_of_axes", frames_of_axes(a, b))):
        found = getattr(torch_kinematics, name)(torch.from_numpy(a), torch.from_numpy(b))
        np.testing.assert_allclose(found, expected.as_matrix(), atol=1e-12)


def test_frames_have_the_given_axes_and_are_finite_when_there_are_none():
    rng = np.random.default_rng(0)
    across, up = rng.normal(0, 1, (2, 10, 3))
    across[0], up[1], up[2] = 0, 0, 2 * across[2]
    frames = frames_of_axes(across, up).as_matrix()
    np.testing.assert_allclose(frames[1:, :, 0], unit_vectors(across)[1:], atol=1e-9)
    np.testing.assert_allclose(frames @ frames.transpose(0, 2, 1), np.tile(np.eye(3), (10, 1, 1)), atol=1e-9)
    assert ((frames[3:, :, 1] * up[3:]).sum(-1) > 0).all()


def test_the_turn_of_a_bundle_of_directions_is_found_whatever_their_lengths():
    rng = np.random.default_rng(0)
    vectors, turn = rng.normal(0, 1, (4, 3)), Rotation.from_rotvec(rng.normal(0, 1, (6, 3)))
    targets = np.stack([turn.apply(vector) for vector in vectors], axis=1) * rng.uniform(0.5, 2, (6, 4, 1))
    assert (turn.inv() * aligning_rotations(vectors, targets)).magnitude() == pytest.approx(0, abs=1e-6)
