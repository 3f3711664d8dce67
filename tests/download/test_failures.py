"""Every failure of a download has a cause, a meaning and a next step, and is tried again where that makes sense."""

from pathlib import Path

import pytest
from downloads import fetch, refused
from media_server import MediaServer, Page

from justlmd.download.failures import CAUSES, TRANSIENT, DownloadError, named_failures


@pytest.mark.parametrize(
    ("state", "cause"),
    [(403, "private"), (404, "not_found"), (410, "removed"), (401, "private"), (451, "geo"), (418, "unsupported")],
)
def test_permanent_answers_are_asked_once(tmp_path: Path, server: MediaServer, state: int, cause: str) -> None:
    server.pages["/film.mp4"] = Page(b"", always=state)
    error, pauses = refused(tmp_path, f"{server.base}/film.mp4")
    assert error.cause == cause
    assert pauses == []
    assert f"HTTP Error {state}" in str(error)


@pytest.mark.parametrize(
    ("states", "pauses"),
    [([429, 429], [4, 8]), ([500], [1]), ([503, 502], [1, 2]), ([500, 429], [1, 8])],
)
def test_transient_answers_are_asked_again_with_growing_pauses(
    tmp_path: Path, server: MediaServer, film: Path, states: list[int], pauses: list[float]
) -> None:
    server.pages["/film.mp4"] = Page(film.read_bytes(), states=list(states))
    _, pauses = fetch(tmp_path, f"{server.base}/film.mp4")
    assert pauses == pauses
    assert (tmp_path / "source.mp4").read_bytes() == film.read_bytes()


@pytest.mark.parametrize(("state", "cause"), [(429, "rate_limited"), (500, "server_error"), (503, "server_error")])
def test_lasting_transient_answers_end_with_their_cause(
    tmp_path: Path, server: MediaServer, state: int, cause: str
) -> None:
    server.pages["/film.mp4"] = Page(b"", always=state)
    error, pauses = refused(tmp_path, f"{server.base}/film.mp4")
    assert error.cause == cause
    assert len(pauses) == 2
    assert len(server.requests) == 3


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
    error, pauses = refused(tmp_path, "http://127.0.0.1:9/film.mp4")
    assert error.cause == "unknown"
    assert "playerResponse" in str(error)
    assert (len(calls), pauses) == (2, [1])


@pytest.mark.parametrize("details", [{"is_live": True}, {"live_status": "is_upcoming"}, {"live_status": "post_live"}])
def test_live_streams_are_refused_before_anything_is_fetched(tmp_path: Path, monkeypatch, details: dict) -> None:
    import yt_dlp

    monkeypatch.setattr(yt_dlp.YoutubeDL, "extract_info", lambda self, url, **_: {"id": "x", **details})
    error, pauses = refused(tmp_path, "http://127.0.0.1:9/film.mp4")
    assert (error.cause, pauses) == ("live", [])


def test_every_cause_has_a_meaning_and_a_next_step() -> None:
    assert set(CAUSES) >= TRANSIENT
    for what, next_step in CAUSES.values():
        assert what
        assert next_step


def test_every_cause_is_in_the_manual(repo: Path) -> None:
    manual = (repo / "docs" / "download.md").read_text(encoding="utf-8")
    for cause, (what, next_step) in CAUSES.items():
        assert f"| `{cause}` | {what} | {next_step} |" in manual
