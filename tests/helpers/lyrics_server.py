"""A lyrics server on this computer that speaks LRCLIB's documented interface, and breaks it; for tests only."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from local_server import LocalServer
from pauses import Pauses

from justlmd.lyrics.lrclib import CAUSES, LyricsError, ProviderOptions
from justlmd.lyrics.provider import FetchedLyrics, fetch_lyrics

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


class LyricsServer(LocalServer):
    """The documented ``/api/get`` and ``/api/search`` over ``tracks``; ``faults`` are answered first, one each."""

    def __init__(self) -> None:
        super().__init__()
        self.tracks: list[Any] = []
        self.faults: list[Answer | Callable[[BaseHTTPRequestHandler], None]] = []
        self.asked: list[tuple[str, Question]] = []
        self.agents: set[str] = set()
        self.lax = False
        """Whether a search finds everything."""

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


@contextmanager
def lyrics_server() -> Iterator[LyricsServer]:
    """A running server without any recordings."""
    running = LyricsServer()
    thread = threading.Thread(target=running.http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield running
    running.http.shutdown()
    running.http.server_close()
    thread.join(5)


def fetch(
    server: LyricsServer,
    duration: float | None = 115.2,
    title: str = "Panini",
    artist: str = "Lil Nas X",
    **options: Any,
) -> tuple[FetchedLyrics, Pauses]:
    pauses = Pauses()
    settings = ProviderOptions(url=server.base, **({"backoff_s": 1.0, "attempts": 3, "timeout_s": 5.0} | options))
    return fetch_lyrics(artist, title, duration, settings, sleep=pauses), pauses


def refused(server: LyricsServer, duration: float | None = 115.2, **options: Any) -> tuple[LyricsError, Pauses]:
    pauses = Pauses()
    settings = ProviderOptions(url=server.base, **({"backoff_s": 1.0, "attempts": 3, "timeout_s": 5.0} | options))
    with pytest.raises(LyricsError) as caught:
        fetch_lyrics("Lil Nas X", "Panini", duration, settings, sleep=pauses)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("'Panini' by Lil Nas X: ")
    assert message.endswith(f"; {CAUSES[caught.value.cause][1]}")
    return caught.value, pauses
