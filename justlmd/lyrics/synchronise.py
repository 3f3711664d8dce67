"""When the lyrics begin in a video: found by listening for the singer, or by comparison with the lyrics' own recording.

An ``.lrc`` belongs to one recording; in another one all its lines are shifted by the same time. Every shift is scored
by how well the lines lie on the curves of the voice; where a Whisper model is at hand, it says whether the words are
sung at the best places. Methods and figures: ``docs/lyrics.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from justlmd.core.errors import InputError, JustLMDError
from justlmd.lyrics.alignment import centre
from justlmd.lyrics.document import Line, Lyrics, shift, timestamp
from justlmd.lyrics.pieces import LONGEST_SHIFT_S, in_pieces
from justlmd.lyrics.places import PEAKS_APART_S, Places, best_places
from justlmd.lyrics.vocal_activity import SR, VocalCurves, vocal_curves
from justlmd.lyrics.whisper import Whisper
from justlmd.lyrics.witness import SUNG, Witness, spread_lines
from justlmd.media.audio import read_audio

CONFIDENT = 1.0  # standard deviations by which the best shift must lead where nobody hears the words
PLACES = 3  # shifts that the witness is asked about
WITNESS_GROUPS = 6
STEP_S = 0.5  # how far off the witness may hear a place that is right
LONGEST_STEP_S = 6.0
REFERENCE_SR = 11025
SHARP = 50.0  # standard deviations of a reference's peak; the same recording gives hundreds, another song 7
APART_S = 0.5  # how far apart two peaks are that belong to two parts of a recording


@dataclass(frozen=True)
class Synchronisation:
    """Where the first sung line begins in the video: ``first_line_s``, how that was found and how sure it is.

    ``confidence`` is the lead of the best place over the next one in standard deviations of all places (``auto``), or
    the height of the correlation's peak in its own (``reference``). ``second_s`` is the next best place. ``support`` of
    the words at the place in nats, where a witness was asked; ``confident``: whether the place is to be used.
    """

    method: str
    first_line_s: float
    confidence: float | None = None
    second_s: float | None = None
    support: float | None = None
    confident: bool = True


class NeedsManualSync(JustLMDError):
    """The first line cannot be found with confidence; the message names the two best places."""

    cause = "manual_sync"


def synchronise(
    lyrics: Lyrics, audio: str | Path, reference: str | Path | None = None, whisper: Whisper | None = None
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
    stereo = read_audio(audio, SR, 2)
    curves = vocal_curves(stereo)
    witness = None if whisper is None else Witness(centre(stereo), whisper)
    found = listen(lyrics, curves, witness)
    if not found.confident:
        support = "" if found.support is None else f", support of the words {found.support:.1f}, {SUNG:g} needed"
        raise NeedsManualSync(
            f"needs manual sync: the first line seems to begin at {_minutes(found.first_line_s)} or "
            f"{_minutes(found.second_s)} (confidence {found.confidence}{support})",
            next_step=f"listen to {audio} there and put the right time into the column first_line",
        )
    shifted = shift(lyrics, found.first_line_s)
    shifted = replace(shifted, warnings=(*shifted.warnings, *warnings))
    if witness is not None:
        shifted, _ = in_pieces(shifted, curves, witness)
    return shifted, replace(found, first_line_s=shifted.first_line_s)


def _minutes(seconds: float | None) -> str:
    return "?" if seconds is None else timestamp(max(0.0, seconds))[:8]


def listen(lyrics: Lyrics, curves: VocalCurves, witness: Witness | None = None) -> Synchronisation:
    """Find the first line by listening; the result says whether it can be trusted.

    With a witness the words must be sung at the place, and their lines begin there; without one the place must lead
    clearly, and be the best one for the energy of the voice alone as well.

    Raises InputError if the first line lies outside the sound whatever the shift.
    """
    first = lyrics.first_line_s
    places = best_places(lyrics.sung, curves, -min(first, LONGEST_SHIFT_S), LONGEST_SHIFT_S)
    confident, support, at_s = places.lead >= CONFIDENT, None, places.shifts_s[0]
    if witness is not None:
        lines = spread_lines(lyrics.sung, WITNESS_GROUPS)
        heard = []
        for shift_s in places.shifts_s[:PLACES]:
            heard.append(_heard_at(shift_s, lines, places, witness))
            if heard[-1][0] and places.lead >= CONFIDENT:
                break
        confident, support, at_s = max(heard)
    second_s = next((shift_s for shift_s in places.shifts_s if abs(shift_s - at_s) > PEAKS_APART_S), at_s)
    return Synchronisation(
        "auto",
        round(max(0.0, first + at_s), 2),
        round(places.lead, 2),
        round(first + second_s, 2),
        None if support is None else round(support, 2),
        confident,
    )


def _heard_at(shift_s: float, lines: Sequence[Line], places: Places, witness: Witness) -> tuple[bool, float, float]:
    """Whether the witness confirms a place, the support there, and the place: moved to where the lines are heard."""
    heard = witness.testify(lines, shift_s)
    step_s = heard.step_s()
    if step_s is not None and STEP_S < abs(step_s) <= LONGEST_STEP_S:
        shift_s = places.near(shift_s + step_s)
        heard = witness.testify(lines, shift_s)
        step_s = heard.step_s()
    begins = step_s is not None and abs(step_s) <= STEP_S
    confirmed = begins and heard.mean_support >= SUNG and witness.contrast(lines, shift_s) >= SUNG
    return confirmed, heard.mean_support, shift_s


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
