"""The data-set card, ``README.md``: metadata that the Hugging Face Hub and ``datasets`` read, and pages for people.

Names from the song table are hostile: they stand in YAML as quoted text and in Markdown with every sign escaped.
"""

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import yaml

from justlmd.core.clock import FPS
from justlmd.core.errors import plain
from justlmd.dataset.columns import hub_features
from justlmd.dataset.shards import Shards
from justlmd.dataset.splits import SPLITS

SIZES = (("n<1K", 1_000), ("1K<n<10K", 10_000), ("10K<n<100K", 100_000), ("100K<n<1M", 1_000_000))
"""The Hub's names for numbers of rows, and the number that each ends at."""


def markdown(text: object) -> str:
    """Text from outside as Markdown that shows it and does nothing else, on one line."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~:@/])", r"\\\1", html.escape(plain(text), quote=False))


def front_matter(languages: Iterable[str], shards: Shards, license: str) -> list[str]:
    """The YAML at the head of a card, as lines.

    Parameters
    ----------
    languages : iterable of str
        Codes of the lyrics' languages; empty ones are left out.
    shards : Shards
        The Parquet files: their columns, and rows and bytes of each split.
    license : str
        The Hub's name of the licence of the whole.
    """
    rows = sum(shards.rows.values())
    named = [split for split in SPLITS if split in shards.rows]
    files = [{"split": split, "path": f"{split}/*.parquet"} for split in named]
    content: dict[str, Any] = {"license": license}
    if license == "other":
        content |= {"license_name": "see-the-card", "license_link": "README.md"}
    if found := sorted({language for language in languages if language}):
        content["language"] = found
    content |= {
        "pretty_name": "Lyrics, music and dance",
        "task_categories": ["other"],
        "tags": ["dance", "motion", "music", "lyrics", "smpl"],
        "size_categories": [next((name for name, end in SIZES if rows < end), "1M<n<10M")],
        "configs": [{"config_name": "default", "data_files": files}],
        "dataset_info": {
            "features": hub_features(shards.schema),
            "splits": [
                {"name": split, "num_bytes": shards.size[split], "num_examples": shards.rows[split]} for split in named
            ],
            "download_size": shards.bytes_on_disk,
            "dataset_size": sum(shards.size.values()),
        },
    }
    return ["---", *yaml.safe_dump(content, sort_keys=False, allow_unicode=True).splitlines(), "---"]


def columns_table(schema: pa.Schema) -> list[str]:
    """The columns of the shards with type and description, as lines of Markdown."""
    rows = [
        f"| `{field.name}` | `{_short(field.type)}` | {html.escape(field.metadata[b'description'].decode())} |"
        for field in schema
    ]
    return ["| column | type | |", "|---|---|---|", *rows]


def _short(kind: pa.DataType) -> str:
    """A type in a few signs: ``float[180, 69]``, ``{start_s, end_s, text}[]``."""
    sizes = []
    while pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        sizes.append(str(kind.list_size) if pa.types.is_fixed_size_list(kind) else "n")
        kind = kind.value_type
    inner = f"{{{', '.join(field.name for field in kind)}}}" if pa.types.is_struct(kind) else str(kind)
    return inner + (f"[{', '.join(sizes)}]" if sizes else "")


def figures(shown: Sequence[tuple[str, str]]) -> list[str]:
    """The figures of a card: name of each file in ``figures/`` and what it shows."""
    lines = []
    for name, what in shown:
        lines += [f"{what}:", "", f"![{what}](figures/{name})", ""]
    return lines


def splits_table(songs: pd.DataFrame) -> list[str]:
    """Songs, sequences and minutes of each split, as lines of Markdown."""
    lines = ["| split | songs | sequences | minutes |", "|---|---|---|---|"]
    for name in SPLITS:
        part = songs[songs["split"] == name]
        lines.append(f"| {name} | {len(part)} | {part['sequences'].sum()} | {part['frames'].sum() / FPS / 60:.1f} |")
    return lines


def words_used(summary: dict[str, Any]) -> list[str]:
    """How many of the sung words the sequences hold, as lines of Markdown; nothing where no word has a time."""
    sung, used = summary["sung_words"], summary["words_in_sequences"]
    return [f"Sequences hold {used} of {sung} sung words ({used / sung:.1%}).", ""] if sung else []


def card(summary: dict[str, Any], songs: pd.DataFrame, shards: Shards, shown: Sequence[tuple[str, str]]) -> str:
    """Markdown card of a data set.

    Parameters
    ----------
    summary : dict
        What ``dataset.json`` holds.
    songs : DataFrame
        What ``songs.parquet`` holds.
    shards : Shards
        The Parquet files.
    shown : sequence of (str, str)
        Figures and what they show.
    """
    minutes = summary["frames"] / FPS / 60
    excluded = summary["excluded"].items()
    rows: list[Any] = list(songs.itertuples())
    lines = [
        *front_matter(songs["language"], shards, "other"),
        "",
        "# Lyrics-music-dance data set",
        "",
        f"{summary['songs']} songs in {summary['groups']} groups, {summary['sequences']} sequences of "
        f"{summary['sequence_frames'] / FPS:g} s, {minutes:.1f} minutes of motion at {FPS} frames/s.",
        "",
        "## What it holds",
        "",
        "Each song: body motion (SMPL form, y-up, metres), music features per frame and lyrics as token states with "
        "times, all on the clock of the song's video. A sequence is six seconds, by default from the beginning of a "
        "line on.",
        "",
        *words_used(summary),
        "",
        "`train/`, `val/` and `test/` hold one row per sequence, complete in itself; `datasets`, pandas, polars and "
        "DuckDB read them. Beside them the same as arrays over whole songs, for training: `index.parquet` lists the "
        "sequences, `songs.parquet` the songs, `splits.json` the splits; frames of all songs follow one another, and "
        '`numpy.load(..., mmap_mode="r")` opens them.',
        "",
        f"- Body model: {markdown(summary['body_model']['name'])} (sha256 `{summary['body_model']['sha256'][:16]}…`). "
        "Shape parameters belong to this model only.",
        f"- Text encoder: {markdown(summary['text_encoder'] or 'none')}, {summary['token_dim']} numbers per token.",
        f"- Songs without sound: {(~songs['has_audio']).sum()}; without lyrics embeddings: "
        f"{(songs['tokens'] == 0).sum()}. They are masked, not filled in.",
        "- Songs whose shape parameters belonged to another body model and were set to its mean: "
        f"{songs['foreign_shape'].sum()}.",
        "",
        *columns_table(shards.schema),
        "",
        "## Splits",
        "",
        "By group: songs with equal lyrics (or one group in the song table) are never on both sides. "
        f"Seed {summary['seed']}.",
        "",
        *splits_table(songs),
        "",
        "## Statistics",
        "",
        *figures(shown),
        "## What was left out",
        "",
        *(
            [f"- {number} slices: {reason}" for reason, number in excluded]
            or ["Nothing: every slice became a sequence."]
        ),
        "",
        "## Songs",
        "",
        "| song | title | group | split | frames | frames without a body | sequences | left out | sound | word times |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {song.song} | {markdown(song.title)} | {markdown(song.group)} | {song.split} | {song.frames} "
            f"| {song.frames - song.valid_frames} | {song.sequences} | {song.left_out} "
            f"| {'yes' if song.has_audio else 'no'} | {song.level} |"
            for song in rows
        ),
        "",
        "## How it was made",
        "",
        "Motion: landmarks found in the video, a body fitted to the whole song, or an imported motion file. "
        "It is an estimate from one camera: depth, feet and hands are the least certain. "
        "Word times are `word` where the lyrics carry stamps for words; `aligned` where they were heard in the sound; "
        "`interpolated` means that a line's interval was spread over its words by syllables.",
        "",
        "## Rights",
        "",
        "Videos, sound and lyrics belong to their owners. This folder holds the lyrics' text and states from which a "
        "text encoder's input can in part be guessed, for use on this computer: do not publish it. `make publish-set` "
        "builds `results/publish/` without them. Motion and music features are derived from the videos; whether you "
        "may share them depends on the rights you have in each song and on the law where you are. The column `source` "
        "of `songs.parquet` says where each song came from.",
        "",
    ]
    return "\n".join(lines)
