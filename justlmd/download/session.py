"""yt-dlp as this project uses it: silent, confined to the internet, with a private copy of the cookies."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from justlmd.core.errors import InputError
from justlmd.core.limits import LARGEST_TEXT_BYTES, check_file
from justlmd.download.addresses import internet_only
from justlmd.media.ffmpeg import ffmpeg_exe

COOKIES_STEP = "export the cookies again as cookies.txt (docs/download.md)"


@dataclass(frozen=True)
class DownloadOptions:
    """How to fetch; the defaults suit a few dozen videos without an account."""

    max_height: int = 720
    """Largest frame height asked for, where the site offers a choice."""
    attempts: int = 4
    """How often a transient failure is tried in all."""
    backoff_s: float = 5.0
    """Pause after the first transient failure; doubled each time, and four times as long when asked to slow down."""
    pause: float = 0.0
    """Pause before each link that is not local, out of politeness."""
    timeout_s: float = 30.0
    """How long a silent connection is waited for."""
    proxy: str | None = None
    """For example ``socks5://127.0.0.1:1080``."""
    allow_private_addresses: bool = False
    """Follow links into private networks and to this computer, too."""
    cookies: Path | None = None
    """Cookies in Netscape's format; each call works on a private copy, because yt-dlp rewrites its file."""

    @classmethod
    def configured(cls, section: Mapping[str, Any]) -> "DownloadOptions":
        """The options that the section ``download`` of the configuration gives."""
        return cls(
            max_height=section["max_height"],
            attempts=section["attempts"],
            pause=section["pause"],
            proxy=section["proxy"] or None,
            allow_private_addresses=section["allow_private_addresses"],
            cookies=Path(section["cookies"]) if section["cookies"] else None,
        )


@contextmanager
def youtube_dl(options: DownloadOptions, local: bool, folder: Path | None, noplaylist: bool = True) -> Iterator[Any]:
    """yt-dlp, silent, with a private copy of the cookies that vanishes afterwards."""
    import yt_dlp

    settings: dict[str, Any] = {
        "logger": _Silence(),
        "quiet": True,
        "noprogress": True,
        "color": {"stdout": "never", "stderr": "never"},
        "format": "bv*+ba/b",
        "format_sort": [f"res:{options.max_height}", "vcodec:h264", "acodec:aac", "ext:mp4:m4a"],
        "merge_output_format": "mp4/mkv",
        "ffmpeg_location": ffmpeg_exe(),
        "noplaylist": noplaylist,
        "playlist_items": "1:2" if noplaylist else None,
        "extract_flat": "in_playlist",
        "writesubtitles": False,
        "enable_file_urls": local,
        # Transfers go on where they stopped; a whole new attempt with a fresh link is with_retries'.
        "continuedl": True,
        "retries": 3,
        "fragment_retries": 3,
        "skip_unavailable_fragments": False,
        # The server's time stamp would make the file look older than the link list that asked for it.
        "updatetime": False,
        "socket_timeout": options.timeout_s,
    }
    if options.proxy and not local:
        settings["proxy"] = options.proxy
    if folder is not None:
        # The format belongs to the name: a part of one format must not be resumed with another.
        settings["outtmpl"] = {"default": str(folder).replace("%", "%%") + "/video.%(format_id)s.%(ext)s"}
        settings["restrictfilenames"] = True
        settings["progress_hooks"] = [_ProgressBar()]
    with tempfile.TemporaryDirectory(prefix="justlmd-cookies-") as private:
        if options.cookies is not None:
            copy = Path(private) / "cookies.txt"
            try:
                check_cookies(options.cookies)
                copy.write_bytes(Path(options.cookies).read_bytes())
            except OSError as error:
                raise InputError(f"the cookies cannot be read ({error.strerror})", where=options.cookies) from error
            settings["cookiefile"] = str(copy)
        # A proxy that was configured may lie anywhere; it resolves the names of links itself.
        allow = options.allow_private_addresses or bool(options.proxy)
        with internet_only(allow), yt_dlp.YoutubeDL(settings) as ydl:
            yield ydl


def check_cookies(path: str | Path) -> None:
    """Raise InputError, naming the line and nothing of its content, if a file is not in Netscape's cookie format.

    yt-dlp prints lines that it does not understand, and they may hold secrets.
    """
    check_file(path, LARGEST_TEXT_BYTES, "a cookies file")
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8 text, so no cookies.txt", where=path, next_step=COOKIES_STEP) from error
    for number, line in enumerate(lines, start=1):
        cookie = line.removeprefix("#HttpOnly_")
        if cookie.strip() and not cookie.startswith(("#", "$")) and len(cookie.split("\t")) != 7:
            raise InputError("is no cookie in Netscape's format", where=f"{path}:{number}", next_step=COOKIES_STEP)


class _Silence:
    """A logger for yt-dlp; its errors arrive as exceptions, and its warnings are about itself."""

    def debug(self, message: str) -> None: ...

    info = warning = error = debug


class _ProgressBar:
    """Shows the transfer where somebody is looking (a terminal), and nothing elsewhere."""

    def __init__(self) -> None:
        self.bar: Any = None

    def __call__(self, status: dict[str, Any]) -> None:
        from tqdm import tqdm

        if self.bar is None:
            self.bar = tqdm(desc="download", unit="B", unit_scale=True, disable=None, leave=False)
        self.bar.total = status.get("total_bytes") or status.get("total_bytes_estimate")
        self.bar.update((status.get("downloaded_bytes") or self.bar.n) - self.bar.n)
        if status.get("status") == "finished":
            self.bar.close()
            self.bar = None
