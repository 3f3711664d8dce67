"""A contact sheet: the moments of a song at which a person should look before trusting or overruling the verdict."""

from pathlib import Path
from typing import Any

import numpy as np

from justlmd import FPS
from justlmd.core.files import replacing
from justlmd.media.video import read_frames
from justlmd.quality.criteria import CRITERIA

MOMENTS = 12
COLUMNS = 4
PER_CRITERION = 3
APART = 6
"""Frames; moments that are nearer to each other are one."""
INCHES = 3.2
"""Width of one frame on the sheet."""


def moments(quality: dict[str, Any], start: int, stop: int) -> list[tuple[int, list[str], list[str]]]:
    """Frames [start, stop) of ``video.mp4`` worth a look, worst first; at most :data:`MOMENTS`.

    The longest stretches of the criteria that failed come first, then those of the criteria that are met, then frames
    spread evenly. With each frame come the names of the failed criteria and those of the met ones that show there.
    """
    figures, limits = quality["figures"], quality["thresholds"]
    failed = {c.name for c in CRITERIA if c.name in figures and c.fails(figures[c.name], limits[c.name])}
    found: dict[int, tuple[list[str], list[str]]] = {}

    def add(frame: int, name: str = "") -> None:
        near = next((other for other in found if abs(other - frame) < APART), frame)
        names = found.setdefault(near, ([], []))[name not in failed]
        if name and name not in names:
            names.append(name)

    for name in sorted(quality["ranges"], key=lambda name: name not in failed):
        longest = sorted(quality["ranges"][name], key=lambda pair: (pair[0] - pair[1], pair[0]))
        for first, last in longest[:PER_CRITERION]:
            add((first + last) // 2, name)
    for frame in np.linspace(start, stop, 2 * MOMENTS + 1).astype(int)[1::2]:
        add(int(frame))
    return [(frame, *names) for frame, names in found.items() if start <= frame < stop][:MOMENTS]


def write_contact_sheet(path: str | Path, overlay: str | Path, quality: dict[str, Any], start: int, stop: int) -> None:
    """Draw the :func:`moments` of ``overlay.mp4`` on one sheet, each with its second and what shows there.

    Names of criteria that failed are red; what is within its limit stands in brackets. Raises InputError when the
    overlay does not decode.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chosen = moments(quality, start, stop)
    wanted = {frame for frame, _, _ in chosen}
    shown = {number: frame for number, frame in enumerate(read_frames(overlay)) if number in wanted}
    chosen = [moment for moment in chosen if moment[0] in shown]
    rows = max(1, -(-len(chosen) // COLUMNS))
    shape = next(iter(shown.values())).shape if shown else (3, 4)
    verdict = "kept" if quality["keep"] else "dropped: " + "; ".join(quality["reasons"])
    figure = Figure(figsize=(COLUMNS * INCHES, rows * (INCHES * shape[0] / shape[1] + 0.3) + 0.7), dpi=100)
    FigureCanvasAgg(figure)
    figure.suptitle(verdict, fontsize=9, wrap=True)
    for place, (frame, failed, met) in enumerate(chosen):
        axes = figure.add_subplot(rows, COLUMNS, place + 1)
        axes.imshow(shown[frame])
        axes.set_axis_off()
        names = ", ".join([*failed, *(f"({name})" for name in met)])
        axes.set_title(f"{frame / FPS:.1f} s  {names}", fontsize=8, color="red" if failed else "black", wrap=True)
    figure.tight_layout()
    with replacing(path) as temporary:
        figure.savefig(temporary, format="jpg", metadata=None, pil_kwargs={"quality": 85})
