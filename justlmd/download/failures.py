"""What can go wrong when a video is fetched: a name for each failure, and what to do about it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from justlmd.core.errors import plain
from justlmd.core.retry import NamedFailure
from justlmd.download.addresses import PrivateAddressError

CAUSES: dict[str, tuple[str, str]] = {
    # Permanent: trying again changes nothing.
    "removed": ("the video is gone", "look for another upload of it, or give a local file"),
    "private": ("access is refused", "ask its owner, or set `cookies` to those of an account that may see it"),
    "geo": ("the video is not offered in this country", "set `proxy` to one in another country, or give a local file"),
    "not_found": ("there is nothing at this address", "check the link or path for typing errors"),
    "unsupported": ("no video can be taken from this link", "give the address of one video, or a local file"),
    "live": ("the video is live or has not begun", "wait until its recording is online, then run again"),
    "age": ("the video has an age limit", "set `cookies` to those of an account that may see it"),
    "drm": ("the video is copy-protected", "look for another upload of it, or give a local file"),
    # Transient: tried again with growing pauses before this is the last word.
    "rate_limited": ("the server asks for fewer requests", "wait an hour, raise `pause`, then run again"),
    "server_error": ("the server has a fault", "run again later"),
    "connection": ("the connection failed", "check the network, then run again; what has arrived is kept"),
    # The rest.
    "storage": ("it cannot be stored here", "free disk space or mend the folder's permissions, then run again"),
    "blocked": (
        "the site flagged this client as a bot",
        "wait an hour; set `cookies` or `proxy`; retrying sooner makes it worse",
    ),
    "private_address": (
        "it leads into a private network",
        "give a public address, or set `allow_private_addresses` if you trust the link and what it redirects to",
    ),
    "redirect": ("the server sends elsewhere, where no video may be taken from", "give the address it leads to"),
    "empty": ("the server sent nothing", "check that the link plays; run again later"),
    "damaged": ("what arrived is not a whole video", "check that the link plays; give another one or a local file"),
    "unknown": ("yt-dlp failed in a way not known here", "run make update-downloader, then run again"),
}
"""Cause of a failure -> what happened, and what to do next."""

TRANSIENT = frozenset({"rate_limited", "server_error", "connection", "empty"})


# Sites word their reasons freely, so that only parts of sentences are stable. The first match counts.
_PHRASES = [
    ("storage", "no space left|unable to open for writing|permission denied|read-only file system|quota exceeded"),
    ("redirect", "redirect"),
    ("empty", "(file|data|body|response) is empty|did not get any data|empty (response|file|body)"),
    ("blocked", "not a bot|captcha|unusual traffic"),
    ("rate_limited", r"rate.limit|too many requests|content isn.t available, try again later"),
    ("connection", r"bytes read|timed out|connection (reset|aborted|refused|closed)|giving up after|incomplete ?read"),
    ("age", r"confirm your age|age.restricted|inappropriate for some users"),
    ("geo", r"geo.?restrict|(your|this) (country|location|region)"),
    ("drm", r"\bdrm\b"),
    ("live", r"premieres in|live event|live stream|will begin in|not currently live|is offline"),
    ("private", r"private|members.only|join this channel|log ?in|sign in|requires authentication|premium members"),
    ("removed", r"removed|unavailable|no longer available|isn.t available|terminated|deleted|account.*closed"),
    ("not_found", "does not exist|no such file"),
    ("unsupported", r"unsupported url|requested format|no video formats|no video could be found|not a valid url"),
]
_STATUS = {400: "not_found", 401: "private", 403: "private", 404: "not_found", 410: "removed"}
_STATUS |= {429: "rate_limited", 451: "geo"}


class DownloadError(NamedFailure):
    """A video could not be fetched; ``cause`` is one of :data:`CAUSES`."""

    causes, transient = CAUSES, TRANSIENT
    pause_factors: ClassVar = {"rate_limited": 4.0}


@contextmanager
def named_failures(url: str, transfer: bool = False) -> Iterator[None]:
    """Turn whatever yt-dlp raises into a DownloadError with its cause; ``transfer`` while the media is fetched."""
    try:
        yield
    except Exception as error:
        cause, tries = _classify(error, transfer)
        raise DownloadError(cause, url, _said(error), tries=tries) from error


def _classify(error: Exception, transfer: bool) -> tuple[str, int]:
    from yt_dlp.networking.exceptions import HTTPError, NoSupportingHandlers, TransportError
    from yt_dlp.utils import GeoRestrictedError, UnsupportedError, UserNotLive

    chain = list(_chain(error))
    if any(isinstance(link, PrivateAddressError) for link in chain):
        return "private_address", 1
    # An address may hold any word, and says nothing.
    text = re.sub(r"(https?|file):\S*", "", _said(error).lower())
    quoted = re.search(r"http error (\d{3})", text)
    status = next((link.status for link in chain if isinstance(link, HTTPError)), int(quoted[1]) if quoted else None)
    # Media links expire; reading the page again brings a fresh one.
    tries = 2 if transfer else 1
    if status == 403 and transfer:
        return "blocked", tries
    if status is not None and status not in (400, 403):
        known = "server_error" if status >= 500 else _STATUS.get(status, "unsupported")
        return known, tries
    for kind, cause in (
        (GeoRestrictedError, "geo"),
        (UserNotLive, "live"),
        (UnsupportedError, "unsupported"),
        (NoSupportingHandlers, "unsupported"),
    ):
        if any(isinstance(link, kind) for link in chain):
            return cause, 1
    for cause, phrases in _PHRASES:
        if re.search(phrases, text):
            return cause, 1
    if any(isinstance(link, TransportError) for link in chain):
        return "connection", 1
    return (_STATUS[status], 1) if status else ("unknown", 2)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that caused it, as far as Python and yt-dlp remember."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            info = getattr(link, "exc_info", None) or (None, None, None)
            waiting += [info[1], getattr(link, "cause", None), link.__cause__]


def _said(error: Exception) -> str:
    """yt-dlp's own words, without its colours, prefixes and requests for bug reports."""
    text = plain(error)
    text = re.sub(r"^ERROR: ", "", text)
    text = re.sub(r"^\[[\w:+.]+\] (\S+: )?", "", text)
    text = re.split(r"; please report this issue on|; Confirm you are on the latest version| \(caused by ", text)[0]
    return text[:300] or type(error).__name__
