"""Song tables from other lists: the original's JSON files, and playlists."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from justlmd.core.errors import InputError, plain
from justlmd.core.files import read_json
from justlmd.songs.table import COLUMNS, row_problems

LONGEST_ID = 80
YOUTUBE = ("youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com")

Row = dict[str, str]


def convert_song_list(path: str | Path, lyrics_dir: str = "lyrics") -> tuple[list[Row], list[str]]:
    """Turn one of the original's JSON song lists into rows of a song table.

    Accepts both forms: ``{"<key>": ["<url>", "<crop>"]}`` and ``{"urls": [["<url>", "<crop>"], ...]}``. The id is
    the list's key where there is one (made safe for a folder name), else the video's id; the ``.lrc`` is expected at
    ``<lyrics_dir>/<id>.lrc``.

    Returns
    -------
    The rows in the list's order, and a line for each entry that was left out.

    Raises
    ------
    InputError
        The file is not such a list; names the entry.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("urls") or [], list):
        raise InputError(
            "expected an object of songs, or one with a list `urls`",
            where=path,
            next_step="is this another kind of file?",
        )
    entries: list[tuple[str, Any]] = [(key, entry) for key, entry in content.items() if key != "urls"]
    entries += [("", entry) for entry in content.get("urls") or []]
    songs = []
    for key, entry in entries:
        if not (isinstance(entry, list) and len(entry) == 2 and all(isinstance(part, str) for part in entry)):
            raise InputError(f"entry {plain(key or json.dumps(entry))}: expected [url, crop]", where=path)
        songs.append({"name": key, "url": entry[0], "crop": entry[1], "title": key, "language": "en"})
    return _rows(songs, lyrics_dir, str(path))


def convert_playlist(
    entries: Iterable[dict[str, Any]], lyrics_dir: str = "lyrics", name: str = "playlist"
) -> tuple[list[Row], list[str]]:
    """Turn the entries of a playlist (:func:`justlmd.download.fetch.playlist_entries`) into rows of a song table.

    The id is the video's, because titles change. Videos that the list itself calls private or removed are left out.

    Returns
    -------
    The rows in the playlist's order, and a line for each entry that was left out.

    Raises
    ------
    InputError
        An entry has no usable link; ``name`` stands in the message.
    """
    entries = list(entries)
    gone = [f"{entry['url']}: {entry['cause']}" for entry in entries if entry["cause"]]
    songs = [
        {"name": entry["id"], "url": entry["url"], "crop": "", "title": entry["title"], "language": ""}
        for entry in entries
        if not entry["cause"]
    ]
    rows, repeated = _rows(songs, lyrics_dir, name)
    return rows, gone + repeated


def song_table(rows: Iterable[Row]) -> str:
    """The text of a song table: tab-separated, no quotes around cells, as :func:`justlmd.songs.table.read_songs` reads
    it."""
    return "\n".join(["\t".join(COLUMNS), *("\t".join(row[column] for column in COLUMNS) for row in rows)]) + "\n"


def _rows(songs: Iterable[Row], lyrics_dir: str, source: str) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    repeated = []
    names: dict[tuple[str, str, str], str] = {}
    taken: set[str] = set()
    for song in songs:
        url = _short(song["url"].strip(), source)
        name = _safe(song["name"]) or _safe(_video_id(url))
        if not name:
            raise InputError(f"{plain(url)}: neither a key nor a video id to name the song by", where=source)
        same = (name, url, song["crop"])
        if same in names:
            repeated.append(f"{url}: named twice, the first time as {names[same]}")
            continue
        names[same] = song_id = _free(name, "\n".join([song["name"], url, song["crop"]]), taken)
        row = dict.fromkeys(COLUMNS, "") | {
            "id": song_id,
            "url": url,
            "crop": song["crop"],
            "lyrics": f"{lyrics_dir}/{song_id}.lrc",
            "title": plain(song["title"]),
            "language": song["language"],
        }
        if problems := row_problems(row):
            raise InputError(f"entry {plain(song['name'] or url)}: {'; '.join(problems)}", where=source)
        rows.append(row)
    if not rows:
        raise InputError("no song in it", where=source)
    return rows, repeated


def _free(name: str, video: str, taken: set[str]) -> str:
    """An id that is not taken yet, whatever the case of its letters, and add it.

    Of two songs with one name the later gets a suffix that depends on its video alone, so that its id stays the same
    when the list grows.
    """
    song_id = name[:LONGEST_ID]
    digest = hashlib.sha256(video.encode("utf-8", "replace")).hexdigest()
    for length in range(8, len(digest)):
        if song_id.lower() not in taken:
            break
        song_id = f"{name[: LONGEST_ID - length - 1]}_{digest[:length]}"
    taken.add(song_id.lower())
    return song_id


def _safe(name: str) -> str:
    return "".join(letter for letter in name if letter.isascii() and (letter.isalnum() or letter in "_-"))


def _short(url: str, source: str) -> str:
    """The link without what only matters to the site: the channel, the position in a list."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InputError(f"{plain(url)}: not a link ({error})", where=source) from error
    video = parse_qs(parts.query).get("v", [""])[0]
    if video and (parts.hostname or "") in YOUTUBE:
        return f"{url.partition('?')[0]}?v={quote(video, safe='')}"
    return url


def _video_id(url: str) -> str:
    parts = urlsplit(url)
    last = unquote(parts.path).rstrip("/").rpartition("/")[2]
    return parse_qs(parts.query).get("v", [Path(last).stem])[0]
