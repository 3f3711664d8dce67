"""The files of the kept songs, from which the data set is built."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from justlmd.body.model import Body
from justlmd.features.external import learned_path
from justlmd.motion.motion import Motion


@dataclass(frozen=True)
class SongFiles:
    """The files of one kept song. ``audio`` and ``embeddings`` are None where there are none: masked, not faked.

    ``motion`` is a ``smplfull.json`` and ``meta`` its meta file; None for a file of the original's, whose shape
    parameters are SMPL's and which begins with the first line of the lyrics. Foreign shape parameters are replaced by
    zeros (the mean body), because they mean nothing on another body. Or ``motion`` is a function that gives the motion
    of a body: so motion from elsewhere needs no file in between. Motion alone has neither ``lyrics`` nor ``sliced``;
    all of it is then cut into sequences.
    ``learned`` are files of further features by name (:mod:`justlmd.features.external`), the same names for all songs.
    ``source_start_s`` is the second of ``source`` at which ``video.mp4`` begins, ``crop`` the part of its frame that it
    shows; ``quality`` are the quality gate's metrics by name.
    """

    song: str
    motion: Path | Callable[[Body], Motion]
    meta: Path | None = None
    lyrics: Path | None = None
    sliced: Path | None = None
    audio: Path | None = None
    embeddings: Path | None = None
    group: str = ""
    artist: str = ""
    title: str = ""
    language: str = ""
    source: str = ""
    source_start_s: float = 0.0
    crop: str = "full"
    learned: dict[str, Path] = field(default_factory=dict)
    quality: dict[str, float] = field(default_factory=dict)


def song_files(
    files: Mapping[str, Sequence[str]], about: Mapping[str, Mapping[str, Any]], learned: Mapping[str, str]
) -> list[SongFiles]:
    """The kept songs' files, as the workflow lists them.

    Parameters
    ----------
    files : mapping of str to sequence of str
        Paths of ``motion``, ``meta``, ``lyrics``, ``sliced`` and ``lyrics_embeddings``, one per song in the same order,
        and of ``audio_features`` for the songs with audio. The name of a file's folder is its song.
    about : mapping of str to mapping
        By song: further fields of :class:`SongFiles`, such as ``group``, ``title`` and ``source``.
    learned : mapping of str to str
        Patterns of features from elsewhere by name.
    """
    audio = {Path(path).parent.name: Path(path) for path in files["audio_features"]}
    names = ("motion", "lyrics", "sliced", "lyrics_embeddings", "meta")
    songs = []
    for motion, lyrics, sliced, embeddings, meta in zip(*(map(Path, files[name]) for name in names), strict=True):
        song = motion.parent.name
        songs.append(
            SongFiles(
                song=song,
                motion=motion,
                meta=meta,
                lyrics=lyrics,
                sliced=sliced,
                audio=audio.get(song),
                embeddings=embeddings,
                learned={name: learned_path(pattern, song) for name, pattern in learned.items()},
                **about[song],
            )
        )
    return songs
