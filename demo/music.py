"""Composes and synthesises the songs of the demo: drums, bass, chords, a hook and a sung lead."""

import wave
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.signal import butter, sosfilt

from demo.pronunciation import syllables
from demo.score import EIGHTHS_PER_BAR, Song, lines
from demo.tables import read_table
from demo.voice import Note, sing

SAMPLE_RATE = 44100
MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)


@dataclass(frozen=True)
class Style:
    """An arrangement: scale degrees of the chords bar by bar, and levels on the eighths of a bar.

    ``bass`` holds ``(eighth, length in eighths, chord tone)``, ``chords`` ``(eighth, length)``; kick and snare have one
    level per beat, hats one per eighth.
    """

    progression: tuple[int, ...]
    kick: tuple[float, ...]
    snare: tuple[float, ...]
    hats: tuple[float, ...]
    bass: tuple[tuple[int, int, int], ...]
    chords: tuple[tuple[int, int], ...]
    brightness: float
    voice_centre: int


STYLES: dict[str, Style] = {name: Style(**fields) for name, fields in read_table("styles.yaml").items()}


def scale_pitch(song: Song, degree: int) -> int:
    """MIDI pitch of a scale degree (0 = tonic, 7 = the tonic an octave higher)."""
    scale = MINOR if song.minor else MAJOR
    return song.tonic + 12 * (degree // 7) + scale[degree % 7]


def melody(song: Song) -> list[Note]:
    """The sung notes: one per syllable. Lines with the same rhythm of rhyme (every second line) share their contour."""
    rng = np.random.default_rng([song.seed, 1])
    style = STYLES[song.style]
    eighth_s = song.beat_s / 2
    centre = round((style.voice_centre - song.tonic) / 12 * 7)
    contours = rng.integers(-2, 3, size=(2, EIGHTHS_PER_BAR))
    notes: list[Note] = []
    for index, line in enumerate(lines(song)):
        bar = round((line.start - song.lead_in_s) / eighth_s) // EIGHTHS_PER_BAR
        root = style.progression[bar % len(style.progression)]
        degree = centre + int(rng.integers(-1, 3))
        for word in line.words:
            parts = syllables(word.text, song.language)
            # A stretched word holds its last syllable; the others take one eighth each.
            starts = [word.start + eighth_s * part for part in range(len(parts))]
            for start, end, phones in zip(starts, [*starts[1:], word.end], parts, strict=True):
                eighth = round((start - song.lead_in_s) / eighth_s) % EIGHTHS_PER_BAR
                degree += int(contours[index % 2, eighth])
                degree = min(max(degree, centre - 3), centre + 4)
                if eighth % 2 == 0:  # on the beat: the nearest tone of the chord
                    chord_tones = [root + tone + octave for tone in (0, 2, 4) for octave in (-14, -7, 0, 7, 14)]
                    degree = min(chord_tones, key=lambda tone: (abs(tone - degree), tone))
                silence = 0.03 if word is line.words[-1] else 0.0
                notes.append(Note(start, end - silence, scale_pitch(song, degree), phones))
    return notes


def _noise_band(rng: np.random.Generator, seconds: float, low: float, high: float) -> np.ndarray:
    band = butter(2, [low, high], btype="band", fs=SAMPLE_RATE, output="sos")
    return sosfilt(band, rng.standard_normal(round(seconds * SAMPLE_RATE)))


def _decay(seconds: float, time_constant: float) -> np.ndarray:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.exp(-time / time_constant) * np.clip((seconds - time) / 0.01, 0, 1)


def drum_kit(seed: int) -> dict[str, np.ndarray]:
    """One-shot drum sounds by name (samples,). The kick has a broad click, so that the beat is the clearest onset."""
    rng = np.random.default_rng([seed, 2])
    time = np.arange(round(0.35 * SAMPLE_RATE)) / SAMPLE_RATE
    sweep = 2 * np.pi * np.cumsum(48 + 130 * np.exp(-time / 0.025)) / SAMPLE_RATE
    kick = np.sin(sweep) * _decay(0.35, 0.11)
    click = _noise_band(rng, 0.02, 800, 9000) * _decay(0.02, 0.004)
    kick[: click.size] += 0.9 * click
    body = np.arange(round(0.2 * SAMPLE_RATE)) / SAMPLE_RATE
    snare = 0.45 * np.sin(2 * np.pi * 190 * body) * _decay(0.2, 0.04)
    snare += 0.9 * _noise_band(rng, 0.2, 900, 9500) * _decay(0.2, 0.06)
    hat = _noise_band(rng, 0.06, 7000, 15000) * _decay(0.06, 0.014)
    crash = _noise_band(rng, 1.2, 3500, 14000) * _decay(1.2, 0.35)
    return {"kick": kick, "snare": snare, "hat": hat, "crash": crash}


@lru_cache(maxsize=256)  # a song repeats its tones; nobody writes into them
def tone(pitch: float, seconds: float, brightness: float, decay_s: float, attack_s: float = 0.006) -> np.ndarray:
    """A decaying tone with partials falling as ``1 / k ** (2.2 - brightness)``; (samples,)."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hertz = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    wave_form = np.zeros(time.size)
    for order in range(1, 9):
        if order * hertz < 7000:
            fade = np.exp(-time * order / (3 * decay_s))
            wave_form += np.sin(2 * np.pi * order * hertz * time) / order ** (2.2 - brightness) * fade
    envelope = np.exp(-time / decay_s) * np.clip(time / attack_s, 0, 1) * np.clip((seconds - time) / 0.02, 0, 1)
    return wave_form * envelope


def _add(track: np.ndarray, sound: np.ndarray, start_s: float, level: float) -> None:
    start = round(start_s * SAMPLE_RATE)
    end = min(start + sound.size, track.size)
    track[start:end] += level * sound[: end - start]


def backing(song: Song) -> dict[str, np.ndarray]:
    """The instruments of a song by name: drums, bass, chords, hook; each (samples,)."""
    style = STYLES[song.style]
    samples = round(song.duration_s * SAMPLE_RATE)
    tracks = {name: np.zeros(samples) for name in ("drums", "bass", "chords", "hook")}
    kit = drum_kit(song.seed)
    rng = np.random.default_rng([song.seed, 3])
    eighth_s = song.beat_s / 2
    sung_bars = {round((line.start - song.lead_in_s) / eighth_s) // EIGHTHS_PER_BAR for line in lines(song)}
    hook = rng.integers(0, 3, EIGHTHS_PER_BAR) * 2 + 7
    for bar in range(song.bars):
        bar_s = song.lead_in_s + bar * EIGHTHS_PER_BAR * eighth_s
        root = style.progression[bar % len(style.progression)]
        for beat in range(4):
            _add(tracks["drums"], kit["kick"], bar_s + 2 * beat * eighth_s, 0.95 * style.kick[beat])
            _add(tracks["drums"], kit["snare"], bar_s + 2 * beat * eighth_s, 0.55 * style.snare[beat])
        for eighth, level in enumerate(style.hats):
            _add(tracks["drums"], kit["hat"], bar_s + eighth * eighth_s, 0.35 * level)
        if bar % 4 == 0:
            _add(tracks["drums"], kit["crash"], bar_s, 0.16)
        for eighth, length, chord_tone in style.bass:
            pitch = scale_pitch(song, root + (0, 2, 4)[chord_tone]) - 24
            pitch += 12 * (pitch < 33)
            _add(tracks["bass"], tone(pitch, length * eighth_s, 0.9, 0.5), bar_s + eighth * eighth_s, 0.55)
        for eighth, length in style.chords:
            for chord_tone in (0, 2, 4):
                pitch = scale_pitch(song, root + chord_tone)
                sound = tone(pitch - 12 * (pitch > 67), length * eighth_s, style.brightness, 0.7, 0.012)
                _add(tracks["chords"], sound, bar_s + eighth * eighth_s, 0.14)
        if bar not in sung_bars:
            for eighth, degree in enumerate(hook):
                if eighth % 2 == 0 or degree > 9:
                    sound = tone(scale_pitch(song, root + int(degree)), eighth_s, 1.1, 0.25)
                    _add(tracks["hook"], sound, bar_s + eighth * eighth_s, 0.13)
    end_s = song.lead_in_s + song.bars * EIGHTHS_PER_BAR * eighth_s
    for degree in (0, 2, 4, 7):
        _add(tracks["chords"], tone(scale_pitch(song, degree) - 12, 0.4, 0.6, 0.6), end_s, 0.2)
    return tracks


def mix(song: Song, voice: float = 1.0) -> np.ndarray:
    """The whole song, (samples, 2) float64 within -1..1 at ``SAMPLE_RATE``; exactly as long as the video.

    ``voice`` is the singer's share of the usual level; 0 leaves the accompaniment.
    """
    tracks = backing(song)
    tracks["voice"] = sing(melody(song), song.duration_s, SAMPLE_RATE, song.seed)
    levels = {"drums": 0.8, "bass": 0.5, "chords": 0.75, "hook": 0.8, "voice": 0.62 * voice}
    pans = {"drums": 0.0, "bass": 0.0, "chords": -0.35, "hook": 0.4, "voice": 0.0}
    stereo = np.zeros((tracks["drums"].size, 2))
    for name, level in levels.items():
        angle = (pans[name] + 1) * np.pi / 4
        stereo += level * np.sqrt(2) * tracks[name][:, None] * np.array([np.cos(angle), np.sin(angle)])
    # Soft clipping instead of a limiter: peaks of the kick bend, nothing wraps.
    return np.tanh(1.1 * stereo) * 0.89


def write_wav(path: Path, stereo: np.ndarray) -> None:
    """Write (samples, channels) in -1..1 as 16-bit PCM at ``SAMPLE_RATE``."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(stereo.shape[1])
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.round(np.clip(stereo, -1, 1) * 32767).astype("<i2").tobytes())
