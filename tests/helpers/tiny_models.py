"""Networks and trainings of seconds, and a training that is killed on the way."""

from dataclasses import replace
from pathlib import Path

import torch

from model.configuration import ModelConfig, TrainingConfig, TransformerCVAEConfig
from model.data import Batch
from model.networks.base import AblatableModel

TINY = {
    "d_model": 16,
    "n_heads": 4,
    "d_feedforward": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "token_dim": 8,
    "global_dim": 4,
    "local_dim": 2,
}
"""Settings of the smallest V3."""

NETWORK = TransformerCVAEConfig(
    layout="sixd", d_model=16, n_heads=2, d_feedforward=16, n_layers=1, token_dim=8, kl="per_sample", kl_weight=1e-3
)
TRAINING = TrainingConfig(steps=12, batch_size=4, lr=3e-3, eval_every=4, stride=30, precision="32-true")
CONFIG = ModelConfig("transformer_cvae", NETWORK, TRAINING)


def changed(**training) -> ModelConfig:
    return replace(CONFIG, training=replace(TRAINING, **training))


def results(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


class KilledError(Exception):
    pass


def kill_at(step: int):
    def progress(done: int, total: int) -> None:
        if done == step:
            raise KilledError

    return progress


def assert_predictions_use_only_what_they_are_allowed(model: AblatableModel, batch: Batch) -> None:
    """``batch`` holds windows of two songs."""
    dances = [
        model.predict(batch.conditions, batch.rest_joints, music, words).rotations
        for music in (False, True)
        for words in (False, True)
    ]
    torch.testing.assert_close(dances[0][0], dances[0][1])  # knowing nothing, both songs are danced alike
    assert all((dances[i][0] - dances[i][1]).abs().max() > 1e-5 for i in (1, 2, 3))
