"""Our runner of MediaPipe's networks finds what mediapipe 0.10.21 finds."""

import numpy as np
import pytest
from mediapipe_reference import DATA, STILL_EVERY, Reference, collect, unpack

from benchmarks.pose import mediapipe_finder
from justlmd.core.files import read_npz
from justlmd.media.standardise import standardise
from justlmd.media.video import read_frames
from justlmd.pose.landmark_network import PersonTracker, PoseNetworks
from justlmd.pose.multi_person import DancerAmongOthers, detect_people

TAKES = ("paper_star_720p", "morning_jump_480p")


@pytest.fixture(scope="module")
def networks() -> PoseNetworks:
    return PoseNetworks()


def ours(find, frames) -> Reference:
    def found(frame):
        landmarks = find(frame)
        return None if landmarks is None else (landmarks.keypoints, landmarks.world)

    return collect(found, frames)


def differences(found: Reference, expected: Reference) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of pixels, visibilities and metres, of all landmarks of all frames with a person."""
    seen = np.isfinite(expected.points[:, 0, 0])
    np.testing.assert_array_equal(np.isfinite(found.points[:, 0, 0]), seen)
    return (
        np.linalg.norm(found.points - expected.points, axis=-1)[seen],
        np.abs(found.visibility - expected.visibility)[seen],
        np.linalg.norm(found.world - expected.world, axis=-1)[seen],
    )


@pytest.mark.parametrize("name", TAKES)
def test_a_followed_dancer_has_mediapipes_landmarks(networks, name):
    frames = list(read_frames(DATA / f"{name}.mp4"))
    expected = unpack(read_npz(DATA / f"{name}.npz"), "tracked")
    assert len(frames) == len(expected.points) >= 60
    pixels, visibility, metres = differences(ours(PersonTracker(networks), frames), expected)
    pixels = pixels * 720 / frames[0].shape[0]
    assert np.median(pixels) < 0.3 and np.percentile(pixels, 95) < 1.5
    assert np.median(metres) < 0.002 and np.percentile(metres, 95) < 0.01
    assert visibility.mean() < 0.005


@pytest.mark.parametrize("name", TAKES)
def test_a_single_frame_has_mediapipes_landmarks_almost_exactly(networks, name):
    frames = list(read_frames(DATA / f"{name}.mp4"))[::STILL_EVERY]
    expected = unpack(read_npz(DATA / f"{name}.npz"), "still")
    pixels, visibility, metres = differences(ours(networks.find, frames), expected)
    assert np.median(pixels) < 0.05 and np.percentile(pixels, 95) < 0.2
    assert np.median(metres) < 0.0005 and visibility.mean() < 0.003


def test_the_stored_takes_are_small_and_lose_their_dancer_once():
    assert sum(file.stat().st_size for file in DATA.iterdir()) < 300_000
    missing = np.isnan(unpack(read_npz(DATA / "morning_jump_480p.npz"), "tracked").points[:, 0, 0])
    assert missing.any() and not missing[:40].any() and not missing[50:].any()


# Where mediapipe itself is installed, also on real videos, which may not be stored here.


def mediapipe_or_skip(*, still: bool):
    pytest.importorskip("mediapipe", reason="needs mediapipe 0.10.21 to compare with")
    return mediapipe_finder(still=still)


@pytest.mark.slow
@pytest.mark.parametrize("clip", ["pzsp_dance", "musepose_dance"])
def test_real_dancers_have_mediapipes_landmarks(networks, shared_data, tmp_path, clip):
    reference = mediapipe_or_skip(still=False)
    video = tmp_path / "video.mp4"
    standardise(shared_data / "clips" / f"{clip}.mp4", video, tmp_path / "audio.wav")
    frames = list(read_frames(video, 0, 250))
    pixels, _, metres = differences(ours(PersonTracker(networks), frames), collect(reference, frames))
    pixels = pixels * 720 / min(frames[0].shape[:2])
    assert np.median(pixels) <= 1 and np.percentile(pixels, 95) <= 4
    assert np.median(metres) <= 0.005 and np.percentile(metres, 95) <= 0.01


@pytest.mark.slow
def test_a_dancer_isolated_from_others_has_mediapipes_landmarks(networks, shared_data, tmp_path):
    reference = mediapipe_or_skip(still=False)
    video = tmp_path / "video.mp4"
    standardise(shared_data / "clips" / "mpm_dance.mp4", video, tmp_path / "audio.wav")
    frames = list(read_frames(video))
    rows, columns = frames[0].shape[:2]
    selected = DancerAmongOthers(detect_people(video, networks.find), (columns, rows), "")
    shown = [one[0] for number, frame in enumerate(frames) if (one := selected.isolate_dancer(number, frame))]
    found, expected = ours(PersonTracker(networks), shown), collect(reference, shown)
    both = np.isfinite(found.points[:, 0, 0]) & np.isfinite(expected.points[:, 0, 0])
    assert both.mean() > 0.9
    pixels = np.linalg.norm(found.points - expected.points, axis=-1)[both] * 720 / columns
    assert np.median(pixels) <= 1 and np.percentile(pixels, 95) <= 4
