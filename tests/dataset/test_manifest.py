"""The manifest lists every song with its verdict and reason."""

from justlmd.dataset.manifest import manifest
from justlmd.songs.table import Song


def songs(*names):
    return [Song(id=name, url="x.mp4", lyrics="x.lrc") for name in names]


def test_every_song_of_the_table_is_listed_in_its_order_with_a_reason_where_it_is_not_kept():
    quality = {
        "good": {"keep": True, "reasons": [], "figures": {"detection_rate": 1.0}},
        "bad": {"keep": False, "reasons": ["the dancer leaves the picture"], "figures": {"detection_rate": 0.5}},
        "silent": {"keep": True, "reasons": [], "figures": {}},
    }
    table = manifest(
        songs("bad", "good", "gone", "silent"), quality, {"good": 4, "bad": 3}, {"good": "la"}, exclude=["gone"]
    )
    assert table.song.tolist() == ["bad", "good", "gone", "silent"]
    assert table.verdict.tolist() == ["dropped", "kept", "excluded", "dropped"]
    assert table.sequences.tolist() == [0, 4, 0, 0]
    assert table.reason[0] == "the dancer leaves the picture"
    assert "no sequence" in table.reason[3]
    assert table.detection_rate[1] == 1.0


def test_a_person_can_overrule_the_gate_but_not_make_sequences_out_of_nothing():
    quality = {name: {"keep": False, "reasons": ["jitter"], "figures": {}} for name in ("a", "b")}
    table = manifest(songs("a", "b"), quality, {"a": 2, "b": 0}, {"a": "la"}, keep=["a", "b"])
    assert table.verdict.tolist() == ["kept", "dropped"]
    assert "although: jitter" in table.reason[0]


def test_songs_with_equal_lyrics_stand_in_one_split_and_each_split_has_a_group():
    names = ["a", "b", "c", "twin"]
    quality = {name: {"keep": True, "reasons": [], "figures": {}} for name in names}
    lyrics = {"a": "la la", "b": "na na", "c": "oh oh", "twin": "La, la!"}
    table = manifest(songs(*names), quality, dict.fromkeys(names, 1), lyrics, seed=1).set_index("song")
    assert table.group["a"] == table.group["twin"]
    assert table.split["a"] == table.split["twin"]
    assert set(table.split) == {"train", "val", "test"}
