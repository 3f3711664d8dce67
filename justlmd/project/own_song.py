"""One song of the user's own to dance to: its row of a song table, and a configuration for it alone."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from justlmd.core.errors import InputError, one_line
from justlmd.core.files import write_text
from justlmd.features.text import MINILM, MULTILINGUAL
from justlmd.lyrics.lrc import lrc_bytes, parse_lrc
from justlmd.lyrics.whisper_models import guessed_language, is_english
from justlmd.media.audio import AUDIO_FORMATS
from justlmd.project.preflight import RESERVED_IDS
from justlmd.songs.table import row_problems

CHARACTERS = (".vrm", ".glb")
LONGEST_NAME = 60


@dataclass(frozen=True)
class OwnSong:
    """What people say of the song. Empty or None: found out, or the default.

    ``start`` and ``end`` are seconds or m:ss of the audio file, ``first_line`` of what lies between them. ``model`` is
    the choreographer or the name of a trained model.
    """

    audio: str
    lyrics: str = ""
    name: str = ""
    title: str = ""
    artist: str = ""
    language: str = ""
    start: str = ""
    end: str = ""
    first_line: str = "auto"
    character: str = ""
    model: str = "choreographer"
    repertoire: str = "shipped"
    seed: int = 0


@dataclass(frozen=True)
class Prepared:
    """The song's ``name``, and the files written for it: ``table``, and ``config``, what differs from the usual."""

    name: str
    table: Path
    config: Path


def prepare(song: OwnSong, results: Path) -> Prepared:
    """Check everything that can be checked at once, and write table and configuration of the song.

    Parameters
    ----------
    song
        What is to be danced to.
    results
        The workflow's folder ``results``.

    Raises
    ------
    InputError
        A file is missing or unreadable, the lyrics have no times, the name is taken, or the model was not trained.
    """
    tags = audio_tags(song.audio)
    language, metadata = song.language, {}
    if song.lyrics:
        if not Path(song.lyrics).is_file():
            raise InputError("there is no such file", where=song.lyrics, next_step="name your lyrics: LYRICS=my.lrc")
        lyrics = parse_lrc(lrc_bytes(song.lyrics), song.lyrics)
        language, metadata = language or guessed_language(lyrics.text), lyrics.metadata
    title = song.title or tags.get("title", "") or metadata.get("ti", "")
    artist = song.artist or tags.get("artist", "") or metadata.get("ar", "")
    name = song.name or safe_name(title) or safe_name(Path(song.audio).stem) or "song"
    row = {"id": name, "url": song.audio, "start": song.start, "end": song.end, "lyrics": song.lyrics}
    row |= {"first_line": song.first_line if song.lyrics else "", "artist": artist, "title": title}
    row |= {"language": "" if language == "und" else language}
    row = {column: " ".join(one_line(cell).split()) for column, cell in row.items()}
    if problems := row_problems(row, lyrics_needed=False):
        raise InputError("\n".join(problems))
    folder = results / "dance" / name
    if name.lower() in RESERVED_IDS or ((results / "songs" / name).exists() and not folder.exists()):
        raise InputError(f"the name {name!r} is taken by another song", next_step="choose one: NAME=... or --name ...")
    _check_model(song.model, results)
    _check_character(song.character)
    prepared = Prepared(name, folder / "song.tsv", folder / "config.yaml")
    write_text(prepared.table, "\t".join(row) + "\n" + "\t".join(row.values()) + "\n")
    _write_config(prepared, song, MINILM if not song.lyrics or is_english(language) else MULTILINGUAL)
    return prepared


def _write_config(prepared: Prepared, song: OwnSong, encoder: str) -> None:
    import yaml

    config: dict[str, Any] = {
        "songs": "",
        "features": {"text_encoder": encoder},
        "generate": {
            "model": song.model,
            "songs": "auto",
            "table": str(prepared.table),
            "repertoire": song.repertoire,
            "character": song.character,
            "seed": song.seed,
        },
    }
    text = "# Written by justlmd dance; what else is configured comes from config.yaml.\n"
    write_text(prepared.config, text + yaml.safe_dump(config, sort_keys=False, allow_unicode=True))


def audio_tags(path: str | Path) -> dict[str, str]:
    """The tags of an audio file, keys in lower case; raises InputError for what is no audio that can be read."""
    if not Path(path).is_file():
        raise InputError("there is no such file", where=path, next_step="name your song: AUDIO=my.mp3")
    try:
        with av.open(str(path), options={"format_whitelist": AUDIO_FORMATS, "protocol_whitelist": "file"}) as file:
            if not file.streams.audio:
                raise InputError("holds no audio", where=path, next_step="give a music file, or a video with sound")
            found: Mapping[str, str] = {**file.streams.audio[0].metadata, **file.metadata}
    except av.FFmpegError as error:
        raise InputError(
            "holds no audio that can be read", where=path, next_step="give an mp3, m4a, ogg, flac or wav file"
        ) from error
    return {key.lower(): " ".join(one_line(value).split())[:200] for key, value in found.items()}


def safe_name(text: str) -> str:
    """A name for files: letters, digits and underscores; empty where nothing of a text can be kept."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:LONGEST_NAME].strip("_")


def _check_model(model: str, results: Path) -> None:
    from justlmd.project.config import CHOREOGRAPHER

    checkpoint = results / "models" / model / "model.safetensors"
    if model != CHOREOGRAPHER and not checkpoint.is_file():
        raise InputError(
            f"there is no trained model {model!r}",
            where=checkpoint,
            next_step="train it with your data set (docs/own-songs.md), or leave MODEL out: nothing is trained then",
        )


def _check_character(path: str) -> None:
    if not path:
        return
    if not Path(path).is_file():
        raise InputError("there is no such file", where=path, next_step="name a .vrm or .glb: CHARACTER=my.vrm")
    with Path(path).open("rb") as file:
        is_gltf = file.read(4) == b"glTF"
    if Path(path).suffix.lower() not in CHARACTERS or not is_gltf:
        raise InputError(
            "is no character that can dance", where=path, next_step="give a .vrm, or a .glb rigged by Mixamo"
        )
