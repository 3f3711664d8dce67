"""The joints' uncertainty is what a second look moves."""

from dataclasses import replace
from functools import partial

import numpy as np
from projected import seen

from demo.build import motion_of
from demo.song_list import song_by_id
from justlmd.body.model import Body
from justlmd.pose.keypoints import Keypoints2D
from justlmd.recovery.fit import recover
from justlmd.recovery.uncertainty import joint_uncertainty, second_opinion

FRAMES = 90


def looked_at_twice(body: Body, apart_m: float) -> Keypoints2D:
    """A known dance whose second looks have the left arm farther away."""
    found = seen(motion_of(song_by_id("corazon"), body).cut(200, 200 + FRAMES), body)
    looks = np.arange(7, FRAMES, 15, dtype=np.int32)
    world = found.world[looks].copy()
    world[:, [13, 15], 2] += apart_m
    return replace(found, mirrored_frames=looks, mirrored=found.keypoints[looks].copy(), mirrored_world=world)


def test_the_more_a_second_look_differs_the_less_sure_are_the_joints(body):
    values = []
    for apart in (0.0, 0.15, 0.4):
        pairs = joint_uncertainty(looked_at_twice(body, apart), body, partial(recover, body=body), 0, FRAMES)
        frames, apart_mm = zip(*pairs, strict=True)
        assert frames == (22, 37, 52, 67)
        values.append(np.mean(apart_mm))
    assert values[0] == 0 and 3 < values[1] < values[2] < 100


def test_without_a_second_look_nothing_is_known(body):
    found = seen(motion_of(song_by_id("corazon"), body).cut(200, 200 + FRAMES), body)
    assert second_opinion(found) is None
    assert joint_uncertainty(found, body, partial(recover, body=body), 0, FRAMES) == ()


def test_differences_are_interpolated_between_looks(body):
    moved = second_opinion(looked_at_twice(body, 0.3))
    change = moved.world - looked_at_twice(body, 0.3).world
    np.testing.assert_allclose(change[:, [13, 15], 2], 0.3, atol=1e-5)
    assert np.abs(change[:, 11]).max() < 1e-6
