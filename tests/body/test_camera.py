"""Cameras project known points where the pinhole model says, and see the dancer whole."""

import numpy as np
import pytest

from justlmd.body.camera import Camera, assumed_focal_px, camera_for, intrinsics, look_at

SIZE = (320, 240)


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280)])
def test_an_unknown_focal_length_is_taken_to_be_a_fifth_longer_than_the_shorter_side(size) -> None:
    assert assumed_focal_px(size) == 864
    np.testing.assert_array_equal(intrinsics(size), [[864, 0, size[0] / 2], [0, 864, size[1] / 2], [0, 0, 1]])
    assert intrinsics(size, 1000)[0, 0] == intrinsics(size, 1000)[1, 1] == 1000


def test_a_camera_looks_level_at_its_target() -> None:
    camera = look_at([2.0, 1.5, 3.0], [0.5, 1.0, 0], SIZE)
    np.testing.assert_allclose(camera.project(np.array([0.5, 1.0, 0])), [160, 120], atol=1e-9)
    np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(camera.rotation) == pytest.approx(1)
    above = camera.project(np.array([0.5, 1.2, 0]))
    assert above[0] == pytest.approx(160) and above[1] < 120


def test_camera_for_keeps_every_joint_in_the_frame() -> None:
    rng = np.random.default_rng(0)
    for spread in (0.5, 2.0, 6.0):
        joints = rng.uniform(-spread, spread, (50, 24, 3)) * [1, 0, 1] + rng.uniform(0, 2, (50, 24, 3)) * [0, 1, 0]
        for size in ((960, 540), (360, 640)):
            pixels = camera_for(joints, size).project(joints)
            assert (pixels >= 0).all() and (pixels < size).all()


def test_a_camera_is_plain_data() -> None:
    camera = Camera(intrinsics(SIZE), np.eye(3), np.zeros(3), SIZE)
    np.testing.assert_allclose(camera.to_camera(np.array([[1.0, 2.0, 3.0]])), [[1, 2, 3]])
