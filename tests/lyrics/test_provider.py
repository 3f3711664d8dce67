"""Lyrics fetched from a server on this computer that speaks LRCLIB's documented interface, and breaks it."""

import csv
import email.utils
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from synthetic_media import clicks, constant_rate, write_film

from justlmd.lyrics.lrc import parse_lrc
from justlmd.lyrics.lrclib import CAUSES, LARGEST_ANSWER, LyricsError, ProviderOptions
from justlmd.lyrics.provider import FetchedLyrics, fetch_lyrics
from justlmd.songs.table import COLUMNS

SYNCED = "[00:12.00]here we go\n[00:15.50]round and round\r\n[00:19.00]"
NOT_FOUND = {"message": "Failed to find specified track", "name": "TrackNotFound", "statusCode": 404}


def track(number: int = 1, **changed: Any) -> dict[str, Any]:
    """A recording as the documentation shows it."""
    return {
        "id": number,
        "name": "Panini",
        "trackName": "Panini",
        "artistName": "Lil Nas X",
        "albumName": "7",
        "duration": 115.0,
        "instrumental": False,
        "plainLyrics": "here we go\nround and round\n",
        "syncedLyrics": SYNCED,
    } | changed


def reply(status: int, body: Any, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    return status, body if isinstance(body, bytes) else json.dumps(body).encode(), headers


Question = dict[str, str]
Answer = tuple[int, bytes, dict[str, str]]


class LyricsServer:
    """The documented ``/api/get`` and ``/api/search`` over ``tracks``; ``faults`` are answered first, one each."""

    def __init__(self) -> None:
        self.tracks: list[Any] = []
        self.faults: list[Answer | Callable[[BaseHTTPRequestHandler], None]] = []
        self.asked: list[tuple[str, Question]] = []
        self.agents: set[str] = set()
        self.lax = False
        """Whether a search finds everything."""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                owner.handle(self)

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass

        self.http = Server(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.http.server_port}"

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        question = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append((parts.path, question))
        self.agents.add(request.headers.get("User-Agent", ""))
        fault = self.faults.pop(0) if self.faults else None
        if callable(fault):
            fault(request)
            return
        status, body, headers = fault or self.answer(parts.path, question)
        request.send_response(status)
        for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(body))} | headers).items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    def answer(self, path: str, question: Question) -> Answer:
        if path not in ("/api/get", "/api/search"):
            return reply(404, b"<html>no such page</html>")
        if not question.get("track_name") or ("duration" in question and not 1 <= int(question["duration"]) <= 3600):
            return reply(400, {"message": "duration: not in range", "name": "ValidationError", "statusCode": 400})
        if path == "/api/search":
            words = set(question["track_name"].lower().split())
            found = [one for one in self.tracks if self.lax or words & set(one["trackName"].lower().split())]
            return reply(200, found[:20])
        for one in self.tracks:
            same = (one["artistName"], one["trackName"]) == (question["artist_name"], question["track_name"])
            if same and abs(one["duration"] - int(question.get("duration", one["duration"]))) <= 2:
                return reply(200, one)
        return reply(404, NOT_FOUND)


@pytest.fixture
def server() -> Iterator[LyricsServer]:
    running = LyricsServer()
    thread = threading.Thread(target=running.http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield running
    running.http.shutdown()
    running.http.server_close()
    thread.join(5)


class Naps(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def fetch(
    server: LyricsServer, duration: float | None = 115.2, title: str = "Panini", **options: Any
) -> tuple[FetchedLyrics, Naps]:
    naps = Naps()
    settings = ProviderOptions(url=server.base, **({"backoff_s": 1.0, "attempts": 3, "timeout_s": 5.0} | options))
    return fetch_lyrics("Lil Nas X", title, duration, settings, sleep=naps), naps


def refused(server: LyricsServer, duration: float | None = 115.2, **options: Any) -> tuple[LyricsError, Naps]:
    naps = Naps()
    settings = ProviderOptions(url=server.base, **({"backoff_s": 1.0, "attempts": 3, "timeout_s": 5.0} | options))
    with pytest.raises(LyricsError) as caught:
        fetch_lyrics("Lil Nas X", "Panini", duration, settings, sleep=naps)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("'Panini' by Lil Nas X: ")
    assert message.endswith(f"; {CAUSES[caught.value.cause][1]}")
    return caught.value, naps


def test_the_recording_of_the_right_length_becomes_an_lrc_file_that_names_its_origin(server):
    server.tracks = [track(7, duration=190.0), track(42)]
    found, naps = fetch(server)
    assert (found.artist, found.title, found.lines, found.note) == ("Lil Nas X", "Panini", 2, "")
    lyrics = parse_lrc(found.text.encode(), "fetched.lrc")
    assert [(line.start_s, line.text) for line in lyrics.lines] == [(12.0, "here we go"), (15.5, "round and round")]
    assert lyrics.lines[-1].end_s == 19.0
    assert lyrics.metadata == {"ar": "Lil Nas X", "ti": "Panini", "al": "7", "length": "01:55"} | {
        "#": "from 127.0.0.1, id 42"
    }
    assert lyrics.warnings == ()
    assert "\r" not in found.text
    assert naps == []
    assert server.asked == [
        ("/api/get", {"artist_name": "Lil Nas X", "track_name": "Panini", "duration": "115"}),
    ]
    (agent,) = server.agents
    assert re.match(r"JustLMD/\d+\.\d+", agent)


@pytest.mark.parametrize("suffix", ["/", "/api", "/api/"])
def test_the_address_may_end_in_several_ways(server, suffix):
    server.tracks = [track()]
    server.base += suffix
    assert fetch(server)[0].lines == 2


def test_an_unknown_song_is_searched_and_then_named_with_the_next_step(server):
    error, naps = refused(server)
    assert error.cause == "not_found"
    assert "write the .lrc yourself" in str(error)
    assert [path for path, _ in server.asked] == ["/api/get", "/api/search"]
    assert "duration" not in server.asked[1][1]
    assert naps == []


def test_of_the_recordings_found_by_search_the_length_decides_within_the_tolerance(server):
    near = [
        track(number, trackName="Panini (Remix)", duration=length) for number, length in ((1, 121), (2, 113), (3, 117))
    ]
    server.tracks = [*near, track(4, trackName="Panini (Live)", duration=117.5)]
    found, _ = fetch(server, 115.2)
    assert (found.title, found.note) == ("Panini (Remix)", "found as 'Panini (Remix)' by Lil Nas X")
    assert "id 3" in found.text
    error, _ = refused(server, 125.0)
    assert error.cause == "not_found"
    assert "the nearest is 'Panini (Remix)' by Lil Nas X, 02:01 long" in str(error)
    assert fetch(server, 125.0, tolerance_s=4.0)[0].title == "Panini (Remix)"


@pytest.mark.parametrize(
    ("changed", "taken"),
    [
        ({"trackName": "Another song"}, False),
        ({"artistName": "Nobody"}, False),
        ({"artistName": "DaBaby & Lil Nas X", "trackName": "Panini - DaBaby Remix"}, True),
        ({"artistName": "LilNasX"}, False),
    ],
)
def test_a_recording_of_the_right_length_must_be_of_this_song(server, changed, taken):
    server.lax = True
    server.tracks = [track(**changed)]
    if taken:
        assert "found as" in fetch(server)[0].note
    else:
        assert refused(server)[0].cause == "not_found"


@pytest.mark.parametrize(
    ("artist", "title"), [("Lil Nas X", "Panini"), ("LIL NAS X", "Pánini!"), ("lil nas x", "panini")]
)
def test_a_video_of_another_length_takes_the_exact_song_and_says_so(server, artist, title):
    server.lax = True
    server.tracks = [
        track(1, trackName="Panini (Remix)", duration=150.0),
        track(2, trackName=title, artistName=artist, duration=180.0),
        track(3, trackName=title, artistName=artist, duration=120.0),
    ]
    found, _ = fetch(server, 140.0)
    assert found.note == ("the recording lasts 02:00 and the song here 02:20: check the times and set `first_line`")
    assert f"id 3; {found.note}]" in found.text
    assert parse_lrc(found.text.encode(), "x").lines[0].start_s == 12.0


def test_a_song_of_unknown_length_takes_the_exact_song_and_says_so(server):
    server.tracks = [track(5)]
    found, _ = fetch(server, None)
    assert "the song here an unknown time" in found.note
    assert "duration" not in server.asked[0][1]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"syncedLyrics": None}, "no time stamps"),
        ({"syncedLyrics": ""}, "no time stamps"),
        ({"syncedLyrics": " \n"}, "no time stamps"),
        ({"syncedLyrics": None, "plainLyrics": None, "instrumental": True}, "instrumental"),
        ({"syncedLyrics": "only words"}, "no line has a time stamp"),
        ({"syncedLyrics": "[00:12.00]\n[00:13.00]"}, "without any text"),
        ({"syncedLyrics": ["[00:12.00]x"]}, "no time stamps"),
    ],
)
def test_lyrics_without_times_are_not_taken(server, changed, words):
    server.tracks = [track(**changed)]
    error, _ = refused(server)
    assert error.cause == "not_synced"
    assert words in str(error)
    server.tracks.append(track(2))
    assert "id 2" in fetch(server)[0].text


def test_a_refused_question_is_asked_once_and_quotes_the_server(server):
    server.faults = [reply(400, {"message": "track_name: too\nlong\u001b[31m", "name": "ValidationError"})]
    error, naps = refused(server)
    assert error.cause == "refused"
    assert "HTTP 400 track_name: too long" in str(error)
    assert (naps, len(server.asked)) == ([], 1)


@pytest.mark.parametrize(
    ("retry_after", "nap"),
    [(None, 1.0), ("7", 7.0), ("0", 1.0), ("-5", 1.0), ("soon", 1.0), ("119", 119.0), ("9" * 400, 1.0)],
)
def test_a_server_that_asks_to_slow_down_is_obeyed_within_bounds(server, retry_after, nap):
    server.tracks = [track()]
    server.faults = [reply(429, b"slow down", **({"Retry_After": retry_after} if retry_after else {}))]
    assert fetch(server)[1] == [nap]


def test_a_date_to_retry_after_is_understood(server):
    server.tracks = [track()]
    server.faults = [reply(429, b"", Retry_After=email.utils.formatdate(time.time() + 60, usegmt=True))]
    (nap,) = fetch(server)[1]
    assert 50 < nap <= 60


def test_a_server_that_wants_an_hour_is_left_alone(server):
    server.faults = [reply(429, b"", Retry_After="3600")] * 3
    error, naps = refused(server)
    assert error.cause == "rate_limited"
    assert "asks to wait 3600 s" in str(error)
    assert (naps, len(server.asked)) == ([], 1)


def hang_up(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True


def cut(request: BaseHTTPRequestHandler) -> None:
    body = json.dumps(track()).encode()
    request.send_response(200)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body[:40])
    request.close_connection = True


def drip(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    for _ in range(600):
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (reply(500, b"oops"), "server_error"),
        (reply(503, b"", Retry_After="0"), "server_error"),
        (reply(429, b""), "rate_limited"),
        (hang_up, "connection"),
        (cut, "connection"),
    ],
)
def test_faults_that_pass_are_tried_again_and_lasting_ones_end_with_their_cause(server, fault, cause):
    server.tracks = [track()]
    server.faults = [fault, fault]
    found, naps = fetch(server)
    assert (found.lines, naps) == (2, [1.0, 2.0])
    server.faults = [fault, fault, fault]
    server.asked.clear()
    error, naps = refused(server)
    assert error.cause == cause
    assert naps == [1.0, 2.0]
    assert len(server.asked) == 3


def test_an_answer_that_drips_for_ever_is_given_up(server):
    server.faults = [drip]
    error, _ = refused(server, timeout_s=0.2, attempts=1)
    assert error.cause == "connection"
    assert "no whole answer" in str(error)


def test_a_silent_server_is_given_up(server):
    server.faults = [lambda request: time.sleep(1)]
    error, _ = refused(server, timeout_s=0.2, attempts=1)
    assert error.cause == "connection"
    assert "127.0.0.1: " in str(error)


def test_nobody_at_the_address_is_a_failed_connection(server):
    server.base = "http://127.0.0.1:9"
    error, naps = refused(server)
    assert error.cause == "connection"
    assert "refused" in str(error)
    assert len(naps) == 2


@pytest.mark.parametrize(
    "url", ["http://[1", "http://:80", "http://" + "a" * 300 + ".example", "http://127.0.0.1:99999"]
)
def test_an_address_that_is_none_is_an_error_with_a_next_step(server, url):
    server.base = url
    assert refused(server)[0].cause in ("refused", "connection")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b"",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"id": NaN}',
        b"5",
        b"null",
        b"[]",
        b"{}",
        b'{"id": "1", "artistName": "Lil Nas X", "trackName": "Panini"}',
        b'{"id": 1, "artistName": ["x"], "trackName": "Panini"}',
        b"1" * 5000,
    ],
)
def test_an_answer_that_is_no_recording_is_an_error_with_a_cause(server, body):
    server.faults = [reply(200, body)]
    error, naps = refused(server)
    assert error.cause in ("damaged", "not_found")
    assert naps == []


def test_a_huge_answer_is_cut_off_and_refused(server):
    sent = []

    def flood(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(10 * LARGEST_ANSWER // 65_536):
            sent.append(request.wfile.write(b" " * 65_536))

    server.faults = [flood]
    error, _ = refused(server)
    assert error.cause == "damaged"
    assert "more than 4 MB" in str(error)
    assert sum(sent) < 8 * LARGEST_ANSWER


def test_a_page_that_is_no_lyrics_server_is_refused_and_redirects_are_not_followed(server):
    server.faults = [reply(404, b"<html>nothing here</html>")]
    assert refused(server)[0].cause == "refused"
    server.faults = [reply(301, b"", Location="http://127.0.0.1:9/api/get")]
    error, _ = refused(server)
    assert error.cause == "refused"
    assert "HTTP 301 http://127.0.0.1:9/api/get" in str(error)


def test_hostile_names_and_texts_stay_inside_their_tags(server):
    server.tracks = [
        track(
            trackName="Panini\n[00:00.00]x\u001b[31m",
            albumName="\ud800[offset:5000]",
            syncedLyrics="\x00[00:12.00]here \ud800 we\u202e go\n",
            duration=10**400,
        ),
        track(9, trackName="Panini", duration=True, syncedLyrics=None),
    ]
    found, _ = fetch(server, title="Panini 00 00 00 x")
    lyrics = parse_lrc(found.text.encode(), "x")
    assert [line.start_s for line in lyrics.lines] == [12.0]
    assert lyrics.offset_s == 0.0
    assert "\x1b" not in found.text
    assert "\x00" not in found.text


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["id", "trackName", "artistName", "albumName", "duration", "instrumental", "syncedLyrics"]),
            st.one_of(json_values, st.sampled_from(["Panini", "Lil Nas X", 115, SYNCED])),
        ),
        max_size=4,
    )
)
def test_any_json_gives_lyrics_or_a_named_failure(changes):
    answers = {"get": track(**changes[0]) if changes else None, "search": [track(**change) for change in changes]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("justlmd.lyrics.provider.ask", lambda song, method, *_: answers[method])
        try:
            found = fetch_lyrics("Lil Nas X", "Panini", 115.0, ProviderOptions(url="http://127.0.0.1"))
        except LyricsError as error:
            assert error.cause in CAUSES
        else:
            assert found.lines == len(parse_lrc(found.text.encode(), "x").sung) > 0


def run_rule(monkeypatch, repo, output, **song):
    monkeypatch.syspath_prepend(str(repo / "workflow_scripts"))
    import fetch_lyrics as script

    source = output.with_name("source.json")
    source.write_text('{"duration": 130.0}')
    return script.main(
        SimpleNamespace(
            input=[str(source)],
            output=[str(output)],
            params=SimpleNamespace(
                song={"artist": "Lil Nas X", "title": "Panini", "start": 10.0, "end": 125.0} | song,
                lyrics={"provider": song.pop("base", ""), "duration_tolerance": 3},
                download={"attempts": 1, "proxy": ""},
            ),
        )
    )


def test_the_rule_asks_once_and_keeps_what_it_has(server, tmp_path, monkeypatch, repo):
    """The length asked for is that of the part of the video that is used."""
    server.tracks = [track()]
    output = tmp_path / "fetched.lrc"
    assert run_rule(monkeypatch, repo, output, base=server.base) == "2 lines"
    assert server.asked[0][1]["duration"] == "115"
    output.write_text("[00:01.00]mended by hand\n")
    assert "kept as it is" in run_rule(monkeypatch, repo, output, base=server.base)
    assert output.read_text() == "[00:01.00]mended by hand\n"
    assert len(server.asked) == 1


@pytest.mark.workflow
@pytest.mark.slow
def test_in_the_workflow_lyrics_are_fetched_once_and_failures_stand_in_the_table_of_states(server, tmp_path, repo):
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    names = subprocess.run(command, cwd=repo, check=True, capture_output=True, text=True).stdout.split("\n")
    for name in filter(None, names):
        if (repo / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repo / name, tmp_path / name)
    write_film(tmp_path / "film.mp4", constant_rate(30, 4), clicks(4, [1]))
    row = {"url": "film.mp4", "lyrics": "fetch", "artist": "Lil Nas X"}
    rows = [row | {"id": "known", "title": "Panini"}, row | {"id": "unknown", "title": "Nobody sang this"}]

    def write_songs() -> None:
        lines = ["\t".join(one.get(column, "") for column in COLUMNS) for one in rows]
        (tmp_path / "songs.tsv").write_text("\n".join(["\t".join(COLUMNS), *lines]) + "\n")

    def snakemake(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)

    def configure(provider: str) -> None:
        config = yaml.safe_load((repo / "config.yaml").read_text(encoding="utf-8"))
        config["download"] |= {"attempts": 1, "pause": 0}
        config["lyrics"]["provider"] = provider
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))

    configure(server.base)
    server.tracks = [track(duration=4.0)]
    targets = [f"results/songs/{one['id']}/lyrics.json" for one in rows]
    write_songs()
    result = snakemake(*targets)
    printed = result.stdout + result.stderr
    assert result.returncode == 1
    assert "done   known  fetch_lyrics" in printed
    (error,) = [line for line in printed.splitlines() if line.startswith("ERROR ")]
    assert error.startswith("ERROR  unknown  fetch_lyrics: 'Nobody sang this' by Lil Nas X: the provider has no lyrics")
    assert "Traceback" not in printed
    assert json.loads((tmp_path / targets[0]).read_text())["first_line_s"] == 12.0
    assert "--config 'exclude=[unknown]'" in printed
    with (tmp_path / "results/status.tsv").open(newline="") as file:
        states = {line["song"]: line for line in csv.DictReader(file, delimiter="\t")}
    assert states["unknown"]["stage"] == "fetch_lyrics"
    assert states["unknown"]["cause"] == "not_found"
    assert states["unknown"]["next_step"].startswith("correct artist and title in the song table")
    assert (states["known"]["status"], states["known"]["reached"]) == ("waiting", "download")

    # An edited table does not ask again, nor touch what a person has mended.
    fetched = tmp_path / "results/songs/known/fetched.lrc"
    fetched.write_text("[00:01.00]mended by hand\n")
    rows[0]["title"] = "PANINI"
    rows[1]["lyrics"] = "own.lrc"
    (tmp_path / "own.lrc").write_text("[00:02.00]my own\n")
    server.asked.clear()
    write_songs()
    result = snakemake(*targets)
    assert result.returncode == 0, result.stderr
    assert fetched.read_text() == "[00:01.00]mended by hand\n"
    assert [json.loads((tmp_path / target).read_text())["first_line_s"] for target in targets] == [1.0, 2.0]
    assert server.asked == []
    assert "Nothing to be done" in snakemake(*targets).stderr

    fetched.unlink()
    (tmp_path / targets[0]).unlink()
    assert snakemake(*targets).returncode == 0
    assert [question["track_name"] for _, question in server.asked][:1] == ["PANINI"]
    assert "here we go" in fetched.read_text()

    configure("")
    result = snakemake(*targets, "--dry-run")
    assert result.returncode == 1
    assert (
        "config 'lyrics.provider' is empty, but the lyrics of known are to be fetched" in result.stdout + result.stderr
    )
