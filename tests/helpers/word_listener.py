"""A stand-in for Whisper: it hears words in a sound in which each is one sample of a height of its own.

It is late by a constant, as models are, and finds no word that is not there.
"""

from collections.abc import Sequence

import numpy as np

from justlmd.lyrics.document import Line
from justlmd.lyrics.vocal_activity import RATE, VocalCurves
from justlmd.lyrics.whisper import SR, Habits, Placed, Tokens
from justlmd.lyrics.word_timing import word_spans

SUNG_NATS, SILENT_NATS, UNSUNG_NATS = 0.0, -6.0, -8.0
_HEIGHT = 4096


def _code(word: str) -> int:
    return sum((number + 1) * ord(letter) for number, letter in enumerate(word.lower())) % (_HEIGHT - 1) + 1


def sung_voice(words: Sequence[tuple[float, str]], duration_s: float) -> np.ndarray:
    """(n,) at 16 kHz: each word, given with its time in seconds, is heard there."""
    voice = np.zeros(round(duration_s * SR), np.float32)
    for at_s, word in words:
        voice[round(at_s * SR)] = _code(word) / _HEIGHT
    return voice


def curves_of_lines(lines: Sequence[Line], duration_s: float) -> VocalCurves:
    """The curves of somebody who sings these lines."""
    energy, rise = (np.zeros(round(duration_s * RATE)) for _ in range(2))
    for line in lines:
        energy[round(line.start_s * RATE) : round(line.words[-1].end_s * RATE)] = 1.0
        rise[round(line.start_s * RATE)] = 1.0
    return VocalCurves(energy, energy, rise, rise)


class WordListener:
    """The methods of ``Whisper`` that the library uses."""

    def __init__(self, late_s: float | None = 0.1, really_late_s: float | None = None) -> None:
        self.habits = Habits(late_s)
        self._late_s = late_s if really_late_s is None else really_late_s

    def tokens(self, lines: Sequence[str]) -> Tokens:
        words = [line[first:last] for line in lines for first, last in word_spans(line)]
        return Tokens(tuple(_code(word) for word in words), np.arange(len(words)))

    def hear(self, sound: np.ndarray) -> np.ndarray:
        return sound

    def place(self, heard: np.ndarray, tokens: Tokens) -> Placed:
        codes = np.round(heard * _HEIGHT).astype(int)
        at, starts, support = 0, [], []
        for code in tokens.ids:
            found = np.flatnonzero(codes[at:] == code)
            at += int(found[0]) if len(found) else round(0.06 * SR)
            starts.append(at / SR + self._late_s)
            support.append(SUNG_NATS - SILENT_NATS if len(found) else UNSUNG_NATS - SILENT_NATS)
            at += bool(len(found))
        ends = [*starts[1:], starts[-1] + 0.3]
        return Placed(np.array(starts), np.array(ends), np.array(support))

    def log_probabilities(self, heard: np.ndarray, tokens: Tokens) -> np.ndarray:
        return self.place(heard, tokens).support + SILENT_NATS
