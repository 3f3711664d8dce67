"""A web server on this computer that breaks in every way a video site does; for tests only."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from local_server import LocalServer


@dataclass
class Page:
    """What one path answers. Faults are used up: first the states, then the cuts, then all is well."""

    body: bytes
    kind: str = "video/mp4"
    states: list[int] = field(default_factory=list)
    """HTTP states to fail with, one per request."""
    always: int | None = None
    """HTTP state of every answer."""
    cut_after: int | None = None
    """Bytes after which the connection breaks, ``cuts`` times."""
    cuts: int = 10**9
    delay_s: float = 0.0
    """Pause after each 16 kB."""
    ranges: bool = True
    needs_cookie: str | None = None


class MediaServer(LocalServer):
    """Serves ``pages`` and remembers each request as (path, Range header)."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.pages: dict[str, Page] = {}
        self.requests: list[tuple[str, str | None]] = []

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        path, asked = request.path, request.headers.get("Range")
        self.requests.append((path, asked))
        page = self.pages.get(path.partition("?")[0])
        state = 404 if page is None else page.always
        if page is not None and page.states:
            state = page.states.pop(0)
        if page is not None and page.needs_cookie and page.needs_cookie not in (request.headers.get("Cookie") or ""):
            state = 403
        if state or page is None:
            request.send_response(state or 404)
            request.send_header("Content-Length", "4")
            request.end_headers()
            request.wfile.write(b"nope")
            return
        start = 0
        bounds = re.fullmatch(r"bytes=(\d+)-\d*", asked or "")
        if bounds and page.ranges:
            start = int(bounds[1])
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{len(page.body) - 1}/{len(page.body)}")
        else:
            request.send_response(200)
        request.send_header("Content-Type", page.kind)
        request.send_header("Content-Length", str(len(page.body) - start))
        if page.ranges:
            request.send_header("Accept-Ranges", "bytes")
        request.send_header("Last-Modified", "Thu, 31 Dec 2020 10:00:00 GMT")
        request.send_header("Set-Cookie", "seen=1")
        request.end_headers()
        if request.command == "HEAD":
            return
        body = page.body[start:]
        if page.cut_after is not None and page.cuts > 0 and len(body) > page.cut_after:
            body = body[: page.cut_after]
            page.cuts -= 1
        for place in range(0, len(body), 16_384):
            request.wfile.write(body[place : place + 16_384])
            if page.delay_s:
                time.sleep(page.delay_s)


@contextmanager
def media_server(port: int = 0) -> Iterator[MediaServer]:
    """Run a MediaServer on a port of the loopback interface, by default a free one."""
    server = MediaServer(port)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join(5)
