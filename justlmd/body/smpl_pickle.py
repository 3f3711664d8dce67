"""Reading SMPL's official ``.pkl`` files without running anything that is in them.

They hold numpy arrays, scipy sparse matrices and chumpy arrays; the latter two become boxes of their state.
"""

from pathlib import Path
from typing import Any

import numpy as np

from justlmd.core.errors import InputError
from justlmd.core.safe_pickle import Box, read_pickle

_BOXED = ("chumpy.", *(f"scipy.sparse.{prefix}{kind}" for prefix in ("", "_") for kind in ("csc", "csr", "coo")))
"""Classes of chumpy and of SciPy's sparse matrices, in old and new SciPy."""


def _array(value: Any) -> Any:
    """The numpy array behind a chumpy or scipy box; anything else as it is."""
    if not isinstance(value, Box):
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
    content = read_pickle(path, "an SMPL model", _BOXED)
    if not isinstance(content, dict):
        raise InputError(f"an SMPL model file holds a dictionary, this one a {type(content).__name__}", where=path)
    result = {}
    for key in needed:
        if key in content:
            try:
                result[key] = _array(content[key])
            except (ValueError, TypeError, IndexError, KeyError, RecursionError) as error:
                raise InputError(f"{key} {error}", where=path) from error
    return result
