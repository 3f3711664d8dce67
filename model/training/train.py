"""Training: seeded, resumable to the same bytes, stopped by the validation loss, on whatever device there is."""

import csv
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment
from torch import Tensor

from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from justlmd.core.device import choose_device, choose_precision
from justlmd.core.errors import InputError, JustLMDError
from justlmd.core.files import replacing
from justlmd.dataset.storage import LEARNED
from model.configuration import LatentFlowConfig, ModelConfig, TrainingConfig
from model.data import LyricsMusicDance, training_batches
from model.networks.base import DanceModel
from model.training.augmentation import augmented_batch
from model.training.checkpoint import build_model, save_model, start_weights

VALIDATION_SEED = 1_000_003  # of the noise in validation losses: the same each time, so that they compare


def train(
    dataset_dir: str | Path,
    out_dir: str | Path,
    config: ModelConfig,
    seed: int = 0,
    device: str = "auto",
    tensorboard: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Train a model and write ``model.safetensors``, ``config.json`` and ``history.csv``.

    Parameters
    ----------
    dataset_dir, out_dir : data set and folder of the result. A training that was killed left ``last.pt`` there, from
        which the same call continues and ends with the same bytes (on the CPU) as an uninterrupted one.
    seed : decides weights, order of the data and all noise; step ``n`` has its own noise, whatever came before. The
        state of torch's global generators is the same after the call as before.
    device : ``auto``, ``cpu`` or ``cuda`` (all devices of that kind).
    tensorboard : also write event files to ``out_dir/tensorboard``.
    progress : called with steps done and steps in all. One line per validation is printed.

    Returns
    -------
    The facts in ``config.json``: steps done, best step, held-out loss, number of parameters and others.
    """
    out_dir, kind = Path(out_dir), choose_device(device)
    gpus = list(range(torch.cuda.device_count())) if kind == "cuda" else []
    with torch.random.fork_rng(devices=gpus):  # initial weights and dropout use the global generators
        run = _Run(dataset_dir, out_dir / "last.pt", config, seed, kind)
        writer = _tensorboard(out_dir) if tensorboard and run.fabric.is_global_zero else None
        total = config.training.steps
        while run.step < total and not run.should_stop():
            run.train_step()
            if progress is not None:
                progress(run.step, total)
            if run.step % config.training.eval_every == 0 or run.step == total:
                row = run.validate()
                losses = f"training loss {row['train_loss']:.5f}, validation {row['val_loss']:.5f}"
                print(f"step {run.step} of {total}: {losses}", flush=True)
                if writer is not None:
                    for name, value in row.items():
                        writer.add_scalar(name, value, run.step)
                run.save()
    if run.fabric.is_global_zero:
        run.model.load_state_dict(run.best)
        save_model(out_dir, run.model, run.config, run.facts())
        write_history(out_dir / "history.csv", run.history)
        run.last.unlink(missing_ok=True)
    return run.facts()


class _Average:
    """Exponential average of a model's weights.

    ``torch.optim.swa_utils.AveragedModel`` walks all modules in every step, which took a twentieth of V3's.
    """

    def __init__(self, model: DanceModel, decay: float) -> None:
        self.model, self.decay = deepcopy(model).requires_grad_(False), decay
        self.ours: list[Tensor] = list(self.model.parameters())
        self.theirs: list[Tensor] = list(model.parameters())

    @torch.no_grad()
    def update(self) -> None:
        """Move towards the model's present weights."""
        torch._foreach_lerp_(self.ours, self.theirs, 1 - self.decay)


def _windows(dataset_dir: str | Path, frames: int, stride: int) -> tuple[LyricsMusicDance, LyricsMusicDance]:
    """Windows of ``frames`` frames to train on and to validate with.

    Longer windows than the data set's sequences start every ``stride`` frames, and those of the validation songs every
    half window. Raises InputError when there are none to train on.
    """
    long = frames > SEQUENCE_FRAMES
    data = LyricsMusicDance(dataset_dir, "train", stride or (frames // 2 if long else None), frames)
    if not len(data):
        advice = "lower network.window in the model's configuration" if long else ""
        raise InputError(
            f"the training split has no window of {frames / FPS:g} seconds without a gap",
            where=dataset_dir,
            next_step=advice,
        )
    return data, LyricsMusicDance(dataset_dir, "val", frames // 2 if long else None, frames)


def _check_width(info: dict[str, Any], arrays: Mapping[str, np.ndarray], config: ModelConfig) -> None:
    """Raise InputError where the model expects text states or learned features of another width than the data has."""
    if info["text_encoder"] and info["token_dim"] != config.network.token_dim:
        raise InputError(
            f"the text states of {info['text_encoder']} have {info['token_dim']} numbers, and the model's "
            f"configuration says token_dim: {config.network.token_dim}",
            next_step=f"set token_dim: {info['token_dim']} in it",
        )
    there, read = sum(array.shape[1] for name, array in arrays.items() if name.startswith(LEARNED)), 0
    if isinstance(config.network, LatentFlowConfig):
        read = config.network.learned_dim
    if read not in (0, there):
        raise InputError(
            f"the data set has {there} learned features, and the model's configuration says learned_dim: {read}",
            next_step=f"set learned_dim: {there} in it, or 0 to do without",
        )


class _Run:
    """A training under way: everything that ``last.pt`` keeps."""

    def __init__(self, dataset_dir: str | Path, last: Path, config: ModelConfig, seed: int, kind: str) -> None:
        settings = replace(config.training, precision=cast(Any, choose_precision(config.training.precision, kind)))
        self.config = replace(config, training=settings)
        self.last, self.seed = last, seed
        self.fabric = _fabric(kind, settings.precision)
        torch.manual_seed(seed)
        self.model: DanceModel = build_model(config)
        self.data, self.validation = _windows(dataset_dir, self.model.window, settings.stride)
        _check_width(self.data.arrays.info, self.data.arrays.arrays, config)
        self.start = start_weights(self.model, config) if settings.start_from else ""
        # Windows that overlap by most of their frames tell no more about means than those that overlap by half.
        sparse = max(settings.stride, self.model.window // 2) if settings.stride else None
        self.model.fit_normalisers(
            LyricsMusicDance(dataset_dir, "train", sparse, self.model.window) if sparse else self.data
        )
        self.model.to(self.fabric.device)
        self.average = _Average(self.model, settings.ema) if settings.ema else None
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay, fused=True
        )
        self.wrapped, self.wrapped_optimizer = self.fabric.setup(self.model, self.optimizer)
        self.wrapped.mark_forward_method("losses")
        self.wrapped.train()
        self.step, self.best_loss, self.best_step, self.validations_since_best = 0, math.inf, 0, 0
        self.best: dict[str, Tensor] = {}
        self.history: list[dict[str, float]] = []
        self.recent: list[dict[str, Tensor]] = []
        self._resume()
        self.order = training_batches(len(self.data), settings.batch_size, seed, self.step)

    def should_stop(self) -> bool:
        """Whether the validation loss has not improved for too long."""
        return 0 < self.config.training.patience <= self.validations_since_best

    def train_step(self) -> None:
        """One optimiser step."""
        settings, fabric = self.config.training, self.fabric
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(settings, self.step)
        everything = next(self.order)
        numbers = everything[fabric.global_rank :: fabric.world_size]
        parts = [part for part in np.array_split(numbers, settings.accumulate) if len(part)]
        generator = self._noise(self.seed, self.step, fabric.global_rank)
        self.wrapped_optimizer.zero_grad()
        sums: dict[str, Tensor] = {}
        for number, part in enumerate(parts):
            share = len(part) / len(numbers)
            batch = augmented_batch(
                self.data, part, generator, mirror=settings.mirror, tempo=settings.tempo, yaw=settings.yaw
            )
            batch = batch.to(fabric.device)._replace(whole=len(everything))
            with fabric.no_backward_sync(self.wrapped, enabled=number < len(parts) - 1):
                losses = self.wrapped.losses(batch, generator, self.step / settings.steps)
                fabric.backward(losses["loss"] * share)
            for name, value in losses.items():
                sums[name] = sums[name] + value.detach() * share if number else value.detach() * share
        if settings.clip:
            fabric.clip_gradients(self.wrapped, self.wrapped_optimizer, max_norm=settings.clip)
        self.wrapped_optimizer.step()
        if self.average is not None:
            self.average.update()
        self.recent.append(sums)
        self.step += 1

    def validate(self) -> dict[str, float]:
        """Losses on the validation songs; keeps the weights if they are the best so far, returns the history's row."""
        candidate = self.model if self.average is None else self.average.model
        row: dict[str, float] = {"step": self.step, "lr": learning_rate(self.config.training, self.step - 1)}
        row |= {
            f"train_{name}": float(torch.stack([r[name] for r in self.recent]).double().mean())
            for name in self.recent[0]
        }
        row |= {
            f"val_{name}": value for name, value in self._validation_losses(candidate, list(self.recent[0])).items()
        }
        self.recent = []
        self.history.append(row)
        broken = [name for name, value in row.items() if not math.isfinite(value) and not name.startswith("val_")]
        if broken or (len(self.validation) and not math.isfinite(row["val_loss"])):
            advice = "lower training.lr in its configuration or set training.clip to 1"
            raise JustLMDError(
                f"training diverged before step {self.step} (a loss is not finite)", next_step=f"{advice}"
            )
        if not len(self.validation):  # nothing to judge by: the last weights count
            improved, loss = True, math.inf
        else:
            improved, loss = row["val_loss"] < self.best_loss, row["val_loss"]
        if improved or self.config.training.keep == "last":
            self.best = {name: value.detach().cpu().clone() for name, value in candidate.state_dict().items()}
            self.best_step, self.best_loss = self.step, loss
        if improved:
            self.validations_since_best = 0
        else:
            self.validations_since_best += 1
        return row

    def _validation_losses(self, model: Any, names: list[str]) -> dict[str, float]:
        if not len(self.validation):
            return {name: math.nan for name in names}
        model.eval()
        generator = self._noise(VALIDATION_SEED, 0, 0)
        size, total = self.config.training.batch_size, {name: 0.0 for name in names}
        with torch.no_grad(), self.fabric.autocast():
            for first in range(0, len(self.validation), size):
                numbers = list(range(first, min(first + size, len(self.validation))))
                batch = self.validation.batch(numbers).to(self.fabric.device)._replace(whole=size)
                losses = model.losses(batch, generator, 1.0)
                for name in names:
                    total[name] += float(losses[name]) * len(numbers) / len(self.validation)
        model.train()
        return total

    def _noise(self, *numbers: int) -> torch.Generator:
        """The generator of one step's noise; dropout uses torch's global generators, which are seeded here as well."""
        seed = int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
        torch.default_generator.manual_seed(seed)
        if self.fabric.device.type == "cuda":
            torch.cuda.manual_seed(seed)
        return torch.Generator().manual_seed(seed)

    def facts(self) -> dict[str, Any]:
        """What is worth knowing about the training afterwards."""
        info = self.data.arrays.info
        return {
            "seed": self.seed,
            "steps": self.step,
            "best_step": self.best_step,
            "held_out_loss": self.best_loss if math.isfinite(self.best_loss) else None,
            "parameters": sum(parameter.numel() for parameter in self.model.parameters()),
            "training_songs": self.data.songs,
            "training_windows": len(self.data),
            "held_out_sequences": len(self.validation),
            "body_model": info["body_model"],
            "text_encoder": info["text_encoder"],
        }

    def _fingerprint(self) -> str:
        """Changes with whatever makes it wrong to continue from ``last.pt``."""
        data = [self.data.arrays.info, self.data.songs, len(self.data)]
        content = [asdict(self.config), self.start, self.seed, *data]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def save(self) -> None:
        """Write ``last.pt``."""
        if not self.fabric.is_global_zero:
            return
        content = {
            "fingerprint": self._fingerprint(),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": None if self.average is None else self.average.model.state_dict(),
            "best": self.best,
            "counters": [self.step, self.best_loss, self.best_step, self.validations_since_best],
            "history": self.history,
        }
        with replacing(self.last) as temporary:
            torch.save(content, temporary)

    def _resume(self) -> None:
        """Continue from ``last.pt`` if it belongs to this very training; otherwise start over."""
        if not self.last.is_file():
            return
        try:
            content = torch.load(self.last, map_location=self.fabric.device, weights_only=True)
            fits = content["fingerprint"] == self._fingerprint()
        except Exception as error:  # torch raises many kinds; all mean that the file is of no use
            print(f"{self.last}: cannot be read ({type(error).__name__}), training starts over")
            return
        if not fits:
            print(f"{self.last}: from other settings or data, training starts over")
            return
        self.model.load_state_dict(content["model"])
        self.optimizer.load_state_dict(content["optimizer"])
        if self.average is not None:
            self.average.model.load_state_dict(content["average"])
        self.best = {name: value.cpu() for name, value in content["best"].items()}
        self.step, self.best_loss, self.best_step, self.validations_since_best = content["counters"]
        self.history = content["history"]


def learning_rate(settings: TrainingConfig, step: int) -> float:
    """Learning rate of step 0, 1, ...: linear warm-up, then constant or half a cosine down to 0."""
    warm = min(1.0, (step + 1) / (settings.lr_warmup + 1))
    if settings.lr_schedule == "constant":
        return settings.lr * warm
    return settings.lr * warm * 0.5 * (1 + math.cos(math.pi * step / settings.steps))


def write_history(path: Path, history: list[dict[str, float]]) -> None:
    """Write ``history.csv``: one row per validation, NaN as empty cell."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(history[0])
        for row in history:
            table.writerow("" if math.isnan(value) else f"{value:.8g}" for value in row.values())


def _fabric(kind: str, precision: str) -> Fabric:
    devices: Any = "auto" if kind == "cuda" else 1
    # Lightning starts the processes itself, also inside a SLURM job, where it would otherwise expect one task per GPU.
    plugins = [LightningEnvironment()]
    fabric = Fabric(accelerator=kind, devices=devices, precision=cast(Any, precision), plugins=cast(Any, plugins))
    fabric.launch()
    return fabric


def _tensorboard(out_dir: Path) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(out_dir / "tensorboard"))
