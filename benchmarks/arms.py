"""V1 to V5 on the same songs, with the same inputs and about the same time to learn: their whole dances side by side.

    python -m benchmarks.arms [--short] [--models v3 v5] [--songs N] [--ablate] [--folder DIR]

Sixty synthetic songs in which ten words trigger moves to learn from, four to validate on, twelve to dance to. All
models hear mel bands, onsets, beats and bars, see mirrored windows too, and keep their last weights; steps are such
that V3, V4 and V5 take about as much CPU time, on one thread in fp32. Prints CPU seconds of each training and the table
of :mod:`benchmarks.dances`, and writes ``benchmarks/results/arms.json``. With ``--folder`` songs and trained
models stay there, and the same command goes on; about ten minutes for each of these three. ``--ablate`` instead trains
V3 for a third of its steps, whole and without each of its losses in turn.
"""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks import options
from benchmarks.dances import CONFIGS, columns, flat, judged, show_dances
from demo.planted_dataset import planted_splits
from justlmd.core.files import read_json, write_json
from model.configuration import ModelConfig, read_config
from model.training.train import train

RESULTS = Path(__file__).parent / "results" / "arms.json"
SEED = 90
SONGS = {False: {"train": 60, "val": 4, "test": 12}, True: {"train": 6, "val": 2, "test": 4}}
STEPS = {"v1": 3000, "v2": 3000, "v3": 3000, "v4": 3000, "v5": 2500}
HEARS = {"v1": {"rhythm": True}, "v2": {"rhythm": True}, "v3": {"bar": True}, "v4": {"bar": True}, "v5": {}}
LOSSES = ("joints", "velocity", "acceleration", "contact", "standing", "energy", "kl", "contrast")
"""Of V3, each left out once by ``--ablate``."""


def write_songs(folder: Path, counts: Mapping[str, int]) -> None:
    """The data set ``folder/data``, and in ``moves.json`` the moves that words trigger."""
    songs = planted_splits(folder, SEED, counts)[1]
    write_json(folder / "moves.json", {song.id: [[t.time, t.name] for t in song.triggers] for song in songs})


def configuration(name: str, short: bool) -> ModelConfig:
    """The shipped configuration of a model with what all have in common."""
    config = read_config(CONFIGS / f"{name}_small.yaml")
    steps = 4 if short else STEPS[name]
    training = replace(
        config.training,
        steps=steps,
        batch_size=8 if name == "v5" else 16,  # windows of V5 are longer
        mirror=True,
        lr_schedule="cosine",
        ema=0.99,
        eval_every=max(1, steps // 4),
        keep="last",
        patience=0,
        precision="32-true",
    )
    return replace(config, network=replace(config.network, **HEARS[name]), training=training)


def without_losses(short: bool) -> dict[str, ModelConfig]:
    """V3 whole and without each of its losses, for a third of its steps."""
    whole = configuration("v3", short)
    steps = max(1, whole.training.steps // 3)
    whole = replace(whole, training=replace(whole.training, steps=steps, eval_every=steps))
    networks = {loss: replace(whole.network, **{f"{loss}_weight": 0.0}) for loss in LOSSES}
    return {
        "whole": whole,
        **{f"without {loss}": replace(whole, network=network) for loss, network in networks.items()},
    }


def main() -> None:
    parser = options.parser(__doc__, short="few songs, four steps")
    parser.add_argument("--models", nargs="+", choices=STEPS, default=list(STEPS), help="only these (%(default)s)")
    parser.add_argument("--songs", type=int, help="to learn from (60); give each number a folder of its own")
    parser.add_argument("--ablate", action="store_true", help="V3 without each of its losses")
    parser.add_argument("--folder", type=Path, help="keep songs and models here, and take those that are there")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or Path(scratch)
        folder = folder / "short" if arguments.short else folder  # never taken for the long form
        if not (folder / "moves.json").is_file():
            write_songs(folder, SONGS[arguments.short] | ({"train": arguments.songs} if arguments.songs else {}))
        configs = {name: configuration(name, arguments.short) for name in arguments.models}
        if arguments.ablate:
            configs = without_losses(arguments.short)
        kind = "ablated" if arguments.ablate else "models"
        models = {name: folder / kind / name.replace(" ", "_") for name in configs}
        for name, place in models.items():
            if not (place / "model.safetensors").is_file():
                begin = time.process_time()
                facts = train(folder / "data", place, configs[name], device="cpu")
                seconds = time.process_time() - begin
                print(
                    f"{name}: {facts['parameters']:,} parameters, {facts['steps']} steps, {seconds:.0f} CPU s",
                    flush=True,
                )
        found = columns(judged(folder / "data", models, read_json(folder / "moves.json")))
    show_dances(found)
    write_json(RESULTS.with_stem("ablated") if arguments.ablate else RESULTS, flat({"arms": found}))


if __name__ == "__main__":
    main()
