"""The 2D pose in frames of a dancer whose joints are known."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from demo.build import motion_of
from demo.film import SIZE, camera_of, rendered_frames
from demo.song_list import song_by_id
from justlmd.body.kinematics import joint_transforms, landmarks
from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.core.files import read_npz, write_npz
from justlmd.media.video import read_frames
from justlmd.media.writer import write_video
from justlmd.pose.keypoints import read_keypoints2d, write_keypoints2d
from justlmd.pose.landmark_network import PoseNetworks
from justlmd.pose.landmarks import estimate_keypoints2d

FRAMES = 60
JOINTS = [11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]


@pytest.fixture(scope="module")
def scene():
    """The frames of two seconds of dance and the true pixels (F, 33, 2) of its landmarks."""
    body, song = load_body(), song_by_id("paper_star")
    motion = motion_of(song, body).cut(200, 200 + FRAMES)
    transforms = joint_transforms(body, motion.global_orient, motion.body_pose, motion.transl, motion.betas)
    true = camera_of(song).project(landmarks(transforms, body.landmark_offsets))
    return list(rendered_frames(song, motion, body)), true


@pytest.fixture(scope="module")
def found(scene, tmp_path_factory):
    """What is found when frames 20 to 29 and the last five show no one, and the progress that was reported."""
    dancer, _ = scene
    nobody = np.full_like(dancer[0], 120)
    shown = [nobody if 20 <= k < 30 or k >= FRAMES - 5 else frame for k, frame in enumerate(dancer)]
    video = tmp_path_factory.mktemp("pose") / "video.mp4"
    write_video(video, shown)
    reported: list[tuple[int, int]] = []
    return estimate_keypoints2d(video, progress=lambda done, total: reported.append((done, total))), reported


def test_every_frame_has_its_row_and_nobody_is_invented(found):
    keypoints2d, _ = found
    missing = [*range(20, 30), *range(FRAMES - 5, FRAMES)]
    assert keypoints2d.keypoints.shape == keypoints2d.world.shape == (FRAMES, 33, 3)
    assert np.flatnonzero(~keypoints2d.detected).tolist() == missing
    assert np.isnan(keypoints2d.keypoints[missing]).all()
    assert np.isnan(keypoints2d.world[missing]).all()
    assert np.isfinite(keypoints2d.keypoints[keypoints2d.detected]).all()


def test_landmarks_lie_on_the_joints_of_the_dancer(found, scene):
    keypoints2d, (_, true) = found[0], scene
    seen = keypoints2d.detected
    height = np.ptp(true[seen, :, 1], axis=1).mean()
    miss = np.linalg.norm(keypoints2d.keypoints[seen][:, JOINTS, :2] - true[seen][:, JOINTS], axis=-1) / height
    assert np.median(miss) < 0.03
    assert keypoints2d.keypoints[seen][:, JOINTS, 2].mean() > 0.8


def test_world_landmarks_are_metres_in_camera_axes(found):
    keypoints2d, _ = found
    world = keypoints2d.world[keypoints2d.detected]
    head_over_feet = world[:, [27, 28], 1].mean(1) - world[:, 0, 1]  # y points down
    assert 1.0 < head_over_feet.mean() < 2.0
    assert np.abs(world[:, [23, 24]].mean(1)).max() < 0.05


def test_the_frame_size_rate_and_finder_are_kept_with_the_points(found, tmp_path):
    write_keypoints2d(tmp_path / "keypoints2d.npz", found[0])
    assert int(read_npz(tmp_path / "keypoints2d.npz")["fps"]) == 30
    keypoints2d = read_keypoints2d(tmp_path / "keypoints2d.npz")
    assert (keypoints2d.width, keypoints2d.height) == SIZE
    assert keypoints2d.backend == "mediapipe-full"
    for name, values in vars(found[0]).items():
        np.testing.assert_array_equal(getattr(keypoints2d, name), values)


def test_a_file_of_other_arrays_is_no_keypoints(tmp_path, found):
    path = tmp_path / "keypoints2d.npz"
    write_npz(path, keypoints=np.zeros((3, 33, 3)))
    with pytest.raises(InputError, match=r"keypoints2d\.npz: lacks world"):
        read_keypoints2d(path)
    write_keypoints2d(path, replace(found[0], world=np.zeros((3, 17, 3))))
    with pytest.raises(InputError, match=r"keypoints2d\.npz: world is float64 of shape \(3, 17, 3\), not n x 33 x 3"):
        read_keypoints2d(path)


def test_progress_counts_every_frame(found):
    _, reported = found
    assert [done for done, _ in reported] == list(range(1, FRAMES + 1))
    assert reported[-1] == (FRAMES, FRAMES)


def test_the_same_video_gives_the_same_bytes(scene, tmp_path):
    video = tmp_path / "video.mp4"
    write_video(video, scene[0][:15])
    first, second = (estimate_keypoints2d(video).keypoints.tobytes() for _ in range(2))
    assert first == second


def test_a_single_frame_is_searched_without_memory_of_the_frame_before(scene):
    dancer, _ = scene
    networks = PoseNetworks()
    alone = networks.find(dancer[30])
    networks.find(dancer[0])
    again = networks.find(dancer[30])
    assert alone is not None and again is not None
    assert np.array_equal(alone.keypoints, again.keypoints)


def test_the_runtime_does_without_mediapipe(repo):
    program = (
        "import sys; import justlmd.pose.landmarks; from justlmd.pose.landmark_network import PoseNetworks;"
        "PoseNetworks(); sys.exit(any(name.split('.')[0] == 'mediapipe' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=repo, check=False).returncode == 0


def test_missing_networks_are_named_before_anything_is_decoded(scene, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "nowhere"))
    write_video(tmp_path / "video.mp4", scene[0][:2])
    with pytest.raises(InputError, match=r"pose-networks is not installed.*make setup"):
        estimate_keypoints2d(tmp_path / "video.mp4")


class Counted:
    """An observer that notes what it was shown."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, float, bool, int]] = []

    def observe(self, number, frame, dancer, others) -> None:
        self.seen.append((number, float(frame.mean()), bool(np.isfinite(dancer).all()), len(others)))


def test_an_observer_is_shown_every_frame_once_with_what_was_found_in_it(scene, tmp_path):
    video, observer = tmp_path / "video.mp4", Counted()
    write_video(video, [*scene[0][:20], *[np.full_like(scene[0][0], 120)] * 4])
    found = estimate_keypoints2d(video, observer=observer)
    numbers, brightness, seen, others = (list(column) for column in zip(*observer.seen, strict=True))
    assert numbers == list(range(24)) and seen == found.detected.tolist() == [True] * 20 + [False] * 4
    np.testing.assert_allclose(brightness, [frame.mean() for frame in read_frames(video)])
    assert not any(others) and found.searched.tolist() == [15]
    assert found.other_frames.shape == (0,) and found.other_boxes.shape == (0, 4)


def test_a_text_file_called_mp4_ends_with_its_name(tmp_path):
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(InputError, match=r"text\.mp4"):
        estimate_keypoints2d(tmp_path / "text.mp4")


def test_a_fault_while_decoding_reaches_the_caller(scene, tmp_path, monkeypatch):
    import justlmd.pose.landmarks

    video = tmp_path / "video.mp4"
    write_video(video, scene[0][:10])

    def broken(path):
        for number, frame in enumerate(read_frames(path)):
            if number == 4:
                raise InputError("the disk is gone")
            yield frame

    monkeypatch.setattr(justlmd.pose.landmarks, "read_frames", broken)
    with pytest.raises(InputError, match="the disk is gone"):
        estimate_keypoints2d(video)
