"""Links lead to the internet only, redirects too; what is secret in them is not repeated."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from downloads import FAST, fetch, refused
from media_server import MediaServer, Page

from justlmd.core.errors import InputError, redacted
from justlmd.core.files import read_json
from justlmd.download import addresses
from justlmd.download.session import check_cookies

CAREFUL = replace(FAST, allow_private_addresses=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.1.2.3", "169.254.169.254", "0x7f000001"])
def test_a_link_into_a_private_network_is_refused_at_once(tmp_path: Path, host: str) -> None:
    error, pauses = refused(tmp_path, f"http://{host}:9/film.mp4", CAREFUL)
    assert error.cause == "private_address"
    assert pauses == []


@pytest.mark.parametrize(
    ("address", "public"),
    [("93.184.215.14", True), ("2606:2800:21f::1", True), ("::ffff:10.0.0.1", False), ("fe80::1%eth0", False),
     ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", True), ("192.168.1.1", False)],
)  # fmt: skip
def test_addresses_of_the_internet_are_known(address: str, public: bool) -> None:
    assert addresses.is_public(address) is public


@pytest.fixture
def redirecting(server: MediaServer) -> Iterator[str]:
    """Address of a second server, on another loopback address, that sends everybody to the first one."""

    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"{server.base}/film.mp4")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    other = ThreadingHTTPServer(("127.0.0.2", 0), Redirect)
    thread = threading.Thread(target=other.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.2:{other.server_port}/film.mp4"
    other.shutdown()
    other.server_close()


def test_a_redirect_into_a_private_network_is_refused(
    tmp_path: Path, server: MediaServer, redirecting: str, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages["/film.mp4"] = Page(film.read_bytes())
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.2")
    error, _ = refused(tmp_path, redirecting, CAREFUL)
    assert error.cause == "private_address"
    assert server.requests == []
    monkeypatch.setattr(addresses, "is_public", lambda address: True)
    fetch(tmp_path, redirecting, CAREFUL)
    assert server.requests


def test_an_empty_answer_has_its_own_cause(tmp_path: Path, server: MediaServer) -> None:
    server.pages["/film.mp4"] = Page(b"")
    error, pauses = refused(tmp_path, f"{server.base}/film.mp4")
    assert error.cause == "empty"
    assert len(pauses) == 2


def test_a_malformed_cookies_file_is_refused_without_its_content(tmp_path: Path, server: MediaServer) -> None:
    path = tmp_path / "cookies.txt"
    path.write_text("# Netscape HTTP Cookie File\n.site\tTRUE\t/\tFALSE\t0\tname\tvalue\nsession=HUSH\n")
    with pytest.raises(InputError, match=r"cookies\.txt:3: is no cookie") as caught:
        check_cookies(path)
    assert "HUSH" not in str(caught.value)
    with pytest.raises(InputError, match="Netscape"):
        fetch(tmp_path, f"{server.base}/film.mp4", replace(FAST, cookies=path))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://anna:pa@ss@site.org/a?v=1", "https://***@site.org/a?v=1"),
        ("get http://site/a?token=abc&v=2 now", "get http://site/a?token=***&v=2 now"),
        ("http://s/a?X-Amz-Signature=ff&api_key=1#access_token=2", "http://s/a?X-Amz-Signature=***&api_key=***#access_token=***"),
        ("socks5://u:p@127.0.0.1:1080", "socks5://***@127.0.0.1:1080"),
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ&design=3", "https://www.youtube.com/watch?v=dQw4w9WgXcQ&design=3"),
        ("results/songs/a@b/video.mp4", "results/songs/a@b/video.mp4"),
    ],
)  # fmt: skip
def test_secrets_of_links_are_not_repeated(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_a_password_reaches_neither_the_error_nor_the_record(tmp_path: Path, server: MediaServer, film: Path) -> None:
    link = server.base.replace("http://", "http://anna:HUSH@") + "/film.mp4?token=HUSH"
    error, _ = refused(tmp_path, link)
    assert "HUSH" not in str(error)
    server.pages["/film.mp4"] = Page(film.read_bytes())
    fetch(tmp_path, link)
    assert "HUSH" not in str(read_json(tmp_path / "source.json"))
