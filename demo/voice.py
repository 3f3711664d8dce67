"""A singing voice: a harmonic source through moving formants, and filtered noise for the unvoiced sounds.

Source-filter synthesis as in Klatt (1980), reduced: the amplitude of harmonic ``k`` of the fundamental is the source's
tilt times the magnitude of four resonances at ``k * f0``; formants glide between the targets of neighbouring phones.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import butter, sosfilt

from demo.tables import read_table

CONTROL_HZ = 250
"""Rate of the control tracks (formants, levels, pitch)."""

_PHONES = read_table("phones.yaml")
VOWEL_FORMANTS: dict[str, tuple[tuple[int, int, int], ...]] = _PHONES["vowels"]


@dataclass(frozen=True)
class Consonant:
    """Formant target, length in seconds, voiced level, level of the noise and its band in Hz."""

    formants: tuple[int, int, int]
    seconds: float
    voice: float
    noise: float = 0.0
    band: str = "breath"
    burst: bool = False


CONSONANTS: dict[str, Consonant] = {name: Consonant(**fields) for name, fields in _PHONES["consonants"].items()}
BANDS = {"high": (4200, 9500), "sh": (2200, 6500), "wide": (1400, 8500), "breath": (500, 3500)}
BANDWIDTHS = (90.0, 110.0, 160.0, 220.0)
FOURTH_FORMANT = 3600.0


@dataclass(frozen=True)
class Note:
    """One sung syllable: seconds of the song, MIDI pitch, phones, and whether the word ends with it."""

    start: float
    end: float
    pitch: float
    phones: tuple[str, ...]


def _segments(note: Note) -> list[tuple[float, float, str]]:
    """``(start, end, phone)`` of a syllable: consonants keep their length, the vowel fills the rest."""
    vowel = next(index for index, phone in enumerate(note.phones) if phone in VOWEL_FORMANTS)
    length = note.end - note.start
    consonants = sum(CONSONANTS[phone].seconds for phone in note.phones if phone in CONSONANTS)
    shrink = min(1.0, 0.55 * length / consonants) if consonants else 1.0
    seconds = [CONSONANTS[phone].seconds * shrink if phone in CONSONANTS else 0.0 for phone in note.phones]
    seconds[vowel] = length - sum(seconds)
    edges = note.start + np.concatenate([[0.0], np.cumsum(seconds)])
    return [(float(a), float(b), phone) for a, b, phone in zip(edges, edges[1:], note.phones, strict=False)]


def _tracks(notes: list[Note], count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Pitch in Hz, formants (count, 4), voiced level and the noise level of every band at ``CONTROL_HZ``."""
    time = np.arange(count) / CONTROL_HZ
    pitch = np.full(count, np.nan)
    formants = np.full((count, 3), np.nan)
    voice = np.zeros(count)
    noise = {name: np.zeros(count) for name in BANDS}
    for note in notes:
        for start, end, phone in _segments(note):
            inside = (time >= start) & (time < end)
            phase = (time[inside] - start) / max(end - start, 1e-6)
            if phone in VOWEL_FORMANTS:
                targets = np.asarray(VOWEL_FORMANTS[phone], float)
                glide = np.clip((phase - 0.45) / 0.4, 0, 1)[:, None]
                formants[inside] = targets[0] * (1 - glide) + targets[-1] * glide
                voice[inside] = 1.0 - 0.25 * phase
            else:
                consonant = CONSONANTS[phone]
                formants[inside] = consonant.formants
                voice[inside] = consonant.voice
                # A stop is silent while the mouth is closed and bursts when it opens.
                level = np.where(phase > 0.6, 1.0, 0.0) if consonant.burst else np.ones(phase.shape)
                noise[consonant.band][inside] = consonant.noise * level
        pitch[(time >= note.start) & (time < note.end)] = note.pitch
    known = np.flatnonzero(np.isfinite(pitch))
    pitch = np.interp(np.arange(count), known, pitch[known])
    for column in range(3):
        sung = np.flatnonzero(np.isfinite(formants[:, column]))
        formants[:, column] = np.interp(np.arange(count), sung, formants[sung, column])
    formants = gaussian_filter1d(formants, 0.016 * CONTROL_HZ, axis=0)
    hertz = 440.0 * 2.0 ** ((gaussian_filter1d(pitch, 0.018 * CONTROL_HZ) - 69.0) / 12.0)
    voice = gaussian_filter1d(voice, 0.007 * CONTROL_HZ)
    noise = {name: gaussian_filter1d(level, 0.003 * CONTROL_HZ) for name, level in noise.items()}
    return hertz, np.column_stack([formants, np.full(count, FOURTH_FORMANT)]), voice, noise


def _resonance(frequency: np.ndarray, formants: np.ndarray) -> np.ndarray:
    """Magnitude of the four resonances in parallel at ``frequency`` (count, harmonics), peak of the first near 1."""
    gains = (1.0, 0.55, 0.32, 0.18)
    total = np.zeros_like(frequency)
    for index, (bandwidth, gain) in enumerate(zip(BANDWIDTHS, gains, strict=True)):
        offset = (frequency - formants[:, index : index + 1]) / bandwidth
        total += gain / (1.0 + offset**2) ** 0.8
    return total


def _harmonics(levels: np.ndarray, control: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """Sum of the harmonics of ``phase`` (samples,) at the ``levels`` (count, harmonics), read at steps ``control``.

    Sines of multiples follow from the two before: sin(k p) = 2 cos(p) sin((k - 1) p) - sin((k - 2) p).
    """
    before = np.minimum(control.astype(np.int64), len(levels) - 2)
    share = control - before
    twice, former, sine = 2 * np.cos(phase), np.zeros_like(phase), np.sin(phase)
    total = np.zeros_like(phase)
    for column in np.ascontiguousarray(levels.T):
        total += (column[before] + share * np.diff(column)[before]) * sine
        former, sine = sine, twice * sine - former
    return total


def sing(notes: list[Note], duration_s: float, sample_rate: int, seed: int) -> np.ndarray:
    """Sing the notes; returns (samples,) float64, peak near 1, silent where no note is.

    ``seed`` fixes the noise of the consonants and the small drift of the pitch.
    """
    rng = np.random.default_rng(seed)
    samples = round(duration_s * sample_rate)
    count = int(np.ceil(duration_s * CONTROL_HZ)) + 1
    hertz, formants, voice, noise = _tracks(notes, count)
    time = np.arange(count) / CONTROL_HZ
    drift = gaussian_filter1d(rng.standard_normal(count), 0.06 * CONTROL_HZ)
    hertz = hertz * (1.0 + 0.006 * np.sin(2 * np.pi * 5.4 * time) + 0.02 * drift)

    control = np.arange(samples) / sample_rate * CONTROL_HZ
    phase = 2 * np.pi * np.cumsum(np.interp(control, np.arange(count), hertz)) / sample_rate
    highest = int(5500 // hertz.min())
    orders = np.arange(1, highest + 1)
    harmonics = hertz[:, None] * orders
    levels = _resonance(harmonics, formants) / orders**0.6 * voice[:, None] * (harmonics < 5500)
    audible = np.interp(control, np.arange(count), voice) > 1e-4
    sung = np.zeros(samples)
    sung[audible] = _harmonics(levels, control[audible], phase[audible])
    sung /= max(np.abs(sung).max(), 1e-9)

    white = rng.standard_normal(samples)
    for name, (low, high) in BANDS.items():
        band = sosfilt(butter(2, [low, high], btype="band", fs=sample_rate, output="sos"), white)
        sung += 0.16 * band / np.sqrt(np.mean(band**2)) * np.interp(control, np.arange(count), noise[name])
    return sung
