"""Song tables made of other lists, and the programs that convert, check and report on them."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from media_server import MediaServer, Page, media_server
from synthetic_media import clicks, constant_rate, write_film
from toy_songs import write_song

from justlmd.core.errors import InputError
from justlmd.core.files import write_json
from justlmd.media.ffmpeg import ffmpeg_exe
from justlmd.project.status import song_statuses, status_summary, status_table
from justlmd.songs.convert import convert_playlist, convert_song_list, song_table
from justlmd.songs.table import COLUMNS, Song, read_songs

REPO = Path(__file__).resolve().parents[2]


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


def program(name: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"justlmd.cli.{name}", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def write_songs(folder: Path, *rows: dict[str, str], **config: dict) -> None:
    """A project folder with a song table and a configuration that does not wait."""
    lines = ["\t".join(row.get(column, "") for column in COLUMNS) for row in rows]
    (folder / "songs.tsv").write_text("\n".join(["\t".join(COLUMNS), *lines]) + "\n", encoding="utf-8")
    settings = yaml.safe_load((REPO / "config.yaml").read_text(encoding="utf-8"))
    settings["download"] |= {"pause": 0, "attempts": 1}
    for section, values in config.items():
        settings[section] = settings[section] | values if isinstance(values, dict) else values
    (folder / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


# Lists


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
    done = program("convert_songs", "list.json", "--output", "my.tsv", "--lyrics", "words", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "1 songs in my.tsv, 0 entries left out" in done.stderr
    assert read_songs(tmp_path / "my.tsv")[0].lyrics == "words/a.lrc"
    edited = (tmp_path / "my.tsv").read_text() + "b\tb.mp4\t\t\t\tb.lrc\n"
    (tmp_path / "my.tsv").write_text(edited)
    again = program("convert_songs", "list.json", "--output", "my.tsv", cwd=tmp_path)
    assert again.returncode == 2
    assert again.stderr == "my.tsv: exists already; name another file, or add --force to replace it\n"
    assert (tmp_path / "my.tsv").read_text() == edited
    assert program("convert_songs", "list.json", "--output", "my.tsv", "--force", cwd=tmp_path).returncode == 0
    assert len(read_songs(tmp_path / "my.tsv")) == 1
    printed = program("convert_songs", "list.json", cwd=tmp_path)
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
    done = program("convert_songs", f"{server.base}/dances.xml", "--output", "my.tsv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    songs = read_songs(tmp_path / "my.tsv")
    assert [(song.id, song.url) for song in songs] == [(name, f"{server.base}/{name}.mp4") for name in ("one", "two")]


@pytest.mark.parametrize(
    ("argument", "words"),
    [("none.json", "none.json: no such file"), ("broken.json", "broken.json:1: not valid JSON")],
)
def test_the_converter_explains_what_it_cannot_read(tmp_path, argument, words):
    (tmp_path / "broken.json").write_text("{")
    done = program("convert_songs", argument, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


# check_songs.py


def test_the_check_names_each_fault_and_downloads_nothing(tmp_path, server):
    write_film(tmp_path / "film.mp4", constant_rate(30, 1), clicks(1, [0.5]))
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
    done = program("check_songs", cwd=tmp_path)
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
    write_film(tmp_path / "film.mp4", constant_rate(30, 1), clicks(1, [0.5]))
    (tmp_path / "good.lrc").write_text("[00:01.00]here we go\n")
    write_songs(tmp_path, {"id": "a", "url": "film.mp4", "lyrics": "good.lrc"})
    (tmp_path / "songs.tsv").rename(tmp_path / "my.tsv")
    done = program("check_songs", "--songs", "my.tsv", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    missing = program("check_songs", cwd=tmp_path)
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
    done = program("check_songs", cwd=tmp_path)
    assert done.returncode == 1
    assert {path for path, _ in server.requests} == {"/a.mp4"}
    assert done.stdout.count("not_asked") == 2


def test_the_check_refuses_songs_to_fetch_without_a_provider(tmp_path):
    row = {"id": "a", "url": "a.mp4", "lyrics": "fetch", "artist": "A", "title": "T"}
    write_songs(tmp_path, row)
    done = program("check_songs", cwd=tmp_path)
    assert done.returncode == 2
    assert "'lyrics.provider' is empty" in done.stderr


# Status

JOB = """
import sys, time
sys.path.insert(0, sys.argv[1])
from types import SimpleNamespace
from job import run
from justlmd.download_failures import failure
from justlmd.errors import InputError

def main(snakemake):
    what = sys.argv[3]
    if what == "input":
        raise InputError("a.lrc: plain\\nlyrics; write times")
    if what == "download":
        raise failure("http://x", "blocked", "a; b \\x1b[31m")
    if what == "defect":
        raise ValueError("this; that")
    if what == "sleep":
        time.sleep(60)
    return "fine"

names = SimpleNamespace(items=lambda: [("song", "a")])
run(main, SimpleNamespace(rule="lyrics", threads=1, wildcards=names, log=[sys.argv[2]]))
"""


def job(folder: Path, stage: str, what: str) -> subprocess.Popen[str]:
    log = folder / f"results/songs/a/logs/{stage}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    arguments = [sys.executable, "-c", JOB, str(REPO / "workflow_scripts"), str(log), what]
    return subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


SONG = Song(id="a", url="a.mp4", lyrics="a.lrc")


def put(results: Path, *names: str) -> None:
    for name in names:
        path = results / "songs/a" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")


@pytest.mark.parametrize(
    ("what", "cause", "message", "next_step"),
    [
        ("input", "input", "a.lrc: plain lyrics", "write times"),
        (
            "download",
            "blocked",
            "http://x: the site takes this computer for a robot (a; b)",
            "wait an hour; set `cookies` or `proxy`; do not hurry it",
        ),
        ("defect", "defect", "ValueError: this; that (a defect of the program)", "report it with "),
    ],
)
def test_a_failed_job_says_why_until_it_succeeds(tmp_path, what, cause, message, next_step):
    results = tmp_path / "results"
    process = job(tmp_path, "lyrics", what)
    _, printed = process.communicate(timeout=60)
    assert process.returncode == 1
    assert printed.startswith(f"ERROR  a  lyrics: {message}; {next_step}")
    assert printed.count("\n") == 1
    (row,) = song_statuses([SONG], results)
    assert (row.status, row.stage, row.cause, row.message) == ("failed", "lyrics", cause, message)
    assert row.next_step.startswith(next_step)
    process = job(tmp_path, "lyrics", "fine")
    _, printed = process.communicate(timeout=60)
    assert printed.startswith("done   a  lyrics")
    (row,) = song_statuses([SONG], results)
    assert (row.status, row.stage, row.reached) == ("waiting", "download", "")


def test_a_killed_job_is_listed_as_interrupted(tmp_path):
    process = job(tmp_path, "lyrics", "sleep")
    note = tmp_path / "results/songs/a/logs/lyrics.error"
    deadline = time.monotonic() + 60
    while not (note.is_file() and note.read_text().endswith("\n")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    (row,) = song_statuses([SONG], tmp_path / "results")
    assert (row.status, row.stage, row.cause) == ("failed", "lyrics", "interrupted")
    assert row.next_step == "if nothing runs, run again"


STAGES = ("source.mp4", "video.mp4", "lyrics.json", "sliced.json", "keypoints2d.npz", "smplfull.json")


def test_a_song_is_waiting_dropped_or_finished_as_its_files_say(tmp_path):
    put(tmp_path, "lyrics.json", "source.mp4")
    (row,) = song_statuses([SONG], tmp_path)
    assert (row.status, row.reached, row.stage) == ("waiting", "download", "standardise")
    put(tmp_path, *STAGES)
    (row,) = song_statuses([SONG], tmp_path)
    assert (row.status, row.reached, row.stage) == ("waiting", "recovery", "quality")
    write_json(tmp_path / "songs/a/quality.json", {"keep": False, "reasons": ["two dancers", "cut in\tthe shot"]})
    (row,) = song_statuses([SONG], tmp_path)
    assert (row.status, row.stage, row.message) == ("dropped", "quality", "two dancers; cut in the shot")
    assert "`keep`" in row.next_step
    (tmp_path / "manifest.tsv").write_text("song\tverdict\treason\na\tkept\tkept by configuration although: two\n")
    (row,) = song_statuses([SONG], tmp_path)
    assert (row.status, row.message) == ("finished", "kept by configuration although: two")
    (row,) = song_statuses([SONG], tmp_path, excluded=["a"])
    assert (row.status, row.reached) == ("excluded", "quality")
    for content in ("", "[]", "{", '{"reasons": 1}'):
        (tmp_path / "songs/a/quality.json").write_text(content)
        os.utime(tmp_path / "manifest.tsv", (1, 1))
        assert song_statuses([SONG], tmp_path)[0].status == "dropped"


def test_only_the_stages_of_a_song_count(tmp_path):
    put(tmp_path, "lyrics.json", "sliced.json", "smplfull.json", "logs/download.error")
    write_json(tmp_path / "songs/a/quality.json", {"keep": True, "reasons": []})
    assert song_statuses([Song(id="a", url="", lyrics="a.lrc", motion="m.json")], tmp_path)[0].status == "finished"
    (row,) = song_statuses([Song(id="a", url="", lyrics="fetch", motion="m.json")], tmp_path)
    assert (row.status, row.stage) == ("waiting", "fetch_lyrics")


def test_a_file_put_there_by_hand_ends_the_failure_of_its_stage(tmp_path):
    song = Song(id="a", url="", lyrics="fetch", motion="m.json")
    put(tmp_path, "logs/fetch_lyrics.error")
    assert song_statuses([song], tmp_path)[0].status == "failed"
    put(tmp_path, "fetched.lrc")
    assert song_statuses([song], tmp_path)[0].status == "waiting"


def test_the_table_lists_every_song_and_every_failure_and_the_summary_says_how_to_go_on(tmp_path):
    (tmp_path / "songs/a/logs").mkdir(parents=True)
    (tmp_path / "songs/a/logs/lyrics.error").write_text("input\tb.lrc: empty; write it\n")
    (tmp_path / "songs/a/logs/download.error").write_bytes(b"not_found\thttp://x: gone\xff\x1b[31m; look\n")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/dataset.error").write_text("input\tno songs; add some\n")
    rows = song_statuses([SONG, Song(id="b", url="b.mp4", lyrics="b.lrc"), Song(id="c", url="c", lyrics="c")], tmp_path)
    assert [(row.song, row.status, row.stage) for row in rows] == [
        ("a", "failed", "download"),
        ("a", "failed", "lyrics"),
        ("b", "waiting", "download"),
        ("c", "waiting", "download"),
        ("all songs", "failed", "dataset"),
    ]
    table = status_table(rows).split("\n")
    assert table[0].split("\t") == ["song", "status", "reached", "stage", "cause", "message", "next_step"]
    assert all(line.count("\t") == 6 for line in table[:-1])
    assert "\x1b" not in "".join(table)
    summary = status_summary(rows)
    assert summary.startswith("3 songs: 1 failed, 2 waiting\n")
    assert summary.endswith("--config 'exclude=[a]'")


def test_the_status_program_writes_the_table(tmp_path):
    write_songs(tmp_path, {"id": "a", "url": "a.mp4", "lyrics": "a.lrc"})
    done = program("status", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 songs: 1 waiting\n")
    assert (tmp_path / "results/status.tsv").read_text().splitlines()[1].split("\t")[:4] == [
        "a",
        "waiting",
        "",
        "download",
    ]


FAULTS = {  # song: what is wrong with its row, and the stage, cause and words of the answer
    "missing": ({"url": "nowhere.mp4"}, "download", "not_found", "no such file: nowhere.mp4"),
    "lost": ({"url": "{base}/lost.mp4"}, "download", "not_found", "HTTP Error 404"),
    "private": ({"url": "{base}/403.mp4"}, "download", "private", "HTTP Error 403"),
    "slow": ({"url": "{base}/429.mp4"}, "download", "rate_limited", "HTTP Error 429"),
    "page": ({"url": "{base}/page.html"}, "download", "unsupported", "Unsupported URL"),
    "text": ({"url": "{base}/text.mp4"}, "download", "damaged", "not a whole video"),
    "cut": ({"url": "{base}/cut.mp4"}, "download", "damaged", "not a whole video"),
    "short": ({"start": "100"}, "standardise", "input", "source.mp4"),
    "empty": ({"lyrics": "empty.lrc"}, "lyrics", "input", "empty.lrc: empty"),
    "wordless": ({"lyrics": "nowhere.lrc"}, "lyrics", "input", "nowhere.lrc: the lyrics file does not exist"),
}


@pytest.mark.workflow
@pytest.mark.slow
def test_a_list_full_of_faults_ends_with_the_right_reasons_and_all_good_songs(tmp_path, server):
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    names = subprocess.run(command, cwd=REPO, check=True, capture_output=True, text=True).stdout.split("\n")
    for name in filter(None, names):
        if (REPO / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / name, tmp_path / name)
    noise = np.random.default_rng(0).integers(0, 255, (90, 64, 192, 3), dtype=np.uint8)
    write_film(tmp_path / "raw.mp4", constant_rate(30, 3), clicks(3, [1]), pictures=noise)
    faststart = [ffmpeg_exe(), "-v", "error", "-i", "raw.mp4", "-c", "copy", "-movflags", "+faststart", "film.mp4"]
    subprocess.run(faststart, cwd=tmp_path, check=True)
    film = (tmp_path / "film.mp4").read_bytes()
    server.pages |= {f"/{state}.mp4": Page(b"", always=state) for state in (403, 429)}
    server.pages |= {
        "/film.mp4": Page(film),
        "/page.html": Page(b"<html>no video here</html>", "text/html"),
        "/text.mp4": Page(b"this is no video"),
        "/cut.mp4": Page(film[: len(film) // 3]),
    }
    (tmp_path / "good.lrc").write_text("[00:00.50]here we go\n[00:02.00]\n")
    (tmp_path / "empty.lrc").write_text("")
    write_song(tmp_path / "toy", "toy", start_s=0.5)
    motion = {"motion": "toy/smplfull.json"}  # nobody dances in the noise
    good = {"good": motion, "linked": motion | {"url": "{base}/film.mp4"}}
    changes = good | {name: changed for name, (changed, *_) in FAULTS.items()}
    songs = [{"id": name, "url": "film.mp4", "lyrics": "good.lrc"} | changed for name, changed in changes.items()]
    write_songs(tmp_path, *(song | {"url": song["url"].format(base=server.base)} for song in songs))

    # The good songs to their end, the others as far as their fault.
    targets = [f"results/songs/{name}/video.mp4" for name in changes if FAULTS.get(name, [""] * 2)[1] != "lyrics"]
    targets += [f"results/songs/{name}/lyrics.json" for name in ("empty", "wordless")]
    targets += [f"results/songs/{name}/quality.json" for name in good]
    run = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *targets],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    printed = run.stdout + run.stderr
    assert run.returncode == 1
    assert "Traceback" not in printed
    with (tmp_path / "results/status.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [row["song"] for row in rows] == list(changes)
    for row in rows:
        if row["song"] in good:
            assert (row["status"], row["reached"], row["message"]) == ("finished", "quality", "")
            continue
        _, stage, cause, words = FAULTS[row["song"]]
        assert (row["status"], row["stage"], row["cause"]) == ("failed", stage, cause), row
        assert words in row["message"]
        assert row["next_step"]
        assert f"ERROR  {row['song']}  {stage}: " in printed
    assert f"--config 'exclude=[{','.join(FAULTS)}]'" in printed
