"""Whole songs danced from music and words: length, seams, seeds, missing conditions, and the file that comes out."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_songs import write_song

from demo.planted import synthetic
from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.core.files import read_npz, write_npz
from justlmd.dataset.build import build_dataset
from justlmd.motion.motion import before_camera, to_yup
from justlmd.motion.smplfull import read_smplfull, write_smplfull
from model.configuration import ModelConfig, TrainingConfig, TransformerCVAEConfig
from model.generation.generate import OVERLAP, generate, grounded, join_windows, song_conditions, window_starts
from model.training.train import train

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def body():
    return load_body()


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return write_song(tmp_path_factory.mktemp("song"), "new", frames=700)


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory, body):
    folder = tmp_path_factory.mktemp("model")
    build_dataset([write_song(folder / n, n, frames=240) for n in "abc"], folder / "data", body)
    network = TransformerCVAEConfig(
        layout="sixd", d_model=16, n_heads=2, d_feedforward=16, n_layers=1, token_dim=8, kl="per_sample", dropout=0.0
    )
    config = ModelConfig("transformer_cvae", network, TrainingConfig(steps=40, batch_size=4, lr=3e-3, stride=20))
    train(folder / "data", folder / "model", config, device="cpu")
    return folder / "model"


def test_windows_cover_every_length():
    for frames in (2, 30, 179, 180, 181, 330, 331, 5000):
        starts = window_starts(frames)
        assert starts[0] == 0 and starts[-1] + 180 >= frames
        assert len(starts) == 1 or starts[-1] + OVERLAP < frames
        assert set(np.diff(starts)) <= {180 - OVERLAP}


def test_a_dance_lasts_as_long_as_the_music(model_dir, body, song):
    motion = generate(model_dir, body, song.audio, song.embeddings, device="cpu")
    assert len(motion) == len(read_npz(song.audio)["log_mel"]) == 760
    assert motion.valid.all() and np.isfinite(motion.body_pose).all() and motion.body_pose.shape == (760, 69)


def test_a_stretch_of_the_song_can_be_danced(model_dir, body, song):
    motion = generate(model_dir, body, song.audio, song.embeddings, start_s=2.0, end_s=9.5, device="cpu")
    assert len(motion) == 225


def test_equal_seeds_give_equal_dances_and_other_seeds_others(model_dir, body, song):
    first, second, other = (
        generate(model_dir, body, song.audio, song.embeddings, seed=seed, device="cpu") for seed in (1, 1, 2)
    )
    assert np.array_equal(first.body_pose, second.body_pose) and np.array_equal(first.transl, second.transl)
    assert np.abs(first.body_pose - other.body_pose).max() > 1e-4


def test_a_song_without_music_or_words_is_danced_to_the_other(model_dir, body, song):
    assert len(generate(model_dir, body, None, song.embeddings, device="cpu")) == 750  # words end at 25 s
    assert len(generate(model_dir, body, song.audio, None, device="cpu")) == 760
    with pytest.raises(InputError, match="nothing to dance to"):
        generate(model_dir, body, None, None, device="cpu")


def test_words_of_another_encoder_are_refused(model_dir, body, song, tmp_path):
    tokens = read_npz(song.embeddings) | {"encoder": "other"}
    write_npz(tmp_path / "tokens.npz", **tokens)
    with pytest.raises(InputError, match="text encoder 'other', the model was trained with 'toy'"):
        generate(model_dir, body, song.audio, tmp_path / "tokens.npz", device="cpu")


def test_conditions_of_a_window_are_those_of_its_seconds(song):
    conditions = song_conditions(song.audio, read_npz(song.embeddings), 60, [0, 150, 600], 8)
    assert conditions.log_mel[:2, 0, 0].tolist() == [60, 210]
    assert conditions.tokens[1, 0, 0] == 7 and conditions.token_times[1, 0].tolist() == [0, 1]
    assert conditions.has_music.tolist() == [1, 1, 1]  # 100 of the last window's 180 frames have sound
    assert not conditions.token_mask[2, 4:].any()


def test_the_dance_has_no_seams(model_dir, body, song):
    """At the joins the body may move no faster than elsewhere allows: windows are faded, not butted."""
    motion = generate(model_dir, body, song.audio, song.embeddings, seed=3, device="cpu")
    speed = np.linalg.norm(np.diff(motion.joints(body), axis=0), axis=-1).mean(1)
    joins = np.concatenate([np.arange(start, start + OVERLAP) for start in window_starts(760)[1:]])
    assert speed[joins].max() < 3 * np.percentile(speed, 95)


def test_joining_equal_windows_of_one_motion_returns_it():
    random = np.random.default_rng(0)
    whole = np.cumsum(0.01 * random.standard_normal((480, 2, 3)), axis=0)
    places = np.cumsum(0.01 * random.standard_normal((480, 3)), axis=0)
    starts = window_starts(480)
    joined, where = join_windows(
        np.stack([whole[s : s + 180] for s in starts]), np.stack([places[s : s + 180] for s in starts])
    )
    np.testing.assert_allclose(joined, whole, atol=1e-9)
    np.testing.assert_allclose(where, places, atol=1e-9)


def test_a_window_that_starts_elsewhere_is_moved_and_the_move_is_undone():
    still = np.zeros((2, 180, 1, 3))
    places = np.stack([np.zeros((180, 3)), np.tile([3.0, 0.5, -3.0], (180, 1))])
    _, where = join_windows(still, places)
    steps = np.linalg.norm(np.diff(where, axis=0), axis=1)
    assert where[-1] == pytest.approx([3, 0.5, -3], abs=0.05) and where[149 + OVERLAP, [0, 2]] == pytest.approx(
        [0, 0], abs=0.1
    )
    assert steps.max() < 0.04  # 4.2 m in five seconds instead of one


def test_the_file_for_the_preview_holds_the_same_dance_in_front_of_the_camera(model_dir, body, song, tmp_path):
    motion = generate(model_dir, body, song.audio, song.embeddings, device="cpu")
    assert motion.transl[:, [0, 2]].mean(0) == pytest.approx([0, 0], abs=1e-9)
    write_smplfull(tmp_path / "smplfull.json", before_camera(motion, body))
    camera = read_smplfull(tmp_path / "smplfull.json")
    assert camera.Th[:, 2].min() > 1
    back = to_yup(camera, body, floor=-1.0)
    np.testing.assert_allclose(back.joints(body), motion.joints(body) + np.array([0, 0, -3.5]), atol=1e-5)


def test_a_floating_dance_is_put_on_the_floor_and_its_jumps_stay(body):
    song = synthetic(4, 1)[0].motion
    height = 0.2 + 0.1 * np.sin(np.arange(len(song)) / 60)  # floats, and drifts slowly
    jump = np.zeros(len(song))
    jump[300:312] = 0.3 * np.sin(np.linspace(0, np.pi, 12))
    lifted = replace(song, transl=song.transl + (height + jump)[:, None] * [0, 1, 0])
    found = grounded(lifted, body)
    feet = found.joints(body)[:, [7, 8, 10, 11], 1].min(1)
    assert np.percentile(feet, 50) < 0.07 and feet.min() > -0.06
    before, after = song.joints(body)[:, 0, 1], found.joints(body)[:, 0, 1]
    assert after[306] - after[290] - (before[306] - before[290]) == pytest.approx(0.3, abs=0.06)
    np.testing.assert_array_equal(found.transl[:, [0, 2]], lifted.transl[:, [0, 2]])
