"""Files in the formats that other programs write, made from known motion, come back with the same joints.

The truth is computed apart from the readers: :func:`joints_of` is forward kinematics by SMPL's definition with any rest
pelvis. Tolerance 1e-5 m; what no camera has seen may stand elsewhere, so there the joints agree up to one shift.
"""

import pickle
import shutil
import subprocess
import sys
import zlib
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from justlmd.body.model import PARENTS, load_body
from justlmd.core.errors import InputError
from justlmd.core.safe_pickle import read_pickle
from justlmd.export.amass import write_amass
from justlmd.motion.importers.formats import read_any_motion
from justlmd.motion.importers.joint_positions import poses_from_joints
from justlmd.motion.importers.source import SMPLX_PELVIS
from justlmd.motion.motion import CameraMotion, Motion, to_yup
from justlmd.motion.smplfull import read_smplfull, write_smplfull
from justlmd.motion.song_motion import SongMotion, read_motion_meta, write_song_motion

BODY = load_body()
REST = BODY.rest_joints()
FRAMES = 12
SMPLX_REST = REST - REST[0] + SMPLX_PELVIS
# World axes in which files are written: columns are x, y, z of the y-up world.
Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
Y_DOWN = np.diag([1.0, -1, -1])


def joints_of(orient: np.ndarray, pose: np.ndarray, transl: np.ndarray, rest: np.ndarray = REST) -> np.ndarray:
    """Joints (T, 24, 3) by SMPL's definition: the root turns about the rest pelvis, then comes the translation."""
    local = Rotation.from_rotvec(np.concatenate([orient, pose], 1).reshape(-1, 3)).as_matrix().reshape(-1, 24, 3, 3)
    turn, place = [local[:, 0]], [rest[0] + transl]
    for joint in range(1, 24):
        parent = PARENTS[joint]
        place.append(place[parent] + turn[parent] @ (rest[joint] - rest[parent]))
        turn.append(turn[parent] @ local[:, joint])
    return np.stack(place, 1)


def swaying(frames: int = FRAMES, hands: bool = True, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A body that stands, sways and walks a little, y up: orient (T, 3), pose (T, 69), transl (T, 3)."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames)[:, None] / 30
    pose = 0.3 * np.sin(2 * np.pi * time * rng.uniform(0.2, 1, 69) + rng.uniform(0, 6, 69))
    if not hands:
        pose[:, 63:] = 0
    orient = Rotation.from_euler("yxz", np.concatenate([time + 0.4, 0.1 * np.sin(time), 0.05 * time], 1)).as_rotvec()
    return orient, pose, np.concatenate([0.3 * np.sin(time), 0.95 + 0.05 * np.cos(3 * time), 0.2 * time], 1)


def seen_by_camera(hands: bool = True, frames: int = FRAMES) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same in camera axes (y down), three metres away; transl as SMPL's layer wants it."""
    orient, pose, _ = swaying(frames, hands)
    turned = (Rotation.from_matrix(Y_DOWN) * Rotation.from_rotvec(orient)).as_rotvec()
    return turned, pose, np.tile([0.1, 0.3, 3.0], (frames, 1)) + 0.01 * np.arange(frames)[:, None]


def camera_joints(motion: CameraMotion) -> np.ndarray:
    """Joints by EasyMocap's formula x = R(Rh) smpl(poses, shapes) + Th, about the template's origin."""
    rest = BODY.rest_joints(motion.shapes)
    still = joints_of(motion.poses[:, :3], motion.poses[:, 3:], np.zeros((len(motion.Th), 3)), rest)
    turn = Rotation.from_rotvec(motion.Rh).as_matrix()
    return np.einsum("tab,tjb->tja", turn, still) + motion.Th[:, None]


def y_up_joints(motion: CameraMotion) -> np.ndarray:
    return to_yup(motion, BODY).joints(BODY)


def assert_same_but_for_a_shift(found: np.ndarray, expected: np.ndarray) -> None:
    shift = found - expected
    np.testing.assert_allclose(shift, np.broadcast_to(shift[0, 0], shift.shape), atol=1e-5)


def save_pickle(path: Path, content: Any, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


# What our own programs and the original write.


def test_smplfull_is_taken_as_it_is_and_its_shapes_are_smpls(tmp_path):
    orient, pose, transl = seen_by_camera()
    poses = np.concatenate([np.zeros((FRAMES, 3)), pose], 1)
    motion = CameraMotion(poses, orient, transl, np.full(10, 0.5), np.eye(3), np.ones(FRAMES, bool))
    write_smplfull(tmp_path / "smplfull.json", motion)
    found = read_any_motion(tmp_path / "smplfull.json", BODY)
    assert found.from_first_line and not found.own_body
    np.testing.assert_allclose(found.motion.poses, poses, atol=1e-7)
    song = SongMotion.made(motion, BODY, "fit", 0.0)
    write_song_motion(tmp_path / "smplfull.json", tmp_path / "smplfull.meta.json", song)
    assert read_any_motion(tmp_path / "smplfull.json", BODY).own_body


@pytest.mark.parametrize("up", ["y", "z"])
def test_our_own_amass_export_comes_back_with_its_shape(tmp_path, up):
    orient, pose, transl = swaying(hands=False)
    betas = np.linspace(-1, 1, 10)
    moving = Motion(orient, pose, transl, betas, np.arange(FRAMES) != 3)
    write_amass(tmp_path / "motion.npz", moving, BODY, up=up)
    found = read_any_motion(tmp_path / "motion.npz", BODY)
    assert found.from_first_line and found.own_body
    np.testing.assert_array_equal(found.motion.shapes, betas)
    np.testing.assert_array_equal(found.motion.valid, moving.valid)
    kept = moving.valid
    assert_same_but_for_a_shift(y_up_joints(found.motion)[kept], moving.joints(BODY)[kept])


# Worlds without a camera.


def in_axes(
    axes: np.ndarray, orient: np.ndarray, transl: np.ndarray, rest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Root orientation and translation of the same motion in a world whose axes are turned."""
    turned = (Rotation.from_matrix(axes) * Rotation.from_rotvec(orient)).as_rotvec()
    return turned, (transl + rest[0]) @ axes.T - rest[0]


@pytest.mark.parametrize("axes", [np.eye(3), Z_UP], ids=["y up", "z up"])
@pytest.mark.parametrize("stageii", [False, True], ids=["SMPL-H", "SMPL-X stageii"])
def test_amass_files_of_both_kinds_and_both_axes(tmp_path, axes, stageii):
    orient, pose, transl = swaying(hands=False)
    rest = SMPLX_REST if stageii else REST
    root, trans = in_axes(axes, orient, transl, rest)
    fingers = np.random.default_rng(1).normal(0, 1, (FRAMES, 99 if stageii else 90))
    content = {
        "poses": np.concatenate([root, pose[:, :63], fingers], 1),
        "trans": trans,
        "betas": np.ones(16),
        "gender": "female",
    }
    if stageii:
        content |= {
            "mocap_frame_rate": 30.0,
            "surface_model_type": "smplx",
            "root_orient": root,
            "pose_body": pose[:, :63],
            "markers_latent_vids": np.array({"ARIEL": 8994}, dtype=object),  # AMASS itself needs pickle here
        }
    else:
        content |= {"mocap_framerate": np.array(30.0), "dmpls": np.zeros((FRAMES, 8))}
    np.savez(tmp_path / "motion.npz", **content, allow_pickle=True)
    found = read_any_motion(tmp_path / "motion.npz", BODY)
    assert ("SMPL-X" in found.format) == stageii
    assert not found.from_first_line
    assert not found.motion.shapes.any(), "shapes of another body are not taken over"
    assert_same_but_for_a_shift(y_up_joints(found.motion), joints_of(orient, pose, transl, rest))


def test_aist_motion_is_scaled_and_resampled_from_60_frames_per_second(tmp_path):
    orient, pose, transl = swaying(2 * FRAMES)
    path = save_pickle(
        tmp_path / "gBR_sBM_cAll_d04_mBR0_ch01.pkl",
        {
            "smpl_loss": 1.0,
            "smpl_poses": np.concatenate([orient, pose], 1),
            "smpl_scaling": np.array([93.7]),
            "smpl_trans": transl * 93.7,
        },
        protocol=2,
    )
    found = read_any_motion(path, BODY)
    assert len(found.motion.valid) == FRAMES
    assert_same_but_for_a_shift(y_up_joints(found.motion), joints_of(orient, pose, transl)[::2])


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_edge_output_has_its_translation_at_the_pelvis(tmp_path, protocol):
    orient, pose, transl = swaying()
    expected = joints_of(orient, pose, transl)
    root, _ = in_axes(Z_UP, orient, transl, REST)
    content = {
        "smpl_poses": np.concatenate([root, pose], 1),
        "smpl_trans": expected[:, 0] @ Z_UP.T,
        "full_pose": expected @ Z_UP.T,
    }
    found = read_any_motion(save_pickle(tmp_path / "test_song.pkl", content, protocol), BODY)
    assert_same_but_for_a_shift(y_up_joints(found.motion), expected)


def test_a_frame_rate_that_is_no_multiple_is_resampled_on_the_sphere(tmp_path):
    orient, pose, transl = swaying(25, hands=False)
    poses = np.concatenate([orient, pose], 1)
    content = {"poses": np.concatenate([poses[:, :66], np.zeros((25, 90))], 1), "trans": transl}
    np.savez(tmp_path / "motion.npz", **content, mocap_framerate=24.0, up_axis="y")
    found = read_any_motion(tmp_path / "motion.npz", BODY).motion
    assert len(found.valid) == 31  # 0 to 1 s, both ends
    times, at = np.arange(25) / 24, np.arange(31) / 30
    sampled = [Slerp(times, Rotation.from_rotvec(poses[:, c : c + 3]))(at).as_rotvec() for c in range(0, 72, 3)]
    moved = np.stack([np.interp(at, times, axis) for axis in transl.T], 1)
    expected = joints_of(sampled[0], np.concatenate(sampled[1:], 1), moved)
    assert_same_but_for_a_shift(y_up_joints(found), expected)


def test_a_dance_without_a_camera_is_put_before_one_with_the_feet_on_the_floor(tmp_path):
    orient, pose, transl = swaying(90)
    transl = transl + [20, 5, -7]
    save_pickle(
        tmp_path / "a.pkl", {"smpl_poses": np.concatenate([orient, pose], 1), "smpl_scaling": [1], "smpl_trans": transl}
    )
    motion = read_any_motion(tmp_path / "a.pkl", BODY).motion
    seen = camera_joints(motion) @ motion.K.T
    pixels = seen[..., :2] / seen[..., 2:]
    assert (seen[..., 2] > 1).all() and (pixels > 0).all() and (pixels < [1280, 720]).all()
    assert 0 < y_up_joints(motion)[..., 1].min() < 0.15


# Programs that see a video: camera axes, exact places.


def test_gvhmr_results_keep_the_pelvis_of_smplx_in_place(tmp_path):
    orient, pose, transl = seen_by_camera(hands=False)
    params = {"global_orient": orient, "body_pose": pose[:, :63], "transl": transl, "betas": np.ones((FRAMES, 10))}
    params = {key: torch.tensor(value, dtype=torch.float64) for key, value in params.items()}
    K = np.array([[1500.0, 0, 640], [0, 1500, 360], [0, 0, 1]])
    content = {
        "smpl_params_global": params,
        "smpl_params_incam": params,
        "K_fullimg": torch.tensor(K).repeat(FRAMES, 1, 1),
        "net_outputs": {"model_output": {"pred_cam": torch.zeros(1, FRAMES, 3)}},
    }
    torch.save(content, tmp_path / "hmr4d_results.pt")
    found = read_any_motion(tmp_path / "hmr4d_results.pt", BODY)
    np.testing.assert_allclose(camera_joints(found.motion), joints_of(orient, pose, transl, SMPLX_REST), atol=1e-5)
    np.testing.assert_array_equal(found.motion.K, K)


@pytest.mark.parametrize("compress", [0, 3])
def test_wham_results_give_the_longest_track_and_mark_its_gaps(tmp_path, compress):
    orient, pose, transl = seen_by_camera()
    frames = np.array([2, 3, 4, 7, 8, 9, 10, 11])
    poses = np.concatenate([orient, pose], 1)

    def track(rows: np.ndarray, start: float) -> dict[str, np.ndarray]:
        return {
            "pose": poses[rows].astype(np.float32),
            "trans": (transl[rows] + start).astype(np.float32),
            "pose_world": poses[rows],
            "trans_world": transl[rows],
            "betas": np.ones((len(rows), 10), np.float32),
            "verts": np.zeros((len(rows), 5, 3), np.float32, order="F"),
            "frame_ids": rows,
        }

    results: dict[int, dict[str, np.ndarray]] = defaultdict(dict)
    results[0], results[1] = track(frames[:3], 1.0), track(frames, 0.0)
    joblib.dump(results, tmp_path / "wham_output.pkl", compress=compress)
    motion = read_any_motion(tmp_path / "wham_output.pkl", BODY).motion
    np.testing.assert_array_equal(np.flatnonzero(motion.valid), frames)
    expected = joints_of(poses[:, :3], poses[:, 3:], transl)
    np.testing.assert_allclose(camera_joints(motion)[frames], expected[frames], atol=1e-5)
    assert np.linalg.norm(camera_joints(motion)[5] - expected[5], axis=-1).max() < 0.05, "gaps are interpolated"


@pytest.mark.parametrize("compress", [0, 3])
def test_phalp_results_of_4d_humans_ignore_people_who_are_only_remembered(tmp_path, compress):
    orient, pose, transl = seen_by_camera()
    width, height = 640, 360
    theirs, ours = 5000 * 640 / 256, 1.2 * 360
    camera = transl * [1, 1, theirs / ours]
    matrices = Rotation.from_rotvec(np.concatenate([orient, pose], 1).reshape(-1, 3)).as_matrix()
    matrices = matrices.reshape(-1, 24, 3, 3).astype(np.float32)

    def person(frame: int) -> dict[str, np.ndarray]:
        betas = np.zeros(10, np.float32)
        return {"global_orient": matrices[frame, :1], "body_pose": matrices[frame, 1:], "betas": betas}

    content = {}
    for frame in range(FRAMES):
        gone = frame in (4, 5)  # the tracker then repeats the last pose
        shown = 3 if gone else frame
        content[f"_DEMO/v/img/{frame:06d}.jpg"] = {
            "time": frame,
            "shot": 0,
            "tid": [7, 3],
            "tracked_time": [0 if frame == 0 else 2, 2 if gone else 0],
            "smpl": [person(0), person(shown)],
            "camera": [camera[0], camera[shown].astype(np.float32)],
            "size": [[height, width], [height, width]],
            "embedding": [torch.zeros(8), torch.ones(8)],
            "bbox": [np.zeros(4), np.zeros(4)],
        }
    joblib.dump(content, tmp_path / "demo_v.pkl", compress=compress)
    motion = read_any_motion(tmp_path / "demo_v.pkl", BODY).motion
    seen = np.setdiff1d(np.arange(FRAMES), [4, 5])
    np.testing.assert_array_equal(np.flatnonzero(motion.valid), seen)
    expected = joints_of(orient, pose, transl)[seen]
    np.testing.assert_allclose(camera_joints(motion)[seen], expected, atol=1e-5)


@pytest.mark.parametrize("matrices", [False, True], ids=["axis-angle", "matrices"])
def test_camerahmr_results_in_both_notations(tmp_path, matrices):
    orient, pose, transl = seen_by_camera()
    root, joints = orient, pose.reshape(-1, 23, 3)
    if matrices:
        root = Rotation.from_rotvec(orient).as_matrix()[:, None]
        joints = Rotation.from_rotvec(pose.reshape(-1, 3)).as_matrix().reshape(-1, 23, 3, 3)
    K = np.array([[900.0, 0, 300], [0, 900, 200], [0, 0, 1]])
    content = {"global_orient": root, "body_pose": joints, "betas": np.zeros((FRAMES, 10)), "cam_t": transl}
    np.savez(tmp_path / "camerahmr.npz", **content, cam_int=np.tile(K, (FRAMES, 1, 1)))
    found = read_any_motion(tmp_path / "camerahmr.npz", BODY).motion
    np.testing.assert_allclose(camera_joints(found), joints_of(orient, pose, transl), atol=1e-5)
    np.testing.assert_array_equal(found.K, K)


def test_a_folder_of_frankmocap_projects_where_its_own_camera_does(tmp_path):
    orient, pose, _ = seen_by_camera()
    joints = joints_of(orient, pose, np.zeros((FRAMES, 3)))
    rng = np.random.default_rng(0)
    expected = {}
    for frame in (0, 1, 2, 5, 6):
        scale, shift, ratio, corner = rng.uniform(0.8, 1.0), rng.uniform(-0.1, 0.1, 2), 0.4, rng.uniform(200, 300, 2)
        people: list[Any] = [
            {
                "pred_body_pose": np.concatenate([orient[frame], pose[frame]])[None],
                "pred_betas": np.zeros((1, 10), np.float32),
                "pred_camera": np.array([scale, *shift]),
                "bbox_scale_ratio": ratio,
                "bbox_top_left": corner,
                "faces": np.zeros((4, 3), np.int64),
            }
        ]
        if frame == 2:
            people = [None]
        content = OrderedDict(demo_type="body", smpl_type="smpl", image_path="/x.jpg", pred_output_list=people)
        save_pickle(tmp_path / f"clip_{frame:05d}_prediction_result.pkl", content)
        expected[frame] = (112 * (scale * joints[frame, :, :2] + shift) + 112) / ratio + corner
    motion = read_any_motion(tmp_path, BODY, size=(1280, 720)).motion
    np.testing.assert_array_equal(np.flatnonzero(motion.valid), [0, 1, 5, 6])
    found = camera_joints(motion)
    for frame in (0, 1, 5, 6):
        assert_same_but_for_a_shift(found[frame][None], joints[frame][None])
        seen = found[frame] @ motion.K.T
        pixels = seen[:, :2] / seen[:, 2:]
        assert np.abs(pixels - expected[frame]).max() < 40  # theirs is weak perspective: 10 % of depth in 200 pixels


# Joint positions alone.


@pytest.mark.parametrize("count", [24, 22])
@pytest.mark.parametrize("axes", [np.eye(3), Z_UP, Y_DOWN], ids=["y up", "z up", "camera"])
@pytest.mark.parametrize("kind", ["npy", "npz", "pkl"])
def test_joint_positions_in_smpls_order_are_met_exactly_in_any_axes_and_unit(tmp_path, count, axes, kind):
    orient, pose, transl = swaying()
    expected = joints_of(orient, pose, transl)
    joints = 1000 * (expected @ axes.T)[:, :count] + 5
    joints[3] = np.nan
    path = tmp_path / f"joints.{kind}"
    if kind == "npy":
        np.save(path, joints)
    elif kind == "npz":
        np.savez(path, joints3d=joints, fps=30.0)
    else:
        save_pickle(path, {"joints": joints})
    motion = read_any_motion(path, BODY).motion
    kept = np.arange(FRAMES) != 3
    np.testing.assert_array_equal(motion.valid, kept)
    assert_same_but_for_a_shift(y_up_joints(motion)[kept, :count], expected[kept, :count])


def h36m_of(joints: np.ndarray) -> np.ndarray:
    """Human3.6M's 17 joints of an upright body, nose and head guessed from neck and head."""
    order = [0, 2, 5, 8, 1, 4, 7, 6, 12, 15, 15, 16, 18, 20, 17, 19, 21]
    return joints[:, order]


def test_lifted_joints_in_human36ms_order_keep_every_limbs_direction(tmp_path):
    orient, pose, transl = swaying()
    expected = joints_of(orient, pose, transl)
    joints = h36m_of(expected)
    across = expected[:, 16] - expected[:, 17]
    up = np.array([0.0, 1, 0])
    joints[:, 10] = expected[:, 15] + 0.2 * up
    joints[:, 9] = expected[:, 15] + 0.1 * up + 0.3 * np.cross(across, up)
    lifted = joints @ Y_DOWN.T  # as MotionBERT: camera axes, the picture's half width is 1
    np.save(tmp_path / "X3D.npy", (lifted / 1.7).astype(np.float32))
    found = y_up_joints(read_any_motion(tmp_path / "X3D.npy", BODY).motion)
    for near, far in ((1, 4), (4, 7), (2, 5), (5, 8), (16, 18), (18, 20), (17, 19), (19, 21)):
        np.testing.assert_allclose(found[:, far] - found[:, near], expected[:, far] - expected[:, near], atol=1e-5)
    assert np.linalg.norm(found - found[:, :1] - expected + expected[:, :1], axis=-1).mean() < 0.06
    facing = found[:, 15] - found[:, 12]
    assert (facing[:, 1] > 0).all()


def test_bends_of_elbows_and_knees_are_those_of_hinges():
    rng = np.random.default_rng(3)
    pose = np.zeros((20, 24, 3))
    pose[:, [1, 2, 16, 17]] = rng.uniform(-0.8, 0.8, (20, 4, 3))
    pose[:, [4, 5], 0] = rng.uniform(0.6, 2, (20, 2))
    pose[:, 18, 1], pose[:, 19, 1] = rng.uniform(-2, -0.6, 20), rng.uniform(0.6, 2, 20)
    pose[:, 0] = rng.normal(0, 1, (20, 3))
    flat = pose.reshape(20, 72)
    joints = joints_of(flat[:, :3], flat[:, 3:], np.zeros((20, 3)))
    found, _ = poses_from_joints(joints, BODY)
    for joint in range(20):
        apart = Rotation.from_rotvec(pose[:, joint]).inv() * Rotation.from_rotvec(found.reshape(20, 24, 3)[:, joint])
        assert apart.magnitude().max() < 0.15, joint  # the free body's bones are some degrees off the axes


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([17, 22, 24]))
def test_any_points_whatever_give_finite_angles(seed, count):
    rng = np.random.default_rng(seed)
    joints = rng.choice([0.0, 1.0, -3.0, 1e-12], (3, count, 3)) * rng.choice([0, 1], (3, count, 1))
    poses, pelvis = poses_from_joints(joints, BODY)
    assert np.isfinite(poses).all() and np.isfinite(pelvis).all()


# What is refused.


class Harmful:
    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return eval, ("__import__('pathlib').Path('harm').touch()",)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pkl", pickle.dumps({"pose": Harmful()}), ["a.pkl", "builtins.eval", "not loaded"]),
        ("a.pkl", zlib.compress(pickle.dumps({"pose": Harmful()})), ["a.pkl", "builtins.eval"]),
        ("a.pkl", pickle.dumps({"weather": 1, "tides": 2}), ["no motion format", "weather, tides"]),
        ("a.pkl", pickle.dumps({"x": {"vertices": 1}}), ["holds x", "vertices"]),
        ("a.pkl", pickle.dumps([1, 2]), ["holds a list"]),
        ("a.pkl", pickle.dumps({"smpl_poses": np.zeros((5, 70)), "smpl_trans": np.zeros((5, 3)), "smpl_scaling": [1]}),
         ["a.pkl", "72 per frame"]),
        ("a.pkl", pickle.dumps({"smpl_poses": "x", "smpl_trans": np.zeros((5, 3)), "smpl_scaling": [1]}), ["numbers"]),
        ("a.pkl", pickle.dumps({"joints": np.full((4, 24, 3), np.nan)}), ["no frame"]),
        ("a.pkl", pickle.dumps({"joints": np.zeros((4, 19, 3))}), ["(4, 19, 3)", "(T, 17, 3)"]),
        ("a.pkl", pickle.dumps({"joints": np.zeros((0, 24, 3))}), ["a.pkl"]),
        ("a.pkl", b"", ["is empty"]),
        ("a.pkl", b"\x80\x04garbage", ["a.pkl", "cannot be read"]),
        ("a.npy", b"\x93NUMPY\x01", ["a.npy"]),
        ("a.npz", b"PK\x03\x04 and so on", ["a.npz", "not a readable npz"]),
        ("a.json", b"{", ["a.json"]),
        ("a.txt", b"hello", ["a.txt", "cannot be read as motion"]),
    ],
)  # fmt: skip
def test_other_files_are_refused_by_name_and_content(tmp_path, monkeypatch, name, content, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_any_motion(tmp_path / name, BODY)
    for word in words:
        assert word in str(caught.value)
    assert not (tmp_path / "harm").exists()


def test_a_torch_file_that_would_run_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"smpl_params_incam": Harmful()}, tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"a\.pt: torch refuses"):
        read_any_motion(tmp_path / "a.pt", BODY)
    assert not (tmp_path / "harm").exists()


def test_missing_files_frame_rates_and_empty_folders_are_named(tmp_path):
    with pytest.raises(InputError, match="no such motion file"):
        read_any_motion(tmp_path / "nothing.npz", BODY)
    with pytest.raises(InputError, match="FrankMocap"):
        read_any_motion(tmp_path, BODY)
    np.savez(tmp_path / "a.npz", poses=np.zeros((5, 156)), trans=np.zeros((5, 3)))
    with pytest.raises(InputError, match="frame rate is missing"):
        read_any_motion(tmp_path / "a.npz", BODY)
    np.savez(tmp_path / "a.npz", poses=np.zeros((5, 156)), trans=np.zeros((5, 3)), mocap_framerate=0.0)
    with pytest.raises(InputError, match="0 frames per second"):
        read_any_motion(tmp_path / "a.npz", BODY)


def test_a_compressed_file_that_unfolds_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("justlmd.core.safe_pickle.LARGEST_BYTES", 1000)
    (tmp_path / "a.pkl").write_bytes(zlib.compress(pickle.dumps(bytes(100_000))))
    with pytest.raises(InputError, match="unfolds"):
        read_pickle(tmp_path / "a.pkl", "motion")


@pytest.mark.parametrize("kind", [object, "O"])
def test_joblib_arrays_of_objects_are_refused(tmp_path, kind):
    joblib.dump({"pose": np.array([Harmful()], dtype=kind)}, tmp_path / "a.pkl")
    with pytest.raises(InputError, match=r"a\.pkl"):
        read_any_motion(tmp_path / "a.pkl", BODY)


def test_a_pickle_may_not_change_the_functions_it_is_answered_with(tmp_path):
    tampering = b"\x80\x02cnumpy\ndtype\n}X\x01\x00\x00\x00aK\x01sb."
    (tmp_path / "a.pkl").write_bytes(tampering)
    with pytest.raises(InputError, match="not an array"):
        read_pickle(tmp_path / "a.pkl", "motion")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([b"", b"\x80\x04", b"PK\x03\x04", b"\x93NUMPY", b"{", b"\x78\x9c"]))
def test_whatever_bytes_end_in_a_message(tmp_path_factory, tail, head):
    path = tmp_path_factory.mktemp("bytes") / "motion.pkl"
    path.write_bytes(head + tail)
    with pytest.raises(InputError, match=r"motion\.pkl"):
        read_any_motion(path, BODY)


def test_a_motion_of_the_original_comes_through_every_lossless_door_the_same(shared_data, tmp_path):
    motion = read_smplfull(shared_data / "motion" / "PaniniLilNasXJustDanceUnlimited" / "smplfull.json").cut(300, 360)
    moving = to_yup(motion, BODY, own_shapes=False)
    write_amass(tmp_path / "motion.npz", moving, BODY)
    np.save(tmp_path / "joints.npy", moving.joints(BODY))
    for name, count in (("motion.npz", 22), ("joints.npy", 24)):
        found = y_up_joints(read_any_motion(tmp_path / name, BODY).motion)
        assert_same_but_for_a_shift(found[:, :count], moving.joints(BODY)[:, :count])


# The workflow.


@pytest.mark.workflow
@pytest.mark.slow
def test_the_column_motion_of_the_song_table_takes_any_format(repo, tmp_path):
    project = tmp_path / "project"
    for name in ("rules", "workflow_scripts", "envs", "schemas", "report", "justlmd", "model", "demo", "profiles"):
        shutil.copytree(repo / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "config.yaml"):
        shutil.copy(repo / name, project / name)
    (project / "words.lrc").write_text("[00:02.00]here we go\n[00:03.50]round and round\n[00:09.20]\n")
    orient, pose, transl = swaying(600)
    content = {
        "smpl_poses": np.concatenate([orient, pose], 1),
        "smpl_scaling": np.array([2.0]),
        "smpl_trans": 2 * transl,
    }
    save_pickle(project / "dance.pkl", content)
    (project / "nothing.npz").write_bytes(b"PK\x03\x04")
    rows = ["id\turl\tlyrics\tmotion", "dance\t\twords.lrc\tdance.pkl", "broken\t\twords.lrc\tnothing.npz"]
    (project / "songs.tsv").write_text("\n".join(rows) + "\n")
    targets = [f"results/songs/{song}/smplfull.json" for song in ("dance", "broken")]
    command = [sys.executable, "-m", "snakemake", *targets, "--cores", "2"]
    result = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "ERROR  broken  import_motion: nothing.npz: not a readable npz" in result.stderr
    motion = read_smplfull(project / targets[0])
    # AIST++ begins with the song and has 60 frames/s, smplfull.json begins with the first line.
    assert len(motion.valid) == 300 - 60
    assert_same_but_for_a_shift(y_up_joints(motion), joints_of(orient, pose, transl)[120::2])
    meta = read_motion_meta(project / "results/songs/dance/smplfull.meta.json")
    assert (meta.body_model, meta.first_frame_s) == ("free", 2.0)
