"""What the models hear: features of a song at exactly 30 frames per second of the video's clock.

At 22050 Hz a frame is 735 samples, so frame ``k`` of every array here is centred at ``k / 30`` seconds, without drift.
"""

from pathlib import Path

import numpy as np

from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.features.beats import track_beats

SR = 22050
HOP_LENGTH = SR // FPS
N_MELS = 128
SILENCE_DB = -80.0

Audio = tuple[np.ndarray, int]
"""Samples (n,) or (channels, n) and their rate in Hz."""


def audio_features(
    source: str | Path | Audio, frames: int | None = None, edge35: bool = False
) -> dict[str, np.ndarray | float | int]:
    """Return the contents of ``audio_features.npz`` (``docs/formats.md``).

    Parameters
    ----------
    source : a wav file, or samples in -1..1 with their rate
    frames : F, the number of frames of the video; by default the duration times 30, rounded
    edge35 : add the 35 features of EDGE (:func:`edge_features`)

    Returns
    -------
    dict
        ``log_mel`` (F, 128) float32 dB re 1, at least -80, not normalised by the song; ``onset_envelope`` (F,)
        float32; ``tempo`` beats per minute (0 without beats); ``beat_times`` (B,) and ``downbeat_times`` (D,) float64
        seconds; ``beat`` and ``downbeat`` (F,) float32, 1 at the nearest frame; ``beat_phase`` and ``bar_phase`` (F,)
        float32 in [0, 1), 0 on the beat (on the first beat of the bar); ``sr``, ``hop_length``, ``fps``; ``edge35``
        (F, 35) float32 if asked for.

    Raises
    ------
    InputError
        Not a sound file, or no samples in it.
    """
    import librosa

    y, sr = _mono(source)
    count = round(len(y) / sr * FPS) if frames is None else frames
    if sr != SR:
        y = librosa.resample(y, orig_sr=sr, target_sr=SR)
    y = np.pad(y, (0, max(0, SR // 2 - len(y))))  # librosa wants at least one window of sound
    power = librosa.feature.melspectrogram(y=y, sr=SR, hop_length=HOP_LENGTH, n_mels=N_MELS)
    log_mel = librosa.power_to_db(power, ref=1.0, amin=10 ** (SILENCE_DB / 10), top_db=None)
    # From -40 dB on, so that the first sound after digital silence is no giant among onsets.
    onset_envelope = librosa.onset.onset_strength(S=np.maximum(log_mel, -40.0), sr=SR, hop_length=HOP_LENGTH)
    beats = track_beats(y, SR)
    features: dict[str, np.ndarray | float | int] = {
        "log_mel": _fitted(log_mel.T, count, fill=SILENCE_DB),
        "onset_envelope": _fitted(onset_envelope, count),
        "tempo": beats.tempo_bpm,
        "beat_times": beats.beats_s,
        "downbeat_times": beats.downbeats_s,
        "beat": _one_hot(beats.beats_s, count),
        "downbeat": _one_hot(beats.downbeats_s, count),
        "beat_phase": phase(beats.beats_s, count),
        "bar_phase": phase(beats.downbeats_s, count),
        "sr": SR,
        "hop_length": HOP_LENGTH,
        "fps": FPS,
    }
    if edge35:
        features["edge35"] = _fitted(edge_features(y, SR), count)
    return features


def phase(times_s: np.ndarray, frames: int) -> np.ndarray:
    """Return where every frame lies between two times, (frames,) float32 in [0, 1): 0 at a time, linear in between.

    Before the first and after the last time the neighbouring interval goes on. Zeros for fewer than two times.
    """
    if len(times_s) < 2:
        return np.zeros(frames, np.float32)
    now = np.arange(frames) / FPS
    interval = np.clip(np.searchsorted(times_s, now, side="right") - 1, 0, len(times_s) - 2)
    start, end = times_s[interval], times_s[interval + 1]
    part = ((now - start) / (end - start) % 1.0).astype(np.float32)
    return np.where(part < 1.0, part, np.float32(0.0))  # rounding to float32 can reach 1


def edge_features(y: np.ndarray, sr: int) -> np.ndarray:
    """Return the 35 features per frame of EDGE, (F, 35) float32.

    Onset strength 1, MFCC 20, CENS chroma 12, onset peaks 1, beats 1, at 15360 Hz with hop 512 (30 frames per second
    exactly). Recipe: EDGE, data/audio_extraction/baseline_features.py; its start tempo comes from a data base for
    AIST songs, here from librosa's estimate.
    """
    import librosa

    hop_length = 512
    rate = FPS * hop_length
    y = librosa.resample(y, orig_sr=sr, target_sr=rate) if sr != rate else y
    envelope = librosa.onset.onset_strength(y=y, sr=rate, hop_length=hop_length)  # (F,)
    mfcc = librosa.feature.mfcc(y=y, sr=rate, n_mfcc=20, hop_length=hop_length).T  # (F, 20)
    chroma = librosa.feature.chroma_cens(y=y, sr=rate, hop_length=hop_length, n_chroma=12).T  # (F, 12)
    peaks, beats = np.zeros_like(envelope), np.zeros_like(envelope)
    peaks[librosa.onset.onset_detect(onset_envelope=envelope, sr=rate, hop_length=hop_length)] = 1.0
    beats[librosa.beat.beat_track(onset_envelope=envelope, sr=rate, hop_length=hop_length, trim=False)[1]] = 1.0
    columns = [envelope[:, None], mfcc, chroma, peaks[:, None], beats[:, None]]
    return np.concatenate([column[: len(envelope)] for column in columns], axis=1).astype(np.float32)


def _mono(source: str | Path | Audio) -> Audio:
    """Samples (n,) float32 and their rate."""
    if isinstance(source, tuple):
        samples, sr = source
        y = np.asarray(samples, dtype=np.float32)
        y = y.mean(axis=0) if y.ndim == 2 else y
    else:
        import soundfile

        try:
            samples, sr = soundfile.read(str(source), dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError) as error:
            raise InputError(f"not a readable sound file ({error})", where=source) from error
        y = samples.mean(axis=1)
    if not len(y) or not np.isfinite(y).all():
        raise InputError(
            "no sound, or values that are no numbers", where="samples" if isinstance(source, tuple) else source
        )
    return y, int(sr)


def _fitted(rows: np.ndarray, frames: int, fill: float = 0.0) -> np.ndarray:
    """Cut or fill (n, ...) rows to exactly ``frames`` rows of float32."""
    rows = np.asarray(rows[:frames], dtype=np.float32)
    missing = [(0, frames - len(rows))] + [(0, 0)] * (rows.ndim - 1)
    return np.pad(rows, missing, constant_values=np.float32(fill))


def _one_hot(times_s: np.ndarray, frames: int) -> np.ndarray:
    hot = np.zeros(frames, np.float32)
    index = np.round(times_s * FPS).astype(int)
    hot[index[(index >= 0) & (index < frames)]] = 1.0
    return hot
