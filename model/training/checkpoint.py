"""Configurations and trained models as files: YAML in, ``config.json`` and safetensors out, nothing unpickled."""

import hashlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from justlmd.core.errors import InputError
from justlmd.core.files import read_json, replacing, write_json
from model.networks.base import DanceModel
from model.networks.flat_cvae import FlatCVAE, FlatCVAEConfig
from model.networks.flow_matching import FlowDancer, FlowDancerConfig
from model.networks.latent_cvae import Dancer, DancerConfig
from model.networks.transformer_cvae import TransformerCVAE, TransformerCVAEConfig

MODELS: dict[str, tuple[type, type]] = {
    "flat_cvae": (FlatCVAE, FlatCVAEConfig),
    "transformer_cvae": (TransformerCVAE, TransformerCVAEConfig),
    "dancer": (Dancer, DancerConfig),
    "flow_dancer": (FlowDancer, FlowDancerConfig),
}
"""Network and configuration class of each value of ``model:``."""

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained."""

    steps: int = 1000  # optimiser steps at most
    batch_size: int = 16  # windows per step, over all devices
    accumulate: int = 1  # parts in which a batch is computed, to save memory
    stride: int = 15  # frames between training windows; 0: the data set's sequences only
    mirror: bool = False  # exchange left and right in half of the windows
    tempo: float = 0.0  # largest relative change of a window's speed, with its music and words; 0: none
    yaw: float = 0.0  # largest turn of a window about the vertical in degrees; 0: none
    lr: float = 1e-4
    lr_schedule: str = "constant"  # or cosine, to 0 at the last step
    lr_warmup: int = 0  # steps
    weight_decay: float = 0.01
    clip: float = 0.0  # largest gradient norm; 0: no clipping
    ema: float = 0.0  # decay of the averaged weights that are kept; 0: none
    precision: str = "auto"  # 32-true, bf16-mixed, or auto: the faster of the two on the device at hand
    eval_every: int = 100  # steps between looks at the held-out loss
    keep: str = "best"  # weights of the lowest held-out loss, or last: those of the last step
    patience: int = 0  # looks without improvement before stopping; 0: never stop early
    start_from: str = ""  # folder of a trained model of the same network whose weights are the first ones; empty: none


@dataclass(frozen=True)
class ModelConfig:
    """A whole configuration: which network, its settings, its training."""

    model: str
    network: Any  # the configuration class of the network
    training: TrainingConfig


def read_config(path: str | Path) -> ModelConfig:
    """Read a configuration from YAML (or the ``config.json`` of a trained model); raises InputError naming the key."""
    path = Path(path)
    try:
        content = read_json(path) if path.suffix == ".json" else yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"not a readable configuration ({error})", where=path) from error
    return parse_config(content, str(path))


def parse_config(content: Any, name: str) -> ModelConfig:
    """Check and type a configuration; ``name`` is the file that errors name."""
    if not isinstance(content, dict) or content.get("model") not in MODELS:
        raise InputError(f"'model' must be one of {', '.join(MODELS)}", where=name)
    network = _typed(MODELS[content["model"]][1], content.get("network") or {}, f"{name}: network")
    training = _typed(TrainingConfig, content.get("training") or {}, f"{name}: training")
    for key, allowed in (
        ("precision", ("auto", "32-true", "bf16-mixed")),
        ("lr_schedule", ("constant", "cosine")),
        ("keep", ("best", "last")),
    ):
        if getattr(training, key) not in allowed:
            raise InputError(
                f"training.{key}: {getattr(training, key)!r} is not one of {', '.join(allowed)}", where=name
            )
    for key in ("steps", "batch_size", "accumulate", "eval_every"):
        if getattr(training, key) < 1:
            raise InputError(f"training.{key}: {getattr(training, key)} must be at least 1", where=name)
    for key, largest in (("tempo", 0.5), ("yaw", 180.0)):
        if not 0 <= getattr(training, key) <= largest:
            raise InputError(f"training.{key}: {getattr(training, key)} must be from 0 to {largest:g}", where=name)
    return ModelConfig(content["model"], network, training)


def _typed(kind: type, values: Any, name: str) -> Any:
    """Make the dataclass ``kind`` of ``values``; unknown keys and wrong types are errors."""
    if not isinstance(values, dict):
        raise InputError("must be keys and values", where=name)
    types = {field.name: field.type for field in fields(kind)}
    for key, value in values.items():
        if key not in types:
            raise InputError("unknown key", where=f"{name}.{key}", next_step=f"the keys are {', '.join(types)}")
        wanted = types[key]
        number = wanted is float and isinstance(value, int) and not isinstance(value, bool)
        if isinstance(wanted, type) and not number and type(value) is not wanted:
            raise InputError(f"{value!r} is not of type {wanted.__name__}", where=f"{name}.{key}")
    return kind(**{key: float(value) if types[key] is float else value for key, value in values.items()})


def build_model(config: ModelConfig) -> DanceModel:
    """An untrained network; weights come from torch's current random state."""
    network, _ = MODELS[config.model]
    return network(config.network)


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
    config, facts = _trained(Path(path))
    model = build_model(config)
    _load_weights(model, Path(path))
    return model.to(device).eval(), facts


def start_weights(model: DanceModel, config: ModelConfig) -> str:
    """Put the weights of ``training.start_from`` into ``model``; returns the sha256 of their file.

    Raises InputError when there is no trained model, or when its network is another than that of ``config``.
    """
    path = Path(config.training.start_from)
    other, _ = _trained(path)
    there, here = ({"model": c.model} | asdict(c.network) for c in (other, config))
    found = [f"{key} {there[key]!r} there, {value!r} here" for key, value in here.items() if there.get(key) != value]
    if other.model != config.model or found:
        found = found[:1] if other.model != config.model else found
        raise InputError(f"{path} holds another network ({'; '.join(found)})", where="training.start_from")
    _load_weights(model, path)
    return hashlib.sha256((path / WEIGHTS).read_bytes()).hexdigest()


def _trained(path: Path) -> tuple[ModelConfig, dict[str, Any]]:
    """Configuration and facts of a trained model."""
    if not (path / "config.json").is_file():
        raise InputError("no trained model there (config.json is missing)", where=path, next_step="train it first")
    content = read_json(path / "config.json")
    return parse_config(content, str(path / "config.json")), content.get("facts", {})


def _load_weights(model: DanceModel, path: Path) -> None:
    try:
        model.load_state_dict(load_file(path / WEIGHTS))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise InputError("does not hold the weights of its configuration", where=path / WEIGHTS) from error
