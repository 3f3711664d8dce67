"""Many cheap songs without audio or video in which words trigger moves, or, as a control, do not."""

from dataclasses import dataclass

import numpy as np

from demo.choreography import dance
from demo.moves import MOVES
from demo.plan import Trigger, plan
from demo.score import Line, Word
from justlmd.body.model import load_body
from justlmd.motion.motion import Motion

FILLERS = (  # noqa: SIM905 - a word list reads better as a text
    "a and at bright but by come day far feet for from full gold hand hear here home in is it lamp light like long "
    "more my near night now of on over rain red road sea see sing slow so song soon sound sweet that the then tide "
    "tree under wind with year you"
).split()
BARS = 12
FIRST_SUNG_BAR = 1
LEAD_IN_S = 0.4


@dataclass(frozen=True)
class SyntheticSong:
    """One synthetic song: motion (y-up, 30 fps), beats in seconds, sung lines, and the moves that were danced."""

    id: str
    motion: Motion
    beats_s: np.ndarray
    downbeats_s: np.ndarray
    lines: tuple[Line, ...]
    triggers: tuple[Trigger, ...]

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for line in self.lines for word in line.words)


def _draw_triggers(rng: np.random.Generator, beats_s: np.ndarray) -> list[Trigger]:
    """One trigger word in every sung bar, on its first, second or third beat."""
    names = list(MOVES)
    return [
        Trigger(float(beats_s[4 * bar + rng.integers(3)]), names[rng.integers(len(names))])
        for bar in range(FIRST_SUNG_BAR, BARS - 1)
    ]


def _line(rng: np.random.Generator, trigger: Trigger, bar_s: float, eighth_s: float) -> Line:
    """A bar of words, an eighth each, around the trigger word, which takes two."""
    words = []
    position = 0
    while position < 8:
        start = bar_s + position * eighth_s
        sung = abs(start - trigger.time) < eighth_s / 2
        text = trigger.name if sung else FILLERS[rng.integers(len(FILLERS))]
        position += 2 if sung else 1
        words.append(Word(text, start, bar_s + position * eighth_s))
    return Line(tuple(words))


def synthetic(seed: int, n_songs: int, shuffled_words: bool = False, linked: float = 1.0) -> list[SyntheticSong]:
    """Songs of about half a minute with known links from words to moves.

    With ``shuffled_words`` the danced moves and their times are drawn independently of the words, from the same
    distribution: words then say nothing about the motion, and any test of a link must come out at chance.
    ``linked`` is the share of bars in which the word's move is danced; in the others it is drawn in that way.
    Words, beats and grooves are the same with and without.
    """
    body = load_body()
    songs = []
    for index in range(n_songs):
        of_words, of_moves, of_groove = (np.random.default_rng([seed, index, stream]) for stream in range(3))
        beat_s = 60.0 / float(of_groove.uniform(92, 126))
        beats_s = LEAD_IN_S + beat_s * np.arange(4 * BARS)
        sung = _draw_triggers(of_words, beats_s)
        danced = tuple(_draw_triggers(of_moves, beats_s) if shuffled_words else sung)
        if not shuffled_words and linked < 1:
            drawn, follows = _draw_triggers(of_moves, beats_s), of_moves.random(len(sung)) < linked
            danced = tuple(own if kept else other for own, other, kept in zip(sung, drawn, follows, strict=True))
        end_s = float(beats_s[-1]) + beat_s
        planned = plan(beats_s, danced, int(of_groove.integers(2**31)), end_s)
        motion = dance(planned, beats_s, round(end_s * 30), body, np.zeros(10))
        lines = tuple(
            _line(of_words, trigger, float(beats_s[4 * (FIRST_SUNG_BAR + bar)]), beat_s / 2)
            for bar, trigger in enumerate(sung)
        )
        songs.append(SyntheticSong(f"synthetic_{seed}_{index}", motion, beats_s, beats_s[::4], lines, danced))
    return songs
