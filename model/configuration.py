"""The models' configurations: typed, bounded, and without torch, so that they are checked before any job starts.

A YAML file has three keys: ``model`` names the network, ``network`` its sizes and losses, ``training`` how it is
trained. A trained model's ``config.json`` holds the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass

from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from justlmd.core.errors import InputError
from justlmd.core.files import read_json
from justlmd.core.invalid import fault_lines

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

Size = Annotated[int, Field(ge=1, le=65_536)]
Layers = Annotated[int, Field(ge=1, le=256)]
Text = Annotated[str, Field(max_length=4096)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=1e6)]


def _even(size: int) -> int:
    if size % 2:
        raise ValueError("must be even")
    return size


def _divides_sequence(patch: int) -> int:
    if FPS % patch or SEQUENCE_FRAMES % patch:
        raise ValueError(f"must divide {FPS} and {SEQUENCE_FRAMES}")
    return patch


def _whole_sequences(frames: int) -> int:
    if frames % FOLD_FRAMES:
        raise ValueError(f"must be a multiple of {FOLD_FRAMES}")
    return frames


FOLD_FRAMES = 60
"""Windows are multiples of this, so that every patch divides them."""

MOTION_NUMBERS = 24 * 6 + 2 + 1
"""Numbers of a frame that make the motion: rotations, velocity over the floor, height."""

Patch = Annotated[int, Field(ge=1, le=FPS), AfterValidator(_divides_sequence)]


@dataclass(frozen=True, config=STRICT)
class FlatCVAEConfig:
    """V1; the defaults are those of the code that the report started from, not of its text."""

    hidden_dim: Size = 400
    latent_dim: Size = 512
    max_tokens: Size = 50  # further tokens of a window are dropped, missing ones are 0
    token_dim: Size = 384
    rhythm: bool = False  # also hear onsets, beats and bars; the report's music are mel bands alone
    kl_weight: Weight = 1.0


@dataclass(frozen=True, config=STRICT)
class TransformerCVAEConfig:
    """V2; the defaults are the report's."""

    layout: Literal["axis_angle_26", "axis_angle_24", "sixd"] = "axis_angle_26"  # _24: without the translation
    d_model: Annotated[Size, AfterValidator(_even)] = 512  # also the latent's size: the latent is one time step
    n_heads: Size = 4
    d_feedforward: Size = 1024
    n_layers: Layers = 4  # in the encoder and in the decoder
    dropout: Share = 0.1
    music_dim: Literal[128] = 128  # bands of the mel spectrum, as the data set holds it
    rhythm: bool = False  # also hear onsets, beats and bars; the report's music are mel bands alone
    lyrics_dim: Size = 128
    token_dim: Size = 384  # width of the text encoder's states
    kl: Literal["batch_sum", "per_sample"] = "batch_sum"  # batch_sum: summed over the batch, as the original ran it
    kl_weight: Weight = 1e-5
    free_bits: Weight = 0.0  # nat per dimension that cost nothing (kl: per_sample)
    unused_parameters: bool = False  # declare the parameters that the original declared and never used


@dataclass(frozen=True, config=STRICT)
class MotionLossConfig:
    """Weights of the losses on motion (:func:`model.networks.motion_space.motion_losses`)."""

    joints_weight: Weight = 1.0
    velocity_weight: Weight = 1.0
    acceleration_weight: Weight = 0.003
    contact_weight: Weight = 0.1
    standing_weight: Weight = 0.5
    energy_weight: Weight = 0.5


@dataclass(frozen=True, config=STRICT)
class BackboneConfig(MotionLossConfig):
    """What V3 and V4 share: sizes and which conditions are left out in training."""

    d_model: Size = 128
    n_heads: Size = 4
    d_feedforward: Size = 256
    decoder_layers: Layers = 3
    patch: Patch = 3  # frames per step of the backbone
    bar: bool = False  # also hear the place in the bar
    token_dim: Size = 384  # width of the text encoder's states
    music_dropout: Share = 0.1
    lyrics_dropout: Share = 0.1
    both_dropout: Share = 0.1


@dataclass(frozen=True, config=STRICT)
class DancerConfig(BackboneConfig):
    """V3: the posterior's layers, the latent and its losses."""

    encoder_layers: Layers = 2
    global_dim: Size = 64  # latent of the window
    local_dim: Size = 32  # latent of each second
    kl_weight: Weight = 0.0002  # per nat and sample
    kl_warmup: Share = 0.3  # share of the training in which the weight rises from 0
    free_bits: Weight = 0.1  # nat per dimension that cost nothing
    latent_dropout: Share = 0.25
    contrast_weight: Weight = 0.02
    temperature: Annotated[float, Field(gt=0, le=100)] = 0.1
    same_text: Share = 0.8  # texts with a higher cosine are no opposites


@dataclass(frozen=True, config=STRICT)
class FlowDancerConfig(BackboneConfig):
    """V4: how times are drawn in training, and how many steps a dance takes."""

    euler_steps: Annotated[int, Field(ge=1, le=10_000)] = 10
    time_mean: Annotated[float, Field(ge=-10, le=10)] = 0.0  # of the normal sample whose sigmoid is t
    time_std: Annotated[float, Field(gt=0, le=10)] = 1.0
    start_share: Share = 0.2  # of the training windows at t = 0


@dataclass(frozen=True, config=STRICT)
class LatentFlowConfig:
    """V5: the codec, the flow over its latents, and which conditions are left out in training."""

    d_model: Annotated[Size, AfterValidator(_even)] = 192
    n_heads: Size = 4
    d_feedforward: Size = 384
    layers: Layers = 4
    dropout: Share = 0.1
    window: Annotated[int, Field(ge=SEQUENCE_FRAMES, le=18_000), AfterValidator(_whole_sequences)] = 600  # frames
    patch: Patch = 5  # frames per latent
    latent_dim: Size = 192  # principal components of the features of twice these frames
    token_dim: Size = 384  # width of the text encoder's states
    learned_dim: Annotated[int, Field(ge=0, le=65_536)] = 0  # width of the data set's learned features; 0: not read
    music_dropout: Share = 0.2
    metre_dropout: Share = 0.1
    lyrics_dropout: Share = 0.15
    both_dropout: Share = 0.1  # of the training windows go without any of them
    euler_steps: Annotated[int, Field(ge=1, le=10_000)] = 20
    time_mean: Annotated[float, Field(ge=-10, le=10)] = 0.0  # of the normal sample whose sigmoid is t
    time_std: Annotated[float, Field(gt=0, le=10)] = 1.0
    start_share: Share = 0.1  # of the training windows at t = 0


@dataclass(frozen=True, config=STRICT)
class TrainingConfig:
    """How a model is trained."""

    steps: Annotated[int, Field(ge=1, le=100_000_000)] = 1000  # optimiser steps at most
    batch_size: Size = 16  # windows per step, over all devices
    accumulate: Size = 1  # parts in which a batch is computed, to save memory
    stride: Annotated[int, Field(ge=0, le=100_000)] = 15  # frames between training windows; 0: the sequences only
    mirror: bool = False  # exchange left and right in half of the windows
    tempo: Annotated[float, Field(ge=0, le=0.5)] = 0.0  # largest relative change of a window's speed; 0: none
    yaw: Annotated[float, Field(ge=0, le=180)] = 0.0  # largest turn of a window about the vertical in degrees; 0: none
    lr: Annotated[float, Field(ge=0, le=1e9)] = 1e-4
    lr_schedule: Literal["constant", "cosine"] = "constant"  # cosine: to 0 at the last step
    lr_warmup: Annotated[int, Field(ge=0, le=100_000_000)] = 0  # steps
    weight_decay: Weight = 0.01
    clip: Weight = 0.0  # largest gradient norm; 0: no clipping
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.0  # decay of the averaged weights that are kept; 0: none
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"  # auto: the faster one on the device at hand
    eval_every: Annotated[int, Field(ge=1, le=100_000_000)] = 100  # steps between validations
    keep: Literal["best", "last"] = "best"  # weights of the lowest validation loss, or those of the last step
    patience: Annotated[int, Field(ge=0, le=1_000_000)] = 0  # validations without improvement before stopping; 0: never
    start_from: Text = ""  # folder of a trained model of the same network, whose weights are the first; empty: none


NETWORKS: dict[str, type] = {
    "flat_cvae": FlatCVAEConfig,
    "transformer_cvae": TransformerCVAEConfig,
    "dancer": DancerConfig,
    "flow_dancer": FlowDancerConfig,
    "latent_flow": LatentFlowConfig,
}
"""Configuration of each value of ``model:``."""


@dataclass(frozen=True, config=STRICT)
class ModelConfig:
    """A whole configuration: which network, its settings, its training."""

    model: Literal["flat_cvae", "transformer_cvae", "dancer", "flow_dancer", "latent_flow"]
    network: FlatCVAEConfig | TransformerCVAEConfig | DancerConfig | FlowDancerConfig | LatentFlowConfig
    training: TrainingConfig


def read_config(path: str | Path) -> ModelConfig:
    """Read a configuration from YAML (or the ``config.json`` of a trained model); raises InputError naming the key."""
    path = Path(path)
    try:
        content = read_json(path) if path.suffix == ".json" else yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"not a readable configuration ({error})", where=path) from error
    return parse_config(content, str(path))


def parse_config(content: Any, name: str) -> ModelConfig:
    """Check and type a configuration; ``name`` is the file that errors name.

    Raises
    ------
    InputError
        One line per fault: the key, the value found, what is allowed.
    """
    if not isinstance(content, Mapping) or content.get("model") not in list(NETWORKS):
        raise InputError(f"'model' must be one of {', '.join(NETWORKS)}", where=name)
    sections: dict[str, Any] = {"network": NETWORKS[content["model"]], "training": TrainingConfig}
    unknown = sorted(map(str, set(content) - {"model", "facts", *sections}))
    lines = [f"{name}: {key}: unknown key; the keys are model, network, training" for key in unknown]
    typed = {}
    for section, kind in sections.items():
        values = content.get(section, {})
        if not isinstance(values, Mapping):
            lines.append(f"{name}: {section}: {values!r:.60} must be keys and values")
            continue
        try:
            typed[section] = kind(**{str(key): value for key, value in values.items()})
        except ValidationError as error:
            lines += fault_lines(error, name, kind, section)
    lines += [f"{name}: network.{fault}" for fault in _faults_between(typed.get("network"))]
    if lines:
        raise InputError("\n".join(lines))
    return ModelConfig(content["model"], **typed)


def trained_config(path: str | Path) -> tuple[ModelConfig, dict[str, Any]]:
    """Configuration and facts of the trained model in the folder ``path``; raises InputError when there is none."""
    file = Path(path) / "config.json"
    if not file.is_file():
        raise InputError("no trained model there (config.json is missing)", where=path, next_step="train it first")
    content = read_json(file)
    return parse_config(content, str(file)), content.get("facts", {})


def check_start(config: ModelConfig, name: str) -> None:
    """Check that ``training.start_from`` is a trained model of the same network; ``name`` is what errors name.

    Raises
    ------
    InputError
        When there is no trained model, or when its network is another than that of ``config``.
    """
    path = config.training.start_from
    if not path:
        return
    where = f"{name}: training.start_from"
    try:
        other, _ = trained_config(path)
    except InputError as error:
        raise InputError(str(error), where=where) from error
    there, here = ({"model": c.model} | asdict(c.network) for c in (other, config))
    found = [f"{key} {there[key]!r} there, {value!r} here" for key, value in here.items() if there.get(key) != value]
    if other.model != config.model or found:
        found = found[:1] if other.model != config.model else found
        raise InputError(f"{path} holds another network ({'; '.join(found)})", where=where)


def check_configs(paths: Iterable[str | Path]) -> None:
    """Check the configurations in these files; raises InputError with a line for each fault in any of them."""
    lines = []
    for path in paths:
        try:
            check_start(read_config(path), str(path))
        except InputError as error:
            lines.append(str(error))
    if lines:
        raise InputError("\n".join(lines))


def _faults_between(network: Any) -> list[str]:
    """What does not fit together in a network's settings; ``None`` stands for one whose settings are wrong already."""
    faults = []
    if isinstance(network, LatentFlowConfig) and network.d_model % (2 * network.n_heads):
        faults.append(f"n_heads: twice {network.n_heads} must divide d_model, which is {network.d_model}")
    if isinstance(network, LatentFlowConfig) and network.latent_dim > 2 * MOTION_NUMBERS * network.patch:
        most = 2 * MOTION_NUMBERS * network.patch
        faults.append(f"latent_dim: {network.latent_dim} with patch: {network.patch}; allowed is up to {most}")
    if isinstance(network, TransformerCVAEConfig | BackboneConfig) and network.d_model % network.n_heads:
        faults.append(f"n_heads: {network.n_heads} must divide d_model, which is {network.d_model}")
    if isinstance(network, BackboneConfig):
        dropped = network.music_dropout + network.lyrics_dropout + network.both_dropout
        if dropped > 1:
            faults.append(f"both_dropout: with music_dropout and lyrics_dropout it is {dropped:g}; allowed is up to 1")
    return faults
