"""Files that hold no motion, or something harmful, are refused by name and by what is wrong with them."""

import pickle
import zlib
from typing import Any

import joblib
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from known_motion import BODY

from justlmd.core.errors import InputError
from justlmd.core.safe_pickle import read_pickle
from justlmd.motion.importers.formats import read_any_motion


class Harmful:
    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return eval, ("__import__('pathlib').Path('harm').touch()",)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pkl", pickle.dumps({"pose": Harmful()}), ["a.pkl", "builtins.eval", "not loaded"]),
        ("a.pkl", zlib.compress(pickle.dumps({"pose": Harmful()})), ["a.pkl", "builtins.eval"]),
        ("a.pkl", pickle.dumps({"weather": 1, "tides": 2}), ["no motion format", "weather, tides"]),
        ("a.pkl", pickle.dumps({"x": {"vertices": 1}}), ["holds x", "vertices"]),
        ("a.pkl", pickle.dumps([1, 2]), ["holds a list"]),
        ("a.pkl", pickle.dumps({"smpl_poses": np.zeros((5, 70)), "smpl_trans": np.zeros((5, 3)), "smpl_scaling": [1]}),
         ["a.pkl", "72 per frame"]),
        ("a.pkl", pickle.dumps({"smpl_poses": "x", "smpl_trans": np.zeros((5, 3)), "smpl_scaling": [1]}), ["numbers"]),
        ("a.pkl", pickle.dumps({"joints": np.full((4, 24, 3), np.nan)}), ["no frame"]),
        ("a.pkl", pickle.dumps({"joints": np.zeros((4, 19, 3))}), ["(4, 19, 3)", "(T, 17, 3)"]),
        ("a.pkl", pickle.dumps({"joints": np.zeros((0, 24, 3))}), ["a.pkl"]),
        ("a.pkl", b"", ["is empty"]),
        ("a.pkl", b"\x80\x04garbage", ["a.pkl", "cannot be read"]),
        ("a.npy", b"\x93NUMPY\x01", ["a.npy"]),
        ("a.npz", b"PK\x03\x04 and so on", ["a.npz", "not a readable npz"]),
        ("a.json", b"{", ["a.json"]),
        ("a.txt", b"hello", ["a.txt", "cannot be read as motion"]),
    ],
)  # fmt: skip
def test_other_files_are_refused_by_name_and_content(tmp_path, monkeypatch, name, content, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_any_motion(tmp_path / name, BODY)
    for word in words:
        assert word in str(caught.value)
    assert not (tmp_path / "harm").exists()


def test_a_torch_file_that_would_run_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"smpl_params_incam": Harmful()}, tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"a\.pt: torch refuses"):
        read_any_motion(tmp_path / "a.pt", BODY)
    assert not (tmp_path / "harm").exists()


def test_missing_files_frame_rates_and_empty_folders_are_named(tmp_path):
    with pytest.raises(InputError, match="no such motion file"):
        read_any_motion(tmp_path / "nothing.npz", BODY)
    with pytest.raises(InputError, match="FrankMocap"):
        read_any_motion(tmp_path, BODY)
    np.savez(tmp_path / "a.npz", poses=np.zeros((5, 156)), trans=np.zeros((5, 3)))
    with pytest.raises(InputError, match="frame rate is missing"):
        read_any_motion(tmp_path / "a.npz", BODY)
    np.savez(tmp_path / "a.npz", poses=np.zeros((5, 156)), trans=np.zeros((5, 3)), mocap_framerate=0.0)
    with pytest.raises(InputError, match="0 frames per second"):
        read_any_motion(tmp_path / "a.npz", BODY)


def test_a_compressed_file_that_unfolds_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("justlmd.core.safe_pickle.LARGEST_ARRAYS_BYTES", 1000)
    (tmp_path / "a.pkl").write_bytes(zlib.compress(pickle.dumps(bytes(100_000))))
    with pytest.raises(InputError, match="unfolds"):
        read_pickle(tmp_path / "a.pkl", "motion")


@pytest.mark.parametrize("kind", [object, "O"])
def test_joblib_arrays_of_objects_are_refused(tmp_path, kind):
    joblib.dump({"pose": np.array([Harmful()], dtype=kind)}, tmp_path / "a.pkl")
    with pytest.raises(InputError, match=r"a\.pkl"):
        read_any_motion(tmp_path / "a.pkl", BODY)


def test_a_pickle_may_not_change_the_functions_it_is_answered_with(tmp_path):
    tampering = b"\x80\x02cnumpy\ndtype\n}X\x01\x00\x00\x00aK\x01sb."
    (tmp_path / "a.pkl").write_bytes(tampering)
    with pytest.raises(InputError, match="not an array"):
        read_pickle(tmp_path / "a.pkl", "motion")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([b"", b"\x80\x04", b"PK\x03\x04", b"\x93NUMPY", b"{", b"\x78\x9c"]))
def test_whatever_bytes_end_in_a_message(tmp_path_factory, tail, head):
    path = tmp_path_factory.mktemp("bytes") / "motion.pkl"
    path.write_bytes(head + tail)
    with pytest.raises(InputError, match=r"motion\.pkl"):
        read_any_motion(path, BODY)
