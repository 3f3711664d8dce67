"""MMPose as a backend: its results become our 2D points, the dancer is chosen, and 2D points alone can be fitted."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stand_ins.mmpose_stand_in import MAKE_PACKAGE
from synthetic_media import clicks, write_source_video

from justlmd.body.kinematics import joint_transforms, landmarks
from justlmd.body.model import LANDMARK_NAMES, load_body
from justlmd.core.errors import InputError
from justlmd.motion.motion import FLIP, to_yup
from justlmd.motion.smplfull import read_smplfull
from justlmd.pose.keypoints import Keypoints2D, read_keypoints2d
from justlmd.pose.lifting import completed
from justlmd.pose.mmpose import LAYOUTS, LONGEST_ABSENCE, keypoints2d_from_mmpose
from justlmd.pose.tracking import choose, follow
from justlmd.quality.image_signals import read_image_signals
from justlmd.recovery.fit import recover

BODY = load_body()
WIDTH, HEIGHT = 640, 360
# The order of COCO-WholeBody and Halpe, written down apart from the table that is tested.
COCO17 = ["nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
          "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
          "right_ankle"]  # fmt: skip
HALPE26 = [*COCO17, "head", "neck", "hip", "left_foot_index", "right_foot_index", "left_small_toe", "right_small_toe",
           "left_heel", "right_heel"]  # fmt: skip
FEET = ["left_foot_index", "left_small_toe", "left_heel", "right_foot_index", "right_small_toe", "right_heel"]
HAND = ["hand_root", *(f"{finger}{k}" for finger in ("thumb", "forefinger", "middle", "ring", "pinky_finger")
                       for k in (1, 2, 3, 4))]  # fmt: skip
WHOLEBODY = [*COCO17, *FEET, *(f"face-{k}" for k in range(68)), *(f"left_{name}" for name in HAND),
             *(f"right_{name}" for name in HAND)]  # fmt: skip


def instance(points: np.ndarray, score: float = 0.8, bbox: Any = None) -> dict[str, Any]:
    low, high = points.min(0), points.max(0)
    box = [*low.tolist(), *high.tolist()] if bbox is None else bbox
    return {"keypoints": points.tolist(), "keypoint_scores": [score] * len(points), "bbox": [box], "bbox_score": 0.9}


def person(x: float, size: float = 100.0, count: int = 17) -> dict[str, Any]:
    """Somebody at ``x`` pixels; point i stands at a place that tells i."""
    index = np.arange(count)
    return instance(np.stack([x + size * (index % 5) / 10, 100 + size * index / count], 1))


def dumped(frames: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [{"frame_id": k, "instances": found} for k, found in enumerate(frames)]


@pytest.mark.parametrize(("order", "layout"), [(COCO17, "coco"), (HALPE26, "halpe26"), (WHOLEBODY, "wholebody")])
def test_every_landmark_is_taken_from_where_the_layout_has_it(order, layout):
    found = keypoints2d_from_mmpose(dumped([[person(100, count=len(order))]]), 1, WIDTH, HEIGHT)
    points = np.array(person(100, count=len(order))["keypoints"])
    same = set(order) & set(LANDMARK_NAMES)
    renamed = {}
    if layout == "wholebody":
        for side in ("left", "right"):
            renamed |= {f"{side}_index": f"{side}_forefinger1", f"{side}_pinky": f"{side}_pinky_finger1",
                        f"{side}_thumb": f"{side}_thumb2"}  # fmt: skip
        # the 68 points of a face: eyes from 36 on, first the right one from its outer corner, mouth from 48 on
        renamed |= {"right_eye_outer": "face-36", "right_eye_inner": "face-39", "left_eye_inner": "face-42",
                    "left_eye_outer": "face-45", "mouth_right": "face-48", "mouth_left": "face-54"}  # fmt: skip
    for index, name in enumerate(LANDMARK_NAMES):
        source = name if name in same else renamed.get(name)
        if source is None:
            assert np.isnan(found.keypoints[0, index]).all(), name
        else:
            expected = [*points[order.index(source)], 0.8]
            np.testing.assert_allclose(found.keypoints[0, index], expected, rtol=1e-5, err_msg=name)
    assert str(found.backend) == f"mmpose-{layout}"
    assert np.isnan(found.world).all() and found.detected.all()


def test_all_the_shapes_in_which_mmpose_writes_a_video_are_read():
    frames = [[person(100 + k)] for k in range(3)]
    plain = keypoints2d_from_mmpose(dumped(frames), 3, WIDTH, HEIGHT).keypoints
    demo = {"meta_info": {}, "instance_info": [{"frame_id": k + 1, "instances": f} for k, f in enumerate(frames)]}
    without_boxes = [[{key: one[key] for key in ("keypoints", "keypoint_scores")} for one in f] for f in frames]
    for other in (frames, demo, without_boxes):
        np.testing.assert_array_equal(keypoints2d_from_mmpose(other, 3, WIDTH, HEIGHT).keypoints, plain)


def test_frames_without_the_dancer_are_missing_and_scores_are_confidences():
    frames: list[list[dict[str, Any]]] = [[person(200)], [], [person(202)]]
    frames[2][0]["keypoint_scores"][0] = 1.07  # SimCC's scores may be above 1
    frames[2][0]["keypoints"][5] = [float("nan"), 3.0]
    found = keypoints2d_from_mmpose(dumped(frames), 3, WIDTH, HEIGHT)
    np.testing.assert_array_equal(found.detected, [True, False, True])
    assert np.isnan(found.keypoints[1]).all()
    assert found.keypoints[2, LANDMARK_NAMES.index("nose"), 2] == 1
    assert np.isnan(found.keypoints[2, LANDMARK_NAMES.index("left_shoulder")]).all()
    empty = keypoints2d_from_mmpose([[], []], 2, WIDTH, HEIGHT)
    assert not empty.detected.any()


def chosen(frames: list[list[dict[str, Any]]]) -> np.ndarray:
    """x of the chosen person's nose in every frame."""
    return keypoints2d_from_mmpose(dumped(frames), len(frames), WIDTH, HEIGHT).keypoints[:, 0, 0]


def test_the_dancer_is_the_large_and_central_one_whatever_the_order_of_people():
    rng = np.random.default_rng(0)
    frames = [[person(280 + k), person(20, 60), person(560, 110)] for k in range(30)]
    frames = [[found[i] for i in rng.permutation(3)] for found in frames]
    np.testing.assert_allclose(chosen(frames), 280 + np.arange(30))


def test_somebody_large_who_passes_by_is_not_the_dancer_and_nobody_takes_a_missing_dancers_place():
    frames = [[person(300, 120)] for _ in range(60)]
    for k in range(20, 28):
        frames[k].append(person(40 * (k - 19), 250))
    for k in range(40, 45):
        frames[k] = [person(20, 60)]
    x = chosen(frames)
    np.testing.assert_array_equal(np.isnan(x), np.isin(np.arange(60), np.arange(40, 45)))
    np.testing.assert_allclose(x[~np.isnan(x)], 300)


def test_two_people_who_cross_keep_their_names_where_boxes_tell_them_apart():
    frames = [[person(200 + 4 * k, 160), person(440 - 4 * k, 80)] for k in range(60)]
    np.testing.assert_allclose(chosen(frames), 200 + 4 * np.arange(60))


@pytest.mark.parametrize(("place", "x"), [("left", 20), ("center", 280), ("right", 520), ("", 280)])
def test_the_song_table_names_the_dancer_by_place(place, x):
    frames = [[person(280, 80), person(520, 90), person(20, 90)] for _ in range(30)]
    found = keypoints2d_from_mmpose(dumped(frames), 30, WIDTH, HEIGHT, place=place)
    np.testing.assert_allclose(found.keypoints[:, 0, 0], x)
    assert not found.doubtful.any()


def test_where_two_people_meet_the_frames_are_doubtful():
    frames = [[person(300 + 4 * k, 120), person(420 - 4 * k, 120)] for k in range(30)]
    found = keypoints2d_from_mmpose(dumped(frames), 30, WIDTH, HEIGHT, place="left")
    assert np.flatnonzero(found.doubtful).min() >= 10 and np.flatnonzero(found.doubtful).max() <= 20


def test_who_stands_beside_the_dancer_is_counted_without_searching_again():
    faint = person(20, 90) | {"keypoint_scores": [0.2] * 17}
    frames = [[person(280, 120)], [person(280, 120), person(520, 90)], [person(280, 120), person(20, 50), faint], []]
    found = keypoints2d_from_mmpose(dumped(frames), 4, WIDTH, HEIGHT)
    np.testing.assert_array_equal(found.searched, range(4))
    np.testing.assert_array_equal(found.other_frames, [1])
    np.testing.assert_allclose(found.other_boxes, [frames[1][1]["bbox"][0]], rtol=1e-6)


def dancer(boxes: list[list[np.ndarray]], width: int, height: int) -> dict[int, int]:
    return choose(follow(boxes, LONGEST_ABSENCE), boxes, width, height).seen


def test_who_is_away_for_more_than_a_second_is_somebody_else():
    box = np.array([300.0, 100, 380, 300])
    boxes = [[box]] * 10 + [[]] * 40 + [[box]] * 30
    assert sorted(dancer(boxes, WIDTH, HEIGHT)) == list(range(50, 80))
    assert len(dancer([[box]] * 10 + [[]] * 20 + [[box]] * 30, WIDTH, HEIGHT)) == 40
    assert dancer([[], []], WIDTH, HEIGHT) == {}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.tuples(*[st.floats(-50, 700)] * 4), max_size=3), max_size=8))
def test_any_boxes_give_each_frame_at_most_one_dancer(boxes):
    arrays = [[np.array(box) for box in frame] for frame in boxes]
    for frame, index in dancer(arrays, WIDTH, HEIGHT).items():
        assert 0 <= index < len(boxes[frame])


@pytest.mark.parametrize(
    ("predictions", "words"),
    [
        ("text", ["not a list of frames"]),
        ({"other": 1}, ["not a list of frames"]),
        ([{"instances": 3}], ["frame 0"]),
        ([[{"keypoints": [[1, 2]]}]], ["frame 0", "keypoint_scores"]),
        ([[{"keypoints": [[1, 2], [3, 4]], "keypoint_scores": [1]}]], ["frame 0"]),
        ([[{"keypoints": "x", "keypoint_scores": []}]], ["frame 0"]),
        ([[person(1, count=21)]], ["[21] points", "17 (coco)", "133 (wholebody)"]),
        ([[person(1)], [person(1)]], ["2 frames, but the video has 1"]),
    ],
)
def test_other_content_is_refused_with_the_frame_and_the_reason(predictions, words):
    with pytest.raises(InputError) as caught:
        keypoints2d_from_mmpose(predictions, 1, WIDTH, HEIGHT, "mmpose.json")
    for word in [*words, "mmpose.json"]:
        assert word in str(caught.value)


# From 2D points alone to motion.


def seen_dance(shared_data: Path, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks (T, 33, 3) and joints (T, 24, 3) in metres of a dance in front of its camera."""
    path = shared_data / "motion" / "MONTEROCallMebyYourNamebyLilNasXJustDance2022" / "smplfull.json"
    moving = to_yup(read_smplfull(path).cut(first, last), BODY, floor=0.0, own_shapes=False)
    transforms = joint_transforms(BODY, moving.global_orient, moving.body_pose, moving.transl)
    return landmarks(transforms, BODY.landmark_offsets) * FLIP, transforms[..., :3, 3] * FLIP


def projected(points: np.ndarray, layout: int) -> Keypoints2D:
    """What a perfect 2D network would have found, in one of MMPose's layouts."""
    pixels = points[..., :2] / points[..., 2:] * 864 + [640, 360]
    keypoints = np.full((*pixels.shape[:2], 3), np.nan, np.float32)
    for name in LAYOUTS[layout][1]:
        index = LANDMARK_NAMES.index(name)
        keypoints[:, index, :2], keypoints[:, index, 2] = pixels[:, index], 0.9
    detected = np.ones(len(points), bool)
    return Keypoints2D.made(keypoints, np.full_like(keypoints, np.nan), (1280, 720), "mmpose", detected=detected)


@pytest.mark.parametrize("layout", [17, 26, 133])
def test_2d_points_alone_are_completed_without_moving_what_was_seen(shared_data, layout):
    points, _ = seen_dance(shared_data, 900, 960)
    seen = projected(points, layout)
    seen.keypoints[7] = np.nan
    full = completed(seen, BODY)
    known = np.isfinite(seen.keypoints)
    np.testing.assert_array_equal(full.keypoints[known], seen.keypoints[known])
    others = np.arange(60) != 7
    assert np.isfinite(full.keypoints[others]).all() and np.isfinite(full.world[others]).all()
    assert np.isnan(full.keypoints[7]).all()
    guessed = others[:, None] & ~known[..., 0]
    assert (full.keypoints[..., 2][guessed] == 0).all()
    if layout == 17:  # heels and toes are not far from where they would be seen
        pixels = points[..., :2] / points[..., 2:] * 864 + [640, 360]
        heels = [LANDMARK_NAMES.index(f"{side}_heel") for side in ("left", "right")]
        apart = np.linalg.norm(full.keypoints[:, heels, :2] - pixels[:, heels], axis=-1)[others]
        assert apart.mean() < 60  # the dancer is about 450 pixels tall


def test_world_landmarks_that_are_there_stay_as_they_are(shared_data):
    points, _ = seen_dance(shared_data, 900, 910)
    seen = projected(points, 133)
    seen = replace(seen, world=points.astype(np.float32))
    np.testing.assert_array_equal(completed(seen, BODY).world, seen.world)


@pytest.mark.parametrize("layout", [17, 26])
def test_the_fit_works_from_2d_points_alone(shared_data, layout):
    points, truth = seen_dance(shared_data, 900, 1050)
    motion = recover(projected(points, layout), BODY)
    assert motion.valid.all()
    found = to_yup(motion, BODY, floor=0.0).joints(BODY) * FLIP
    # Depth is a guess: arms and legs lean the right way most of the time, the picture fits all of the time.
    error = (found - found[:, :1]) - (truth - truth[:, :1])
    body = [1, 2, 4, 5, 7, 8, 12, 15, 16, 17, 18, 19, 20, 21]
    assert np.linalg.norm(error[:, body], axis=-1).mean() < 0.12
    pixels = [where[..., :2] / where[..., 2:] * 864 for where in (found, truth)]
    assert np.linalg.norm(pixels[0] - pixels[1], axis=-1)[:, body].mean() < 16


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_any_2d_points_whatever_are_completed_to_finite_numbers(seed):
    rng = np.random.default_rng(seed)
    points = rng.choice([0.0, 1.0, 640.0, 1e4, np.nan], (4, 33, 3))
    points[0] = 5.0
    seen = replace(projected(np.ones((4, 33, 3)), 17), keypoints=points.astype(np.float32))
    full = completed(seen, BODY)
    usable = np.isfinite(points[:, [11, 12, 23, 24]]).all((1, 2))
    np.testing.assert_array_equal(full.detected, usable)
    assert np.isfinite(full.keypoints[usable]).all() and np.isfinite(full.world[usable]).all()


# The program that runs MMPose.


@pytest.fixture
def mmpose(tmp_path: Path) -> dict[str, str]:
    """An environment in which ``import mmpose`` finds the stand-in."""
    for name, text in MAKE_PACKAGE.items():
        (tmp_path / "packages" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "packages" / name).write_text(text)
    python = Path(sys.executable).parent
    return os.environ | {
        "PYTHONPATH": str(tmp_path / "packages"),
        "MMPOSE_STAND_IN": str(tmp_path / "told.json"),
        "PATH": f"{python}{os.pathsep}{os.environ['PATH']}",
    }


def tell(tmp_path: Path, frames: list[list[dict[str, Any]]], **expected: Any) -> None:
    told = [[one | {"bbox": one["bbox"][0]} for one in found] for found in frames]
    (tmp_path / "told.json").write_text(json.dumps({"expected": expected, "frames": told}))


def run_program(repo: Path, tmp_path: Path, environment: dict[str, str], *arguments: str) -> Any:
    (tmp_path / "video.mp4").touch()
    files = {"--video": "video.mp4", "--output": "out.json", "--log": "mmpose.log"}
    paths = [part for key, name in files.items() for part in (key, str(tmp_path / name))]
    command = [sys.executable, str(repo / "workflow_scripts/pose_mmpose.py"), *paths, "--song", "a", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)


def test_the_program_writes_what_the_inferencer_finds(repo, tmp_path, mmpose):
    frames: list[list[dict[str, Any]]] = [[person(300), person(20)], [], [person(302)]]
    tell(tmp_path, frames, pose2d="body26", pose2d_weights="w.pth", det_model="rtmdet", det_cat_ids=[0], device="cpu")
    result = run_program(repo, tmp_path, mmpose, "--model", "body26", "--weights", "w.pth", "--detector", "rtmdet",
                         "--device", "cpu")  # fmt: skip
    assert result.returncode == 0, result.stderr + (tmp_path / "mmpose.log").read_text()
    assert result.stderr.startswith("done   a  mmpose") and "3 people in 3 frames" in result.stderr
    written = json.loads((tmp_path / "out.json").read_text())
    assert [frame["frame_id"] for frame in written] == [0, 1, 2]
    found = keypoints2d_from_mmpose(written, 3, WIDTH, HEIGHT)
    np.testing.assert_array_equal(found.detected, [True, False, True])


def test_by_default_the_model_brings_its_own_weights_and_detector(repo, tmp_path, mmpose):
    tell(tmp_path, [[person(100)]], pose2d="body26")
    result = run_program(repo, tmp_path, mmpose, "--model", "body26", "--weights", "", "--detector", "")
    assert result.returncode == 0, (tmp_path / "mmpose.log").read_text()


def test_a_missing_mmpose_and_an_unknown_model_are_one_line(repo, tmp_path, mmpose):
    missing = run_program(repo, tmp_path, mmpose | {"PYTHONPATH": ""}, "--model", "body26")
    assert missing.returncode == 1
    assert missing.stderr.count("\n") == 1 and "ERROR  a  mmpose: MMPose cannot be imported" in missing.stderr
    tell(tmp_path, [])
    unknown = run_program(repo, tmp_path, mmpose, "--model", "nonsense")
    assert unknown.returncode == 1 and "MMPose cannot open the model 'nonsense'" in unknown.stderr
    assert not (tmp_path / "out.json").exists()


@pytest.mark.workflow
@pytest.mark.slow
def test_the_workflow_takes_the_dancer_from_mmpose(repo, tmp_path, mmpose):
    project = tmp_path / "project"
    for name in ("rules", "workflow_scripts", "envs", "report", "justlmd", "model", "demo", "profiles"):
        shutil.copytree(repo / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "config.yaml"):
        shutil.copy(repo / name, project / name)
    (project / "words.lrc").write_text("[00:00.50]here we go\n[00:01.20]round and round\n[00:01.60]\n")
    (project / "songs.tsv").write_text("id\turl\tlyrics\nshort\tfilm.mp4\twords.lrc\n")
    write_source_video(project / "film.mp4", [Fraction(k, 30) for k in range(60)], clicks(2, [1]))
    model = "rtmpose-m_8xb512-700e_body8-halpe26-256x192"
    tell(tmp_path, [[person(60 + k % 3, 50, 26)] for k in range(60)], pose2d=model)
    target = "results/songs/short/keypoints2d.npz"
    command = [sys.executable, "-m", "snakemake", target, "--cores", "2", "--resources", "gpu=1"]
    result = subprocess.run(
        [*command, "--config", "pose=mmpose"],
        cwd=project, capture_output=True, text=True, check=False, env=mmpose,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = read_keypoints2d(project / target)
    assert str(found.backend) == "mmpose-halpe26" and found.detected.all() and len(found.detected) == 60
    assert np.isfinite(found.keypoints).all(), "what Halpe does not have is guessed"
    guessed = LANDMARK_NAMES.index("left_thumb")
    assert (found.keypoints[:, guessed, 2] == 0).all() and (found.keypoints[:, 0, 2] > 0).all()
    np.testing.assert_allclose(found.keypoints[:, 0, 0], 60 + np.arange(60) % 3)
    assert len(read_image_signals(project / "results/songs/short/image_signals.npz").change) == 60
