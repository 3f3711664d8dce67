"""The overlay puts the body where the dancer is, frame by frame, and says where there is none."""

import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from demo.build import motion_of
from demo.film import camera_of
from demo.song_list import song_by_id
from justlmd.body.kinematics import skin
from justlmd.body.model import load_body
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.media.video import probe, read_frames
from justlmd.media.writer import write_video
from justlmd.motion.motion import CameraMotion, to_camera
from justlmd.motion.song_motion import SongMotion
from justlmd.pose.keypoints import Keypoints2D
from justlmd.preview.overlay import BORDER, DOTS, LINE, TRANSPARENT, overlay_frames, panel_size, write_overlay
from justlmd.preview.renderer import render_mesh

BODY = load_body()
FRAMES, LATE = 20, 5
"""Frames of the video, and the one at which the motion begins."""


def song_of(motion: CameraMotion, start_frame: int = LATE, own_shapes: bool = True) -> SongMotion:
    """``motion`` as that of a song, from ``start_frame`` of its video on."""
    return SongMotion.made(motion, BODY, "known", start_frame / FPS, own_shapes=own_shapes)


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> tuple[Path, CameraMotion, np.ndarray]:
    """A video of a red dancer before a green wall, the motion in the camera's frame, where the dancer is (F, H, W)."""
    song = song_by_id("corazon")
    motion = motion_of(song, BODY).cut(150, 150 + FRAMES - LATE)
    camera = camera_of(song)
    vertices = skin(BODY, motion.global_orient, motion.body_pose, motion.transl, motion.betas)
    red = np.tile(np.float32([200, 20, 20]), (len(BODY.v_template), 1))
    wall = np.full((480, 640, 3), [20, 130, 20], np.uint8)
    video = [wall] * LATE + [render_mesh(camera.to_camera(v), BODY.faces, red, camera.K, wall) for v in vertices]
    path = tmp_path_factory.mktemp("scene") / "video.mp4"
    write_video(path, video, crf=10)
    before = replace(motion, transl=motion.transl - [0, song.look.camera_height_m, song.look.distance_m])
    return path, to_camera(before, BODY, camera.K), np.array([(p != wall).any(-1) for p in video])


SIZE = (640, 480)


def drawn_frames(
    video: Path, song: SongMotion, keypoints2d: Keypoints2D | None = None, size: tuple[int, int] = SIZE, **options: str
) -> list[np.ndarray]:
    """The images at the right, with the whole body over the video where no other style is asked for."""
    options = {"style": TRANSPARENT} | options
    return [right for _, right in overlay_frames(video, song, keypoints2d, size=size, **options)]


def changed(video: Path, images: list[np.ndarray]) -> np.ndarray:
    """Where (F, H, W) the overlay differs from the video."""
    return np.array([np.abs(a.astype(int) - b).max(-1) > 15 for a, b in zip(read_frames(video), images, strict=True)])


def test_the_body_lies_on_the_dancer_in_every_frame_of_the_motion_and_nowhere_else(scene):
    video, motion, dancer = scene
    drawn = changed(video, drawn_frames(video, song_of(motion)))
    assert not drawn[:LATE].any(), "before the motion the frame is plain"
    assert np.array_equal(drawn[LATE:].any((1, 2)), np.ones(FRAMES - LATE, bool))
    both, either = (drawn & dancer)[LATE:].sum((1, 2)), (drawn | dancer)[LATE:].sum((1, 2))
    assert (both / either).min() > 0.97


def test_a_motion_one_frame_late_or_another_body_size_would_show(scene):
    video, motion, dancer = scene

    def overlap(other: CameraMotion, start: int) -> float:
        drawn = changed(video, drawn_frames(video, song_of(other, start)))[LATE + 1 :]
        return float((drawn & dancer[LATE + 1 :]).sum() / (drawn | dancer[LATE + 1 :]).sum())

    right = overlap(motion, LATE)
    assert overlap(motion.cut(0, -1), LATE + 1) < right - 0.01
    assert overlap(replace(motion, shapes=motion.shapes + np.eye(10)[0] * 2), LATE) < right - 0.02


def test_a_motion_that_began_before_the_video_is_drawn_from_its_middle(scene):
    video, motion, _ = scene
    whole = drawn_frames(video, song_of(motion, -3))
    assert np.array_equal(whole[0], drawn_frames(video, song_of(motion.cut(3), 0))[0])


def test_larger_frames_are_drawn_smaller_at_the_same_place(scene):
    video, motion, dancer = scene
    small = drawn_frames(video, song_of(motion), size=(320, 240))
    assert small[0].shape == (240, 320, 3)
    blue = np.array([image[..., 2].astype(int) - image[..., 1] > -20 for image in small])[LATE:]
    shrunk = dancer[LATE:, ::2, ::2]
    assert (blue & shrunk).sum() / (blue | shrunk).sum() > 0.93


def test_shape_parameters_of_another_body_are_not_drawn(scene):
    video, motion, _ = scene
    giant = replace(motion, shapes=np.eye(10)[0] * 4)
    plain = replace(motion, shapes=np.zeros(10))
    left_out = drawn_frames(video, song_of(giant, own_shapes=False))
    assert np.array_equal(left_out, drawn_frames(video, song_of(plain)))


def test_frames_without_a_body_have_a_red_border_and_landmarks_are_dots(scene):
    video, motion, _ = scene
    motion = replace(motion, valid=np.arange(FRAMES - LATE) != 4)
    keypoints = np.full((FRAMES, 33, 3), np.nan, np.float32)
    keypoints[2] = [100, 50, 0.9]
    keypoints[2, 1] = [300, 50, 0.1]  # not visible
    keypoints[2, 2:] = [1e30, -5, 0.9]  # a fault elsewhere must not become one here
    keypoints2d = Keypoints2D.made(keypoints, np.full_like(keypoints, np.nan), (640, 480), "by hand")
    images = drawn_frames(video, song_of(motion), keypoints2d)
    bordered = [bool((image[0] == BORDER).all()) for image in images]
    assert np.flatnonzero(bordered).tolist() == [LATE + 4]
    plain = list(read_frames(video))
    assert (images[LATE + 4][200:280, 300:340] == plain[LATE + 4][200:280, 300:340]).all(), "no body is drawn"
    assert np.argwhere((images[2] == DOTS).all(-1)).tolist() == [[y, x] for y in (49, 50, 51) for x in (99, 100, 101)]


@pytest.mark.parametrize(
    "spoil", [lambda motion: motion, lambda motion: replace(motion, valid=np.zeros(FRAMES - LATE, bool))]
)
def test_the_overlay_has_the_videos_frames_its_audio_and_two_images_of_at_most_480_pixels(
    scene, tmp_path, spoil: Callable[[CameraMotion], CameraMotion]
):
    video, motion, _ = scene
    wide = tmp_path / "wide.mp4"
    write_video(wide, (np.repeat(np.repeat(image, 2, 0), 2, 1) for image in read_frames(video)))
    with wave.open(str(tmp_path / "audio.wav"), "wb") as audio:
        audio.setparams((1, 2, 22050, 0, "NONE", ""))
        audio.writeframes(bytes(2 * 22050))
    write_overlay(tmp_path / "overlay.mp4", wide, tmp_path / "audio.wav", song_of(spoil(motion)))
    info = probe(tmp_path / "overlay.mp4")
    assert (info.width, info.height, info.frames, info.has_audio) == (960, 360, FRAMES, True)
    write_overlay(tmp_path / "silent.mp4", wide, None, song_of(spoil(motion)))
    assert not probe(tmp_path / "silent.mp4").has_audio


def test_where_there_is_no_body_the_overlay_says_so(scene, tmp_path):
    video, motion, _ = scene
    gone = replace(motion, valid=np.zeros(FRAMES - LATE, bool))
    write_overlay(tmp_path / "overlay.mp4", video, None, song_of(gone))
    last = list(read_frames(tmp_path / "overlay.mp4"))[-1].astype(int)
    said = (last[5:50, 480:] > 200).all(-1)  # white letters above the middle of the image at the right
    assert said.sum() > 60 and not (last[:, :480] > 200).all(-1).any()
    assert np.abs(last[2, 700] - BORDER).max() < 70 < np.abs(last[2, 200] - BORDER).max()


def test_the_outline_surrounds_the_dancer_and_leaves_the_inside_free(scene):
    from scipy.ndimage import binary_dilation, binary_erosion

    video, motion, dancer = scene
    images = drawn_frames(video, song_of(motion), style="outline")
    lines = np.array([(image == LINE).all(-1) for image in images])
    assert not lines[:LATE].any() and lines[LATE:].any((1, 2)).all()
    videos = list(read_frames(video))
    for line, body, image, plain in list(zip(lines, dancer, images, videos, strict=True))[LATE:]:
        edge = binary_dilation(body, iterations=3) & ~binary_erosion(body, iterations=3)
        around = binary_dilation(body) & ~body
        assert (binary_dilation(line, iterations=3) & around).sum() > 0.95 * around.sum(), "no part of it is missing"
        assert (line & edge).sum() > 0.8 * line.sum(), "the rest are limbs before the body"
        assert np.array_equal(image[~line], plain[~line]), "nothing but the line is drawn"


def test_the_original_stands_at_the_left(scene):
    video, motion, _ = scene
    plain = list(read_frames(video))
    lefts = [left for left, _ in overlay_frames(video, song_of(motion), size=SIZE)]
    assert np.array_equal(lefts, plain)
    assert panel_size(1920, 1080) == (480, 270) and panel_size(720, 1280) == (270, 480)
    assert panel_size(64, 48) == (64, 48) and panel_size(5000, 3) == (480, 2)


def test_a_video_that_does_not_decode_is_named(scene, tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(InputError, match=r"text\.mp4"):
        write_overlay(tmp_path / "overlay.mp4", tmp_path / "text.mp4", None, song_of(scene[1]))
    assert not (tmp_path / "overlay.mp4").exists()
