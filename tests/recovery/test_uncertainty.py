"""The joints' uncertainty is what a second look moves."""

from dataclasses import replace
from functools import partial

import numpy as np
from projected import seen

from demo.build import motion_of
from demo.song_list import song_by_id
from justlmd.body.model import Body
from justlmd.motion.motion import CameraMotion
from justlmd.pose.keypoints import Keypoints2D
from justlmd.recovery.fit import recover
from justlmd.recovery.uncertainty import joint_uncertainty

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


def test_one_arm_that_flips_for_a_second_does_not_decide_over_a_short_song(body):
    dance = motion_of(song_by_id("corazon"), body).cut(200, 500)
    found = seen(dance, body)
    looks = np.arange(7, 300, 15, dtype=np.int32)
    found = replace(found, mirrored_frames=looks, mirrored=found.keypoints[looks], mirrored_world=found.world[looks])
    fits = []

    def fit(points: Keypoints2D, start_frame: int, stop_frame: int) -> CameraMotion:
        poses = np.zeros((stop_frame - start_frame, 72))
        fits.append(start_frame)
        if len(fits) == 2:  # the first range as the second look has it
            poses[:, 3 * 17 : 3 * 18] = [0, np.pi, 0]  # an arm, as if before the body and behind it
        rest = np.zeros((len(poses), 3))
        return CameraMotion(poses, rest, rest, np.zeros(10), np.eye(3), np.ones(len(poses), bool))

    frames, apart_mm = np.array(joint_uncertainty(found, body, fit, 0, 300)).T
    assert len(frames) == 16 and np.ptp(frames) > 200
    assert 30 < apart_mm.max() < 60  # three joints of 24, each by half a metre and more
    assert apart_mm.mean() < 15


def test_without_a_second_look_nothing_is_known(body):
    found = seen(motion_of(song_by_id("corazon"), body).cut(200, 200 + FRAMES), body)
    assert joint_uncertainty(found, body, partial(recover, body=body), 0, FRAMES) == ()
