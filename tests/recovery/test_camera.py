"""The camera's middle and focal length are those of what was filmed, not of the frame that came of it."""

import numpy as np
import pytest

from justlmd.body.camera import intrinsics
from justlmd.media.bars import Box
from justlmd.pose.keypoints import Keypoints2D
from justlmd.recovery.camera import LEAN_DEG, LEVEL_DEG, USUAL_LEAN_DEG, Pitch, camera_of_image, pitch_of_camera

WIDE = (1280, 720)


@pytest.mark.parametrize(
    ("image", "size", "crop", "expected"),
    [
        (Box(0, 0, 1280, 720), WIDE, "full", (864, 640, 360)),
        (Box(437, 0, 843, 720), WIDE, "full", (1.2 * 406, 640, 360)),  # a portrait
        (Box(0, 88, 1280, 632), WIDE, "full", (1.2 * 544, 640, 360)),  # a wide film
        (Box(0, 0, 640, 720), WIDE, "full", (864, 640, 360)),  # a dark half is no bar
        (Box(0, 0, 640, 720), (640, 720), "left", (864, 640, 360)),  # the source's middle is the right edge
        (Box(0, 0, 640, 720), (640, 720), "right", (864, 0, 360)),
        (Box(0, 0, 640, 720), (640, 720), "center", (864, 320, 360)),
        (Box(160, 0, 640, 720), (640, 720), "left", (864, 640, 360)),  # 4:3 in bars, of which one was cut off
        (Box(300, 0, 640, 720), (640, 720), "left", (1.2 * 680, 640, 360)),
    ],
)
def test_middle_and_focal_length(image, size, crop, expected):
    K = camera_of_image(image, size, crop)
    np.testing.assert_allclose([K[0, 0], K[0, 2], K[1, 2]], expected)
    assert K[0, 0] == K[1, 1] and K[0, 1] == K[1, 0] == 0 and K[2].tolist() == [0, 0, 1]


def test_a_known_focal_length_is_kept():
    assert camera_of_image(Box(437, 0, 843, 720), WIDE, focal_px=1500.0)[0, 0] == 1500


@pytest.mark.parametrize("pitch", [-15.0, 0.0, 25.0])
@pytest.mark.parametrize("level", [True, False], ids=["beside the middle", "in the middle"])
def test_the_pitch_is_seen_from_how_a_standing_dancer_leans(pitch, level):
    world = np.zeros((5, 33, 3), np.float32)
    for number, height in ((11, -0.5), (12, -0.5), (27, 0.9), (28, 0.9)):
        world[:, number, 1] = height
    ray = 10.0 if level else 0.0  # the dancer stands below the image's middle, so is seen from farther above
    lean = np.deg2rad(pitch + ray + USUAL_LEAN_DEG)
    world = world @ np.array([[1, 0, 0], [0, np.cos(lean), np.sin(lean)], [0, -np.sin(lean), np.cos(lean)]], np.float32)
    keypoints = np.ones((5, 33, 3), np.float32)
    keypoints[:, :, 1] = 360 + 864 * np.tan(np.deg2rad(ray))
    seen = Keypoints2D.made(keypoints, world, WIDE, "test")
    found, spread = pitch_of_camera(seen, intrinsics(WIDE))
    share = LEVEL_DEG**2 / (LEVEL_DEG**2 + LEAN_DEG**2)
    assert found == pytest.approx(share * pitch, abs=0.1) and 0 < spread < min(LEVEL_DEG, LEAN_DEG)


def test_without_metres_the_camera_is_level():
    nothing = np.full((5, 33, 3), np.nan, np.float32)
    assert pitch_of_camera(Keypoints2D.made(nothing, nothing, WIDE, "test"), intrinsics(WIDE)) == Pitch(0.0, LEVEL_DEG)
