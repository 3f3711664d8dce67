"""One song of one's own: what is found out about it, the table and configuration made for it, and every refusal."""

import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest
import yaml
from song_folders import program
from synthetic_media import clicks

from justlmd.core.errors import InputError
from justlmd.media.ffmpeg import ffmpeg_exe
from justlmd.project.config import parse_config
from justlmd.project.own_song import OwnSong, prepare, safe_name
from justlmd.songs.table import read_danced_to

LRC = "[ti:Name in the lyrics]\n[ar:Somebody]\n[00:00.50]here we go\n[00:02.50]round and round\n"
SPANISH = "[00:00.50]la tristeza es muy extraña\n[00:02.50]se alimenta de la belleza\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with ``My Song.wav``, ``my.lrc`` and ``tagged.mp3``."""
    monkeypatch.chdir(tmp_path)
    with wave.open("My Song.wav", "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
        file.writeframes(clicks(3.0, np.arange(6) / 2, rate=48000).tobytes())
    tags = ["-metadata", "title=Ça va\tbien?", "-metadata", "artist=Eux"]
    subprocess.run([ffmpeg_exe(), "-v", "error", "-i", "My Song.wav", *tags, "tagged.mp3"], check=True)
    Path("my.lrc").write_text(LRC)
    return tmp_path


def prepared(**options):
    song = prepare(OwnSong(**options), Path("results"))
    config = yaml.safe_load(song.config.read_text())
    parse_config(config)
    (row,) = read_danced_to(str(song.table), ()).values()
    assert row.id == song.name
    return row, config


def test_names_come_from_tags_then_lyrics_then_the_file(folder: Path) -> None:
    row, _ = prepared(audio="tagged.mp3", lyrics="my.lrc")
    assert (row.id, row.title, row.artist) == ("ca_va_bien", "Ça va bien?", "Eux")
    row, _ = prepared(audio="My Song.wav", lyrics="my.lrc")
    assert (row.id, row.title, row.artist) == ("name_in_the_lyrics", "Name in the lyrics", "Somebody")
    row, _ = prepared(audio="My Song.wav")
    assert (row.id, row.title) == ("my_song", "")
    row, _ = prepared(audio="tagged.mp3", name="other", title="Title", artist="Artist")
    assert (row.id, row.title, row.artist) == ("other", "Title", "Artist")


def test_the_table_says_what_was_asked_for_and_the_configuration_needs_no_data_set(folder: Path) -> None:
    row, config = prepared(audio="My Song.wav", lyrics="my.lrc", start="0:00.5", end="2.5", first_line="1", seed=3)
    assert (row.url, row.lyrics, row.start, row.end, row.first_line) == ("My Song.wav", "my.lrc", 0.5, 2.5, 1.0)
    assert row.language == "en"
    assert config["songs"] == ""
    assert config["generate"]["model"] == "choreographer"
    assert (config["generate"]["repertoire"], config["generate"]["seed"]) == ("shipped", 3)
    assert config["features"]["text_encoder"] == "minilm"


def test_the_first_line_is_listened_for_and_without_lyrics_nothing_is(folder: Path) -> None:
    assert prepared(audio="My Song.wav", lyrics="my.lrc")[0].first_line == "auto"
    assert prepared(audio="My Song.wav")[0].first_line is None


def test_lyrics_that_are_not_english_are_read_by_an_encoder_of_many_languages(folder: Path) -> None:
    Path("es.lrc").write_text(SPANISH, encoding="utf-8")
    row, config = prepared(audio="My Song.wav", lyrics="es.lrc")
    assert (row.language, config["features"]["text_encoder"]) == ("", "multilingual")
    row, config = prepared(audio="My Song.wav", lyrics="my.lrc", language="es")
    assert (row.language, config["features"]["text_encoder"]) == ("es", "multilingual")


@pytest.mark.parametrize(
    "options, said",
    [
        ({"audio": "none.mp3"}, "none.mp3: there is no such file; name your song"),
        ({"audio": "my.lrc"}, "my.lrc: holds no audio that can be read; give an mp3"),
        ({"lyrics": "none.lrc"}, "none.lrc: there is no such file; name your lyrics"),
        ({"lyrics": "plain.txt"}, "plain.txt: no line"),
        ({"model": "v3"}, "there is no trained model 'v3'; train it"),
        ({"character": "none.vrm"}, "none.vrm: there is no such file"),
        ({"character": "my.lrc"}, "my.lrc: is no character that can dance; give a .vrm"),
        ({"character": "fake.vrm"}, "fake.vrm: is no character that can dance"),
        ({"name": "index"}, "the name 'index' is taken"),
        ({"name": "of_the_data_set"}, "the name 'of_the_data_set' is taken by another song; choose one: NAME="),
        ({"name": "../out"}, r"column 'id': '../out' is not allowed"),
        ({"start": "soon"}, "column 'start': 'soon' is not allowed"),
        ({"start": "2", "end": "1"}, "2 is not before 1"),
        ({"language": "Spanish"}, "column 'language'"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(folder: Path, options: dict[str, str], said: str) -> None:
    Path("plain.txt").write_text("here we go\nround and round\n")
    Path("fake.vrm").write_text("no character")
    (folder / "results/songs/of_the_data_set").mkdir(parents=True)
    with pytest.raises(InputError) as error:
        prepare(OwnSong(**{"audio": "My Song.wav", **options}), Path("results"))
    assert said in str(error.value)
    assert not list(folder.rglob("song.tsv"))


def test_the_command_says_it_in_one_line(folder: Path) -> None:
    done = program("dance", "none.mp3", "my.lrc", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "none.mp3: there is no such file; name your song: AUDIO=my.mp3\n"


def test_a_song_is_danced_to_again_under_its_name(folder: Path) -> None:
    first, _ = prepared(audio="My Song.wav")
    (folder / "results/songs" / first.id).mkdir(parents=True)
    again, config = prepared(audio="My Song.wav", seed=1)
    assert (again, config["generate"]["seed"]) == (first, 1)


@pytest.mark.parametrize("text, name", [("Ünïcode & more!", "unicode_more"), ("日本", ""), ("a" * 99, "a" * 60)])
def test_names_are_safe_for_files(text: str, name: str) -> None:
    assert safe_name(text) == name
