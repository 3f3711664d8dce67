"""Reading pickles without running anything that is in them.

Unpickling may call any function that a file names, so only the few harmless ones that files of numpy arrays need are
answered; every other name is refused. Files of ``joblib.dump`` (arrays as raw bytes between the pickle's opcodes,
possibly compressed by zlib) are understood without joblib.
"""

import codecs
import io
import math
import pickle
import zlib
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from justlmd.core.errors import InputError
from justlmd.core.limits import LARGEST_ARRAYS_BYTES, check_file


class Box:
    """Stands for an object of a class that is never imported; keeps the state that the file gives it."""

    def __new__(cls, *_arguments: Any, **_named: Any) -> "Box":
        return object.__new__(cls)

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}


class _JoblibArray(Box):
    """Stands for joblib's note that the bytes of an array follow."""

    def read(self, stream: BinaryIO) -> np.ndarray:
        state = self.state
        shape, kind = tuple(int(size) for size in state["shape"]), state["dtype"]
        if not isinstance(kind, np.dtype) or kind.hasobject or min(shape, default=0) < 0:
            raise pickle.UnpicklingError("it holds an array of Python objects")
        if state.get("numpy_array_alignment_bytes") is not None:
            stream.read(stream.read(1)[0])
        size = math.prod(shape) * kind.itemsize
        if size > LARGEST_ARRAYS_BYTES:
            raise pickle.UnpicklingError("it announces an array that is too large")
        array = np.frombuffer(stream.read(size), kind)
        return array.reshape(shape, order="F" if state.get("order") == "F" else "C").copy()


class _ArrayType:
    """Stands for the class numpy.ndarray, which a file may name but not call."""


class _ObjectType:
    """Stands for the class object, which a file may name but not call."""


class _DictType:
    """Stands for the class dict, which a file may name but not call."""


def _empty_array(_kind: Any, _shape: Any, _type: Any) -> np.ndarray:
    """An array whose shape, type and values the file gives next; the size asked for here is not trusted."""
    return np.zeros(0)


def _array_of_bytes(data: Any, kind: Any, shape: Any, order: str) -> np.ndarray:
    return np.frombuffer(data, kind).reshape(shape, order="F" if order == "F" else "C").copy()


def _box_from(kind: Any, _base: Any, _state: Any) -> Box:
    if kind is not Box:
        raise pickle.UnpicklingError("it builds an object of an unexpected class")
    return Box()


def _encoded(text: str, encoding: str) -> bytes:
    """Bytes, which Python 3 writes into protocol-2 pickles as encoded text."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"it encodes text as {encoding}")
    return codecs.encode(text, "latin1")


def _plain_dict(*_arguments: Any) -> dict[Any, Any]:
    """An ordered or default dictionary; its items follow."""
    return {}


_scalar = np._core.multiarray.scalar  # type: ignore[attr-defined]
_ANSWERS: tuple[tuple[str, str, Any], ...] = (
    ("numpy.core.multiarray numpy._core.multiarray", "_reconstruct", _empty_array),
    ("numpy.core.multiarray numpy._core.multiarray", "scalar", _scalar),
    ("numpy.core.numeric numpy._core.numeric", "_frombuffer", _array_of_bytes),
    ("numpy", "dtype", np.dtype),
    ("numpy", "ndarray", _ArrayType),
    ("joblib.numpy_pickle", "NumpyArrayWrapper", _JoblibArray),
    ("collections", "OrderedDict", _plain_dict),
    ("collections", "defaultdict", _plain_dict),
    ("_codecs", "encode", _encoded),
    ("copy_reg copyreg", "_reconstructor", _box_from),
    ("__builtin__ builtins", "object", _ObjectType),
    ("__builtin__ builtins", "dict", _DictType),
)
_ANSWERED = {(module, name): answer for modules, name, answer in _ANSWERS for module in modules.split()}


_InPython: Any = pickle._Unpickler
"""Not the unpickler in C, because joblib's bytes stand between the opcodes."""


class _Unpickler(_InPython):
    dispatch: ClassVar[dict[int, Any]] = dict(_InPython.dispatch)

    def __init__(self, stream: BinaryIO, boxed: tuple[str, ...]) -> None:
        super().__init__(stream, encoding="latin1")
        self._stream, self._boxed = stream, boxed

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ANSWERED:
            return _ANSWERED[module, name]
        if f"{module}.{name}".startswith(self._boxed):
            return Box
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no such file needs, so it was not loaded")

    def load_build(self) -> None:
        if not isinstance(self.stack[-2], Box | np.ndarray | np.dtype):
            raise pickle.UnpicklingError("it changes something that is not an array")
        super().load_build()
        if isinstance(self.stack[-1], _JoblibArray):
            self.stack[-1] = self.stack[-1].read(self._stream)

    dispatch[pickle.BUILD[0]] = load_build


def read_pickle(path: str | Path, what: str, boxed: tuple[str, ...] = ()) -> Any:
    """The content of a pickle: arrays, numbers, texts, lists, dictionaries.

    Parameters
    ----------
    path
        Written by ``pickle`` (any protocol) or ``joblib`` (as it is, or compressed by zlib).
    what
        What the file should be, for the message.
    boxed
        Beginnings of dotted names whose objects become a :class:`Box` of their state; nothing of them is imported.

    Raises
    ------
    InputError
        Names the file, and what it asks for when that is refused.
    """
    check_file(path, LARGEST_ARRAYS_BYTES, what)
    try:
        with Path(path).open("rb") as stream:
            first = stream.peek(2)[:2]
            source: Any = stream
            if first[:1] == b"\x78" and first != b"\x78\x80":  # zlib's header; no pickle begins with it
                unfold = zlib.decompressobj()
                source = io.BytesIO(unfold.decompress(stream.read(), LARGEST_ARRAYS_BYTES))
                if unfold.unconsumed_tail:
                    raise pickle.UnpicklingError("it unfolds to more than 4 GiB")
            return _Unpickler(source, boxed).load()
    except Exception as error:  # a hostile file may make the unpickler raise anything
        raise InputError(f"cannot be read as {what} ({error or type(error).__name__})", where=path) from error
