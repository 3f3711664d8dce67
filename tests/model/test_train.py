"""Training: the same bytes from the same seed, after interruption too; early stop; configurations that say no."""

import csv
from dataclasses import replace

import pytest
import torch
from tiny_models import CONFIG, NETWORK, KilledError, changed, kill_at, results
from toy_songs import write_song

from justlmd.body.model import load_body
from justlmd.core.device import choose_precision
from justlmd.core.errors import InputError, JustLMDError
from justlmd.core.files import read_json
from justlmd.dataset.build import build_dataset
from model.configuration import TrainingConfig
from model.training.checkpoint import load_model
from model.training.train import learning_rate, train

torch.set_num_threads(1)  # tiny networks only lose by more


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    build_dataset([write_song(folder / name, name, frames=300) for name in "abcde"], folder / "dataset", load_body())
    return folder / "dataset"


def test_training_learns_and_writes_its_files(dataset, tmp_path):
    facts = train(dataset, tmp_path, changed(steps=60, eval_every=10), device="cpu")
    assert set(results(tmp_path)) == {"model.safetensors", "config.json", "history.csv"}
    rows = list(csv.DictReader((tmp_path / "history.csv").open()))
    assert [int(row["step"]) for row in rows] == [10, 20, 30, 40, 50, 60]
    assert {"train_loss", "train_mse", "train_kl", "val_loss", "val_mse", "val_kl", "lr"} < set(rows[0])
    assert float(rows[-1]["train_mse"]) < 0.5 * float(rows[0]["train_mse"])
    assert facts["held_out_loss"] == pytest.approx(min(float(row["val_loss"]) for row in rows), rel=1e-6)
    model, loaded = load_model(tmp_path)
    assert loaded == facts and facts["parameters"] == sum(p.numel() for p in model.parameters())
    assert model.music_std.unique().tolist() != [1.0]  # the music's normaliser came from the training songs


def test_equal_seeds_give_equal_bytes_and_other_seeds_other_weights(dataset, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train(dataset, tmp_path / name, CONFIG, seed=seed, device="cpu")
    first, second, other = (results(tmp_path / name) for name in "abc")
    assert first == second
    assert first["model.safetensors"] != other["model.safetensors"]


@pytest.mark.parametrize("extra", [{}, {"ema": 0.9, "accumulate": 2, "clip": 1.0, "lr_schedule": "cosine"}])
def test_a_killed_training_continues_to_the_same_bytes(dataset, tmp_path, extra):
    config = replace(changed(**extra), network=replace(NETWORK, dropout=0.1))
    train(dataset, tmp_path / "whole", config, device="cpu")
    with pytest.raises(KilledError):
        train(dataset, tmp_path / "parts", config, device="cpu", progress=kill_at(10))
    assert list(results(tmp_path / "parts")) == ["last.pt"]
    steps = []
    train(dataset, tmp_path / "parts", config, device="cpu", progress=lambda done, total: steps.append(done))
    assert steps == [9, 10, 11, 12]
    assert results(tmp_path / "whole") == results(tmp_path / "parts")


def test_what_another_training_left_is_not_continued(dataset, tmp_path, capsys):
    with pytest.raises(KilledError):
        train(dataset, tmp_path, CONFIG, seed=1, device="cpu", progress=kill_at(5))
    steps = []
    train(dataset, tmp_path, CONFIG, seed=2, device="cpu", progress=lambda done, total: steps.append(done))
    assert steps[0] == 1 and "other settings or data" in capsys.readouterr().out


def test_a_damaged_checkpoint_is_not_continued(dataset, tmp_path, capsys):
    (tmp_path / "last.pt").write_bytes(b"garbage")
    train(dataset, tmp_path, changed(steps=2), device="cpu")
    assert "cannot be read" in capsys.readouterr().out


def test_parts_of_a_batch_add_up_to_the_whole_batch(dataset, tmp_path):
    losses = []
    network = replace(NETWORK, kl="batch_sum", kl_weight=1.0, dropout=0.0)
    for parts in (1, 3):
        config = replace(changed(steps=3, eval_every=1, accumulate=parts), network=network)
        train(dataset, tmp_path / str(parts), config, device="cpu")
        rows = csv.DictReader((tmp_path / str(parts) / "history.csv").open())
        losses.append([float(row["train_loss"]) for row in rows])
    assert losses[0] == pytest.approx(losses[1], rel=0.01)  # the parts draw other noise


def test_training_stops_when_the_held_out_loss_no_longer_falls(dataset, tmp_path):
    facts = train(dataset, tmp_path, changed(steps=400, eval_every=2, lr=0.0, patience=2), device="cpu")
    assert facts["steps"] == 6 and facts["best_step"] == 2


def test_keeping_the_last_weights_keeps_them_whatever_the_held_out_loss(dataset, tmp_path):
    facts = train(dataset, tmp_path, changed(keep="last", steps=12, lr=0.0), device="cpu")
    assert facts["best_step"] == facts["steps"] == 12


def test_mirroring_changes_the_training_and_stays_repeatable(dataset, tmp_path):
    facts = [train(dataset, tmp_path / str(n), changed(mirror=n > 0, batch_size=8), device="cpu") for n in range(3)]
    assert facts[0]["held_out_loss"] != facts[1]["held_out_loss"] == facts[2]["held_out_loss"]


def test_text_states_of_another_width_are_one_error_with_the_number_to_set(dataset, tmp_path):
    other = replace(CONFIG, network=replace(NETWORK, token_dim=9))
    with pytest.raises(InputError, match=r"8 numbers, .* token_dim: 9; set token_dim: 8 in it"):
        train(dataset, tmp_path / "model", other, seed=0)


def test_a_training_that_diverges_says_so(dataset, tmp_path):
    with pytest.raises(JustLMDError, match=r"diverged before step .* lower training\.lr"):
        train(dataset, tmp_path, changed(steps=400, eval_every=4, lr=1e6), device="cpu")


def test_bf16_trains_too(dataset, tmp_path):
    train(dataset, tmp_path, changed(steps=4, precision="bf16-mixed"), device="cpu")
    assert all(value.dtype == torch.float32 for value in load_model(tmp_path)[0].state_dict().values())


@pytest.mark.parametrize("faster", ["32-true", "bf16-mixed"])
def test_automatic_precision_is_the_faster_one_and_stands_in_the_configuration(dataset, tmp_path, monkeypatch, faster):
    seconds = iter([2.0, 1.0] if faster == "bf16-mixed" else [1.0, 2.0])  # the probe times fp32 first
    monkeypatch.setattr("justlmd.core.device._best_seconds", lambda work: next(seconds))
    train(dataset, tmp_path, changed(steps=1, precision="auto"), device="cpu")
    assert read_json(tmp_path / "config.json")["training"]["precision"] == faster


def test_the_precision_probe_decides_and_leaves_an_explicit_value_alone():
    assert choose_precision("auto", "cpu") in ("32-true", "bf16-mixed")
    assert choose_precision("bf16-mixed", "cpu") == "bf16-mixed"


def test_without_held_out_songs_the_last_weights_count(tmp_path):
    build_dataset([write_song(tmp_path / name, name, frames=200) for name in "ab"], tmp_path / "data", load_body())
    facts = train(tmp_path / "data", tmp_path / "model", CONFIG, device="cpu")
    assert facts["held_out_loss"] is None and facts["best_step"] == facts["steps"] == 12


def test_tensorboard_files_are_written_on_request(dataset, tmp_path):
    train(dataset, tmp_path, changed(steps=4), device="cpu", tensorboard=True)
    assert list((tmp_path / "tensorboard").glob("events*"))


def test_the_learning_rate_warms_up_and_falls():
    settings = TrainingConfig(steps=100, lr=1.0, lr_warmup=9, lr_schedule="cosine")
    assert learning_rate(settings, 0) == pytest.approx(0.1)
    assert learning_rate(settings, 50) == pytest.approx(0.5)
    assert learning_rate(settings, 99) < 1e-3
    assert learning_rate(replace(settings, lr_schedule="constant"), 99) == 1


def test_a_model_that_is_not_there_or_damaged_is_named(dataset, tmp_path):
    with pytest.raises(InputError, match=r"config\.json is missing"):
        load_model(tmp_path)
    train(dataset, tmp_path, changed(steps=1), device="cpu")
    assert read_json(tmp_path / "config.json")["training"]["steps"] == 1
    (tmp_path / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(InputError, match=r"model\.safetensors"):
        load_model(tmp_path)


def test_training_leaves_the_global_generators_as_they_were(dataset, tmp_path):
    torch.manual_seed(7)
    before = torch.get_rng_state()
    train(dataset, tmp_path, changed(steps=2), seed=3, device="cpu")
    assert torch.equal(torch.get_rng_state(), before)
