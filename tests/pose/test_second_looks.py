"""Second looks: their mean with the first, and what they say between the frames that were looked at."""

from dataclasses import replace

import numpy as np
import pytest
from projected import seen

from demo.build import motion_of
from demo.song_list import song_by_id
from justlmd.body.model import load_body
from justlmd.pose.keypoints import Keypoints2D
from justlmd.pose.landmarks import SECOND_LOOKS
from justlmd.pose.second_looks import both_looks, first_look, second_opinion
from justlmd.project.config import Config

FRAMES = 60
LEFT_ARM = [13, 15]


@pytest.fixture(scope="module")
def dance() -> Keypoints2D:
    body = load_body()
    return seen(motion_of(song_by_id("corazon"), body).cut(200, 200 + FRAMES), body, noise=0)


def looked_again(found: Keypoints2D, every: int, pixels: float, metres: float = 0.0) -> Keypoints2D:
    """Second looks that have the left arm to the right and farther away."""
    looks = np.arange(every // 2, len(found), every, dtype=np.int32)
    keypoints, world = found.keypoints[looks].copy(), found.world[looks].copy()
    keypoints[:, LEFT_ARM, 0] += pixels
    world[:, LEFT_ARM, 2] += metres
    return replace(found, mirrored_frames=looks, mirrored=keypoints, mirrored_world=world)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_both_looks_are_the_mean_and_count_less_where_they_differ(dance, every):
    found = both_looks(looked_again(dance, every, pixels=4.0, metres=0.2))
    change = found.keypoints - dance.keypoints
    np.testing.assert_allclose(change[:, LEFT_ARM, 0], 2.0, atol=1e-3)
    np.testing.assert_allclose((found.world - dance.world)[:, LEFT_ARM, 2], 0.1, atol=1e-5)
    assert np.abs(change[:, 11]).max() < 1e-3 and (change[:, LEFT_ARM, 2] < 0).all()
    far = both_looks(looked_again(dance, every, pixels=40.0))
    assert (far.keypoints[:, LEFT_ARM, 2] < 0.5 * found.keypoints[:, LEFT_ARM, 2]).all()
    assert not len(found.mirrored_frames), "they are not averaged in twice"


def test_without_a_configuration_there_are_as_many_looks_as_by_default():
    assert Config().second_looks == SECOND_LOOKS


def test_two_looks_a_second_are_too_few_and_none_change_nothing(dance):
    for found in (looked_again(dance, 15, pixels=40.0), first_look(dance)):
        np.testing.assert_array_equal(both_looks(found).keypoints, dance.keypoints)


def test_frames_without_a_second_look_nearby_keep_the_first(dance):
    found = looked_again(dance, 2, pixels=40.0)
    seen_again = (found.mirrored_frames < 20) | (found.mirrored_frames > 40)
    mirrored = np.where(seen_again[:, None, None], found.mirrored, np.nan)
    change = np.abs(both_looks(replace(found, mirrored=mirrored)).keypoints - dance.keypoints).max((1, 2))
    assert (change[:19] > 10).all() and (change[42:] > 10).all()
    assert not change[25:37].any()


def test_frames_without_anybody_stay_so(dance):
    empty = np.full_like(dance.keypoints[:5], np.nan)
    keypoints = np.concatenate([empty, dance.keypoints[5:]])
    found = looked_again(replace(dance, keypoints=keypoints, detected=np.isfinite(keypoints[:, 0, 0])), 2, pixels=4.0)
    assert np.isnan(both_looks(found).keypoints[:5]).all() and np.isfinite(both_looks(found).keypoints[5:]).all()


@pytest.mark.parametrize("every", [1, 2, 15])
def test_differences_are_interpolated_between_looks(dance, every):
    moved = second_opinion(looked_again(dance, every, pixels=0.0, metres=0.3), apart_frames=15)
    change = moved.world - dance.world
    np.testing.assert_allclose(change[:, LEFT_ARM, 2], 0.3, atol=1e-5)
    assert np.abs(change[:, 11]).max() < 1e-6
    assert second_opinion(first_look(dance)) is None


def test_only_looks_that_are_far_enough_apart_count(dance):
    found = looked_again(dance, 1, pixels=0.0)
    found.mirrored_world[np.arange(FRAMES) % 15 > 0, 13, 2] += 1.0
    np.testing.assert_allclose(second_opinion(found, apart_frames=15).world, dance.world, atol=1e-5)
    assert np.abs(second_opinion(found).world - dance.world).max() > 0.9


def test_one_look_without_an_answer_is_bridged(dance):
    """Where the dancer is nearly lost looks fail, and there the disagreement of their neighbours must count."""
    found = looked_again(dance, 2, pixels=40.0)
    mirrored = np.where((found.mirrored_frames == 20)[:, None, None], np.nan, found.mirrored)
    expected, bridged = both_looks(found), both_looks(replace(found, mirrored=mirrored))
    np.testing.assert_allclose(bridged.keypoints[18:23], expected.keypoints[18:23], atol=0.5)
