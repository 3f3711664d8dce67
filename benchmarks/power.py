"""How many songs it takes to find that words move the dancer, by how often they do.

    python -m benchmarks.power [--short] [--figure FILE.svg]

Synthetic songs of about half a minute in which a word's move is danced in some share of the bars; in the others a move
is drawn without the words, as is its time. From N of them a ridge regression learns, a tenth left out in turn, what is
danced about every eighth from the word that sounds then. The test exchanges the words of whole bars within a song,
one-sided, 199 times. Prints how often p < .05 by number of songs and share of bars, draws it, and writes
``benchmarks/results/power.json``.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.dances import RESULTS
from demo.planted import SyntheticSong, synthetic
from demo.planted_dataset import lyrics_of
from justlmd.body.kinematics import in_own_heading
from justlmd.body.model import load_body
from justlmd.core.clock import FPS
from justlmd.core.files import write_json
from justlmd.core.svg import save_svg
from justlmd.features.text_encoder import embed
from model.generation.word_salience import sung_words

LINKED = (1.0, 0.5, 0.25, 0.0)
"""Shares of bars in which the word's move is danced."""

SONGS = (3, 5, 8, 12, 20)
POOL, REPEATS, PERMUTATIONS = 40, 60, 199
ABOUT = np.arange(-4, 7, 2)  # frames about a word's beginning
WIDTH = 64  # principal components of words and of movements
PENALTY = 30.0
FOLDS = 10
ALPHA, WANTED = 0.05, 0.8


@dataclass(frozen=True)
class Song:
    """By sung bar and eighth the word that sounds (B, 8, D), and what is danced about that moment (B, 8, F)."""

    words: np.ndarray
    moves: np.ndarray


def eighths(song: SyntheticSong) -> np.ndarray:
    """Seconds (B, 8) of the eighths of the sung bars."""
    first = int(np.searchsorted(song.downbeats_s, song.lines[0].words[0].start - 0.01))
    times = np.interp(4 * first + np.arange(8 * len(song.lines)) / 2, np.arange(len(song.beats_s)), song.beats_s)
    return times.reshape(-1, 8)


def around(songs: list[SyntheticSong]) -> list[np.ndarray]:
    """What is danced about every eighth: joints about the pelvis in its own heading, (8 B, 6 * 24 * 3) in metres."""
    body, found = load_body(), []
    for song in songs:
        joints = song.motion.joints(body)
        frames = np.rint(eighths(song).ravel() * FPS).astype(int)[:, None] + ABOUT
        turned = in_own_heading(joints[np.clip(frames, 0, len(joints) - 1)])
        found.append((turned - turned[..., :1, :]).reshape(len(frames), -1))
    return found


def sounding(song: SyntheticSong, states: np.ndarray, start_s: np.ndarray) -> np.ndarray:
    """The state (8 B, D) of the word that sounds at every eighth."""
    last = np.searchsorted(start_s, eighths(song).ravel() + 0.01) - 1
    return states[last.clip(0)]


def components(parts: list[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """Rows (W_i, D) as their first principal components (W_i, K), and these (K, D)."""
    together = np.concatenate(parts)
    mean = together.mean(0)
    axes = np.linalg.svd(np.cov(together.T))[2][:WIDTH]
    return [(part - mean) @ axes.T for part in parts], axes


def learned(songs: list[Song]) -> np.ndarray:
    """Weights (D, F) of a ridge regression from words to movements."""
    x, y = (np.concatenate([getattr(song, name).reshape(-1, WIDTH) for song in songs]) for name in ("words", "moves"))
    return np.linalg.solve(x.T @ x + PENALTY * np.eye(WIDTH), x.T @ y)


def errors(songs: list[Song]) -> list[np.ndarray]:
    """By song the squared error (B, B) of bar i's movement foretold from bar j's words, learned from other folds."""
    fold = np.arange(len(songs)) % min(FOLDS, len(songs))
    weights = [
        learned([song for song, own in zip(songs, fold, strict=True) if own != n]) for n in range(fold.max() + 1)
    ]
    found = []
    for song, own in zip(songs, fold, strict=True):
        foretold, true = (
            (song.words @ weights[own]).reshape(len(song.words), -1),
            song.moves.reshape(len(song.moves), -1),
        )
        found.append((true**2).sum(1)[:, None] - 2 * true @ foretold.T + (foretold**2).sum(1)[None])
    return found


def p_value(matrices: list[np.ndarray], random: np.random.Generator) -> float:
    """One-sided, of the summed error with every bar's own words, when the words of a song's bars are exchanged."""
    own, exchanged = sum(np.trace(matrix) for matrix in matrices), np.zeros(PERMUTATIONS)
    for matrix in matrices:
        rows = np.arange(len(matrix))
        orders = random.permuted(np.tile(rows, (PERMUTATIONS, 1)), axis=1)
        exchanged += matrix[rows, orders].sum(1)
    return float((1 + (exchanged <= own + 1e-9).sum()) / (1 + PERMUTATIONS))


def effect_mm(songs: list[Song], axes: np.ndarray) -> float:
    """Joint error foretold from the words that sound minus from the next bar's, in mm, learned from the other half."""
    half, found = len(songs) // 2, []
    for known, asked in ((songs[:half], songs[half:]), (songs[half:], songs[:half])):
        weights = learned(known)
        for song in asked:
            true = (song.moves @ axes).reshape(-1, 3)
            own, other = (
                np.linalg.norm((words @ weights @ axes).reshape(-1, 3) - true, axis=-1).mean()
                for words in (song.words, np.roll(song.words, -1, axis=0))
            )
            found.append(1000 * (own - other))
    return float(np.mean(found))


def power(short: bool) -> dict[str, dict[str, float]]:
    """By share of bars: the effect in mm, and by number of songs how often it is found."""
    count, repeats = (24, 20) if short else (POOL, REPEATS)
    linked_songs = synthetic(500, count)
    tokens = embed([lyrics_of(song) for song in linked_songs])
    sung = [sung_words(*(entry[name] for name in ("token_states", "token_times", "token_lines"))) for entry in tokens]
    states = [sounding(song, words.states, words.start_s) for song, words in zip(linked_songs, sung, strict=True)]
    words, _ = components(states)
    found: dict[str, dict[str, float]] = {}
    for linked in LINKED:
        made = linked_songs if linked == 1 else synthetic(500, count, linked=linked)
        moves, axes = components(around(made))
        songs = [Song(x.reshape(-1, 8, WIDTH), y.reshape(-1, 8, WIDTH)) for x, y in zip(words, moves, strict=True)]
        row: dict[str, float] = {"effect_mm": effect_mm(songs, axes)}
        random = np.random.default_rng(0)
        for number in [n for n in SONGS if n <= count // 2]:
            draws = (random.permutation(count)[:number] for _ in range(repeats))
            p = np.array([p_value(errors([songs[n] for n in order]), random) for order in draws])
            row[f"power_{number}_songs"] = float((p < ALPHA).mean())
        found[f"linked_{linked:g}"] = row
        show(f"linked_{linked:g}", row)
    return found


def show(name: str, row: dict[str, float]) -> None:
    print(
        f"{name:12}" + "  ".join(f"{key.removeprefix('power_')} {value:.3g}" for key, value in row.items()), flush=True
    )


def draw(path: Path, found: dict[str, dict[str, float]]) -> None:
    """How often an effect is found over the number of songs, a line for each share of bars."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes: Any = figure.subplots()
    styles = ("-", "--", "-.", ":")
    for (name, row), style in zip(found.items(), styles, strict=True):
        points = [(int(key.split("_")[1]), value) for key, value in row.items() if key.startswith("power")]
        share = float(name.removeprefix("linked_"))
        label = f"{share:.0%} of bars ({row['effect_mm']:+.1f} mm)" if share else "0 % (chance)"
        axes.plot(*zip(*points, strict=True), color="black", linestyle=style, marker="o", markersize=3, label=label)
    axes.axhline(WANTED, color="0.8", zorder=0)
    axes.axhline(ALPHA, color="0.8", zorder=0)
    axes.set_xscale("log")
    ticks = [int(key.split("_")[1]) for key in next(iter(found.values())) if key.startswith("power")]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("songs (half a minute, ten links each)")
    axes.set_ylabel("share of studies that find the link (p < .05)")
    axes.legend(frameon=False, fontsize=8, title="the word's move is danced in", title_fontsize=8)
    save_svg(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="few songs and repeats")
    parser.add_argument("--figure", type=Path, help="SVG file for the curves (docs/images/lyrics_power.svg)")
    args = parser.parse_args()
    with threadpool_limits(1):  # small products: threads would only wait for each other
        found = power(args.short)
    write_json(RESULTS / "power.json", found)
    if args.figure is not None:
        draw(args.figure, found)


if __name__ == "__main__":
    main()
