"""Writing files whole or not at all, and reading JSON and npz without trusting them."""

import json
import lzma
import os
import re
import socket
import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.core.errors import InputError
from justlmd.core.limits import LARGEST_ARRAYS_BYTES, LARGEST_JSON_BYTES, check_arrays, check_file

UNREADABLE_NPZ = (
    ValueError, OSError, EOFError, KeyError, AttributeError, NotImplementedError, RuntimeError, struct.error,
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, SyntaxError, TypeError, tokenize.TokenError, OverflowError,
)  # fmt: skip
"""What numpy and zipfile raise for damaged, encrypted and unknown archives and arrays; a plain .npy has no members."""


def cache_folder() -> Path:
    """The project's folder in the user's cache: ``$XDG_CACHE_HOME/justlmd``, or ``~/.cache/justlmd``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "justlmd"


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` (same suffix); rename it onto ``path`` when the block succeeds.

    A killed or failed block never leaves a half-written ``path`` behind: the old file, if any, stays. What a killed
    process left of its temporary file goes with the next one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_behind(path)
    temporary = path.with_name(f".{path.stem}.{_host()}-{os.getpid()}.partial{path.suffix}")
    try:
        yield temporary
        if temporary.is_file():  # on the disk before it has the name: power may fail in between
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _host() -> str:
    """The name of this computer, as a part of a file's name."""
    return re.sub(r"[^\w-]", "_", socket.gethostname())


def _lives(process: int) -> bool:
    """Whether there is a process of this number."""
    if sys.platform == "win32":
        return True  # there, asking would end it
    try:
        os.kill(process, 0)
    except PermissionError:
        return True  # somebody else's
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # a system that does not say
    return True


def _remove_left_behind(path: Path) -> None:
    """Remove the temporary files of ``path`` whose processes are gone; those of other computers may be in use."""
    start, end = f".{path.stem}.{_host()}-", f".partial{path.suffix}"
    for other in path.parent.iterdir():
        number = other.name[len(start) : -len(end)]
        ours = other.name.startswith(start) and other.name.endswith(end) and number.isdecimal()
        if ours and not _lives(int(number)):
            other.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text with ``\\n`` line ends, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: str | Path, value: Any) -> None:
    """Write indented JSON (UTF-8, no NaN), keys in the order given."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read JSON; raises InputError that names the file and line."""
    check_file(path, LARGEST_JSON_BYTES, "JSON")
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise InputError(f"not valid JSON ({error.msg})", where=f"{path}:{error.lineno}") from error
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text, so not JSON", where=path) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets within brackets
        raise InputError(f"not JSON that can be read ({error})", where=path) from error


def write_npz(path: str | Path, **arrays: np.ndarray | str | int | float) -> None:
    """Write a compressed npz with fixed time stamps, so that equal arrays give equal bytes."""
    with replacing(path) as temporary:
        np.savez_compressed(
            temporary, allow_pickle=False, **{name: np.asarray(array) for name, array in arrays.items()}
        )


def read_npz(path: str | Path, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """Read an npz, or only the arrays of these ``names``, without unpickling anything.

    Raises InputError that names the file when it is missing, damaged or lacks one of ``names``.
    """
    check_file(path, LARGEST_ARRAYS_BYTES, "an npz")
    try:
        check_arrays(path)
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in (archive.files if names is None else names)}
    except UNREADABLE_NPZ as error:
        raise InputError(f"not a readable npz file ({error})", where=path) from error


def read_arrays(path: str | Path, shapes: Mapping[str, tuple[int | None, ...]]) -> dict[str, np.ndarray]:
    """Read an npz and check those of its arrays that ``shapes`` names: numbers of that shape, None for any size.

    Raises InputError that names the file, and the array that is missing or is something else.
    """
    arrays = read_npz(path)
    for name, shape in shapes.items():
        if name not in arrays:
            raise InputError(f"lacks {name}", where=path, next_step="delete it and run again")
        found = arrays[name]
        fits = len(found.shape) == len(shape) and all(b in (None, a) for a, b in zip(found.shape, shape, strict=True))
        if not fits or found.dtype.kind not in "fiub":
            wanted = " x ".join("n" if size is None else str(size) for size in shape) or "one"
            what = f"{name} is {found.dtype} of shape {found.shape}, not {wanted} numbers"
            raise InputError(what, where=path, next_step="delete it and run again")
    return arrays
