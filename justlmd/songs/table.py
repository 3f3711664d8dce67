"""The song table: one row per song, checked before any work starts."""

import csv
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import jsonschema
import pandas as pd
import yaml

from justlmd.core.errors import InputError
from justlmd.core.limits import LARGEST_TEXT_BYTES, MOST_LINES, check_file, first_faults

SCHEMA = resources.files("justlmd.songs") / "songs.schema.yaml"

COLUMNS = (
    "id",
    "url",
    "crop",
    "start",
    "end",
    "lyrics",
    "first_line",
    "reference",
    "artist",
    "title",
    "language",
    "group",
    "motion",
    "height",
    "dancer",
    "licence",
)


ID = "[A-Za-z0-9_-]+"
"""The characters of a song's id, which names its folder."""

FETCH = "fetch"
"""In the column ``lyrics``: the lyrics come from the configured provider instead of a file."""


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
    reference: str = ""
    artist: str = ""
    title: str = ""
    language: str = ""
    group: str = ""
    motion: str = ""
    height: float | None = None
    dancer: str = ""
    licence: str = ""

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


def read_songs(path: str | Path, lyrics_needed: bool = True) -> list[Song]:
    """Read and check a song table (tab- or comma-separated, by its suffix).

    ``lyrics_needed`` is False for songs that are danced to: one without lyrics is danced to for its music alone.

    Raises
    ------
    InputError
        Names every faulty row and column, what was found and what is allowed.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("the song table does not exist", where=path, next_step="set `songs:` in config.yaml to yours")
    check_file(path, LARGEST_TEXT_BYTES, "a song table")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # a row with more cells than columns loses some
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
    except pd.errors.ParserWarning as error:
        raise InputError(
            "a row has more cells than there are columns", where=path, next_step="take the tabs too many out"
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"not a tab-separated UTF-8 table ({error})", where=path) from error
    problems = [
        f"{path}: column '{name}' is unknown; the columns are {', '.join(COLUMNS)}"
        for name in table.columns
        if name not in COLUMNS
    ]
    problems += [f"{path}: column '{name}' is missing" for name in ("id", "url", "lyrics") if name not in table.columns]
    if problems:
        raise InputError("\n".join(first_faults(problems, str(path))))
    rows = [{str(name): str(cell).strip() for name, cell in row.items()} for row in table.to_dict("records")]
    songs: list[Song] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, start=2):  # line 1 of the file holds the column names
        if len(problems) >= MOST_LINES:  # a file that is no song table has one in every row
            problems.append(f"{path}:{number}: from here on nothing was checked; mend the faults above first")
            break
        found = row_problems(row, lyrics_needed)
        # macOS and Windows do not tell A from a in folder names
        if (first := seen.setdefault(row["id"].lower(), number)) != number:
            found.append(f"column 'id': already used in line {first}")
        problems += [f"{path}:{number}: song '{row['id']}', {problem}" for problem in found]
        if not found:
            songs.append(_song(row))
    if not rows:
        problems.append(f"{path}: the song table has no rows")
    if problems:
        raise InputError("\n".join(problems))
    return songs


def read_danced_to(path: str, songs: Iterable[str]) -> dict[str, Song]:
    """The songs, by id, of a second table, which are only danced to: their ``url`` is a sound file (or a video's).

    ``path`` may be empty: no songs. Raises InputError as :func:`read_songs`, and when an id is one of ``songs``, too.
    """
    found = {song.id: song for song in read_songs(path, lyrics_needed=False)} if path else {}
    for name, song in found.items():
        if name in songs:
            raise InputError(
                f"song '{name}', column 'id': already used in the song table", where=path, next_step="choose another"
            )
        if song.local_source is None:
            raise InputError(
                f"song '{name}', column 'url': {song.url!r} is no file",
                where=path,
                next_step="songs to dance to are files",
            )
    return found


def check_provider(songs: Iterable[Song], provider: str) -> None:
    """Raise InputError if the lyrics of a song are to be fetched and no provider is configured."""
    names = [song.id for song in songs if song.lyrics == FETCH]
    if names and not provider:
        raise InputError(
            f"config 'lyrics.provider' is empty, but the lyrics of {', '.join(names)} are to be fetched",
            next_step="set it to an LRCLIB-compatible server's address, or name .lrc files in the song table",
        )


def row_problems(row: dict[str, str], lyrics_needed: bool = True) -> list[str]:
    """What is wrong with one row of a song table: the column, what was found, what is allowed."""
    validator = _validator()
    problems = []
    for error in validator.iter_errors(row):
        column = str(error.path[0])
        rule = validator.schema["properties"][column]
        allowed = (
            " or ".join(repr(value) for value in rule["enum"] if value)
            if "enum" in rule
            else rule["description"].strip()
        )
        problems.append(f"column '{column}': {row[column]!r} is not allowed. {allowed}")
    if lyrics_needed and not row["lyrics"]:
        allowed = validator.schema["properties"]["lyrics"]["description"].strip()
        problems.append(f"column 'lyrics': '' is not allowed. {allowed}")
    if row["lyrics"] == FETCH and not (row.get("artist") and row.get("title")):
        problems.append(f"columns 'artist' and 'title': both are needed where 'lyrics' is {FETCH!r}")
    try:
        urlsplit(row["url"])
    except ValueError as error:
        problems.append(f"column 'url': {row['url']!r} is no link ({error})")
    if not row["url"] and not row.get("motion"):
        problems.append("columns 'url' and 'motion': both empty; give a link, a video file or a motion file")
    if row.get("reference") and row.get("first_line") != "auto":
        problems.append("columns 'reference' and 'first_line': a reference is only used where 'first_line' is 'auto'")
    if row.get("first_line") == "auto" and not row["url"]:
        problems.append("columns 'first_line' and 'url': auto needs the song's sound, but there is no video")
    if not problems and row.get("start") and row.get("end") and _seconds(row["start"]) >= _seconds(row["end"]):
        problems.append(f"columns 'start' and 'end': {row['start']} is not before {row['end']}")
    return problems


@cache
def _validator() -> Any:
    return jsonschema.Draft202012Validator(yaml.safe_load(SCHEMA.read_text(encoding="utf-8")))


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
        reference=row.get("reference", ""),
        artist=row.get("artist", ""),
        title=row.get("title", ""),
        language=row.get("language", ""),
        group=row.get("group", ""),
        motion=row.get("motion", ""),
        height=float(row["height"]) if row.get("height") else None,
        dancer=row.get("dancer", ""),
        licence=row.get("licence", ""),
    )


def _seconds(cell: str) -> float:
    """Seconds of ``"83.5"`` or ``"1:23.5"``."""
    minutes, _, seconds = cell.rpartition(":")
    return 60 * int(minutes or 0) + float(seconds)
