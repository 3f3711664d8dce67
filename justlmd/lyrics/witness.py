"""Whisper as a witness of where lyrics lie in a song: whether their words are sung at a place, and how far off it is.

The support of the words tells the song's own lyrics from others, and a right place from one that is lines away. How far
off a place is, up to some seconds, is told by where the lines begin in the sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from justlmd.lyrics.document import Line
from justlmd.lyrics.heard_words import group_sound, line_groups, place_lines
from justlmd.lyrics.whisper import MOST_TOKENS, Whisper

SUNG = 1.0  # nats; lyrics of other songs have less than 0.5 (docs/lyrics.md)
FEWEST = 2  # lines that must tell how far off a place is
NEAR_S, AGREEING = 0.5, 0.4  # and the share of them that must agree


@dataclass(frozen=True)
class Testimony:
    """What the witness says of lines at a place, each (lines,); NaN where it says nothing.

    ``support``: how much more probable the sound makes the words of a line than silence does, mean in nats.
    ``offset_s``: how much later than its stamp a line is heard.
    """

    support: np.ndarray
    offset_s: np.ndarray

    @property
    def sung(self) -> np.ndarray:
        """Which lines are sung there, (lines,) bool."""
        return np.nan_to_num(self.support, nan=-np.inf) >= SUNG

    @property
    def mean_support(self) -> float:
        """Over all lines that lie in the sound; 0 where there are none."""
        known = self.support[np.isfinite(self.support)]
        return float(known.mean()) if len(known) else 0.0

    def step_s(self) -> float | None:
        """How much later the lines are sung: where most offsets lie close together; None where too few do.

        Not the median of all: in a cut version the lines after the cut are anywhere.
        """
        told = self.offset_s[np.isfinite(self.offset_s)]
        near = np.abs(told[:, None] - told) <= NEAR_S
        count = int(near.sum(axis=1).max(initial=0))
        if count < max(FEWEST, AGREEING * len(told)):
            return None
        return float(np.median(told[near[near.sum(axis=1).argmax()]]))

    @property
    def in_place(self) -> int:
        """How many lines are sung and begin at their stamps."""
        return int((self.sung & (np.abs(np.nan_to_num(self.offset_s, nan=np.inf)) <= NEAR_S)).sum())


@dataclass(frozen=True)
class Witness:
    """A Whisper model and the song that it listens to: ``voice`` (n,) at 16 kHz, as for ``hear_words``."""

    voice: np.ndarray
    whisper: Whisper

    def testify(self, lines: Sequence[Line], shift_s: float) -> Testimony:
        """Hear lines at their stamps plus ``shift_s``; the first of each group of lines tells no offset."""
        support: list[float] = []
        offset: list[float] = []
        late_s = self.whisper.habits.late_s or 0.0
        for group in line_groups(lines):
            moved = [replace(line, start_s=line.start_s + shift_s, end_s=line.end_s + shift_s) for line in group]
            for number, placed in enumerate(place_lines(moved, self.voice, self.whisper)):
                words = np.full(1, np.nan) if placed is None else placed.support[np.isfinite(placed.support)]
                support.append(float(words.mean()) if len(words) else np.nan)
                told = placed is not None and number > 0
                offset.append(float(placed.starts[0]) - late_s - moved[number].start_s if placed and told else np.nan)
        return Testimony(np.array(support), np.array(offset))

    def contrast(self, lines: Sequence[Line], shift_s: float) -> float:
        """How much more probable the words are at their own places than at those of other lines: median, in nats.

        Unlike the support it does not depend on what the model says of silence, so it is near 0 for lyrics of another
        song in whatever language. 0 where there are not two groups of lines in the sound.
        """
        groups = []
        for group in line_groups(lines):
            moved = [replace(line, start_s=line.start_s + shift_s, end_s=line.end_s + shift_s) for line in group]
            tokens = self.whisper.tokens([line.text for line in moved])
            sound = group_sound(moved, self.voice)
            if len(sound) and len(tokens.ids) <= MOST_TOKENS:
                groups.append((tokens, self.whisper.hear(sound)))
        if len(groups) < 2:
            return 0.0
        gains = []
        for (tokens, own), (_, other) in zip(groups, [*groups[1:], groups[0]], strict=True):
            both = (self.whisper.log_probabilities(heard, tokens)[tokens.words >= 0].mean() for heard in (own, other))
            gains.append(float(np.subtract(*both)))
        return float(np.median(gains))


def spread_lines(lines: Sequence[Line], groups: int) -> list[Line]:
    """The lines of some groups that are spread over the song from its beginning to its end.

    Groups of one line tell no offset, and are taken only where there are no others.
    """
    found = line_groups([line for line in lines if line.words])
    several = [group for group in found if len(group) > 1] or found
    chosen = np.linspace(0, len(several) - 1, min(groups, len(several))).round().astype(int)
    return [line for number in dict.fromkeys(chosen.tolist()) for line in several[number]]
