"""What a data set looks like in numbers: figures for its card, with equal bytes for equal numbers.

They show counts and metrics only, never a title or a word.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from justlmd.body.model import JOINT_NAMES
from justlmd.core.clock import FPS
from justlmd.core.svg import save_svg
from justlmd.dataset.splits import SPLITS

ANGLES = np.linspace(0, np.pi, 181)
"""Edges of the bins, in radians, in which joint rotations are counted."""

QUALITY_SHOWN = {
    "detection_rate": "frames with a person",
    "whole_body": "frames with the whole body",
    "reprojection": "2D error, share of body height",
    "motion_jitter": "jitter, mm",
}
"""Metrics of the quality gate in ``quality.svg``."""

SHADES = {"train": "0.75", "val": "0.45", "test": "0.15"}


@dataclass
class Statistics:
    """Counts over the sequences of a data set, which are seen one row group at a time.

    ``words``: words of each sequence; ``tempo``: tempo of each song in beats per minute; ``angles`` (23, 180): frames
    by joint and rotation angle.
    """

    words: list[int] = field(default_factory=list)
    tempo: dict[str, float] = field(default_factory=dict)
    angles: np.ndarray = field(default_factory=lambda: np.zeros((23, len(ANGLES) - 1), np.int64))

    def add(self, table: pa.Table) -> None:
        """Count the sequences of rows of the shards."""
        self.words += [len(found) for found in table["words"].to_pylist()]
        self.tempo |= dict(zip(table["song"].to_pylist(), table["tempo_bpm"].to_pylist(), strict=True))
        pose = numbers(table["body_pose"]).reshape(-1, 23, 3)
        angles = np.linalg.norm(pose, axis=2)
        angles = np.minimum(angles, 2 * np.pi - angles)  # the shorter way round
        for joint in range(23):
            self.angles[joint] += np.histogram(angles[:, joint], ANGLES)[0]

    def angle(self, share: float) -> np.ndarray:
        """The rotation angle of each joint (23,), in degrees, below which ``share`` of the frames lie."""
        cumulated = np.cumsum(self.angles, axis=1)
        reached = cumulated >= share * cumulated[:, -1:]
        return np.degrees((ANGLES[:-1] + ANGLES[1:]) / 2)[reached.argmax(axis=1)]


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """All numbers (N,) of a column of lists."""
    values = column.combine_chunks()
    while pa.types.is_list(values.type) or pa.types.is_fixed_size_list(values.type):
        values = values.flatten()
    return values.to_numpy(zero_copy_only=False)


def write_figures(folder: Path, songs: pd.DataFrame, found: Statistics) -> list[tuple[str, str]]:
    """Write the figures as SVG.

    Parameters
    ----------
    folder : path
        Where they go.
    songs : DataFrame
        Rows of ``songs.parquet``: ``frames``, ``split``, ``song`` and the quality gate's metrics.
    found : Statistics
        Of all sequences.

    Returns
    -------
    Name of each file, and what it shows.
    """
    figures = [
        ("durations.svg", "Minutes of motion of each song", _durations(songs)),
        ("tempo.svg", "Tempo of each song, beats per minute", _tempo(songs, found)),
        ("words.svg", "Words sung in each sequence", _words(found)),
        ("poses.svg", "Rotation of each joint from the rest pose", _poses(found)),
        ("quality.svg", "Metrics of the quality gate, by song", _quality(songs)),
    ]
    for name, _, figure in figures:
        save_svg(figure, folder / name)
    return [(name, what) for name, what, _ in figures]


def _panels(count: int = 1, width: float = 4.6, height: float = 2.4) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * count, height), layout="constrained")
    panels = list(figure.subplots(1, count, squeeze=False).ravel())
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.yaxis.get_major_locator().set_params(integer=True)  # they count songs or sequences
    return figure, panels


def _by_split(axes: Any, values: pd.Series, splits: pd.Series, label: str) -> None:
    """A histogram of one number per song, its bars stacked by split."""
    known = values.notna()
    parts = [values[known & (splits == name)].to_numpy(float) for name in SPLITS]
    if known.any():
        axes.hist(parts, bins=12, stacked=True, color=list(SHADES.values()), label=list(SHADES))
    else:
        axes.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axes.transAxes, color="0.5")
    axes.set_xlabel(label)
    axes.set_ylabel("songs")


def _durations(songs: pd.DataFrame) -> Any:
    figure, (axes,) = _panels()
    _by_split(axes, songs["frames"] / FPS / 60, songs["split"], "minutes of motion")
    axes.legend(frameon=False, fontsize=8)
    return figure


def _tempo(songs: pd.DataFrame, found: Statistics) -> Any:
    figure, (axes,) = _panels()
    tempo = songs["song"].map(found.tempo)
    _by_split(axes, tempo.where(tempo > 0), songs["split"], "beats per minute")
    return figure


def _words(found: Statistics) -> Any:
    figure, (axes,) = _panels()
    axes.hist(found.words, bins=np.arange(max(found.words, default=0) + 2) - 0.5, color="0.45")
    axes.set_xlabel("words in six seconds")
    axes.set_ylabel("sequences")
    return figure


def _poses(found: Statistics) -> Any:
    """For each joint the angles between which 90 % of the frames lie, and the median."""
    figure, (axes,) = _panels(width=6.4, height=4.2)
    if found.angles.any():
        low, middle, high = (found.angle(share) for share in (0.05, 0.5, 0.95))
        axes.hlines(range(23), low, high, color="0.6", linewidth=5)
        axes.plot(middle, range(23), "o", color="black", markersize=4)
    axes.set_yticks(range(23), [name.replace("_", " ") for name in JOINT_NAMES[1:]], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("rotation from the rest pose in degrees (dot: median; bar: 5 to 95 % of the frames)", fontsize=8)
    return figure


def _quality(songs: pd.DataFrame) -> Any:
    figure, panels = _panels(len(QUALITY_SHOWN), width=2.6)
    nothing: Sequence[float] = [np.nan] * len(songs)
    for axes, (name, label) in zip(panels, QUALITY_SHOWN.items(), strict=True):
        values = songs.get(f"quality_{name}", pd.Series(nothing, index=songs.index))
        _by_split(axes, values, songs["split"], label)
    return figure
