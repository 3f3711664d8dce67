"""Reading SMPL's official ``.pkl`` files without running anything that is in them.

They hold numpy arrays, scipy sparse matrices and chumpy arrays. Unpickling may call any function the file names, so
only the few harmless ones that such files need are answered; chumpy and scipy objects become boxes of their state.
"""

import codecs
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.errors import InputError


class _Box:
    """Stands for an object of a class that is never imported; keeps the state that the file gives it."""

    def __new__(cls, *_arguments: Any, **_named: Any) -> "_Box":
        return object.__new__(cls)

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}


class _ArrayType:
    """Stands for the class numpy.ndarray, which a file may name but not call."""


class _ObjectType:
    """Stands for the class object, which a file may name but not call."""


def _empty_array(_kind: Any, _shape: Any, _type: Any) -> np.ndarray:
    """An array whose shape, type and values the file gives next; the size asked for here is not trusted."""
    return np.zeros(0)


def _box_from(kind: Any, _base: Any, _state: Any) -> _Box:
    if kind is not _Box:
        raise pickle.UnpicklingError("it builds an object of an unexpected class")
    return _Box()


def _encoded(text: str, encoding: str) -> bytes:
    """Bytes, which Python 3 writes into protocol-2 pickles as encoded text."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"it encodes text as {encoding}")
    return codecs.encode(text, "latin1")


_ANSWERED = {
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy.core.multiarray", "scalar"): np._core.multiarray.scalar,  # type: ignore[attr-defined]
    ("numpy._core.multiarray", "scalar"): np._core.multiarray.scalar,  # type: ignore[attr-defined]
    ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): _ArrayType,
    ("_codecs", "encode"): _encoded,
    ("copy_reg", "_reconstructor"): _box_from,
    ("copyreg", "_reconstructor"): _box_from,
    ("__builtin__", "object"): _ObjectType,
    ("builtins", "object"): _ObjectType,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ANSWERED:
            return _ANSWERED[module, name]
        root = module.split(".")[0]
        if root == "chumpy" or (
            module.startswith("scipy.sparse") and name in ("csc_matrix", "csr_matrix", "coo_matrix")
        ):
            return _Box
        raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no SMPL file needs, so it was not loaded")


def _array(value: Any) -> Any:
    """The numpy array behind a chumpy or scipy box; anything else as it is."""
    if not isinstance(value, _Box):
        return value
    state = getattr(value, "state", {})
    if "indptr" in state:
        return _dense(state)
    if "x" in state:
        return _array(state["x"])
    if "a" in state and "idxs" in state:  # chumpy.reordering.Select
        picked = np.asarray(_array(state["a"])).ravel()[np.asarray(state["idxs"])]
        shape = state.get("preferred_shape")
        return picked if shape is None else picked.reshape(tuple(shape))
    raise ValueError("holds an object without array values")


def _dense(state: dict[str, Any]) -> np.ndarray:
    """The joint regressor (24, V) that SciPy keeps in compressed columns (or, seen by its pointers' number, rows)."""
    rows, columns = (int(size) for size in state["_shape" if "_shape" in state else "shape"])
    if rows * columns > 10_000_000:
        raise ValueError("is too large a matrix")
    values, indices, pointers = (np.asarray(state[key]) for key in ("data", "indices", "indptr"))
    by_column = len(pointers) == columns + 1
    other = np.repeat(np.arange(len(pointers) - 1), np.diff(pointers))
    result = np.zeros((rows, columns))
    np.add.at(result, (indices, other) if by_column else (other, indices), values)
    return result


def read_smpl_pickle(path: str | Path) -> dict[str, Any]:
    """The arrays of an SMPL ``.pkl`` by key; keys that a body does not need are left out.

    Raises InputError that names the file, and the class when the file asks for one that no SMPL file needs.
    """
    needed = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "kintree_table", "f")
    try:
        with Path(path).open("rb") as stream:
            content = _Unpickler(stream, encoding="latin1").load()
    except Exception as error:  # a hostile file may make the unpickler raise anything
        raise InputError(f"{path}: cannot be read as an SMPL model ({error})") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: an SMPL model file holds a dictionary, this one a {type(content).__name__}")
    result = {}
    for key in needed:
        if key in content:
            try:
                result[key] = _array(content[key])
            except (ValueError, TypeError, IndexError, KeyError, RecursionError) as error:
                raise InputError(f"{path}: {key} {error}") from error
    return result
