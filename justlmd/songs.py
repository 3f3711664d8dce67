"""The song table: one row per song, checked before any work starts."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import jsonschema
import pandas as pd
import yaml

from justlmd.errors import InputError
from justlmd.files import read_json

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"

COLUMNS = (
    "id",
    "url",
    "crop",
    "start",
    "end",
    "lyrics",
    "first_line",
    "artist",
    "title",
    "language",
    "group",
    "motion",
    "height",
)


@dataclass(frozen=True)
class Song:
    """One checked row of the song table; times in seconds, ``None`` where the cell is empty.

    ``first_line`` is a time in seconds of the cropped video, ``"auto"``, or ``None`` when the stamps of the
    ``.lrc`` are right as they are.
    """

    id: str
    url: str
    lyrics: str
    crop: str = "full"
    start: float | None = None
    end: float | None = None
    first_line: float | str | None = None
    artist: str = ""
    title: str = ""
    language: str = ""
    group: str = ""
    motion: str = ""
    height: float | None = None

    @property
    def has_video(self) -> bool:
        """Whether motion is recovered from a video (otherwise it is imported from ``motion``)."""
        return not self.motion

    @property
    def has_audio(self) -> bool:
        """Whether there is a source to take the sound from."""
        return bool(self.url)

    @property
    def local_source(self) -> Path | None:
        """The local file behind ``url``, or ``None`` when the video lies elsewhere."""
        parts = urlsplit(self.url)
        if parts.scheme == "file":
            return Path(url2pathname(parts.path))
        return Path(self.url) if self.url and not parts.scheme else None


def read_songs(path: str | Path) -> list[Song]:
    """Read and check a song table (tab- or comma-separated, by its suffix).

    Raises
    ------
    InputError
        Names every faulty row and column, what was found and what is allowed.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: the song table does not exist; set `songs:` in config.yaml to yours")
    try:
        table = pd.read_csv(
            path,
            sep="," if path.suffix == ".csv" else "\t",
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            quoting=csv.QUOTE_MINIMAL if path.suffix == ".csv" else csv.QUOTE_NONE,
            index_col=False,
            comment=None,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a tab-separated UTF-8 table ({error})") from error
    problems = [
        f"{path}: column '{name}' is unknown; the columns are {', '.join(COLUMNS)}"
        for name in table.columns
        if name not in COLUMNS
    ]
    problems += [f"{path}: column '{name}' is missing" for name in ("id", "url", "lyrics") if name not in table.columns]
    if problems:
        raise InputError("\n".join(problems))
    rows = [{str(name): str(cell).strip() for name, cell in row.items()} for row in table.to_dict("records")]
    songs, problems = [], []
    for number, row in enumerate(rows, start=2):  # line 1 of the file holds the column names
        found = _problems(row)
        problems += [f"{path}:{number}: song '{row['id']}', {problem}" for problem in found]
        if not found:
            songs.append(_song(row))
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, start=2):
        # macOS and Windows do not tell A from a in folder names
        if (first := seen.setdefault(row["id"].lower(), number)) != number:
            problems.append(f"{path}:{number}: song '{row['id']}', column 'id': already used in line {first}")
    if not rows:
        problems.append(f"{path}: the song table has no rows")
    if problems:
        raise InputError("\n".join(problems))
    return songs


def _problems(row: dict[str, str]) -> list[str]:
    schema = yaml.safe_load((SCHEMAS / "songs.schema.yaml").read_text(encoding="utf-8"))
    problems = []
    for error in jsonschema.Draft202012Validator(schema).iter_errors(row):
        column = str(error.path[0])
        rule = schema["properties"][column]
        allowed = (
            " or ".join(repr(value) for value in rule["enum"] if value)
            if "enum" in rule
            else rule["description"].strip()
        )
        problems.append(f"column '{column}': {row[column]!r} is not allowed. {allowed}")
    if not row["url"] and not row.get("motion"):
        problems.append("columns 'url' and 'motion': both empty; give a link, a video file or a motion file")
    if not problems and row.get("start") and row.get("end") and _seconds(row["start"]) >= _seconds(row["end"]):
        problems.append(f"columns 'start' and 'end': {row['start']} is not before {row['end']}")
    return problems


def _song(row: dict[str, str]) -> Song:
    first_line = row.get("first_line", "")
    return Song(
        id=row["id"],
        url=row["url"],
        lyrics=row["lyrics"],
        crop=row.get("crop") or "full",
        start=_seconds(row["start"]) if row.get("start") else None,
        end=_seconds(row["end"]) if row.get("end") else None,
        first_line=_seconds(first_line) if first_line not in ("", "auto") else first_line or None,
        artist=row.get("artist", ""),
        title=row.get("title", ""),
        language=row.get("language", ""),
        group=row.get("group", ""),
        motion=row.get("motion", ""),
        height=float(row["height"]) if row.get("height") else None,
    )


def _seconds(cell: str) -> float:
    """Seconds of ``"83.5"`` or ``"1:23.5"``."""
    minutes, _, seconds = cell.rpartition(":")
    return 60 * int(minutes or 0) + float(seconds)


def convert_song_list(path: str | Path, lyrics_dir: str = "lyrics") -> pd.DataFrame:
    """Turn one of the original's JSON song lists into a song table.

    Accepts both forms: ``{"<key>": ["<url>", "<crop>"]}`` and ``{"urls": [["<url>", "<crop>"], ...]}``. The id is
    the list's key where there is one (made safe for a folder name), else the video's id; the ``.lrc`` is expected at
    ``<lyrics_dir>/<id>.lrc``.

    Raises
    ------
    InputError
        The file is not such a list; names the entry.
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected an object of songs, found {type(content).__name__}")
    entries: list[tuple[str, Any]] = [(key, entry) for key, entry in content.items() if key != "urls"]
    entries += [("", entry) for entry in content.get("urls") or []]
    rows: dict[str, dict[str, str]] = {}
    for key, entry in entries:
        if not (isinstance(entry, list) and len(entry) == 2 and all(isinstance(part, str) for part in entry)):
            raise InputError(f"{path}: entry {key or json.dumps(entry)}: expected [url, crop]")
        url, crop = entry
        query = urlsplit(url).query
        video = next((part[2:] for part in query.split("&") if part.startswith("v=")), "")
        name = "".join(letter for letter in key if letter.isascii() and (letter.isalnum() or letter in "_-")) or video
        if not name:
            raise InputError(f"{path}: {url}: neither a key nor a video id to name the song by")
        if video:  # the rest of the query (channel, list position) is not needed
            url = url.split("?")[0] + "?v=" + video
        if name in rows and rows[name]["url"] == url:
            continue  # the 2022 list names one video twice
        while name in rows:
            name += "_2"
        rows[name] = {column: "" for column in COLUMNS} | {
            "id": name[:80],
            "url": url,
            "crop": crop,
            "lyrics": f"{lyrics_dir}/{name[:80]}.lrc",
            "title": key,
            "language": "en",
        }
    return pd.DataFrame(list(rows.values()), columns=list(COLUMNS))
