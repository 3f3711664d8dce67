"""Song tables made of JSON lists and playlists."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from media_server import MediaServer, Page, media_server
from song_folders import program, write_songs

from justlmd.core.errors import InputError
from justlmd.songs.convert import convert_playlist, convert_song_list, song_table
from justlmd.songs.table import COLUMNS, read_songs


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with media_server() as running:
        yield running


def converted(folder: Path, content: object) -> list[dict[str, str]]:
    """The rows of a JSON list, after a round trip through the song table's file."""
    (folder / "list.json").write_text(json.dumps(content), encoding="utf-8")
    rows, _ = convert_song_list(folder / "list.json")
    (folder / "songs.tsv").write_text(song_table(rows), encoding="utf-8")
    assert [song.id for song in read_songs(folder / "songs.tsv")] == [row["id"] for row in rows]
    return rows


def youtube(video: str) -> str:
    return f"https://www.youtube.com/watch?v={video}"


def test_both_forms_of_the_original_song_list_are_converted(tmp_path):
    named = {"Señorita_Shawn": [youtube("AAAAAAAAAAA") + "&ab_channel=X", "left"], "urls": []}
    bare = {"urls": [[youtube("BBBBBBBBBBB") + "&ab_channel=Y", "full"]] * 2}
    for content, name, crop in ((named, "Seorita_Shawn", "left"), (bare, "BBBBBBBBBBB", "full")):
        (row,) = converted(tmp_path, content)
        assert (row["id"], row["crop"], row["lyrics"]) == (name, crop, f"lyrics/{name}.lrc")
        assert "ab_channel" not in row["url"]


def test_a_video_that_a_list_names_twice_is_left_out_and_said_so(tmp_path):
    (tmp_path / "list.json").write_text(json.dumps({"urls": [[youtube("BBBBBBBBBBB"), "full"]] * 2}))
    rows, left_out = convert_song_list(tmp_path / "list.json")
    assert len(rows) == 1
    assert left_out == [f"{youtube('BBBBBBBBBBB')}: named twice, the first time as BBBBBBBBBBB"]


def test_two_dancers_of_one_video_are_two_songs(tmp_path):
    rows = converted(tmp_path, {"urls": [[youtube("BBBBBBBBBBB"), "left"], [youtube("BBBBBBBBBBB"), "right"]]})
    assert [row["crop"] for row in rows] == ["left", "right"]


@pytest.mark.parametrize(
    "keys",
    [
        ["Boys", "Boys!", "Boys?", "BOYS"],  # equal once made safe, or on a disk that knows no case
        ["x" * 80, "x" * 81, "x" * 200, "x" * 78 + "_2"],  # equal once cut
    ],
)
def test_songs_whose_names_collide_keep_different_ids_that_do_not_change_when_the_list_grows(tmp_path, keys):
    content = {key: [youtube(f"{number:011d}"), "full"] for number, key in enumerate(keys)}
    ids = [row["id"] for row in converted(tmp_path, content)]
    assert len({name.lower() for name in ids}) == len(keys)
    assert max(map(len, ids)) <= 80
    assert [row["id"] for row in converted(tmp_path, content)] == ids
    grown = content | {"Another one": [youtube("CCCCCCCCCCC"), "full"]}
    assert [row["id"] for row in converted(tmp_path, grown)][: len(ids)] == ids
    assert [row["url"] for row in converted(tmp_path, grown)][: len(ids)] == [entry[0] for entry in content.values()]


def test_titles_with_tabs_quotes_and_line_ends_stay_one_cell(tmp_path):
    (row,) = converted(tmp_path, {'say "hi"\tto\nme\u202e': [youtube("AAAAAAAAAAA"), "full"]})
    assert row["title"] == 'say "hi" to me'
    assert read_songs(tmp_path / "songs.tsv")[0].title == 'say "hi" to me'


@pytest.mark.parametrize(
    ("link", "name", "kept"),
    [
        ("https://youtu.be/AAAAAAAAAAA?si=x", "AAAAAAAAAAA", "https://youtu.be/AAAAAAAAAAA?si=x"),
        ("https://m.youtube.com/watch?app=x&v=AAAAAAAAAAA", "AAAAAAAAAAA", "https://m.youtube.com/watch?v=AAAAAAAAAAA"),
        ("https://example.org/films/dance%20one.mp4", "danceone", "https://example.org/films/dance%20one.mp4"),
        # another site may need the rest of its address
        ("https://example.org/watch?v=12&token=3", "12", "https://example.org/watch?v=12&token=3"),
    ],
)
def test_links_without_a_key_are_named_by_their_video(tmp_path, link, name, kept):
    (row,) = converted(tmp_path, {"urls": [[link, "full"]]})
    assert (row["id"], row["url"]) == (name, kept)


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        '{"a": "x"}',
        '{"a": ["x"]}',
        "{",
        '{"a": [1, 2]}',
        "{}",
        '{"urls": 5}',
        '{"urls": {"a": 1}}',
        '{"a": ["http://[1", "full"]}',
        '{"a": ["https://example.org/v", "middle"]}',
        '{"a": ["ftp://example.org/v", "full"]}',
        '{"?": ["https://example.org/", "full"]}',
    ],
)
def test_a_broken_song_list_is_named(tmp_path, content):
    (tmp_path / "list.json").write_text(content)
    with pytest.raises(InputError, match=r"list\.json"):
        convert_song_list(tmp_path / "list.json")


@example({"": ["0\r0", ""]})  # ended a row of the table
@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault of the strategy
@given(
    st.dictionaries(
        st.text(max_size=100), st.lists(st.one_of(st.text(), st.sampled_from(["full", youtube("A")])), max_size=2)
    )
)
def test_wild_lists_give_a_readable_table_or_an_input_error(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("lists")
    try:
        converted(folder, content)
    except InputError as error:
        assert "list.json" in str(error)


def test_a_playlist_becomes_a_table_without_what_it_calls_private():
    entries = [
        {"id": "AAAAAAAAAAA", "title": "A dance", "url": youtube("AAAAAAAAAAA"), "duration": 200.0, "cause": None},
        {"id": "BBBBBBBBBBB", "title": "[Private video]", "url": youtube("BBBBBBBBBBB"), "duration": None}
        | {"cause": "private"},
        {"id": "aaaaaaaaaaa", "title": "A dance", "url": youtube("aaaaaaaaaaa"), "duration": 200.0, "cause": None},
    ]
    rows, left_out = convert_playlist(entries)
    assert [row["url"] for row in rows] == [entries[0]["url"], entries[2]["url"]]
    assert rows[0]["id"] == "AAAAAAAAAAA"
    assert rows[0]["title"] == "A dance"
    assert rows[1]["id"].startswith("aaaaaaaaaaa_")  # some disks do not know case
    assert left_out == [f"{youtube('BBBBBBBBBBB')}: private"]


# convert_songs.py


def test_the_converter_writes_a_table_once_and_replaces_it_only_when_forced(tmp_path):
    (tmp_path / "list.json").write_text(json.dumps({"a": [youtube("AAAAAAAAAAA"), "full"]}))
    done = program("convert", "list.json", "--output", "my.tsv", "--lyrics", "words", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "1 songs in my.tsv, 0 entries left out" in done.stderr
    assert read_songs(tmp_path / "my.tsv")[0].lyrics == "words/a.lrc"
    edited = (tmp_path / "my.tsv").read_text() + "b\tb.mp4\t\t\t\tb.lrc\n"
    (tmp_path / "my.tsv").write_text(edited)
    again = program("convert", "list.json", "--output", "my.tsv", cwd=tmp_path)
    assert again.returncode == 2
    assert again.stderr == "my.tsv: exists already; name another file, or add --force to replace it\n"
    assert (tmp_path / "my.tsv").read_text() == edited
    assert program("convert", "list.json", "--output", "my.tsv", "--force", cwd=tmp_path).returncode == 0
    assert len(read_songs(tmp_path / "my.tsv")) == 1
    printed = program("convert", "list.json", cwd=tmp_path)
    assert printed.stdout.splitlines()[0] == "\t".join(COLUMNS)
    assert len(printed.stdout.splitlines()) == 2


def test_the_converter_reads_a_playlist_from_its_page(tmp_path, server):
    items = "".join(
        f"<item><title>Dance {name}</title><link>{server.base}/{name}.mp4</link>"
        f'<enclosure url="{server.base}/{name}.mp4" type="video/mp4"/></item>'
        for name in ("one", "two")
    )
    feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Dances</title>{items}</channel></rss>'
    server.pages["/dances.xml"] = Page(feed.encode(), "application/rss+xml")
    write_songs(tmp_path, {"id": "a", "url": "a.mp4", "lyrics": "a.lrc"})
    done = program("convert", f"{server.base}/dances.xml", "--output", "my.tsv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    songs = read_songs(tmp_path / "my.tsv")
    assert [(song.id, song.url) for song in songs] == [(name, f"{server.base}/{name}.mp4") for name in ("one", "two")]


@pytest.mark.parametrize(
    ("argument", "words"),
    [("none.json", "none.json: no such file"), ("broken.json", "broken.json:1: not valid JSON")],
)
def test_the_converter_explains_what_it_cannot_read(tmp_path, argument, words):
    (tmp_path / "broken.json").write_text("{")
    done = program("convert", argument, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


# check_songs.py
