"""The thumbnail of a song is small and shows its dancer, or a skeleton that stands as the dancer does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from known_motion import swaying
from PIL import Image

from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.media.writer import write_video
from justlmd.motion.motion import Motion
from justlmd.view.thumbnail import SIZE, skeleton_image, write_overlay_thumbnail, write_thumbnail

BODY = load_body()


def thumbnail(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(int)


@pytest.mark.parametrize(("shape", "height"), [((360, 640, 3), 180), ((1280, 720, 3), 200), ((2, 2000, 3), 1)])
def test_it_is_as_wide_as_a_card_and_never_taller(tmp_path, shape, height):
    write_thumbnail(tmp_path / "a.jpg", np.full(shape, 90, np.uint8))
    assert thumbnail(tmp_path / "a.jpg").shape == (height, SIZE[0], 3)
    assert (tmp_path / "a.jpg").stat().st_size < 10_000


def test_it_is_the_half_of_the_overlay_with_the_body_at_that_frame(tmp_path):
    frames = [
        np.hstack([np.full((90, 80, 3), 250, np.uint8), np.full((90, 80, 3), 8 * k, np.uint8)]) for k in range(31)
    ]
    write_video(tmp_path / "overlay.mp4", frames)
    for frame, level in ((0, 0), (20, 160), (1000, 240)):
        write_overlay_thumbnail(tmp_path / "a.jpg", tmp_path / "overlay.mp4", frame)
        assert np.abs(thumbnail(tmp_path / "a.jpg") - level).max() < 12
    (tmp_path / "overlay.mp4").write_text("no video")
    with pytest.raises(InputError, match=r"overlay\.mp4"):
        write_overlay_thumbnail(tmp_path / "b.jpg", tmp_path / "overlay.mp4", 0)


def test_the_skeleton_stands_on_the_floor_with_its_hands_where_they_are():
    orient, pose, transl = swaying(10, hands=False)
    still = Motion(0 * orient, 0 * pose, transl + [40, 0, 7], np.zeros(10), np.ones(10, bool))  # arms out, far away
    image = skeleton_image(still, BODY).astype(int)
    assert image.shape == (SIZE[1], SIZE[0], 3)
    rows, columns = np.nonzero(np.abs(image - image[2, 2]).max(-1) > 90)
    assert abs((columns.min() + columns.max()) / 2 - SIZE[0] / 2) < 4
    assert 100 < np.ptp(columns) < 200 and 100 < np.ptp(rows) < 170
    raised = replace(still, body_pose=still.body_pose.copy())
    raised.body_pose[:, 3 * 15 + 2], raised.body_pose[:, 3 * 16 + 2] = -1.2, 1.2  # arms down
    assert np.ptp(np.nonzero(np.abs(skeleton_image(raised, BODY).astype(int) - image[2, 2]).max(-1) > 90)[1]) < 100
    nobody = skeleton_image(replace(still, valid=np.zeros(10, bool)), BODY).astype(int)
    assert (np.abs(nobody - image[2, 2]).max(-1) > 90).sum() == 0
