"""Arms and legs that the network only guesses are known, and small people are found."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from demo.build import motion_of
from demo.film import rendered_frames
from demo.song_list import song_by_id
from justlmd.body.model import load_body
from justlmd.pose.keypoints import Keypoints2D
from justlmd.pose.landmark_network import MIRROR, PersonTracker, PoseNetworks
from justlmd.pose.limbs import seen_limbs

FRAMES = 120


def person() -> Keypoints2D:
    """Somebody of 300 pixels who stands, fully visible."""
    shape = np.stack([np.linspace(280, 360, 33), np.linspace(60, 360, 33), np.full(33, 0.95)], 1)
    keypoints = np.tile(shape, (FRAMES, 1, 1)).astype(np.float32)
    looks = np.arange(7, FRAMES, 15, dtype=np.int32)
    found = Keypoints2D.made(keypoints, np.zeros_like(keypoints), (640, 480), "made up")
    return replace(found, mirrored_frames=looks, mirrored=keypoints[looks].copy())


def test_everything_is_seen_of_somebody_who_stands_free():
    assert seen_limbs(person()).all()
    assert seen_limbs(replace(person(), mirrored_frames=np.zeros(0, np.int32))).all()


def test_a_limb_is_guessed_where_its_visibility_is_low_and_not_where_it_flickers():
    found = person()
    found.keypoints[40:80, 27, 2] = 0.05  # the left ankle
    found.keypoints[[20, 100], 14, 2] = 0.1
    seen = seen_limbs(found)
    assert seen[:, [0, 1, 3]].all()
    guessed = np.flatnonzero(~seen[:, 2])
    assert abs(guessed[0] - 40) <= 4 and abs(guessed[-1] - 79) <= 4 and len(guessed) == guessed[-1] - guessed[0] + 1


def test_a_limb_is_guessed_outside_the_frame_and_where_the_mirror_image_has_it_elsewhere():
    found = person()
    found.keypoints[60:, 16, 0] = 641
    found.mirrored[2, 25, :2] += 60
    seen = seen_limbs(found)
    assert not seen[60:, 1].any() and seen[:60, 1].all()
    assert np.flatnonzero(~seen[:, 2]).tolist() == list(range(30, 45))


def test_nobody_has_no_limbs():
    found = person()
    found.keypoints[:30] = np.nan
    assert not seen_limbs(found)[:30].any() and seen_limbs(found)[30:].all()


@pytest.fixture(scope="module")
def frame() -> np.ndarray:
    """One frame of a demo dance, 640 x 480, the dancer about 300 pixels tall."""
    body, song = load_body(), song_by_id("corazon")
    return next(rendered_frames(song, motion_of(song, body).cut(200, 201), body))


@pytest.fixture(scope="module")
def networks() -> PoseNetworks:
    return PoseNetworks()


def test_the_second_look_is_the_first_at_the_mirror_image(frame, networks):
    region = networks.detect(frame)[0].region
    flipped = replace(region, center=np.array([frame.shape[1], region.center[1]]) - [region.center[0], 0])
    flipped = replace(flipped, rotation=-region.rotation)
    first = networks.landmarks_in(np.ascontiguousarray(frame[:, ::-1]), flipped)
    second = networks.landmarks_in(frame, region, mirrored=True)
    expected = first.keypoints[MIRROR] * [-1, 1, 1] + [frame.shape[1], 0, 0]
    assert np.abs(second.keypoints[:, :2] - expected[:, :2]).mean() < 1.5
    np.testing.assert_allclose(second.world, first.world[MIRROR] * [-1, 1, 1], atol=0.03)
    plain = networks.landmarks_in(frame, region)
    assert np.median(np.linalg.norm(second.keypoints[:, :2] - plain.keypoints[:, :2], axis=1)) < 10


def test_somebody_of_a_sixth_of_the_height_is_found_and_followed(frame, networks):
    small = cv2.resize(frame, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)  # 120 of 720 pixels
    large = cv2.copyMakeBorder(small, 478, 50, 700, 324, cv2.BORDER_REPLICATE)
    assert large.shape[:2] == (720, 1280) and networks.find(large) is None
    tracker = PersonTracker(networks)
    for _ in range(2):
        found = tracker(large)
        assert found is not None
        place = found.keypoints[[23, 24], :2].mean(0)
        assert 700 < place[0] < 956 and 478 < place[1] < 670
        assert np.ptp(found.keypoints[:, 1]) == pytest.approx(0.4 * 300, abs=40)
