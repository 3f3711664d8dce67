"""The lyrics of a song as lines and words with times: shifting them onto the video's clock, and ``lyrics.json``.

Times are seconds. Freshly parsed lyrics (:func:`justlmd.lyrics.lrc.parse_lrc`) are on the clock of the recording they
were made for; :func:`shift` puts them on the clock of ``video.mp4``.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from justlmd.core.errors import InputError
from justlmd.core.files import read_json, write_json
from justlmd.lyrics.word_timing import Word


@dataclass(frozen=True)
class Line:
    """One sung line.

    ``timing`` says how the words got their times: ``word`` (stamped), ``aligned`` (heard), ``interpolated`` (spread by
    syllables) or ``line`` (no words). ``alternatives`` are further texts with the same stamp, usually translations.
    ``credit`` marks a line that names the song or its makers and is not sung (:mod:`justlmd.lyrics.credits`).
    """

    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...] = ()
    timing: str = "line"
    alternatives: tuple[str, ...] = ()
    credit: bool = False


@dataclass(frozen=True)
class Lyrics:
    """The lines of a song in order of time and what was odd about the file.

    ``offset_s`` is what was added to the file's stamps: by an ``[offset:]`` tag and by :func:`shift`.
    """

    lines: tuple[Line, ...]
    warnings: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    offset_s: float = 0.0

    @property
    def sung(self) -> tuple[Line, ...]:
        """The lines without credits; never empty."""
        return tuple(line for line in self.lines if not line.credit)

    @property
    def text(self) -> str:
        """All sung lines in one string; songs with equal words are recognised by it."""
        return " ".join(line.text for line in self.sung)

    @property
    def words(self) -> tuple[Word, ...]:
        """All sung words in the order of the lines."""
        return tuple(word for line in self.sung for word in line.words)

    @property
    def first_line_s(self) -> float:
        """Start of the first sung line: frame 0 of the song's motion."""
        return self.sung[0].start_s

    @property
    def end_s(self) -> float:
        """Latest end of a sung line."""
        return max(line.end_s for line in self.sung)

    @property
    def timings(self) -> str:
        """How many lines got their words' times in which way: ``aligned in 51 lines, interpolated in 2``."""
        (first, lines), *others = Counter(line.timing for line in self.sung).most_common()
        return ", ".join([f"{first} in {lines} lines", *(f"{timing} in {count}" for timing, count in others)])

    @property
    def timing(self) -> str:
        """The least exact timing of the lines with words: ``interpolated``, ``aligned`` or ``word``; else ``line``."""
        levels = {line.timing for line in self.sung if line.words}
        return next((level for level in ("interpolated", "aligned", "word") if level in levels), "line")


def shift(lyrics: Lyrics, first_line_s: float) -> Lyrics:
    """Move all lines so that the first sung line starts at ``first_line_s`` seconds of the video.

    A line that would end before 0 is left out and one that would begin before 0 begins there, both with a warning.
    Raises InputError for a time that is negative or no number.
    """
    if not math.isfinite(first_line_s) or first_line_s < 0:
        raise InputError(
            f"{first_line_s} is not a time in the video", where="first_line", next_step="give seconds from 0 on"
        )
    by_s = round(first_line_s - lyrics.first_line_s, 6)
    lines, warnings = [], list(lyrics.warnings)

    for line in lyrics.lines:
        if line.end_s + by_s <= 0 or (line.credit and by_s < 0):
            warnings.append(f"the line at {line.start_s:.3f} s lies before the video's beginning and is left out")
            continue
        if line.start_s + by_s < 0:
            warnings.append(f"the line at {line.start_s:.3f} s begins before the video and is cut there")
        lines.append(shifted_line(line, by_s))
    offset_s = round(lyrics.offset_s + by_s, 6)
    return replace(lyrics, lines=tuple(lines), warnings=tuple(warnings), offset_s=offset_s)


def lines_between(lines: Iterable[Line], start_s: float, end_s: float) -> list[Line]:
    """The lines that are sung in a stretch of a song, with times from ``start_s`` on: negative where they begin before.

    Lines without text are left out.
    """

    def moved(part: Any) -> Any:
        return replace(part, start_s=part.start_s - start_s, end_s=part.end_s - start_s)

    found = [line for line in lines if line.text.strip() and line.end_s > start_s and line.start_s < end_s]
    return [replace(moved(line), words=tuple(map(moved, line.words))) for line in found]


def shifted_line(line: Line, by_s: float) -> Line:
    """A line and its words later by some seconds; what would be before 0 is at 0."""
    return stretched_line(line, by_s, 1.0)


def stretched_line(line: Line, by_s: float, factor: float) -> Line:
    """A line and its words with all times multiplied, then later by some seconds; what would be before 0 is at 0."""

    def moved(seconds: float) -> float:
        return round(max(0.0, factor * seconds + by_s), 3)

    words = tuple(replace(word, start_s=moved(word.start_s), end_s=moved(word.end_s)) for word in line.words)
    return replace(line, start_s=moved(line.start_s), end_s=moved(line.end_s), words=words)


def timestamp(seconds: float) -> str:
    """Write seconds as ``mm:ss.xxx``, rounded to 1 ms (minutes may exceed 59)."""
    millis = round(seconds * 1000)
    return f"{millis // 60000:02d}:{millis // 1000 % 60:02d}.{millis % 1000:03d}"


def read_lyrics(path: str | Path) -> Lyrics:
    """Read a ``lyrics.json``; raises InputError that names the file and which line of the song is malformed."""
    return lyrics_from_json(read_json(path), str(path))


def write_lyrics(
    path: str | Path, lyrics: Lyrics, song: str, language: str, synchronisation: dict[str, Any] | None = None
) -> None:
    """Write a ``lyrics.json`` (:func:`lyrics_to_json`)."""
    write_json(path, lyrics_to_json(lyrics, song, language, synchronisation))


def lyrics_to_json(
    lyrics: Lyrics, song: str, language: str, synchronisation: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the contents of ``lyrics.json`` (``docs/formats.md``); seconds of ``video.mp4``.

    ``synchronisation`` says how the first line was found; by default by the stamps of the file.
    """
    return {
        "song": song,
        "language": language,
        "offset_s": lyrics.offset_s,
        "first_line_s": lyrics.first_line_s,
        "timing": lyrics.timing,
        "synchronisation": synchronisation or {"method": "stamps", "first_line_s": lyrics.first_line_s},
        "lines": [
            {
                "start": line.start_s,
                "end": line.end_s,
                "text": line.text,
                "timing": line.timing,
                "credit": line.credit,
                "words": [_word_to_json(word) for word in line.words],
                "alternatives": list(line.alternatives),
            }
            for line in lyrics.lines
        ],
        "warnings": list(lyrics.warnings),
    }


def _word_to_json(word: Word) -> dict[str, Any]:
    entry = {"start": word.start_s, "end": word.end_s, "text": word.text}
    return entry | ({"timing": word.timing} if word.timing else {})


def lyrics_from_json(value: Any, name: str = "lyrics.json") -> Lyrics:
    """Read the contents of ``lyrics.json``; raises InputError that says which line of the song is malformed."""
    if not isinstance(value, dict) or not isinstance(value.get("lines"), list):
        raise InputError("not a lyrics file", where=name, next_step="it needs a list `lines`")
    lines = []
    for number, entry in enumerate(value["lines"], start=1):
        try:
            line = Line(
                start_s=float(entry["start"]),
                end_s=float(entry["end"]),
                text=str(entry["text"]),
                words=tuple(
                    Word(float(word["start"]), float(word["end"]), str(word["text"]), str(word.get("timing", "")))
                    for word in entry.get("words", [])
                ),
                timing=str(entry.get("timing", "line")),
                alternatives=tuple(str(text) for text in entry.get("alternatives", [])),
                credit=bool(entry.get("credit", False)),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"line {number} of the song is malformed ({error!r})", where=name) from error
        times = [line.start_s, line.end_s, *(t for word in line.words for t in (word.start_s, word.end_s))]
        if not all(0 <= t < math.inf for t in times) or line.start_s > line.end_s:
            raise InputError(f"line {number} of the song has times outside the song or a negative length", where=name)
        lines.append(line)
    if all(line.credit for line in lines):
        raise InputError("no sung line", where=name)
    warnings, offset = value.get("warnings", []), value.get("offset_s", 0.0)
    if not isinstance(warnings, list) or not isinstance(offset, int | float):
        raise InputError("`warnings` must be a list and `offset_s` a number", where=name)
    return Lyrics(tuple(lines), tuple(str(warning) for warning in warnings), {}, float(offset))
