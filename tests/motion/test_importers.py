"""Files of our own, of the original and of motion without a camera come back with the same joints."""

import subprocess
import sys

import numpy as np
import pytest
from known_motion import (
    BODY,
    FRAMES,
    REST,
    SMPLX_REST,
    Z_UP,
    assert_same_but_for_a_shift,
    camera_joints,
    in_axes,
    joints_of,
    save_pickle,
    seen_by_camera,
    swaying,
    y_up_joints,
)
from project_copy import copied_project
from scipy.spatial.transform import Rotation, Slerp

from justlmd.export.amass import write_amass
from justlmd.motion.importers.formats import read_any_motion
from justlmd.motion.motion import CameraMotion, Motion, to_yup
from justlmd.motion.smplfull import read_smplfull, write_smplfull
from justlmd.motion.song_motion import SongMotion, read_motion_meta, write_song_motion


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
    project = copied_project(repo, tmp_path / "project")
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
