"""Whisper as a listener to known words: when each is sung, and how much the sound supports it.

Nothing is transcribed. The decoder is led through the known text, and the time of a token is where its cross-attention
looks (dynamic time warping over chosen heads, Radford et al., 2022), as CTranslate2 implements it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from justlmd.core.errors import InputError
from justlmd.lyrics.word_timing import word_spans

SR = 16000
N_FFT, HOP = 400, 160
TOKEN_FRAME_S = 0.02  # what the attention resolves
LONGEST_S = 29.9  # what the encoder hears at once
MOST_TOKENS = 400  # of 448, start and end among them
SILENCE_S = 2.0
STOPS = (".", "?", "!", "…", "。", "？", "！")
STOP = "."
EPSILON = 1e-12


@dataclass(frozen=True)
class Heard:
    """What the encoder made of a stretch of sound: ``frames`` of 10 ms."""

    encoded: Any
    frames: int


@dataclass(frozen=True)
class Tokens:
    """The text of several lines as tokens (n,), and for each the index of its word, -1 for what belongs to none."""

    ids: tuple[int, ...]
    words: np.ndarray


@dataclass(frozen=True)
class Placed:
    """For each word of a text, (words,): its start and end in seconds of the stretch, and its support.

    ``support`` is the mean over the word's tokens of how much more probable the sound makes them than silence does, in
    nats. All are NaN for a word without a token of its own.
    """

    starts: np.ndarray
    ends: np.ndarray
    support: np.ndarray

    def moved(self, by_s: float) -> "Placed":
        """The same, later by some seconds."""
        return Placed(self.starts + by_s, self.ends + by_s, self.support)

    def part(self, first: int, last: int) -> "Placed":
        """The words from ``first`` to before ``last``."""
        return Placed(self.starts[first:last], self.ends[first:last], self.support[first:last])


@dataclass(frozen=True)
class Habits:
    """What a model does whatever it hears, measured on songs that no table reports (``docs/lyrics.md``).

    ``late_s``: how late its words begin, None if nobody knows. ``supported``: support in nats from which on a line is
    believed to be sung.
    """

    late_s: float | None = None
    supported: float = 1.0


class Whisper:
    """A Whisper model of CTranslate2, in float32 on one thread, so that it gives the same times wherever it runs.

    Parameters
    ----------
    files
        Content of the model's files by name (:mod:`justlmd.lyrics.whisper_models`).
    language
        Code of the song table; models that know one language ignore it.
    habits
        Constants of the model.

    Raises
    ------
    InputError
        The files are no Whisper model, or the packages are not installed.
    """

    def __init__(self, files: Mapping[str, bytes], language: str = "", habits: Habits = Habits()) -> None:
        try:
            import ctranslate2
            from tokenizers import Tokenizer
        except ImportError as error:
            raise InputError(
                f"the package {error.name} is not installed", where="lyrics.alignment", next_step="run make setup"
            ) from error
        try:
            self._model = ctranslate2.models.Whisper(
                "whisper", device="cpu", compute_type="float32", inter_threads=1, intra_threads=1, files=dict(files)
            )
            self._tokenizer = Tokenizer.from_str(files["tokenizer.json"].decode())
            self._start = self._start_sequence(language)
        except Exception as error:  # tokenizers raises nothing narrower
            raise InputError(f"no Whisper model for CTranslate2 ({error})", where="lyrics.whisper_model") from error
        self.habits = habits

    def _start_sequence(self, language: str) -> list[int]:
        names = ["<|startoftranscript|>"]
        if self._model.is_multilingual:
            spoken = f"<|{language.split('-')[0]}|>"
            known = self._tokenizer.token_to_id(spoken) is not None
            names += [spoken if known else "<|en|>", "<|transcribe|>"]
        ids = [self._tokenizer.token_to_id(name) for name in names]
        if None in ids:
            raise ValueError("the tokenizer is not Whisper's")
        return [token for token in ids if token is not None]

    @cached_property
    def _silence(self) -> Heard:
        return self.hear(np.zeros(round(SILENCE_S * SR), np.float32))

    def hear(self, sound: np.ndarray) -> Heard:
        """Encode (n,) samples at 16 kHz, of which the first 29.9 s count."""
        import ctranslate2

        features = log_mel(sound[: round(LONGEST_S * SR)], self._model.n_mels)[None]
        return Heard(self._model.encode(ctranslate2.StorageView.from_array(features)), features.shape[2])

    def tokens(self, lines: Sequence[str]) -> Tokens:
        """Cut lines into tokens; each line ends with a full stop, which takes up the pause after it."""
        ids: list[int] = []
        words: list[int] = []
        count = 0
        for line in lines:
            text = line.lower() if line.isupper() and len(line.lower()) == len(line) else line
            encoding = self._tokenizer.encode(f" {text}", add_special_tokens=False)
            owner = np.full(len(text) + 1, -1)
            for first, last in word_spans(line):
                owner[first + 1 : last + 1] = count
                count += 1
            ids += encoding.ids
            words += [int(owner[last - 1]) for _, last in encoding.offsets]
            if not text.rstrip().endswith(STOPS):
                stop = self._tokenizer.encode(STOP, add_special_tokens=False).ids
                ids += stop
                words += [-1] * len(stop)
        return Tokens(tuple(ids), np.array(words, int))

    def log_probabilities(self, heard: Heard, tokens: Tokens) -> np.ndarray:
        """Log probability of each token after those before it, among all tokens of text: (n,)."""
        return self._align(heard, tokens)[1]

    def support(self, heard: Heard, tokens: Tokens) -> np.ndarray:
        """How much more probable the sound makes each token than silence does, in nats: (n,)."""
        return self.log_probabilities(heard, tokens) - self.log_probabilities(self._silence, tokens)

    def place(self, heard: Heard, tokens: Tokens) -> Placed:
        """Find each word of a text in the stretch of sound in which it is sung.

        The first token always begins with the stretch, so the time of the first word means nothing.
        """
        starts, log_probabilities = self._align(heard, tokens)
        support = log_probabilities - self.log_probabilities(self._silence, tokens)
        found = np.full((3, int(tokens.words.max(initial=-1)) + 1), np.nan)
        for word in range(found.shape[1]):
            own = np.flatnonzero(tokens.words == word)
            if len(own):
                found[:, word] = starts[own[0]], starts[own[-1] + 1], support[own].mean()
        return Placed(*found)

    def _align(self, heard: Heard, tokens: Tokens) -> tuple[np.ndarray, np.ndarray]:
        """Start of each token and of the end, (n + 1,) seconds of the stretch; log probability of each token (n,)."""
        (result,) = self._model.align(heard.encoded, self._start, [list(tokens.ids)], [heard.frames])
        places, frames = np.array(result.alignments).reshape(-1, 2).T
        # A monotone path: the first frame of a place is where its token begins.
        starts = frames[np.searchsorted(places, np.arange(len(tokens.ids) + 1))] * TOKEN_FRAME_S
        return starts, np.log(np.array(result.text_token_probs) + EPSILON)


def log_mel(sound: np.ndarray, bands: int = 80) -> np.ndarray:
    """Whisper's features of (n,) samples at 16 kHz: log mel spectrogram (bands, frames) float32, 100 frames per second.

    An even number of frames, at least two: the encoder makes one state of two.
    """
    import librosa

    frames = max(2, len(sound) // HOP // 2 * 2)
    sound = np.pad(sound, (0, max(0, N_FFT - len(sound))))
    power = np.abs(librosa.stft(sound, n_fft=N_FFT, hop_length=HOP, pad_mode="reflect")[:, :frames]) ** 2
    level = np.log10(np.maximum(_mel_bands(bands) @ power, 1e-10))
    return np.ascontiguousarray((np.maximum(level, level.max() - 8.0) + 4.0) / 4.0, np.float32)


@cache
def _mel_bands(bands: int) -> np.ndarray:
    import librosa

    return np.asarray(librosa.filters.mel(sr=SR, n_fft=N_FFT, n_mels=bands))
