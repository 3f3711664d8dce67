"""Drum songs with known beats, for tests and benchmarks of beat tracking: hard on purpose, with loud off-beat hats."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

SAMPLE_RATE = 22050


@dataclass(frozen=True)
class Pattern:
    """What is struck in a bar of sixteen steps (four per beat), and how loud the hats are beside a kick of 0.9."""

    kick: tuple[int, ...] = ()
    snare: tuple[int, ...] = ()
    hats: tuple[int, ...] = ()
    hat_level: float = 0.5
    bass: tuple[int, ...] = ()
    swing: float = 0.0  # delay of every second half beat, in beats


OFF_BEATS = (2, 6, 10, 14)
EIGHTHS = (0, 2, 4, 6, 8, 10, 12, 14)
PATTERNS = {
    "rock": Pattern((0, 8), (4, 12), OFF_BEATS),
    "rock, eighths": Pattern((0, 8, 10), (4, 12), EIGHTHS, 0.4),
    "house": Pattern((0, 4, 8, 12), (4, 12), OFF_BEATS, 0.8),
    "hats over kick": Pattern((0, 4, 8, 12), (), OFF_BEATS, 1.3),
    "hats over rock": Pattern((0, 8), (4, 12), OFF_BEATS, 1.3),
    "syncopated": Pattern((0, 3, 8, 11), (4, 12), OFF_BEATS),
    "bass in eighths": Pattern((0, 8), (4, 12), OFF_BEATS, 0.4, EIGHTHS),
    "bass off the beat": Pattern((0, 4, 8, 12), (4, 12), OFF_BEATS, 0.4, OFF_BEATS),
    "swing": Pattern((0, 8), (4, 12), EIGHTHS, 0.4, swing=1 / 6),
    "no drums": Pattern(bass=(0, 4, 8, 12)),
}
IN_EIGHTHS = {
    "bass in eighths alone": Pattern(bass=EIGHTHS),
    "kick in eighths alone": Pattern(kick=EIGHTHS),
    "kick and hats in eighths": Pattern(kick=EIGHTHS, hats=EIGHTHS),
    "eighths with snare": Pattern(kick=EIGHTHS, snare=(4, 12), hats=EIGHTHS),
}
"""Nothing between half beats, which are as loud as beats: easily heard at twice the tempo."""


@dataclass(frozen=True)
class DrumSong:
    """A rendered song: ``y`` (samples,) float32 at 22050 Hz, its beats in seconds, four to a bar."""

    name: str
    y: np.ndarray = field(repr=False)
    beats_s: np.ndarray = field(repr=False)

    @property
    def downbeats_s(self) -> np.ndarray:
        return self.beats_s[::4]


def beat_times(bpm: tuple[float, float], seconds: float, jump: bool = False, start_s: float = 0.5) -> np.ndarray:
    """Beats whose tempo goes from ``bpm[0]`` to ``bpm[1]``: gliding, or at once in the middle (``jump``)."""
    beats = [start_s]
    while beats[-1] < seconds:
        done = beats[-1] / seconds
        beats.append(beats[-1] + 60 / (bpm[0] + (bpm[1] - bpm[0]) * (float(done >= 0.5) if jump else done)))
    return np.array(beats[:-1])


def drum_song(name: str, pattern: Pattern, beats_s: np.ndarray, seed: int = 0) -> DrumSong:
    """Render a pattern on the given beats, with chords that change every bar and a voice that ignores the beat."""
    rng = np.random.default_rng(seed)
    y = 0.003 * rng.standard_normal(round((beats_s[-1] + 1.0) * SAMPLE_RATE))
    ends = np.append(beats_s, 2 * beats_s[-1] - beats_s[-2])
    for beat, (begin, end) in enumerate(pairwise(ends)):
        for quarter in range(4):
            step = (4 * beat + quarter) % 16
            at = begin + (end - begin) * (quarter / 4 + (pattern.swing if quarter == 2 else 0.0))
            if step in pattern.kick:
                _add(y, _kick(), at, 0.9 + 0.09 * rng.standard_normal())
            if step in pattern.snare:
                _add(y, _snare(rng), at, 0.8 + 0.08 * rng.standard_normal())
            if step in pattern.hats:
                _add(y, _hat(rng), at, pattern.hat_level * (1 + 0.15 * rng.standard_normal()))
            if step in pattern.bass:
                _add(
                    y, _tone(55 * 2 ** ((0, 2, 4, 6)[beat // 4 % 4] / 12), 0.4 * (end - begin), (1, 0.3), 0.3), at, 0.5
                )
        if beat % 4 == 0:
            root, length = 220 * 2 ** ((0, 5, 7, 3)[beat // 4 % 4] / 12), ends[min(beat + 4, len(beats_s))] - begin
            for ratio in (1.0, 1.26, 1.5):
                _add(y, _tone(root * ratio, length, (1,), 1e9), begin, 0.06)
    _wander(y, rng, beats_s[-1])
    return DrumSong(name, (0.9 * y / np.abs(y).max()).astype(np.float32), beats_s)


def _add(y: np.ndarray, sound: np.ndarray, start_s: float, level: float) -> None:
    first = round(start_s * SAMPLE_RATE)
    room = y[first : first + len(sound)]
    room += level * sound[: len(room)]


def _time(seconds: float) -> np.ndarray:
    return np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE


def _kick() -> np.ndarray:
    t = _time(0.3)
    return np.sin(2 * np.pi * np.cumsum(50 + 100 * np.exp(-t / 0.03)) / SAMPLE_RATE) * np.exp(-t / 0.1)


def _snare(rng: np.random.Generator) -> np.ndarray:
    t = _time(0.2)
    return 0.5 * np.sin(2 * np.pi * 185 * t) * np.exp(-t / 0.06) + 0.5 * rng.standard_normal(len(t)) * np.exp(-t / 0.07)


def _hat(rng: np.random.Generator) -> np.ndarray:
    from scipy.signal import butter, sosfilt

    t = _time(0.15)
    high = butter(2, 6000, "high", fs=SAMPLE_RATE, output="sos")
    return 0.6 * sosfilt(high, rng.standard_normal(len(t))) * np.exp(-t / 0.03)


def _tone(pitch_hz: float, seconds: float, partials: tuple[float, ...], decay_s: float) -> np.ndarray:
    t = _time(seconds)
    wave = sum(level * np.sin(2 * np.pi * pitch_hz * (k + 1) * t) for k, level in enumerate(partials))
    return wave * np.minimum(1, t / 0.02) * np.exp(-t / decay_s)


def _wander(y: np.ndarray, rng: np.random.Generator, end_s: float) -> None:
    """Add voice-like notes of random pitch, length and place."""
    at = 0.3
    while at < end_s:
        seconds, pitch = rng.uniform(0.1, 0.6), rng.uniform(150, 450)
        t = _time(seconds)
        angle = 2 * np.pi * np.cumsum(pitch * (1 + 0.02 * np.sin(2 * np.pi * 5 * t))) / SAMPLE_RATE
        voice = np.sum([np.sin(k * angle) / k for k in range(1, 9)], axis=0)
        _add(y, voice * np.minimum(1, t / 0.03) * np.minimum(1, (seconds - t) / 0.03), at, 0.2)
        at += seconds + rng.uniform(0, 0.3)
