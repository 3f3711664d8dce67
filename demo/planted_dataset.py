"""The data set of synthetic songs with planted links from words to moves, for tests of models and of the evaluation."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from demo.planted import SyntheticSong, synthetic
from justlmd.body.model import Body, load_body
from justlmd.core.clock import FPS, frame_index
from justlmd.core.files import write_json, write_npz
from justlmd.dataset.build import build_dataset
from justlmd.dataset.song_files import SongFiles
from justlmd.dataset.splits import Splits
from justlmd.features.audio import phase
from justlmd.features.text_encoder import embed
from justlmd.lyrics.document import Line, Lyrics, timestamp, write_lyrics
from justlmd.lyrics.word_timing import Word
from justlmd.motion.motion import before_camera
from justlmd.motion.song_motion import SongMotion, write_song_motion

BARS_BETWEEN = 3


def planted_dataset(
    folder: str | Path,
    seed: int,
    n_songs: int,
    shuffled_words: bool = False,
    test_fraction: float = 0.25,
    val_fraction: float = 0.15,
) -> dict[str, dict[str, np.ndarray]]:
    """Write the data set of ``synthetic(seed, n_songs, shuffled_words)``; return when what was danced.

    The music is its beats alone. Sequences start with every third bar, so that all of a song have their words on the
    same beats: words of one exchanged for those of another say nothing wrong about the rhythm.

    Returns
    -------
    For every song ``time_s`` (seconds) and ``move`` (names) of the moves that stand out from the groove.
    """
    with tempfile.TemporaryDirectory() as scratch:
        files, songs = write_planted_songs(Path(scratch), seed, n_songs, shuffled_words)
        build_dataset(files, folder, load_body(), seed=seed, val_fraction=val_fraction, test_fraction=test_fraction)
    return {
        song.id: {
            "time_s": np.array([trigger.time for trigger in song.triggers]),
            "move": np.array([trigger.name for trigger in song.triggers]),
        }
        for song in songs
    }


def planted_splits(
    folder: str | Path, seed: int, counts: Mapping[str, int]
) -> tuple[list[SongFiles], list[SyntheticSong]]:
    """Write the songs into ``folder/songs`` and their data set into ``folder/data``.

    ``counts`` says how many songs each split has; they are in its order.
    """
    files, songs = write_planted_songs(Path(folder) / "songs", seed, sum(counts.values()))
    names = [song.id for song in songs]
    splits = [split for split, count in counts.items() for _ in range(count)]
    alone = dict(zip(names, names, strict=True))  # each song is a group
    build_dataset(
        files, Path(folder) / "data", load_body(), splits=Splits(alone, dict(zip(names, splits, strict=True)))
    )
    return files, songs


def write_planted_songs(
    folder: str | Path, seed: int, n_songs: int, shuffled_words: bool = False
) -> tuple[list[SongFiles], list[SyntheticSong]]:
    """Write the files of ``synthetic(seed, n_songs, shuffled_words)`` from which the data set is built."""
    body, songs = load_body(), synthetic(seed, n_songs, shuffled_words)
    lyrics = [lyrics_of(song) for song in songs]
    files = [
        _write_song(Path(folder) / song.id, song, words, tokens, body)
        for song, words, tokens in zip(songs, lyrics, embed(lyrics), strict=True)
    ]
    return files, songs


def lyrics_of(song: SyntheticSong) -> Lyrics:
    """The sung lines of a song as a document with a time for each word."""
    lines = []
    for line in song.lines:
        words = tuple(Word(word.start, word.end, word.text) for word in line.words)
        text = " ".join(word.text for word in words)
        lines.append(Line(words[0].start_s, words[-1].end_s, text, words, timing="word"))
    return Lyrics(tuple(lines))


def _write_song(folder: Path, song: SyntheticSong, lyrics: Lyrics, tokens: dict[str, Any], body: Body) -> SongFiles:
    folder.mkdir(parents=True)
    first_line_s, frames = round(lyrics.first_line_s, 3), len(song.motion)  # as exact as the slices' stamps
    motion = before_camera(song.motion.cut(frame_index(first_line_s), frames), body)
    danced = SongMotion.made(motion, body, "planted", first_line_s)
    write_song_motion(folder / "smplfull.json", folder / "smplfull.meta.json", danced)
    lines = (replace(lyrics.lines[0], start_s=first_line_s), *lyrics.lines[1:])
    write_lyrics(folder / "lyrics.json", Lyrics(lines), song.id, "en")
    starts = lyrics.lines[::BARS_BETWEEN]
    write_json(folder / "sliced.json", {timestamp(line.start_s): line.text for line in starts})
    write_npz(folder / "lyrics_embeddings.npz", **tokens)
    beat = np.zeros(frames, np.float32)
    beat[np.round(FPS * song.beats_s).astype(int).clip(0, frames - 1)] = 1
    write_npz(
        folder / "audio_features.npz",
        log_mel=np.zeros((frames, 128), np.float32),
        onset_envelope=beat,
        beat=beat,
        beat_phase=phase(song.beats_s, frames),
        bar_phase=phase(song.downbeats_s, frames),
        beat_times=song.beats_s,
        downbeat_times=song.downbeats_s,
    )
    return SongFiles(
        song=song.id,
        motion=folder / "smplfull.json",
        meta=folder / "smplfull.meta.json",
        lyrics=folder / "lyrics.json",
        sliced=folder / "sliced.json",
        audio=folder / "audio_features.npz",
        embeddings=folder / "lyrics_embeddings.npz",
    )
