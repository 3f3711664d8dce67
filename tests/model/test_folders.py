"""Other people's dances by the same measures: formats agree, equal dances have no error, faults are named."""

import json
import pickle
import sys

import numpy as np
import pytest

from demo.planted import synthetic
from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.core.rotations import matrix_to_axis_angle, rotation_matrices
from justlmd.export.amass import write_amass
from justlmd.motion.motion import Y_TO_Z_UP, before_camera
from justlmd.motion.smplfull import write_smplfull
from model.evaluation import folders as program
from model.evaluation.folders import evaluate_folders

BODY = load_body()


@pytest.fixture(scope="module")
def songs():
    return synthetic(11, 3)


def write_aist(path, motion):
    """60 frames/s, centimetres, y-up, as AIST++ stores it."""
    poses = np.repeat(np.concatenate([motion.global_orient, motion.body_pose], 1), 2, axis=0)
    content = {"smpl_poses": poses, "smpl_trans": np.repeat(motion.transl, 2, axis=0) * 90.0, "smpl_scaling": [90.0]}
    path.write_bytes(pickle.dumps(content))


def write_edge(path, motion):
    """z-up with the translation at the pelvis, as EDGE writes it."""
    root = matrix_to_axis_angle(Y_TO_Z_UP @ rotation_matrices(motion.global_orient))
    joints = motion.joints(BODY) @ Y_TO_Z_UP.T
    content = {
        "smpl_poses": np.concatenate([root, motion.body_pose], 1),
        "smpl_trans": joints[:, 0],
        "full_pose": joints,
    }
    path.write_bytes(pickle.dumps(content))


def write_ours(path, motion):
    write_smplfull(path, before_camera(motion, BODY))


@pytest.fixture(scope="module")
def reference(songs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    for number, song in enumerate(songs):
        write_amass(folder / f"dance{number}.npz", song.motion, BODY)
    return folder


@pytest.mark.parametrize(
    ("write", "suffix"), [(write_aist, "pkl"), (write_edge, "pkl"), (write_ours, "json"), (None, "npz")]
)
def test_the_same_dances_in_any_format_have_no_error_and_the_same_movement(songs, reference, tmp_path, write, suffix):
    for number, song in enumerate(songs):
        path = tmp_path / f"dance{number}.{suffix}"
        write_amass(path, song.motion, BODY, up="z") if write is None else write(path, song.motion)
    result = evaluate_folders(tmp_path, reference, bootstrap=20)
    own, real = result["generated"], result["reference"]
    assert result["clips"]["generated"] == result["clips"]["reference"] > 6
    assert own["mpjpe_mm"]["value"] < 1 and own["root_deg"]["value"] < 0.2
    assert own["speed"]["value"] == pytest.approx(real["speed"]["value"], rel=0.01)
    assert own["contact_share"]["value"] == pytest.approx(real["contact_share"]["value"], abs=0.02)
    assert "mpjpe_mm" not in real and own["fid_kinetic"]["value"] is None
    assert abs(own["diversity_geometric"]["value"] - real["diversity_geometric"]["value"]) < 0.2
    assert result["floor"]["kid_kinetic"]["value"] is not None


def test_beats_are_those_of_the_clips_seconds(songs, reference, tmp_path):
    for number, song in enumerate(songs):
        np.savetxt(tmp_path / f"dance{number}.txt", song.beats_s)
    on_beat = evaluate_folders(reference, reference, tmp_path, bootstrap=20)["generated"]["beat_f"]["value"]
    for number, song in enumerate(songs):
        np.savetxt(tmp_path / f"dance{number}.txt", song.beats_s + np.diff(song.beats_s[:2])[0] / 2)
    off_beat = evaluate_folders(reference, reference, tmp_path, bootstrap=20)["generated"]["beat_f"]["value"]
    assert on_beat > off_beat + 0.1
    assert "beat_f" not in evaluate_folders(reference, reference, bootstrap=20)["generated"]


def test_short_files_are_named_and_a_folder_without_clips_is_an_error(songs, reference, tmp_path):
    write_ours(tmp_path / "short.json", songs[0].motion.cut(0, 100))
    with pytest.raises(InputError, match="six seconds"):
        evaluate_folders(tmp_path, reference)
    write_ours(tmp_path / "long.json", songs[0].motion.cut(0, 400))
    result = evaluate_folders(tmp_path, reference, bootstrap=20)
    assert result["left_out"] == [str(tmp_path / "short.json")]
    assert result["clips"]["generated"] == 2


def test_the_command_prints_a_table_and_writes_the_result(reference, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["", str(reference), str(reference), "--output", str(tmp_path / "out.json")])
    program.main()
    assert "mean joint speed" in capsys.readouterr().out
    assert json.loads((tmp_path / "out.json").read_text())["generated"]["mpjpe_mm"]["value"] < 1e-3
    monkeypatch.setattr(sys, "argv", ["", str(tmp_path / "nothing"), str(reference)])
    with pytest.raises(SystemExit, match="no motion file"):
        program.main()
