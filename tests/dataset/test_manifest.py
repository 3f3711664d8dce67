"""The manifest lists every song with its verdict and reason."""

import pytest
from toy_songs import write_song

from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.core.files import write_json
from justlmd.dataset.manifest import Candidate, manifest, read_candidate, read_quality, read_splits, write_manifest
from justlmd.motion.song_motion import read_song_motion
from justlmd.quality.gate import known_frames
from justlmd.songs.table import Song


def songs(*names):
    return [Song(id=name, url="x.mp4", lyrics="x.lrc") for name in names]


def test_every_song_of_the_table_is_listed_in_its_order_with_a_reason_where_it_is_not_kept():
    candidates = {
        "good": Candidate({"keep": True, "reasons": [], "figures": {"detection_rate": 1.0}}, 4, "la", 0.98765),
        "bad": Candidate({"keep": False, "reasons": ["out of frame"], "figures": {"detection_rate": 0.5}}, 3),
        "silent": Candidate({"keep": True, "reasons": [], "figures": {}}),
    }
    table = manifest(songs("bad", "good", "gone", "silent"), candidates, exclude=["gone"])
    assert table.song.tolist() == ["bad", "good", "gone", "silent"]
    assert table.verdict.tolist() == ["dropped", "kept", "excluded", "dropped"]
    assert table.sequences.tolist() == [0, 4, 0, 0]
    assert table.words_used.tolist() == [0, 0.9877, 0, 0]
    assert table.reason[0] == "out of frame"
    assert "no sequence" in table.reason[3]
    assert table.detection_rate[1] == 1.0


def test_a_person_can_overrule_the_gate_but_not_make_sequences_out_of_nothing():
    jittery = {"keep": False, "reasons": ["jitter"], "figures": {}}
    table = manifest(songs("a", "b"), {"a": Candidate(jittery, 2, "la"), "b": Candidate(jittery)}, keep=["a", "b"])
    assert table.verdict.tolist() == ["kept", "dropped"]
    assert "although: jitter" in table.reason[0]


LYRICS = {"a": "la la", "b": "na na", "c": "oh oh", "twin": "La, la!"}


def kept_songs(**options):
    candidates = {name: Candidate({"keep": True}, 1, text) for name, text in LYRICS.items()}
    return manifest(songs(*LYRICS, "NA"), candidates, **options)


def test_songs_with_equal_lyrics_stand_in_one_split_and_each_split_has_a_group():
    table = kept_songs(seed=1).set_index("song").loc[list(LYRICS)]
    assert table.group["a"] == table.group["twin"]
    assert table.split["a"] == table.split["twin"]
    assert set(table.split) == {"train", "val", "test"}


def test_the_splits_that_are_read_are_those_that_were_decided(tmp_path):
    table = kept_songs(seed=1)
    write_manifest(tmp_path / "manifest.tsv", table)
    splits = read_splits(tmp_path / "manifest.tsv")
    kept = table[table.verdict == "kept"]
    assert splits.group == dict(zip(kept.song, kept.group, strict=True))
    assert splits.split == dict(zip(kept.song, kept.split, strict=True))
    assert sorted(song for songs_of_split in splits.to_json().values() for song in songs_of_split) == sorted(LYRICS)


@pytest.mark.parametrize(
    ("text", "message"),
    [("song\tverdict\na\tkept\n", "not a manifest"), ("", "not a manifest"),
     ("song\tverdict\tgroup\tsplit\na\tkept\ta\t\n", "song 'a' is kept and has the split ''")],
)  # fmt: skip
def test_a_manifest_without_splits_is_refused_by_name(tmp_path, text, message):
    (tmp_path / "manifest.tsv").write_text(text)
    with pytest.raises(InputError, match=rf"manifest\.tsv: {message}"):
        read_splits(tmp_path / "manifest.tsv")


def test_metrics_of_kept_songs_are_read_back_by_song(tmp_path):
    def judged(keep: bool, **figures) -> Candidate:
        return Candidate({"keep": keep, "reasons": [], "figures": figures}, 1, "la")

    candidates = {
        "007": judged(True, detection_rate=0.97, cuts=0),
        "NA": judged(True, detection_rate=1.0),
        "bad": judged(False, detection_rate=0.5, cuts=9),
    }
    write_manifest(tmp_path / "m.tsv", manifest(songs(*candidates), candidates))
    assert read_quality(tmp_path / "m.tsv") == {
        "007": {"detection_rate": 0.97, "cuts": 0.0},
        "NA": {"detection_rate": 1.0},
    }


def test_the_motion_is_not_read_where_the_verdict_says_which_frames_are_known(tmp_path):
    write_song(tmp_path, "toy", frames=500, missing=range(210, 215))
    song = read_song_motion(tmp_path / "smplfull.json", tmp_path / "smplfull.meta.json", load_body())
    verdict = {"keep": True, "reasons": [], "figures": {}}
    write_json(tmp_path / "quality.json", verdict)
    by_motion = read_candidate(tmp_path, drop_last=False)
    write_json(tmp_path / "quality.json", verdict | {"motion": known_frames(song.motion.valid, song.start_frame)})
    (tmp_path / "smplfull.json").unlink()
    by_verdict = read_candidate(tmp_path, drop_last=False)
    assert (by_verdict.sequences, by_verdict.words_used) == (by_motion.sequences, by_motion.words_used)
    assert 0 < by_verdict.sequences < 4
    write_json(tmp_path / "quality.json", verdict | {"motion": {"frames": "many", "missing": [], "start_frame": 0}})
    with pytest.raises(InputError, match=r"quality\.json: says no frames"):
        read_candidate(tmp_path, drop_last=False)
