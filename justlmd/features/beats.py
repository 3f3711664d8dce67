"""Beats and downbeats of music, in seconds.

The beats are the best path through the states "position inside a beat of a certain length" (a bar pointer model after
Krebs, Böck and Widmer, ISMIR 2015), so that the tempo may drift or jump. The path listens to an envelope in which kick
and snare count and hats do not, however loud they are: a tracker that hears all bands alike locks to off-beat hats
or to twice the tempo.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from justlmd.features.metrical_level import BEATS_PER_BAR, CHROMA_RATE, FASTEST_BPM, SLOWEST_BPM, right_level

SR = 22050
HOP_LENGTH = 245  # samples: 90 frames per second, three per video frame
RATE = SR // HOP_LENGTH
USUAL_BPM = 115.0

# Scores of a path, in units of one strong onset.
BEAT_COST = 0.4  # what a beat must find to be worth its place; more than this and weak onsets become beats
TEMPO_COST = 0.1  # per beat, times the squared distance from the usual tempo in octaves
OWN_TEMPO_COST = 0.7  # the same from the song's own tempo: a passage in 3:4 of it is mostly a misreading
CHANGE_COST = 12.0  # per octave between one beat's length and the next

ATTACK_S = 0.010  # the envelope rises this much before an attack (half a spectral window); measured on clicks


@dataclass(frozen=True)
class Beats:
    """Beats and the first beats of the bars, in seconds and ascending, and the median tempo (0 without beats)."""

    beats_s: np.ndarray
    downbeats_s: np.ndarray
    tempo_bpm: float


def track_beats(y: np.ndarray, sr: int) -> Beats:
    """Find the beats of a piece of music in four-four time.

    Parameters
    ----------
    y : (samples,) mono
    sr : sampling rate in Hz

    Returns
    -------
    Beats
        Empty for silence and for sound shorter than two beats. Tempi from 55 to 200 bpm.
    """
    import librosa

    if sr != SR:
        y = librosa.resample(y, orig_sr=sr, target_sr=SR)
    mel = librosa.feature.melspectrogram(y=y, sr=SR, n_fft=1024, hop_length=HOP_LENGTH, n_mels=40, fmin=30.0, power=1.0)
    bands = onset_bands(mel)
    envelope = rhythm_envelope(bands)
    snare = backbeat(bands)
    beats = best_path(envelope)
    if len(beats) > 2:  # a second time, now with the song's own tempo as the usual one
        beats = best_path(envelope, 60 * RATE / float(np.median(np.diff(beats))), OWN_TEMPO_COST)
    chroma = librosa.feature.chroma_stft(y=y, sr=SR, n_fft=8192, hop_length=SR // CHROMA_RATE, tuning=0.0)
    strength = np.max([_levelled(bands[0], 0.5), _levelled(bands[1], 0.25), _levelled(bands[2], 0.25)], axis=0)
    strikes = _levelled(snare, 0.25)
    parts = [right_level(part, strength, strikes, chroma, RATE) for part in _steady_parts(beats)]
    beats = refine(np.concatenate(parts), envelope) if parts else np.zeros(0)
    if len(beats) < 2:
        return Beats(np.zeros(0), np.zeros(0), 0.0)
    beats_s = np.maximum(beats / RATE + ATTACK_S, 0.0)
    first = downbeat_phase(chroma, beats_s, bands[0])
    return Beats(beats_s, beats_s[first::BEATS_PER_BAR], float(60.0 / np.median(np.diff(beats_s))))


def onset_bands(mel: np.ndarray) -> np.ndarray:
    """Rise of loudness below 150 Hz, up to 2.5 kHz and above: (3, T) from a (40, T) mel spectrogram of magnitudes.

    The mean over the channels of each band, so that a broad sound counts no more than a narrow one.
    """
    import librosa

    loudness = np.log1p(10.0 * mel / max(float(np.percentile(mel, 99.5)), 1e-6))
    rise = np.pad(np.maximum(loudness[:, 2:] - loudness[:, :-2], 0.0), ((0, 0), (1, 1)))
    centres = librosa.mel_frequencies(n_mels=len(mel) + 2, fmin=30.0, fmax=SR / 2)[1:-1]
    low, high = centres < 150.0, centres > 2500.0
    return np.stack([rise[low].mean(axis=0), rise[~low & ~high].mean(axis=0), rise[high].mean(axis=0)])


def backbeat(bands: np.ndarray) -> np.ndarray:
    """Rise common to the middle and the high band, (T,): snare and clap, but neither voice nor hats."""
    return np.minimum(bands[1], bands[2])


def _levelled(curve: np.ndarray, floor: float) -> np.ndarray:
    """Scale a curve so that its strong onsets are 1; the floor keeps the noise of a silent band small."""
    return np.minimum(curve / max(float(np.percentile(curve, 99)), floor), 1.0)


def rhythm_envelope(bands: np.ndarray) -> np.ndarray:
    """Combine kick, snare and (weaker) any other attack to one curve (T,) in [0, 1].

    Scaled by the strong onsets of the seconds around, so that quiet passages count as much as loud ones.
    """
    from scipy.ndimage import gaussian_filter1d, maximum_filter1d, uniform_filter1d

    voices = [_levelled(bands[0], 0.5), _levelled(backbeat(bands), 0.25), 0.4 * _levelled(bands[1], 0.25)]
    curve = gaussian_filter1d(np.max(voices, axis=0), 1.0)
    curve = np.maximum(curve - uniform_filter1d(curve, RATE), 0.0)
    strong = gaussian_filter1d(maximum_filter1d(curve, 2 * RATE + 1), RATE)
    return np.minimum(curve / np.maximum(strong, 0.05 * curve.max() + 1e-9), 1.0)


def best_path(envelope: np.ndarray, usual_bpm: float = USUAL_BPM, tempo_cost: float = TEMPO_COST) -> np.ndarray:
    """Return the frames of the beats that find the most onset for their number and their changes of tempo.

    Viterbi search: inside a beat of ``p`` frames the position only moves on; after its end a beat of any length may
    follow. ``envelope`` is (T,) in [0, 1].
    """
    periods = np.arange(round(60 * RATE / FASTEST_BPM), round(60 * RATE / SLOWEST_BPM) + 1)
    frames = len(envelope)
    if frames < 2 * periods[0] or envelope.max() <= 0:
        return np.zeros(0, dtype=int)
    octaves = np.log2(60 * RATE / periods / usual_bpm)
    worth = -BEAT_COST - tempo_cost * octaves**2
    change = np.abs(octaves[:, None] - octaves[None, :])  # (from, to)
    # No whole number of frames lasts as long as a fast beat; the paths that alternate between two pay less for it.
    change = -CHANGE_COST * (change - 0.5 * np.minimum(change, np.log2(1 + 1 / periods)[:, None]))
    lasts = np.cumsum(periods) - 1  # states: all positions of the first period, then those of the second, ...
    firsts = lasts - periods + 1
    score = np.zeros(lasts[-1] + 1)
    columns = np.arange(len(periods))
    came_from = np.zeros((frames, len(periods)), dtype=np.int16)
    for frame in range(frames):
        arrivals = score[lasts][:, None] + change
        came_from[frame] = arrivals.argmax(axis=0)
        score[1:] = score[:-1]
        score[firsts] = arrivals[came_from[frame], columns] + worth + envelope[frame]

    state = int(score.argmax())
    period = int(np.searchsorted(lasts, state))
    frame = frames - 1 - int(state - firsts[period])
    beats = []
    while frame >= 0:
        beats.append(frame)
        period = int(came_from[frame, period])
        frame -= int(periods[period])
    return np.array(beats[::-1])


def _steady_parts(beats: np.ndarray) -> list[np.ndarray]:
    """Split beats where their distance jumps by more than a fifth of an octave."""
    if len(beats) < 3:
        return [beats] if len(beats) else []
    jumps = np.abs(np.diff(np.log2(np.diff(beats)))) > 0.2
    return np.split(beats, np.flatnonzero(jumps) + 1)


def refine(beats: np.ndarray, envelope: np.ndarray) -> np.ndarray:
    """Move each beat (frames) to the centre of the onset within three frames of it, if there is one."""
    refined = beats.astype(float)
    for i, beat in enumerate(np.round(beats).astype(int)):
        near = np.arange(max(0, beat - 3), min(len(envelope), beat + 4))
        if envelope[near].max(initial=0.0) > BEAT_COST:
            refined[i] = float((near * envelope[near]).sum() / envelope[near].sum())
    return refined


def downbeat_phase(chroma: np.ndarray, beats_s: np.ndarray, low: np.ndarray) -> int:
    """Guess which of the first four beats begins a bar: the harmony changes there, and the bass strikes.

    ``chroma`` (12, C) at 10 frames per second, ``low`` (T,) onsets of the low band at 90. Returns 0 to 3.
    """
    if len(beats_s) < 2 * BEATS_PER_BAR:
        return 0
    edges = np.minimum(np.round(CHROMA_RATE * beats_s).astype(int), chroma.shape[1] - 1)
    tones = np.stack([np.median(chroma[:, a : max(b, a + 1)], axis=1) for a, b in pairwise(edges)])  # (beats - 1, 12)
    pairs = tones[:-1] + tones[1:]
    pairs /= np.linalg.norm(pairs, axis=1, keepdims=True) + 1e-9
    change = np.zeros(len(beats_s))
    change[2:-2] = 1.0 - (pairs[:-2] * pairs[2:]).sum(axis=1)  # two beats before against two beats after
    frames = np.round((beats_s - ATTACK_S) * RATE).astype(int)
    strike = np.array([low[max(0, frame - 3) : frame + 4].max(initial=0.0) for frame in frames])
    evidence = _standard(change) + 0.15 * _standard(strike)  # the strike only decides where the harmony does not
    return int(np.argmax([evidence[phase::BEATS_PER_BAR].mean() for phase in range(BEATS_PER_BAR)]))


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / (values.std() + 1e-9)


def match_count(a: np.ndarray, b: np.ndarray, tolerance: float) -> int:
    """Largest number of one-to-one pairs (a, b) no further apart than ``tolerance``; both sorted ascending."""
    i = j = pairs = 0
    while i < len(a) and j < len(b):
        if abs(a[i] - b[j]) <= tolerance:
            i, j, pairs = i + 1, j + 1, pairs + 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    return pairs


def f_measure(found_s: np.ndarray, true_s: np.ndarray, tolerance_s: float = 0.07) -> float:
    """F-measure of beats, 0 to 1: hits within the tolerance (the usual 70 ms), each beat used once; both ascending."""
    return 2 * match_count(found_s, true_s, tolerance_s) / max(1, len(found_s) + len(true_s))
