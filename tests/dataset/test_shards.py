"""The Parquet shards: equal to the arrays, read by four libraries with the right splits, and the card that says so."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from toy_songs import write_song

from justlmd.body.model import load_body
from justlmd.dataset import shards as shards_module
from justlmd.dataset.build import build_dataset
from justlmd.dataset.card import markdown
from justlmd.dataset.complete import complete_dataset
from justlmd.dataset.storage import open_dataset
from model.data import LyricsMusicDance

SPLITS = ("train", "val", "test")
HOSTILE = "</script><img src=x onerror=alert(1)> | \n---\nlicense: mit\n`x` [y](javascript:z) *b* # h"
FRAMES = ("global_orient", "body_pose", "transl", "log_mel", "rhythm", "bar", "has_audio", "learned_mert")


def songs_in(folder: Path, names: str = "abcde") -> list:
    """Toy songs with features from elsewhere and hostile titles; the last has neither audio nor embeddings."""
    rows = np.arange(2000, dtype=np.float32).reshape(1000, 2)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "mert.npy", rows)
    common = {"learned": {"mert": folder / "mert.npy"}, "title": HOSTILE, "language": "en", "source_start_s": 10.0}
    songs = [write_song(folder / name, name, frames=500, **common) for name in names[:-1]]
    last = {"audio": None, "embeddings": None}
    return [*songs, write_song(folder / names[-1], names[-1], frames=500, **common | last)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    scratch = tmp_path_factory.mktemp("shards")
    songs = songs_in(scratch / "songs")
    build_dataset(songs, scratch / "dataset", load_body(), val_fraction=0.2, test_fraction=0.2)
    complete_dataset(scratch / "dataset", songs)
    return scratch / "dataset"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """``datasets`` without network, with a cache of its own."""
    import datasets
    import huggingface_hub.constants

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True, raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)

    def load(path: Path, **options):
        return datasets.load_dataset(str(path), cache_dir=str(tmp_path / "cache"), **options)

    return load


def table(folder: Path, split: str) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in sorted((folder / split).glob("*.parquet"))])


def expected(folder: Path) -> dict[str, dict]:
    """The sequences by id, cut from the memory-mapped arrays."""
    data, found = open_dataset(folder), {}
    for row in data.index.itertuples():
        song = data.songs[row.song]
        first = song.first_frame + row.start_frame
        times = data["token_times"][song.token_rows] - row.start_s
        sung = (times[:, 1] > 0) & (times[:, 0] < 6)
        found[row.id] = {name: data[name][first : first + 180] for name in FRAMES}
        found[row.id] |= {name: data[name][song.number] for name in ("betas", "rest_joints")}
        found[row.id] |= {"token_states": data["token_states"][song.token_rows][sung], "token_times": times[sung]}
        found[row.id] |= {"split": row.split, "text": row.text, "n_tokens": row.n_tokens, "start_s": row.start_s}
    return found


def nested(value, *shape: int) -> np.ndarray:
    """Lists within lists, as readers give them, as one array."""
    return np.array([np.stack(list(row)) if len(shape) > 1 else row for row in value]).reshape(shape)


# ---------------------------------------------------------------- content


def test_every_row_equals_the_arrays_to_the_last_bit(folder):
    truth = expected(folder)
    rows = {row["id"]: (split, row) for split in SPLITS for row in table(folder, split).to_pylist()}
    assert rows.keys() == truth.keys() and len(rows) == 15
    for name, (split, row) in rows.items():
        wanted = truth[name]
        assert (split, row["text"], len(row["token_states"])) == (wanted["split"], wanted["text"], wanted["n_tokens"])
        for column in (*FRAMES, "betas", "rest_joints"):
            assert np.array_equal(np.array(row[column], wanted[column].dtype), wanted[column]), column
        for column in ("token_states", "token_times"):
            found = np.array(row[column], np.float32).reshape(wanted[column].shape)
            assert np.array_equal(found, wanted[column]), column


def test_tokens_are_those_of_the_torch_data_set(folder):
    data = LyricsMusicDance(folder, "train")
    rows = {row["id"]: row for row in table(folder, "train").to_pylist()}
    for window in data.windows:
        states, times = data.tokens(window.song, window.start_s)
        assert np.array_equal(np.array(rows[window.id]["token_times"], np.float32).reshape(-1, 2), times)
        assert np.array_equal(np.array(rows[window.id]["token_states"], np.float32).reshape(-1, 8), states)


def test_lines_words_and_beats_count_from_the_first_frame(folder):
    rows = pa.concat_tables([table(folder, split) for split in SPLITS]).to_pylist()
    second = next(row for row in rows if row["id"] == "b_003000")
    assert [line["text"] for line in second["lines"]] == ["b 1", "b 2"]  # sung at 3 and 8.5 s of the video
    assert [(line["start_s"], line["end_s"]) for line in second["lines"]] == [(0, 1), (5.5, 6.5)]
    assert [word["text"] for word in second["words"]] == ["b 1", "b 2"]
    assert second["beat_times"][:2] == [0.25, 0.75] and len(second["beat_times"]) == 12
    assert (second["tempo_bpm"], second["source_s"], second["start_s"]) == (120, 13, 3)
    mute = next(row for row in rows if row["song"] == "e")
    assert not mute["token_states"] and not mute["beat_times"] and not any(mute["has_audio"]) and mute["lines"]


def test_columns_are_typed_and_described_in_the_files(folder):
    schema = pq.read_schema(next((folder / "train").glob("*.parquet")))
    assert schema.field("body_pose").type == pa.list_(pa.list_(pa.float32(), 69), 180)
    assert schema.field("learned_mert").type == pa.list_(pa.list_(pa.float32(), 2), 180)
    facts = json.loads(schema.metadata[b"justlmd"])
    assert facts["fps"] == 30 and facts["body_model"]["name"] == "free" and facts["text_encoder"] == "toy"
    for field in schema:
        assert field.metadata[b"description"].decode() == facts["columns"][field.name] != ""


def test_shards_are_bounded_and_their_number_does_not_change_the_rows(folder, tmp_path, monkeypatch):
    whole = table(folder, "train")
    shutil.copytree(folder, tmp_path / "d")
    monkeypatch.setattr(shards_module, "GROUP", 2)
    lyrics = {song: folder.parent / "songs" / song / "lyrics.json" for song in "abcde"}
    (tmp_path / "d" / "train" / "00099.parquet").write_bytes(b"of an earlier build")
    shards_module.write_shards(tmp_path / "d", lyrics, limit=1)
    found = sorted(path.name for path in (tmp_path / "d" / "train").iterdir())
    assert found == [f"{number:05d}.parquet" for number in range((len(whole) + 1) // 2)]
    assert table(tmp_path / "d", "train").equals(whole)


def test_memory_does_not_grow_with_the_number_of_sequences(folder, tmp_path, monkeypatch):
    """Each group of rows is made, written and let go: never are two alive."""
    shutil.copytree(folder, tmp_path / "d")
    monkeypatch.setattr(shards_module, "GROUP", 1)
    alive = []
    real = shards_module.sequence_table

    def watched(*arguments):
        alive.append(pa.total_allocated_bytes())
        return real(*arguments)

    monkeypatch.setattr(shards_module, "sequence_table", watched)
    shards_module.write_shards(tmp_path / "d", {}, limit=10**9)
    assert len(alive) == 15 and max(alive[2:]) < min(alive[1:]) + 1_000_000


def test_equal_input_gives_equal_bytes(tmp_path):
    for name in ("one", "two"):
        songs = songs_in(tmp_path / name / "songs", "abc")
        build_dataset(songs if name == "one" else songs[::-1], tmp_path / name / "out", load_body())
        complete_dataset(tmp_path / name / "out", songs)
    files = [
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (tmp_path / "one" / "out", tmp_path / "two" / "out")
    ]
    assert files[0] == files[1] and len(files[0]) > 20


def test_a_build_that_fails_leaves_no_card(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "d")
    songs = songs_in(tmp_path / "songs")
    songs[0].lyrics.write_text("{")
    with pytest.raises(Exception, match=r"a/lyrics\.json"):
        complete_dataset(tmp_path / "d", songs)
    assert not (tmp_path / "d" / "README.md").exists() and not list((tmp_path / "d").rglob("*partial*"))


# ---------------------------------------------------------------- readers


def test_datasets_reads_the_folder_with_the_right_splits(folder, hub):
    found, truth = hub(folder), expected(folder)
    assert sorted(found) == sorted(SPLITS)
    for split in SPLITS:
        assert {row["id"] for row in found[split]} == {name for name, row in truth.items() if row["split"] == split}
    row = found["train"].with_format("numpy")[0]
    assert row["body_pose"].shape == (180, 69) and row["body_pose"].dtype == np.float32
    assert np.array_equal(row["body_pose"], truth[row["id"]]["body_pose"])


def test_the_cards_metadata_are_what_datasets_finds(folder, hub):
    from datasets import Features
    from datasets.info import DatasetInfo
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(folder / "README.md")
    data = card.data.to_dict()
    assert (data["license"], data["language"], data["size_categories"]) == ("other", ["en"], ["n<1K"])
    assert data["task_categories"] == ["other"] and "title" not in data
    info = DatasetInfo._from_yaml_dict(data["dataset_info"])
    found = hub(folder)
    assert info.features == found["train"].features == Features._from_yaml_list(data["dataset_info"]["features"])
    assert {name: split.num_examples for name, split in info.splits.items()} == {
        name: len(split) for name, split in found.items()
    }
    sizes = sum(path.stat().st_size for split in SPLITS for path in (folder / split).iterdir())
    assert info.download_size == sizes and info.dataset_size == sum(s.num_bytes for s in info.splits.values())


def test_a_data_set_without_validation_songs_loads(tmp_path, hub):
    songs = songs_in(tmp_path / "songs", "ab")
    build_dataset(songs, tmp_path / "out", load_body(), val_fraction=0.15)
    (tmp_path / "out" / "val").mkdir()
    (tmp_path / "out" / "val" / "00000.parquet").write_bytes(b"of an earlier build")
    complete_dataset(tmp_path / "out", songs)
    assert sorted(hub(tmp_path / "out")) == ["test", "train"] and not (tmp_path / "out" / "val").exists()


def test_pandas_polars_and_duckdb_read_the_same_numbers(folder):
    import duckdb
    import polars

    truth = expected(folder)
    frame = pd.read_parquet(folder / "test").set_index("id")
    names = {name for name, row in truth.items() if row["split"] == "test"}
    assert set(frame.index) == names
    lazily = polars.scan_parquet(folder / "test" / "*.parquet").select("id", "body_pose", "text", "words").collect()
    assert set(lazily["id"]) == names and lazily.schema["body_pose"] == polars.Array(polars.Float32, (180, 69))
    rows = duckdb.sql(f"select id, body_pose, len(words) as n, start_s from '{folder}/test/*.parquet'").fetchall()
    assert {row[0] for row in rows} == names
    for name, pose, words, start_s in rows:
        wanted = truth[name]["body_pose"]
        assert np.array_equal(np.array(pose, np.float32), wanted) and start_s == truth[name]["start_s"]
        assert np.array_equal(nested(frame.body_pose[name], 180, 69), wanted)
        one = lazily.row(by_predicate=polars.col("id") == name, named=True)
        assert np.array_equal(np.array(one["body_pose"], np.float32), wanted)
        assert words == len(one["words"]) == len(frame.words[name]) and one["text"] == truth[name]["text"]


def test_duckdb_shows_what_the_columns_mean(folder):
    import duckdb

    query = f"select decode(value) from parquet_kv_metadata('{folder}/test/*.parquet') where decode(key) = 'justlmd'"
    ((text,),) = duckdb.sql(query).fetchall()
    assert "axis-angle in radians" in json.loads(text)["columns"]["body_pose"]


# ---------------------------------------------------------------- the card


def test_hostile_titles_stay_text_in_yaml_and_markdown(folder):
    text = (folder / "README.md").read_text(encoding="utf-8")
    _, head, body = re.split(r"^---$", text, maxsplit=2, flags=re.MULTILINE)
    assert yaml.safe_load(head)["license"] == "other"
    assert "<img" not in body and "<script" not in body and "](javascript" not in body and "\nlicense: mit" not in body
    rows = [line for line in body.splitlines() if line.startswith("| a |")]
    assert len(rows) == 1 and len(re.findall(r"(?<!\\)\|", rows[0])) == 11


@pytest.mark.parametrize("title", ["*a*", "`a`", "[a](b)", "<b>", "a|b", "# a", "1. a", "a\nb", "\u202eb", "![a](b)"])
def test_names_are_escaped_sign_by_sign(title):
    shown = markdown(title)
    assert "\n" not in shown and "<" not in shown and not re.search(r"(?<!\\)[*`\[\]()|#!]", shown)


def test_figures_are_small_drawn_once_for_each_number_and_hold_no_names(folder):
    shown = sorted((folder / "figures").glob("*.svg"))
    assert [path.stem for path in shown] == ["durations", "poses", "quality", "tempo", "words"]
    card = (folder / "README.md").read_text(encoding="utf-8")
    for path in shown:
        text = path.read_text(encoding="utf-8")
        assert f"](figures/{path.name})" in card
        assert len(text) < 100_000 and "onerror" not in text and "<svg" in text


def test_statistics_are_those_of_the_sequences(folder):
    from justlmd.dataset.complete import statistics_of

    found = statistics_of(folder)
    rows = pa.concat_tables([table(folder, split) for split in SPLITS]).to_pylist()
    assert found.words == [len(row["words"]) for row in rows]
    assert found.tempo == {"a": 120, "b": 120, "c": 120, "d": 120, "e": 0}
    pose = np.concatenate([np.array(row["body_pose"]) for row in rows]).reshape(-1, 23, 3)
    truth = np.degrees(np.percentile(np.linalg.norm(pose, axis=2), 95, axis=0))
    np.testing.assert_allclose(found.angle(0.95), truth, atol=0.51)  # bins of one degree
