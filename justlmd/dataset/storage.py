"""Files of a data set: arrays that grow row by row while it is written and are memory-mapped while it is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from justlmd.core.errors import InputError
from justlmd.core.files import UNREADABLE_NPZ, read_json, replacing

ARRAYS: dict[str, tuple[int, ...] | None] = {
    "global_orient": (3,),
    "body_pose": (69,),
    "transl": (3,),
    "valid": (),
    "limbs_seen": (4,),
    "betas": (10,),
    "rest_joints": (24, 3),
    "log_mel": (128,),
    "rhythm": (4,),
    "bar": (2,),
    "has_audio": (),
    "beat_times": (),
    "token_states": None,  # (D,) of the text encoder
    "token_times": (2,),
    "token_lines": (),
}
"""Name and shape of one row of each array; float32 unless DTYPES says otherwise."""

NEW_ARRAYS = {"bar"}
"""Arrays that data sets of earlier versions lack; they open without."""

LEARNED = "learned_"  # begins the names of arrays (N, D) of features from elsewhere

DTYPES = {
    "valid": np.bool_,
    "limbs_seen": np.bool_,
    "has_audio": np.bool_,
    "token_lines": np.int32,
    "beat_times": np.float64,
}


class ArrayWriter:
    """A ``.npy`` file that grows along its first axis, so that a data set larger than the memory can be written."""

    def __init__(self, file: BinaryIO, row_shape: tuple[int, ...], dtype: np.dtype) -> None:
        self._file, self.row_shape, self.dtype, self.count = file, row_shape, dtype, 0
        self.write_header()

    def write_header(self) -> None:
        """Write the header for the rows so far; numpy pads it so that a longer first axis still fits in place."""
        self._file.seek(0)
        header = {"descr": self.dtype.str, "fortran_order": False, "shape": (self.count, *self.row_shape)}
        np.lib.format.write_array_header_1_0(self._file, header)

    def append(self, rows: np.ndarray) -> None:
        """Add rows (n, *row_shape)."""
        rows = np.ascontiguousarray(rows, dtype=self.dtype)
        if rows.shape[1:] != self.row_shape:
            raise InputError(f"rows of shape {rows.shape[1:]} where {self.row_shape} is expected")
        self._file.write(rows.tobytes())
        self.count += len(rows)


@contextmanager
def array_writer(path: Path, row_shape: tuple[int, ...], dtype: type) -> Iterator[ArrayWriter]:
    """Yield a writer; ``path`` exists only when the block succeeds."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        writer = ArrayWriter(file, row_shape, np.dtype(dtype))
        yield writer
        writer.write_header()


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Write Parquet without the pandas metadata, so that equal tables give equal bytes."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


@dataclass(frozen=True)
class SongRow:
    """Where one song lies in the arrays; ``start_frame`` is the video frame of its first motion frame."""

    number: int
    first_frame: int
    frames: int
    start_frame: int
    first_token: int
    tokens: int
    first_beat: int
    beats: int
    group: str
    split: str

    @property
    def rows(self) -> slice:
        """The song's frames in the frame arrays."""
        return slice(self.first_frame, self.first_frame + self.frames)

    @property
    def token_rows(self) -> slice:
        """The song's tokens in the token arrays."""
        return slice(self.first_token, self.first_token + self.tokens)


@dataclass(frozen=True)
class DanceArrays:
    """An opened data set: tables in memory, ``arrays`` memory-mapped and read-only.

    The keys of ``arrays`` are those of :data:`ARRAYS` and those that begin with :data:`LEARNED`.
    """

    index: pd.DataFrame
    songs: dict[str, SongRow]
    splits: dict[str, list[str]]
    info: dict[str, Any]
    arrays: dict[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def beats(self, song: str) -> np.ndarray:
        """Beat times of a song's music in seconds of video.mp4."""
        row = self.songs[song]
        return np.asarray(self.arrays["beat_times"][row.first_beat : row.first_beat + row.beats])


def open_dataset(path: str | Path) -> DanceArrays:
    """Open a data set without reading its arrays; raises InputError that names what is missing."""
    path = Path(path)
    names = [field.name for field in fields(SongRow)]
    try:
        songs = pd.read_parquet(path / "songs.parquet", columns=["song", *names])
        index = pd.read_parquet(path / "index.parquet")
        learned = [file.stem for file in sorted(path.glob(f"{LEARNED}*.npy"))]
        there = [name for name in ARRAYS if name not in NEW_ARRAYS or (path / f"{name}.npy").is_file()]
        arrays = {name: np.load(path / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in (*there, *learned)}
    except (*UNREADABLE_NPZ, pa.ArrowException) as error:
        raise InputError(f"not a complete data set ({error})", where=path, next_step="build it again") from error
    rows = {song: SongRow(*values) for song, *values in songs.itertuples(index=False)}
    return DanceArrays(index, rows, read_json(path / "splits.json"), read_json(path / "dataset.json"), arrays)
