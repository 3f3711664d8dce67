"""The data set: what becomes a sequence, where its rows lie, how songs are split, equal bytes of equal input."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_songs import write_song

from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.core.files import write_npz
from justlmd.dataset.build import INDEX_COLUMNS, build_dataset, read_audio
from justlmd.dataset.complete import complete_dataset
from justlmd.dataset.sequences import sequences_of
from justlmd.dataset.song_files import SongFiles
from justlmd.dataset.splits import lyrics_groups, song_groups, split_groups
from justlmd.dataset.storage import ARRAYS, open_dataset
from justlmd.lyrics.document import write_lyrics
from justlmd.lyrics.lrc import parse_lrc
from justlmd.motion.motion import to_yup
from justlmd.motion.smplfull import read_smplfull
from justlmd.motion.song_motion import SongMotion, write_song_motion

ORIGINAL_COUNTS = {"Panini": 10, "TheWayIAre": 14, "BuildAB": 11, "MONTERO": 13}


@pytest.fixture(scope="module")
def body():
    return load_body()


def read_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# ---------------------------------------------------------------- groups and splits


def test_songs_with_equal_words_are_one_group_whatever_case_and_punctuation():
    texts = {"b": "Hello, World", "a": "hello world!", "c": "other", "d": "", "e": " "}
    assert lyrics_groups(texts) == {"a": "a", "b": "a", "c": "c", "d": "d", "e": "e"}


def test_the_song_tables_group_wins_and_draws_twins_in():
    texts = {"a": "same", "b": "same", "c": "other", "d": "third"}
    groups = song_groups(texts, {"a": "", "b": "mine", "c": "mine", "d": ""})
    assert groups == {"a": "mine", "b": "mine", "c": "mine", "d": "d"}


@given(st.sets(st.text(min_size=1, max_size=5), min_size=1, max_size=40), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_every_split_has_a_group_once_there_are_three(groups, seed):
    splits = split_groups(groups, seed)
    assert set(splits) == groups
    found = set(splits.values())
    assert found == {"train", "val", "test"} if len(groups) >= 3 else "train" in found
    assert splits == split_groups(sorted(groups, reverse=True), seed)


def test_a_fraction_of_zero_leaves_a_split_empty():
    assert set(split_groups("abcdef", 0, val_fraction=0, test_fraction=0).values()) == {"train"}


# ---------------------------------------------------------------- sequences


def test_a_sequence_starts_at_the_rounded_frame_of_its_stamp():
    sliced = {"00:10.000": "a", "00:16.716": "b", "00:23.300": "c"}
    found = sequences_of(sliced, 300, np.ones(600, bool), False, "x")
    assert found.starts == [0, 201, 399] and found.texts == ["a", "b", "c"]  # 16.716 s is frame 501.48, 23.3 s is 699


def test_slices_without_six_seconds_of_motion_are_left_out_and_counted():
    valid = np.ones(500, bool)
    valid[250] = False
    sliced = {"00:01.000": "early", "00:10.000": "a", "00:16.700": "hole", "00:25.000": "late", "01:00.000": "gone"}
    found = sequences_of(sliced, 300, valid, False, "x")
    assert found.texts == ["a"]
    assert found.excluded == {
        "begins before the motion": 1,
        "frames without a recovered body": 1,
        "the motion ends before six seconds are over": 2,
    }


def test_a_malformed_stamp_names_its_file():
    with pytest.raises(InputError, match=r"song/sliced\.json: 'soon'"):
        sequences_of({"soon": "text"}, 0, np.ones(200, bool), False, "song/sliced.json")


# ---------------------------------------------------------------- building


def test_rows_of_motion_music_and_words_lie_on_one_clock(tmp_path, body):
    songs = [write_song(tmp_path / name, name, start_s=start) for name, start in (("one", 2.0), ("two", 3.4))]
    build_dataset(songs, tmp_path / "out", body)
    data = open_dataset(tmp_path / "out")
    assert {name: len(data[name]) for name in ("transl", "log_mel", "valid", "betas")} == {
        "transl": 800,
        "log_mel": 800,
        "valid": 800,
        "betas": 2,
    }
    two = data.songs["two"]
    assert (two.first_frame, two.frames, two.start_frame) == (400, 400, 102)
    assert data["log_mel"][two.rows][:3, 0].tolist() == [102, 103, 104]  # the toy music counts video frames
    truth = to_yup(read_smplfull(songs[1].motion), body)
    np.testing.assert_allclose(data["transl"][two.rows], truth.transl, atol=1e-6)
    np.testing.assert_allclose(data["rest_joints"][1], body.rest_joints(truth.betas), atol=1e-6)
    row = data.index[data.index["song"] == "two"].iloc[1]
    assert row["id"] == "two_004400" and row["start_frame"] == 30 and row["start_s"] == pytest.approx(4.4)
    assert row["n_tokens"] == 7  # seconds 4 to 10 overlap 4.4 to 10.4
    assert row["text"] == "two 1" and row["level"] == "interpolated"
    assert data["token_times"][two.token_rows][3].tolist() == [3, 4]
    assert data.beats("two")[:2].tolist() == [0.25, 0.75]


def test_a_song_without_sound_or_embeddings_is_masked_not_faked(tmp_path, body):
    songs = [write_song(tmp_path / "full", "full"), write_song(tmp_path / "mute", "mute", audio=None, embeddings=None)]
    build_dataset(songs, tmp_path / "out", body)
    data = open_dataset(tmp_path / "out")
    mute = data.songs["mute"]
    assert not data["has_audio"][mute.rows].any() and data["has_audio"][data.songs["full"].rows].all()
    assert not data["log_mel"][mute.rows].any()
    assert mute.tokens == 0 and mute.beats == 0 and (data.index[data.index["song"] == "mute"]["n_tokens"] == 0).all()


def test_the_phase_of_the_bar_is_there_and_a_data_set_from_before_it_opens_without(tmp_path, body):
    song = write_song(tmp_path / "a", "a")
    build_dataset([song], tmp_path / "out", body)
    data = open_dataset(tmp_path / "out")
    row, phase = data.songs["a"], np.load(song.audio)["bar_phase"]
    expected = 2 * np.pi * phase[row.start_frame : row.start_frame + row.frames]
    np.testing.assert_allclose(data["bar"], np.column_stack([np.sin(expected), np.cos(expected)]), atol=1e-5)
    audio = dict(np.load(song.audio))
    write_npz(song.audio, **{name: audio[name] for name in audio if name not in ("downbeat_times", "bar_phase")})
    assert not read_audio(song.audio, 0, 100)["bar"].any()
    (tmp_path / "out" / "bar.npy").unlink()
    assert "bar" not in open_dataset(tmp_path / "out").arrays


def test_sound_shorter_than_the_motion_is_masked_where_it_ends(tmp_path, body):
    song = write_song(tmp_path / "a", "a")
    audio = dict(np.load(song.audio))
    write_npz(song.audio, **{name: array[:200] for name, array in audio.items()})
    build_dataset([song], tmp_path / "out", body)
    assert open_dataset(tmp_path / "out")["has_audio"].sum() == 200 - 60


def test_frames_without_a_body_cost_their_sequences_and_are_counted(tmp_path, body):
    songs = [write_song(tmp_path / "a", "a", missing=range(40, 50))]
    summary = build_dataset(songs, tmp_path / "out", body)
    complete_dataset(tmp_path / "out", songs)
    assert summary["sequences"] == 1 and summary["excluded"] == {
        "frames without a recovered body": 2,
        "the motion ends before six seconds are over": 1,
    }
    card = (tmp_path / "out" / "README.md").read_text()
    assert "2 slices: frames without a recovered body" in card
    sung, used = summary["sung_words"], summary["words_in_sequences"]
    assert 0 < used < sung
    assert f"Sequences hold {used} of {sung} sung words ({used / sung:.1%})." in card


def test_shape_parameters_of_another_body_are_set_to_the_mean(tmp_path, body):
    song = write_song(tmp_path / "a", "a")
    motion = replace(read_smplfull(song.motion), shapes=np.ones(10))
    write_song_motion(song.motion, song.meta, SongMotion.made(motion, body, "EasyMocap", 2.0, own_shapes=False))
    build_dataset([song], tmp_path / "out", body)
    data = open_dataset(tmp_path / "out")
    assert not data["betas"].any()
    np.testing.assert_allclose(data["rest_joints"][0], body.rest_joints(), atol=1e-6)
    assert pd.read_parquet(tmp_path / "out" / "songs.parquet")["foreign_shape"].tolist() == [True]


def test_equal_input_gives_equal_bytes_whatever_the_order_of_the_songs(tmp_path, body):
    songs = [write_song(tmp_path / name, name) for name in ("a", "b", "c")]
    for out, order in (("first", songs), ("second", songs[::-1])):
        build_dataset(order, tmp_path / out, body, seed=3)
    assert read_bytes(tmp_path / "first") == read_bytes(tmp_path / "second")
    expected = {"index.parquet", "songs.parquet", "splits.json", "dataset.json"}
    assert set(read_bytes(tmp_path / "first")) == expected | {f"{name}.npy" for name in ARRAYS}


def test_twins_end_in_one_split_and_the_index_agrees_with_the_splits(tmp_path, body):
    songs = [write_song(tmp_path / n, n, text="the very same words" if n < "c" else "") for n in "abcde"]
    for seed in range(4):
        build_dataset(songs, tmp_path / "out", body, seed=seed)
        splits = json.loads((tmp_path / "out" / "splits.json").read_text())
        where = {song: name for name, members in splits.items() for song in members}
        assert where["a"] == where["b"] and set(where.values()) == {"train", "val", "test"}
        index = open_dataset(tmp_path / "out").index
        assert list(index.columns) == list(INDEX_COLUMNS)
        assert all(where[row.song] == row.split for row in index.itertuples())


def test_different_text_encoders_cannot_share_a_data_set(tmp_path, body):
    songs = [write_song(tmp_path / name, name) for name in ("a", "b")]
    tokens = dict(np.load(songs[1].embeddings))
    write_npz(songs[1].embeddings, **(tokens | {"encoder": "other"}))
    with pytest.raises(InputError, match=r"a: toy \(8-d\); b: other"):
        build_dataset(songs, tmp_path / "out", body)


def learned(folder: Path, **rows: np.ndarray) -> dict[str, dict[str, Path]]:
    """A file ``mert.npy`` for each named song."""
    for name, array in rows.items():
        np.save(folder / f"{name}.npy", array)
    return {name: {"mert": folder / f"{name}.npy"} for name in rows}


def test_learned_features_lie_beside_the_motion_frame_by_frame(tmp_path, body):
    rows = np.arange(1000, dtype=np.float32)[:, None] * [1, 10]
    files = learned(tmp_path, a=rows, b=rows[:450])  # 10 of the 460 frames are missing
    songs = [write_song(tmp_path / name, name, learned=files[name]) for name in ("a", "b")]
    build_dataset(songs, tmp_path / "out", body)
    data = open_dataset(tmp_path / "out")
    for name in ("a", "b"):
        song = data.songs[name]
        found = data["learned_mert"][song.rows]
        expected = rows[song.start_frame : song.start_frame + song.frames].copy()
        expected[(450 if name == "b" else 1000) - song.start_frame :] = 0
        assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (None, "not a readable .npy file"),
        (np.zeros(460, np.float32), "no table of numbers"),
        (np.array([[{}]]), "not a readable .npy file"),
        (np.zeros((100, 2), np.float32), "has 100 rows, the motion needs 460"),
        (np.full((460, 2), np.nan), "no numbers"),
    ],
)
def test_learned_features_that_do_not_fit_are_refused_by_name(tmp_path, body, rows, what):
    files = {"a": {"mert": tmp_path / "a.npy"}} if rows is None else learned(tmp_path, a=rows)
    with pytest.raises(InputError, match=what) as error:
        build_dataset([write_song(tmp_path / "a", "a", learned=files["a"])], tmp_path / "out", body)
    assert "a.npy" in str(error.value)


def test_a_failed_build_leaves_no_arrays_behind(tmp_path, body):
    songs = [write_song(tmp_path / name, name) for name in ("a", "b")]
    songs[1].motion.write_text("{}")
    with pytest.raises(InputError, match=r"b/smplfull\.json"):
        build_dataset(songs, tmp_path / "out", body)
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(InputError, match="not a complete data set"):
        open_dataset(tmp_path / "out")


def test_no_song_is_an_error_that_points_to_the_manifest(tmp_path, body):
    with pytest.raises(InputError, match=r"manifest\.tsv"):
        build_dataset([], tmp_path / "out", body)


def test_the_four_real_songs_give_the_originals_counts_under_its_rule(tmp_path, shared_data, body):
    songs = []
    for folder in sorted((shared_data / "motion").iterdir()):
        lyrics = parse_lrc((folder / "lyrics.lrc").read_bytes(), str(folder / "lyrics.lrc"))
        write_lyrics(tmp_path / f"{folder.name}.json", lyrics, folder.name, "en")
        songs.append(
            SongFiles(
                folder.name,
                folder / "smplfull.json",
                lyrics=tmp_path / f"{folder.name}.json",
                sliced=folder / "sliced.json",
            )
        )
    summary = build_dataset(songs, tmp_path / "out", body, drop_last=True)
    data = open_dataset(tmp_path / "out")
    counts = data.index.groupby("song").size()
    for start, expected in ORIGINAL_COUNTS.items():
        assert [count for name, count in counts.items() if name.startswith(start)] == [expected]
    assert summary["sequences"] == 48 and summary["frames"] == 12287 and list(summary["excluded"].values()) == [4]
