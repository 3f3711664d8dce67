"""An AMASS-style file holds the same dance under the names that its readers look for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from justlmd.body.kinematics import forward_kinematics
from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.export.amass import write_amass
from justlmd.motion.motion import Motion

BODY = load_body()


def motion(frames: int = 5) -> Motion:
    rng = np.random.default_rng(0)
    pose = rng.normal(0, 0.5, (frames, 69))
    pose[:, 63:] = 0  # SMPL-H has fingers instead of the two hand joints
    turn, transl = rng.normal(0, 1, (frames, 3)), rng.normal(0, 1, (frames, 3))
    return Motion(turn, pose, transl, rng.normal(0, 1, 10), np.ones(frames, bool))


def joints(file: dict, betas: np.ndarray) -> np.ndarray:
    pose = np.concatenate([file["poses"][:, 3:66], np.zeros((len(file["poses"]), 6))], axis=1)
    return forward_kinematics(BODY, file["poses"][:, :3], pose, file["trans"], betas)


@pytest.mark.parametrize(("up", "turned"), [("y", lambda j: j), ("z", lambda j: j[..., [0, 2, 1]] * [1, -1, 1])])
def test_the_file_holds_the_same_joints_in_the_axes_asked_for(tmp_path: Path, up: str, turned: object) -> None:
    moving = motion()
    write_amass(tmp_path / "motion.npz", moving, BODY, up=up)
    with np.load(tmp_path / "motion.npz") as file:
        assert file["poses"].shape == (5, 156) and file["betas"].shape == (16,) and file["dmpls"].shape == (5, 8)
        assert str(file["gender"]) == "neutral" and str(file["up_axis"]) == up
        assert file["mocap_framerate"] == file["mocap_frame_rate"] == file["fps"] == 30
        expected = turned(moving.joints(BODY))  # type: ignore[operator]
        np.testing.assert_allclose(joints(file, moving.betas), expected, atol=1e-9)


def test_shape_parameters_are_written_as_smpls_only_if_they_are(tmp_path: Path) -> None:
    moving = motion()
    write_amass(tmp_path / "free.npz", moving, BODY)
    write_amass(tmp_path / "smpl.npz", moving, replace(BODY, name="SMPL_NEUTRAL"))
    with np.load(tmp_path / "free.npz") as free, np.load(tmp_path / "smpl.npz") as smpl:
        assert not free["betas"].any() and str(free["body_model"]) == "free"
        np.testing.assert_array_equal(free["body_model_betas"], moving.betas)
        np.testing.assert_array_equal(smpl["betas"][:10], moving.betas)


def test_wrong_axes_and_holes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="up is"):
        write_amass(tmp_path / "motion.npz", motion(), BODY, up="x")
    with pytest.raises(InputError, match=r"motion\.npz"):
        write_amass(tmp_path / "motion.npz", motion(0), BODY)
