"""A contact sheet: the moments of a song at which a person should look before trusting or overruling the verdict."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from justlmd.core.clock import FPS
from justlmd.core.errors import one_line
from justlmd.core.files import replacing
from justlmd.lyrics.document import Lyrics
from justlmd.media.fonts import fonts_folder
from justlmd.media.video import read_chosen_frames
from justlmd.quality.criteria import CRITERIA, Criterion

MOMENTS = 12
COLUMNS = 3
PER_CRITERION = 3
APART = 6
"""Frames; moments that are nearer to each other are one."""
WIDTH, GAP = 480, 12
"""Width in pixels of one moment, that is of a frame of the overlay with its two images; and between them."""
INK, SOFT, RED, GREEN, GOLD, PAPER = "#1d1c1a", "#6b665f", "#b3202c", "#1b7a43", "#9a5b00", "#ffffff"

Run = tuple[str, str, bool]
"""A piece of a line: text, colour, whether it is bold."""


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


def telling_frame(quality: dict[str, Any], start: int, stop: int) -> int:
    """The frame nearest to the middle of [start, stop) at which there is a body; the middle where there is none."""
    middle = (start + stop) // 2
    empty = [pair for name in ("detection_rate", "motion_valid") for pair in quality["ranges"].get(name, [])]
    full = (frame for frame in range(start, stop) if not any(first <= frame < last for first, last in empty))
    return min(full, key=lambda frame: abs(frame - middle), default=middle)


def write_contact_sheet(
    path: str | Path,
    overlay: str | Path,
    quality: dict[str, Any],
    start: int,
    stop: int,
    *,
    name: str = "",
    lyrics: Lyrics | None = None,
) -> None:
    """Draw the :func:`moments` of ``overlay.mp4`` on one sheet, under the song's name, its verdict and its figures.

    Each moment has its second, its frame's number, what shows there (red: a criterion that failed; in brackets: one
    that is within its limit) and the words that are sung, the one of the moment in bold.

    Parameters
    ----------
    path
        The ``.jpg``.
    overlay
        Video with a frame for each of ``video.mp4``.
    quality
        Contents of ``quality.json``.
    start, stop
        The frames of ``video.mp4`` that were judged.
    name
        Name of the song for people.
    lyrics
        On the clock of ``video.mp4``; None: no words.

    Raises InputError when the overlay does not decode.
    """
    chosen = moments(quality, start, stop)
    shown = read_chosen_frames(overlay, (frame for frame, _, _ in chosen))
    images = {frame: _smaller(image) for frame, image in shown.items()}
    high = max((image.height for image in images.values()), default=0)
    cells = [(frame, failed, met) for frame, failed, met in chosen if frame in images]
    rows = -(-len(cells) // COLUMNS)
    head = heading(name, quality)
    width = COLUMNS * (WIDTH + GAP) + GAP
    lines = [line for part in head for line in _wrapped(part, width - 2 * GAP)]
    top = GAP + 20 * len(lines) + GAP
    sheet = Image.new("RGB", (width, top + rows * (high + 44 + GAP)), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        _write(draw, (GAP, GAP + 20 * number), line)
    for place, (frame, failed, met) in enumerate(cells):
        x, y = GAP + place % COLUMNS * (WIDTH + GAP), top + place // COLUMNS * (high + 44 + GAP)
        sheet.paste(images[frame], (x, y))
        what: list[Run] = [(f"{frame / FPS:.1f} s  frame {frame}", INK, True)]
        what += [(_words(criterion), RED, True) for criterion in failed]
        what += [(f"({_words(criterion)})", SOFT, False) for criterion in met]
        _write(draw, (x, y + high + 3), _cut(what))
        _write(draw, (x, y + high + 22), _cut(sung_words(lyrics, frame / FPS) if lyrics else []))
    with replacing(path) as temporary:
        sheet.save(temporary, "JPEG", quality=85)


def sung_words(lyrics: Lyrics, seconds: float) -> list[Run]:
    """The line that is sung at a second of the song, the word of that moment in bold; nothing in a pause."""
    line = next((line for line in lyrics.sung if line.start_s <= seconds < line.end_s), None)
    if line is None:
        return []
    if not line.words:
        return [(one_line(line.text), GOLD, False)]
    return [(one_line(word.text), GOLD, word.start_s <= seconds < word.end_s) for word in line.words]


def heading(name: str, quality: Mapping[str, Any]) -> list[list[Run]]:
    """The song's name, the verdict with its reasons, and the figures with their limits, those beyond them first."""
    figures, limits = quality["figures"], quality["thresholds"]
    verdict = ("kept", GREEN, True) if quality["keep"] else ("dropped: " + "; ".join(quality["reasons"]), RED, True)
    judged = [criterion for criterion in CRITERIA if criterion.name in figures and criterion.name in limits]
    judged.sort(key=lambda criterion: not criterion.fails(figures[criterion.name], limits[criterion.name]))
    shown = [_figure(criterion, figures[criterion.name], limits[criterion.name]) for criterion in judged]
    open_ = [[(f"cannot tell {one_line(sentence)}", GOLD, True)] for sentence in quality.get("cannot_tell", [])]
    return [[(one_line(name), INK, True)], [verdict], *open_, shown]


def _figure(criterion: Criterion, value: float, limit: float) -> Run:
    sign = "≥" if criterion.at_least else "≤"
    failed = criterion.fails(value, limit)
    shown, bound = (criterion.shown(number) for number in (value, limit))
    # Blanks that do not break keep a figure together.
    return f"{_words(criterion.name)} {shown} ({sign} {bound}) ".replace(" ", "\u00a0"), RED if failed else SOFT, failed


def _words(criterion: str) -> str:
    """The name of a criterion for people."""
    return criterion.replace("_", " ")


@cache
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    file = fonts_folder() / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
    return ImageFont.truetype(str(file), 13, layout_engine=ImageFont.Layout.BASIC)


def _write(draw: ImageDraw.ImageDraw, place: tuple[int, int], line: list[Run]) -> None:
    x, y = place
    for text, color, bold in line:
        draw.text((x, y), text, fill=color, font=_font(bold))
        x += round(_font(bold).getlength(text + " "))


def _wrapped(runs: list[Run], width: int) -> list[list[Run]]:
    """Lines of at most ``width`` pixels with the words of ``runs``."""
    lines: list[list[Run]] = [[]]
    room = float(width)
    for text, color, bold in runs:
        for word in text.split(" "):
            length = _font(bold).getlength(word + " ")
            if length > room and lines[-1]:
                lines.append([])
                room = float(width)
            lines[-1].append((word, color, bold))
            room -= length
    return lines


def _cut(runs: list[Run]) -> list[Run]:
    """As many of the ``runs`` as fit below one moment, with an ellipsis where some are left out."""
    fitting: list[Run] = []
    room = WIDTH - _font(True).getlength("…")
    for run in runs:
        room -= _font(run[2]).getlength(run[0] + " ")
        if room < 0:
            return [*fitting, ("…", SOFT, False)]
        fitting.append(run)
    return fitting


def _smaller(image: np.ndarray) -> Image.Image:
    """An image (H, W, 3) uint8 as wide as one moment."""
    height = max(1, round(image.shape[0] * WIDTH / image.shape[1]))
    return Image.fromarray(image).resize((WIDTH, height), Image.Resampling.BILINEAR)
