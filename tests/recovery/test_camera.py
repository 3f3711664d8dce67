"""The camera's middle and focal length are those of what was filmed, not of the frame that came of it."""

import numpy as np
import pytest

from justlmd.media.bars import Box
from justlmd.recovery.camera import camera_of_picture

WIDE = (1280, 720)


@pytest.mark.parametrize(
    ("picture", "size", "crop", "expected"),
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
def test_middle_and_focal_length(picture, size, crop, expected):
    K = camera_of_picture(picture, size, crop)
    np.testing.assert_allclose([K[0, 0], K[0, 2], K[1, 2]], expected)
    assert K[0, 0] == K[1, 1] and K[0, 1] == K[1, 0] == 0 and K[2].tolist() == [0, 0, 1]


def test_a_known_focal_length_is_kept():
    assert camera_of_picture(Box(437, 0, 843, 720), WIDE, focal_px=1500.0)[0, 0] == 1500
