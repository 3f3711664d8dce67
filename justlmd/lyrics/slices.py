"""Cutting a song into slices: stretches of time with the words sung in them. The modes: ``docs/lyrics.md``."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from justlmd.core.clock import FPS, SEQUENCE_FRAMES, frame_index
from justlmd.core.errors import InputError
from justlmd.lyrics.document import Line, Lyrics, timestamp
from justlmd.lyrics.lrc import RawLine
from justlmd.lyrics.word_timing import Word, word_spans

WINDOW_S = SEQUENCE_FRAMES / FPS


@dataclass(frozen=True)
class Slice:
    """A stretch of the song (seconds of ``video.mp4``, on whole milliseconds) and what is sung in it."""

    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...] = ()


def phrase_slices(lyrics: Lyrics, end_s: float | None = None, window_s: float = WINDOW_S) -> list[Slice]:
    """Return windows that begin with a line and together hold every sung word.

    The next window begins with the first line of which a word lies behind the last window; where that line fills the
    window by itself, with this word. So windows overlap by less than a line. The original's rule (each window begins
    with the first line that starts behind the last) leaves a fifth of the words in no window. With ``end_s`` (length of
    the video) a window that would overrun it is moved back to end there; it is left out if it would then start before
    the first line or coincide with the window before it.
    """
    starts = [lyrics.first_line_s]
    for line in lyrics.sung:
        for begin, end in [(word.start_s, word.end_s) for word in line.words] or [(line.start_s, line.end_s)]:
            while round((begin + end) / 2 - starts[-1], 3) >= window_s:
                opening = line.start_s if line.start_s > starts[-1] else begin
                starts.append(opening if opening > starts[-1] else round(starts[-1] + window_s, 3))
    return _windows(lyrics, starts, end_s, window_s)


def window_slices(
    lyrics: Lyrics, stride_s: float = 1.0, end_s: float | None = None, window_s: float = WINDOW_S
) -> list[Slice]:
    """Return overlapping windows every ``stride_s`` from the first line on, so that all sung time is used.

    The last window ends with the last line (or with the video, ``end_s``); windows without any word are left out.
    """
    if not 0 < stride_s <= window_s:
        raise InputError(f"choose a value above 0 and at most {window_s:g}", where=f"slicing stride {stride_s} s")
    first = lyrics.first_line_s
    finish = lyrics.end_s if end_s is None else min(lyrics.end_s, end_s)
    last = max(first, finish - window_s)
    count = int((last - first) / stride_s + 1e-9)
    starts = [*(first + k * stride_s for k in range(count + 1)), last]
    return [piece for piece in _windows(lyrics, starts, end_s, window_s) if piece.words]


def _windows(lyrics: Lyrics, starts: list[float], end_s: float | None, window_s: float) -> list[Slice]:
    pieces: list[Slice] = []
    for start in starts:
        start = round(start if end_s is None else min(start, end_s - window_s), 3)
        if start >= lyrics.first_line_s and (not pieces or start > pieces[-1].start_s):
            pieces.append(cut(lyrics, start, round(start + window_s, 3)))
    return pieces


def variable_slices(
    lyrics: Lyrics, shortest_s: float = 5.0, longest_s: float = 15.0, end_s: float | None = None
) -> list[Slice]:
    """Return slices of 5 to 15 s that end with a line where possible (version 1 of the report); all words are used.

    A slice takes lines until it lasts ``shortest_s``; a line that would make it longer than ``longest_s`` is cut there
    and goes on in the next slice. Consumers pad the slices to equal length and mask the padding. A slice that would
    overrun ``end_s`` is cut there, or left out if less than ``shortest_s`` remain.
    """
    pieces: list[Slice] = []
    done = 0.0
    while following := [line for line in lyrics.sung if line.end_s > done]:
        start = max(done, following[0].start_s)
        long_enough = next((line for line in following if line.end_s >= start + shortest_s), None)
        if long_enough is None or long_enough.start_s >= start + shortest_s:  # a pause follows
            end = start + shortest_s
        else:
            end = min(long_enough.end_s, start + longest_s)
        end = end if end_s is None else min(end, end_s)
        if round(end - start, 3) < shortest_s:
            break
        pieces.append(cut(lyrics, round(start, 3), round(end, 3)))
        done = end
    return pieces


def padded_slices(pieces: list[Slice]) -> dict[str, np.ndarray]:
    """Return slices of different lengths as arrays that a model can take together (``docs/lyrics.md``).

    ``first_frame`` (N,) of ``video.mp4``, ``frames`` (N,), ``mask`` (N, longest) true where a slice has a frame and
    false where it is padding, ``start_s`` and ``end_s`` (N,), ``text`` (N,).
    """
    first = np.array([frame_index(piece.start_s) for piece in pieces], np.int64)
    frames = np.array([frame_index(piece.end_s) for piece in pieces], np.int64) - first
    return {
        "first_frame": first,
        "frames": frames,
        "mask": np.arange(frames.max(initial=0)) < frames[:, None],
        "start_s": np.array([piece.start_s for piece in pieces]),
        "end_s": np.array([piece.end_s for piece in pieces]),
        "text": np.array([piece.text for piece in pieces], np.str_),
    }


def cut(lyrics: Lyrics, start_s: float, end_s: float) -> Slice:
    """Return the slice of ``[start_s, end_s)``: the words whose middle lies in it, with their text as it stands."""
    texts, words = [], []
    for line in lyrics.sung:
        if line.words:
            inside = [i for i, word in enumerate(line.words) if start_s <= (word.start_s + word.end_s) / 2 < end_s]
            words += [line.words[i] for i in inside]
            texts += [_part(line, inside[0], inside[-1])] if inside else []
        elif start_s <= (line.start_s + line.end_s) / 2 < end_s:
            texts.append(line.text)
    return Slice(start_s, end_s, " ".join(texts), tuple(words))


def words_in(lyrics: Lyrics, starts_s: Iterable[float], window_s: float = WINDOW_S) -> int:
    """Number of sung words of which the middle lies in one of the windows that begin at ``starts_s``."""
    starts = np.sort(np.fromiter(starts_s, float))
    middles = np.array([(word.start_s + word.end_s) / 2 for word in lyrics.words])
    if not len(starts) or not len(middles):
        return 0
    last = np.searchsorted(starts, middles, side="right") - 1
    return int(((last >= 0) & (middles - starts[last] < window_s)).sum())


def _part(line: Line, first: int, last: int) -> str:
    """The text of a line from its word ``first`` to its word ``last``."""
    spans = word_spans(line.text)
    if len(spans) != len(line.words):  # words from elsewhere, for example corrected by hand
        return " ".join(word.text for word in line.words[first : last + 1])
    return line.text[spans[first][0] : spans[last][1]]


def slices_to_json(slices: list[Slice]) -> dict[str, str]:
    """Return the contents of ``sliced.json``: ``{"mm:ss.xxx": text}`` in order of time."""
    return {timestamp(piece.start_s): piece.text for piece in slices}


def compat_slices(lines: list[RawLine], shift_s: float = 0.0) -> dict[str, str]:
    """Return the contents of ``sliced.json`` by the original's rule, faults included.

    Lines in file order; a group is stored when a line starts more than 6 s after it, so the last group never is; a
    group at 0 holds one line; a text ends at its first closing bracket; stamps are copied verbatim unless ``shift_s``
    moves them. Rule: 2_SLICE.py of the original, re-run on its 97 songs.
    """
    slices: dict[str, str] = {}
    if not lines:
        return slices
    stamp, start, text = lines[0].stamp, lines[0].start_s + shift_s, ""
    for line in lines:
        line_start, words = line.start_s + shift_s, line.text.split("]")[0]
        if line_start - start > 6.0 or start == 0:
            slices[stamp if shift_s == 0 else timestamp(max(0.0, start))] = text.lstrip()
            stamp, start, text = line.stamp, line_start, words
        else:
            text = text + " " + words
    return slices


def sliced_json(
    mode: str, lyrics: Lyrics, raw: list[RawLine], stride_s: float = 3.0, end_s: float | None = None
) -> dict[str, str]:
    """Return the contents of ``sliced.json`` in one of the workflow's modes.

    ``phrases``: :func:`phrase_slices`; ``windows``: :func:`window_slices`; ``compat``: :func:`compat_slices` of the
    file's own lines ``raw``. ``end_s`` is the length of the video.
    """
    if mode == "compat":
        return compat_slices(raw, lyrics.offset_s)
    pieces = phrase_slices(lyrics, end_s) if mode == "phrases" else window_slices(lyrics, stride_s, end_s)
    return slices_to_json(pieces)


def motion_span(lyrics: Lyrics, sliced: dict[str, str]) -> tuple[int, int]:
    """Return the frames of the video that ``smplfull.json`` covers: first sung line to the end of the last slice."""
    pieces = read_sliced(sliced)
    return frame_index(lyrics.first_line_s), frame_index(pieces[-1].end_s if pieces else lyrics.end_s)


def read_sliced(sliced: dict[str, str], name: str = "sliced.json") -> list[Slice]:
    """Return the 6 s windows of ``sliced.json`` (any mode; without word times)."""
    if not isinstance(sliced, dict):
        raise InputError("does not hold texts by their time stamps", where=name)
    pieces = []
    for stamp, text in sliced.items():
        match = re.fullmatch(r"([0-9]{2,6}):([0-9]{1,2}(?:\.[0-9]{0,9})?)", stamp)
        if not match or not isinstance(text, str):
            raise InputError(f"{stamp!r} is not a time stamp mm:ss.xxx with a text", where=name)
        start = round(60 * int(match[1]) + float(match[2]), 3)
        pieces.append(Slice(start, round(start + WINDOW_S, 3), text))
    return pieces


def numbered_slice(sliced: dict[str, str], number: int, name: str) -> Slice:
    """Return slice ``number``, counted from 0, of ``sliced.json``; InputError says how many there are."""
    pieces = read_sliced(sliced, name)
    if number >= len(pieces):
        raise InputError(
            f"there is no sequence {number}", where=name, next_step=f"the song has {len(pieces)}, counted from 0"
        )
    return pieces[number]
