"""The page on which people say, blindly, which of two dances goes better with a song, and the key to their answers."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from justlmd.core.errors import InputError
from justlmd.core.files import read_json, write_json, write_text
from justlmd.lyrics.document import Lyrics, lines_between
from justlmd.view.page import filled_page

REAL, MIRRORED = "real", "real, mirrored"
"""The recovered dance, and the same with left and right exchanged: a control, since neither can be better."""
COPIED = "copied"
"""A dance put together from those to the most similar music and words of training songs: what a model has to beat."""

QUESTIONS = {"song": "Which dances better to the song?", "words": "Which dances better to the words?"}


def hidden_code(seed: int, *names: str) -> str:
    """Twelve letters and digits that stand for names and do not tell them."""
    return hashlib.sha256("\n".join([str(seed), *names]).encode()).hexdigest()[:12]


def clip_order(dances: list[str], seed: int, song: str) -> list[str]:
    """The names of the dances in the order of a song's clips, another one for each song."""
    return sorted(dances, key=lambda dance: hidden_code(seed, song, dance))


@dataclass(frozen=True)
class ComparedSong:
    """One song of a comparison: its id, its clips (name of the file without ``.mp4`` to name of the dance), the length
    of each in seconds, and the sung lines in it, as dicts of ``start``, ``end`` (seconds of the clip) and ``text``.
    """

    song: str
    clips: dict[str, str]
    seconds: float
    lines: list[dict[str, Any]]


def lines_within(lyrics: Lyrics, start_s: float, seconds: float) -> list[dict[str, Any]]:
    """The lines that are sung in a stretch of a song, with times from its beginning on."""
    return [
        {"start": round(line.start_s, 3), "end": round(line.end_s, 3), "text": line.text}
        for line in lines_between(lyrics.sung, start_s, start_s + seconds)
    ]


def write_compared_song(path: str | Path, song: ComparedSong) -> None:
    """Write what the page and the key need of one song."""
    write_json(path, vars(song))


def read_compared_song(path: str | Path) -> ComparedSong:
    """Read what :func:`write_compared_song` wrote; raises InputError for anything else."""
    try:
        return ComparedSong(**read_json(path))
    except TypeError as error:
        raise InputError(f"not a song of a comparison ({error})", where=path, next_step="delete it") from error


def pairs_of(song: ComparedSong) -> list[tuple[str, str]]:
    """The clips that are shown beside each other: every two dances, and the recovered one with its mirror image."""
    dances = {dance: clip for clip, dance in song.clips.items()}
    others = sorted(clip for clip, dance in song.clips.items() if dance != MIRRORED)
    control = [(dances[REAL], dances[MIRRORED])] if {REAL, MIRRORED} <= set(dances) else []
    return [*combinations(others, 2), *control]


def write_compare_page(path: str | Path, key: str | Path, songs: Sequence[ComparedSong], folder: str) -> int:
    """Write the page, which knows no names, and the key that turns its answers into names.

    Parameters
    ----------
    path, key
        The ``.html`` and the ``.json``; the key belongs elsewhere than the page, which is given away.
    songs
        What is compared.
    folder
        The clips' folder, relative to the page.

    Returns
    -------
    The number of pairs. Raises InputError when there is none.
    """
    clips = {clip: {"song": song.song, "dance": dance} for song in songs for clip, dance in song.clips.items()}
    study = hashlib.sha256(json.dumps(clips, sort_keys=True).encode()).hexdigest()[:16]
    # In the order of the clips' names, which tells nothing; the page shuffles for each person.
    pairs = sorted(((pair, song) for song in songs for pair in pairs_of(song)), key=lambda found: found[0])
    trials = [{"clips": pair, "seconds": song.seconds, "lines": song.lines} for pair, song in pairs]
    if not trials:
        raise InputError(
            "there is no song with sound that the models were not trained on (split: test), so nothing to compare",
            next_step="add songs to the table",
        )
    data = {"study": study, "folder": folder, "questions": QUESTIONS, "trials": trials}
    write_text(path, filled_page("compare.html", data))
    write_json(key, {"study": study, "clips": clips})
    return len(trials)
