"""The gallery: every song on one page, with its thumbnail, verdict and curves, to be searched, sorted and ticked."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from justlmd.core.clock import FPS
from justlmd.core.errors import InputError, one_line
from justlmd.core.files import read_json, write_text
from justlmd.project.status import EXCLUDED, FAILED, WAITING, Status
from justlmd.quality.criteria import CRITERIA, Criterion
from justlmd.songs.table import Song
from justlmd.view.page import filled_page

CURVES = {"reprojection": "2D error", "motion_jitter": "jitter", "speed": "speed"}
"""Series of ``quality.json`` that are drawn, and what they are called on the page."""

POINTS = 48
"""Most points of a curve."""

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""A point of a curve is one of these: the first is 0, the last the top of the scale or above; ``-`` is unknown."""

LONGEST_TEXT = 400
"""Characters of a title or reason; more is cut."""

FILES = {"overlay": "overlay.mp4", "contact sheet": "contact_sheet.jpg"}
"""Files of a song's folder to which its card leads, where they are there."""


def write_gallery(
    path: str | Path,
    songs: Sequence[Song],
    statuses: Sequence[Status],
    results: str | Path,
    *,
    exclude: Iterable[str] = (),
    keep: Iterable[str] = (),
) -> int:
    """Write the gallery, ``index.html``; thumbnails and players lie beside it and are named where they are there.

    Parameters
    ----------
    path
        The page, in a folder of ``results``.
    songs
        The song table.
    statuses
        What became of its songs (:func:`justlmd.project.status.song_statuses`); failures are taken from it.
    results
        The workflow's folder ``results``: the manifest and the songs' folders are read.
    exclude, keep
        What the configuration names already; the lines to copy hold these ids, too.

    Returns
    -------
    The number of songs on the page.
    """
    path, results = Path(path), Path(results)
    rows, by_song = read_manifest_rows(results / "manifest.tsv"), statuses_by_song(statuses)
    cards = [card(song, by_song.get(song.id, []), rows.get(song.id, {}), results, path.parent) for song in songs]
    scales = {name: scale(curve for found in cards if (curve := found["curves"].get(name))) for name in CURVES}
    for found in cards:
        found["peaks"] = [peak(found["curves"].get(name, [])) for name in CURVES]
        found["curves"] = [encoded(found["curves"].get(name, []), scales[name]) for name in CURVES]
    data = {"songs": cards, "curves": list(CURVES.values()), "exclude": list(exclude), "keep": list(keep)}
    write_text(path, filled_page("gallery.html", data))
    return len(cards)


def card(song: Song, statuses: Sequence[Status], row: Mapping[str, str], results: Path, beside: Path) -> dict[str, Any]:
    """What the gallery shows of one song; ``beside`` is the folder of the page.

    ``why`` names what was wrong in short words, to filter by: criteria of the quality gate, or causes of failures.
    """
    folder = results / "songs" / song.id
    judged = read_judged(folder / "quality.json")
    failures = [status for status in statuses if status.status == FAILED]
    if judged:  # the note of a job that runs just now, or was killed, does not count then
        failures = [status for status in failures if status.cause != "interrupted"]
    figures, limits = (_mapping(judged.get(name)) for name in ("figures", "thresholds"))
    failed = [c.name.replace("_", " ") for c in CRITERIA if _fails(c, figures, limits)]
    series = _mapping(judged.get("series"))
    if any(status.status == EXCLUDED for status in statuses) or row.get("verdict") == EXCLUDED:
        verdict, reason, failed = EXCLUDED, "excluded by configuration", []
    elif failures:
        verdict, failed = FAILED, [f"{status.stage}: {status.cause}" for status in failures]
        reason = "; ".join(" – ".join(filter(None, (s.stage, s.message, s.next_step))) for s in failures)
    elif row.get("verdict"):
        verdict, reason = row["verdict"], row.get("reason", "")
    elif judged:
        verdict = "kept" if judged.get("keep") else "dropped"
        reason = "; ".join(map(str, judged.get("reasons") or []))
    else:
        verdict, reason = WAITING, "not made yet"
    links = {name: f"../songs/{song.id}/{file}" for name, file in FILES.items() if (folder / file).is_file()}
    if (beside / f"{song.id}.html").is_file():
        links = {"player": f"{song.id}.html"} | links
    thumbnail = f"thumbnails/{song.id}.jpg"
    return {
        "id": song.id,
        "title": one_line(song.title)[:LONGEST_TEXT],
        "artist": one_line(song.artist)[:LONGEST_TEXT],
        "verdict": verdict,
        "reason": one_line(reason)[:LONGEST_TEXT],
        "why": failed,
        "split": row.get("split", ""),
        "sequences": int(row["sequences"]) if row.get("sequences", "").isdecimal() else 0,
        "seconds": round((_number(figures.get("frames")) or 0) / FPS, 1),
        "figures": [_number(figures.get(name)) for name in ("reprojection", "motion_jitter")]
        + [_mean(_curve(series.get("speed")))],
        "curves": {name: _curve(series.get(name)) for name in CURVES},
        "thumbnail": thumbnail if (beside / thumbnail).is_file() else "",
        "links": links,
    }


def read_judged(path: Path) -> dict[str, Any]:
    """What ``quality.json`` holds; empty where it is not there or is something else."""
    try:
        return _mapping(read_json(path)) if path.is_file() else {}
    except InputError:
        return {}


def read_manifest_rows(path: Path) -> dict[str, dict[str, str]]:
    """The rows of ``manifest.tsv`` by song; none where there is no manifest yet."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {row["song"]: {name: cell or "" for name, cell in row.items() if name} for row in rows if row.get("song")}


def statuses_by_song(statuses: Iterable[Status]) -> dict[str, list[Status]]:
    """The rows of the table of states by song."""
    found: dict[str, list[Status]] = {}
    for status in statuses:
        found.setdefault(status.song, []).append(status)
    return found


def scale(curves: Iterable[Sequence[float | None]]) -> float:
    """The top of the curves of all songs: twice the median of their peaks, so that a bad one stands out."""
    peaks = [value for curve in curves if (value := peak(curve)) is not None]
    return 2 * median(peaks) if peaks else 0.0


def peak(curve: Sequence[float | None]) -> float | None:
    """The largest known value."""
    return max((value for value in curve if value is not None), default=None)


def encoded(curve: Sequence[float | None], top: float) -> str:
    """A curve as at most :data:`POINTS` characters of :data:`DIGITS`, each the largest of its part; "" without any."""
    if peak(curve) is None or top <= 0:
        return ""
    count = min(len(curve), POINTS)
    edges = [round(index * len(curve) / count) for index in range(count + 1)]
    parts = [peak(curve[start:stop]) for start, stop in pairwise(edges)]
    last = len(DIGITS) - 1
    return "".join("-" if value is None else DIGITS[min(round(value / top * last), last)] for value in parts)


def _fails(criterion: Criterion, figures: Mapping[str, Any], limits: Mapping[str, Any]) -> bool:
    value, limit = _number(figures.get(criterion.name)), _number(limits.get(criterion.name))
    return value is not None and limit is not None and criterion.fails(value, limit)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    """A number that is not negative, as all figures of ``quality.json`` are; anything else is none."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e9:
        return None
    return float(value)


def _curve(values: object) -> list[float | None]:
    return [_number(value) for value in values] if isinstance(values, list) else []


def _mean(curve: Sequence[float | None]) -> float | None:
    known = [value for value in curve if value is not None]
    return float(f"{sum(known) / len(known):.3g}") if known else None
