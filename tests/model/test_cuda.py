"""The GPU goes through the same code as the CPU and comes to the same results; skipped without a CUDA device."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from projected import seen
from tiny_models import changed, kill_at
from toy_songs import write_song

from demo.build import motion_of
from demo.song_list import song_by_id
from justlmd.body.model import load_body
from justlmd.dataset.build import build_dataset
from justlmd.motion.motion import to_yup
from justlmd.recovery.fit import recover
from model.evaluation.pose_errors import evaluated_joints, mpjpe
from model.training.checkpoint import load_model
from model.training.train import train

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


def test_the_fit_finds_the_same_motion():
    body = load_body()
    keypoints2d = seen(motion_of(song_by_id("kitchen_parade"), body).cut(100, 500), body)
    keypoints2d.keypoints[50:55] = np.nan  # a bridged gap, and one too long to be
    keypoints2d.keypoints[200:230] = np.nan
    here, there = (recover(keypoints2d, body, device=device) for device in ("cpu", "cuda"))
    np.testing.assert_array_equal(here.valid, there.valid)
    joints = [evaluated_joints(to_yup(motion, body, floor=0.0).joints(body)) for motion in (here, there)]
    assert mpjpe(*joints) < 0.1  # mm
    np.testing.assert_allclose(here.Th, there.Th, atol=1e-3)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    build_dataset([write_song(folder / name, name, frames=300) for name in "abcde"], folder / "dataset", load_body())
    return folder / "dataset"


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_model_trained_there_learns_resumes_and_works_on_the_cpu(dataset, tmp_path, precision):
    config = changed(steps=60, eval_every=10, precision=precision)
    with pytest.raises(Exception) as caught:
        train(dataset, tmp_path, config, device="cuda", progress=kill_at(35))
    assert caught.type.__name__ == "KilledError"
    facts = train(dataset, tmp_path, config, device="auto")
    assert facts["steps"] == 60
    model, _ = load_model(tmp_path, "cpu")
    assert all(torch.isfinite(weight).all() for weight in model.parameters())
    untrained = train(
        dataset, tmp_path / "short", replace(config, training=replace(config.training, steps=1)), device="cuda"
    )
    assert facts["held_out_loss"] < untrained["held_out_loss"]
