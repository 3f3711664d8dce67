"""Whether beats are read at the right metrical level: at half or twice their tempo they hit as many onsets.

What tells: the backbeat (a snare falls on every second beat of a bar of four), attacks of any instrument or voice
between the beats (a beat is divided, a half beat hardly ever), and how often the harmony changes.
"""

import numpy as np

BEATS_PER_BAR = 4
SLOWEST_BPM, FASTEST_BPM = 55.0, 200.0

FAST_BPM = 140.0  # from here on beats may be half beats, which divide nothing
TOO_FAST_BPM = 182.0  # and from here on they are, unless divisions, or a backbeat and the harmony, speak for them
SLOW_BPM = 80.0  # below, beats may be every second one
CHROMA_RATE = 10
"""Chroma frames per second."""


def right_level(
    beats: np.ndarray, strength: np.ndarray, snare: np.ndarray, chroma: np.ndarray, rate: float
) -> np.ndarray:
    """Drop every second beat, or add one between each two, where the music says so.

    Parameters
    ----------
    beats : (B,) int
        Frames of a passage of steady tempo.
    strength, snare : (T,) in [0, 1]
        Attacks of any instrument or voice, and of snare or clap, at ``rate`` frames per second.
    chroma : (12, C)
        At :data:`CHROMA_RATE`.

    Returns
    -------
    (B',) int
        As given where nothing speaks for another level, and for passages of less than two bars.
    """
    if len(beats) < 2 * BEATS_PER_BAR:
        return beats
    bpm = 60 * rate / float(np.median(np.diff(beats)))
    struck = _near(snare, beats)
    if bpm >= 2 * SLOWEST_BPM:
        half = max((0, 1), key=lambda first: alternation(struck[first::2]))
        if _alternates_more(alternation(struck[half::2]), alternation(struck), bpm > FAST_BPM):
            return beats[half::2]
        if bpm > FAST_BPM and not _is_divided(beats, strength):
            has_backbeat, is_too_fast = alternation(struck) > 0.3, bpm > TOO_FAST_BPM
            first, in_long_bars = _long_bars(beats, chroma, rate)
            if in_long_bars and (is_too_fast or not has_backbeat):
                return beats[first % 2 :: 2]
            if is_too_fast and not has_backbeat:  # nothing tells them apart but where the passage begins
                attacked = _near(strength, beats) > 0.5
                return beats[int(attacked.argmax()) % 2 :: 2]
    between = (beats[:-1] + beats[1:]) // 2
    both = np.sort(np.concatenate([beats, between]))
    # A backbeat right between slow beats, or on all of them: the other half of a bar of four is missing.
    if bpm < SLOW_BPM and alternation(_near(snare, both)) > max(0.75, alternation(struck) + 0.35):
        return both
    return beats


def alternation(values: np.ndarray) -> float:
    """Mean change from one beat to the next, 0 to 1."""
    return float(np.abs(np.diff(values)).mean()) if len(values) > 1 else 0.0


def _alternates_more(half: float, full: float, fast: bool) -> bool:
    """Whether the backbeat is on every second of every second beat: it alternates there. At fast tempi less does."""
    return half > full + 0.35 or (fast and half > full + 0.15 and half > 1.4 * full)


def _near(curve: np.ndarray, frames: np.ndarray, reach: int = 3) -> np.ndarray:
    return np.array([curve[max(0, frame - reach) : frame + reach + 1].max(initial=0.0) for frame in frames])


def _is_divided(beats: np.ndarray, strength: np.ndarray) -> bool:
    """Whether there are attacks between the beats."""
    between = np.median(_near(strength, (beats[:-1] + beats[1:]) // 2, 2))
    return bool(between > 0.5 * np.median(_near(strength, beats, 2)))


def _long_bars(beats: np.ndarray, chroma: np.ndarray, rate: float) -> tuple[int, bool]:
    """On which of eight beats the harmony changes most, and whether it hardly does four beats later.

    Then a bar has eight of these beats, which are half beats.
    """
    times = beats / rate
    span = BEATS_PER_BAR * float(np.median(np.diff(times)))
    change = harmonic_change(chroma, times, span)
    by_place = np.array([change[place :: 2 * BEATS_PER_BAR].mean() for place in range(2 * BEATS_PER_BAR)])
    first = int(by_place.argmax())
    return first, bool(by_place[(first + BEATS_PER_BAR) % (2 * BEATS_PER_BAR)] < 0.6 * by_place[first])


def harmonic_change(chroma: np.ndarray, times_s: np.ndarray, span_s: float) -> np.ndarray:
    """How unlike the tones of ``span_s`` before and after each time are, (N,) in [0, 1]."""
    summed = np.concatenate([np.zeros((len(chroma), 1)), np.cumsum(chroma, axis=1)], axis=1)

    def tones(start_s: np.ndarray, end_s: np.ndarray) -> np.ndarray:
        first = np.clip(np.round(CHROMA_RATE * start_s).astype(int), 0, chroma.shape[1] - 1)
        last = np.clip(np.round(CHROMA_RATE * end_s).astype(int), first + 1, chroma.shape[1])
        total = summed[:, last] - summed[:, first]
        return total / (np.linalg.norm(total, axis=0) + 1e-9)

    return 1.0 - (tones(times_s - span_s, times_s) * tones(times_s, times_s + span_s)).sum(axis=0)
