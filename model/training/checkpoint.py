"""Trained models as files: ``config.json`` and safetensors, nothing unpickled."""

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from justlmd.core.errors import InputError
from justlmd.core.files import replacing, write_json
from justlmd.core.limits import MOST_PARAMETERS
from model.configuration import ModelConfig, check_start, trained_config
from model.networks.base import DanceModel
from model.networks.flat_cvae import FlatCVAE
from model.networks.flow_matching import FlowDancer
from model.networks.latent_cvae import Dancer
from model.networks.latent_flow import LatentFlow
from model.networks.transformer_cvae import TransformerCVAE

MODELS: dict[str, type[DanceModel]] = {
    "flat_cvae": FlatCVAE,
    "transformer_cvae": TransformerCVAE,
    "dancer": Dancer,
    "flow_dancer": FlowDancer,
    "latent_flow": LatentFlow,
}
"""Network of each value of ``model:``."""

WEIGHTS = "model.safetensors"


def build_model(config: ModelConfig) -> DanceModel:
    """An untrained network; weights come from torch's current random state.

    Raises InputError when its sizes make more than :data:`~justlmd.core.limits.MOST_PARAMETERS` weights.
    """
    count = number_of_weights(config)
    if count > MOST_PARAMETERS:
        raise InputError(
            f"the sizes of its network make {count:.3g} weights; {MOST_PARAMETERS:.0e} are allowed",
            where=f"model: {config.model}",
            next_step="lower d_model, d_feedforward or the number of layers",
        )
    return MODELS[config.model](config.network)


def number_of_weights(config: ModelConfig) -> int:
    """How many weights a network of this configuration has, without any memory for them."""
    with torch.device("meta"):
        return sum(weight.numel() for weight in MODELS[config.model](config.network).parameters())


def save_model(out_dir: str | Path, model: DanceModel, config: ModelConfig, facts: dict[str, Any]) -> None:
    """Write ``model.safetensors`` and ``config.json`` (the configuration and ``facts`` about the training)."""
    out_dir = Path(out_dir)
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    with replacing(out_dir / WEIGHTS) as temporary:
        save_file(weights, temporary)
    write_json(out_dir / "config.json", asdict(config) | {"facts": facts})


def load_model(path: str | Path, device: torch.device | str = "cpu") -> tuple[DanceModel, dict[str, Any]]:
    """A trained model in evaluation mode and the facts about its training.

    Raises InputError naming the file when it is damaged or does not fit its configuration.
    """
    config, facts = trained_config(path)
    model = build_model(config)
    _load_weights(model, Path(path))
    return model.to(device).eval(), facts


def start_weights(model: DanceModel, config: ModelConfig) -> str:
    """Put the weights of ``training.start_from`` into ``model``; returns the sha256 of their file.

    Raises InputError when there is no trained model, or when its network is another than that of ``config``.
    """
    check_start(config, config.model)
    path = Path(config.training.start_from)
    _load_weights(model, path)
    return hashlib.sha256((path / WEIGHTS).read_bytes()).hexdigest()


def _load_weights(model: DanceModel, path: Path) -> None:
    try:
        model.load_state_dict(load_file(path / WEIGHTS))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise InputError(
            "does not hold the weights of its configuration",
            where=path / WEIGHTS,
            next_step="train it again: another version of the program may have made it",
        ) from error
