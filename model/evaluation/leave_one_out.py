"""Each group of songs left out in turn: what a model makes of songs it has not seen, when there are few songs.

Songs that share lyrics or music are one group (:mod:`justlmd.dataset.splits`). Nothing is chosen by held-out losses
here: every model is trained for all its steps, with several seeds, and judged on the group that was left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.core.errors import InputError
from justlmd.core.files import write_json
from justlmd.dataset.storage import open_dataset
from model.configuration import ModelConfig
from model.evaluation.evaluate import evaluate
from model.evaluation.statistics import sign_flip_p_value, song_bootstrap
from model.training.train import train

MEASURES = ("mpjpe_mm", "heading_deg", "jerk_ratio", "frozen_share", "speed_ratio")
"""Reconstruction and heading errors of the left-out dances; the others of dances generated for them (real: 1, 1, 1)."""


def leave_one_out(
    dataset_dir: str | Path,
    configs: Mapping[str, ModelConfig],
    out_dir: str | Path,
    seeds: Sequence[int] = (0, 1, 2),
    groups: Sequence[str] | None = None,
    device: str = "auto",
) -> list[dict[str, Any]]:
    """Train and evaluate every configuration on every fold; one row per left-out group, seed and model.

    ``groups`` limits the folds. Rows hold ``group``, ``seed``, ``model``, :data:`MEASURES`, the ``real_frozen_share``,
    and for models that can leave lyrics out ``lyrics_mm`` (error with the sung words minus with those of other moments)
    and ``lyrics_p``. Folds are written below ``out_dir``. Raises InputError when there are fewer than two groups.
    """
    data = open_dataset(dataset_dir)
    members: dict[str, list[str]] = {}
    for song, row in data.songs.items():
        members.setdefault(row.group, []).append(song)
    if len(members) < 2:
        raise InputError(f"leaving one group of songs out needs two groups, there is {len(members)}", where=dataset_dir)
    rows = []
    for group in groups or list(members):
        fold = Path(out_dir) / group
        _write_fold(Path(dataset_dir), fold, data.songs, members[group])
        for seed in seeds:
            places = {name: fold / f"{name}_{seed}" for name in configs}
            for name, config in configs.items():
                once = replace(config.training, eval_every=config.training.steps)
                train(fold, places[name], replace(config, training=once), seed, device)
            result = evaluate(fold, places, fold / f"evaluation_{seed}", bootstrap=20, seed=seed, device=device)
            rows += [{"group": group, "seed": seed, "model": name} | _row(result, name) for name in configs]
    return rows


def _write_fold(dataset_dir: Path, fold: Path, songs: Mapping[str, Any], left_out: list[str]) -> None:
    """A data set that shares its arrays with the whole one and differs in its splits."""
    fold.mkdir(parents=True, exist_ok=True)
    for path in dataset_dir.iterdir():
        link = fold / path.name
        if path.is_file() and path.name != "splits.json" and not link.exists():
            link.symlink_to(path.resolve())
    others = [song for song in songs if song not in left_out]
    write_json(fold / "splits.json", {"train": others, "val": [], "test": left_out})


def _row(result: dict[str, Any], name: str) -> dict[str, float | None]:
    own, real = result["methods"][name], result["methods"]["real"]
    row: dict[str, float | None] = {
        "mpjpe_mm": own["mpjpe_mm"]["value"],
        "heading_deg": own["heading_deg"]["value"],
        "jerk_ratio": own["jerk"]["value"] / real["jerk"]["value"],
        "frozen_share": own["frozen_share"]["value"],
        "speed_ratio": own["speed"]["value"] / real["speed"]["value"],
        "real_frozen_share": real["frozen_share"]["value"],
        "mean_pose_mpjpe_mm": result["methods"]["mean_pose"]["mpjpe_mm"]["value"],
    }
    if name in result["lyrics"]:
        question = result["lyrics"][name]
        row["lyrics_mm"] = question["both_minus"]["shuffled within the song"]["value"]
        row["lyrics_p"] = question["p_permutation"]
    return row


def compare(rows: Sequence[Mapping[str, Any]], first: str, second: str) -> dict[str, dict[str, float | None]]:
    """``second`` minus ``first`` for each measure, averaged over seeds, with interval and exact p-value over groups.

    Ratios are compared by how far they are from 1 (absolute natural logarithm); the frozen share by its distance from
    the real one's. So for every measure negative means that ``second`` is better. All None where one of the models has
    no such number (errors of reconstructions, for a model without a posterior).
    """
    found: dict[str, dict[str, float | None]] = {}
    for measure in MEASURES:
        if any(row[measure] is None for row in rows if row["model"] in (first, second)):
            found[measure] = dict.fromkeys(("value", "low", "high", "p"))
            continue
        differences, groups = [], []
        for row in (row for row in rows if row["model"] == second):
            pair = [r for r in rows if r["model"] == first and (r["group"], r["seed"]) == (row["group"], row["seed"])]
            differences.append(_badness(row, measure) - _badness(pair[0], measure))
            groups.append(row["group"])
        values, names = np.array(differences), np.array(groups)
        means = np.array([values[names == name].mean() for name in np.unique(names)])
        found[measure] = song_bootstrap(values, names, 2000, 0) | {"p": sign_flip_p_value(means)}
    return found


def _badness(row: Mapping[str, Any], measure: str) -> float:
    if measure.endswith("_ratio"):
        return abs(float(np.log(max(row[measure], 1e-6))))
    if measure == "frozen_share":
        return abs(row[measure] - row["real_frozen_share"])
    return float(row[measure])
