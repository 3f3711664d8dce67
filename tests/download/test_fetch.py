"""Downloads end in a whole, verified video or in one line that names the cause; nothing in between is left behind."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from downloads import FAST, fetch, refused
from media_server import MediaServer, Page
from pauses import Pauses

from justlmd.core.errors import InputError
from justlmd.download.failures import DownloadError
from justlmd.download.fetch import playlist_entries, probe_url
from justlmd.media.ffmpeg import ffmpeg_exe


def test_a_link_becomes_a_verified_file_and_its_record(tmp_path: Path, server: MediaServer, film: Path) -> None:
    server.pages["/film.mp4"] = Page(film.read_bytes())
    record, pauses = fetch(tmp_path, f"{server.base}/film.mp4")
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
    assert pauses == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source.json", "source.mp4"]
    # Workflows compare times: the file must be as young as its download.
    assert time.time() - (tmp_path / "source.mp4").stat().st_mtime < 600


def test_a_second_download_gives_the_same_bytes(tmp_path: Path, server: MediaServer, film: Path) -> None:
    server.pages["/film.mp4"] = Page(film.read_bytes())
    fetch(tmp_path, f"{server.base}/film.mp4")
    before = (tmp_path / "source.json").read_bytes()
    fetch(tmp_path, f"{server.base}/film.mp4")
    assert (tmp_path / "source.json").read_bytes() == before


def test_a_media_link_that_expires_is_looked_up_again_once(tmp_path: Path, server: MediaServer, film: Path) -> None:
    body = f'<html><title>Dance</title><video src="{server.base}/media.mp4"></video></html>'.encode()
    server.pages["/page"] = Page(body, "text/html")
    media = server.pages["/media.mp4"] = Page(film.read_bytes(), states=[403])
    record, pauses = fetch(tmp_path, f"{server.base}/page")
    assert (tmp_path / "source.mp4").read_bytes() == film.read_bytes()
    assert record["title"].startswith("Dance")
    assert pauses == [1]
    (tmp_path / "source.mp4").unlink()
    (tmp_path / "source.json").unlink()
    media.always = 403
    server.requests.clear()
    error, pauses = refused(tmp_path, f"{server.base}/page")
    assert (error.cause, pauses) == ("blocked", [1])
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
        "import sys; from pathlib import Path; from justlmd.download.fetch import DownloadOptions, download;"
        "options = DownloadOptions(allow_private_addresses=True);"
        "download(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), options=options)"
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
    error, pauses = refused(tmp_path, f"{server.base}/film.{kind}")
    assert (error.cause, pauses) == ("not_found", [1])
    if kind == "m3u8":
        page = server.pages["/film.m3u8"]  # without its end mark it is a live stream, which would never end
        page.body = page.body.replace(b"#EXT-X-ENDLIST", b"").replace(b"#EXT-X-PLAYLIST-TYPE:VOD", b"")
        assert refused(tmp_path, f"{server.base}/film.{kind}")[0].cause == "live"


def test_no_connection_is_transient_and_an_unknown_scheme_is_not(tmp_path: Path) -> None:
    error, pauses = refused(tmp_path, "http://127.0.0.1:9/film.mp4")
    assert error.cause == "connection"
    assert pauses == [1, 2]
    for url in ("gopher://127.0.0.1/film.mp4", "ftp://127.0.0.1:9/film.mp4", "http://", "http://[bad/film.mp4"):
        error, pauses = refused(tmp_path, url)
        assert error.cause == "unsupported"
        assert pauses == []


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
    _, pauses = fetch(tmp_path, f"{server.base}/film.mp4", replace(FAST, pause=7))
    assert pauses == [7]


def test_a_proxy_is_used(tmp_path: Path, server: MediaServer, film: Path) -> None:
    # As a proxy, the server is asked for the whole address.
    server.pages["http://dance.invalid/film.mp4"] = Page(film.read_bytes())
    fetch(tmp_path, "http://dance.invalid/film.mp4", replace(FAST, proxy=server.base))
    assert (tmp_path / "source.mp4").exists()


def test_probing_says_what_a_download_would(tmp_path: Path, server: MediaServer, film: Path) -> None:
    server.pages["/film.mp4"] = Page(film.read_bytes())
    server.pages["/gone.mp4"] = Page(b"", always=410)
    server.pages["/busy.mp4"] = Page(film.read_bytes(), states=[503])
    pauses = Pauses()
    answers = [probe_url(f"{server.base}/{name}.mp4", FAST, sleep=pauses) for name in ("film", "gone", "busy", "none")]
    assert [answer["cause"] for answer in answers] == [None, "removed", None, "not_found"]
    assert [answer["status"] for answer in answers] == ["ok", "failed", "ok", "failed"]
    assert pauses == [1]
    assert answers[0]["title"] == "film"
    assert answers[1]["message"].startswith(f"{server.base}/gone.mp4: the video is gone")
    local = probe_url(str(film), FAST)
    assert (local["status"], local["duration"]) == ("ok", 2.0)
    assert probe_url(str(tmp_path / "none.mp4"), FAST)["cause"] == "not_found"
    assert list(tmp_path.iterdir()) == []


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
