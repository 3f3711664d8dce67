"""From a song's ``.lrc`` file to its lyrics on the clock of the video: read, synchronise, time the words."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from justlmd.core.errors import InputError
from justlmd.lyrics.document import Lyrics, shift
from justlmd.lyrics.lrc import lrc_bytes, parse_lrc


def song_lyrics(
    path: str | Path,
    *,
    first_line: float | Literal["auto"] | None = None,
    audio: str | Path | None = None,
    reference: str | Path | None = None,
    offset_sign: int = -1,
    alignment: str = "none",
    whisper_model: str = "",
    language: str = "",
) -> tuple[Lyrics, dict[str, Any] | None]:
    """Read a ``.lrc`` file and bring it onto the clock of the video.

    Parameters
    ----------
    path : path
        The ``.lrc`` file.
    first_line : float, "auto" or None
        Seconds of ``video.mp4`` at which the first line is sung; "auto" finds it in the audio; None trusts the stamps.
    audio : path, optional
        ``audio.wav`` of the video; needed for "auto" and for an alignment.
    reference : path, optional
        The recording that the stamps were made for, for "auto".
    offset_sign : int
        Sign of the file's ``[offset:]`` tag, -1 or 1.
    alignment : str
        "none", or the aligner that finds the words in the audio (:func:`justlmd.lyrics.alignment.aligned_with`).
    whisper_model : str
        The Whisper model of the aligner "auto"; empty: the carried ones.
    language : str
        Language code of the song.

    Returns
    -------
    lyrics : Lyrics
    synchronisation : dict or None
        How the first line was found, for ``lyrics.json``; None by the stamps.

    Raises
    ------
    InputError
        The file does not exist or is malformed, or the first line cannot be found.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            "the lyrics file does not exist", where=path, next_step="correct the song table or put it there"
        )
    lyrics = parse_lrc(lrc_bytes(path), str(path), offset_sign)
    how: dict[str, Any] | None = None
    if first_line == "auto":
        from justlmd.lyrics.alignment import AUTO, load_whisper  # loads librosa, which the other ways do not need
        from justlmd.lyrics.synchronise import synchronise

        if audio is None:
            raise InputError("the first line is to be found in the audio, but there is none", where=path)
        whisper = load_whisper(lyrics, language, whisper_model)[0] if alignment == AUTO else None
        lyrics, found = synchronise(lyrics, audio, reference, whisper)
        how = asdict(found)
    elif first_line is not None:
        lyrics = shift(lyrics, first_line)
        how = {"method": "manual", "first_line_s": lyrics.first_line_s}
    if alignment != "none" and audio is not None:
        from justlmd.lyrics.alignment import aligned_with

        lyrics = aligned_with(alignment, lyrics, audio, language, whisper_model)
    return lyrics, how
