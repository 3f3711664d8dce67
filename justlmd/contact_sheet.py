"""A contact sheet: the moments of a song at which a person should look before trusting or overruling the verdict."""

from pathlib import Path
from typing import Any

import numpy as np

from justlmd import FPS
from justlmd.files import replacing
from justlmd.quality import CRITERIA
from justlmd.video import read_frames

MOMENTS = 12
COLUMNS = 4
PER_CRITERION = 3
INCHES = 3.2
"""Width of one picture on the sheet."""


def moments(quality: dict[str, Any], start: int, stop: int) -> list[tuple[int, str]]:
    """Frames [start, stop) of ``video.mp4`` worth a look, with what shows there, worst first; at most :data:`MOMENTS`.

    The longest stretches of the criteria that failed come first, then those of the criteria that are met, then frames
    spread evenly.
    """
    limits = quality["thresholds"]
    failed = {
        criterion.name
        for criterion in CRITERIA
        if criterion.name in quality["figures"]
        and criterion.fails(quality["figures"][criterion.name], limits[criterion.name])
    }
    names = sorted(quality["ranges"], key=lambda name: name not in failed)
    found: dict[int, str] = {}
    for name in names:
        longest = sorted(quality["ranges"][name], key=lambda pair: (pair[0] - pair[1], pair[0]))
        for first, last in longest[:PER_CRITERION]:
            found.setdefault((first + last) // 2, name + ("" if name in failed else " (within the limit)"))
    spread = np.linspace(start, stop, 2 * MOMENTS + 1).astype(int)[1::2]
    for frame in spread:
        found.setdefault(int(frame), "")
    return [(frame, what) for frame, what in found.items() if start <= frame < stop][:MOMENTS]


def write_contact_sheet(path: str | Path, overlay: str | Path, quality: dict[str, Any], start: int, stop: int) -> None:
    """Draw the :func:`moments` of ``overlay.mp4`` on one picture, each with its second and what shows there.

    Raises InputError when the overlay does not decode.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    chosen = moments(quality, start, stop)
    wanted = {frame for frame, _ in chosen}
    pictures = {number: picture for number, picture in enumerate(read_frames(overlay)) if number in wanted}
    chosen = [(frame, what) for frame, what in chosen if frame in pictures]
    rows = max(1, -(-len(chosen) // COLUMNS))
    shape = next(iter(pictures.values())).shape if pictures else (3, 4)
    verdict = "kept" if quality["keep"] else "dropped: " + "; ".join(quality["reasons"])
    figure = Figure(figsize=(COLUMNS * INCHES, rows * (INCHES * shape[0] / shape[1] + 0.3) + 0.7), dpi=100)
    FigureCanvasAgg(figure)
    figure.suptitle(verdict, fontsize=9, wrap=True)
    for place, (frame, what) in enumerate(chosen):
        axes = figure.add_subplot(rows, COLUMNS, place + 1)
        axes.imshow(pictures[frame])
        axes.set_axis_off()
        axes.set_title(f"{frame / FPS:.1f} s  {what}", fontsize=8, color="black" if "(" in what or not what else "red")
    figure.tight_layout()
    with replacing(path) as temporary:
        figure.savefig(temporary, format="jpg", metadata=None, pil_kwargs={"quality": 85})
