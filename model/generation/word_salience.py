"""Which words make dancers move in a certain way, learned from the training dances without any label.

A word has weight where its occurrences are danced alike: more alike than moments of the same dances taken at random.
"""

from dataclasses import dataclass

import numpy as np

SAME_WORD = 0.55  # cosine of centred states above which two occurrences count as the same word
SAME_MOMENT_S = 2.0  # occurrences of one song must be farther apart to count as two
NOTICED, FULL = 0.08, 0.25  # gain above the median at which weight begins, and the range until it is 1
PRIOR, PRIOR_COUNT = 0.3, 1.0  # weight of a word never heard before, and how many occurrences it counts as
KERNEL = 0.08  # width in cosine over which words share their weight
MOST_OCCURRENCES = 6000  # at most so many are compared with each other (a matrix of them in float32: 144 MB)
BLOCK = 512


@dataclass(frozen=True)
class SungWords:
    """The words of one song: ``states`` (W, D), the mean of each word's token states, and ``start_s`` (W,)."""

    states: np.ndarray
    start_s: np.ndarray

    def from_second(self, start_s: float) -> "SungWords":
        """The same words with times that count from ``start_s``."""
        return SungWords(self.states, self.start_s - start_s)


def sung_words(token_states: np.ndarray, token_times: np.ndarray, token_lines: np.ndarray) -> SungWords:
    """Words of the tokens (M, D) with start and end (M, 2) in seconds and their lines (M,).

    Tokens of one word share their times. Those that last as long as their line are the encoder's marks of a beginning
    and an end, and no words; where only the line's times are known the line counts as one word.
    """
    times, lines = np.asarray(token_times, np.float64), np.asarray(token_lines)
    kept = np.zeros(len(times), bool)
    for line in np.unique(lines):
        rows = np.flatnonzero(lines == line)
        shorter = (times[rows, 0] > times[rows, 0].min()) | (times[rows, 1] < times[rows, 1].max())
        kept[rows] = shorter if shorter.any() else True
    times, states = times[kept], np.asarray(token_states, np.float64)[kept]
    if not len(times):
        return SungWords(np.zeros((0, token_states.shape[1])), np.zeros(0))
    first = np.flatnonzero(np.r_[True, (np.diff(times, axis=0) != 0).any(1)])
    counts = np.diff(np.r_[first, len(times)])
    return SungWords(np.add.reduceat(states, first) / counts[:, None], times[first, 0])


@dataclass(frozen=True)
class Salience:
    """The weight of words: ``mean`` (D,) of all training states, and the occurrences that say it.

    ``vectors`` (R, D) are their centred unit states, ``weights`` (R,) from 0 (filler) to 1.
    """

    mean: np.ndarray
    vectors: np.ndarray
    weights: np.ndarray

    def unit(self, states: np.ndarray) -> np.ndarray:
        """Centred unit vectors (W, D) of states (W, D)."""
        centred = states - self.mean
        return centred / np.linalg.norm(centred, axis=1, keepdims=True).clip(1e-9)

    def weigh(self, states: np.ndarray) -> np.ndarray:
        """Weights (W,) of words by the occurrences that are like them."""
        found = np.full(len(states), PRIOR)
        for first in range(0, len(states) if len(self.vectors) else 0, BLOCK):
            part = slice(first, first + BLOCK)
            near = np.exp((self.unit(states[part]) @ self.vectors.T - 1) / KERNEL)
            found[part] = (near @ self.weights + PRIOR_COUNT * PRIOR * near.max(1)) / (
                near.sum(1) + PRIOR_COUNT * near.max(1)
            ).clip(1e-12)
        return found

    def vectors_of(self, states: np.ndarray) -> np.ndarray:
        """Unit vectors times weights, (W, D): nothing for fillers, so that they differ from nothing."""
        return self.unit(states) * self.weigh(states)[:, None]


def learn_salience(words: list[SungWords], moments: list[np.ndarray]) -> Salience:
    """Learn from the words of each training song and how they were danced.

    Parameters
    ----------
    words : of each song.
    moments : for each song (W, F): what the dancer does about each of its words, in units in which distances mean
        something (see :func:`model.generation.beat_graph.moments`); rows of NaN where there is no motion.
    """
    states = np.concatenate([song.states for song in words])
    mean = states.mean(0) if len(states) else np.zeros(states.shape[1])
    motion = np.concatenate(moments)
    song = np.repeat(np.arange(len(words)), [len(w.start_s) for w in words])
    start = np.concatenate([w.start_s for w in words])
    known = np.flatnonzero(np.isfinite(motion).all(1))
    if len(known) > MOST_OCCURRENCES:
        known = known[np.linspace(0, len(known) - 1, MOST_OCCURRENCES).astype(int)]
    salience = Salience(mean, np.zeros((0, len(mean))), np.zeros(0))
    if len(known) < 3:
        return salience
    vectors = salience.unit(states[known]).astype(np.float32)
    gain, count = _gains(vectors, motion[known].astype(np.float32), song[known], start[known])
    heard = count > 0
    usual = float(np.median(gain[heard])) if heard.any() else 0.0
    weight = np.clip((gain - usual - NOTICED) / FULL, 0, 1)
    weight = np.where(heard, (count * weight + PRIOR_COUNT * PRIOR) / (count + PRIOR_COUNT), PRIOR)
    return Salience(mean, vectors, weight)


def _gains(
    vectors: np.ndarray, motion: np.ndarray, song: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """By how much (R,) nearer the same word elsewhere is danced than other moments, and how many (R,) there are."""
    square = (motion**2).sum(1)
    gain, count = np.zeros(len(vectors)), np.zeros(len(vectors))
    for first in range(0, len(vectors), BLOCK):
        part = slice(first, first + BLOCK)
        elsewhere = (song[part, None] != song) | (np.abs(start[part, None] - start) > SAME_MOMENT_S)
        same = (vectors[part] @ vectors.T > SAME_WORD) & elsewhere
        distance = np.sqrt(np.maximum(square[part, None] + square - 2 * motion[part] @ motion.T, 0))
        usual = np.median(distance, axis=1)
        number = same.sum(1)
        near = np.where(same, distance, 0).sum(1) / number.clip(1)
        count[part] = number
        gain[part] = np.where(number > 0, 1 - near / usual.clip(1e-9), 0)
    return gain, count
