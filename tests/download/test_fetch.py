"""Downloads end in a whole, verified video or in one line that names the cause; nothing in between is left behind."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from media_server import MediaServer, Page, media_server
from synthetic_media import clicks, constant_rate, write_film

from justlmd.core.errors import DownloadError, InputError
from justlmd.download.failures import CAUSES, TRANSIENT, named_failures
from justlmd.download.fetch import DownloadOptions, download, playlist_entries, probe_url
from justlmd.media.ffmpeg import ffmpeg_exe

FAST = DownloadOptions(attempts=3, backoff_s=1.0, timeout_s=5.0)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 2 s and some 600 kB, index first, as sites serve it."""
    folder = tmp_path_factory.mktemp("film")
    noise = np.random.default_rng(0).integers(0, 255, (60, 120, 160, 3), dtype=np.uint8)
    write_film(folder / "raw.mp4", constant_rate(30, 2), clicks(2, [1]), pictures=noise)
    command = [ffmpeg_exe(), "-v", "error", "-i", str(folder / "raw.mp4"), "-c", "copy", "-movflags", "+faststart"]
    subprocess.run([*command, str(folder / "film.mp4")], check=True)
    return folder / "film.mp4"


@pytest.fixture
def server() -> Iterator[MediaServer]:
    with media_server() as running:
        yield running


class Naps(list[float]):
    """Remembers how long it was told to wait, and does not wait."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def fetch(tmp_path: Path, url: str, options: DownloadOptions = FAST) -> tuple[dict, Naps]:
    naps = Naps()
    record = download(url, tmp_path / "source.mp4", tmp_path / "source.json", options=options, sleep=naps)
    return record, naps


def refused(tmp_path: Path, url: str, options: DownloadOptions = FAST) -> tuple[DownloadError, Naps]:
    naps = Naps()
    with pytest.raises(DownloadError) as caught:
        download(url, tmp_path / "source.mp4", tmp_path / "source.json", options=options, sleep=naps)
    message = str(caught.value)
    assert "\n" not in message
    assert "\x1b" not in message
    assert message.endswith(CAUSES[caught.value.cause][1])
    assert not (tmp_path / "source.mp4").exists()
    assert not (tmp_path / "source.json").exists()
    return caught.value, naps


def test_a_link_becomes_a_verified_file_and_its_record(tmp_path: Path, server: MediaServer, film: Path) -> None:
    server.pages["/film.mp4"] = Page(film.read_bytes())
    record, naps = fetch(tmp_path, f"{server.base}/film.mp4")
    assert (tmp_path / "source.mp4").read_bytes() == film.read_bytes()
    assert json.loads((tmp_path / "source.json").read_text()) == record
    assert record == {
        "id": "film",
        "title": "film",
        "url": f"{server.base}/film.mp4",
        "webpage_url": f"{server.base}/film.mp4",
        "date": "2020-12-31",
        "format": "mp4 - unknown",
        "sha256": hashlib.sha256(film.read_bytes()).hexdigest(),
        "duration": 2.0,
        "width": 160,
        "height": 120,
        "fps": 30.0,
    }
    assert naps == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source.json", "source.mp4"]
    # Workflows compare times: the file must be as young as its download.
    assert time.time() - (tmp_path / "source.mp4").stat().st_mtime < 600


def test_a_second_download_gives_the_same_bytes(tmp_path: Path, server: MediaServer, film: Path) -> None:
    server.pages["/film.mp4"] = Page(film.read_bytes())
    fetch(tmp_path, f"{server.base}/film.mp4")
    before = (tmp_path / "source.json").read_bytes()
    fetch(tmp_path, f"{server.base}/film.mp4")
    assert (tmp_path / "source.json").read_bytes() == before


@pytest.mark.parametrize(
    ("state", "cause"),
    [(403, "private"), (404, "not_found"), (410, "removed"), (401, "private"), (451, "geo"), (418, "unsupported")],
)
def test_permanent_answers_are_asked_once(tmp_path: Path, server: MediaServer, state: int, cause: str) -> None:
    server.pages["/film.mp4"] = Page(b"", always=state)
    error, naps = refused(tmp_path, f"{server.base}/film.mp4")
    assert error.cause == cause
    assert naps == []
    assert f"HTTP Error {state}" in str(error)


@pytest.mark.parametrize(
    ("states", "pauses"),
    [([429, 429], [4, 8]), ([500], [1]), ([503, 502], [1, 2]), ([500, 429], [1, 8])],
)
def test_transient_answers_are_asked_again_with_growing_pauses(
    tmp_path: Path, server: MediaServer, film: Path, states: list[int], pauses: list[float]
) -> None:
    server.pages["/film.mp4"] = Page(film.read_bytes(), states=list(states))
    _, naps = fetch(tmp_path, f"{server.base}/film.mp4")
    assert naps == pauses
    assert (tmp_path / "source.mp4").read_bytes() == film.read_bytes()


@pytest.mark.parametrize(("state", "cause"), [(429, "rate_limited"), (500, "server_error"), (503, "server_error")])
def test_lasting_transient_answers_end_with_their_cause(
    tmp_path: Path, server: MediaServer, state: int, cause: str
) -> None:
    server.pages["/film.mp4"] = Page(b"", always=state)
    error, naps = refused(tmp_path, f"{server.base}/film.mp4")
    assert error.cause == cause
    assert len(naps) == 2
    assert len(server.requests) == 3


def test_a_media_link_that_expires_is_looked_up_again_once(tmp_path: Path, server: MediaServer, film: Path) -> None:
    body = f'<html><title>Dance</title><video src="{server.base}/media.mp4"></video></html>'.encode()
    server.pages["/page"] = Page(body, "text/html")
    media = server.pages["/media.mp4"] = Page(film.read_bytes(), states=[403])
    record, naps = fetch(tmp_path, f"{server.base}/page")
    assert (tmp_path / "source.mp4").read_bytes() == film.read_bytes()
    assert record["title"].startswith("Dance")
    assert naps == [1]
    (tmp_path / "source.mp4").unlink()
    (tmp_path / "source.json").unlink()
    media.always = 403
    server.requests.clear()
    error, naps = refused(tmp_path, f"{server.base}/page")
    assert (error.cause, naps) == ("blocked", [1])
    assert [path for path, _ in server.requests].count("/page") == 2


def test_cut_connections_are_resumed_where_they_broke(tmp_path: Path, server: MediaServer, film: Path) -> None:
    size = film.stat().st_size
    server.pages["/film.mp4"] = Page(film.read_bytes(), cut_after=size // 8)
    fetch(tmp_path, f"{server.base}/film.mp4", replace(FAST, attempts=4))
    assert (tmp_path / "source.mp4").read_bytes() == film.read_bytes()
    starts = [int(asked[6:-1]) for _, asked in server.requests if asked and not asked.startswith("bytes=0-")]
    assert len(starts) >= 6
    assert starts == sorted(starts)


def test_a_server_without_ranges_starts_over(tmp_path: Path, server: MediaServer, film: Path) -> None:
    server.pages["/film.mp4"] = Page(film.read_bytes(), cut_after=300_000, cuts=2, ranges=False)
    fetch(tmp_path, f"{server.base}/film.mp4")
    assert (tmp_path / "source.mp4").read_bytes() == film.read_bytes()


def test_a_failed_transfer_keeps_its_part_for_the_next_call(tmp_path: Path, server: MediaServer, film: Path) -> None:
    page = server.pages["/film.mp4"] = Page(film.read_bytes(), cut_after=20_000)
    error, _ = refused(tmp_path, f"{server.base}/film.mp4", replace(FAST, attempts=1))
    assert error.cause == "connection"
    page.cut_after = None
    server.requests.clear()
    fetch(tmp_path, f"{server.base}/film.mp4")
    assert any(asked and int(asked[6:-1]) >= 20_000 for _, asked in server.requests)
    assert (tmp_path / "source.mp4").read_bytes() == film.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source.json", "source.mp4"]


def test_a_killed_download_resumes(tmp_path: Path, server: MediaServer, film: Path) -> None:
    page = server.pages["/film.mp4"] = Page(film.read_bytes(), delay_s=0.05)
    code = (
        "import sys; from pathlib import Path; from justlmd.download.fetch import download;"
        "download(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))"
    )
    arguments = [f"{server.base}/film.mp4", str(tmp_path / "source.mp4"), str(tmp_path / "source.json")]
    process = subprocess.Popen([sys.executable, "-c", code, *arguments])
    deadline = time.monotonic() + 60
    while not any(part.stat().st_size > 100_000 for part in tmp_path.rglob("*.part")):
        assert process.poll() is None
        assert time.monotonic() < deadline, "the download never began"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    assert not (tmp_path / "source.mp4").exists()
    page.delay_s = 0
    server.requests.clear()
    fetch(tmp_path, f"{server.base}/film.mp4")
    assert any(asked and int(asked[6:-1]) >= 100_000 for _, asked in server.requests)
    assert (tmp_path / "source.mp4").read_bytes() == film.read_bytes()


def test_a_part_of_another_link_is_never_continued(tmp_path: Path, server: MediaServer, film: Path) -> None:
    server.pages["/other.mp4"] = Page(bytes(500_000), cut_after=100_000)
    refused(tmp_path, f"{server.base}/other.mp4", replace(FAST, attempts=1))
    server.pages["/film.mp4"] = Page(film.read_bytes())
    fetch(tmp_path, f"{server.base}/film.mp4")
    assert (tmp_path / "source.mp4").read_bytes() == film.read_bytes()


def test_a_part_that_spoils_the_file_is_thrown_away_and_fetched_anew(
    tmp_path: Path, server: MediaServer, film: Path
) -> None:
    page = server.pages["/film.mp4"] = Page(bytes(film.stat().st_size), cut_after=film.stat().st_size // 2)
    refused(tmp_path, f"{server.base}/film.mp4", replace(FAST, attempts=1))
    page.body, page.cut_after = film.read_bytes(), None  # the site replaced its file meanwhile
    fetch(tmp_path, f"{server.base}/film.mp4")
    assert (tmp_path / "source.mp4").read_bytes() == film.read_bytes()


def test_bodies_that_are_no_whole_video_are_refused(tmp_path: Path, server: MediaServer, film: Path) -> None:
    whole = film.read_bytes()
    for body, message in [
        (whole[: len(whole) // 2], "is cut short: it claims 2.0 s"),
        (b"Sorry, try later.\n" * 30, "is text, not a video"),
        (bytes(40_000), "is not a video"),
    ]:
        server.pages["/film.mp4"] = Page(body)
        error, _ = refused(tmp_path, f"{server.base}/film.mp4")
        assert error.cause == "damaged"
        assert message in str(error)


def test_pages_and_playlists_are_not_videos(tmp_path: Path, server: MediaServer, film: Path) -> None:
    server.pages["/page"] = Page(b"<html><body>A page about dancing.</body></html>", "text/html")
    error, _ = refused(tmp_path, f"{server.base}/page")
    assert error.cause == "unsupported"
    server.pages["/list.rss"] = Page(RSS.replace("BASE", server.base).encode(), "application/rss+xml")
    error, _ = refused(tmp_path, f"{server.base}/list.rss")
    assert error.cause == "unsupported"
    assert "playlist" in str(error)
    assert all(path == "/list.rss" or path == "/page" for path, _ in server.requests)


RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>Dances</title>
<item><title>One</title><link>BASE/one.mp4</link></item>
<item><title>Two</title><link>BASE/two.mp4</link></item>
<item><title>[Private video]</title><link>BASE/three.mp4</link></item>
</channel></rss>"""


def test_a_playlist_is_listed_without_visiting_its_videos(server: MediaServer) -> None:
    server.pages["/list.rss"] = Page(RSS.replace("BASE", server.base).encode(), "application/rss+xml")
    entries = playlist_entries(f"{server.base}/list.rss", FAST)
    assert [entry["title"] for entry in entries] == ["One", "Two", "[Private video]"]
    assert [entry["url"] for entry in entries] == [f"{server.base}/{name}.mp4" for name in ("one", "two", "three")]
    assert [entry["cause"] for entry in entries] == [None, None, "private"]
    assert {path for path, _ in server.requests} == {"/list.rss"}
    with pytest.raises(DownloadError, match="nothing at this address"):
        playlist_entries(f"{server.base}/missing.rss", FAST)


@pytest.mark.parametrize("kind", ["m3u8", "mpd"])
def test_videos_in_pieces_are_joined_and_a_missing_piece_is_an_error(
    tmp_path: Path, server: MediaServer, film: Path, kind: str
) -> None:
    pieces = tmp_path / "pieces"
    pieces.mkdir()
    how = {"m3u8": ["-f", "hls", "-hls_time", "0.5", "-hls_playlist_type", "vod"], "mpd": ["-f", "dash"]}[kind]
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "15", "-c:a", "aac", "-seg_duration", "0.5"]
    encode = encode[: None if kind == "mpd" else -2]
    command = [ffmpeg_exe(), "-v", "error", "-i", str(film), *encode, *how, f"film.{kind}"]
    subprocess.run(command, check=True, cwd=pieces)
    types = {".m3u8": "application/vnd.apple.mpegurl", ".mpd": "application/dash+xml"}
    for piece in pieces.iterdir():
        server.pages[f"/{piece.name}"] = Page(piece.read_bytes(), types.get(piece.suffix, "video/mp4"))
    record, _ = fetch(tmp_path, f"{server.base}/film.{kind}")
    assert abs(record["duration"] - 2) < 0.05
    (tmp_path / "source.mp4").unlink()
    (tmp_path / "source.json").unlink()
    server.pages[{"m3u8": "/film2.ts", "mpd": "/chunk-stream0-00003.m4s"}[kind]].always = 404
    error, naps = refused(tmp_path, f"{server.base}/film.{kind}")
    assert (error.cause, naps) == ("not_found", [1])
    if kind == "m3u8":
        page = server.pages["/film.m3u8"]  # without its end mark it is a live stream, which would never end
        page.body = page.body.replace(b"#EXT-X-ENDLIST", b"").replace(b"#EXT-X-PLAYLIST-TYPE:VOD", b"")
        assert refused(tmp_path, f"{server.base}/film.{kind}")[0].cause == "live"


def test_no_connection_is_transient_and_an_unknown_scheme_is_not(tmp_path: Path) -> None:
    error, naps = refused(tmp_path, "http://127.0.0.1:9/film.mp4")
    assert error.cause == "connection"
    assert naps == [1, 2]
    for url in ("gopher://127.0.0.1/film.mp4", "ftp://127.0.0.1:9/film.mp4", "http://", "http://[bad/film.mp4"):
        error, naps = refused(tmp_path, url)
        assert error.cause == "unsupported"
        assert naps == []


def test_local_files_links_and_folders_take_the_same_road(tmp_path: Path, film: Path) -> None:
    folder = tmp_path / "my dance #1 100% ünï"
    folder.mkdir()
    file = folder / "it's a [dance] #2 50%.MP4"
    file.write_bytes(film.read_bytes())
    for number, url in enumerate([str(file), file.as_uri(), f"file://{file}", str(folder), folder.as_uri()]):
        target = tmp_path / str(number)
        target.mkdir()
        record, _ = fetch(target, url, replace(FAST, pause=9, proxy="http://127.0.0.1:9"))
        assert (target / "source.mp4").read_bytes() == film.read_bytes()
        assert record["title"] == "it's a [dance] #2 50%"
        assert record["url"] == url
        assert record["date"] is None


@pytest.mark.parametrize("name", ["film.mkv", "film.webm", "film.mov", "film.avi", "film.ts", "film", "film.dat"])
def test_any_container_is_taken_as_it_is(tmp_path: Path, film: Path, name: str) -> None:
    copy = tmp_path / name
    codecs = ["-c:v", "vp9", "-deadline", "realtime", "-c:a", "libopus"] if name.endswith("webm") else ["-c", "copy"]
    kind = [] if Path(name).suffix not in ("", ".dat") else ["-f", "mp4"]
    subprocess.run([ffmpeg_exe(), "-v", "error", "-i", str(film), *codecs, *kind, str(copy)], check=True)
    record, _ = fetch(tmp_path, str(copy))
    assert (tmp_path / "source.mp4").read_bytes() == copy.read_bytes()
    assert record["width"] == 160


def test_local_mistakes_are_named(tmp_path: Path, film: Path) -> None:
    error, _ = refused(tmp_path, str(tmp_path / "missing.mp4"))
    assert error.cause == "not_found"
    assert "no such file" in str(error)
    for url in ((tmp_path / "missing.mp4").as_uri(), "", "nul\0byte.mp4", "x" * 5000):
        assert refused(tmp_path, url)[0].cause in ("not_found", "unsupported")
    empty = tmp_path / "empty"
    empty.mkdir()
    error, _ = refused(tmp_path, str(empty))
    assert "must hold one video, this one holds 0: none" in str(error)
    for name in ("a.mp4", "b.mkv"):
        (empty / name).write_bytes(film.read_bytes())
    error, _ = refused(tmp_path, str(empty))
    assert "holds 2: a.mp4, b.mkv" in str(error)
    text = tmp_path / "text.mp4"
    text.write_text("this is no video")
    error, _ = refused(tmp_path, str(text))
    assert error.cause == "damaged"
    assert "is text, not a video" in str(error)
    os.mkfifo(tmp_path / "pipe.mp4")
    assert refused(tmp_path, str(tmp_path / "pipe.mp4"))[0].cause == "not_found"


def test_each_call_works_on_its_own_copy_of_the_cookies(tmp_path: Path, server: MediaServer, film: Path) -> None:
    server.pages["/film.mp4"] = Page(film.read_bytes(), needs_cookie="member=yes")
    assert refused(tmp_path, f"{server.base}/film.mp4")[0].cause == "private"
    cookies = tmp_path / "cookies.txt"
    cookies.write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tmember\tyes\n")
    cookies.chmod(0o400)
    before = cookies.read_bytes()
    fetch(tmp_path, f"{server.base}/film.mp4", replace(FAST, cookies=cookies))
    assert cookies.read_bytes() == before
    with pytest.raises(InputError, match=r"missing\.txt: the cookies cannot be read"):
        fetch(tmp_path, f"{server.base}/film.mp4", replace(FAST, cookies=tmp_path / "missing.txt"))


def test_the_pause_comes_before_links_only(tmp_path: Path, server: MediaServer, film: Path) -> None:
    server.pages["/film.mp4"] = Page(film.read_bytes())
    _, naps = fetch(tmp_path, f"{server.base}/film.mp4", replace(FAST, pause=7))
    assert naps == [7]


def test_a_proxy_is_used(tmp_path: Path, server: MediaServer, film: Path) -> None:
    # As a proxy, the server is asked for the whole address.
    server.pages["http://dance.invalid/film.mp4"] = Page(film.read_bytes())
    fetch(tmp_path, "http://dance.invalid/film.mp4", replace(FAST, proxy=server.base))
    assert (tmp_path / "source.mp4").exists()


def test_probing_says_what_a_download_would(tmp_path: Path, server: MediaServer, film: Path) -> None:
    server.pages["/film.mp4"] = Page(film.read_bytes())
    server.pages["/gone.mp4"] = Page(b"", always=410)
    server.pages["/busy.mp4"] = Page(film.read_bytes(), states=[503])
    naps = Naps()
    answers = [probe_url(f"{server.base}/{name}.mp4", FAST, sleep=naps) for name in ("film", "gone", "busy", "none")]
    assert [answer["cause"] for answer in answers] == [None, "removed", None, "not_found"]
    assert [answer["status"] for answer in answers] == ["ok", "failed", "ok", "failed"]
    assert naps == [1]
    assert answers[0]["title"] == "film"
    assert answers[1]["message"].startswith(f"{server.base}/gone.mp4: the video is gone")
    local = probe_url(str(film), FAST)
    assert (local["status"], local["duration"]) == ("ok", 2.0)
    assert probe_url(str(tmp_path / "none.mp4"), FAST)["cause"] == "not_found"
    assert list(tmp_path.iterdir()) == []


SAID = [
    ("ERROR: [youtube] dQw4w9WgXcQ: Private video. Sign in if you've been granted access to this video", "private"),
    ("ERROR: [youtube] abc: Video unavailable. This video has been removed by the uploader", "removed"),
    ("ERROR: [youtube] abc: This video is no longer available because the account has been terminated.", "removed"),
    ("[youtube] abc: Sign in to confirm you’re not a bot. Use --cookies for the authentication", "blocked"),
    ("[youtube] abc: Sign in to confirm your age. This video may be inappropriate for some users.", "age"),
    ("[youtube] abc: The uploader has not made this video available in your country", "geo"),
    ("[youtube] abc: Video unavailable. The uploader has blocked it in your country on copyright grounds", "geo"),
    ("[youtube] abc: Premieres in 3 hours", "live"),
    ("[youtube] abc: This live event will begin in 4 days.", "live"),
    ("[youtube] abc: Join this channel to get access to members-only content like this video", "private"),
    ("[youtube] abc: The current session has been rate-limited by YouTube for up to an hour.", "rate_limited"),
    ("[youtube] abc: This video is DRM protected", "drm"),
    ("\x1b[0;31mERROR:\x1b[0m [x] abc: Requested format is not available. Use --list-formats", "unsupported"),
    ("ERROR: 163840 bytes read, 460000 more expected. Giving up after 3 retries", "connection"),
    ("ERROR: Unable to write data: [Errno 28] No space left on device", "storage"),
    ("ERROR: unable to open for writing: [Errno 13] Permission denied: '/x/video.mp4.part'", "storage"),
    ("ERROR: [x] abc: something never seen before; please report this issue on  http://x/private", "unknown"),
]


@pytest.mark.parametrize(("said", "cause"), SAID, ids=lambda value: value if value in CAUSES else "")
def test_what_sites_say_is_understood(said: str, cause: str) -> None:
    from yt_dlp.utils import DownloadError as TheirError

    with pytest.raises(DownloadError) as caught, named_failures("http://x/removed/private"):
        raise TheirError(said)
    assert caught.value.cause == cause
    assert "report this issue" not in str(caught.value)
    assert "ERROR" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_unknown_failures_get_a_second_chance_and_keep_their_words(tmp_path: Path, monkeypatch) -> None:
    import yt_dlp

    calls = []

    def fail(self, *_, **__):
        calls.append(1)
        raise KeyError("\x1b[31mplayerResponse\n\x00")

    monkeypatch.setattr(yt_dlp.YoutubeDL, "extract_info", fail)
    error, naps = refused(tmp_path, "http://127.0.0.1:9/film.mp4")
    assert error.cause == "unknown"
    assert "playerResponse" in str(error)
    assert (len(calls), naps) == (2, [1])


@pytest.mark.parametrize("details", [{"is_live": True}, {"live_status": "is_upcoming"}, {"live_status": "post_live"}])
def test_live_streams_are_refused_before_anything_is_fetched(tmp_path: Path, monkeypatch, details: dict) -> None:
    import yt_dlp

    monkeypatch.setattr(yt_dlp.YoutubeDL, "extract_info", lambda self, url, **_: {"id": "x", **details})
    error, naps = refused(tmp_path, "http://127.0.0.1:9/film.mp4")
    assert (error.cause, naps) == ("live", [])


def test_a_video_shorter_than_its_site_says_is_refused(
    tmp_path: Path, server: MediaServer, film: Path, monkeypatch
) -> None:
    import yt_dlp

    server.pages["/film.mp4"] = Page(film.read_bytes())
    original = yt_dlp.YoutubeDL.extract_info
    monkeypatch.setattr(
        yt_dlp.YoutubeDL, "extract_info", lambda self, *a, **k: {**original(self, *a, **k), "duration": 214}
    )
    error, _ = refused(tmp_path, f"{server.base}/film.mp4")
    assert error.cause == "damaged"
    assert "the site says 214.0 s, but 2.0 s arrived" in str(error)


def test_every_cause_has_a_meaning_and_a_next_step() -> None:
    assert set(CAUSES) >= TRANSIENT
    for what, next_step in CAUSES.values():
        assert what
        assert next_step


def test_every_cause_is_in_the_manual(repo: Path) -> None:
    manual = (repo / "docs" / "download.md").read_text(encoding="utf-8")
    for cause, (what, next_step) in CAUSES.items():
        assert f"| `{cause}` | {what} | {next_step} |" in manual
