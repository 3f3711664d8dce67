"""Reading ``.lrc`` files as they occur in the wild, and writing them. The rules and reasons: ``docs/lyrics.md``."""

import re
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path

from justlmd.core.errors import InputError
from justlmd.core.limits import LARGEST_TEXT_BYTES, check_file
from justlmd.lyrics.credits import find_credits
from justlmd.lyrics.document import Line, Lyrics
from justlmd.lyrics.word_timing import text_syllables, word_spans, word_times

LONGEST_FILE = 1_000_000  # bytes; the .lrc of a whole opera has fewer, a video named .lrc has more
_TIME = r"([0-9]{1,6}):([0-9]{1,2})(?::([0-9]{1,3}))?(?:[.,]([0-9]{0,9}))?"
_LINE_STAMP = re.compile(rf"\s*\[\s*({_TIME})\s*\]")
_WORD_STAMP = re.compile(rf"\[{_TIME}\]|<{_TIME}>")
_TAG = re.compile(r"\[\s*([A-Za-z#_][\w #-]{0,30}):(.*)\]", re.DOTALL)


@dataclass(frozen=True)
class RawLine:
    """A stamped line exactly as the file has it: the first stamp's characters, its seconds, and all that follows."""

    stamp: str
    start_s: float
    text: str


@dataclass(frozen=True)
class _Event:
    """One stamped text before lines get their ends; marks are (position in the text, seconds after ``start_s``)."""

    start_s: float
    text: str
    marks: tuple[tuple[int, float], ...]
    credit: bool = False


def lrc_bytes(path: str | Path) -> bytes:
    """The bytes of an ``.lrc`` file; raises InputError when it is too large for lyrics, or no file."""
    check_file(path, LARGEST_TEXT_BYTES, "an .lrc file")
    return Path(path).read_bytes()


def parse_lrc(data: bytes, name: str, offset_sign: int = -1) -> Lyrics:
    """Read any ``.lrc`` file.

    Parameters
    ----------
    data : the file's bytes
    name : the file's name, for messages
    offset_sign : meaning of an ``[offset:n]`` tag (milliseconds): time = stamp + offset_sign * n / 1000. Most players
        use -1, so that a positive offset shows the lyrics earlier.

    Returns
    -------
    Lyrics
        Lines sorted by time, times rounded to 1 ms. A line ends at the next stamp, also at one without text. Where the
        next line is far away, it ends after 3 s or 0.7 s per syllable, whichever is later; after the last stamp, 1 s
        or 0.35 s per syllable.

    Raises
    ------
    InputError
        Empty file, no time stamp at all, no sung text behind any stamp, or far too large. Everything else is read,
        with a warning where something was guessed or left out.
    """
    rows, warnings = _decode(data, name)
    tags: dict[str, str] = {}
    events: list[_Event] = []
    untimed = []
    for number, row in enumerate(rows, start=1):
        stamps, text = _leading_stamps(row)
        if stamps:
            events.extend(_row_events(stamps, text))
        elif tag := _TAG.fullmatch(row.strip()):
            tags.setdefault(tag[1].strip().lower(), _collapse(tag[2]).strip())
        elif row.strip():
            untimed.append(number)
    if not events:
        raise InputError(_no_stamp(name))
    if untimed:
        warnings.append(f"{name}:{untimed[0]}: text without a time stamp left out ({len(untimed)} line(s))")
    shift_s, offset_warnings = _offset(tags.pop("offset", "0"), name, offset_sign)
    warnings += offset_warnings
    events = [replace(event, start_s=round(max(0.0, event.start_s + shift_s), 3)) for event in events]
    disorder = sum(later.start_s < earlier.start_s for earlier, later in pairwise(events))
    if disorder:
        warnings.append(f"{name}: lines out of time order at {disorder} place(s); sorted by time")
    events.sort(key=lambda event: event.start_s)
    judged = find_credits([(event.start_s, event.text) for event in events], tags)
    lines = _lines([replace(event, credit=credit) for event, credit in zip(events, judged, strict=True)])
    if not lines:
        raise InputError("time stamps without any text", where=name, next_step="nothing is sung")
    if all(line.credit for line in lines):
        raise InputError("only credits, no sung line", where=name, next_step="nothing is sung")
    if any(judged):
        warnings.append(f"{name}: {sum(judged)} line(s) taken as credits, not as sung")
    return Lyrics(tuple(lines), tuple(warnings), tags, shift_s)


def raw_lines(data: bytes, name: str) -> list[RawLine]:
    """Return the stamped lines in file order with stamps and texts verbatim, but for blanks at the ends of a row.

    For the original's slicing rule (:func:`justlmd.lyrics.slices.compat_slices`). Raises InputError as
    :func:`parse_lrc`.
    """
    rows = [row.strip() for row in _decode(data, name)[0]]  # as the original does, so that texts end without blanks
    matches = [(row, _LINE_STAMP.match(row)) for row in rows]
    found = [RawLine(m[1], _seconds(m.groups()[1:]), row[m.end() :]) for row, m in matches if m]
    if not found:
        raise InputError(_no_stamp(name))
    return found


def _decode(data: bytes, name: str) -> tuple[list[str], list[str]]:
    """Decode a lyrics file into rows without line ends, and warnings; raises InputError if empty or oversized."""
    if len(data) > LONGEST_FILE:
        raise InputError(
            f"{len(data)} bytes is too large for lyrics", where=name, next_step="is this another kind of file?"
        )
    text, legacy = _decode_text(data)
    warnings = []
    if legacy:
        warnings.append(f"{name}: not UTF-8; read as {legacy}. Save it as UTF-8 if letters look wrong")
    text = text.encode("utf-8", "replace").decode("utf-8")  # no lone surrogates
    for mark, what in (("\0", "NUL"), ("\ufeff", "byte order mark")):
        if mark in text:
            warnings.append(f"{name}: removed {text.count(mark)} stray {what} character(s)")
            text = text.replace(mark, "")
    if not text.strip():
        raise InputError(
            "empty", where=name, next_step="it needs lines such as [00:12.34] followed by the words sung there"
        )
    return re.split(r"\r\n|\r|\n", text), warnings


def _decode_text(data: bytes) -> tuple[str, str | None]:
    """Return the text and, where it was neither UTF-8 nor UTF-16, the guessed encoding."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace"), None
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):  # without a mark: every other byte is zero
        if len(data) > 8 and data[first::2].count(0) > len(data) // 4:
            return data.decode(encoding, "replace"), None
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        pass
    # In GB18030 a sign is two bytes, so high bytes come in runs; in a Western text an accented letter stands alone.
    runs = re.findall(rb"[\x80-\xff]+", data)
    if sum(map(len, runs)) >= 2 * len(runs):
        try:
            return data.decode("gb18030"), "GB18030"
        except UnicodeDecodeError:
            pass
    return data.decode("cp1252", "replace"), "Windows-1252"


def _no_stamp(name: str) -> str:
    return f"{name}: no line has a time stamp such as [00:12.34]; plain lyrics cannot be placed on the music"


def _seconds(parts: tuple[str | None, ...]) -> float:
    """Seconds of a stamp's four fields: mm:ss.xx, hh:mm:ss.xx, or mm:ss:xx with a colon before the fraction."""
    first, second, third, fraction = parts
    if third is not None and fraction is not None:
        whole = int(first or 0) * 3600 + int(second or 0) * 60 + int(third)
    else:
        whole = int(first or 0) * 60 + int(second or 0)
        fraction = fraction if third is None else third
    return whole + (int(fraction) / 10 ** len(fraction) if fraction else 0.0)


def _leading_stamps(row: str) -> tuple[list[float], str]:
    stamps, position = [], 0
    while match := _LINE_STAMP.match(row, position):
        stamps.append(_seconds(match.groups()[1:]))
        position = match.end()
    return stamps, row[position:]


def _collapse(text: str) -> str:
    """Remove control characters and make every run of white space one blank."""
    return re.sub(r"\s+", " ", re.sub(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]", "", text))


def _row_events(stamps: list[float], row: str) -> list[_Event]:
    """Return the events of one row: a line, repeats of it, its words' stamps."""
    text, marks, position, inline = "", [], 0, False
    for match in _WORD_STAMP.finditer(row):
        text += _collapse(row[position : match.start()])
        marks.append((len(text), _seconds(match.groups()[:4] if match[1] else match.groups()[4:])))
        inline = inline or match[0].startswith("[")
        position = match.end()
    text += _collapse(row[position:])
    if inline:  # [a] [a]first [b]second: the stamps in front belong to the words as well
        marks = [(0, seconds) for seconds in stamps[1:]] + marks
        stamps = stamps[:1]
    # Blanks around a stamp collapse too: move each mark to where its place is in the final text.
    places, final, done = {}, "", 0
    for place in dict.fromkeys(place for place, _ in marks):
        final = _join(final, text[done:place])
        places[place], done = len(final) - final.endswith(" "), place
    final = _join(final, text[done:]).strip()
    relative = tuple((places[place], round(seconds - stamps[0], 3)) for place, seconds in marks)
    if _WORD_STAMP.search(final) or _LINE_STAMP.match(final):  # a stamp torn apart by another stamp
        final, relative = re.sub(r"[<>\[\]]", "", final).strip(), ()
    return [_Event(start, final, relative) for start in stamps]


def _join(left: str, right: str) -> str:
    return left + (right.lstrip() if not left or left.endswith(" ") else right)


def _offset(value: str, name: str, sign: int) -> tuple[float, list[str]]:
    if not re.fullmatch(r"[+-]?[0-9]{1,7}", value):
        return 0.0, [f"{name}: [offset:{value[:20]}] is not a number of milliseconds; ignored"]
    shift_s = sign * int(value) / 1000
    return shift_s, [f"{name}: [offset:{value}] moves every line by {shift_s:+.3f} s"] if shift_s else []


def longest_line_s(text: str) -> float:
    """Seconds after which a line is taken to have ended although no stamp says so."""
    return max(3.0, 0.7 * text_syllables(text))


def _lines(events: list[_Event]) -> list[Line]:
    """Join the events of one time into a line and give it an end and words. ``events`` are sorted by time.

    Credits at the time of a sung line are a line of their own before it, without length.
    """
    groups: dict[tuple[float, bool], list[_Event]] = {}
    for event in sorted(events, key=lambda event: (event.start_s, not event.credit)):
        groups.setdefault((event.start_s, event.credit), []).append(event)
    following = [*list(groups)[1:], None]
    lines = []
    for ((start, credit), group), next_group in zip(groups.items(), following, strict=True):
        sung = [event for event in group if event.text]
        if not sung:
            continue
        after = next_group and next_group[0]
        text, spans = sung[0].text, word_spans(sung[0].text)
        held = accumulate((max(seconds, 0.0) for _, seconds in sung[0].marks), max)  # times never run backwards
        marks = [(place, start + seconds) for (place, _), seconds in zip(sung[0].marks, held, strict=True)]
        ended = next_group is not None and not groups[next_group][0].text  # by a stamp without text, however far it is
        if after is None:
            end = start + max(1.0, 0.35 * text_syllables(text))
        else:
            end = after if ended else min(after, start + longest_line_s(text))
        if marks and spans and marks[-1][0] >= spans[-1][1] and marks[-1][1] > start:
            end = marks[-1][1]
        end = max(end, marks[-1][1]) if marks else end
        breathes = end == after and not ended
        words, timing = word_times(text, start, end, marks, breathes)
        if timing == "word":
            end = words[-1].end_s
        elif after is not None and end > after:  # only stamped words may overlap the next line
            end = after
            words, timing = word_times(text, start, end, [(p, min(t, after)) for p, t in marks], breathes)
        others = dict.fromkeys(event.text for event in sung if event.text != text)
        lines.append(Line(start, round(end, 3), text, words, timing, tuple(others), credit))
    return lines
