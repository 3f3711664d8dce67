"""Which languages text encoders read, checked before any job starts, and how many of a song's tokens they know."""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from justlmd.core.errors import InputError
from justlmd.features.text import MINILM, MULTILINGUAL, UNKNOWN_TOKEN, encoder_for

ENGLISH = frozenset({"en"})
LANGUAGES: dict[str, frozenset[str]] = {
    MINILM: ENGLISH,
    "bert-base-uncased": ENGLISH,
    "bert-base-cased": ENGLISH,
    MULTILINGUAL: frozenset(
        ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")  # zh in both scripts
    ),
}
"""What is known of an encoder; of others only their tokens tell."""

MOST_UNKNOWN = 0.1
"""Share of a song's tokens that may be unknown, such as names; of Chinese and Japanese ones English BERTs miss half."""


def check_languages(languages: Mapping[str, str], features: Mapping[str, Any]) -> None:
    """Check that each song's text encoder reads its language, unless ``text_encoders`` names it for that language.

    Parameters
    ----------
    languages : mapping of str to str
        Language code of each song; those without one are left to :func:`check_known`.
    features : mapping
        The section ``features`` of the configuration.

    Raises
    ------
    InputError
        One line for each encoder and language, with the next step.
    """
    faults: dict[tuple[str, str], list[str]] = {}
    for song, language in languages.items():
        encoder, spoken = encoder_for(language, features), language.split("-")[0]
        if language and language not in features["text_encoders"] and spoken not in LANGUAGES.get(encoder, {spoken}):
            faults.setdefault((encoder, language), []).append(song)
    if faults:
        lines = [
            f"the text encoder {encoder} does not read {language!r} ({_named(names)}); set features.text_encoder to "
            f"{_readers(language)}, for the whole set, or text_encoders to {{{language}: {encoder}}} to take it anyway"
            for (encoder, language), names in faults.items()
        ]
        raise InputError("\n".join([*lines, "What each encoder reads: docs/lyrics.md"]))


def unknown_share(embeddings: Mapping[str, np.ndarray]) -> float:
    """Share of the tokens of words in ``lyrics_embeddings.npz`` that the encoder does not know, 0 to 1."""
    own = embeddings["token_ids"][embeddings["token_words"] >= 0]
    return float((own == UNKNOWN_TOKEN).mean()) if len(own) else 0.0


def check_known(embeddings: Mapping[str, np.ndarray], texts: Iterable[str], encoder: str) -> None:
    """Check that an encoder knows the words of a song, whatever its language is called.

    Raises
    ------
    InputError
        More than :data:`MOST_UNKNOWN` of the tokens in ``embeddings`` are unknown, or the encoder is an English one and
        as many of the letters of ``texts`` are not Latin: it spells such words without knowing any.
    """
    share, what = unknown_share(embeddings), "tokens are unknown to it"
    if LANGUAGES.get(encoder) == ENGLISH:
        letters = [letter for text in texts for letter in text if letter.isalpha()]
        foreign = sum("LATIN" not in unicodedata.name(letter, "") for letter in letters) / max(len(letters), 1)
        share, what = max((share, what), (foreign, "letters are not Latin, and it reads English"))
    if share > MOST_UNKNOWN:
        raise InputError(
            f"{share:.0%} of the lyrics' {what}",
            where=f"text encoder {encoder}",
            next_step=f"set features.text_encoder to {_readers('')}, or name this one for the song's language under "
            "text_encoders to take it anyway",
        )


def _readers(language: str) -> str:
    """The encoders to propose for a language."""
    read = not language or language.split("-")[0] in LANGUAGES[MULTILINGUAL]
    return f"{MULTILINGUAL} ({len(LANGUAGES[MULTILINGUAL])} languages, offline) or " * read + (
        "the folder or name of a BERT that does, such as bert-base-multilingual-cased"
    )


def _named(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
