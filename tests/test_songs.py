"""The song table is checked row by row before any work starts."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from justlmd.errors import InputError
from justlmd.songs import COLUMNS, convert_song_list, read_songs

HEADER = "\t".join(COLUMNS)


def write_table(folder: Path, *rows: dict[str, str]) -> Path:
    defaults = {"id": "a", "url": "https://example.org/v", "lyrics": "a.lrc"}
    lines = ["\t".join((defaults | row).get(column, "") for column in COLUMNS) for row in rows]
    path = folder / "songs.tsv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def test_a_row_becomes_a_song_with_seconds_and_defaults(tmp_path):
    path = write_table(tmp_path, {"start": "1:02.5", "end": "90", "first_line": "0:14.83", "height": "1.7"})
    (song,) = read_songs(path)
    assert (song.start, song.end, song.first_line, song.height) == (62.5, 90.0, 14.83, 1.7)
    assert (song.crop, song.group, song.has_video, song.local_source) == ("full", "", True, None)


def test_the_demo_table_of_the_project_is_valid(repo):
    songs = read_songs(repo / "songs.tsv")
    assert len(songs) >= 7
    assert all(song.local_source is not None for song in songs)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"id": "../evil"}, ["songs.tsv:2", "column 'id'", "../evil"]),
        ({"url": "ftp://example.org/v"}, ["column 'url'"]),
        ({"url": "javascript:alert(1)"}, ["column 'url'"]),
        ({"url": ""}, ["'url' and 'motion'", "both empty"]),
        ({"crop": "middle"}, ["column 'crop'", "'middle'", "'left'"]),
        ({"start": "5", "end": "4"}, ["5 is not before 4"]),
        ({"first_line": "soon"}, ["column 'first_line'", "auto"]),
        ({"lyrics": ""}, ["column 'lyrics'"]),
        ({"height": "170"}, ["column 'height'", "metres"]),
    ],
)
def test_a_wrong_cell_is_named_with_its_row_and_column(tmp_path, row, words):
    with pytest.raises(InputError) as error:
        read_songs(write_table(tmp_path, row))
    for word in words:
        assert word in str(error.value)


def test_all_faults_are_listed_at_once_and_duplicates_name_the_first(tmp_path):
    path = write_table(tmp_path, {"id": "a"}, {"id": "A"}, {"id": "b", "crop": "up"})
    with pytest.raises(InputError) as error:
        read_songs(path)
    assert "songs.tsv:3: song 'A', column 'id': already used in line 2" in str(error.value)
    assert "songs.tsv:4: song 'b', column 'crop'" in str(error.value)


def test_missing_table_missing_column_unknown_column_and_empty_table_are_explained(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_songs(tmp_path / "none.tsv")
    (tmp_path / "songs.tsv").write_text("id\tlink\nx\ty\n")
    with pytest.raises(InputError, match="column 'link' is unknown"):
        read_songs(tmp_path / "songs.tsv")
    (tmp_path / "songs.tsv").write_text(HEADER + "\n")
    with pytest.raises(InputError, match="no rows"):
        read_songs(tmp_path / "songs.tsv")
    (tmp_path / "songs.tsv").write_text("")
    with pytest.raises(InputError, match="not a tab-separated"):
        read_songs(tmp_path / "songs.tsv")


@given(st.lists(st.text(), min_size=3, max_size=12), st.binary(max_size=200))
def test_wild_tables_give_songs_or_an_input_error(tmp_path_factory, cells, blob):
    folder = tmp_path_factory.mktemp("table")
    path = folder / "songs.tsv"
    path.write_bytes(HEADER.encode() + b"\n" + "\t".join(cells).encode("utf-8", "surrogatepass") + b"\n" + blob)
    try:
        songs = read_songs(path)
    except InputError:
        return
    assert all(
        set(song.id) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") for song in songs
    )


def test_file_links_and_paths_name_the_same_local_file(tmp_path):
    path = write_table(tmp_path, {"id": "a", "url": "file:///x/my%20song.mp4"}, {"id": "b", "url": "/x/my song.mp4"})
    first, second = read_songs(path)
    assert first.local_source == second.local_source == Path("/x/my song.mp4")


def test_both_forms_of_the_original_song_list_are_converted(tmp_path):
    named = {"Señorita_Shawn": ["https://www.youtube.com/watch?v=AAAAAAAAAAA&ab_channel=X", "left"], "urls": []}
    bare = {"urls": [["https://www.youtube.com/watch?v=BBBBBBBBBBB&ab_channel=Y", "full"]] * 2}
    for content, expected in ((named, ("Seorita_Shawn", "left")), (bare, ("BBBBBBBBBBB", "full"))):
        (tmp_path / "list.json").write_text(json.dumps(content), encoding="utf-8")
        table = convert_song_list(tmp_path / "list.json")
        assert len(table) == 1
        assert (table.id[0], table.crop[0]) == expected
        assert "ab_channel" not in table.url[0]
        table.to_csv(tmp_path / "songs.tsv", sep="\t", index=False)
        assert read_songs(tmp_path / "songs.tsv")[0].id == expected[0]


@pytest.mark.parametrize("content", ["[]", '{"a": "x"}', '{"a": ["x"]}', "{", '{"a": [1, 2]}'])
def test_a_broken_song_list_is_named(tmp_path, content):
    (tmp_path / "list.json").write_text(content)
    with pytest.raises(InputError, match=r"list\.json"):
        convert_song_list(tmp_path / "list.json")
