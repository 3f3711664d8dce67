"""The check of links, lyrics and motion files before a run."""

from collections.abc import Iterator

import pytest
from media_server import MediaServer, Page, media_server
from song_folders import program, write_songs
from synthetic_media import clicks, constant_rate, write_source_video


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with media_server() as running:
        yield running


def test_the_check_names_each_fault_and_downloads_nothing(tmp_path, server):
    write_source_video(tmp_path / "film.mp4", constant_rate(30, 1), clicks(1, [0.5]))
    film = (tmp_path / "film.mp4").read_bytes()
    server.pages["/film.mp4"] = Page(film)
    (tmp_path / "good.lrc").write_text("[00:01.00]here we go\n")
    (tmp_path / "plain.lrc").write_text("only words\n")
    (tmp_path / "text.mp4").write_text("not a video")
    good = {"lyrics": "good.lrc", "url": "film.mp4"}
    write_songs(
        tmp_path,
        good | {"id": "local"},
        good | {"id": "linked", "url": f"{server.base}/film.mp4"},
        good | {"id": "gone", "url": f"{server.base}/gone.mp4"},
        good | {"id": "text", "url": "text.mp4"},
        good | {"id": "plain", "lyrics": "plain.lrc"},
        good | {"id": "both", "url": "nowhere.mp4", "lyrics": "nowhere.lrc"},
        good | {"id": "motion", "url": "", "motion": "nowhere.json"},
        good | {"id": "other", "first_line": "auto", "reference": "nowhere.mp3"},
        good | {"id": "demo", "url": "results/demo/x/video.mp4", "lyrics": "results/demo/x/lyrics.lrc"},
        good | {"id": "out", "url": "nowhere.mp4"},
        exclude=["out"],
    )
    done = program("check", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    rows = [line.split(maxsplit=2) for line in done.stdout.splitlines()[1:-1]]
    failed = sorted((name, rest.split()[0]) for name, status, rest in rows if status == "failed")
    assert failed == [
        ("both", "lyrics"),
        ("both", "not_found"),
        ("gone", "not_found"),
        ("motion", "motion"),
        ("other", "reference"),
        ("plain", "lyrics"),
        ("text", "damaged"),
    ]
    assert {name for name, status, _ in rows if status == "ok"} == {"local", "linked", "plain", "other", "demo"}
    assert "-> check the link or path for typing errors" in done.stdout
    assert done.stdout.splitlines()[-1] == "9 songs: 3 ok, 6 failed"
    assert not (tmp_path / "results").exists()
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("plain ") and "failed" in line]
    assert "plain.lrc: no line has a time stamp" in row


def test_the_check_ends_with_0_when_all_is_well_and_takes_another_table(tmp_path):
    write_source_video(tmp_path / "film.mp4", constant_rate(30, 1), clicks(1, [0.5]))
    (tmp_path / "good.lrc").write_text("[00:01.00]here we go\n")
    write_songs(tmp_path, {"id": "a", "url": "film.mp4", "lyrics": "good.lrc"})
    (tmp_path / "songs.tsv").rename(tmp_path / "my.tsv")
    done = program("check", "--songs", "my.tsv", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    missing = program("check", cwd=tmp_path)
    assert missing.returncode == 2
    assert "songs.tsv: the song table does not exist" in missing.stderr


def test_a_server_that_asks_to_slow_down_is_not_asked_for_the_other_songs(tmp_path, server):
    (tmp_path / "good.lrc").write_text("[00:01.00]here we go\n")
    for name in ("a", "b", "c"):
        server.pages[f"/{name}.mp4"] = Page(b"", always=429)
    write_songs(
        tmp_path,
        *({"id": name, "url": f"{server.base}/{name}.mp4", "lyrics": "good.lrc"} for name in ("a", "b", "c")),
    )
    done = program("check", cwd=tmp_path)
    assert done.returncode == 1
    assert {path for path, _ in server.requests} == {"/a.mp4"}
    assert done.stdout.count("not_asked") == 2


def test_the_check_refuses_songs_to_fetch_without_a_provider(tmp_path):
    row = {"id": "a", "url": "a.mp4", "lyrics": "fetch", "artist": "A", "title": "T"}
    write_songs(tmp_path, row)
    done = program("check", cwd=tmp_path)
    assert done.returncode == 2
    assert "'lyrics.provider' is empty" in done.stderr


# Status
