"""The data set's fast path: an index of sequences, arrays over whole songs, and splits by song group.

:mod:`justlmd.dataset.complete` adds what people and other programs read: Parquet shards, figures and the card.

The folder holds (N frames of all songs one after another, S songs, M tokens, B beats):

- ``index.parquet``: one row per sequence of 180 frames (6 s), columns :data:`INDEX_COLUMNS`;
- ``songs.parquet``: one row per song: where its rows lie in the arrays, its split, provenance, counts;
- ``splits.json``: ``{"train": [songs], "val": [songs], "test": [songs]}``;
- ``dataset.json``: settings and counts for programs;
- motion, y-up, metres, floor at 0, standard SMPL: ``global_orient`` (N, 3) and ``body_pose`` (N, 69) axis-angle,
  ``transl`` (N, 3), ``valid`` (N), ``limbs_seen`` (N, 4: left arm, right arm, left leg, right leg); ``betas`` (S, 10),
  ``rest_joints`` (S, 24, 3) of the body model in ``dataset.json``;
- music: ``log_mel`` (N, 128) dB, ``rhythm`` (N, 4) onset envelope, beat 0/1, sine and cosine of the beat phase,
  ``bar`` (N, 2) sine and cosine of the bar phase, ``has_audio`` (N), ``beat_times`` (B) seconds;
- lyrics: ``token_states`` (M, D), ``token_times`` (M, 2) seconds, ``token_lines`` (M) line numbers.

All seconds are seconds of ``video.mp4``; motion frame ``m`` of a song is video frame ``start_frame + m``.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from justlmd.body.limbs import LIMBS
from justlmd.body.model import Body
from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from justlmd.core.errors import InputError
from justlmd.core.files import read_json, write_json
from justlmd.dataset.sequences import Sequences, sequences_of, whole_windows
from justlmd.dataset.song_files import SongFiles
from justlmd.dataset.splits import Splits, split_songs
from justlmd.dataset.storage import ARRAYS, DTYPES, LEARNED, ArrayWriter, array_writer, write_table
from justlmd.features.external import read_learned
from justlmd.features.stored import read_audio_features, read_lyrics_embeddings
from justlmd.lyrics.document import read_lyrics
from justlmd.lyrics.slices import words_in
from justlmd.motion.motion import Motion
from justlmd.motion.smplfull import read_smplfull
from justlmd.motion.song_motion import SongMotion, read_song_motion

INDEX_COLUMNS = {
    "id": "<song>_<start in ms of video.mp4>",
    "song": "song id",
    "group": "songs of one group share lyrics and are in one split",
    "split": "train, val or test",
    "start_frame": "first frame, counted from the first frame of the song's motion",
    "start_s": "the same in seconds of video.mp4",
    "text": "the slice's lyrics",
    "n_tokens": "tokens of the text encoder sung in the six seconds",
    "level": "how word times are known: word (stamped), aligned (heard), interpolated (spread over the line), line or "
    "none (motion alone)",
}

QUALITY = "quality_"  # begins the columns of songs.parquet that hold the quality gate's metrics


def build_dataset(
    songs: Sequence[SongFiles],
    out_dir: str | Path,
    body: Body,
    *,
    splits: Splits | None = None,
    drop_last: bool = False,
    seed: int = 0,
    val_fraction: float = 0.15,
    test_fraction: float = 0.15,
    token_dim: int = 1,
) -> dict[str, Any]:
    """Write the data set of ``songs``, which are read one at a time.

    Parameters
    ----------
    songs : sequence of SongFiles
        In any order; they are written in the order of their names.
    out_dir : path
        Folder to write.
    body : Body
        The body model of the data set.
    splits : Splits, optional
        Group and split of every song as the manifest decided them; by default decided here, from the lyrics and the
        songs' own groups, by ``seed``, ``val_fraction`` and ``test_fraction``.
    drop_last : bool
        For slices made by the original's rule: leave out each song's last.
    token_dim : int
        Width of token states where no song has any.

    Returns
    -------
    dict
        What ``dataset.json`` holds. Equal inputs give equal bytes.

    Raises
    ------
    InputError
        Names the file at fault, or songs whose text encoders differ: they cannot share a data set.
    """
    out_dir = Path(out_dir)
    songs = sorted(songs, key=lambda song: song.song)
    if not songs:
        raise InputError(
            "no song was kept, so there is no data set to build", next_step="see manifest.tsv for the reasons"
        )
    if splits is None:
        texts = {song.song: "" if song.lyrics is None else read_lyrics(song.lyrics).text for song in songs}
        given = {song.song: song.group for song in songs}
        splits = split_songs(texts, given, seed=seed, val_fraction=val_fraction, test_fraction=test_fraction)
    missing = [song.song for song in songs if song.song not in splits.split]
    if missing:
        raise InputError(f"no split was decided for {', '.join(missing)}", next_step="write the manifest again")
    encoder, width = _text_encoder(songs, token_dim)
    index: list[dict[str, Any]] = []
    table: list[dict[str, Any]] = []
    with ExitStack() as stack:
        writers = {}
        for name, shape in ARRAYS.items():
            row_shape = (width,) if shape is None else shape
            writer = array_writer(out_dir / f"{name}.npy", row_shape, DTYPES.get(name, np.float32))
            writers[name] = stack.enter_context(writer)
        for name, path in songs[0].learned.items():
            row_shape = read_learned(path, 0, 0).shape[1:]
            writers[f"{LEARNED}{name}"] = stack.enter_context(
                array_writer(out_dir / f"{LEARNED}{name}.npy", row_shape, np.float32)
            )
        for number, song in enumerate(songs):
            place = {"group": splits.group[song.song], "split": splits.split[song.song]}
            row, rows = _add_song(song, number, body, drop_last, writers)
            table.append(row | place)
            index += [item | place for item in rows]
    write_table(out_dir / "index.parquet", pd.DataFrame(index, columns=list(INDEX_COLUMNS)))
    write_table(out_dir / "songs.parquet", pd.DataFrame(table).drop(columns="excluded"))
    write_json(out_dir / "splits.json", splits.to_json())
    summary = {
        "songs": len(table),
        "groups": len({row["group"] for row in table}),
        "sequences": len(index),
        "frames": sum(row["frames"] for row in table),
        "fps": FPS,
        "sequence_frames": SEQUENCE_FRAMES,
        "body_model": {"name": body.name, "sha256": body.sha256},
        "text_encoder": encoder,
        "token_dim": width,
        "seed": seed,
        "val_fraction": val_fraction,
        "test_fraction": test_fraction,
        "original_rule": drop_last,
        "sung_words": sum(row["words"] for row in table),
        "words_in_sequences": sum(row["words_used"] for row in table),
        "excluded": dict(sum((Counter(row["excluded"]) for row in table), Counter())),
    }
    write_json(out_dir / "dataset.json", summary)
    return summary


def _add_song(
    song: SongFiles, number: int, body: Body, drop_last: bool, writers: dict[str, ArrayWriter]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Append one song to the arrays; return its row of ``songs.parquet`` and its rows of the index."""
    lyrics = None if song.lyrics is None else read_lyrics(song.lyrics)
    motion, start_frame, foreign, limbs = _read_motion(song, 0.0 if lyrics is None else lyrics.first_line_s, body)
    frames, level = len(motion.transl), "none" if lyrics is None else lyrics.timing
    first = {name: writers[name].count for name in ("transl", "token_states", "beat_times")}
    audio = read_audio(song.audio, start_frame, frames)
    tokens = _read_tokens(song.embeddings)
    motion_rows = {name: getattr(motion, name) for name in ("global_orient", "body_pose", "transl", "valid")}
    motion_rows["limbs_seen"] = limbs
    shape_rows = {"betas": motion.betas[None], "rest_joints": body.rest_joints(motion.betas)[None]}
    learned = {f"{LEARNED}{name}": read_learned(path, start_frame, frames) for name, path in song.learned.items()}
    for name, values in (motion_rows | shape_rows | audio | tokens | learned).items():
        writers[name].append(values)
    if song.sliced is None:
        starts = whole_windows(motion.valid)
        found = Sequences(starts, [""] * len(starts), {})
    else:
        found = sequences_of(read_json(song.sliced), start_frame, motion.valid, drop_last, str(song.sliced))
    times = tokens.get("token_times", np.zeros((0, 2)))
    rows = []
    for start, text in zip(found.starts, found.texts, strict=True):
        start_s = (start_frame + start) / FPS
        sung = (times[:, 1] > start_s) & (times[:, 0] < start_s + SEQUENCE_FRAMES / FPS)
        rows.append(
            {
                "id": f"{song.song}_{round(1000 * start_s):06d}",
                "song": song.song,
                "start_frame": start,
                "start_s": start_s,
                "text": text,
                "n_tokens": int(sung.sum()),
                "level": level,
            }
        )
    row = {
        "song": song.song,
        "number": number,
        "first_frame": first["transl"],
        "frames": frames,
        "start_frame": start_frame,
        "first_token": first["token_states"],
        "tokens": len(times),
        "first_beat": first["beat_times"],
        "beats": len(audio["beat_times"]),
        "sequences": len(rows),
        "words": 0 if lyrics is None else len(lyrics.words),
        "words_used": 0
        if lyrics is None
        else words_in(lyrics, [(start_frame + start) / FPS for start in found.starts]),
        "has_audio": bool(audio["has_audio"].any()),
        "valid_frames": int(motion.valid.sum()),
        "level": level,
        "artist": song.artist,
        "title": song.title,
        "language": song.language,
        "source": song.source,
        "source_start_s": song.source_start_s,
        "crop": song.crop,
        "foreign_shape": foreign,
        "left_out": sum(found.excluded.values()),
        "excluded": found.excluded,
        **{f"{QUALITY}{name}": value for name, value in song.quality.items()},
    }
    return row, rows


def _read_motion(song: SongFiles, first_line_s: float, body: Body) -> tuple[Motion, int, bool, np.ndarray]:
    """The song's motion on the data set's body, its start frame, whether its own shapes had to be dropped, limbs seen.

    The last are :attr:`justlmd.motion.song_motion.SongMotion.limbs_seen`, (T, 4).
    """
    if not isinstance(song.motion, Path):
        motion = song.motion(body)
        return motion, 0, False, np.repeat(motion.valid[:, None], len(LIMBS), axis=1)
    if song.meta is None:
        found = SongMotion.made(read_smplfull(song.motion), body, "the original's", first_line_s, own_shapes=False)
    else:
        found = read_song_motion(song.motion, song.meta, body)
    return found.upright(), found.start_frame, not found.own_shapes, found.limbs_seen


def read_audio(path: str | Path | None, start_frame: int, frames: int) -> dict[str, np.ndarray]:
    """Music of the video frames from ``start_frame`` on: log_mel, rhythm, bar, has_audio (see the module), beat_times.

    Zeros with ``has_audio`` false where there is no sound (no file, or the sound is shorter than the motion).
    """
    log_mel, rhythm = np.zeros((frames, 128), np.float32), np.zeros((frames, 4), np.float32)
    bar = np.zeros((frames, 2), np.float32)
    has_audio, beat_times = np.zeros(frames, dtype=bool), np.zeros(0)
    if path is not None:
        audio = read_audio_features(path)
        rows = slice(start_frame, start_frame + frames)
        n = len(audio["log_mel"][rows])
        log_mel[:n], rhythm[:n], has_audio[:n] = audio["log_mel"][rows], rhythm_features(audio)[rows], True
        bar[:n] = bar_features(audio)[rows]
        beat_times = np.asarray(audio["beat_times"], dtype=np.float64)
    return {"log_mel": log_mel, "rhythm": rhythm, "bar": bar, "has_audio": has_audio, "beat_times": beat_times}


def rhythm_features(audio: dict[str, np.ndarray]) -> np.ndarray:
    """Onset envelope, beat 0/1, sine and cosine of the beat phase of ``audio_features.npz``, (F, 4)."""
    phase = 2 * np.pi * audio["beat_phase"]
    return np.stack([audio["onset_envelope"], audio["beat"], np.sin(phase), np.cos(phase)], axis=1).astype(np.float32)


def bar_features(audio: dict[str, np.ndarray]) -> np.ndarray:
    """Sine and cosine of the bar phase of ``audio_features.npz``, (F, 2); zeros where it has no bars."""
    if not len(audio.get("downbeat_times", ())):
        return np.zeros((len(audio["log_mel"]), 2), np.float32)
    phase = 2 * np.pi * audio["bar_phase"]
    return np.stack([np.sin(phase), np.cos(phase)], axis=1).astype(np.float32)


def _read_tokens(path: Path | None) -> dict[str, np.ndarray]:
    if path is None:
        return {}
    tokens = read_lyrics_embeddings(path)
    return {name: tokens[name] for name in ("token_states", "token_times", "token_lines")}


def _text_encoder(songs: Sequence[SongFiles], token_dim: int) -> tuple[str, int]:
    """Name and width of the text encoder that all songs share; ("", token_dim) when there are no embeddings."""
    found: dict[tuple[str, int], str] = {}
    for song in songs:
        if song.embeddings is not None:
            tokens = read_lyrics_embeddings(song.embeddings)
            found.setdefault((str(tokens["encoder"]), tokens["token_states"].shape[1]), song.song)
    if len(found) > 1:
        named = "; ".join(f"{song}: {name} ({width}-d)" for (name, width), song in found.items())
        raise InputError(f"songs were embedded with different text encoders ({named})", next_step="embed all with one")
    return next(iter(found)) if found else ("", token_dim)
