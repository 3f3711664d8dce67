"""Training on motion alone: motion capture, of which there is far more than dance videos, teaches how bodies move.

    python -m model.training.pretrain FOLDER OUT --config model/configs/v3_small.yaml [--steps N] [--seed S]

Every motion file in FOLDER that :func:`justlmd.motion.importers.formats.read_any_motion` knows (AMASS ``.npz``, BVH
with SMPL's joints and others) is put on the free body at 30 frames/s. ``OUT/dataset`` gets a data set of them whose
music and lyrics are masked, and OUT the trained model, from which ``training.start_from: OUT`` starts another
training.
"""

import argparse
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from justlmd.body.model import Body, load_body
from justlmd.core.errors import InputError, JustLMDError
from justlmd.dataset.build import build_dataset
from justlmd.dataset.sequences import whole_windows
from justlmd.dataset.song_files import SongFiles
from justlmd.motion.importers.formats import motion_files, read_yup_motion
from model.configuration import ModelConfig, parse_config, read_config
from model.training.train import train


def pretrain(
    folder: str | Path,
    out_dir: str | Path,
    config: ModelConfig,
    seed: int = 0,
    device: str = "auto",
    body: Body | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Build the data set of a folder of motion files and train on it; returns what :func:`model.training.train.train`
    returns.

    ``body`` is the free body by default. About one file in seven is held out, and with it all others of its folder
    (in AMASS a folder is a person). Raises InputError when no file has six seconds of motion.
    """
    folder, out_dir = Path(folder), Path(out_dir)
    if out_dir.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"lies in {folder}, so that results would be read as motion",
            where=out_dir,
            next_step="choose another folder",
        )
    body = body or load_body()
    songs = motion_alone(folder, body)
    build_dataset(
        songs, out_dir / "dataset", body, seed=seed, test_fraction=0.0, token_dim=int(config.network.token_dim)
    )
    return train(out_dir / "dataset", out_dir, config, seed, device, progress=progress)


def motion_alone(folder: Path, body: Body) -> list[SongFiles]:
    """The files of ``folder`` with six seconds of motion; prints a line with the reason for every other one."""
    songs = []
    for path in motion_files(folder):
        name = path.relative_to(folder)
        try:
            if not whole_windows(read_yup_motion(path, body).valid):
                raise InputError("has no six seconds of motion without a gap", where=path)
        except (InputError, OSError) as error:
            print(f"left out: {' '.join(str(error).split())}", flush=True)
            continue
        person = name.parent.as_posix() if len(name.parts) > 1 else ""
        songs.append(SongFiles(song=name.as_posix(), motion=partial(read_yup_motion, path), group=person))
    if not songs:
        raise InputError("no file there has six seconds of motion in a form that is known here", where=folder)
    return songs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--config", type=Path, required=True, help="configuration of the network and its training")
    parser.add_argument("--steps", type=int, help="instead of training.steps of the configuration")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    try:
        config = read_config(args.config)
        if args.steps is not None:
            training = asdict(config.training) | {"steps": args.steps}
            config = parse_config(asdict(config) | {"training": training}, str(args.config))
        facts = pretrain(args.folder, args.out, config, args.seed)
    except JustLMDError as error:
        raise SystemExit(str(error)) from error
    print(f"{args.out}: trained on {len(facts['training_songs'])} files, {facts['training_windows']} windows")


if __name__ == "__main__":
    main()
