"""Lyrics of another version: one monotone alignment of the whole song in pieces, each with a shift of its own.

Groups of lines that are spread over the song are heard where they should be sung. Where they are not, another shift is
looked for; then every line goes to the shift at which it is sung, with few changes from line to line.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from justlmd.lyrics.document import Line, Lyrics, shifted_line, stretched_line, timestamp
from justlmd.lyrics.heard_words import line_groups
from justlmd.lyrics.places import best_places
from justlmd.lyrics.vocal_activity import SR, VocalCurves
from justlmd.lyrics.witness import SUNG, Testimony, Witness, spread_lines

GROUPS = 6  # that are heard to see whether anything is amiss
LONGEST_SHIFT_S = 60.0
LEAST_S = 0.6  # by which a piece must be off to be worth moving
WEAK = 0.5  # share of the support that the song's groups have in the median, below which one may be amiss
MORE_LINES = 1  # of those that are heard must begin at their stamps where a piece is moved to,
CLEAR = 10.0  # unless they gain so many nats in all
FEW = 0.2  # share of the lines that may be amiss in lyrics at another speed
SEVERAL = 2  # lines whose own best places are asked for, and groups at the end of a stretch of which they are
EDGE_S = 1.0  # of the sound's end, in which no line is looked for
DRIFT_S = 0.8  # over the song, from which on lyrics are stretched
FEWEST_OFFSETS = 5
LEFT_OUT = -1  # instead of the number of a shift
OMITTED = 0.5  # nats that a line costs which is left out
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
    if speed is not None and _sung_at(speed, lines, witness):
        return _stretched(lyrics, *speed), ()
    earliest_s = max(-LONGEST_SHIFT_S, -lines[0].start_s)
    places = best_places(lines, curves, earliest_s, LONGEST_SHIFT_S) if amiss else None
    elsewhere = places.shifts_s if places is not None else ()
    shifts = [0.0, *(shift_s for part in amiss for shift_s in _other_place(part, elsewhere, curves, witness))]
    if len(shifts) == 1:
        return lyrics, ()
    support = _support(lines, {id(line) for part in amiss for line in part.lines}, shifts, witness)
    path, _ = _path(np.array([line.start_s for line in lines]), np.array(shifts), support, curves.duration_s)
    for number in range(len(lines) - 1, 0, -1):  # lines before a cut that are not sung are in what was cut out
        after = next((state for state in path[number:] if state >= 0), path[number - 1])
        before_cut = path[number] < 0 or shifts[after] < shifts[path[number - 1]]
        if before_cut and path[number - 1] >= 0 and support[path[number - 1], number - 1] < SUNG:
            path[number - 1] = LEFT_OUT
    kept = np.flatnonzero(path >= 0)
    pieces, notes = [], []
    for last, first in pairwise(kept.tolist()):
        before_s, after_s = shifts[path[last]], shifts[path[first]]
        if after_s == before_s:
            continue
        pieces.append(Piece(first, after_s, round(_change_s(lines, last, first, (before_s, after_s)), 2)))
        notes.append(
            f"from {timestamp(pieces[-1].at_s)[:5]} of the video on the lines are sung {abs(after_s - before_s):.1f} s "
            f"{'later' if after_s > before_s else 'earlier'} than those before, by their stamps, and were moved: "
            "the video seems to be another version (cut or looped) than the lyrics"
        )
    if not pieces:
        return lyrics, ()
    found = {id(lines[number]): shifted_line(lines[number], shifts[path[number]]) for number in kept}
    whole = [found.get(id(line), line) for line in lyrics.lines if line.credit or id(line) in found]
    whole.sort(key=lambda line: line.start_s)
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


def _sung_at(speed: tuple[float, float], lines: Sequence[Line], witness: Witness) -> bool:
    """Whether nearly all lines are sung in their place at another speed."""
    begin_s, slope = speed
    amiss = _amiss([stretched_line(line, begin_s, 1.0 + slope) for line in lines], witness)[0]
    return sum(len(part.wrong) for part in amiss) <= FEW * len(lines)


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
    groups = line_groups(lines)
    chosen = {id(line) for line in spread_lines(lines, GROUPS)}
    ends_s = len(witness.voice) / SR
    beyond = next((group for group in groups if ends_s <= group[0].start_s < ends_s + LONGEST_SHIFT_S), [])
    heard = {
        number: witness.testify(group, 0.0)
        for number, group in enumerate(groups)
        if group is beyond or (id(group[0]) in chosen and group[0].start_s < ends_s)
    }
    inside = [one.mean_support for one in heard.values() if np.isfinite(one.support).any()]
    least = max(SUNG, WEAK * float(np.median(inside or [0.0])))
    told: list[tuple[float, float]] = []
    stretches: list[Stretch] = []
    since: list[Line] = []  # the last group that was in its place, and what follows it
    wrong: list[Line] = []
    for number, group in enumerate(groups):
        since = [*since, *group]
        if number not in heard:
            continue
        one = heard[number]
        offset_s = one.offset_s[np.isfinite(one.offset_s)]
        sure = one.sung & np.isfinite(one.offset_s)
        told += [(group[place].start_s, float(one.offset_s[place])) for place in np.flatnonzero(sure)]
        if one.mean_support >= least and (not len(offset_s) or abs(np.median(offset_s)) <= LEAST_S):
            if wrong:
                stretches.append(Stretch(since, wrong))
            since, wrong = list(group), []
        else:
            wrong = [*wrong, *group]
    starts_s, offsets_s = np.array(told).reshape(-1, 2).T
    return ([*stretches, Stretch(since, wrong)] if wrong else stretches), starts_s, offsets_s


def _other_place(stretch: Stretch, elsewhere: Sequence[float], curves: VocalCurves, witness: Witness) -> list[float]:
    """The shift at which the lines of a stretch that are not sung in their place gain most, if there is one.

    Candidates are the best shifts of all its lines together and of its last groups, and those of the whole song
    (``elsewhere``).
    """
    wrong = {id(line) for line in stretch.wrong}
    numbers = [number for number, line in enumerate(stretch.lines) if id(line) in wrong]
    several = [group for group in line_groups(stretch.wrong) if len(group) >= SEVERAL]
    candidates = list(elsewhere)
    begins_s = stretch.lines[0].start_s  # of a group that is in its place, wholly or in part
    for lines in (stretch.lines[numbers[0] : numbers[-1] + 1], *several[-SEVERAL:]):
        earliest_s = max(-LONGEST_SHIFT_S, -lines[0].start_s, begins_s - lines[-1].start_s)
        if lines[0].start_s + earliest_s > curves.duration_s - EDGE_S:
            continue
        candidates += best_places(lines, curves, earliest_s, LONGEST_SHIFT_S).shifts_s
    here = witness.testify(stretch.wrong, 0.0)
    best, found_s = CHANGE, 0.0
    for number, shift_s in enumerate(candidates):
        if abs(shift_s) < LEAST_S or any(abs(shift_s - other_s) < ORDER_S for other_s in candidates[:number]):
            continue
        heard = witness.testify(stretch.wrong, shift_s)
        step_s = heard.step_s() or 0.0
        if abs(step_s) > ORDER_S and abs(shift_s + step_s) >= LEAST_S:
            shift_s += step_s
            heard = witness.testify(stretch.wrong, shift_s)
        gain = _gain(stretch.wrong, here, shift_s, heard, curves.duration_s)
        if gain > best and (gain > CLEAR or heard.in_place >= here.in_place + MORE_LINES):
            best, found_s = gain, shift_s
    return [found_s] if found_s else []


def _gain(lines: Sequence[Line], here: Testimony, shift_s: float, there: Testimony, duration_s: float) -> float:
    """By how many nats lines gain when those may be moved that are better sung at another place."""
    support = np.clip(np.nan_to_num([here.support, there.support]), 0.0, MOST)
    starts_s = np.array([line.start_s for line in lines])
    return _path(starts_s, np.array([0.0, shift_s]), support, duration_s)[1] - float(support[0].sum())


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
    if after_s > before_s:
        return lines[last].words[-1].end_s + before_s
    latest_s = min(lines[first].start_s + after_s, lines[last + 1].start_s + before_s)
    earliest_s = max(lines[last].start_s + before_s, lines[first - 1].start_s + after_s)
    return (earliest_s + latest_s) / 2


def _path(
    starts_s: np.ndarray, shifts_s: np.ndarray, support: np.ndarray, duration_s: float
) -> tuple[np.ndarray, float]:
    """The shift of each line, (L,) int, LEFT_OUT for none, that has the most support (shifts, L), and how much.

    Lines keep their order and lie in the sound. A change of the shift costs CHANGE, and its first line must be sung
    there and not where it was; a line that is left out costs OMITTED.
    """
    count = len(starts_s)
    begins_s = starts_s + shifts_s[:, None]
    total = np.full(support.shape, -np.inf)
    back = np.full((*support.shape, 2), LEFT_OUT)
    for line in range(count):
        before = total[:, :line] - OMITTED * (line - 1 - np.arange(line))
        for state in np.flatnonzero((begins_s[:, line] >= 0.0) & (begins_s[:, line] < duration_s)):
            gained = np.array(support[state, line] - support[:, line] >= SUNG)[:, None]
            may = gained & (begins_s[:, :line] + ORDER_S <= begins_s[state, line])
            reached = np.where(may, before - CHANGE, -np.inf)
            reached[state] = before[state]
            total[state, line] = -OMITTED * line
            if line and reached.max() > total[state, line]:
                total[state, line] = reached.max()
                back[state, line] = np.unravel_index(reached.argmax(), reached.shape)
            total[state, line] += support[state, line]
    ends = total - OMITTED * (count - 1 - np.arange(count))
    path = np.full(count, LEFT_OUT)
    state, line = np.unravel_index(ends.argmax(), ends.shape) if np.isfinite(ends).any() else (LEFT_OUT, LEFT_OUT)
    while line >= 0:
        path[line] = state
        state, line = back[state, line]
    return path, float(ends.max())
