"""EasyMocap as a backend, against a stand-in that checks what it is given and writes what EasyMocap writes."""

import json
import os
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from project_copy import copied_project
from synthetic_media import clicks, numbered_frame, read_number, write_source_video

from justlmd.body.model import LANDMARK_NAMES, load_body
from justlmd.core.errors import InputError
from justlmd.motion.motion import bridged
from justlmd.motion.smplfull import read_smplfull
from justlmd.pose.keypoints import Keypoints2D, write_keypoints2d
from justlmd.project.preflight import check_backends
from justlmd.recovery.easymocap import body25, fits_smpl_of, recover_with_easymocap
from justlmd.recovery.easymocap_setup import EASYMOCAP_COMMAND, EASYMOCAP_SMPL, easymocap_command

HERE = Path(__file__).parents[1]
FRAMES = 12
WIDTH, HEIGHT = 192, 64
WEIGHTS = (
    EASYMOCAP_SMPL,
    "data/smplx/J_regressor_body25.npy",
    "data/models/spin_checkpoint.pt",
    "data/models/smpl_mean_params.npz",
)
CONFIGS = ("config/model/smpl.yml", "config/data/multivideo.yml", "config/fit/1v1p.yml")


def checkout(folder: Path) -> dict[str, Any]:
    """A folder that looks like EasyMocap's with everything it needs, and the options that name it."""
    for name in (*WEIGHTS, *CONFIGS):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "apps/fit").mkdir(parents=True)
    shutil.copy(HERE / "helpers" / "stand_ins" / "easymocap_stand_in.py", folder / "apps/fit/fit.py")
    return {"root": str(folder), "python": sys.executable, "command": []}


@pytest.fixture
def options(tmp_path: Path) -> dict[str, Any]:
    return checkout(tmp_path / "Easy Mocap")  # with a blank: nothing here goes through a shell


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("video") / "video.mp4"
    return write_source_video(path, [Fraction(k, 30) for k in range(20)])


def standing(frames: int = 20, missing: tuple[int, ...] = (), width: int = WIDTH, height: int = HEIGHT) -> Keypoints2D:
    """2D points of an upright stick figure, from head to foot 3/4 of the frame, walking to the right."""
    shape = {
        "nose": (0, -0.9), "eye": (0.03, -0.93), "ear": (0.06, -0.92), "shoulder": (0.15, -0.7), "elbow": (0.2, -0.45),
        "wrist": (0.2, -0.2), "hip": (0.08, 0), "knee": (0.08, 0.4), "ankle": (0.08, 0.8), "heel": (0.08, 0.85),
        "foot_index": (0.12, 0.9),
    }  # fmt: skip
    points = np.full((frames, 33, 3), 0.0)
    for index, name in enumerate(LANDMARK_NAMES):
        side, _, part = name.partition("_")
        x, y = shape.get(name if name == "nose" else part.removesuffix("_inner").removesuffix("_outer"), (0.2, -0.15))
        points[:, index] = [x if side == "left" else -x, y, 0.9]
    middle = np.stack([width * np.linspace(0.3, 0.7, frames), np.full(frames, 0.5 * height)], 1)
    points[..., :2] = points[..., :2] * 0.4 * height + middle[:, None]
    points[list(missing)] = np.nan
    return Keypoints2D.made(points, np.full((frames, 33, 3), np.nan), (width, height), "by hand")


def test_body25_takes_its_points_from_where_openpose_has_them():
    points = standing(1).keypoints
    points[0, LANDMARK_NAMES.index("right_hip"), 2] = 0.2
    found = body25(points)[0]
    at = {name: points[0, index] for index, name in enumerate(LANDMARK_NAMES)}
    for index, name in {2: "right_shoulder", 7: "left_wrist", 10: "right_knee", 14: "left_ankle", 15: "right_eye",
                        18: "left_ear", 19: "left_foot_index", 21: "left_heel", 24: "right_heel"}.items():  # fmt: skip
        np.testing.assert_allclose(found[index], at[name])
    np.testing.assert_allclose(found[1, :2], (at["left_shoulder"] + at["right_shoulder"])[:2] / 2)
    np.testing.assert_allclose(found[8, :2], (at["left_hip"] + at["right_hip"])[:2] / 2)
    assert found[8, 2] == pytest.approx(0.2)
    assert not found[[20, 23]].any()
    points[0, LANDMARK_NAMES.index("nose"), 0] = np.nan
    assert not body25(points)[0, 0].any()


def test_the_stand_in_finds_everything_in_place_and_its_frames_become_one_motion(video, options, tmp_path):
    keypoints = standing()
    motion = recover_with_easymocap(video, keypoints, tmp_path / "work", options, start_frame=3, stop_frame=15)
    assert len(motion.valid) == FRAMES and motion.valid.all()
    np.testing.assert_allclose(motion.K, [[76.8, 0, 96], [0, 76.8, 32], [0, 0, 1]])
    pelvis = motion.Th + [0, 0.24, -0.03]
    seen = pelvis @ motion.K.T
    hips = body25(keypoints.keypoints)[3:15, 8, :2]
    assert np.abs(seen[:, :2] / seen[:, 2:] - hips).max() < 0.1  # EasyMocap's three decimals
    assert motion.shapes[0] == 0.25


def test_images_and_points_of_one_number_belong_together(tmp_path, options):
    wide = [np.repeat(np.repeat(numbered_frame(k), 4, 0), 4, 1) for k in range(20)]
    video = write_source_video(tmp_path / "recording.mp4", [Fraction(k, 30) for k in range(20)], frames=wide)
    keypoints = standing(width=4 * WIDTH, height=4 * HEIGHT)
    recover_with_easymocap(video, keypoints, tmp_path / "work", options, start_frame=5, stop_frame=17)
    images = sorted((tmp_path / "work/images/video").iterdir())
    assert [image.name for image in images] == [f"{k:06d}.jpg" for k in range(12)]
    assert [read_number(cv2.imread(str(image))) for image in images] == list(range(5, 17))
    for index in (0, 11):
        annotation = json.loads((tmp_path / f"work/annots/video/{index:06d}.json").read_text())
        nose = annotation["annots"][0]["keypoints"][0]
        np.testing.assert_allclose(nose, keypoints.keypoints[5 + index, 0], atol=1e-3)


def test_the_cameras_are_readable_by_opencv_itself(video, options, tmp_path):
    recover_with_easymocap(video, standing(), tmp_path / "work", options, stop_frame=4, focal=123.0)
    for name, key, expected in (
        ("intri.yml", "K_video", [[123, 0, 96], [0, 123, 32], [0, 0, 1]]),
        ("intri.yml", "dist_video", np.zeros((1, 5))),
        ("extri.yml", "Rot_video", np.eye(3)),
        ("extri.yml", "R_video", np.zeros((3, 1))),
        ("extri.yml", "T_video", np.zeros((3, 1))),
    ):
        storage = cv2.FileStorage(str(tmp_path / "work" / name), cv2.FILE_STORAGE_READ)
        np.testing.assert_array_equal(storage.getNode(key).mat(), expected)
        names = storage.getNode("names")
        assert [names.at(i).string() for i in range(names.size())] == ["video"]


def test_frames_without_a_person_are_missing_frames_not_failures(video, options, tmp_path):
    keypoints = standing(20, missing=(0, 1, 5, 6, 9, 10, 11, 12, 13, 19))
    motion = recover_with_easymocap(video, keypoints, tmp_path / "100%d of it", options, longest_gap=3)
    np.testing.assert_array_equal(np.flatnonzero(~motion.valid), [0, 1, 9, 10, 11, 12, 13, 19])
    assert len(motion.valid) == 20


def test_a_song_in_which_nobody_is_seen_is_a_verdict_and_starts_nothing(video, tmp_path):
    keypoints = standing(20, missing=tuple(range(20)))
    options = {"root": "/nowhere", "python": "/nowhere", "command": []}
    motion = recover_with_easymocap(video, keypoints, tmp_path / "work", options)
    assert len(motion.valid) == 20 and not motion.valid.any()
    assert not (tmp_path / "work").exists()


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(video, options, tmp_path, monkeypatch):
    work = tmp_path / "work"
    results = work / "output-smpl-3d/smplfull/video"
    monkeypatch.setenv("STAND_IN_CRASH_AFTER", "4")
    with pytest.raises(InputError, match=r"code 1: CUDA out of memory.*easymocap\.log"):
        recover_with_easymocap(video, standing(), work, options, stop_frame=FRAMES)
    kept = {path: path.stat().st_mtime_ns for path in sorted(results.iterdir())[:4]}
    assert len(list(results.iterdir())) == 5, "the fifth is half-written"
    images = {path: path.stat().st_mtime_ns for path in (work / "images/video").iterdir()}
    (work / "cache_spin/video/000002.json").write_text('[{"id"')  # half-written, too

    monkeypatch.delenv("STAND_IN_CRASH_AFTER")
    motion = recover_with_easymocap(video, standing(), work, options, stop_frame=FRAMES)
    assert motion.valid.all() and len(motion.valid) == FRAMES
    assert {path: path.stat().st_mtime_ns for path in (*kept, *images)} == kept | images
    assert "fitted 8 frames" in (work / "easymocap.log").read_text()

    shutil.rmtree(options["root"])  # everything is there: nothing is started
    again = recover_with_easymocap(video, standing(), work, options, stop_frame=FRAMES)
    np.testing.assert_array_equal(again.Th, motion.Th)


def test_work_on_other_points_is_not_taken_up(video, options, tmp_path):
    work = tmp_path / "work"
    first = recover_with_easymocap(video, standing(), work, options, stop_frame=FRAMES)
    moved = standing()
    moved.keypoints[..., 0] += 5
    second = recover_with_easymocap(video, moved, work, options, stop_frame=FRAMES)
    assert (second.Th[:, 0] > first.Th[:, 0] + 0.05).all()
    third = recover_with_easymocap(video, moved, work, options, stop_frame=FRAMES, focal=200.0)
    assert (third.Th[:, 2] > 2 * second.Th[:, 2]).all()


def test_frames_that_are_not_numbers_are_missing_frames(video, options, tmp_path):
    work = tmp_path / "work"
    recover_with_easymocap(video, standing(), work, options, stop_frame=FRAMES)
    result = work / "output-smpl-3d/smplfull/video/000007.json"
    result.write_text(result.read_text().replace("3.142", "nan").replace("nan", "NaN"))
    motion = recover_with_easymocap(video, standing(), work, options, stop_frame=FRAMES)
    np.testing.assert_array_equal(np.flatnonzero(~motion.valid), [7])


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (
            "import sys; print('reading'); sys.exit('RuntimeError: CUDA error: no kernel image')",
            ["CUDA error", "code 1"],
        ),
        ("print('all is well')", ["wrote nothing"]),
    ],
)
def test_a_failing_easymocap_is_reported_with_its_last_word_and_its_log(video, options, tmp_path, program, words):
    (Path(options["root"]) / "apps/fit/fit.py").write_text(program)
    with pytest.raises(InputError) as caught:
        recover_with_easymocap(video, standing(), tmp_path / "work", options, stop_frame=FRAMES)
    for word in [*words, "easymocap.log"]:
        assert word in str(caught.value)
    assert (tmp_path / "work/images/video").is_dir(), "the work so far is kept"


def test_a_program_that_cannot_be_started_and_a_video_that_is_too_short_are_named(video, options, tmp_path):
    with pytest.raises(InputError, match=r"/nowhere/python: cannot be started"):
        recover_with_easymocap(video, standing(), tmp_path / "a", options | {"python": "/nowhere/python"})
    with pytest.raises(InputError, match=r"20 of 25 images"):
        recover_with_easymocap(video, standing(25), tmp_path / "b", options)


def test_gaps_are_bridged_up_to_the_given_length():
    seen = np.array([0, 1, 0, 0, 1, 0, 0, 0, 1, 0], bool)
    np.testing.assert_array_equal(bridged(seen, 2), [0, 1, 1, 1, 1, 0, 0, 0, 1, 0])
    assert not bridged(np.zeros(4, bool), 10).any()


def test_shape_parameters_belong_to_the_body_only_if_it_is_the_file_that_easymocap_fits(options):
    body = load_body()
    assert not fits_smpl_of(options, body)
    model = Path(options["root"]) / EASYMOCAP_SMPL
    shutil.copy(HERE.parent / "justlmd/data/free_body.npz", model)
    assert fits_smpl_of(options, body)


# Before any job starts.


def config(**changed: Any) -> dict[str, Any]:
    mmpose = {"model": "body26", "weights": "", "detector": "", "detector_weights": ""}
    content = {
        "recovery": "fit",
        "easymocap": {"root": "", "python": "", "command": []},
        "pose": "mediapipe",
        "mmpose": mmpose,
    }
    return content | changed


def test_the_defaults_need_nothing_and_a_complete_easymocap_passes(options):
    check_backends(config())
    check_backends(config(recovery="easymocap", easymocap=options))


@pytest.mark.parametrize("name", [*WEIGHTS, *CONFIGS, "apps/fit/fit.py"])
def test_each_missing_file_of_easymocap_is_named_with_what_it_is(options, name):
    (Path(options["root"]) / name).unlink()
    with pytest.raises(InputError) as caught:
        check_backends(config(recovery="easymocap", easymocap=options))
    lines = str(caught.value).splitlines()
    assert len(lines) == 2 and f"{Path(options['root']) / name} is missing; it is" in lines[0]
    assert "docs/gpu-backends.md" in lines[1]


def test_missing_folders_programs_and_weights_are_all_named_at_once(tmp_path):
    wrong = {"root": str(tmp_path / "none"), "python": str(tmp_path / "python"), "command": []}
    mmpose = {"model": "mine.py", "weights": "mine.pth", "detector": "", "detector_weights": "https://x.org/d.pth"}
    with pytest.raises(InputError) as caught:
        check_backends(config(recovery="easymocap", easymocap=wrong, pose="mmpose", mmpose=mmpose))
    message = str(caught.value)
    for word in ("none", "python", "mine.py", "mine.pth"):
        assert word in message
    assert "d.pth" not in message
    with pytest.raises(InputError, match="are needed"):
        check_backends(config(recovery="easymocap"))


def test_the_command_is_a_list_in_which_only_the_folder_is_filled_in():
    options = {"root": "/r", "python": "/p", "command": ["apps/demo/mocap.py", "{data}", "--mono", "$(x)"]}
    command = easymocap_command(options, Path("/some where"))
    assert command == ["/p", "apps/demo/mocap.py", "/some where", "--mono", "$(x)"]
    command = easymocap_command(options | {"python": "env/bin/python"}, Path("/data"))
    assert command[0] == str(Path.cwd() / "env/bin/python"), "it is started in another folder"
    assert easymocap_command(options | {"python": "python3.10"}, Path("/data"))[0] == "python3.10"
    command = easymocap_command(options | {"command": []}, Path("/data"))
    assert command[:2] == ["/p", EASYMOCAP_COMMAND[0]] and "/data/output-smpl-3d" in command


# The workflow.


@pytest.mark.workflow
@pytest.mark.slow
def test_the_workflow_drives_easymocap_from_video_to_smplfull(repo, tmp_path):
    project = copied_project(repo, tmp_path / "project")
    (project / "words.lrc").write_text("[00:00.50]here we go\n[00:01.20]round and round\n[00:01.60]\n")
    (project / "songs.tsv").write_text("id\turl\tlyrics\nshort\trecording.mp4\twords.lrc\n")
    write_source_video(project / "recording.mp4", [Fraction(k, 30) for k in range(240)], clicks(8, [1, 2]))
    options = checkout(project / "EasyMocap")
    config = ["recovery=easymocap", f"easymocap={{root: EasyMocap, python: {sys.executable}}}"]

    def snakemake(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "snakemake",
                *arguments,
                "--cores",
                "2",
                "--resources",
                "gpu=1",
                "--config",
                *config,
            ],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | environment,
        )

    song = project / "results/songs/short"
    first = snakemake(*(f"results/songs/short/{name}" for name in ("video.mp4", "sliced.json")))
    assert first.returncode == 0, first.stderr
    write_keypoints2d(song / "keypoints2d.npz", standing(240, missing=(30, 31)))

    target = "results/songs/short/smplfull.json"
    crashed = snakemake(target, STAND_IN_CRASH_AFTER="50")
    # The first attempt wrote 50 frames and the second, which the rule asks for, 50 more.
    assert crashed.returncode != 0
    assert "ERROR  short  recovery: EasyMocap ended with code 1: CUDA out of memory" in crashed.stderr
    assert len(list((song / "easymocap/output-smpl-3d/smplfull/video").glob("*.json"))) > 50
    done = snakemake(target)
    assert done.returncode == 0, done.stderr
    assert "EasyMocap" in done.stderr
    motion = read_smplfull(song / "smplfull.json")
    assert len(motion.valid) >= 180 and motion.valid.all()
    assert json.loads((song / "smplfull.meta.json").read_text())["body_model"]["name"] == "smpl"
    assert not (song / "easymocap").exists(), "what lay between is gone"

    (Path(project) / options["root"] / WEIGHTS[2]).unlink()
    refused = snakemake(target, "--forcerun", "recovery")
    assert refused.returncode != 0
    assert "spin_checkpoint.pt is missing" in refused.stderr
