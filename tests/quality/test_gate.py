"""The quality gate: each fault is dropped with its own reason and place, and what is no fault is kept."""

import subprocess
from collections.abc import Iterator
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest

from demo.video_faults import FAULTS, FRAMES, Frames, dance, upside_down
from justlmd.body.model import Body, load_body
from justlmd.core.errors import InputError
from justlmd.dataset.sequences import sequences_of
from justlmd.media.ffmpeg import ffmpeg_exe
from justlmd.media.standardise import standardise
from justlmd.media.writer import write_video
from justlmd.motion.motion import CameraMotion, runs
from justlmd.pose.keypoints import Keypoints2D
from justlmd.pose.landmarks import estimate_keypoints2d
from justlmd.quality.camera import EVERY, BackgroundMotion
from justlmd.quality.criteria import CRITERIA, thresholds_of
from justlmd.quality.gate import assess
from justlmd.quality.image_signals import ImageSignalRecorder, ImageSignals
from justlmd.quality.motion_checks import spikes
from justlmd.recovery.fit import recover


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


# --- points and motion that are made up: what each figure sees ---


def standing(frames: int) -> Keypoints2D:
    """A person of 300 pixels who sways a little, as ``keypoints2d``."""
    rng = np.random.default_rng(0)
    shape = np.stack([rng.uniform(-40, 40, 33), np.linspace(0, 300, 33)], 1)
    sway = 20 * np.sin(np.arange(frames) / 10)[:, None] * [1.0, 0.0]
    points = shape + sway[:, None] + [320, 90]
    keypoints = np.concatenate([points, np.full((frames, 33, 1), 0.9)], -1).astype(np.float32)
    searched: dict[int, list] = {frame: [] for frame in range(15, frames, 30)}
    return Keypoints2D.made(keypoints, np.zeros_like(keypoints), (640, 480), "made up", others=searched)


def moving(frames: int) -> CameraMotion:
    """A body 3 m before the camera that waves."""
    poses = np.zeros((frames, 72))
    poses[:, 50] = 0.5 * np.sin(np.arange(frames) / 8)
    camera = np.array([[576.0, 0, 320], [0, 576, 240], [0, 0, 1]])
    return CameraMotion(
        poses, np.tile([np.pi, 0, 0], (frames, 1)), np.tile([0, 0, 3.0], (frames, 1)), np.zeros(10), camera,
        np.ones(frames, bool),
    )  # fmt: skip


def calm(frames: int) -> ImageSignals:
    """A video without any fault."""
    measured = np.where(np.arange(frames) % EVERY == 0, 1.0, np.nan)
    background = BackgroundMotion(x=0, y=0, speed=0, moving=0, still=1, corners=80)
    return ImageSignals(
        np.full(frames, 1.0),
        np.full(frames, 0.98),
        np.full(frames, 40.0),
        *(measured * value for value in astuple(background)),
    )


def verdict(body: Body, keypoints2d: Keypoints2D, signals: ImageSignals | None = None) -> dict:
    frames = len(keypoints2d.keypoints)
    lenient = {"reprojection": 1e9}  # the made-up body is not the made-up points'
    measured = calm(frames) if signals is None else signals
    return assess(
        moving(frames),
        body,
        keypoints2d=keypoints2d,
        image_signals=measured,
        uncertainty=[(frames // 2, 20.0)],
        thresholds=lenient,
    )


def test_a_song_without_faults_is_kept_and_says_nothing(body):
    found = verdict(body, standing(300))
    assert found["keep"] and found["reasons"] == []
    assert set(found["ranges"]) <= {"reprojection"}


def test_every_criterion_has_its_figure_its_meaning_and_a_reason_with_its_numbers(body):
    found = verdict(body, standing(300))
    assert {criterion.name for criterion in CRITERIA} <= set(found["figures"])
    for criterion in CRITERIA:
        assert criterion.meaning and criterion.name in found["thresholds"]
        assert "{" not in criterion.sentence(0.5, criterion.limit, [[30, 60]])
        assert "1.0–2.0 s" in criterion.sentence(0.5, criterion.limit, [[30, 60]])


def spoilt_points(name: str) -> dict[str, np.ndarray]:
    found = standing(300)
    points = found.keypoints
    if name == "detection_rate":
        points[100:140] = np.nan
        found.detected[100:140] = False
    elif name == "identity_jumps":
        points[100:, :, 0] += 120
    elif name == "whole_body":
        points[100:140, 31] = [300, 481, 0.9]
    elif name == "upright":
        points[100:200, :, 1] = 480 - points[100:200, :, 1]
    elif name == "visibility":
        points[100:250, :, 2] = 0.3
    elif name == "body_height":
        points[:, :, :2] *= 0.2
    elif name.endswith("_seen"):
        landmarks = {"left_arm_seen": [13, 15], "right_leg_seen": [26, 28]}[name]
        points[100:200, landmarks, 2] = 0.05
    elif name == "jitter":
        points[:, :, :2] += np.random.default_rng(1).normal(0, 8, (300, 33, 2))
    return found


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("detection_rate", [100, 140]), ("identity_jumps", [100, 101]), ("whole_body", [100, 140]),
        ("upright", [100, 200]), ("visibility", [100, 250]), ("body_height", None), ("jitter", None),
        ("left_arm_seen", None), ("right_leg_seen", None),
    ],
)  # fmt: skip
def test_faults_of_the_points_are_named_and_placed(body, name, place):
    found = verdict(body, spoilt_points(name))
    wanted = next(c for c in CRITERIA if c.name == name)
    assert not found["keep"]
    assert any(reason.startswith(wanted.reason.split("{")[0]) for reason in found["reasons"]), found["reasons"]
    if place is not None:
        assert place in found["ranges"][name]


@pytest.mark.parametrize("name", ["other_people", "camera_moves", "cuts", "faded", "picture_rate", "frozen"])
def test_faults_of_the_video_are_named_and_placed(body, name):
    signals, people = calm(300), standing(300)
    if name == "other_people":
        people = replace(people, other_frames=np.array([135], np.int32))
    elif name == "camera_moves":
        moments = np.arange(120, 180, EVERY)
        feet = people.keypoints[:, 27:33, 0].mean(1)
        signals.background_x[moments] = (feet[moments] - feet[moments - EVERY]) / 640
        signals.background_speed[moments], signals.background_moving[moments] = 0.05, 0.9
        signals.background_still[moments] = 0.1
    elif name == "cuts":
        signals.change[150], signals.sameness[150] = 30.0, 0.1
        people.keypoints[150:, :, 0] += 10
    elif name == "faded":
        signals.contrast[140:170] = 5
    elif name == "picture_rate":
        signals.change[np.arange(300) % 2 == 0] = 0
    elif name == "frozen":
        signals.change[120:180] = 0
    found = verdict(body, people, signals)
    assert not found["keep"] and len(found["reasons"]) == 1
    assert found["reasons"][0].startswith(next(c for c in CRITERIA if c.name == name).reason.split("{")[0])
    if name != "picture_rate":
        (start, stop), *rest = found["ranges"][name]
        assert start <= 150 < stop and stop - start <= 100 and not rest


def test_a_light_that_goes_on_is_no_cut(body):
    signals = calm(300)
    signals.change[150] = 30.0  # all edges stay where they are
    assert verdict(body, standing(300), signals)["keep"]


def test_a_screen_that_changes_behind_a_dancer_who_goes_on_is_no_cut(body):
    signals = calm(300)
    signals.change[100:200:25], signals.sameness[100:200:25] = 30.0, 0.1
    assert verdict(body, standing(300), signals)["keep"]


def test_a_song_without_anybody_has_one_reason(body):
    nobody = standing(60)
    nobody.keypoints[:] = np.nan
    nobody.detected[:] = False
    empty = replace(moving(60), valid=np.zeros(60, bool))
    found = assess(empty, body, keypoints2d=nobody, image_signals=calm(60))
    assert not found["keep"] and found["reasons"] == ["nobody was found"]


def test_motion_that_jumps_jitters_or_stands_still_is_dropped_without_a_video(body):
    good = moving(300)
    assert assess(good, body)["keep"]
    jump, shake, still = good.Th.copy(), good.Th.copy(), good.poses.copy()
    jump[150:, 0] += 1
    shake += np.random.default_rng(0).normal(0, 0.05, shake.shape)
    still[100:200] = still[100]
    for spoilt, word in (
        (replace(good, Th=jump), "jumps through the room"),
        (replace(good, Th=shake), "jitter"),
        (replace(good, poses=still), "stands still"),
    ):
        found = assess(spoilt, body)
        assert not found["keep"] and any(word in reason for reason in found["reasons"]), found["reasons"]


def test_short_gaps_are_bridged_and_marked_and_long_ones_exclude_only_what_they_touch(body):
    keypoints2d = standing(900)
    motion = moving(900)
    for gap in (slice(100, 105), slice(400, 460)):
        keypoints2d.keypoints[gap] = np.nan
        keypoints2d.detected[gap] = False
    motion.valid[400:460] = False  # as the recovery says of gaps above a third of a second
    lenient = {"reprojection": 1e9}
    found = assess(motion, body, keypoints2d=keypoints2d, image_signals=calm(900), thresholds=lenient)
    assert found["keep"], found["reasons"]
    assert found["figures"]["bridged_frames"] == 5 and found["ranges"]["bridged_frames"] == [[100, 105]]
    assert found["ranges"]["motion_valid"] == [[400, 460]]
    slices = {f"00:{second:02d}.000": "la" for second in (0, 6, 12, 18)}
    assert sequences_of(slices, 0, motion.valid, False, "sliced.json").starts == [0, 180, 540]


def test_the_judged_part_alone_counts_and_places_are_frames_of_the_video(body):
    keypoints2d = standing(300)
    keypoints2d.keypoints[:60] = np.nan
    lenient = {"reprojection": 1e9}
    later = assess(
        moving(240), body, start_frame=60, keypoints2d=keypoints2d, image_signals=calm(300), thresholds=lenient
    )
    assert later["keep"] and later["figures"]["frames"] == 240
    keypoints2d.keypoints[200:, :, 0] += 120
    later = assess(
        moving(240), body, start_frame=60, keypoints2d=keypoints2d, image_signals=calm(300), thresholds=lenient
    )
    assert later["ranges"]["identity_jumps"] == [[200, 201]]


def test_thresholds_are_overruled_by_name_and_unknown_names_are_listed(body):
    spoilt = spoilt_points("whole_body")
    assert not verdict(body, spoilt)["keep"]
    lenient = {"reprojection": 1e9, "whole_body": 0.5}
    assert assess(moving(300), body, keypoints2d=spoilt, image_signals=calm(300), thresholds=lenient)["keep"]
    with pytest.raises(InputError, match=r"no threshold 'wholebody'.*whole_body"):
        thresholds_of({"wholebody": 0.5})


def test_runs_and_spikes():
    assert runs(np.array([1, 1, 0, 0, 1], bool), 10) == [[10, 12], [14, 15]]
    series = np.ones(50)
    series[20] = 3
    series[[35, 37]] = 3  # two beside each other are no single event
    assert np.flatnonzero(spikes(series)).tolist() == [20]


def test_five_blurred_frames_are_no_other_person(body):
    blurred = standing(300)
    blurred.keypoints[140:145, :, :2] += 25
    assert verdict(body, blurred)["figures"]["identity_jumps"] == 0
    other = standing(300)
    other.keypoints[140:, :, :2] += 25  # and stays
    assert verdict(body, other)["figures"]["identity_jumps"] == 1


def test_slow_motion_is_noticed_where_the_song_is_long_enough(body):
    slow, usual = moving(600), moving(600)
    usual.poses[:, 50] = 0.5 * np.sin(np.arange(600) / 4)
    assert "slow motion" in assess(slow, body)["cannot_tell"][0] and assess(usual, body)["cannot_tell"] == []
    assert assess(moving(300), body)["cannot_tell"] == []


def test_joints_that_a_mirror_image_moves_drop_the_song_and_are_placed(body):
    people = standing(300)
    unsure = [(45, 30.0), (60, 150.0), (75, 160.0)]
    found = assess(moving(300), body, keypoints2d=people, uncertainty=unsure, thresholds={"reprojection": 1e9})
    assert not found["keep"] and "uncertain by 113 mm" in found["reasons"][0]
    assert found["ranges"]["uncertainty"] == [[53, 83]]


def test_a_plain_room_in_which_no_foot_is_seen_is_said_to_be_undecided(body):
    people, signals = standing(300), calm(300)
    signals.background_corners[:] = 0
    for name in ("x", "y", "speed", "moving", "still"):
        getattr(signals, f"background_{name}")[:] = np.nan
    people.keypoints[:, [27, 28], 2] = 0.1
    found = verdict(body, people, signals)
    assert "camera_moves" not in found["figures"] and "whether the camera moves" in found["cannot_tell"][0]


# --- rendered dances, with the faults that videos have ---


@pytest.fixture(scope="module")
def film() -> Frames:
    """Five seconds of the demo, 640x480."""
    return dance()


def judge_video(video: Path, body: Body) -> dict:
    """The verdict on a video, from its pixels on."""
    recorder = ImageSignalRecorder()
    keypoints2d = estimate_keypoints2d(video, observer=recorder)
    return assess(recover(keypoints2d, body), body, keypoints2d=keypoints2d, image_signals=recorder.signals)


def judge(film: Frames, folder: Path, body: Body) -> dict:
    write_video(folder / "video.mp4", film)
    return judge_video(folder / "video.mp4", body)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_rendered_faults_are_dropped_with_the_right_reason_and_place(film, body, tmp_path, fault):
    spoil, name, place = FAULTS[fault]
    found = judge(spoil(film), tmp_path, body)
    wanted = next(c for c in CRITERIA if c.name == name)
    assert not found["keep"]
    assert any(reason.startswith(wanted.reason.split("{")[0]) for reason in found["reasons"]), found["reasons"]
    assert any(start <= place < stop for start, stop in found["ranges"][name]), found["ranges"]


def with_sound(pictures_of: Iterator[np.ndarray] | Frames, path: Path, fps: int) -> Path:
    write_video(path.with_suffix(".silent.mp4"), pictures_of, fps=fps)
    subprocess.run(
        [ffmpeg_exe(), "-v", "error", "-i", str(path.with_suffix(".silent.mp4")), "-f", "lavfi", "-i", "sine=440",
         "-c:v", "copy", "-c:a", "aac", "-shortest", str(path)], check=True,
    )  # fmt: skip
    return path


@pytest.mark.slow
@pytest.mark.parametrize("source", ["25 frames per second", "upside down with its rotation noted"])
def test_what_is_no_fault_is_kept(film, body, tmp_path, source):
    if source.startswith("25"):
        chosen = [film[k] for k in (np.arange(0, FRAMES * 25 // 30) * 30 // 25)]
        source_file = with_sound(chosen, tmp_path / "slow.mp4", 25)
    else:
        plain = with_sound(upside_down(film), tmp_path / "p.mp4", 30)
        source_file = tmp_path / "turned.mp4"
        subprocess.run(
            [ffmpeg_exe(), "-v", "error", "-display_rotation", "180", "-i", str(plain), "-c", "copy", str(source_file)],
            check=True,
        )
    standardise(source_file, tmp_path / "video.mp4", tmp_path / "audio.wav")
    found = judge_video(tmp_path / "video.mp4", body)
    assert found["keep"], found["reasons"]
    if source.startswith("25"):
        assert 23 < found["figures"]["picture_rate"] < 27


@pytest.mark.slow
@pytest.mark.parametrize(("clip", "good"), [("musepose_dance", True), ("pzsp_dance", True), ("mpm_dance", False)])
def test_real_clips_are_judged_as_a_person_would(shared_data, body, tmp_path, clip, good):
    standardise(shared_data / "clips" / f"{clip}.mp4", tmp_path / "video.mp4", tmp_path / "audio.wav")
    found = judge_video(tmp_path / "video.mp4", body)
    assert found["keep"] is good, found["reasons"]
    if not good:
        assert found["reasons"][0].startswith("several dancers: somebody else was seen in 100 %")
