"""What a run is about: which songs each rule is for, and which dances are made, from tables and a configuration."""

import pytest

from justlmd.core.errors import InputError
from justlmd.project.config import parse_config
from justlmd.project.plan import Plan, plan_songs, sample_number

COLUMNS = "id\turl\tlyrics\tmotion\tartist\ttitle\tlanguage\tfirst_line\n"
ROWS = (
    "made\tresults/demo/made/video.mp4\tresults/demo/made/lyrics.lrc\t\t\t\tes\t\n"
    "filmed\thttps://video.example/1\tfilmed.lrc\t\t\t\ten\tauto\n"
    "fetched\thttps://video.example/2\tfetch\t\tSomebody\tSong\ten\t\n"
    "brought\t\tbrought.lrc\tbrought.npz\t\t\ten\t\n"
    "heard\tsong.mp3\theard.lrc\theard.npz\t\t\ten\t\n"
)


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """Plan a run with these settings, in a folder with two of the lyrics files."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "songs.tsv").write_text(COLUMNS + ROWS)
    (tmp_path / "dances.tsv").write_text("id\turl\tlyrics\nparty\tparty.mp3\tparty.lrc\n")
    for name in ("filmed.lrc", "party.lrc", "brought.npz", "mert_filmed.npy"):
        (tmp_path / name).touch()

    def made(**settings) -> Plan:
        settings = {"lyrics": {"provider": "http://lyrics.example"}, "generate": {"table": "dances.tsv"}} | settings
        return plan_songs(parse_config(settings).model_dump(mode="json"))

    return made


def test_each_rule_is_for_the_songs_that_have_what_it_needs(plan):
    songs_of = plan(exclude=["heard"]).songs_of
    assert songs_of["demo"] == {"made"}
    assert songs_of["download"] == songs_of["standardise"] == {"made", "filmed", "fetched", "heard"}
    assert songs_of["audio"] == {"party"}
    assert songs_of["fetch_lyrics"] == {"fetched"}
    assert songs_of["pose"] == songs_of["recovery"] == songs_of["song_page"] == {"made", "filmed", "fetched"}
    assert songs_of["import_motion"] == {"brought", "heard"}
    assert songs_of["quality"] == {"made", "filmed", "fetched", "brought"}
    assert songs_of["thumbnail"] == {"brought"}
    assert songs_of["page_without_video"] == {"heard", "party"}
    assert songs_of["page_without_audio"] == {"brought"}


def test_songs_that_are_only_danced_to_have_pages_and_are_no_part_of_the_data_set(plan):
    found = plan()
    assert [*found.table] == ["made", "filmed", "fetched", "brought", "heard", "party"]
    assert "party" not in found.songs and found.watched == [*found.table]


def test_lyrics_that_a_rule_makes_count_as_present_and_missing_files_do_not(plan):
    found = plan()
    assert found.table["fetched"].lyrics == "results/songs/fetched/fetched.lrc"
    assert found.texts() == {
        ("results/demo/made/lyrics.lrc", "minilm"),
        ("filmed.lrc", "minilm"),
        ("results/songs/fetched/fetched.lrc", "minilm"),
        ("party.lrc", "minilm"),
    }
    assert found.if_present("brought.npz") == ["brought.npz"]
    assert found.if_present("heard.npz") == found.if_present("") == found.if_present(None) == []


def test_the_encoder_follows_the_language_of_the_song(plan):
    found = plan(features={"text_encoders": {"es": "multilingual"}})
    assert found.text_encoder("made") == "multilingual" and found.text_encoder("filmed") == "minilm"


def test_audio_is_heard_for_words_and_for_an_unknown_first_line(plan):
    found, unheard = plan(), plan(lyrics={"alignment": "none", "provider": "http://lyrics.example"})
    songs = found.table
    assert [name for name, song in songs.items() if not found.is_heard(song)] == ["brought"]
    assert [name for name, song in songs.items() if unheard.is_heard(song)] == ["filmed"]


def test_features_from_elsewhere_are_those_of_the_kept_songs_that_are_there(plan):
    found = plan(features={"learned": {"mert": "mert_{song}.npy"}})
    assert found.learned_features(["made", "filmed"]) == ["mert_filmed.npy"]


def test_dances_are_made_to_the_held_out_song_or_to_those_named_and_to_every_new_song(plan):
    settings = {"model": "v2", "table": "dances.tsv", "samples": 2}
    found = plan(generate=settings)
    assert found.generated_dances(["made"]) == [("made", "v2", ""), ("made", "v2", "/sample_2")]
    assert found.dances_to(found.danced_to) == [("party", "v2", ""), ("party", "v2", "/sample_2")]
    named = plan(generate=settings | {"songs": ["filmed"], "samples": 1})
    assert named.generated_dances(["made"]) == [("filmed", "v2", "")]
    assert [name for name in named.table if named.is_asked_for(name)] == ["filmed", "party"]


def test_pages_show_each_model_on_the_held_out_song_and_no_dance_twice(plan):
    found = plan(generate={"model": "v2", "table": "dances.tsv"})
    assert found.shown_dances(["made"]) == [("made", "v2", ""), ("made", "v3", "")]
    assert plan().shown_dances(["made"]) == [("made", name, "") for name in ("choreographer", "v2", "v3")]
    assert found.shown_dances([]) == []


@pytest.mark.parametrize(("sample", "number"), [("", 1), ("/sample_2", 2), ("/sample_17", 17)])
def test_samples_are_counted_from_one(sample, number):
    assert sample_number(sample) == number


def test_a_run_without_songs_or_with_unknown_ones_says_so(plan):
    with pytest.raises(InputError, match="is left: config 'exclude' names them all"):
        plan(exclude=["made", "filmed", "fetched", "brought", "heard"])
    with pytest.raises(InputError, match="there is no song 'nobody'"):
        plan(keep=["nobody"])
    with pytest.raises(InputError, match=r"config 'lyrics\.provider' is empty"):
        plan(lyrics={})
