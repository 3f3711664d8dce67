"""Questions to an LRCLIB-compatible server: retried, bounded, and with failures that have a name.

The interface is that of LRCLIB's public documentation. Answers come from outside and are only parsed here;
:mod:`justlmd.lyrics.provider` judges them.
"""

import email.utils
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from justlmd.core.retry import NamedFailure, with_retries
from justlmd.core.version import VERSION

CAUSES: dict[str, tuple[str, str]] = {
    "not_found": (
        "the provider has no lyrics of this song",
        "correct artist and title in the song table, or write the .lrc yourself and name it in the column `lyrics`",
    ),
    "not_synced": (
        "the provider has no lyrics with times of this song",
        "write the .lrc yourself and name it in the column `lyrics`",
    ),
    "refused": ("the provider does not take this question", "check `provider` under `lyrics` in config.yaml"),
    "damaged": ("the provider's answer is not to be understood", "check `provider` under `lyrics` in config.yaml"),
    # Tried again with growing pauses before this is the last word.
    "rate_limited": ("the provider asks for fewer requests", "wait an hour, then run again"),
    "server_error": ("the provider has a fault", "run again later, or write the .lrc yourself"),
    "connection": ("the provider cannot be reached", "check the network and `provider` in config.yaml, then run again"),
}
"""Cause of a failure -> what happened, and what to do next."""

TRANSIENT = frozenset({"rate_limited", "server_error", "connection"})
LARGEST_ANSWER = 4_000_000  # bytes; 20 recordings with their lyrics have a tenth
LONGEST_WAIT_S = 120.0  # a server that asks for more is left alone


class LyricsError(NamedFailure):
    """Lyrics could not be fetched; ``cause`` is one of :data:`CAUSES`."""

    causes, transient = CAUSES, TRANSIENT


@dataclass(frozen=True)
class ProviderOptions:
    """Whom to ask, and how patiently."""

    url: str
    """Address of the server, for example ``https://lrclib.net``."""
    tolerance_s: float = 3.0
    """By how much the lengths of the recording and of the video may differ."""
    attempts: int = 4
    """How often a failure that passes is tried in all."""
    backoff_s: float = 2.0
    """Pause after the first such failure, doubled each time; a longer ``Retry-After`` is obeyed."""
    timeout_s: float = 20.0
    """How long a silent connection is waited for; a whole answer may take three times as long."""
    proxy: str | None = None

    @classmethod
    def configured(cls, lyrics: Mapping[str, Any], download: Mapping[str, Any]) -> "ProviderOptions":
        """The options that the sections ``lyrics`` and ``download`` of the configuration give."""
        return cls(
            url=lyrics["provider"],
            tolerance_s=lyrics["duration_tolerance"],
            attempts=download["attempts"],
            proxy=download["proxy"] or None,
        )


def ask(song: str, method: str, query: dict[str, str], options: ProviderOptions, sleep: Callable[[float], None]) -> Any:
    """Ask ``/api/<method>``; faults that pass are tried again, with growing pauses and as the server asks.

    Returns
    -------
    The parsed JSON, as the server wrote it; None for "TrackNotFound".

    Raises
    ------
    LyricsError
        With its cause and the next step; ``song`` names the song in it.
    """
    return with_retries(
        lambda: _answer(song, f"{_base(options.url)}/api/{method}", query, options),
        attempts=options.attempts,
        backoff_s=options.backoff_s,
        sleep=sleep,
        longest_wait_s=LONGEST_WAIT_S,
    )


def _answer(song: str, url: str, query: dict[str, str], options: ProviderOptions) -> Any:
    """The JSON that one request brings, or None for the documented "TrackNotFound"."""
    status, headers, body = _get(song, url, query, options)
    if status == 200:
        return _json(song, body)
    said = _said(body)
    if status == 404 and said.get("name") == "TrackNotFound":
        return None
    detail = f"HTTP {status} {headers.get('Location') or said.get('message') or ''}".strip()
    if status != 429 and status < 500:
        raise LyricsError("refused", song, detail)
    wait = _seconds(headers.get("Retry-After", ""))
    if wait > LONGEST_WAIT_S:
        detail += f", and it asks to wait {wait:.0f} s"
    raise LyricsError("rate_limited" if status == 429 else "server_error", song, detail, wait_s=wait)


def _get(song: str, url: str, query: dict[str, str], options: ProviderOptions) -> tuple[int, Mapping[str, str], bytes]:
    """Status, headers and body of one request, within bounds of time and size."""
    import requests
    import urllib3

    longest = 3 * options.timeout_s
    end = time.monotonic() + longest
    try:
        with requests.get(
            url,
            params=query,
            headers={"User-Agent": user_agent(), "Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=options.timeout_s,
            proxies={"http": options.proxy, "https": options.proxy} if options.proxy else None,
            allow_redirects=False,  # where a server sends us to is not whom the user wanted to ask
            stream=True,
        ) as response:
            body = b""
            while chunk := response.raw.read1(65_536, decode_content=True):
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise LyricsError("damaged", song, f"more than {LARGEST_ANSWER // 1_000_000} MB")
                if time.monotonic() > end:
                    raise LyricsError("connection", song, f"no whole answer within {longest:.0f} s")
            return response.status_code, response.headers, body
    except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, UnicodeError) as error:
        raise LyricsError("refused", song, f"not an address: {error}") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        # requests' messages repeat the whole question; the innermost one says what happened.
        innermost: BaseException = error
        while inner := innermost.__cause__ or innermost.__context__:
            innermost = inner
        raise LyricsError(
            "connection", song, f"{urlsplit(url).hostname}: {innermost or type(innermost).__name__}"
        ) from error


def _json(song: str, body: bytes) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number")

    try:
        return json.loads(body.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise LyricsError("damaged", song, f"not JSON: {error}") from error


def _said(body: bytes) -> dict[str, Any]:
    """The server's own description of an error, as far as it gives one."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _seconds(retry_after: str) -> float:
    """Seconds that a ``Retry-After`` asks for: a number or a date; 0 for anything else."""
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", retry_after):
        return float(retry_after)
    try:
        date = email.utils.parsedate_to_datetime(retry_after)
        return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _base(url: str) -> str:
    return url.rstrip("/").removesuffix("/api").rstrip("/")


def user_agent() -> str:
    """Name and version of this program, as the API asks of its users."""
    return f"JustLMD/{VERSION} (lyrics-music-dance data sets)"
