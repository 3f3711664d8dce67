"""Leaving groups of songs out: nothing of the left-out group is trained on, and comparisons mean what they say."""

import json

import numpy as np
import pytest
import torch
from toy_songs import write_song

from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.dataset.build import build_dataset
from model.configuration import DancerConfig, ModelConfig, TrainingConfig, TransformerCVAEConfig
from model.evaluation.leave_one_out import MEASURES, compare, leave_one_out

torch.set_num_threads(1)


def test_every_group_is_left_out_once_and_not_trained_on(tmp_path):
    build_dataset([write_song(tmp_path / n, n, frames=300) for n in "abc"], tmp_path / "data", load_body())
    training = TrainingConfig(steps=6, batch_size=4, stride=30)
    sizes = {"d_model": 16, "n_heads": 2, "d_feedforward": 16, "token_dim": 8}
    configs = {
        "v2": ModelConfig("transformer_cvae", TransformerCVAEConfig(layout="sixd", n_layers=1, **sizes), training),
        "v3": ModelConfig("dancer", DancerConfig(encoder_layers=1, decoder_layers=1, **sizes), training),
    }
    rows = leave_one_out(tmp_path / "data", configs, tmp_path / "folds", seeds=[0, 1], device="cpu")
    assert [(r["group"], r["seed"], r["model"]) for r in rows][:4] == [
        ("a", 0, "v2"), ("a", 0, "v3"), ("a", 1, "v2"), ("a", 1, "v3"),
    ]  # fmt: skip
    assert len(rows) == 3 * 2 * 2
    for group in "abc":
        facts = json.loads((tmp_path / "folds" / group / "v3_1" / "config.json").read_text())["facts"]
        assert facts["training_songs"] == [song for song in "abc" if song != group] and facts["seed"] == 1
    assert all(np.isfinite([row[name] for name in MEASURES]).all() for row in rows)
    assert all(("lyrics_mm" in row) == (row["model"] == "v3") for row in rows)
    assert set(compare(rows, "v2", "v3")) == set(MEASURES)


def test_one_group_cannot_be_left_out(tmp_path):
    build_dataset([write_song(tmp_path / "a", "a", frames=300)], tmp_path / "data", load_body())
    with pytest.raises(InputError, match="needs two groups"):
        leave_one_out(tmp_path / "data", {}, tmp_path / "folds")


def test_negative_differences_mean_that_the_second_is_better():
    real = {"real_frozen_share": 0.1}
    worse = {"mpjpe_mm": 200.0, "heading_deg": 30.0, "jerk_ratio": 4.0, "frozen_share": 0.5, "speed_ratio": 0.25} | real
    better = {"mpjpe_mm": 150.0, "heading_deg": 10.0, "jerk_ratio": 0.5, "frozen_share": 0.0, "speed_ratio": 2.0} | real
    rows = [
        {"group": g, "seed": s, "model": m} | values
        for g in "abcd"
        for s in (0, 1)
        for m, values in (("v2", worse), ("v3", better))
    ]
    found = compare(rows, "v2", "v3")
    assert found["mpjpe_mm"]["value"] == pytest.approx(-50) and found["mpjpe_mm"]["p"] == pytest.approx(2 / 2**4)
    assert found["jerk_ratio"]["value"] == pytest.approx(np.log(2) - np.log(4))
    assert found["frozen_share"]["value"] == pytest.approx(0.1 - 0.4)
    assert all(entry["high"] <= 0 for entry in found.values())


def test_comparisons_leave_out_what_one_model_has_no_number_for():
    row = dict.fromkeys(MEASURES, 0.5) | {"real_frozen_share": 0.1, "seed": 0}
    rows = [{"group": g, "model": m} | row for g in "ab" for m in ("v3", "v4")]
    rows = [row | {"mpjpe_mm": None} if row["model"] == "v4" else row for row in rows]
    found = compare(rows, "v3", "v4")
    assert found["mpjpe_mm"] == {"value": None, "low": None, "high": None, "p": None}
    assert found["speed_ratio"]["value"] == 0
