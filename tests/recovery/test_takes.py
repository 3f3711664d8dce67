"""The benchmark's takes are what their conditions say: bodies, cameras, halves that share nothing."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.recovery_films.filming import filmed_frames
from benchmarks.recovery_films.takes import CONDITIONS, Condition, demo_take, shape_of, takes, video_camera
from justlmd.body.model import load_body
from justlmd.media.bars import image_box_of
from justlmd.motion.motion import to_camera, to_yup
from justlmd.recovery.camera import camera_of_image

BODY = load_body()


def named(name: str) -> Condition:
    return next(condition for condition in CONDITIONS if condition.name == name)


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_bodies_are_as_tall_and_dancers_as_large_as_asked(condition):
    stature = np.ptp(BODY.rest_vertices(shape_of(condition, BODY))[:, 1])
    assert stature == pytest.approx(condition.height_m, abs=0.002)
    scene = demo_take("paper_star", 300, 330, condition, BODY)
    seen = scene.camera.project(scene.joints)
    assert scene.camera.to_camera(scene.joints)[..., 2].min() > 0.3
    assert ((seen >= 0) & (seen <= scene.camera.size)).all(-1).mean() >= 0.95
    tall = float(np.median(np.ptp(seen[..., 1], axis=1))) / condition.size[1]
    assert tall < 1.15 * condition.share and (condition.size[0] < 500 or tall > 0.6 * condition.share)


def test_the_truth_is_what_an_exact_recovery_would_give():
    scene = demo_take("paper_star", 300, 310, named("plain"), BODY)
    camera_motion = to_camera(scene.motion, BODY, scene.camera.K)  # as if the camera were at the origin, level
    joints = to_yup(camera_motion, BODY, floor=0.0).joints(BODY)
    np.testing.assert_allclose(joints - joints[:, :1], scene.truth - scene.truth[:, :1], atol=1e-6)
    high = demo_take("paper_star", 300, 310, named("camera 2.4 m high"), BODY)
    heads = (high.truth[:, 15] - high.truth[:, 0]) / np.linalg.norm(high.truth[:, 15] - high.truth[:, 0], axis=-1)[
        :, None
    ]
    assert (heads[:, 2] > 0.1).all()  # seen from above the head is nearer


def test_bars_are_found_in_what_was_filmed_and_give_the_true_middle():
    condition = replace(named("portrait in bars"), frame=(640, 360), size=(202, 360))
    scene = demo_take("paper_star", 300, 303, condition, BODY)
    frames = list(filmed_frames(scene, BODY))
    found = camera_of_image(image_box_of(frames, condition.frame), condition.frame)
    expected = video_camera(condition, scene.camera)
    np.testing.assert_allclose(found[:2, 2], expected[:2, 2], atol=1)
    assert found[0, 0] == pytest.approx(expected[0, 0], rel=0.02)


def test_what_stands_before_the_dancer_and_what_encoders_do_is_seen():
    plain = named("plain")
    scene = demo_take("paper_star", 300, 301, plain, BODY)
    (clean,) = filmed_frames(scene, BODY)
    for change in (
        {"occluder": "table"},
        {"occluder": "pole"},
        {"blur": 3.0},
        {"noise": 25.0},
        {"light": 0.2},
        {"loose_m": 0.03},
    ):
        other = replace(scene, condition=replace(plain, **change))
        (frame,) = filmed_frames(other, BODY)
        assert np.abs(frame.astype(int) - clean).max() > 30, change


def test_the_halves_share_no_song_and_no_clip(shared_data):
    found = {half: list(takes(shared_data, BODY, half, 30)) for half in ("tune", "report")}
    for kind in ("song", "mocap"):
        names = [{scene.dance for scene in found[half] if scene.kind == kind} for half in found]
        assert names[0] and names[1] and not names[0] & names[1]
        assert all(sum(scene.kind == kind for scene in found[half]) == len(CONDITIONS) for half in found)
    assert {scene.subject for scene in found["report"]} - {scene.subject for scene in found["tune"]} >= {"subject 131"}
