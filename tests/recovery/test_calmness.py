"""Limbs that accelerate in the image keep less of the smoothness, and a kick is recovered at its height."""

from dataclasses import replace

import numpy as np
import pytest
from projected import seen

from justlmd.body.landmarks import LANDMARKS
from justlmd.motion.motion import to_yup
from justlmd.recovery.calmness import LEAST, calmness
from justlmd.recovery.fit import recover
from justlmd.recovery.objective import Weights

ANKLE = LANDMARKS.index(28)
FRAMES = 120
KICK = slice(56, 65)


@pytest.fixture
def standing():
    """Landmarks (T, 23, 2) of somebody 400 pixels high who does not move."""
    places = np.stack([np.linspace(-60, 60, 23), np.linspace(0, 400, 23)], axis=1) + [300.0, 50.0]
    return np.tile(places, (FRAMES, 1, 1))


def kicked(pixels: np.ndarray, height: float) -> np.ndarray:
    moved = pixels.copy()
    moved[KICK, ANKLE, 1] -= height * np.sin(np.linspace(0, np.pi, 9)) ** 2
    return moved


def test_who_stands_still_keeps_all_of_it(standing):
    assert (calmness(standing) == 1).all()


def test_a_kick_is_let_through_in_its_limb_and_its_moment_alone(standing):
    calm = calmness(kicked(standing, 160.0))
    assert calm[60, ANKLE] < 0.1 and calm.min() >= LEAST
    assert (calm[:45] == 1).all() and (calm[80:] > 0.999).all()
    assert (np.delete(calm, ANKLE, axis=1) == 1).all()


def test_the_size_of_the_image_does_not_matter(standing):
    moved = kicked(standing, 160.0)
    np.testing.assert_allclose(calmness(3 * moved), calmness(moved), rtol=1e-9)


def test_jitter_of_a_few_pixels_is_no_kick(standing):
    jitter = np.random.default_rng(0).normal(0, 1.5, standing.shape)
    assert np.median(calmness(standing + jitter)) > 0.8


def test_a_swift_kick_reaches_its_height(dance, body):
    still = dance.cut(100, 101)
    motion = replace(
        still,
        **{name: np.repeat(getattr(still, name), FRAMES, axis=0) for name in ("global_orient", "body_pose", "transl")},
        valid=np.ones(FRAMES, bool),
    )
    motion.body_pose[KICK, 3] -= 1.4 * np.sin(np.linspace(0, np.pi, 9)) ** 2  # the right hip
    true = motion.joints(body)[:, 8, 1]
    keypoints = seen(motion, body)
    heights = []
    for weights in (Weights(), Weights(smooth_joints=6400 / LEAST)):
        found = to_yup(recover(keypoints, body, weights=weights), body).joints(body)[:, 8, 1]
        heights.append((found.max() - np.median(found)) / (true.max() - np.median(true)))
    assert heights[0] > 0.85 > heights[1]
