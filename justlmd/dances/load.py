"""Opening a data set or a dance to look at, export and compute with; needs no torch.

Sequences come from the Parquet shards, so that a published data set, or one from the Hub, opens in the same way.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from justlmd.body.model import Body, load_body
from justlmd.core.clock import SEQUENCE_FRAMES
from justlmd.core.errors import InputError
from justlmd.dances.dance import Dance
from justlmd.dataset.splits import SPLITS
from justlmd.lyrics.document import Line, read_lyrics
from justlmd.lyrics.word_timing import Word
from justlmd.motion.motion import Motion
from justlmd.motion.smplfull import read_smplfull
from justlmd.motion.song_motion import SongMotion, read_song_motion

MAX_GROUP_BYTES = 1_000_000_000
"""Largest row group that is read; ours have about 10 MB."""

MOTION = {
    "global_orient": (SEQUENCE_FRAMES, 3),
    "body_pose": (SEQUENCE_FRAMES, 69),
    "transl": (SEQUENCE_FRAMES, 3),
    "betas": (10,),
}
"""Columns that make a dance, and their shapes."""

AUDIO, LYRICS, SONG = "audio.wav", "lyrics.json", re.compile(r"[A-Za-z0-9_-]{1,80}")


class Place(NamedTuple):
    """Where a sequence lies: its split, the file, the row group and the row in it."""

    id: str
    split: str
    path: Path
    group: int
    row: int


class _Shards:
    """The files of a data set; row groups stay in memory for a while, so that neighbours cost nothing."""

    def __init__(self, folder: Path, body_model: str | Path | None) -> None:
        self.folder, self._body_model = folder, body_model
        self.places = list(self._places())
        if not self.places:
            raise InputError(
                "no data set: there are no sequences in train/, val/ or test/",
                where=folder,
                next_step="build it with snakemake, or name its folder",
            )
        self.group = lru_cache(maxsize=4)(self._group)

    def _places(self) -> Iterator[Place]:
        for split in SPLITS:
            for path in sorted((self.folder / split).glob("*.parquet")):
                try:
                    with pq.ParquetFile(path) as file:
                        for group in range(file.num_row_groups):
                            ids = file.read_row_group(group, columns=["id"])["id"].to_pylist()
                            yield from (Place(str(name), split, path, group, row) for row, name in enumerate(ids))
                except (OSError, pa.ArrowException, KeyError) as error:
                    raise InputError(f"not a shard of a data set ({error})", where=path) from error

    def _group(self, path: Path, number: int) -> pa.Table:
        with pq.ParquetFile(path) as file:
            size = file.metadata.row_group(number).total_byte_size
            if size > MAX_GROUP_BYTES:
                raise InputError(f"a row group has {size} bytes (limit MAX_GROUP_BYTES: {MAX_GROUP_BYTES})", where=path)
            return file.read_row_group(number)

    @cached_property
    def body(self) -> Body:
        return load_body(self._body_model)

    def body_of(self, values: dict[str, Any]) -> Body:
        """The body model of a sequence; raises InputError when another one is loaded."""
        if self.body.name != values["body_model"]:
            raise InputError(
                f"the shape parameters belong to the body model {values['body_model']!r}, not to {self.body.name!r}",
                where=self.folder,
                next_step="load_dataset(folder, body_model=PATH) names its file",
            )
        return self.body

    def dance(self, place: Place) -> Dance:
        table = self.group(place.path, place.group)
        values = {name: _value(table.column(name)[place.row]) for name in table.column_names}
        values["split"] = place.split
        for name, shape in MOTION.items():
            if not isinstance(values.get(name), np.ndarray) or values[name].shape != shape:
                raise InputError(f"the column {name} is no array {shape}", where=place.path)
        valid = np.ones(SEQUENCE_FRAMES, bool)
        motion = Motion(**{name: values[name] for name in MOTION}, valid=valid)
        audio = song_file(self.folder.parent, values["song"], AUDIO)
        return Dance(values, motion, lambda: self.body_of(values), _lines(values), audio)


class DanceDataset(Sequence[Dance]):
    """The sequences of a data set: ``data[0]``, ``data["paper_star_005300"]``, ``data[10:20]`` (opened when asked for).

    Made by :func:`load_dataset`.
    """

    def __init__(self, shards: _Shards, places: Sequence[Place]) -> None:
        self._shards, self._places = shards, places

    @cached_property
    def _by_id(self) -> dict[str, Place]:
        return {place.id: place for place in self._places}

    @property
    def ids(self) -> list[str]:
        """Ids of the sequences in their order."""
        return [place.id for place in self._places]

    @property
    def splits(self) -> dict[str, int]:
        """Number of sequences of each split that has any."""
        found = [place.split for place in self._places]
        return {split: found.count(split) for split in SPLITS if split in found}

    def split(self, name: str) -> "DanceDataset":
        """The sequences of one split."""
        if name not in SPLITS:
            raise InputError(f"no split {name!r}", next_step=f"there are {', '.join(SPLITS)}")
        return DanceDataset(self._shards, [place for place in self._places if place.split == name])

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, key: int | str) -> Dance: ...
    @overload
    def __getitem__(self, key: slice) -> "DanceDataset": ...
    def __getitem__(self, key: int | str | slice) -> "Dance | DanceDataset":
        if isinstance(key, slice):
            return DanceDataset(self._shards, self._places[key])
        return self._shards.dance(self._by_id[key] if isinstance(key, str) else self._places[key])

    def __repr__(self) -> str:
        return f"<DanceDataset of {len(self)} sequences: {self.splits}>"


def open_sequences(folder: str | Path, split: str | None = None, body_model: str | Path | None = None) -> DanceDataset:
    """What :func:`justlmd.load_dataset` does."""
    shards = _Shards(Path(folder), body_model)
    data = DanceDataset(shards, shards.places)
    return data if split is None else data.split(split)


def open_dance(path: str | Path, body_model: str | Path | None = None) -> Dance:
    """What :func:`justlmd.load_dance` does."""
    path = Path(path)
    path = path / "smplfull.json" if path.is_dir() else path
    body, meta = load_body(body_model), path.with_suffix(".meta.json")
    if meta.is_file():
        found = read_song_motion(path, meta, body)
    else:
        found = SongMotion.made(read_smplfull(path), body, "the original's", 0.0, own_shapes=False)
    results, song = _song_of(path)
    lyrics = song_file(results, song, LYRICS)
    lines = read_lyrics(lyrics).sung if lyrics else ()
    motion = found.upright()
    values = {
        "song": song,
        "start_s": found.meta.first_frame_s,
        "text": " ".join(line.text for line in lines),
        "lines": [_sung(line) for line in lines],
        "words": [_sung(word) for line in lines for word in line.words],
        "method": found.meta.method,
        "body_model": body.name,
        "rest_joints": body.rest_joints(motion.betas),
        **{name: getattr(motion, name) for name in (*MOTION, "valid")},
    }
    return Dance(values, motion, lambda: body, lines, song_file(results, song, AUDIO))


def _song_of(path: Path) -> tuple[Path, str]:
    """The folder of results and the song that a motion file of the workflow belongs to; else its own folder's name."""
    parents = path.resolve().parents
    for folder in parents[1:]:
        if folder.name in ("generated", "songs"):
            return folder.parent, path.resolve().relative_to(folder).parts[0]
    return parents[0], parents[0].name


def song_file(results: Path, song: str, name: str) -> Path | None:
    """A file of a song below the folder of results; None where it is missing or ``song`` is no song's id."""
    path = results / "songs" / song / name
    return path if SONG.fullmatch(song) and path.is_file() else None


def _value(scalar: pa.Scalar) -> Any:
    """The value of one cell: numbers as an array of its shape, everything else as Python's own."""
    kind = scalar.type
    shape: list[int] = []
    while pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        shape.append(kind.list_size if pa.types.is_fixed_size_list(kind) else -1)
        kind = kind.value_type
    if not shape or pa.types.is_struct(kind) or pa.types.is_string(kind):
        return scalar.as_py()
    values = scalar.values
    shape[0] = len(values)
    while pa.types.is_list(values.type) or pa.types.is_fixed_size_list(values.type):
        values = values.flatten()
    return values.to_numpy(zero_copy_only=False).reshape(shape)


def _sung(part: Line | Word) -> dict[str, Any]:
    return {"start_s": part.start_s, "end_s": part.end_s, "text": part.text}


def _lines(values: dict[str, Any]) -> list[Line]:
    """The lines of a sequence with their words, in seconds of the song; none where their text was not published."""
    start_s = values["start_s"]
    lines = [line for line in values.get("lines") or [] if "text" in line]
    words = [
        Word(start_s + word["start_s"], start_s + word["end_s"], word["text"])
        for word in values.get("words") or []
        if "text" in word
    ]
    found = []
    for line in lines:
        first, end = start_s + line["start_s"], start_s + line["end_s"]
        own = tuple(word for word in words if first - 0.001 <= word.start_s < end - 0.001)
        found.append(Line(first, end, line["text"], own, timing=values.get("level", "line")))
    return found
