"""Lyrics of another version: one monotone alignment of the whole song in pieces, each with a shift of its own.

Groups of lines that are spread over the song are heard where they should be sung. Where they are not, another shift is
looked for; then every line goes to the shift at which it is sung, with few changes from line to line.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from justlmd.lyrics.document import Line, Lyrics, shifted_line, stretched_line, timestamp
from justlmd.lyrics.heard_words import line_groups
from justlmd.lyrics.places import best_places
from justlmd.lyrics.vocal_activity import VocalCurves
from justlmd.lyrics.witness import SUNG, Witness, spread_lines

GROUPS = 6  # that are heard to see whether anything is amiss
LONGEST_SHIFT_S = 60.0
LEAST_S = 0.6  # by which a piece must be off to be worth moving
GAIN = 0.5  # nats by which the words of a piece must be better supported where it is moved to
MORE_LINES = 1  # of those that are heard must begin at their stamps there
FEWEST_LINES = 3  # of a piece
DRIFT_S = 0.8  # over the song, from which on lyrics are stretched
FEWEST_OFFSETS = 5
CHANGE = 4.0  # nats that a change of the shift costs between two lines
MOST = 6.0  # nats that one line may say
ORDER_S = 0.3  # by which lines may begin before the line before them ends


@dataclass(frozen=True)
class Piece:
    """Lines from ``first`` on lie ``shift_s`` later than their stamps; ``at_s`` is where the change is in the video."""

    first: int
    shift_s: float
    at_s: float


@dataclass(frozen=True)
class Stretch:
    """All lines between two groups that are sung in their place, these included; and those heard to be ``wrong``."""

    lines: list[Line]
    wrong: list[Line]


def in_pieces(lyrics: Lyrics, curves: VocalCurves, witness: Witness) -> tuple[Lyrics, tuple[Piece, ...]]:
    """Move the parts of lyrics that are sung elsewhere in the video, as in cut and looped versions.

    Parameters
    ----------
    lyrics
        On the clock of the video, by the place of the first line.
    curves, witness
        Of the video.

    Returns
    -------
    lyrics : Lyrics
        With the lines moved, those left out that the video leaves out, and a warning for each change.
    pieces : tuple of Piece
        The changes; empty for a whole song.
    """
    lines = [line for line in lyrics.sung if line.words]
    amiss, starts_s, offsets_s = _amiss(lines, witness)
    speed = other_speed(starts_s, offsets_s)
    if speed is not None:
        return _stretched(lyrics, *speed), ()
    earliest_s = max(-LONGEST_SHIFT_S, -lines[0].start_s)
    places = best_places(lines, curves, earliest_s, LONGEST_SHIFT_S) if amiss else None
    elsewhere = places.shifts_s if places is not None else ()
    shifts = [0.0, *(shift_s for part in amiss for shift_s in _other_place(part, elsewhere, curves, witness))]
    if len(shifts) == 1:
        return lyrics, ()
    support = _support(lines, {id(line) for part in amiss for line in part.lines}, shifts, witness)
    path = _path(support)
    for number in range(1, len(lines)):  # a piece begins with a line that is sung there and not where it was
        gain = support[path[number], number] - support[path[number - 1], number]
        if path[number] != path[number - 1] and gain < SUNG:
            path[number] = path[number - 1]
    moved = [shifted_line(line, shifts[state]) for line, state in zip(lines, path, strict=True)]
    starts = [line.start_s + shifts[state] for line, state in zip(lines, path, strict=True)]
    kept = _in_order(np.array(starts), path, curves.duration_s)
    for number in range(len(lines) - 1, 0, -1):  # lines before a cut that are not sung are in what was cut out
        gone = not kept[number] or (
            path[number] != path[number - 1] and shifts[path[number]] < shifts[path[number - 1]]
        )
        kept[number - 1] &= not gone or support[path[number - 1], number - 1] >= SUNG
    pieces = []
    for number in range(1, len(lines)):
        if path[number] != path[number - 1]:
            last = max((k for k in range(number) if kept[k]), default=-1)
            between_s = (shifts[path[number - 1]], shifts[path[number]])
            pieces.append(Piece(number, between_s[1], round(_change_s(lines, last, number, between_s), 2)))
    if not pieces:
        return lyrics, ()
    found = {id(line): new for line, new, keep in zip(lines, moved, kept, strict=True) if keep}
    whole = [found.get(id(line), line) for line in lyrics.lines if line.credit or id(line) in found]
    whole.sort(key=lambda line: line.start_s)
    notes = [
        f"from {timestamp(piece.at_s)[:5]} of the video on the lines are sung {abs(piece.shift_s):.1f} s "
        f"{'later' if piece.shift_s > 0 else 'earlier'} than their stamps, and were moved: the video seems to be "
        "another version (cut or looped) than the lyrics"
        for piece in pieces
    ]
    if len(found) < len(lines):
        notes.append(f"{len(lines) - len(found)} lines that the video leaves out were left out")
    return replace(lyrics, lines=tuple(whole), warnings=(*lyrics.warnings, *notes)), tuple(pieces)


def other_speed(starts_s: np.ndarray, offsets_s: np.ndarray) -> tuple[float, float] | None:
    """Whether lines drift: by how much later they are heard at 0 s and for each second; None for a drift within chance.

    The median of the slopes between all pairs (Theil and Sen); its 95 % interval must be clear of half of DRIFT_S over
    the lines that were heard.
    """
    from scipy.stats import theilslopes

    if len(starts_s) < FEWEST_OFFSETS or not np.ptp(starts_s):
        return None
    slope, begin_s, low, high = theilslopes(offsets_s, starts_s)
    spread_s = np.abs(offsets_s - begin_s - slope * starts_s)
    least = DRIFT_S / np.ptp(starts_s)
    if (
        abs(slope) < least
        or min(low * np.sign(slope), high * np.sign(slope)) < least / 2
        or np.median(spread_s) > ORDER_S
    ):
        return None
    return float(begin_s), float(slope)


def _stretched(lyrics: Lyrics, begin_s: float, slope: float) -> Lyrics:
    lines = tuple(stretched_line(line, begin_s, 1.0 + slope) for line in lyrics.lines)
    note = (
        f"the lyrics run {abs(slope):.2%} {'faster' if slope > 0 else 'slower'} than the song in the video, and were "
        "stretched to it: the video seems to be at another speed than the recording of the lyrics"
    )
    return replace(lyrics, lines=lines, warnings=(*lyrics.warnings, note))


def _amiss(lines: Sequence[Line], witness: Witness) -> tuple[list[Stretch], np.ndarray, np.ndarray]:
    """The stretches of lines in which groups are not sung in their place.

    Also the stamps of the lines that tell an offset, and the offsets.
    """
    told: list[tuple[float, float]] = []
    groups = line_groups(lines)
    chosen = {id(line) for line in spread_lines(lines, GROUPS)}
    stretches: list[Stretch] = []
    since: list[Line] = []  # the last group that was in its place, and what follows it
    wrong: list[Line] = []
    for group in groups:
        since = [*since, *group]
        if id(group[0]) not in chosen:
            continue
        heard = witness.testify(group, 0.0)
        offset_s = heard.offset_s[np.isfinite(heard.offset_s)]
        sure = heard.sung & np.isfinite(heard.offset_s)
        told += [(group[number].start_s, float(heard.offset_s[number])) for number in np.flatnonzero(sure)]
        if heard.mean_support >= SUNG and (not len(offset_s) or abs(np.median(offset_s)) <= LEAST_S):
            if wrong:
                stretches.append(Stretch(since, wrong))
            since, wrong = list(group), []
        else:
            wrong = [*wrong, *group]
    starts_s, offsets_s = np.array(told).reshape(-1, 2).T
    return ([*stretches, Stretch(since, wrong)] if wrong else stretches), starts_s, offsets_s


def _other_place(stretch: Stretch, elsewhere: Sequence[float], curves: VocalCurves, witness: Witness) -> list[float]:
    """The shift at which most lines of a stretch are sung, if there is one.

    Candidates are the best shifts of its lines, of which there may be few, and those of the whole song (``elsewhere``).
    """
    wrong = {id(line) for line in stretch.wrong}
    numbers = [number for number, line in enumerate(stretch.lines) if id(line) in wrong]
    lines = stretch.lines[numbers[0] : numbers[-1] + 1]
    if len(lines) < FEWEST_LINES:
        return []
    earliest_s = max(-LONGEST_SHIFT_S, -lines[0].start_s)
    places = best_places(lines, curves, earliest_s, LONGEST_SHIFT_S, most=5)
    heard_lines = spread_lines(stretch.wrong, 3)
    here = witness.testify(heard_lines, 0.0)
    best = (here.in_place + MORE_LINES, here.mean_support + GAIN, 0.0)
    for shift_s in (*places.shifts_s, *elsewhere):
        step_s = witness.testify(heard_lines, shift_s).step_s() or 0.0
        shift_s = places.near(shift_s + step_s) if abs(step_s) > ORDER_S else shift_s
        heard = witness.testify(heard_lines, shift_s)
        if abs(shift_s) >= LEAST_S and heard.mean_support >= here.mean_support + GAIN:
            best = max(best, (heard.in_place, heard.mean_support, shift_s))
    return [best[2]] if best[2] else []


def _support(lines: Sequence[Line], unsure: set[int], shifts: Sequence[float], witness: Witness) -> np.ndarray:
    """How much speaks for each line at each shift, (shifts, L) in nats; each line is heard alone, if it is unsure."""
    found = np.zeros((len(shifts), len(lines)))
    for number, line in enumerate(lines):
        if id(line) not in unsure:
            found[0, number] = MOST
            continue
        for state, shift_s in enumerate(shifts):
            found[state, number] = np.clip(witness.testify([line], shift_s).mean_support, 0.0, MOST)
    return found


def _change_s(lines: Sequence[Line], last: int, first: int, shifts_s: tuple[float, float]) -> float:
    """When in the video the shift changes, between the ``last`` line before and the ``first`` line after the change.

    Of the lines between them, which the video leaves out, the first begins after the change and the last before it.
    """
    before_s, after_s = shifts_s
    if after_s > before_s or last < 0:
        return lines[last].words[-1].end_s + before_s if last >= 0 else 0.0
    latest_s = min(lines[first].start_s + after_s, lines[last + 1].start_s + before_s)
    earliest_s = max(lines[last].start_s + before_s, lines[first - 1].start_s + after_s)
    return (earliest_s + latest_s) / 2


def _path(support: np.ndarray) -> np.ndarray:
    """The state of each line, (L,) int, that has the most support (states, L) at CHANGE for each change of state."""
    states, count = support.shape
    total = support[:, 0].copy()
    back = np.zeros((states, count), int)
    for number in range(1, count):
        change = total.max() - CHANGE
        back[:, number] = np.where(total >= change, np.arange(states), total.argmax())
        total = np.maximum(total, change) + support[:, number]
    path = np.zeros(count, int)
    path[-1] = total.argmax()
    for number in range(count - 1, 0, -1):
        path[number - 1] = back[path[number], number]
    return path


def _in_order(starts_s: np.ndarray, path: np.ndarray, duration_s: float) -> np.ndarray:
    """Which lines are kept: of those before a change the ones that begin before the first line after it, (L,) bool."""
    kept = (starts_s >= 0.0) & (starts_s < duration_s)
    next_s = np.inf
    for number in range(len(starts_s) - 1, -1, -1):
        if number + 1 < len(starts_s) and path[number] != path[number + 1]:
            next_s = starts_s[number + 1]
        kept[number] &= starts_s[number] <= next_s - ORDER_S
    return kept
