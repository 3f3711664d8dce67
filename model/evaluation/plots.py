"""Plots of training and evaluation as SVG, with equal bytes for equal numbers."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from justlmd.core.svg import save_svg

PLOTTED = (
    "mpjpe_mm",
    "pa_mpjpe_mm",
    "root_deg",
    "kid_kinetic",
    "diversity_kinetic",
    "beat_f_minus_shuffled",
    "beat_f",
    "speed",
    "jerk",
    "frozen_share",
    "slide_share",
    "pfc",
)
"""Measures in ``metrics.svg``, in this order."""

DANCE_PLOTTED = (
    *("speed", "jerk", "hands", "feet", "contact", "slide_speed"),
    *("closest_repeat", "seam_jerk", "beat_share", "moved_by_words", "moved_by_music", "moved_by_noise"),
    "told_apart",
)
"""Measures in ``dances.svg``, in this order; the last ones only where they could be measured."""


def plot_history(path: Path, histories: Mapping[str, Path]) -> None:
    """Training and held-out loss of every model over the steps."""
    figure, panels = _figure(1, max(len(histories), 1), 4.2, 3.2)
    for axes, (name, file) in zip(panels, histories.items(), strict=False):
        with file.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        for key, label, style in (("train_loss", "training songs", "-"), ("val_loss", "held-out songs", "--")):
            points = [(int(row["step"]), float(row[key])) for row in rows if row.get(key)]
            if points:
                axes.plot(*zip(*points, strict=True), style, color="black", label=label)
        axes.set_title(name)
        axes.set_xlabel("step")
        axes.set_ylabel("loss")
        axes.legend(frameon=False)
    save_svg(figure, path)


def plot_metrics(path: Path, result: Mapping[str, Any]) -> None:
    """One panel per measure: each method's value with its interval; the real dances' value as a line."""
    methods, labels = result["methods"], result["measures"]
    figure, panels = _figure(4, 3, 3.6, 0.9 + 0.28 * len(methods))
    for axes, name in zip(panels, PLOTTED, strict=True):
        _measure(axes, name, labels[name], methods)
        floor = result["floor"].get(name)
        if _has(floor):
            axes.axvline(floor["value"], color="0.8", linestyle=":", zorder=0)
        if name.startswith("kid"):  # a dancer who stands is thousands of times farther off than real ones
            axes.set_xscale("symlog", linthresh=10)
            axes.set_xlim(left=-10)
            axes.set_xticks([0, 100, 10_000])
    figure.supxlabel("line: real dances; dotted: real dances of other songs; bars: 95 % intervals", fontsize=8)
    save_svg(figure, path)


def plot_dances(path: Path, dances: Mapping[str, Any]) -> None:
    """The same of whole dances, with the dancers that nobody wants to see among the methods."""
    methods, labels = dances["methods"], dances["measures"]
    shown = [name for name in DANCE_PLOTTED if any(_has(values.get(name)) for values in methods.values())]
    figure, panels = _figure(-(-len(shown) // 3), 3, 3.6, 0.9 + 0.22 * len(methods))
    for axes, name in zip(panels, shown, strict=False):
        _measure(axes, name, labels[name], methods)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    figure.supxlabel("line: real dances; bars: 95 % intervals over songs", fontsize=8)
    save_svg(figure, path)


def _measure(axes: Any, name: str, label: str, methods: Mapping[str, Mapping[str, Any]]) -> None:
    """A row for each method that has the measure: its value with its interval, and the real dances' value as a line."""
    shown = [(method, values[name]) for method, values in methods.items() if _has(values.get(name))]
    for row, (_, entry) in enumerate(shown):
        if entry["low"] is not None:
            axes.plot([entry["low"], entry["high"]], [row, row], color="0.6", linewidth=3)
        axes.plot([entry["value"]], [row], "o", color="black", markersize=4)
    if _has(methods["real"].get(name)):
        axes.axvline(methods["real"][name]["value"], color="0.8", zorder=0)
    axes.set_yticks(range(len(shown)), [method.replace("_", " ") for method, _ in shown])
    axes.set_ylim(max(len(shown), 1) - 0.5, -0.5)
    axes.set_title(label, fontsize=9)
    if not shown:
        axes.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axes.transAxes, color="0.5")


def plot_lyrics(path: Path, lyrics: Mapping[str, Any]) -> None:
    """For each model that can be asked: the error of every arm, and the error with the words moved in time."""
    figure, panels = _figure(max(len(lyrics), 1), 2, 5.4, 3.0)
    for (name, found), (arms, time) in zip(lyrics.items(), zip(panels[::2], panels[1::2], strict=True), strict=False):
        shown = [(arm, entry) for arm, entry in found["arms"].items() if _has(entry)]
        for row, (arm, entry) in enumerate(shown):
            arms.plot([entry["low"], entry["high"]], [row, row], color="0.6", linewidth=3)
            arms.plot([entry["value"]], [row], "o", color="black" if arm == "both" else "0.35", markersize=4)
        arms.axvline(found["arms"]["both"]["value"], color="0.8", zorder=0)
        arms.set_yticks(range(len(shown)), [arm for arm, _ in shown])
        arms.invert_yaxis()
        arms.set_title(f"{name}: what the model sees", fontsize=9)
        arms.set_xlabel("joint error, mm (bars: 95 % intervals)")
        time.plot(found["time"]["shifts_s"], found["time"]["error_mm"], color="black")
        time.axvline(0, color="0.8", zorder=0)
        time.set_title(f"{name}: the words moved in time", fontsize=9)
        time.set_xlabel("seconds later than sung")
        time.set_ylabel("joint error, mm")
    for axes in panels[2 * len(lyrics) :]:
        axes.set_axis_off()
    if not lyrics:
        panels[0].text(0, 0.5, "None of the models can leave lyrics out, so the question cannot be put to them.")
    save_svg(figure, path)


def _has(entry: Mapping[str, float | None] | None) -> bool:
    return entry is not None and entry["value"] is not None


def _figure(rows: int, columns: int, width: float, height: float) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).ravel())
