"""Files are written whole or not at all, and damaged ones are named."""

import os
import re
import socket
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from justlmd.core.errors import InputError
from justlmd.core.files import read_json, read_npz, replacing, write_json, write_npz


def test_a_failed_block_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"old": 1})
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("killed")
    assert read_json(path) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_behind_goes_with_the_next_write(tmp_path):
    host = re.sub(r"[^\w-]", "_", socket.gethostname())
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    stay = [
        f".a.{host}-{os.getpid()}.partial.npz",
        f".a.elsewhere-{dead.pid}.partial.json",
        f".b.{host}-{dead.pid}.partial.json",
    ]
    for name in [f".a.{host}-{dead.pid}.partial.json", *stay]:
        (tmp_path / name).touch()
    write_json(tmp_path / "a.json", 1)
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", *stay}


def test_equal_arrays_give_equal_bytes(tmp_path):
    for name in ("a.npz", "b.npz"):
        write_npz(tmp_path / name, x=np.arange(9.0), backend="fit")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert str(read_npz(tmp_path / "a.npz")["backend"]) == "fit"


def test_objects_are_neither_written_nor_unpickled(tmp_path):
    with pytest.raises(ValueError):
        write_npz(tmp_path / "a.npz", x=np.array([{}], dtype=object))
    np.savez(tmp_path / "evil.npz", x=np.array([{}], dtype=object))
    with pytest.raises(InputError, match=r"evil\.npz"):
        read_npz(tmp_path / "evil.npz")


@given(cut=st.integers(0, 400), flip=st.integers(0, 399), byte=st.integers(0, 255))
def test_a_damaged_npz_is_read_or_named(tmp_path_factory, cut, flip, byte):
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    write_npz(path, x=np.arange(50.0))
    data = bytearray(path.read_bytes()[:cut])
    if flip < len(data):
        data[flip] = byte
    path.write_bytes(bytes(data))
    try:
        read_npz(path)
    except InputError as error:
        assert "a.npz" in str(error)


@pytest.mark.parametrize("text", ["{", "", "[" * 100_000, "1" * 5000, "\x00"])
def test_broken_json_is_named(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=r"a\.json"):
        read_json(tmp_path / "a.json")
