"""The song table is checked row by row before any work starts."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from justlmd.core.errors import InputError
from justlmd.project.config import parse_config
from justlmd.songs.table import COLUMNS, check_provider, read_danced_to, read_songs

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
        ({"url": "http://[1"}, ["column 'url'", "no link"]),
        ({"url": ""}, ["'url' and 'motion'", "both empty"]),
        ({"crop": "middle"}, ["column 'crop'", "'middle'", "'left'"]),
        ({"start": "5", "end": "4"}, ["5 is not before 4"]),
        ({"first_line": "soon"}, ["column 'first_line'", "auto"]),
        ({"reference": "a.mp3"}, ["'reference' and 'first_line'", "'auto'"]),
        ({"first_line": "auto", "url": "", "motion": "a.json"}, ["'first_line' and 'url'", "no video"]),
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


def test_a_row_with_a_cell_too_many_is_refused_instead_of_losing_it(tmp_path):
    (tmp_path / "songs.tsv").write_text("id\turl\tlyrics\na\ta.mp4\ta.lrc\tauto\n")
    with pytest.raises(InputError, match="more cells than there are columns"):
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


def test_the_word_fetch_needs_artist_and_title_and_a_provider(tmp_path):
    with pytest.raises(InputError, match="'artist' and 'title': both are needed where 'lyrics' is 'fetch'"):
        read_songs(write_table(tmp_path, {"lyrics": "fetch", "artist": "Somebody"}))
    songs = read_songs(write_table(tmp_path, {"lyrics": "fetch", "artist": "Somebody", "title": "Something"}))
    check_provider(songs, "https://lyrics.example.org")
    with pytest.raises(InputError, match=r"'lyrics\.provider' is empty, but the lyrics of a are to be fetched; set it"):
        check_provider(songs, "")
    check_provider(read_songs(write_table(tmp_path, {})), "")


@pytest.mark.parametrize("provider", ["ftp://example.org", "lrclib.net", "https://", "https:// example.org", 5])
def test_a_provider_that_is_no_web_address_is_a_configuration_error(repo, provider):
    config = yaml.safe_load((repo / "config.yaml").read_text(encoding="utf-8"))
    parse_config(config)
    config["lyrics"]["provider"] = provider
    with pytest.raises(InputError, match=r"lyrics\.provider"):
        parse_config(config)


def test_schema_columns_and_the_users_page_name_the_same_columns(repo):
    schema = yaml.safe_load((repo / "justlmd/songs/songs.schema.yaml").read_text(encoding="utf-8"))
    assert set(schema["properties"]) == set(COLUMNS)
    page = (repo / "docs/own-songs.md").read_text(encoding="utf-8")
    section = page.partition("## The song table")[2].partition("\n### ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert sorted(name for cell in cells for name in re.findall("`([a-z_]+)`", cell)) == sorted(COLUMNS)


def test_songs_to_dance_to_are_files_with_ids_of_their_own(tmp_path):
    assert read_danced_to("", ["a"]) == {}
    path = str(write_table(tmp_path, {"id": "new", "url": "music/new.mp3"}))
    assert read_danced_to(path, ["a"])["new"].local_source == Path("music/new.mp3")
    with pytest.raises(InputError, match="'new', column 'id': already used"):
        read_danced_to(path, ["new"])
    path = str(write_table(tmp_path, {"id": "new"}))
    with pytest.raises(InputError, match=r"'new', column 'url': .* is no file"):
        read_danced_to(path, [])


def test_a_table_of_faults_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "songs.tsv"
    path.write_text("id\turl\tlyrics\n" + "a b\thttps://example.org/v\ta.lrc\n" * 100_000)
    with pytest.raises(InputError) as error:
        read_songs(path)
    lines = str(error.value).splitlines()
    assert len(lines) < 25
    assert lines[-1].endswith("from here on nothing was checked; mend the faults above first")
