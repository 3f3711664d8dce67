"""What a small file asks for is refused before memory is taken for it."""

import io
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from justlmd.body.model import load_body
from justlmd.core import limits
from justlmd.core.errors import InputError, JustLMDError, failed_for_good, of_system, write_failure
from justlmd.core.files import read_json, read_npz
from justlmd.core.limits import check_arrays, first_faults
from justlmd.lyrics.lrc import lrc_bytes
from justlmd.motion.importers.formats import read_any_motion


def header(shape: tuple[int, ...], version: int = 1) -> bytes:
    """An npy that names a shape and holds nothing."""
    text = repr({"descr": "<f8", "fortran_order": False, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text


def zipped(path: Path, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("poses.npy", content)
    return path


@pytest.mark.parametrize("version", [1, 2])
def test_a_header_may_name_any_shape_and_gets_no_memory(tmp_path: Path, version: int) -> None:
    path = zipped(tmp_path / "a.npz", header((10**6, 10**6), version))
    with pytest.raises(InputError, match=r"a\.npz: announces arrays of 7\.45e\+03 GB"):
        read_npz(path)
    with pytest.raises(InputError, match="announces arrays"):
        read_any_motion(path, load_body())
    (tmp_path / "a.npy").write_bytes(header((10**12,), version))
    with pytest.raises(InputError, match="announces arrays"):
        read_any_motion(tmp_path / "a.npy", load_body())


def test_what_unfolds_counts_not_what_lies_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(1 << 20))
    path = zipped(tmp_path / "a.npz", buffer.getvalue())
    assert path.stat().st_size < 1 << 16
    check_arrays(path)
    monkeypatch.setattr(limits, "LARGEST_ARRAYS_BYTES", 1 << 20)
    with pytest.raises(InputError, match="announces arrays"):
        check_arrays(path)


def test_unknown_and_encrypted_zips_are_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.npz", header((3,)), zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for place in (8, content.index(b"PK\x01\x02") + 10):  # the method, in both of its headers
        content[place : place + 2] = struct.pack("<H", 99)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.npz: not a readable npz file"):
        read_npz(path)
    with pytest.raises(InputError, match=r"a\.npz"):
        read_any_motion(path, load_body())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(InputError, match="is no file"):
        read_json(tmp_path / "a.json")
    with pytest.raises(InputError, match="is no file"):
        read_any_motion(tmp_path / "a.json", load_body())


@pytest.mark.parametrize("value", [1e308, complex(0, 1), np.inf])
def test_numbers_that_are_no_motion_are_named(tmp_path: Path, value: complex) -> None:
    poses = np.zeros((30, 72), np.asarray(value).dtype)
    poses[:] = value
    path = tmp_path / "a.npz"
    np.savez(path, poses=poses, trans=np.zeros((30, 3)), mocap_framerate=30.0)
    with pytest.raises(InputError, match=r"a\.npz"):
        read_any_motion(path, load_body())


def test_lyrics_of_any_size_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.lrc"
    with path.open("wb") as file:
        file.truncate(limits.LARGEST_TEXT_BYTES + 1)
    with pytest.raises(InputError, match=r"a\.lrc: has .* GB; an \.lrc file may have"):
        lrc_bytes(path)


def test_text_is_no_pickle(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_text("I am no pickle\n" * 100)
    with pytest.raises(InputError, match=r"a\.pkl: cannot be read as motion"):
        read_any_motion(tmp_path / "a.pkl", load_body())


def test_many_faults_make_one_page() -> None:
    lines = first_faults([f"line {number}" for number in range(100_000)], "songs.tsv")
    assert len(lines) == 21
    assert lines[-1] == "songs.tsv: and 99980 more faults"


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(28, "No space left on device", "a.npz"), "storage"),
        (PermissionError(13, "Permission denied", "a.npz"), "permission"),
        (OSError(30, "Read-only file system", "a.npz"), "storage"),
        (MemoryError(), "memory"),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"), "memory"),
    ],
)
def test_faults_of_the_system_have_a_cause_and_a_next_step(error: Exception, cause: str) -> None:
    found = of_system(error)
    assert found is not None
    assert found.cause == cause
    assert found.next_step
    assert not found.permanent
    assert of_system(ValueError("a defect")) is None


def test_what_people_must_mend_is_not_tried_again_in_the_same_run(tmp_path: Path) -> None:
    note = tmp_path / "lyrics.error"
    write_failure(note, InputError("has no lines", where="a.lrc"), "run 1")
    again = failed_for_good(note, "run 1")
    assert again is not None
    assert str(again) == "a.lrc: has no lines"
    assert failed_for_good(note, "run 2") is None
    assert failed_for_good(note, "") is None
    write_failure(note, JustLMDError("the connection failed", cause="connection"), "run 1")
    assert failed_for_good(note, "run 1") is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_process_beyond_its_memory_gets_an_error() -> None:
    code = (
        "import numpy as np; from justlmd.core.limits import limit_memory; assert limit_memory(300)\n"
        "np.ones(1 << 20)\n"
        "try: np.ones(1 << 26)\n"
        "except MemoryError: print('refused')"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "refused\n"
