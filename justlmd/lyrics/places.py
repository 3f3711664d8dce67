"""Which shifts of lyrics suit the curves of a song's voice: every one within a range is scored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from justlmd.core.errors import InputError
from justlmd.lyrics.document import Line, timestamp
from justlmd.lyrics.vocal_activity import RATE, VocalCurves

INSIDE = 0.6  # share of the lines that must lie in the sound
AGREEMENT_S = 0.3  # how far the best shift for the energy of the voice alone may be from it
ENERGY = 0  # row of the scores
PEAKS_APART_S = 0.5
NEAR_S = 0.3


@dataclass(frozen=True)
class Places:
    """The best shifts in seconds, the best one first, at least two; the lead of the first; all scores and shifts."""

    shifts_s: tuple[float, ...]
    lead: float
    score: np.ndarray
    shifts: np.ndarray

    def near(self, shift_s: float) -> float:
        """The best shift within 0.3 s of one."""
        close = np.flatnonzero(np.abs(self.shifts - shift_s) <= NEAR_S)
        return float(self.shifts[close[self.score[close].argmax()]]) if len(close) else shift_s


def best_places(
    lines: Sequence[Line], curves: VocalCurves, earliest_s: float, latest_s: float, most: int = 4
) -> Places:
    """Find the shifts that suit the curves best.

    The lead is 0 where the energy of the voice alone has its best shift elsewhere (one curve outvoted the others) or
    where many lines lie outside the sound: signs of lyrics of another song.
    """
    from scipy.signal import find_peaks

    scores, shifts = shift_scores(lines, curves, earliest_s, latest_s)
    score, energy = scores.sum(axis=0), scores[ENERGY]
    chosen = [int(score.argmax())]
    peaks = find_peaks(score)[0]
    for peak in peaks[np.argsort(-score[peaks])]:
        if len(chosen) < most and np.abs(shifts[peak] - shifts[chosen]).min() > PEAKS_APART_S:
            chosen.append(int(peak))
    second = chosen[1] if len(chosen) > 1 else int(score.argmin())
    best_s = shifts[chosen[0]]
    inside = np.mean([0 <= line.start_s + best_s < len(curves.energy) / RATE for line in lines])
    agreed = abs(shifts[energy.argmax()] - best_s) <= AGREEMENT_S and inside >= INSIDE
    lead = (score[chosen[0]] - score[second]) / (score.std() + 1e-9) if agreed else 0.0
    return Places(tuple(float(shifts[place]) for place in (*chosen, second)), float(lead), score, shifts)


def shift_scores(
    lines: Sequence[Line], curves: VocalCurves, earliest_s: float, latest_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Score all shifts in steps of 20 ms that leave the first line in the sound.

    Returns the scores (4, n), one row per curve and its weight included, and the shifts (n,) in seconds.
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import correlate

    frames = len(curves.activity)
    length = max(frames, round(lines[-1].end_s * RATE) + RATE)
    sung, begins = np.zeros(length), np.zeros(length)
    for line in lines:
        end_s = line.words[-1].end_s if line.words else line.end_s
        sung[round(line.start_s * RATE) : round(end_s * RATE)] = 1.0
        begins[round(line.start_s * RATE)] += 1.0
    begins = gaussian_filter1d(begins, 0.08 * RATE)
    lags = np.arange(-(length - 1), frames)
    shifts, first = lags / RATE, lines[0].start_s
    allowed = (shifts >= earliest_s) & (shifts <= latest_s) & (first + shifts >= 0) & (first + shifts < frames / RATE)
    if not allowed.any():
        raise InputError(
            f"the lyrics begin at {timestamp(first)} and the sound ends at {timestamp(frames / RATE)}: "
            "these do not belong together, or `first_line` must be given by hand"
        )
    scores = []
    for curve, pattern, weight in (
        (curves.energy, sung, 1.0),
        (curves.activity, sung, 1.0),
        (curves.energy_rise, begins, 0.7),
        (curves.activity_rise, begins, 0.4),
    ):
        fit = correlate(curve - curve.mean(), pattern - pattern.mean(), "full", "fft")[allowed]
        scores.append(weight * (fit - fit.mean()) / (fit.std() + 1e-9))
    return np.stack(scores), shifts[allowed]
