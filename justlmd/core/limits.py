"""How much of anything is accepted, asked before memory is taken for it.

A small hostile file may ask for any amount: a zip unfolds, an array's header names a shape, a video's time stamps lie
hours apart. Readers ask here first and refuse with the limit that was passed.
"""

import math
import struct
import sys
import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np

from justlmd.core.errors import InputError

LARGEST_JSON_BYTES = 1 << 30
"""Three hours of ``smplfull.json`` are 0.8 GB."""
LARGEST_TEXT_BYTES = 64 << 20
"""Lyrics, tables and notes."""
LARGEST_ARRAYS_BYTES = 4 << 30
"""All arrays of a file together, unfolded."""
LONGEST_VIDEO_S = 3 * 3600.0
MOST_PIXELS = 7680 * 4320
"""Of one frame (8K)."""
LARGEST_NUMBER = 1e6
"""No angle, no distance in metres and no shape parameter of a person is larger."""
MOST_PARAMETERS = 1_000_000_000
"""Weights of a network."""


def gigabytes(size: float) -> str:
    """A number of bytes for people."""
    return f"{size / (1 << 30):.3g} GB"


def check_file(path: str | Path, largest_bytes: int, what: str) -> None:
    """Raise InputError if ``path`` is no regular file of at most ``largest_bytes``; ``what`` it should be, in words.

    A pipe or a device would be read for ever.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise InputError(f"is no file, so not {what}", where=path)
    if path.is_file() and path.stat().st_size > largest_bytes:
        size = gigabytes(path.stat().st_size)
        raise InputError(f"has {size}; {what} may have {gigabytes(largest_bytes)}", where=path)


def check_arrays(path: str | Path) -> None:
    """Raise InputError if an npy or npz file announces more than :data:`LARGEST_ARRAYS_BYTES`.

    Reads the headers alone. Files that are neither raise ValueError, ``BadZipFile`` or others, as ``np.load`` does.
    """
    path = Path(path)
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            file.seek(0)
            announced = _announced_bytes(file)
        else:
            announced = 0
            with zipfile.ZipFile(file) as archive:
                for entry in archive.infolist():
                    announced += entry.file_size
                    if entry.filename.endswith(".npy"):
                        with archive.open(entry) as member:
                            announced += max(0, _announced_bytes(member) - entry.file_size)  # type: ignore[arg-type]
    if announced > LARGEST_ARRAYS_BYTES:
        raise InputError(
            f"announces arrays of {gigabytes(announced)}; {gigabytes(LARGEST_ARRAYS_BYTES)} are allowed", where=path
        )


def _announced_bytes(file: BinaryIO) -> int:
    """Bytes of the array that the header of an npy names."""
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in read:
        return 0  # np.load says what it thinks of it
    try:
        shape, _, kind = read[version](file)
    except (SyntaxError, TypeError, struct.error, OverflowError) as error:
        raise ValueError(f"its header is damaged ({error})") from error
    return math.prod(shape) * kind.itemsize


def limit_memory(megabytes: int) -> bool:
    """Let this process, and each of its children, take at most so much memory of its own; whether the system does it.

    What a process maps of files does not count (``RLIMIT_DATA``, which Linux alone enforces): libraries and the arrays
    of a data set are many times what a job takes. Beyond the limit it gets a MemoryError, and no machine swaps.
    """
    if sys.platform != "linux":
        return False
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = megabytes << 20
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    return True


MOST_LINES = 20
"""Faults that are listed; of more only the number is given."""


def first_faults(lines: list[str], name: str) -> list[str]:
    """The first :data:`MOST_LINES` lines, and one that says how many more faults ``name`` has."""
    rest = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], f"{name}: and {rest} more faults"] if rest > 0 else lines
