"""Where somebody sings: curves of voice activity, of the energy of the estimated voice, and where they rise.

The voice is estimated without a trained separator: it stands in the middle of the stereo image and does not repeat
itself as the accompaniment does (REPET-SIM, Rafii and Pardo, ISMIR 2012). Voice activity comes from silero-vad.
"""

from dataclasses import dataclass

import numpy as np

SR = 16000
RATE = 50  # curves per second
HOP_LENGTH = SR // RATE
N_FFT = 1024
LOWEST_HZ, HIGHEST_HZ = 200.0, 4000.0  # most of a voice, little of kick, bass and hats
NEIGHBOURS = 20  # like moments of the song that tell what of a moment is accompaniment
APART_S = 2.0  # and how far from it they must be at least
RISE_S = 0.4  # how long before and after a moment decides whether somebody begins to sing there
CERTAIN_ODDS = 7.0  # log-odds beyond which the activity is certain
_CHUNK = 512  # samples that the activity network hears at once


@dataclass(frozen=True)
class VocalCurves:
    """What a song tells about its singer, each (T,) float at 50 per second; frame ``k`` is at ``k / 50`` s.

    ``activity`` log-odds that a voice is heard; ``energy`` log energy of the estimated voice without its slow drift;
    ``activity_rise`` and ``energy_rise`` how much more there is in the 0.4 s after a frame than in those before it.
    """

    activity: np.ndarray
    energy: np.ndarray
    activity_rise: np.ndarray
    energy_rise: np.ndarray

    @property
    def duration_s(self) -> float:
        """Length of the song."""
        return len(self.activity) / RATE


def vocal_curves(stereo: np.ndarray) -> VocalCurves:
    """Listen to a song, (channels, n) float32 samples at 16 kHz."""
    return curves_of(voice_spectrum(stereo), voice_activity(stereo.mean(axis=0)))


def curves_of(voice: np.ndarray, heard: np.ndarray) -> VocalCurves:
    """Turn a voice spectrum (bins, T) at 50 per second and the activity of chunks of 512 samples into curves."""
    from scipy.ndimage import gaussian_filter1d, uniform_filter1d

    loudness = np.sqrt((voice.astype(float) ** 2).sum(axis=0))
    loudness = np.log(1e-3 + loudness / (np.percentile(loudness, 95) + 1e-9))
    energy = gaussian_filter1d(loudness, 0.1 * RATE)
    odds = np.clip(np.log((heard + 1e-6) / (1.0 - heard + 1e-6)), -CERTAIN_ODDS, CERTAIN_ODDS)
    # A chunk's probability belongs to its middle.
    odds = np.interp(np.arange(len(loudness)) / RATE, (np.arange(len(heard)) + 0.5) * _CHUNK / SR, odds)
    return VocalCurves(
        gaussian_filter1d(odds, 0.1 * RATE),
        energy - uniform_filter1d(energy, 15 * RATE),
        _rise(odds),
        _rise(gaussian_filter1d(loudness, 0.03 * RATE)),
    )


def _rise(curve: np.ndarray) -> np.ndarray:
    """Mean of the time after each frame less the mean of the time before it, where that is positive."""
    width = round(RISE_S * RATE)
    total = np.concatenate([[0.0], np.cumsum(curve)])
    here = np.arange(len(curve))
    after = total[np.minimum(here + width, len(curve))] - total[here]
    before = total[here] - total[np.maximum(here - width, 0)]
    return np.maximum(after - before, 0.0) / width


def voice_spectrum(stereo: np.ndarray) -> np.ndarray:
    """Estimate the magnitudes of the voice between 200 and 4000 Hz, (bins, T) float32, from (channels, n) at 16 kHz."""
    import librosa

    bins = slice(round(LOWEST_HZ * N_FFT / SR), round(HIGHEST_HZ * N_FFT / SR) + 1)
    left, right = (librosa.stft(side, n_fft=N_FFT, hop_length=HOP_LENGTH)[bins] for side in (stereo[0], stereo[-1]))
    centre = np.maximum(np.abs(left + right) - np.abs(left - right), 0.0).astype(np.float32) / 2
    background = np.minimum(centre, _repeating(centre))
    voice = centre - background
    return centre * voice**2 / (voice**2 + (10 * background) ** 2 + 1e-12)


def _repeating(spectrum: np.ndarray) -> np.ndarray:
    """Median over the most similar other moments of the song, (bins, T) like ``spectrum``."""
    frames = spectrum.shape[1]
    apart = round(APART_S * RATE)
    if frames < 4 * apart:
        return np.zeros_like(spectrum)
    unit = (spectrum / (np.linalg.norm(spectrum, axis=0) + 1e-9)).T
    rows = np.ascontiguousarray(spectrum.T)
    result = np.empty_like(rows)
    for first in range(0, frames, 500):
        block = np.arange(first, min(first + 500, frames))
        likeness = unit[block] @ unit.T
        likeness[np.abs(block[:, None] - np.arange(frames)) < apart] = -1.0
        nearest = np.argpartition(likeness, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
        result[block] = np.median(rows[nearest], axis=1)
    return result.T


def voice_activity(y: np.ndarray) -> np.ndarray:
    """Probability of a voice in each 512 samples of mono sound at 16 kHz, (ceil(n / 512),) float32, by silero-vad."""
    import torch
    from silero_vad import load_silero_vad

    with torch.inference_mode():
        heard = load_silero_vad().audio_forward(torch.from_numpy(np.ascontiguousarray(y, np.float32)), SR)
    return np.asarray(heard[0].numpy())
