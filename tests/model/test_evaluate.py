"""The evaluation: real dances score as real, its references are there, intervals mean what they say."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_songs import write_song

from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.core.files import read_npz
from justlmd.dataset.build import build_dataset
from model.configuration import DancerConfig, ModelConfig, TrainingConfig, TransformerCVAEConfig
from model.data import LyricsMusicDance
from model.evaluation import baselines
from model.evaluation import window_metrics as measures
from model.evaluation.degenerate_dancers import DANCERS
from model.evaluation.evaluate import evaluate
from model.evaluation.lyrics_ablation import ARMS
from model.evaluation.plots import plot_lyrics
from model.evaluation.statistics import half_samples, sign_flip_p_value, song_bootstrap
from model.evaluation.whole_dances import DANCE_LABELS, MOVED
from model.generation.sampling import real_windows
from model.training.train import train

torch.set_num_threads(1)

METHODS = ["real", "nearest", "mean_pose", "choreographer", "v2", "v3"]


def models(folder):
    return {"v2": folder / "v2", "v3": folder / "v3"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data set of six songs, a small trained model and its evaluation."""
    folder = tmp_path_factory.mktemp("evaluation")
    songs = [write_song(folder / n, n, frames=300) for n in "abcdef"]
    build_dataset(songs, folder / "data", load_body(), val_fraction=0.2, test_fraction=0.35)
    network = TransformerCVAEConfig(
        layout="sixd", d_model=16, n_heads=2, d_feedforward=16, n_layers=1, token_dim=8, kl="per_sample", dropout=0.0
    )
    training = TrainingConfig(steps=60, batch_size=8, lr=3e-3, stride=20, eval_every=20)
    train(folder / "data", folder / "v2", ModelConfig("transformer_cvae", network, training), device="cpu")
    dancer = DancerConfig(d_model=16, n_heads=2, d_feedforward=16, encoder_layers=1, decoder_layers=1, token_dim=8)
    train(folder / "data", folder / "v3", ModelConfig("dancer", dancer, replace(training, steps=20)), device="cpu")
    evaluate(folder / "data", models(folder), folder / "out", bootstrap=50, device="cpu")
    return folder


@pytest.fixture(scope="module")
def result(folder):
    return json.loads((folder / "out" / "metrics.json").read_text())


def test_every_number_stands_beside_the_real_dances_and_the_baselines(result):
    assert list(result["methods"]) == METHODS
    for method, values in result["methods"].items():
        missing = set(measures.LABELS) - set(values)
        assert missing == (set() if method in ("v2", "v3") else {"multimodality_mm"})
        assert all(set(entry) == {"value", "low", "high"} for entry in values.values())
    assert set(result["floor"]) == set(measures.SET_MEASURES)


def test_real_dances_have_no_error_and_the_mean_pose_does_not_move(result):
    real, still = result["methods"]["real"], result["methods"]["mean_pose"]
    assert all(
        real[name]["value"] == pytest.approx(0, abs=0.01)
        for name in ("mpjpe_mm", "pa_mpjpe_mm", "path_mm", "heading_deg")
    )
    assert real["kid_kinetic"]["value"] < result["floor"]["kid_kinetic"]["value"]
    assert still["frozen_share"]["value"] == 1 and still["speed"]["value"] == 0 and still["beat_f"]["value"] == 0
    assert real["frozen_share"]["value"] == 0


def test_toy_dancers_who_slow_down_on_the_beat_are_seen_to_do_so(result):
    assert result["methods"]["real"]["beat_f"]["value"] > 0.8


def test_intervals_hold_their_value(result):
    for values in result["methods"].values():
        for name, entry in values.items():
            if entry["low"] is not None and name not in measures.SET_MEASURES:
                assert entry["low"] - 1e-9 <= entry["value"] <= entry["high"] + 1e-9


def test_too_few_windows_for_a_fid_leave_it_out_and_say_so(result):
    assert result["methods"]["v2"]["fid_kinetic"]["value"] is None
    assert any("FID is left out" in note for note in result["notes"])
    assert any("no difference between models can be significant" in note for note in result["notes"])
    assert any(note.startswith("v2: reconstructs held-out dances") for note in result["notes"])


def test_the_test_songs_are_those_of_the_split(folder, result):
    assert result["test_songs"] == sorted(json.loads((folder / "data" / "splits.json").read_text())["test"])
    assert result["windows"] == len(LyricsMusicDance(folder / "data", "test", stride=30))


def test_the_table_has_a_row_per_measure_and_the_plots_exist(folder):
    rows = list(csv.reader((folder / "out" / "metrics.csv").open()))
    assert rows[0] == ["measure", *METHODS] and len(rows) == len(measures.LABELS) + 1
    for name in ("metrics.svg", "dances.svg", "history.svg", "lyrics.svg"):
        assert (folder / "out" / name).read_text().startswith("<?xml")


def test_whole_dances_of_all_dancers_stand_beside_the_real_ones(folder, result):
    dances = result["dances"]
    columns = ["real", "another_song", *DANCERS, "choreographer", "v2", "v3"]
    assert list(dances["methods"]) == columns and dances["songs"] == result["test_songs"]
    rows = list(csv.reader((folder / "out" / "dances.csv").open()))
    assert rows[0] == ["measure", *columns]
    assert [row[0] for row in rows[1:]] == list(DANCE_LABELS.values())
    for name, column in dances["methods"].items():
        danced = name in ("real", "choreographer", "v2", "v3")
        assert set(column) - set(DANCE_LABELS) == set()
        assert {"hits", "hits_loose", "hits_chance", *(() if danced else MOVED)} == set(DANCE_LABELS) - set(column)
        assert column["told_apart"]["value"] is None, "two test songs are too few to learn from"
    assert any("takes 4 test songs" in note for note in result["notes"])
    assert any(note.startswith("v3, whole dances: ") for note in result["notes"])
    assert dances["methods"]["v2"]["seam_jerk"]["value"] is None, "six seconds are one window, without a seam"
    assert dances["methods"]["v3"]["slide_speed"]["value"] >= 0


def test_the_lyrics_question_is_put_to_models_that_can_leave_lyrics_out(folder, result):
    assert list(result["lyrics"]) == ["v3"]
    assert any(note == f"v3: {result['lyrics']['v3']['sentence']}" for note in result["notes"])
    rows = list(csv.reader((folder / "out" / "lyrics.csv").open()))
    assert [row[:2] for row in rows[1:]] == [["v3", arm] for arm in ARMS]
    plot_lyrics(folder / "nobody.svg", {})
    assert "cannot be put to them" in (folder / "nobody.svg").read_text()


def test_a_second_evaluation_gives_the_same_bytes(folder, tmp_path):
    evaluate(folder / "data", models(folder), tmp_path, bootstrap=50, device="cpu")
    for path in (folder / "out").iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_without_test_songs_there_is_an_error(tmp_path):
    build_dataset([write_song(tmp_path / "a", "a", frames=200)], tmp_path / "data", load_body())
    with pytest.raises(InputError, match="no test song"):
        evaluate(tmp_path / "data", {}, tmp_path / "out", device="cpu")


# ---------------------------------------------------------------- measures and baselines


def test_a_turned_dancer_has_the_heading_error_of_the_turn_and_no_pose_error(folder):
    joints, rotations = real_windows(LyricsMusicDance(folder / "data", "test"))
    angle = np.radians(40)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    turned = rotations[0].copy()
    turned[:, 0] = turn @ turned[:, 0]
    found = measures.errors(joints[0] @ turn.T, turned, joints[0], rotations[0])
    assert found["heading_deg"] == pytest.approx(40, abs=1e-3) and found["root_deg"] == pytest.approx(40, abs=1e-2)
    assert found["pa_mpjpe_mm"] < 0.01 and found["body_deg"] < 0.1 and found["mpjpe_mm"] > 50


def test_a_root_that_flips_is_counted():
    rotations = np.tile(np.eye(3), (11, 24, 1, 1))
    rotations[5:, 0] = np.diag([-1, 1, -1])
    joints = np.random.default_rng(0).standard_normal((11, 24, 3))
    assert measures.movement(joints, rotations)["root_jumps"] == pytest.approx(0.1)


def test_the_nearest_dance_of_a_training_song_is_its_own(folder):
    train_songs = LyricsMusicDance(folder / "data", "train", stride=30)
    joints, _ = real_windows(train_songs)
    copied, _ = baselines.nearest(train_songs, train_songs)
    np.testing.assert_allclose(copied, joints, atol=1e-4)


def test_the_copied_dance_to_a_training_song_is_its_own(folder):
    body, song = load_body(), LyricsMusicDance(folder / "data", "train", stride=30).songs[0]
    train_songs = LyricsMusicDance(folder / "data", [song], stride=1)
    dance = baselines.copied_dance(
        train_songs, body, folder / song / "audio_features.npz", folder / song / "lyrics_embeddings.npz"
    )
    assert len(dance) == len(read_npz(folder / song / "audio_features.npz")["log_mel"]) and dance.valid.all()
    # The dance begins with the video, the motion 60 frames later; the windows at 0, 150 and 300 are joined over 30.
    true = train_songs.arrays["body_pose"][train_songs.arrays.songs[song].rows]
    np.testing.assert_allclose(dance.body_pose[180:300], true[120:240], atol=1e-4)
    assert 0 < np.percentile(dance.joints(body)[..., 1].min(1), 5) < 0.1, "stands on the floor"


# ---------------------------------------------------------------- intervals


def test_song_bootstrap_is_wider_than_windows_alone_when_songs_differ():
    random = np.random.default_rng(0)
    songs = np.repeat(np.arange(8), 50)
    values = np.repeat(random.standard_normal(8), 50) + 0.1 * random.standard_normal(400)
    by_song = song_bootstrap(values, songs, 500, 0)
    by_window = song_bootstrap(values, np.arange(400), 500, 0)
    assert by_song["high"] - by_song["low"] > 5 * (by_window["high"] - by_window["low"])
    assert by_song["value"] == pytest.approx(values.mean())


def test_song_bootstrap_covers_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(1)
    songs = np.repeat(np.arange(12), 5)
    hits = 0
    for trial in range(200):
        values = np.repeat(random.standard_normal(12), 5) + random.standard_normal(60)
        interval = song_bootstrap(values, songs, 200, trial)
        hits += interval["low"] <= 0 <= interval["high"]
    assert 0.85 < hits / 200 < 0.99


def test_undefined_values_are_left_out_not_counted_as_zero():
    assert song_bootstrap(np.array([1.0, np.nan, 3.0]), np.array(["a", "a", "b"]), 20, 0)["value"] == 2
    assert song_bootstrap(np.array([np.nan]), np.array(["a"]), 20, 0) == {"value": None, "low": None, "high": None}


def test_half_samples_do_not_repeat_items():
    a = np.arange(20.0)[:, None]

    def repeats(x, y):
        return float(len(x) - len(np.unique(x)))

    assert half_samples(repeats, a, a, 20, 0)["high"] == 0
    assert half_samples(lambda x, y: 1.0, a[:3], a, 20, 0)["low"] is None


@pytest.mark.parametrize(
    ("differences", "expected"), [([1, 1, 1, 1], 0.125), ([1, -1], 1.0), ([3, 2, 1, 1, 1, 1], 1 / 32)]
)
def test_sign_flips_give_the_exact_p_value(differences, expected):
    assert sign_flip_p_value(np.array(differences)) == pytest.approx(expected)


def test_sign_flips_of_nothing_are_uniform():
    random = np.random.default_rng(0)
    p = np.array([sign_flip_p_value(random.standard_normal(8)) for _ in range(400)])
    assert abs((p < 0.05).mean() - 0.05) < 0.03 and abs((p < 0.5).mean() - 0.5) < 0.08


def test_outputs_land_in_a_new_folder(folder):
    assert {path.name for path in Path(folder / "out").iterdir()} == {
        "metrics.json",
        "metrics.csv",
        "metrics.svg",
        "dances.csv",
        "dances.svg",
        "history.svg",
        "lyrics.csv",
        "lyrics.svg",
    }
