"""MediaPipe on pictures of a dancer whose joints are known."""

import numpy as np
import pytest

from demo.build import motion_of
from demo.film import SIZE, camera_of, pictures
from demo.song_list import song_by_id
from justlmd.body.kinematics import joint_transforms, landmarks
from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.media.video import read_frames
from justlmd.media.writer import write_video
from justlmd.pose.landmarks import estimate_keypoints2d, landmark_detector

FRAMES = 60
JOINTS = [11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]


@pytest.fixture(scope="module")
def scene():
    """The pictures of two seconds of dance and the true pixels (F, 33, 2) of its landmarks."""
    body, song = load_body(), song_by_id("paper_star")
    motion = motion_of(song, body).cut(200, 200 + FRAMES)
    transforms = joint_transforms(body, motion.global_orient, motion.body_pose, motion.transl, motion.betas)
    true = camera_of(song).project(landmarks(transforms, body.landmark_offsets))
    return list(pictures(song, motion, body)), true


@pytest.fixture(scope="module")
def found(scene, tmp_path_factory):
    """What is found when frames 20 to 29 and the last five show no one, and the progress that was reported."""
    dancer, _ = scene
    nobody = np.full_like(dancer[0], 120)
    shown = [nobody if 20 <= k < 30 or k >= FRAMES - 5 else picture for k, picture in enumerate(dancer)]
    video = tmp_path_factory.mktemp("pose") / "video.mp4"
    write_video(video, shown)
    reported: list[tuple[int, int]] = []
    return estimate_keypoints2d(video, progress=lambda done, total: reported.append((done, total))), reported


def test_every_picture_has_its_row_and_nobody_is_invented(found):
    keypoints2d, _ = found
    missing = [*range(20, 30), *range(FRAMES - 5, FRAMES)]
    assert keypoints2d["keypoints"].shape == keypoints2d["world"].shape == (FRAMES, 33, 3)
    assert np.flatnonzero(~keypoints2d["detected"]).tolist() == missing
    assert np.isnan(keypoints2d["keypoints"][missing]).all()
    assert np.isnan(keypoints2d["world"][missing]).all()
    assert np.isfinite(keypoints2d["keypoints"][keypoints2d["detected"]]).all()


def test_landmarks_lie_on_the_joints_of_the_dancer(found, scene):
    keypoints2d, (_, true) = found[0], scene
    seen = keypoints2d["detected"]
    height = np.ptp(true[seen, :, 1], axis=1).mean()
    miss = np.linalg.norm(keypoints2d["keypoints"][seen][:, JOINTS, :2] - true[seen][:, JOINTS], axis=-1) / height
    assert np.median(miss) < 0.03
    assert keypoints2d["keypoints"][seen][:, JOINTS, 2].mean() > 0.8


def test_world_landmarks_are_metres_in_camera_axes(found):
    keypoints2d, _ = found
    world = keypoints2d["world"][keypoints2d["detected"]]
    head_over_feet = world[:, [27, 28], 1].mean(1) - world[:, 0, 1]  # y points down
    assert 1.0 < head_over_feet.mean() < 2.0
    assert np.abs(world[:, [23, 24]].mean(1)).max() < 0.05


def test_the_pictures_size_rate_and_finder_are_kept_with_the_points(found):
    keypoints2d, _ = found
    assert (int(keypoints2d["width"]), int(keypoints2d["height"])) == SIZE
    assert int(keypoints2d["fps"]) == 30
    assert str(keypoints2d["backend"]) == "mediapipe-full"


def test_progress_counts_every_picture(found):
    _, reported = found
    assert [done for done, _ in reported] == list(range(1, FRAMES + 1))
    assert reported[-1] == (FRAMES, FRAMES)


def test_the_same_video_gives_the_same_bytes(scene, tmp_path):
    video = tmp_path / "video.mp4"
    write_video(video, scene[0][:15])
    first, second = (estimate_keypoints2d(video)["keypoints"].tobytes() for _ in range(2))
    assert first == second


def test_a_still_detector_does_not_remember_the_picture_before(scene):
    dancer, _ = scene
    with landmark_detector(still=True) as detect:
        alone = detect(dancer[30])
        detect(dancer[0])
        again = detect(dancer[30])
    assert alone is not None and again is not None
    assert np.array_equal(alone[0], again[0])


def test_an_unknown_or_missing_model_is_named_before_anything_is_decoded(tmp_path):
    with (
        pytest.raises(InputError, match=r"pose model 'huge' is unknown; choose one of lite, full, heavy"),
        landmark_detector("huge"),
    ):
        pass
    with (
        pytest.raises(InputError, match=r"pose_landmark_heavy\.tflite: missing; copy it there"),
        landmark_detector("heavy"),
    ):
        pass


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
