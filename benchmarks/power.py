"""How many songs it takes to find that words move the dancer, by how often they do.

    python -m benchmarks.power [--short] [--figure FILE.svg]

Synthetic songs of about half a minute in which a word's move is danced in some share of the bars; in the others a move
is drawn without the words, as is its time. From N of them a ridge regression learns, a tenth left out in turn, what is
danced about a word from the word's states. The test exchanges words of a song that are sung at the same place in the
bar, so that rhythm cannot pass for meaning, one-sided, 199 times. Prints how often p < .05 by number of songs and share
of bars, draws it, and writes ``benchmarks/results/power.json``.
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
from justlmd import FPS
from justlmd.body.kinematics import in_own_heading
from justlmd.body.model import load_body
from justlmd.core.files import write_json
from justlmd.core.svg import save_svg
from justlmd.features.text_encoder import embed
from model.generation.word_salience import sung_words

LINKED = (1.0, 0.5, 0.25, 0.1, 0.0)
"""Shares of bars in which the word's move is danced."""

SONGS = (3, 5, 8, 12, 20, 40)
POOL, REPEATS, PERMUTATIONS = 80, 100, 199
ABOUT = np.arange(-4, 7, 2)  # frames about a word's beginning
WIDTH = 64  # principal components of words and of movements
PENALTY = 30.0
FOLDS = 10
ALPHA, WANTED = 0.05, 0.8


@dataclass(frozen=True)
class Song:
    """The words of a song (W, D), what is danced about each (W, F), and in which eighth of the bar it is sung (W,)."""

    words: np.ndarray
    moves: np.ndarray
    place: np.ndarray


def around(songs: list[SyntheticSong], starts: list[np.ndarray]) -> list[np.ndarray]:
    """What is danced about every word: joints about the pelvis in its own heading, (W, 6 * 24 * 3) in metres."""
    body, found = load_body(), []
    for song, start_s in zip(songs, starts, strict=True):
        joints = song.motion.joints(body)
        frames = np.clip(np.rint(start_s * FPS).astype(int)[:, None] + ABOUT, 0, len(joints) - 1)
        turned = in_own_heading(joints[frames])
        found.append((turned - turned[..., :1, :]).reshape(len(frames), -1))
    return found


def places(song: SyntheticSong, start_s: np.ndarray) -> np.ndarray:
    """The eighth of the bar, 0 to 7, at which each word begins."""
    beat = np.interp(start_s, song.beats_s, np.arange(len(song.beats_s)))
    return np.rint(2 * beat).astype(int) % 8


def components(parts: list[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """Rows (W_i, D) as their first principal components (W_i, K), and these (K, D)."""
    together = np.concatenate(parts)
    mean = together.mean(0)
    axes = np.linalg.svd(np.cov(together.T))[2][:WIDTH]
    return [(part - mean) @ axes.T for part in parts], axes


def errors(songs: list[Song], order: np.ndarray) -> list[np.ndarray]:
    """For songs ``order`` the squared error (W, W) of word i's movement foretold from word j, by other folds' songs."""
    grams = [(songs[n].words.T @ songs[n].words, songs[n].words.T @ songs[n].moves) for n in order]
    fold, found = np.arange(len(order)) % min(FOLDS, len(order)), []
    weights = {}
    for held_out in np.unique(fold):
        kept = [gram for gram, own in zip(grams, fold, strict=True) if own != held_out]
        left, right = (np.sum([pair[side] for pair in kept], axis=0) for side in (0, 1))
        weights[held_out] = np.linalg.solve(left + PENALTY * np.eye(len(left)), right)
    for n, own in zip(order, fold, strict=True):
        foretold, true = songs[n].words @ weights[own], songs[n].moves
        found.append((true**2).sum(1)[:, None] - 2 * true @ foretold.T + (foretold**2).sum(1)[None])
    return found


def p_value(matrices: list[np.ndarray], places: list[np.ndarray], random: np.random.Generator) -> float:
    """One-sided, of the summed error with every word in its place, when words of one place are exchanged in a song."""
    own = sum(np.trace(matrix) for matrix in matrices)
    exchanged = np.zeros(PERMUTATIONS)
    for matrix, place in zip(matrices, places, strict=True):
        rows = np.argsort(place, kind="stable")
        orders = np.argsort(place + random.random((PERMUTATIONS, len(place))), axis=1)
        exchanged += matrix[rows, orders].sum(1)
    return float((1 + (exchanged <= own + 1e-9).sum()) / (1 + PERMUTATIONS))


def effect_mm(songs: list[Song], axes: np.ndarray) -> float:
    """Joint error about a word foretold from it minus from another of its place, in mm, learned from the other half."""
    half, found = len(songs) // 2, []
    for learned, asked in ((songs[:half], songs[half:]), (songs[half:], songs[:half])):
        x, y = (np.concatenate([getattr(song, name) for song in learned]) for name in ("words", "moves"))
        weights = np.linalg.solve(x.T @ x + PENALTY * np.eye(x.shape[1]), x.T @ y)
        for song in asked:
            true, rows = (song.moves @ axes).reshape(-1, 3), np.argsort(song.place, kind="stable")
            next_word = np.empty(len(rows), int)
            next_word[rows] = np.roll(rows, -1)  # of the same place but for the last of each
            own, other = (
                np.linalg.norm((words @ weights @ axes).reshape(-1, 3) - true, axis=-1).mean()
                for words in (song.words, song.words[next_word])
            )
            found.append(1000 * (own - other))
    return float(np.mean(found))


def power(short: bool) -> dict[str, dict[str, float]]:
    """By share of bars: the effect in mm, and by number of songs how often it is found."""
    count, repeats = (24, 20) if short else (POOL, REPEATS)
    linked_songs = synthetic(500, count)
    tokens = embed([lyrics_of(song) for song in linked_songs])
    words = [sung_words(*(entry[name] for name in ("token_states", "token_times", "token_lines"))) for entry in tokens]
    starts = [entry.start_s for entry in words]
    states, _ = components([entry.states for entry in words])
    where = [places(song, start_s) for song, start_s in zip(linked_songs, starts, strict=True)]
    found: dict[str, dict[str, float]] = {}
    for linked in LINKED:
        made = linked_songs if linked == 1 else synthetic(500, count, linked=linked)
        moves, axes = components(around(made, starts))
        songs = [Song(*parts) for parts in zip(states, moves, where, strict=True)]
        row: dict[str, float] = {"effect_mm": effect_mm(songs, axes)}
        random = np.random.default_rng(0)
        for number in [n for n in SONGS if n <= count // 2]:
            draws = (random.permutation(count)[:number] for _ in range(repeats))
            p = np.array([p_value(errors(songs, order), [where[n] for n in order], random) for order in draws])
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
    styles = ("-", "--", "-.", ":", (0, (1, 4)))
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
