"""Lyrics with times from an LRCLIB-compatible server, for songs whose ``lyrics`` cell is ``fetch``.

Three questions per song at most: ``GET <provider>/api/get`` (one recording by artist, title and length), then
``GET <provider>/api/search`` (up to 20 recordings), then a search by the names without what videos add to them
(:mod:`justlmd.lyrics.names`). The texts belong to others: they stay in ``results/``.
"""

import math
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from justlmd.core.errors import InputError, plain
from justlmd.lyrics.lrc import parse_lrc
from justlmd.lyrics.lrclib import LyricsError, ProviderOptions, ask
from justlmd.lyrics.names import first_artist, normal, plain_title, related


@dataclass(frozen=True)
class FetchedLyrics:
    """Lyrics with times, and where they came from."""

    text: str
    """Contents of the ``.lrc`` file, with tags that name the origin."""
    artist: str
    title: str
    lines: int
    note: str
    """What a person should check, or nothing."""


@dataclass(frozen=True)
class _Track:
    """One recording as the server describes it, checked."""

    id: int
    artist: str
    title: str
    album: str
    duration_s: float | None
    synced: str
    lines: int
    """Sung lines with times; 0 if there are none, for the reason ``fault``."""
    fault: str


def fetch_lyrics(
    artist: str,
    title: str,
    duration_s: float | None,
    options: ProviderOptions,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> FetchedLyrics:
    """Find lyrics with times by artist, title and length.

    A recording of this song is taken whose length is within the tolerance, even if it is called a remix; else one whose
    artist and title are exactly those asked for, because a dance video is often cut. Where there is neither, the names
    are freed of "feat. ...", "(... Version)", "| Just Dance 2022" and the like, and a recording of that name is taken
    if its length is within the tolerance. What was not exact stands in the note.

    Parameters
    ----------
    duration_s
        Length of the song in the video in seconds; None where it is unknown.
    sleep
        Waits the given seconds; tests give their own.

    Raises
    ------
    LyricsError
        With its cause and the next step.
    """
    song = f"'{title}' by {artist}"
    wanted = {"artist_name": artist, "track_name": title}
    # The documented range; the server matches lengths within 2 s.
    length = {"duration": str(round(duration_s))} if duration_s and 1 <= round(duration_s) <= 3600 else {}
    direct = ask(song, "get", wanted | length, options, sleep)
    tracks = [] if direct is None else _tracks([direct])
    if direct is not None and not tracks:
        raise LyricsError("damaged", song, "the answer to /api/get describes no recording")

    def differs(track: _Track) -> float:
        if duration_s is None or track.duration_s is None:
            return math.inf
        return abs(track.duration_s - duration_s)

    def fits(track: _Track) -> tuple[bool, bool]:
        named = (normal(track.artist), normal(track.title)) == (normal(artist), normal(title))
        return differs(track) <= options.tolerance_s, named

    if not (tracks and tracks[0].lines and all(fits(tracks[0]))):
        tracks += _search(song, wanted, options, sleep)
    fitting = [
        track for track in tracks if any(fits(track)) and related(track.title, title) and related(track.artist, artist)
    ]
    if not any(track.lines for track in fitting):
        short, who = plain_title(title, artist), first_artist(artist)
        if (short, who) != (title, artist):
            others = _search(song, {"artist_name": who, "track_name": short}, options, sleep)
            tracks += others
            fitting += [
                track
                for track in others
                if differs(track) <= options.tolerance_s
                and normal(plain_title(track.title, track.artist)) == normal(short)
                and related(track.artist, who)
            ]
    # Best first, and the same one every time.
    fitting.sort(key=lambda track: ([not fit for fit in fits(track)], differs(track), track.id))
    best = next((track for track in fitting if track.lines), None)
    if best is not None:
        close, named = fits(best)
        notes = [] if named else [f"found as '{best.title}' by {best.artist}"]
        if not close:
            notes.append(
                f"the recording lasts {_clock(best.duration_s)} and the song here {_clock(duration_s)}:"
                " check the times and set `first_line`"
            )
        note = "; ".join(notes)
        return FetchedLyrics(_lrc(best, note, options.url), best.artist, best.title, best.lines, note)
    if fitting:
        raise LyricsError("not_synced", song, fitting[0].fault)
    near = min(tracks, key=lambda track: (differs(track), track.id), default=None)
    raise LyricsError(
        "not_found",
        song,
        f"the nearest is '{near.title}' by {near.artist}, {_clock(near.duration_s)} long" if near else "TrackNotFound",
    )


def _search(song: str, names: dict[str, str], options: ProviderOptions, sleep: Callable[[float], None]) -> list[_Track]:
    """The recordings that the server finds by names; raises LyricsError."""
    answer = ask(song, "search", names, options, sleep)
    if answer is not None and not isinstance(answer, list):
        raise LyricsError("damaged", song, "the answer to /api/search is no list")
    return _tracks(answer or [])


def used_duration(source_s: float | None, start_s: float | None, end_s: float | None) -> float | None:
    """Seconds of a source that the song table uses, from ``start_s`` to ``end_s``; None for an unknown source."""
    return None if source_s is None else min(end_s or source_s, source_s) - (start_s or 0.0)


def _tracks(answers: Iterable[Any]) -> list[_Track]:
    """The answers that describe a recording as documented; anything else is left out."""
    tracks = []
    for answer in answers:
        if not isinstance(answer, dict):
            continue
        number, artist, title = (answer.get(key) for key in ("id", "artistName", "trackName"))
        album, synced, length = (answer.get(key) for key in ("albumName", "syncedLyrics", "duration"))
        if type(number) is not int or not isinstance(artist, str) or not isinstance(title, str):
            continue
        # No song lasts a day, and a whole number may have more digits than a float.
        known = isinstance(length, int | float) and 0 < length < 86_400
        text = synced.encode("utf-8", "replace").decode().replace("\0", "") if isinstance(synced, str) else ""
        lines, fault = 0, "it is marked as an instrumental" if answer.get("instrumental") is True else "no time stamps"
        if text.strip():
            try:
                lines = len(parse_lrc(text.encode(), "its lyrics").sung)
            except InputError as error:
                fault = str(error)
        tracks.append(
            _Track(
                id=number,
                artist=plain(artist),
                title=plain(title),
                album=plain(album) if isinstance(album, str) else "",
                duration_s=float(length) if known and length else None,
                synced=text,
                lines=lines,
                fault=fault,
            )
        )
    return tracks


def _lrc(track: _Track, note: str, url: str) -> str:
    """The ``.lrc`` file: the server's text under tags that say what it is and where it came from."""
    tags = {"ar": track.artist, "ti": track.title, "al": track.album}
    tags["length"] = "" if track.duration_s is None else _clock(track.duration_s)
    origin = f"{urlsplit(url).hostname}, id {track.id}"
    tags["#"] = f"from {origin}; {note}" if note else f"from {origin}"
    head = [f"[{key}:{value}]" for key, value in tags.items() if value]
    return "\n".join([*head, *re.split(r"\r\n|\r|\n", track.synced.strip())]) + "\n"


def _clock(seconds: float | None) -> str:
    return "an unknown time" if seconds is None else f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
