"""Exports through the logic of the programs that read them: upright, the right way round, 30 frames/s, same seconds."""

import importlib.util
import os
import pickletools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import readers
from exported import BODY, export_into

from justlmd.body.kinematics import forward_kinematics
from justlmd.export.song import ExportOptions
from justlmd.motion.motion import Y_TO_Z_UP

SMPL = readers.without_shape(BODY)
AITVIEWER = os.environ.get("JUSTLMD_AITVIEWER_PYTHON") or (
    sys.executable if importlib.util.find_spec("aitviewer") else ""
)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return export_into(tmp_path_factory.mktemp("export"))


def unshaped_joints(one) -> np.ndarray:
    """The joints (T, 24, 3) that a program shows which does not know the free body's shape parameters."""
    motion = one.clip.motion
    return forward_kinematics(SMPL, motion.global_orient, motion.body_pose, motion.transl)


def assert_upright_and_facing(joints: np.ndarray, expected: np.ndarray, atol: float = 1e-6) -> None:
    """Equal up to one shift (programs have other rest pelvises), heads above ankles, left and right not exchanged."""
    shift = joints - expected
    np.testing.assert_allclose(shift, np.broadcast_to(shift.mean((0, 1)), shift.shape), atol=2e-2)
    moved = joints - joints[:, :1]
    np.testing.assert_allclose(moved, expected - expected[:, :1], atol=atol)
    assert (joints[:, 15, 1] > joints[:, 7, 1] + 1).all()


@pytest.mark.parametrize("read", [readers.aitviewer_amass, readers.smplx_addon_amass])
def test_readers_of_amass_see_the_dance_upright_at_30_frames_per_second(one, read):
    joints, fps = read(one.path("npz"), SMPL)
    assert fps == 30 and len(joints) / fps == 6
    assert_upright_and_facing(joints, unshaped_joints(one)[:, :22])


@pytest.mark.skipif(not AITVIEWER, reason="needs aitviewer: name a Python that has it in JUSTLMD_AITVIEWER_PYTHON")
def test_aitviewer_itself_reads_what_its_logic_here_reads(one, tmp_path):
    program = Path(readers.__file__).with_name("in_aitviewer.py")
    np.savez(tmp_path / "smplh.npz", **readers.as_smplh(SMPL))
    command = [AITVIEWER, program, tmp_path / "smplh.npz", one.path("npz"), tmp_path / "seen.npz"]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=clean)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(tmp_path / "seen.npz") as seen:
        joints = seen["joints"].astype(float)
    np.testing.assert_allclose(joints, readers.aitviewer_amass(one.path("npz"), SMPL)[0], atol=1e-4)
    assert_upright_and_facing(joints, unshaped_joints(one)[:, :22], atol=1e-4)


def test_what_stood_with_y_up_before_lay_on_its_back(tmp_path):
    lying = export_into(tmp_path, ExportOptions(up="y"))
    joints, _ = readers.aitviewer_amass(lying.path("npz"), SMPL)
    assert np.abs(joints[:, 15, 1] - joints[:, 7, 1]).max() < 1  # so the readers above can fail


def test_a_person_at_rest_looks_along_minus_y_as_in_amass(one):
    motion = one.clip.motion
    with np.load(one.path("npz")) as data:
        facing = forward_kinematics(SMPL, data["poses"][:, :3], motion.body_pose, data["trans"])
    across = facing[:, 1] - facing[:, 2]  # to the left
    ours = motion.joints(BODY)
    np.testing.assert_allclose(
        np.cross([0, 0, 1.0], across)[:, :2] @ [[-1, 0], [0, -1]],
        -(np.cross([0, 1.0, 0], ours[:, 1] - ours[:, 2]) @ Y_TO_Z_UP.T)[:, :2],
        atol=2e-2,
    )


def test_the_blender_add_on_takes_60_and_refuses_less_than_its_own_rate(tmp_path):
    fast, slow = (export_into(tmp_path / str(fps), ExportOptions(fps=fps)) for fps in (60, 24))
    joints, fps = readers.smplx_addon_amass(fast.path("npz"), SMPL)
    assert (len(joints), fps) == (180, 30)
    assert_upright_and_facing(joints, unshaped_joints(fast)[:, :22])
    with pytest.raises(ValueError, match="below target"):
        readers.smplx_addon_amass(slow.path("npz"), SMPL)


def test_the_loader_of_aist_sees_it_at_60_frames_per_second(one):
    joints, fps = readers.aist_motion(one.path("aist"), SMPL)
    assert fps == 60 and (len(joints) - 1) / fps == pytest.approx(179 / 30)
    assert_upright_and_facing(joints[::2], unshaped_joints(one))


def test_edge_trains_on_the_aist_file_at_30_frames_per_second(one):
    joints, fps = readers.edge_training(one.path("aist"), SMPL)
    assert (len(joints), fps) == (180, 30)
    expected = unshaped_joints(one)
    np.testing.assert_allclose(joints - joints[:, :1], expected - expected[:, :1], atol=1e-6)
    path = joints[:, 0] - joints[0, 0]
    np.testing.assert_allclose(path, expected[:, 0] - expected[0, 0], atol=1e-6)


def test_a_dance_of_edge_has_the_same_joints_from_its_angles_and_as_stored(one):
    joints, stored, fps = readers.edge_output(one.path("edge"), SMPL)
    assert (len(joints), fps) == (180, 30)
    np.testing.assert_allclose(stored, one.joints, atol=1e-6)  # the pelvis at smpl_trans, shape included
    np.testing.assert_allclose(joints[:, 0], one.joints[:, 0], atol=1e-6)
    assert_upright_and_facing(joints, unshaped_joints(one))


def test_pickles_name_no_module_that_older_programs_lack(one):
    for kind in ("aist", "edge"):
        names = {
            str(value) for code, value, _ in pickletools.genops(one.path(kind).read_bytes()) if "GLOBAL" in code.name
        }
        assert "numpy.core.multiarray _reconstruct" in names and not any("_core" in name for name in names)


def test_humanml3d_sees_20_frames_per_second_facing_forward_and_turning_the_same_way(one):
    joints, turning, fps = readers.humanml3d(one.path("humanml3d"))
    assert fps == 20 and (len(joints) - 1) / fps == pytest.approx(179 / 30, abs=1 / 20)
    across = joints[0, 1] - joints[0, 2]
    assert across[0] > 0 and abs(across[2]) < 0.1  # the left is at +x: it looks along +z
    assert (joints[:, 15, 1] > joints[:, 7, 1] + 1).all()
    assert np.abs(joints[0, 0, [0, 2]]).max() < 1e-6
    ours = one.joints[::3, :22]  # 10 frames/s, where both rates meet
    np.testing.assert_allclose(
        np.linalg.norm(np.diff(joints[::2], axis=1), axis=-1), np.linalg.norm(np.diff(ours, axis=1), axis=-1), atol=1e-5
    )
    assert turning.mean() * 20 == pytest.approx(1.0, abs=0.1)  # swaying() turns by one radian a second
