"""Questions to a lyrics server that fails, lies, drips and floods end in an answer or a failure with a cause."""

import email.utils
import json
import time
from http.server import BaseHTTPRequestHandler

import pytest
from lyrics_server import fetch, refused, reply, track

from justlmd.lyrics.lrclib import LARGEST_ANSWER


def test_a_refused_question_is_asked_once_and_quotes_the_server(server):
    server.faults = [reply(400, {"message": "track_name: too\nlong\u001b[31m", "name": "ValidationError"})]
    error, pauses = refused(server)
    assert error.cause == "refused"
    assert "HTTP 400 track_name: too long" in str(error)
    assert (pauses, len(server.asked)) == ([], 1)


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [(None, 1.0), ("7", 7.0), ("0", 1.0), ("-5", 1.0), ("soon", 1.0), ("119", 119.0), ("9" * 400, 1.0)],
)
def test_a_server_that_asks_to_slow_down_is_obeyed_within_bounds(server, retry_after, pause):
    server.tracks = [track()]
    server.faults = [reply(429, b"slow down", **({"Retry_After": retry_after} if retry_after else {}))]
    assert fetch(server)[1] == [pause]


def test_a_date_to_retry_after_is_understood(server):
    server.tracks = [track()]
    server.faults = [reply(429, b"", Retry_After=email.utils.formatdate(time.time() + 60, usegmt=True))]
    (pause,) = fetch(server)[1]
    assert 50 < pause <= 60


def test_a_server_that_wants_an_hour_is_left_alone(server):
    server.faults = [reply(429, b"", Retry_After="3600")] * 3
    error, pauses = refused(server)
    assert error.cause == "rate_limited"
    assert "asks to wait 3600 s" in str(error)
    assert (pauses, len(server.asked)) == ([], 1)


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
    found, pauses = fetch(server)
    assert (found.lines, pauses) == (2, [1.0, 2.0])
    server.faults = [fault, fault, fault]
    server.asked.clear()
    error, pauses = refused(server)
    assert error.cause == cause
    assert pauses == [1.0, 2.0]
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
    error, pauses = refused(server)
    assert error.cause == "connection"
    assert "refused" in str(error)
    assert len(pauses) == 2


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
    error, pauses = refused(server)
    assert error.cause in ("damaged", "not_found")
    assert pauses == []


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
