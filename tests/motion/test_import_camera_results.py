"""What programs that see a video write, made from known motion, comes back with the same joints in the same place."""

from collections import OrderedDict, defaultdict
from typing import Any

import joblib
import numpy as np
import pytest
import torch
from known_motion import (
    BODY,
    FRAMES,
    SMPLX_REST,
    assert_same_but_for_a_shift,
    camera_joints,
    joints_of,
    save_pickle,
    seen_by_camera,
)
from scipy.spatial.transform import Rotation

from justlmd.motion.importers.formats import read_any_motion


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
