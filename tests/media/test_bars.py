"""Black bars are found where they are, and nowhere else."""

import numpy as np
import pytest

from justlmd.media.bars import Box, image_box_of, image_box_of_video
from justlmd.media.writer import write_video

SIZE = (320, 180)
WHOLE = Box(0, 0, *SIZE)


def images(size: tuple[int, int], count: int = 8, light: float = 1.0) -> list[np.ndarray]:
    """A wall of changing brightness with a person-like block that moves before it."""
    rng = np.random.default_rng(3)
    found = []
    for number in range(count):
        frame = np.full((size[1], size[0], 3), 120.0) + rng.normal(0, 6, (size[1], size[0], 3))
        at = 10 + 3 * number
        frame[size[1] // 4 :, at : at + size[0] // 6] = (200, 60, 40)
        found.append((frame * light).clip(0, 255).astype(np.uint8))
    return found


def within(frames: list[np.ndarray], left: int, top: int) -> list[np.ndarray]:
    """Frames of SIZE, black but for the images at this place."""
    found = []
    for frame in frames:
        whole = np.random.default_rng(0).integers(0, 6, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
        whole[top : top + frame.shape[0], left : left + frame.shape[1]] = frame
        found.append(whole)
    return found


@pytest.mark.parametrize(
    ("size", "left", "top"), [((101, 180), 110, 0), ((320, 136), 0, 22), ((200, 120), 60, 30), ((140, 180), 40, 0)]
)
@pytest.mark.parametrize("light", [1.0, 0.4])
def test_bars_are_found_to_the_pixel(size, left, top, light):
    found = image_box_of(within(images(size, light=light), left, top), SIZE)
    assert found == Box(left, top, left + size[0], top + size[1]) and found.size == size


def test_captions_in_a_bar_and_faded_frames_do_not_hide_it():
    frames = within(images((320, 136), 10), 0, 22)
    frames[3][165:172, 100:220] = 255
    frames += [np.zeros_like(frames[0])] * 3
    assert image_box_of(frames, SIZE) == Box(0, 22, 320, 158)


def test_what_is_no_bar_is_left_in():
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    lit = np.hypot(x - 160, y - 100) < 70  # a lit dancer on a black stage
    dark_stage = [np.where(lit[..., None], frame, 4).astype(np.uint8) for frame in images(SIZE)]
    edge_line = images(SIZE)
    for frame in edge_line:
        frame[:2] = 0  # two black lines, as old films have
    for frames in (images(SIZE), dark_stage, edge_line, [np.zeros((180, 320, 3), np.uint8)] * 4):
        assert image_box_of(frames, SIZE) == WHOLE


def test_bars_survive_encoding(tmp_path):
    write_video(tmp_path / "v.mp4", within(images((100, 180), 30), 110, 0), crf=34)
    found = image_box_of_video(tmp_path / "v.mp4")
    assert abs(found.left - 110) <= 1 and abs(found.right - 210) <= 1 and (found.top, found.bottom) == (0, 180)
