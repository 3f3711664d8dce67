"""Training on motion alone: known motion comes through AMASS and BVH files, broken files are named, weights go on."""

import re
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from scipy.spatial.transform import Rotation
from tiny_models import TINY, KilledError, kill_at
from toy_songs import write_song

from justlmd.body.model import JOINT_NAMES, PARENTS, load_body
from justlmd.core.errors import InputError
from justlmd.dataset.build import build_dataset
from justlmd.dataset.storage import open_dataset
from justlmd.export.amass import write_amass
from justlmd.export.bvh import write_bvh
from justlmd.motion.importers.formats import read_any_motion
from justlmd.motion.motion import Motion, to_yup
from model.configuration import DancerConfig, ModelConfig, TrainingConfig
from model.data import LyricsMusicDance
from model.training import pretrain as command
from model.training.checkpoint import load_model
from model.training.pretrain import motion_alone, pretrain
from model.training.train import train

torch.set_num_threads(1)
BODY = load_body()
TRAINING = TrainingConfig(steps=3, batch_size=4, stride=60, eval_every=3)
CONFIG = ModelConfig("dancer", DancerConfig(**TINY), TRAINING)


def swaying(fps: float = 30.0, seconds: float = 8.0, seed: int = 0) -> Motion:
    """A standing body whose joints sway and whose pelvis wanders, its hands at rest."""
    random = np.random.default_rng(seed)
    time = np.arange(round(fps * seconds))[:, None] / fps
    pose = random.normal(0, 0.2, 69) * np.sin(2 * np.pi * 0.5 * time + random.uniform(0, 6, 69))
    pose[:, 63:] = 0
    orient = np.concatenate([0 * time, random.uniform(-3, 3) + 0.2 * time, 0 * time], axis=1)
    transl = np.concatenate([0.3 * np.sin(time), 0.02 * np.cos(3 * time), 0.2 * time], axis=1)
    return Motion(orient, pose, transl, np.zeros(10), np.ones(len(time), bool))


def joints_at_30(motion: Motion, fps: float) -> np.ndarray:
    return motion.joints(BODY)[:: round(fps / 30)]


def assert_same_but_for_a_shift(found: np.ndarray, truth: np.ndarray) -> None:
    """Files say nothing about where the camera is: the whole dance may be moved, but not frame by frame."""
    shift = (found - truth).mean((0, 1))
    np.testing.assert_allclose(found, truth + shift, atol=1e-3)


@pytest.fixture
def captured(tmp_path: Path) -> tuple[Path, dict[str, np.ndarray]]:
    """A folder of files and the joints they hold at 30 frames/s."""
    folder, truth = tmp_path / "captured", {}
    (folder / "anna").mkdir(parents=True)
    for number, (name, fps) in enumerate((("anna/one.npz", 120.0), ("anna/two.npz", 30.0), ("three.bvh", 60.0))):
        motion = swaying(fps, seed=number)
        if name.endswith("bvh"):
            write_bvh(folder / name, motion, BODY, fps=fps)
        else:
            write_amass(folder / name, motion, BODY, fps=fps, up="z")
        truth[name] = joints_at_30(motion, fps)
    return folder, truth


def test_motion_files_come_back_as_the_same_joints_in_the_data_set(captured, tmp_path):
    folder, truth = captured
    build_dataset(motion_alone(folder, BODY), tmp_path / "data", BODY, token_dim=8)
    arrays = open_dataset(tmp_path / "data")
    assert set(arrays.songs) == set(truth)
    for name, joints in truth.items():
        rows, parts = arrays.songs[name].rows, ("global_orient", "body_pose", "transl", "valid")
        motion = Motion(*(arrays[part][rows] for part in parts[:3]), np.zeros(10), arrays["valid"][rows])
        assert_same_but_for_a_shift(motion.joints(BODY), joints)
    assert arrays.songs["anna/one.npz"].group == arrays.songs["anna/two.npz"].group == "anna"
    conditions = LyricsMusicDance(tmp_path / "data", list(truth)).batch([0]).conditions
    assert not conditions.has_music.any() and not conditions.token_mask.any() and conditions.tokens.shape[-1] == 8


POLE = """HIERARCHY
ROOT pole { OFFSET 0 0 0 CHANNELS 3 Xrotation Yrotation Zrotation End Site { OFFSET 0 1 0 } }
MOTION
Frames: 2
Frame Time: 0.5
0 0 0 1 1 1
"""


def test_files_that_cannot_serve_are_named_with_the_reason(captured, capsys):
    folder, truth = captured
    whole = (folder / "three.bvh").read_text()
    (folder / "cut.bvh").write_text(whole[: len(whole) // 2])
    (folder / "cut_early.bvh").write_text(whole[:400])
    (folder / "shape.npz").write_bytes((folder / "anna" / "one.npz").read_bytes()[:500])
    np.savez(folder / "stagei.npz", betas=np.zeros(16))
    write_bvh(folder / "short.bvh", swaying(seconds=2), BODY)
    (folder / "pole.bvh").write_text(POLE)
    (folder / "evil.pkl").write_bytes(b"cos\nsystem\n(S'touch evil'\ntR.")
    songs = motion_alone(folder, BODY)
    assert [song.song for song in songs] == sorted(truth)
    lines = capsys.readouterr().out.splitlines()
    reasons = {
        "cut.bvh": r"is it cut off\?",
        "cut_early.bvh": "HIERARCHY is (cut off|damaged)",
        "evil.pkl": "system",
        "pole.bvh": "no human skeleton: left_hip",
        "shape.npz": "not a readable npz",
        "short.bvh": "no six seconds",
        "stagei.npz": "no motion format",
    }
    assert len(lines) == len(reasons)
    for line, (name, reason) in zip(lines, reasons.items(), strict=True):
        assert line.startswith(f"left out: {folder / name}") and re.search(reason, line), line
    assert not Path("evil").exists()


def written_otherwise(path: Path, motion: Motion, unit_m: float) -> None:
    """A BVH as other programs write it: names like L_Hip, a root above the pelvis, no hands, other channel orders."""
    rest, lines = BODY.rest_joints() / unit_m, ["HIERARCHY", "ROOT root {", "OFFSET 0 0 0"]
    lines += ["CHANNELS 6 Xposition Yposition Zposition Xrotation Yrotation Zrotation"]
    turn = Rotation.from_rotvec(motion.global_orient)
    split = Rotation.from_euler("y", 40, degrees=True)  # half of the turn lies on the root
    columns = [np.tile([5.0, 0, 0], (len(motion), 1)), np.tile(split.as_euler("XYZ", degrees=True), (len(motion), 1))]
    body_pose = motion.body_pose.reshape(-1, 23, 3).swapaxes(0, 1)
    rotations = [split.inv() * turn, *map(Rotation.from_rotvec, body_pose)]

    def write(joint: int) -> None:
        name = JOINT_NAMES[joint].replace("left_", "L_").replace("right_", "R_").title()
        offset = rest[joint] - (rest[PARENTS[joint]] if joint else 0)
        place = "Xposition Yposition Zposition " if joint == 0 else ""
        lines.append(f"JOINT {name}\n{{\nOFFSET {' '.join(map(str, offset))}\nCHANNELS {6 if place else 3} {place}")
        lines.append("Yrotation Xrotation Zrotation")
        if joint == 0:
            columns.append(split.inv().apply((motion.transl + BODY.rest_joints()[0]) / unit_m))
        columns.append(rotations[joint].as_euler("YXZ", degrees=True))
        children = [child for child in range(22) if PARENTS[child] == joint]
        for child in children:
            write(child)
        if not children:
            lines.append("End Site\n{\nOFFSET 0 1 0\n}")
        lines.append("}")

    write(0)
    rows = np.concatenate(columns, axis=1)
    lines += ["}", "MOTION", f"Frames:\t{len(rows)}", "Frame Time: 0.033333"]
    path.write_text("\n".join(lines + [" ".join(f"{v:.7f}" for v in row) for row in rows]))


@pytest.mark.parametrize("unit_m", [1.0, 0.01, 0.0254])
def test_bvh_files_of_other_programs_with_smpls_joints_are_read(tmp_path, unit_m):
    motion = swaying()
    written_otherwise(tmp_path / "other.BVH", motion, unit_m)
    found = read_any_motion(tmp_path / "other.BVH", BODY)
    assert "BVH" in found.format and len(found.motion.valid) == len(motion)
    moved = to_yup(found.motion, BODY).joints(BODY)
    assert_same_but_for_a_shift(moved[:, :22], motion.joints(BODY)[:, :22])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("JOINT left_hip\n\t{\n\t\tOFFSET", "JOINT left_hip\n\t{\n\t\tOFFSET x"),
            "HIERARCHY is damaged near 'OFFSET x",
        ),
        (("Zrotation", "Wrotation"), "has a channel 'Wrotation'"),
        (("Frames: 240", "Frames: many"), "no MOTION with Frames"),
        (("Frames: 240", "Frames: 241"), "says 241 frames of 75 numbers"),
        (("Frame Time: 0.0", "Frame Time: 9"), "no frame rate"),
        (("Frame Time: 0.0", "Frame Time: -"), "no frame rate"),
        (("}\nMOTION", "MOTION"), "HIERARCHY is cut off"),
    ],
)
def test_a_damaged_bvh_says_what_is_wrong(tmp_path, change, message):
    write_bvh(tmp_path / "x.bvh", swaying(), BODY)
    text = (tmp_path / "x.bvh").read_text()
    assert change[0] in text
    (tmp_path / "x.bvh").write_text(text.replace(*change))
    with pytest.raises(InputError, match=message) as error:
        read_any_motion(tmp_path / "x.bvh", BODY)
    assert str(tmp_path / "x.bvh") in str(error.value)


# ---------------------------------------------------------------- training


@pytest.fixture(scope="module")
def songs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("songs")
    build_dataset([write_song(folder / n, n, frames=300) for n in "abc"], folder / "data", BODY)
    return folder / "data"


def test_pretraining_end_to_end_and_going_on_with_music_and_lyrics(captured, songs, tmp_path, monkeypatch, capsys):
    folder, _ = captured
    content = asdict(CONFIG) | {"training": asdict(replace(TRAINING, steps=50))}
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump(content))
    arguments = [str(folder), str(tmp_path / "pre"), "--config", str(tmp_path / "toy.yaml"), "--steps", "3"]
    monkeypatch.setattr(sys, "argv", ["pretrain", *arguments])
    command.main()
    assert "trained on 3 files" in capsys.readouterr().out
    _, facts = load_model(tmp_path / "pre")
    assert facts["steps"] == 3 and facts["text_encoder"] == ""

    # Without a step of its own (a learning rate of 0) the next training keeps these weights, but for the normalisers.
    still = replace(TRAINING, steps=1, lr=0.0, weight_decay=0.0)
    started = replace(CONFIG, training=replace(still, start_from=str(tmp_path / "pre")))
    train(songs, tmp_path / "next", started, seed=5, device="cpu")
    train(songs, tmp_path / "fresh", replace(CONFIG, training=still), seed=5, device="cpu")
    before, after, fresh = (load_file(tmp_path / name / "model.safetensors") for name in ("pre", "next", "fresh"))
    fitted = {"conditions.music_mean", "conditions.music_std", "motion.mean", "motion.std"}
    for name, value in after.items():
        assert torch.equal(value, (fresh if name in fitted else before)[name]), name
    assert any(not torch.equal(value, fresh[name]) for name, value in after.items())
    assert all(torch.isfinite(value).all() for value in after.values())


def test_another_network_or_none_is_refused(songs, tmp_path):
    train(songs, tmp_path / "first", CONFIG, device="cpu")
    wider = replace(DancerConfig(**TINY), d_model=24)
    with pytest.raises(InputError, match=r"start_from: .*first holds another network \(d_model 16 there, 24 here\)"):
        train(songs, tmp_path / "next", started_from(tmp_path / "first", wider), device="cpu")
    with pytest.raises(InputError, match=r"no trained model there"):
        train(songs, tmp_path / "next", started_from(tmp_path / "nowhere"), device="cpu")


def started_from(path: Path, network: DancerConfig = CONFIG.network) -> ModelConfig:
    return replace(CONFIG, network=network, training=replace(TRAINING, start_from=str(path)))


def test_a_training_from_other_first_weights_is_not_continued(songs, tmp_path, capsys):
    for seed in (0, 1):
        train(songs, tmp_path / "first", CONFIG, seed=seed, device="cpu")  # the second time with other weights
        config = started_from(tmp_path / "first")
        config = replace(config, training=replace(config.training, eval_every=1))
        with pytest.raises(KilledError):
            train(songs, tmp_path / "next", config, device="cpu", progress=kill_at(2))
    assert "other settings or data, training starts over" in capsys.readouterr().out


def test_a_result_among_the_motion_files_and_an_empty_folder_are_refused(captured, tmp_path):
    folder, _ = captured
    with pytest.raises(InputError, match="lies in"):
        pretrain(folder, folder / "out", CONFIG, device="cpu")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no file there has six seconds"):
        pretrain(tmp_path / "empty", tmp_path / "out", CONFIG, device="cpu")
