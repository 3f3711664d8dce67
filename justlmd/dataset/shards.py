"""The data set as self-contained Parquet: ``train/``, ``val/`` and ``test/`` with one row per sequence.

Rows are read from the memory-mapped arrays and written in groups of :data:`GROUP`, so that the memory needed does not
grow with the data set. A split without sequences has no folder: readers refuse files without rows.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from justlmd.core.files import replacing
from justlmd.dataset.columns import columns, shard_schema
from justlmd.dataset.splits import SPLITS
from justlmd.dataset.storage import LEARNED, DanceArrays, SongRow, open_dataset
from justlmd.lyrics.document import Lyrics, read_lyrics

GROUP = 50
"""Sequences of one row group; about 10 MB with the token states of MiniLM."""

SHARD_BYTES = 256_000_000
"""A shard ends with the row group that brings it above this size in memory."""

SECONDS = SEQUENCE_FRAMES / FPS


@dataclass
class Shards:
    """Shards being written to a folder; ``rows`` and ``size`` (bytes in memory) by split so far."""

    folder: Path
    schema: pa.Schema
    limit: int = SHARD_BYTES
    rows: dict[str, int] = field(default_factory=dict)
    size: dict[str, int] = field(default_factory=dict)
    _split: str = ""
    _room: int = 0
    _written: list[Path] = field(default_factory=list)
    _open: ExitStack = field(default_factory=ExitStack)
    _writer: Any = None

    def add(self, split: str, table: pa.Table) -> None:
        """Write a row group; all of one split follow each other."""
        if split != self._split or self._room <= 0:
            self._open.close()
            number = sum(path.parent.name == split for path in self._written)
            path = self.folder / split / f"{number:05d}.parquet"
            temporary = self._open.enter_context(replacing(path))
            self._writer = self._open.enter_context(pq.ParquetWriter(temporary, self.schema, **_encoding(self.schema)))
            self._written.append(path)
            self._split, self._room = split, self.limit
        self._writer.write_table(table, row_group_size=len(table))
        self._room -= table.nbytes
        self.rows[split] = self.rows.get(split, 0) + len(table)
        self.size[split] = self.size.get(split, 0) + table.nbytes

    @property
    def bytes_on_disk(self) -> int:
        """Size of all shards as files; known once they are written."""
        return sum(path.stat().st_size for path in self._written)

    def finish(self) -> None:
        """Close the last shard and take out what an earlier build left."""
        self._open.close()
        for split in SPLITS:
            for path in (self.folder / split).glob("*"):
                if path not in self._written:
                    path.unlink()
            if split not in self.rows:
                shutil.rmtree(self.folder / split, ignore_errors=True)


@contextmanager
def writing_shards(folder: Path, schema: pa.Schema, limit: int = SHARD_BYTES) -> Iterator[Shards]:
    """Yield :class:`Shards`; a shard that is not finished when the block fails leaves no file."""
    shards = Shards(folder, schema, limit)
    try:
        yield shards
    except BaseException as error:
        shards._open.__exit__(type(error), error, error.__traceback__)
        raise
    shards.finish()


def _encoding(schema: pa.Schema) -> dict[str, Any]:
    """Byte-stream split for floating point numbers, dictionaries for short texts, zstd for all."""
    texts, reals = [], []
    for column in schema:
        for path, kind in _leaves(column.name, column.type):
            if pa.types.is_string(kind):
                texts.append(path)
            elif pa.types.is_floating(kind):
                reals.append(path)
    return {"compression": "zstd", "use_dictionary": texts, "use_byte_stream_split": reals}


def _leaves(path: str, kind: pa.DataType) -> Iterator[tuple[str, pa.DataType]]:
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    elif pa.types.is_struct(kind):
        for inner in kind:
            yield from _leaves(f"{path}.{inner.name}", inner.type)
    else:
        yield path, kind


def write_shards(folder: str | Path, lyrics: Mapping[str, Path | None], limit: int = SHARD_BYTES) -> Shards:
    """Write the shards of a data set beside its memory-mapped arrays.

    Parameters
    ----------
    folder : path
        What :func:`justlmd.dataset.build.build_dataset` wrote.
    lyrics : mapping of str to path
        The ``lyrics.json`` of each song; None for motion alone.
    limit : int
        Bytes in memory from which on a shard is full.

    Raises
    ------
    InputError
        Names the file that cannot be read.
    """
    folder = Path(folder)
    data = open_dataset(folder)
    songs = pd.read_parquet(folder / "songs.parquet").set_index("song", drop=False)
    learned = {name: array.shape[1] for name, array in data.arrays.items() if name.startswith(LEARNED)}
    about = {"body_model": data.info["body_model"], "text_encoder": data.info["text_encoder"]}
    schema = shard_schema(columns(data["token_states"].shape[1], learned), about)
    with writing_shards(folder, schema, limit) as shards:
        for split in SPLITS:
            rows = data.index[data.index["split"] == split]
            for first in range(0, len(rows), GROUP):
                group = rows.iloc[first : first + GROUP]
                read = {song: _read(lyrics.get(song)) for song in group["song"].unique()}
                shards.add(split, sequence_table(data, schema, group, songs, read))
    return shards


def _read(path: Path | None) -> Lyrics | None:
    return None if path is None else read_lyrics(path)


def sequence_table(
    data: DanceArrays,
    schema: pa.Schema,
    index: pd.DataFrame,
    songs: pd.DataFrame,
    lyrics: Mapping[str, Lyrics | None],
) -> pa.Table:
    """Rows of the shards for rows of the index.

    Parameters
    ----------
    data : DanceArrays
        The opened data set.
    schema : pyarrow.Schema
        Of the shards.
    index : DataFrame
        Rows of ``index.parquet``.
    songs : DataFrame
        ``songs.parquet`` by song.
    lyrics : mapping of str to Lyrics
        By song; None for motion alone.
    """
    rows: list[Any] = list(index.itertuples())
    found = [_sequence(data, row, songs.loc[row.song], lyrics[row.song]) for row in rows]
    return pa.table([_column([row[field.name] for row in found], field.type) for field in schema], schema=schema)


def _sequence(data: DanceArrays, row: Any, song: pd.Series, lyrics: Lyrics | None) -> dict[str, Any]:
    """The values of one row of the shards."""
    place: SongRow = data.songs[row.song]
    frames = slice(place.first_frame + row.start_frame, place.first_frame + row.start_frame + SEQUENCE_FRAMES)
    times = data["token_times"][place.token_rows] - row.start_s
    sung = (times[:, 1] > 0) & (times[:, 0] < SECONDS)
    beats = data.beats(row.song)
    here = beats - row.start_s
    in_frames = ("global_orient", "body_pose", "transl", "log_mel", "rhythm", "bar", "has_audio")
    lines = [(line.start_s, line.end_s, line.text) for line in lyrics.sung] if lyrics else []
    words = [(word.start_s, word.end_s, word.text) for word in lyrics.words] if lyrics else []
    return {
        **{name: getattr(row, name) for name in ("id", "song", "group", "start_s", "start_frame", "level", "text")},
        **{name: song[name] for name in ("artist", "title", "language", "crop")},
        "url": song["source"],
        "source_s": row.start_s + song["source_start_s"],
        "body_model": data.info["body_model"]["name"],
        "body_sha256": data.info["body_model"]["sha256"],
        "lines": _during(lines, row.start_s),
        "words": _during(words, row.start_s),
        **{name: data[name][frames] for name in in_frames},
        **{name: data[name][place.number] for name in ("betas", "rest_joints")},
        "tempo_bpm": tempo(beats),
        "beat_times": here[(here >= 0) & (here < SECONDS)],
        "text_encoder": data.info["text_encoder"],
        "token_states": data["token_states"][place.token_rows][sung],
        "token_times": times[sung],
        "token_lines": data["token_lines"][place.token_rows][sung],
        **{name: array[frames] for name, array in data.arrays.items() if name.startswith(LEARNED)},
    }


def tempo(beat_times: np.ndarray) -> float:
    """60 / median interval of beats (B,) in seconds: beats per minute; 0 where there are fewer than two."""
    return float(60 / np.median(np.diff(beat_times))) if len(beat_times) > 1 else 0.0


def _during(sung: list[tuple[float, float, str]], start_s: float) -> list[dict[str, Any]]:
    """What is sung in the six seconds from ``start_s`` on, with seconds from there."""
    return [
        {"start_s": start - start_s, "end_s": end - start_s, "text": text}
        for start, end, text in sung
        if end > start_s and start < start_s + SECONDS
    ]


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    """An Arrow column of one value per row; arrays of numbers are not copied to Python objects."""
    if not isinstance(values[0], np.ndarray):
        return pa.array(values, kind)
    flat = np.concatenate([np.asarray(value).reshape(-1) for value in values])
    if pa.types.is_fixed_size_list(kind):
        return _fixed(flat, kind)
    offsets = np.cumsum([0, *(len(value) for value in values)], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), _fixed(flat, kind.value_type), type=kind)


def _fixed(flat: np.ndarray, kind: pa.DataType) -> pa.Array:
    """Numbers (N,) in lists of fixed size, as deep as ``kind`` says."""
    if not pa.types.is_fixed_size_list(kind):
        return pa.array(flat, kind)
    return pa.FixedSizeListArray.from_arrays(_fixed(flat, kind.value_type), type=kind)
