"""When the lyrics begin in a video: found by listening for the singer, or by comparison with the lyrics' own recording.

An ``.lrc`` belongs to one recording; in another one all its lines are shifted by the same time. Every shift is scored
by how well the lines lie on the curves of the voice; methods and figures: ``docs/lyrics.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from justlmd.core.errors import InputError, JustLMDError
from justlmd.lyrics.document import Line, Lyrics, shift, timestamp
from justlmd.lyrics.vocal_activity import RATE, SR, VocalCurves, vocal_curves
from justlmd.media.audio import read_audio

LONGEST_SHIFT_S = 60.0
CONFIDENT = 1.0  # standard deviations by which the best shift must lead
INSIDE = 0.6  # share of the lines that must then lie in the sound
AGREEMENT_S = 0.3  # how far the best shift for the energy of the voice alone may be from it
ENERGY = 0  # row of the scores
PART_LINES, PART_S = 4, 10.0  # what a part of a song must have at least to be placed by itself
PART_CONFIDENT = 1.0
DRIFT_S = 0.6  # how far apart the shifts of two parts must be to be worth a warning
REFERENCE_SR = 11025
SHARP = 50.0  # standard deviations of a reference's peak; the same recording gives hundreds, another song 7
APART_S = 0.5  # how far apart two peaks are that belong to two parts of a recording


@dataclass(frozen=True)
class Synchronisation:
    """Where the first sung line begins in the video: ``first_line_s``, how that was found and how sure it is.

    ``confidence`` is the lead of the best place over the next one in standard deviations of all places (``auto``), or
    the height of the correlation's peak in its own (``reference``). ``second_s`` is the next best place.
    """

    method: str
    first_line_s: float
    confidence: float | None = None
    second_s: float | None = None


class NeedsManualSync(JustLMDError):
    """The first line cannot be found with confidence; the message names the two best places."""

    cause = "manual_sync"


def synchronise(
    lyrics: Lyrics, audio: str | Path, reference: str | Path | None = None
) -> tuple[Lyrics, Synchronisation]:
    """Bring lyrics on the clock of ``audio``, by their own recording if there is one, else by listening.

    What is odd (a reference that is another recording, lyrics that run apart from the sound) is added to the warnings.

    Raises
    ------
    NeedsManualSync
        No place is clearly the best one.
    InputError
        A file is no sound, or the first line does not lie in it.
    """
    warnings: list[str] = []
    if reference is not None:
        recording, sound = (read_audio(path, REFERENCE_SR, 1)[0] for path in (reference, audio))
        found = compare(lyrics, recording, sound, REFERENCE_SR)
        if found.confidence is not None and found.confidence >= SHARP:
            if found.second_s is not None:
                warnings.append(
                    f"a part of {reference} lies {found.second_s - found.first_line_s:+.1f} s elsewhere in the video: "
                    "the video seems to be a cut or looped version"
                )
            shifted = shift(lyrics, found.first_line_s)
            return replace(shifted, warnings=(*shifted.warnings, *warnings)), found
        warnings.append(
            f"{reference} is not the recording in the video (peak {found.confidence}, {SHARP:g} needed), so the first "
            "line was found by listening"
        )
    curves = vocal_curves(read_audio(audio, SR, 2))
    found = listen(lyrics, curves)
    if found.confidence is None or found.confidence < CONFIDENT:
        raise NeedsManualSync(
            f"needs manual sync: the first line seems to begin at {_minutes(found.first_line_s)} or "
            f"{_minutes(found.second_s)} (confidence {found.confidence}, {CONFIDENT:g} needed)",
            next_step=f"listen to {audio} there and put the right time into the column first_line",
        )
    shifted = shift(lyrics, found.first_line_s)
    return replace(shifted, warnings=(*shifted.warnings, *warnings, *drift(shifted, curves))), found


def _minutes(seconds: float | None) -> str:
    return "?" if seconds is None else timestamp(max(0.0, seconds))[:8]


def listen(lyrics: Lyrics, curves: VocalCurves) -> Synchronisation:
    """Find the first line by listening; the result says whether it can be trusted.

    Raises InputError if the first line lies outside the sound whatever the shift.
    """
    first = lyrics.first_line_s
    best_s, second_s, lead = _best_shift(lyrics.sung, curves, -min(first, LONGEST_SHIFT_S), LONGEST_SHIFT_S)
    return Synchronisation("auto", round(max(0.0, first + best_s), 2), round(lead, 2), round(first + second_s, 2))


def drift(lyrics: Lyrics, curves: VocalCurves) -> list[str]:
    """Say where the lyrics, on the video's clock, run apart from what is sung: cut, looped or stretched versions.

    At most one sentence, for the clearest place at which the lines before and after it have different shifts. Both
    sides must have at least 4 lines and 10 s and one clear place, so silence is no proof of the contrary.
    """
    lines = lyrics.sung
    clearest, found = PART_CONFIDENT, None
    for count in range(PART_LINES, len(lines) - PART_LINES + 1):
        parts = lines[:count], lines[count:]
        if min(part[-1].end_s - part[0].start_s for part in parts) < PART_S:
            continue
        (before_s, _, before), (after_s, _, after) = (
            _best_shift(part, curves, -LONGEST_SHIFT_S, LONGEST_SHIFT_S) for part in parts
        )
        if min(before, after) >= clearest and abs(after_s - before_s) >= DRIFT_S:
            clearest, found = min(before, after), (parts[1][0].start_s, before_s, after_s)
    if found is None:
        return []
    at_s, before_s, after_s = found
    return [
        f"the lines before {timestamp(at_s)[:5]} fit when moved by {before_s:+.1f} s, those from there on by "
        f"{after_s:+.1f} s: the video seems to be another version (cut, looped or at another speed) than the lyrics"
    ]


def compare(lyrics: Lyrics, reference: np.ndarray, samples: np.ndarray, sr: int) -> Synchronisation:
    """Find the first line from the recording that the lyrics were made for.

    GCC-PHAT (Knapp and Carter, 1976) of both sounds, mono (n,) at ``sr``: the whitened correlation of the same
    recording has one sharp peak, even with talk or noises over it. ``second_s`` is only given for a second sharp peak,
    which says that a part of the recording lies elsewhere. Raises InputError if the video begins after the first line.
    """
    spectra = [np.fft.rfft(sound, _fast_length(len(reference) + len(samples))) for sound in (samples, reference)]
    cross = spectra[0] * np.conj(spectra[1])
    correlation = np.fft.irfft(cross / (np.abs(cross) + 1e-9 * np.abs(cross).max() + 1e-12))
    spread = float(correlation.std()) + 1e-12

    def peak() -> tuple[float, float]:
        """Where the first line begins by the highest peak, and its height."""
        lag = int(np.argmax(correlation))
        by = lag - (len(correlation) if lag >= len(samples) else 0)
        return round(lyrics.first_line_s + by / sr, 3), round(float(correlation[lag]) / spread, 1)

    first_s, sharpness = peak()
    if sharpness >= SHARP and first_s < 0:
        raise InputError(
            f"the video begins {-first_s:.1f} s after the first line of the lyrics",
            next_step="take the lines before that out of the .lrc file, or let the song begin earlier (column start)",
        )
    near = np.arange(-round(APART_S * sr), round(APART_S * sr) + 1) + int(np.argmax(correlation))
    correlation[near % len(correlation)] = 0.0
    second_s, second = peak()
    return Synchronisation("reference", first_s, sharpness, second_s if second >= SHARP else None)


def _fast_length(n: int) -> int:
    from scipy.fft import next_fast_len

    return int(next_fast_len(n, real=True))


def _best_shift(
    lines: Sequence[Line], curves: VocalCurves, earliest_s: float, latest_s: float
) -> tuple[float, float, float]:
    """Return the best and the second best shift in seconds, and the lead of the first in standard deviations.

    The lead is 0 where the energy of the voice alone has its best shift elsewhere (one curve outvoted the others) or
    where many lines lie outside the sound: signs of lyrics of another song.
    """
    from scipy.signal import find_peaks

    scores, shifts = shift_scores(lines, curves, earliest_s, latest_s)
    score, energy = scores.sum(axis=0), scores[ENERGY]
    best = int(score.argmax())
    peaks = find_peaks(score)[0]
    peaks = peaks[np.abs(shifts[peaks] - shifts[best]) > 0.25]
    second = int(peaks[score[peaks].argmax()]) if len(peaks) else int(score.argmin())
    inside = np.mean([0 <= line.start_s + shifts[best] < len(curves.energy) / RATE for line in lines])
    agreed = abs(shifts[energy.argmax()] - shifts[best]) <= AGREEMENT_S and inside >= INSIDE
    lead = (score[best] - score[second]) / (score.std() + 1e-9) if agreed else 0.0
    return float(shifts[best]), float(shifts[second]), float(lead)


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
