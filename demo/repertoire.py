"""Choreographies without songs: what the project's choreographer knows before it has seen any dancer.

Each has a tempo of its own, a groove in every bar, moves at some of its words, and more of the floor than the dances of
the demo. Moves are danced to several words each (``words_of_moves`` in ``moves.yaml``).
"""

from collections.abc import Iterator

import numpy as np

from demo.choreography import dance
from demo.moves import MORE_MOVES, MOVES, WORDS_OF_MOVES
from demo.plan import Trigger, plan
from demo.planted import FILLERS, LEAD_IN_S, SyntheticSong
from demo.score import Line, Word
from justlmd.body.model import Body

BARS = 16
SLOWEST, FASTEST = 80.0, 138.0  # beats per minute
MOVED = 0.6  # share of the bars in which a word moves
ROOM = 3.0
QUIET = [word for word in FILLERS if not any(word in words for words in WORDS_OF_MOVES.values())]


def choreographies(seed: int, count: int, body: Body) -> Iterator[SyntheticSong]:
    """``count`` dances whose tempi are spread evenly from :data:`SLOWEST` to :data:`FASTEST`."""
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        beat_s = 60.0 / (SLOWEST * (FASTEST / SLOWEST) ** ((number + float(rng.random())) / count))
        beats_s = LEAD_IN_S + beat_s * np.arange(4 * BARS)
        lines, triggers = _words(rng, beats_s)
        end_s = float(beats_s[-1]) + beat_s
        planned = plan(beats_s, triggers, int(rng.integers(2**31)), end_s, room=ROOM)
        motion = dance(planned, beats_s, round(30 * end_s), body, np.zeros(10))
        yield SyntheticSong(f"repertoire_{number:03d}", motion, beats_s, beats_s[::4], lines, triggers)


def _words(rng: np.random.Generator, beats_s: np.ndarray) -> tuple[tuple[Line, ...], tuple[Trigger, ...]]:
    """A line of eighths for each bar but the first and the last; in some a word of a beat moves."""
    eighth_s, names = float(beats_s[1] - beats_s[0]) / 2, [*MOVES, *MORE_MOVES]
    lines, triggers = [], []
    for bar in range(1, BARS - 1):
        start_s = float(beats_s[4 * bar])
        texts = [QUIET[int(number)] for number in rng.integers(len(QUIET), size=8)]
        starts = list(range(8))
        if rng.random() < MOVED:
            name, place = names[int(rng.integers(len(names)))], 2 * int(rng.integers(3))
            texts[place] = WORDS_OF_MOVES[name][int(rng.integers(len(WORDS_OF_MOVES[name])))]
            del texts[place + 1], starts[place + 1]  # it lasts two eighths
            triggers.append(Trigger(start_s + place * eighth_s, name))
        ends = [*starts[1:], 8]
        words = zip(texts, starts, ends, strict=True)
        lines.append(Line(tuple(Word(t, start_s + a * eighth_s, start_s + b * eighth_s) for t, a, b in words)))
    return tuple(lines), tuple(triggers)
