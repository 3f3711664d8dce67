"""Whole dances of held-out songs beside the real ones: the choreographer, V3 if asked, and dancers nobody wants to see.

    python -m benchmarks.dances [--short] [--data DIR] [--v3 STEPS]

Synthetic songs in which ten words trigger moves: a choreographer with 30, 10, 3 and 1 of them to learn from, with
shuffled lyrics and without, V3 trained for ``STEPS`` steps on the 30 (default 0: without it), another song's dance
warped to the beats, and degenerate dancers. With ``DIR/motion/<song>/`` (smplfull.json, sliced.json, lyrics.lrc) also
real songs, each left out in turn; they have no music, so the beats are those of each dance itself. Prints a table of
ratios to the song's own real dance (means over songs; +- is the standard error), and writes
``benchmarks/results/dances.json``.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.models import CONFIGS, RESULTS, real_dataset
from demo.planted_dataset import write_planted_songs
from justlmd import FPS
from justlmd.body.model import load_body
from justlmd.core.files import write_json
from justlmd.dataset.build import build_dataset
from justlmd.dataset.song_files import SongFiles
from justlmd.dataset.splits import Splits
from justlmd.dataset.storage import DanceArrays, open_dataset
from model.evaluation.dance_metrics import (
    LABELS,
    Floor,
    MoveTemplates,
    dance_metrics,
    learn_moves,
    seam_jerk,
    standing_floor,
    word_hits,
)
from model.evaluation.degenerate_dancers import DANCERS
from model.generation.beat_assembly import Phrase, assemble
from model.generation.beat_graph import SourceDance, joints_of, source_dance
from model.generation.beat_search import Costs
from model.generation.choreographer import Choreographer, beat_grid

SEEDS = {False: 80, True: 81}  # of the songs reported; the settings were chosen on songs of seed 70
TRAINED, TESTED = 30, 24
ABSOLUTE = ("contact", "floating", "sunk", "beat_f_above_shifted")
"""Measures shown as they are; a ratio of two small shares says nothing."""

Dances = dict[str, tuple[np.ndarray, np.ndarray]]
"""By test song: joints (T, 24, 3) and the frames (C,) of the cuts."""


def choreographed(
    arrays: DanceArrays, learned: list[str], tested: list[str], costs: Costs, shuffled: bool = False, seed: int = 0
) -> tuple[Dances, dict]:
    """The choreographer's dances to the tested songs, and what they cost and copy; ``shuffled``: to shuffled lyrics."""
    begin = time.process_time()
    choreographer = Choreographer.of_dataset(arrays, learned, costs=costs)
    built = time.process_time() - begin
    found, copied, seconds = {}, [], 0.0
    for number, song in enumerate(tested):
        row = arrays.songs[song]
        truth = source_dance(arrays, song, choreographer.rest_joints, even=False)
        order = np.random.default_rng(number).permutation(len(truth.words.states)) if shuffled else slice(None)
        words = replace(truth.words, states=truth.words.states[order])
        begin = time.process_time()
        dance = choreographer.dance(truth.beats / FPS, words, row.frames, seed=seed + number)
        seconds += time.process_time() - begin
        found[song] = joints_of(dance.rotations, dance.pelvis, choreographer.rest_joints), dance.cuts
        copied.append(dance.longest_copy_s)
    minutes = sum(arrays.songs[song].frames for song in tested) / FPS / 60
    return found, {
        "build_cpu_s": built,
        "cpu_s_per_minute": seconds / minutes,
        "cuts_per_minute": sum(len(cuts) for _, cuts in found.values()) / minutes,
        "longest_copy_s": float(max(copied)),
    }


def distance(first: Dances, second: Dances) -> float:
    """Mean distance in metres of the joints of two dances to the same songs, pelvis aside."""
    pairs = [(first[song][0], second[song][0]) for song in first]
    return float(np.mean([np.linalg.norm((a - a[:, :1]) - (b - b[:, :1]), axis=-1).mean() for a, b in pairs]))


def another_song(truths: list[SourceDance], learned: list[SourceDance], rest: np.ndarray) -> Dances:
    """For every test song a training dance, warped to its beats from their first beats on."""
    found = {}
    for number, truth in enumerate(truths):
        source = learned[number % len(learned)]
        beats = beat_grid(truth.beats, len(truth.joints), 15.0)
        rotations, pelvis, _ = assemble([Phrase(source, 0, 0, len(beats) - 1)], beats, len(truth.joints), rest)
        found[truth.song] = joints_of(rotations, pelvis, rest), np.zeros(0)
    return found


def v3_dances(data: Path, files: dict[str, SongFiles], tested: list[str], steps: int) -> Dances:
    """V3's dances, trained on the training split: joined and grounded, as people get them."""
    from model.configuration import read_config
    from model.generation.generate import generate
    from model.training.train import train

    config, body, arrays = read_config(CONFIGS / "v3_small.yaml"), load_body(), open_dataset(data)
    settings = replace(config.training, steps=steps, eval_every=steps)
    train(data, data.parent / "v3", replace(config, training=settings), device="cpu")
    found = {}
    for number, song in enumerate(tested):
        row, source = arrays.songs[song], files[song]
        start_s = row.start_frame / FPS
        span = {"start_s": start_s, "end_s": start_s + row.frames / FPS}
        motion = generate(data.parent / "v3", body, source.audio, source.embeddings, **span, seed=number, device="cpu")
        found[song] = motion.joints(body), np.zeros(0)
    return found


class Judge:
    """What dances of the tested songs are measured against."""

    def __init__(self, learned: list[SourceDance], truths: list[SourceDance], moves: dict[str, list]) -> None:
        self.truths, self.moves = truths, moves
        self.floor: Floor = standing_floor([dance.joints for dance in learned])
        self.templates: MoveTemplates | None = None
        if moves:
            self.templates = learn_moves([d.joints for d in learned], [moves[d.song] for d in learned])
        self.real = [self._measure(truth.joints, truth) for truth in truths]

    def _measure(self, joints: np.ndarray, truth: SourceDance) -> dict[str, float]:
        found = dance_metrics(joints, truth.beats / FPS, self.floor)
        if self.templates is not None:
            found |= word_hits(self.templates, joints, self.moves[truth.song])
        return found

    def column(self, dances: Dances) -> dict[str, dict[str, float]]:
        """Mean over songs and standard deviation of the mean of every measure; ratios to the real dances."""
        rows = []
        for truth, real in zip(self.truths, self.real, strict=True):
            joints, cuts = dances[truth.song]
            row = self._measure(joints, truth)
            for name in set(LABELS) - set(ABSOLUTE):
                row[name] = row[name] / real[name] if real[name] else float("nan")
            rows.append(row | {"seam_jerk": seam_jerk(joints, cuts)})
        found = {}
        for name in rows[0]:
            values = np.array([row[name] for row in rows])
            values = values[np.isfinite(values)]
            error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
            found[name] = {"value": float(values.mean()) if len(values) else float("nan"), "error": error}
        return found

    def table(self, columns: dict[str, Dances]) -> dict[str, dict[str, dict[str, float]]]:
        """The real dances (absolute values), every column, and the degenerate dancers made of the real dances."""
        nobody = {
            name: {truth.song: (make(truth.joints), np.zeros(0)) for truth in self.truths}
            for name, make in DANCERS.items()
        }
        absolute = {name: {"value": float(np.mean([row[name] for row in self.real]))} for name in self.real[0]}
        return {"real": absolute} | {name: self.column(dances) for name, dances in (columns | nobody).items()}


def planted(short: bool, steps: int) -> dict[str, dict]:
    """Synthetic songs with planted links from words to moves."""
    trained, tested_count = (8, 4) if short else (TRAINED, TESTED)
    with tempfile.TemporaryDirectory() as scratch:
        files, songs = write_planted_songs(Path(scratch) / "songs", SEEDS[short], trained + tested_count)
        names = [song.id for song in songs]
        learned, tested = names[:trained], names[trained:]
        splits = Splits(dict(zip(names, names, strict=True)), {n: "train" if n in learned else "test" for n in names})
        data = Path(scratch) / "data"
        build_dataset(files, data, load_body(), splits=splits)
        arrays = open_dataset(data)
        moves = {
            song.id: [(t.time - arrays.songs[song.id].start_frame / FPS, t.name) for t in song.triggers]
            for song in songs
        }
        rest = np.asarray(arrays["rest_joints"][0], np.float64)
        known, truths = ([source_dance(arrays, song, rest, even=False) for song in part] for part in (learned, tested))
        columns: dict[str, Dances] = {"another_song": another_song(truths, known, rest)}
        costs: dict[str, dict[str, float]] = {}
        arms = {f"choreographer_{n}": (n, Costs()) for n in (trained, 10, 3, 1) if n <= trained}
        arms |= {"shuffled_lyrics": (trained, Costs()), "without_words": (trained, Costs(word=0, cut=0))}
        for name, (count, settings) in arms.items():
            shuffled = name == "shuffled_lyrics"
            columns[name], costs[name] = choreographed(arrays, learned[:count], tested, settings, shuffled)
        again = choreographed(arrays, learned, tested, Costs(), seed=1000)[0]
        truth = {dance.song: (dance.joints, np.zeros(0)) for dance in truths}
        apart = distance(columns[f"choreographer_{trained}"], again) / distance(truth, columns["another_song"])
        costs[f"choreographer_{trained}"]["two_samples_share"] = apart
        if steps:
            columns["v3"] = v3_dances(data, {song.song: song for song in files}, tested, steps)
        table = Judge(known, truths, moves).table(columns)
    return {name: column | {k: {"value": v} for k, v in costs.get(name, {}).items()} for name, column in table.items()}


def real(data: Path, short: bool) -> dict[str, dict]:
    """Real songs, each danced to with the dances of the others."""
    with tempfile.TemporaryDirectory() as scratch:
        real_dataset(data / "motion", Path(scratch))
        arrays = open_dataset(Path(scratch) / "data")
        names = sorted(arrays.songs)
        tested = names[:1] if short else names
        rest = np.asarray(arrays["rest_joints"], np.float64).mean(0)
        dances = {song: source_dance(arrays, song, rest, even=False) for song in names}
        columns: dict[str, Dances] = {"another_song": {}, "choreographer": {}, "without_words": {}}
        costs: dict[str, list[dict[str, float]]] = {name: [] for name in columns}
        for song in tested:
            others = [name for name in names if name != song]
            columns["another_song"] |= another_song([dances[song]], [dances[name] for name in others], rest)
            for name, settings in (("choreographer", Costs()), ("without_words", Costs(word=0, cut=0))):
                made, cost = choreographed(arrays, others, [song], settings)
                columns[name] |= made
                costs[name].append(cost)
        judge = Judge(list(dances.values()), [dances[song] for song in tested], {})
        table = judge.table(columns)
    for name, found in costs.items():
        for key in found[0] if found else ():
            table[name][key] = {"value": float(np.mean([cost[key] for cost in found]))}
    return table


def show(table: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print one row per measure and one column per dancer."""
    rows = list(dict.fromkeys(name for column in table.values() for name in column))
    width = max(len(name) for name in rows)
    print(f"{'':{width}} " + " ".join(f"{name[:17]:>17}" for name in table))
    for row in rows:
        cells = []
        for column in table.values():
            entry = column.get(row, {"value": float("nan")})
            value = round(entry["value"], 6)
            cell = "" if np.isnan(value) else f"{value:.3g}"
            cells.append(
                cell + (f" +-{entry['error']:.2g}" if cell and np.isfinite(entry.get("error", np.nan)) else "")
            )
        print(f"{row:{width}} " + " ".join(f"{cell:>17}" for cell in cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with motion/<song>/")
    parser.add_argument("--short", action="store_true", help="few songs")
    parser.add_argument("--v3", type=int, default=0, metavar="STEPS", help="also train V3 on the same songs")
    args = parser.parse_args()
    results = {"planted": planted(args.short, args.v3)}
    print("synthetic songs: absolute values of the real dances, ratios to them, and absolute shares")
    show(results["planted"])
    if (args.data / "motion").is_dir():
        results["real_songs"] = real(args.data, args.short)
        print("\nreal songs, each left out in turn")
        show(results["real_songs"])
    else:
        print(f"no real songs: {args.data / 'motion'} is no folder")
    write_json(RESULTS / "dances.json", flat(results))


def flat(results: dict[str, dict[str, dict[str, dict[str, float]]]]) -> dict[str, dict[str, float | None]]:
    """One flat object per dancer; None for what a dance cannot give."""
    return {
        f"{songs}/{name}": {key: None if np.isnan(entry["value"]) else entry["value"] for key, entry in column.items()}
        for songs, table in results.items()
        for name, column in table.items()
    }


if __name__ == "__main__":
    main()
