"""Image signals are measured in the pass that finds the dancer, and are the same as in a pass of their own."""

import numpy as np
import pytest

from justlmd.core.errors import InputError
from justlmd.core.files import write_npz
from justlmd.media.writer import write_video
from justlmd.pose.keypoints import Keypoints2D
from justlmd.pose.landmarks import MISSING
from justlmd.quality.image_signals import (
    ImageSignalRecorder,
    image_metrics,
    measure_image_signals,
    read_image_signals,
    small_grey,
    write_image_signals,
)

FRAMES = 70
NOBODY = Keypoints2D.made(
    np.full((FRAMES, 33, 3), np.nan),
    np.full((FRAMES, 33, 3), np.nan),
    (320, 240),
    "nobody",
    others={15: [], 45: [np.array([100, 20, 200, 220])]},
)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A textured wall that moves from frame 30 on."""
    rng = np.random.default_rng(0)
    wall = np.kron(rng.uniform(40, 220, (40, 80, 1)), np.ones((8, 8, 3))).astype(np.uint8)
    path = tmp_path_factory.mktemp("signals") / "video.mp4"
    write_video(path, [wall[:240, (x := 4 * max(k - 30, 0)) : x + 320] for k in range(FRAMES)])
    return path


def test_signals_tell_a_still_camera_from_a_moving_one(video):
    signals = measure_image_signals(video, NOBODY)
    assert all(values.shape == (FRAMES,) and values.dtype == np.float32 for values in vars(signals).values())
    measured = np.flatnonzero(np.isfinite(signals.background_speed))
    assert set(measured) <= set(range(0, FRAMES, 6)) and len(measured) > 8
    assert signals.background_speed[measured[measured <= 30]].max() < 0.001
    assert signals.background_speed[measured[measured > 36]].min() > 0.05
    metrics, places = image_metrics(signals, NOBODY, (0, FRAMES))
    assert metrics["camera_moves"] > 0.3 and not places["camera_moves"][:4].any()
    assert metrics["other_people"] == 0.5 and np.flatnonzero(places["other_people"]).tolist() == list(range(30, 61))


def test_a_second_reading_begins_anew(video):
    recorder = ImageSignalRecorder()
    frame = np.zeros((240, 320, 3), np.uint8)
    for number in range(5):
        recorder.observe(number, frame, MISSING, [])
    for number in range(2):
        recorder.observe(number, frame + number * np.uint8(50), MISSING, [])
    np.testing.assert_array_equal(recorder.signals.change, [0, 50])


def test_people_hide_the_background_behind_them():
    rng = np.random.default_rng(1)
    frames = [rng.integers(0, 255, (240, 320, 3), dtype=np.uint8) for _ in range(2)]
    box = np.array([-500.0, -500, 1000, 1000])
    hidden, open_ = ImageSignalRecorder(), ImageSignalRecorder()
    for number, frame in enumerate(frames):
        hidden.observe(number, frame, MISSING, [box])
        open_.observe(number, frame, MISSING, [])
    assert hidden.signals.sameness[1] == 0 and abs(open_.signals.sameness[1]) < 0.2


@pytest.mark.parametrize("shape", [(240, 320), (1280, 720), (97, 131), (1080, 1921)])
def test_small_frames_are_means_of_blocks(shape):
    frame = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    small, step = small_grey(frame), max(shape) // 160 or 1
    assert max(small.shape) < 2 * 160 and small.shape == (shape[0] // step, shape[1] // step)
    np.testing.assert_allclose(small[3, 5], frame[3 * step : 4 * step, 5 * step : 6 * step, 1].mean(), rtol=1e-5)


def test_a_part_of_the_video_and_an_empty_one_have_metrics(video):
    signals = measure_image_signals(video, NOBODY)
    assert image_metrics(signals, NOBODY, (0, 20))[0]["camera_moves"] == 0
    assert image_metrics(signals, NOBODY, (50, 70))[0]["other_people"] == 0
    for span in ((70, 70), (90, 90)):
        assert image_metrics(signals, NOBODY, span)[0]["cuts"] == 0


def test_signals_are_read_as_they_were_written_and_other_files_are_named(video, tmp_path):
    signals = measure_image_signals(video, NOBODY)
    write_image_signals(tmp_path / "image_signals.npz", signals)
    again = read_image_signals(tmp_path / "image_signals.npz")
    for name, values in vars(signals).items():
        np.testing.assert_array_equal(getattr(again, name), values)
    write_npz(tmp_path / "other.npz", keypoints=np.zeros(3))
    with pytest.raises(InputError, match=r"other\.npz: holds keypoints instead of image signals"):
        read_image_signals(tmp_path / "other.npz")
    write_npz(tmp_path / "short.npz", **vars(signals) | {"contrast": np.zeros(3)})
    with pytest.raises(InputError, match=r"short\.npz: its image signals differ in length"):
        read_image_signals(tmp_path / "short.npz")
