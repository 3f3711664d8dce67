"""The lifter's training program on a few dances that are projected, not rendered."""

import numpy as np
import pytest
import torch

from demo.build import motion_of
from demo.song_list import song_by_id
from justlmd.body.landmarks import LANDMARKS
from justlmd.body.model import Body
from justlmd.motion.motion import Motion
from justlmd.recovery.lifter import FEATURES, MIRRORED_SEGMENTS, features, mirrored_segments, split, views
from justlmd.recovery.skeleton import SEGMENTS
from tools import train_lifter
from tools.film_takes import Dance, Take, random_camera, read_takes, true_points, varied, write_takes
from tools.train_lifter import FRAMES, measured_errors, parts_of, projected_points, seconds_of, trained, with_errors


@pytest.fixture(scope="module")
def dances(body) -> list[Dance]:
    return [Dance("demo", motion_of(song_by_id(name), body).cut(0, 400)) for name in ("kitchen_parade", "paper_star")]


@pytest.fixture(scope="module")
def takes(dances, body) -> list[Take]:
    return [projected(dances, number, body) for number in range(3)]


def projected(dances: list[Dance], number: int, body: Body) -> Take:
    """A take whose landmarks are the true ones with noise."""
    rng = np.random.default_rng(number)
    motion = varied(dances, number % 2, 100, rng, natural=False)
    camera = random_camera(motion.joints(body), rng)
    points, rest = true_points(motion, camera, body)
    keypoints, world = np.full((2, 100, 33, 3), 0.5, np.float32)
    pixels = points[..., :2] / points[..., 2:] * camera.K[0, 0] + camera.K[:2, 2]
    keypoints[:, LANDMARKS, :2] = pixels + rng.normal(0, 1, pixels.shape)
    world[:, LANDMARKS] = (points - points.mean(1, keepdims=True)) * [1, 1, 0.7] + rng.normal(0, 0.02, points.shape)
    joints = camera.to_camera(motion.joints(body))
    return Take("demo", joints, points, rest, float(camera.K[0, 0]), camera.size, keypoints, world)


def test_varied_motion_keeps_its_length_and_its_bones(dances, body):
    for natural in (True, False):
        motion = varied(dances, 0, 90, np.random.default_rng(3), natural)
        assert len(motion) == 90 and np.isfinite(motion.body_pose).all()
        bend = np.linalg.norm(np.diff(motion.joints(body), n=2, axis=0), axis=-1)
        assert bend.max() < 0.25, "no jumps"


def test_the_camera_has_the_dancer_in_its_frame(dances, body):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        joints = varied(dances, 0, 60, rng, natural=True).joints(body)
        camera = random_camera(joints, rng)
        pixels = camera.project(joints)
        assert ((pixels > -0.1 * np.array(camera.size)) & (pixels < 1.1 * np.array(camera.size))).all()


def test_takes_come_back_from_their_file(takes, tmp_path):
    write_takes(tmp_path / "takes.npz", takes)
    back = read_takes(tmp_path / "takes.npz")
    assert [take.source for take in back] == ["demo"] * 3
    assert np.array_equal(back[1].keypoints, takes[1].keypoints) and back[1].focal == takes[1].focal
    assert tuple(back[1].size) == takes[1].size


def test_a_jump_of_the_capture_is_not_danced(dances, body):
    from tools.film_takes import _marked

    motion = dances[0].motion
    motion.transl[200:] += 0.5
    marked = _marked(Motion(motion.global_orient, motion.body_pose, motion.transl, motion.betas, motion.valid), body)
    assert not marked.valid[199:202].any() and marked.valid[:190].all()
    motion.transl[200:] -= 0.5


def test_segments_are_unit_vectors_where_parts_are_rigid(takes):
    length = np.linalg.norm(parts_of(takes[0].points, takes[0].rest), axis=-1)
    rigid = [n for n, name in enumerate(SEGMENTS) if name.endswith(("forearm", "thigh", "shank", "foot"))]
    assert np.allclose(length[:, rigid], 1, atol=0.25)
    assert np.allclose(length[:, [list(SEGMENTS).index("left_foot")]], 1, atol=1e-4)


def test_errors_are_measured_and_replayed(takes, dances, body):
    errors = measured_errors(takes)
    pieces = projected_points(dances, 4, np.random.default_rng(1), body)
    seen_pieces = with_errors(pieces, errors, np.random.default_rng(2))
    about = pieces.world - pieces.world[..., [LANDMARKS.index(23), LANDMARKS.index(24)], :].mean(-2, keepdims=True)
    depth = np.polyfit(
        (about @ np.swapaxes(views(pieces.rays), -1, -2))[..., 2].ravel(), seen_pieces.world[..., 2].ravel(), 1
    )
    assert 0.4 < depth[0] < 1.0, "depth is as flat as in the takes"
    miss = np.abs(seen_pieces.rays - pieces.rays)
    assert 0 < np.median(miss) < 0.02


def test_the_trained_network_and_the_one_that_is_kept_agree(takes, dances, body, monkeypatch):
    monkeypatch.setattr(train_lifter, "WIDTH", 8)
    pieces = projected_points(dances, 24, np.random.default_rng(1), body)
    network, again = (trained(pieces, seconds_of(takes, 16), 8, 0, measured_errors(takes)) for _ in range(2))
    lifter = network.lifter()
    assert all(np.array_equal(a, b) for a, b in zip(vars(lifter).values(), vars(again.lifter()).values(), strict=True))
    rays = seconds_of(takes, FRAMES)
    values = features(rays.rays[0], rays.confidence[0], rays.world[0])[0]
    with torch.no_grad():
        theirs = network.eval()(torch.as_tensor(values)[None])[0].numpy()
    assert np.abs(split(lifter._run(values))[0] - split(theirs)[0]).max() < 0.02


def test_mirrored_parts_are_each_others(body):
    assert np.array_equal(MIRRORED_SEGMENTS[MIRRORED_SEGMENTS], np.arange(len(SEGMENTS)))
    points = np.random.default_rng(0).normal(size=(2, 23, 3))
    from justlmd.recovery.lifter import _MIRRORED

    rest = np.random.default_rng(1).normal(size=(23, 3))
    rest = (rest + rest[_MIRRORED] * [-1, 1, 1]) / 2 + [0, 0, 1e-3]
    flipped = parts_of(points[:, _MIRRORED] * [-1, 1, 1], rest)
    assert np.allclose(flipped, mirrored_segments(parts_of(points, rest)))
    assert FEATURES == 6 * 23 + 18 + 4
