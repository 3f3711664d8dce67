"""Files damaged at random, as Hypothesis strategies: bytes, values of JSON, arrays of npz."""

import copy
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st

HOSTILE_BYTES = (
    b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"-1", b"1e308", b"-1e308", b"NaN", b"Infinity", b"9" * 400, b"{", b"[",
    b'"', b"\n", b"\t", b"\r\n", b"null", b"true", b"../../x", b"%s%n", b"\x1b[31m", b"\xed\xa0\x80",
    b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"[99:99.99]", b"<00:00.00>", b": &a [*a]", b"!!python/object:os.system",
)  # fmt: skip
"""What is put into files: ends, signs, numbers beyond reason, paths, codes."""

HOSTILE_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2**31, 2**63, 10**30, -(2**63), 1e308, -1e308, 1e-320, float("nan"), float("inf"), "", " ",
    "a", "\x00", "../../x", "\ud800", "🕺" * 50, "9" * 400, "-1", "nan", [], [[]], [None], [1, 2, 3], [[0.0] * 3] * 3, {},
    {"": None}, {"a": {"b": {}}}, [{}], ["x"] * 50,
)  # fmt: skip
"""What stands in for any value of JSON or YAML."""

PLACES = st.floats(0, 1, exclude_max=True)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(("flip", "cut", "insert", "over", "repeat", "drop")),
        PLACES,
        st.integers(1, 64),
        st.one_of(st.sampled_from(HOSTILE_BYTES), st.binary(min_size=1, max_size=8)),
    ),
    min_size=1,
    max_size=3,
)


@st.composite
def damaged_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """``content`` with up to three bytes flipped, pieces cut out, doubled, put in or written over."""
    found = bytearray(content)
    for kind, where, length, extra in draw(EDITS):
        place = int(where * len(found))
        if kind == "flip" and found:
            found[place] ^= 1 << length % 8
        elif kind == "cut":
            del found[place:]
        elif kind == "insert":
            found[place:place] = extra
        elif kind == "over":
            found[place : place + len(extra)] = extra
        elif kind == "repeat":
            found[place:place] = found[place : place + length]
        elif kind == "drop":
            del found[place : place + length]
    return bytes(found)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value within lists and mappings; of long lists only to the first three."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    for key, part in inner:
        yield from _places(part, (*path, key))


@st.composite
def damaged_value(draw: st.DrawFn, value: Any) -> Any:
    """A value of JSON of which one to three parts are another, gone, or under another name."""
    found = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(found))
        path = places[int(draw(PLACES) * len(places))]
        if not path:
            found = copy.deepcopy(draw(st.sampled_from(HOSTILE_VALUES)))
            continue
        parent = found
        for key in path[:-1]:
            parent = parent[key]
        if draw(st.integers(0, 4)) == 0:
            del parent[path[-1]]
        else:
            parent[path[-1]] = copy.deepcopy(draw(st.sampled_from(HOSTILE_VALUES)))
    return found


def damaged_json(value: Any) -> st.SearchStrategy[bytes]:
    """The bytes of JSON, damaged as a value."""
    return damaged_value(value).map(lambda found: json.dumps(found).encode())


@st.composite
def damaged_arrays(draw: st.DrawFn, arrays: dict[str, np.ndarray]) -> bytes:
    """The bytes of an npz of which one to three arrays have another type, shape or value, or are gone."""
    found = dict(arrays)
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(found))) if found else "x"
        array = np.asarray(found.pop(name, np.zeros(3)))
        if (changed := _changed(draw, array)) is not None:
            found[name] = changed
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **found)
    return buffer.getvalue()


def _changed(draw: st.DrawFn, array: np.ndarray) -> np.ndarray | None:
    kind = draw(st.sampled_from(("gone", "type", "shape", "value", "empty", "longer", "text")))
    if kind == "gone":
        return None
    if kind == "text":
        return np.array(draw(st.sampled_from(["", "x", "nan", "../x"])))
    if kind == "empty":
        return array[:0] if array.ndim else np.zeros(0)
    if kind == "longer":
        return np.concatenate([array, array]) if array.ndim else np.repeat(array[None], 3)
    if kind == "shape":
        return array.reshape(draw(st.sampled_from([(-1,), (1, -1), (-1, 1), (-1, 1, 1)])))
    if array.dtype.kind not in "fiub":
        return np.zeros(array.shape)
    if kind == "type":
        chosen = draw(st.sampled_from(["f2", "f8", "i1", "u8", "c16", "U3", "?", "M8[s]", "S2"]))
        return np.zeros(array.shape, chosen) if chosen in ("M8[s]", "S2", "U3") else array.astype(chosen)
    if not array.size:
        return None
    changed = array.astype(float)
    value = draw(st.sampled_from([np.nan, np.inf, -np.inf, 1e308, -1e308, -1.0, 1e9, 2.0**63]))
    if draw(st.booleans()):
        changed[...] = value
    else:
        changed.flat[int(draw(PLACES) * changed.size)] = value
    return changed
