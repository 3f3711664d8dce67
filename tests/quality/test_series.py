"""The curves of a song show where its motion is wrong, on the clock of its video."""

from dataclasses import replace

import numpy as np
import pytest
from known_motion import swaying
from projected import seen

from justlmd.body.model import load_body
from justlmd.motion.motion import CameraMotion, Motion, before_camera
from justlmd.quality.gate import assess
from justlmd.quality.series import quality_series

BODY = load_body()
FRAMES, LATE = 90, 30
"""Frames of the motion, and the frame of the video at which it begins."""


def moving() -> tuple[CameraMotion, Motion]:
    orient, pose, transl = swaying(FRAMES, hands=False)
    motion = Motion(orient, pose, transl, np.zeros(10), np.ones(FRAMES, bool))
    return before_camera(motion, BODY), motion


def test_a_spoilt_moment_shows_in_its_half_second_and_nowhere_else():
    camera, motion = moving()
    keypoints2d = seen(motion, BODY, noise=0.0)
    empty = np.full((LATE, *keypoints2d.keypoints.shape[1:]), np.nan, np.float32)
    late = replace(keypoints2d, keypoints=np.concatenate([empty, keypoints2d.keypoints]))
    good = quality_series(camera, BODY, late, LATE)
    assert (good["start_s"], good["step_s"]) == (1.0, 0.5)
    assert {len(good[name]) for name in ("reprojection", "motion_jitter", "speed")} == {6}
    assert max(good["reprojection"]) < 0.01
    moved = camera.Th.copy()
    moved[50] += [0.5, 0, 0]  # half a metre to the side in one frame, within the fourth half second
    bad = quality_series(replace(camera, Th=moved), BODY, late, LATE)
    for name, least in (("reprojection", 0.2), ("motion_jitter", 500)):
        changed = np.array(bad[name]) - np.array(good[name])
        assert int(changed.argmax()) == 3 and changed[3] > least
        assert np.abs(np.delete(changed, 3)).max() < 0.01


def test_the_curves_agree_with_the_figures_of_the_gate():
    camera, motion = moving()
    keypoints2d = seen(motion, BODY)
    figures = assess(camera, BODY, keypoints2d=keypoints2d)["figures"]
    series = quality_series(camera, BODY, keypoints2d)
    assert max(series["reprojection"]) >= figures["reprojection"] >= 0.3 * max(series["reprojection"])
    assert max(series["motion_jitter"]) >= figures["motion_jitter"]
    speed = np.linalg.norm(np.diff(motion.joints(BODY), axis=0), axis=-1).mean() * 30
    assert np.mean(series["speed"]) == pytest.approx(speed, rel=0.03)


def test_what_is_not_known_is_none():
    camera, _ = moving()
    gap = replace(camera, valid=np.arange(FRAMES) < 45)
    series = quality_series(gap, BODY)
    assert series["reprojection"] == [None] * 6
    assert series["speed"][:3] != [None] * 3 and series["speed"][3:] == [None] * 3
    nobody = quality_series(replace(camera, valid=np.zeros(FRAMES, bool)), BODY)
    assert nobody["speed"] == nobody["motion_jitter"] == [None] * 6
    assert quality_series(camera.cut(0, 0), BODY)["speed"] == []
    assert quality_series(camera.cut(0, 1), BODY)["speed"] == [None]
