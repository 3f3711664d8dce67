"""The lifter on known motion that is projected, and what becomes of the fit with it."""

from dataclasses import replace

import numpy as np
import pytest
from projected import seen
from scipy.ndimage import gaussian_filter1d

from justlmd.body.landmarks import LANDMARKS, fitted_points
from justlmd.body.model import Body
from justlmd.core.errors import InputError
from justlmd.core.files import write_npz
from justlmd.motion.motion import Motion, mirror, to_yup
from justlmd.pose.keypoints import Keypoints2D
from justlmd.recovery.fit import recover
from justlmd.recovery.lifter import (
    FEATURES,
    LIFTER_PATH,
    Lifted,
    features,
    load_lifter,
    mirrored_features,
    mirrored_segments,
)
from justlmd.recovery.skeleton import SEGMENTS, segment_matrix
from model.evaluation import pose_errors as metrics3d

FRAMES = 240


@pytest.fixture(scope="module")
def truth(dance) -> Motion:
    return dance.cut(100, 100 + FRAMES)


@pytest.fixture(scope="module")
def exact(truth, body) -> Keypoints2D:
    return seen(truth, body, noise=0)


@pytest.fixture(scope="module")
def detected(exact) -> Keypoints2D:
    """With MediaPipe's faults: depth too flat, and errors that stay for half a second."""
    rng = np.random.default_rng(5)
    drift = gaussian_filter1d(rng.normal(size=exact.world.shape), 6, axis=0)
    drift = drift / drift.std() * [0.04, 0.04, 0.15]
    jitter = rng.normal(0, 1.0, exact.keypoints[..., :2].shape)
    keypoints = exact.keypoints.copy()
    keypoints[..., :2] += jitter
    world = exact.world * [1, 1, 0.6] + drift - drift[:, 23:25].mean(1, keepdims=True)
    return replace(exact, keypoints=keypoints, world=world.astype(np.float32))


def inputs(keypoints2d: Keypoints2D) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    points = keypoints2d.keypoints[:, list(LANDMARKS)].astype(float)
    rays = (points[..., :2] - [640, 360]) / 864
    return rays, points[..., 2], keypoints2d.world[:, list(LANDMARKS)].astype(float)


def lifted(keypoints2d: Keypoints2D) -> Lifted:
    return load_lifter()(*inputs(keypoints2d))


def errors(keypoints2d: Keypoints2D, truth: Motion, body: Body, **options) -> tuple[float, float]:
    found = to_yup(recover(keypoints2d, body, **options), body)
    pair = [metrics3d.evaluated_joints(motion.joints(body)) for motion in (found, truth)]
    return metrics3d.mpjpe(*pair), metrics3d.pa_mpjpe(*pair)


def test_known_motion_is_recovered_better_with_the_lifter(detected, truth, body):
    with_lifter, without = errors(detected, truth, body), errors(detected, truth, body, lift=False)
    assert with_lifter[0] < 0.97 * without[0]
    assert with_lifter[1] < 0.97 * without[1]


def test_points_without_depth_are_lifted_too(detected, truth, body):
    flat = replace(detected, world=np.full_like(detected.world, np.nan))
    with_lifter, without = errors(flat, truth, body), errors(flat, truth, body, lift=False)
    assert with_lifter[0] < 0.9 * without[0]
    assert with_lifter[1] < 0.9 * without[1]


def test_true_segments_lie_within_the_stated_deviations(detected, exact, body):
    result = lifted(detected)
    matrix = segment_matrix()
    _, _, points = inputs(exact)
    rest = fitted_points(body.rest_joints(), body.landmark_offsets)[2]
    true = (matrix @ points) @ np.swapaxes(result.view, -1, -2) / np.linalg.norm(matrix @ rest, axis=-1)[:, None]
    miss = np.abs(result.segments - true) / result.sigma[..., [0, 0, 1]]
    for axes in ([0, 1], [2]):
        assert 0.5 < (miss[..., axes] < 1).mean() < 0.95
        assert (miss[..., axes] < 2).mean() > 0.8
        assert (miss[..., axes] < 3).mean() > 0.92


def test_the_mirror_image_is_lifted_as_the_mirrored_segments(truth, body):
    plain, other = (lifted(seen(motion, body, noise=0)) for motion in (truth, mirror(truth)))
    assert np.abs(mirrored_segments(other.segments) - plain.segments).max() < 0.02
    assert np.abs(other.view[:, 2] * [-1, 1, 1] - plain.view[:, 2]).max() < 1e-3


def test_mirroring_twice_changes_nothing(detected):
    values = features(*inputs(detected))[0]
    assert values.shape == (FRAMES, FEATURES)
    assert np.array_equal(mirrored_features(mirrored_features(values)), values)


def test_the_lines_of_sight_are_level_and_lead_to_the_hips(detected):
    rays, confidence, world = inputs(detected)
    view = features(rays, confidence, world)[1]
    assert np.allclose(view @ np.swapaxes(view, -1, -2), np.eye(3), atol=1e-9)
    assert np.allclose(view[:, 0, 1], 0), "x stays level"
    hips = rays[:, [LANDMARKS.index(23), LANDMARKS.index(24)]].mean(1)
    assert np.allclose(view[:, 2, :2] / view[:, 2, 2:], hips)


@pytest.mark.parametrize("frames", [1, 2, 20])
def test_nothing_seen_and_wild_input_give_finite_numbers(frames):
    rng = np.random.default_rng(0)
    nothing = np.zeros((frames, 23, 2)), np.zeros((frames, 23)), np.full((frames, 23, 3), np.nan)
    wild = rng.normal(0, 1e4, (frames, 23, 2)), rng.random((frames, 23)), rng.normal(0, 1e4, (frames, 23, 3))
    for arrays in (nothing, wild):
        result = load_lifter()(*arrays)
        assert result.segments.shape == (frames, len(SEGMENTS), 3) and result.sigma.shape == (frames, len(SEGMENTS), 2)
        assert all(np.isfinite(part).all() for part in (result.view, result.segments, result.sigma))
        assert result.sigma.min() > 0


def test_the_same_landmarks_give_the_same_bytes(detected):
    assert lifted(detected).segments.tobytes() == lifted(detected).segments.tobytes()


def test_the_end_of_a_sequence_is_seen_as_its_middle_is(detected):
    """What lies more than a second away changes nothing but the dancer's smoothed size."""
    rays, confidence, world = inputs(detected)
    whole, part = load_lifter()(rays, confidence, world), load_lifter()(rays[:160], confidence[:160], world[:160])
    assert np.abs(whole.segments[:100] - part.segments[:100]).max() < 1e-3


def test_the_shipped_weights_are_small_and_hold_numbers_alone():
    assert LIFTER_PATH.stat().st_size < 5e6
    with np.load(LIFTER_PATH, allow_pickle=False) as file:
        assert all(file[name].dtype == np.float16 for name in file.files)


def test_a_file_that_is_no_lifter_is_named(tmp_path):
    write_npz(tmp_path / "other.npz", first=np.zeros((3, 3)))
    with pytest.raises(InputError, match=r"other\.npz"):
        load_lifter(tmp_path / "other.npz")
