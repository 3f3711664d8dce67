"""Fetching one video with yt-dlp: resumed, verified by decoding, and with failures that have a name.

A link is http(s), ``file://``, a local file, or a folder that holds one video; all take the same road through yt-dlp.
"""

import hashlib
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from justlmd.core.errors import InputError, plain, redacted
from justlmd.core.files import write_json
from justlmd.core.retry import with_retries
from justlmd.download.failures import DownloadError, named_failures
from justlmd.download.session import DownloadOptions, youtube_dl
from justlmd.media.video import probe, verify

T = TypeVar("T")

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".flv", ".ts", ".mpg", ".mpeg", ".wmv", ".ogv")


def download(
    url: str,
    destination: Path,
    info: Path,
    *,
    options: DownloadOptions | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Fetch one video to ``destination`` and write what is known about it to ``info``.

    The video is first completed in a hidden folder beside ``destination``, where a killed or failed call leaves what
    it has, and the next one resumes it. It is decoded from end to end before it is moved into place.

    Parameters
    ----------
    url
        http(s) or ``file://`` link, path of a file, or path of a folder with a single video in it.
    destination, info
        Video and JSON file to write; the JSON holds id, title, url, webpage_url, date (of upload, ISO), format,
        sha256, duration (s), width, height and fps, and nothing that changes from call to call.
    sleep
        Waits the given seconds; tests give their own.

    Returns
    -------
    dict
        The content of ``info``.

    Raises
    ------
    DownloadError
        With its ``cause``, one of :data:`justlmd.download.failures.CAUSES`. Neither output is touched then.
    """
    options = options or DownloadOptions()
    destination = Path(destination)
    link, local = _resolve(url)
    if local is None and options.pause:
        sleep(options.pause)
    # One folder per link: bytes of another video must never be resumed.
    partial = destination.with_name(f".{destination.stem}.download")
    folder = partial / hashlib.sha256(link.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)

    def attempt() -> tuple[dict[str, Any], Path]:
        resumed = any(folder.iterdir())
        with youtube_dl(options, local is not None, folder) as ydl:
            details = _extract(ydl, url, link)
            with named_failures(url, transfer=True):
                details = ydl.process_ie_result(details, download=True)
            files = [Path(item["filepath"]) for item in details.get("requested_downloads") or [] if "filepath" in item]
        if len(files) != 1 or not files[0].is_file():
            raise DownloadError("unknown", url, "yt-dlp wrote no file", tries=2)
        try:
            video = verify(files[0])
            declared = details.get("duration")
            if isinstance(declared, int | float) and video.duration_s < declared - max(2.0, 0.02 * declared):
                raise InputError(f"the site says {declared:.1f} s, but {video.duration_s:.1f} s arrived")
        except InputError as error:
            # Another attempt is worth its time only if an old part may have spoilt the file.
            shutil.rmtree(folder)
            folder.mkdir(parents=True)
            raise DownloadError("damaged", url, error.what, tries=1 + resumed) from error
        date = str(details.get("upload_date") or "")
        return {
            "id": plain(details.get("id")),
            "title": plain(details.get("title")),
            "url": redacted(url),
            "webpage_url": redacted(plain(details.get("webpage_url")) or link),
            # A local file's date is that of its copy, and says nothing about the video.
            "date": f"{date[:4]}-{date[4:6]}-{date[6:]}" if re.fullmatch(r"\d{8}", date) and local is None else None,
            "format": plain(details.get("format")),
            "sha256": _sha256(files[0]),
            "duration": round(video.duration_s, 6),
            "width": video.width,
            "height": video.height,
            "fps": round(video.fps, 6),
        }, files[0]

    record, file = _retried(attempt, options, sleep)
    file.replace(destination)
    write_json(info, record)
    shutil.rmtree(partial, ignore_errors=True)
    return record


def probe_url(
    url: str, options: DownloadOptions | None = None, *, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Ask whether a link leads to one video that can be fetched, without fetching it.

    Returns
    -------
    dict
        ``url``, ``status`` ("ok" or "failed"), ``cause``, ``message`` and ``next_step`` of a failure (else None),
        ``id``, ``title`` and ``duration`` (s) as far as the site tells them. Never raises for what the link does.
    """
    options = options or DownloadOptions()
    answer = dict.fromkeys(("url", "status", "cause", "message", "next_step", "id", "title", "duration"))
    answer |= {"url": url, "status": "ok"}
    try:
        link, local = _resolve(url)
        if local is None and options.pause:
            sleep(options.pause)

        def attempt() -> dict[str, Any]:
            with youtube_dl(options, local is not None, None) as ydl:
                return _extract(ydl, url, link)

        details = _retried(attempt, options, sleep)
        duration = probe(local).duration_s if local else details.get("duration")
        return answer | {"id": plain(details.get("id")), "title": plain(details.get("title")), "duration": duration}
    except DownloadError as error:
        return answer | {
            "status": "failed",
            "cause": error.cause,
            "message": error.place_and_fault,
            "next_step": error.next_step,
        }


def playlist_entries(
    url: str, options: DownloadOptions | None = None, *, sleep: Callable[[float], None] = time.sleep
) -> list[dict[str, Any]]:
    """List the videos of a playlist or channel, in its order, without visiting each; a video is a list of one.

    Returns
    -------
    list of dict
        ``id``, ``title``, ``url``, ``duration`` (s or None), and ``cause``: "private" or "removed" where the list
        itself says so, else None.

    Raises
    ------
    DownloadError
        The list cannot be read.
    """
    options = options or DownloadOptions()
    link, local = _resolve(url)

    def attempt() -> list[dict[str, Any]]:
        with youtube_dl(options, local is not None, None, noplaylist=False) as ydl, named_failures(url):
            details = ydl.extract_info(link, download=False) or {}
            return list(details["entries"]) if "entries" in details else [details]

    hidden = {"[private video]": "private", "[deleted video]": "removed"}
    return [
        {
            "id": plain(entry.get("id")),
            "title": plain(entry.get("title")),
            "url": plain(entry.get("webpage_url") or entry.get("url")),
            "duration": entry.get("duration"),
            "cause": hidden.get(str(entry.get("title")).lower()),
        }
        for entry in _retried(attempt, options, sleep)
        if entry
    ]


def _resolve(url: str) -> tuple[str, Path | None]:
    """Return the link for yt-dlp and, for something on this computer, its file."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        if parts.scheme.lower() in ("http", "https"):
            if not parts.hostname:
                raise ValueError("no server is named")
            return url, None
        if parts.scheme.lower() == "file":
            raw = url[5:].removeprefix("//localhost").removeprefix("//")
            path = next((path for path in (Path(unquote(raw)), Path(raw)) if path.exists()), Path(unquote(raw)))
        elif "://" in url:
            raise DownloadError("unsupported", url, f"'{parts.scheme}' is not http, https or file")
        else:
            path = Path(url).expanduser()
        if path.is_dir():
            found = sorted(file for file in path.iterdir() if file.suffix.lower() in VIDEO_SUFFIXES and file.is_file())
            if len(found) != 1:
                names = ", ".join(file.name for file in found[:5]) or "none"
                raise DownloadError(
                    "unsupported", url, f"a folder must hold one video, this one holds {len(found)}: {names}"
                )
            path = found[0]
        if not path.is_file():
            raise DownloadError("not_found", url, f"no such file: {path}" if url else "the link is empty")
    except (ValueError, OSError, RuntimeError) as error:
        raise DownloadError("unsupported", url, f"not a link or path: {error}") from error
    try:
        probe(path)
    except InputError as error:
        raise DownloadError("damaged", url, f"the file {error.what}") from error
    return path.resolve().as_uri(), path


def _extract(ydl: Any, url: str, link: str) -> dict[str, Any]:
    """What the site says about one video; playlists and live streams are refused."""
    with named_failures(url):
        details = ydl.extract_info(link, download=False)
    if not details:
        raise DownloadError("unknown", url, "yt-dlp found nothing", tries=2)
    if "entries" in details:
        raise DownloadError("unsupported", url, "a playlist or channel, not one video")
    if details.get("is_live") or details.get("live_status") in ("is_live", "is_upcoming", "post_live"):
        raise DownloadError("live", url, str(details.get("live_status") or "is_live"))
    return details


def _retried(attempt: Callable[[], T], options: DownloadOptions, sleep: Callable[[float], None]) -> T:
    return with_retries(attempt, attempts=options.attempts, backoff_s=options.backoff_s, sleep=sleep)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
