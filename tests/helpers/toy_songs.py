"""Small songs with known content, written as the files from which data sets are built."""

from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.model import load_body
from justlmd.core.files import write_json, write_npz
from justlmd.dataset.song_files import SongFiles
from justlmd.lyrics.document import Line, Lyrics, write_lyrics
from justlmd.lyrics.word_timing import Word
from justlmd.motion.motion import CameraMotion
from justlmd.motion.song_motion import SongMotion, write_song_motion


def write_song(
    folder: Path,
    name: str,
    *,
    frames: int = 400,
    start_s: float = 2.0,
    missing: range | None = None,
    text: str = "",
    **files: Any,
) -> SongFiles:
    """A small song: a swaying body, four slices of lyrics (the last one short), audio and token states per second."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(list(name.encode()))
    valid = np.ones(frames, dtype=bool)
    if missing is not None:
        valid[missing] = False
    time = np.arange(frames)[:, None] / 30
    sway = 0.2 * np.sin(2 * np.pi * time)  # slowest twice per second, on the beats
    turn = Rotation.from_euler("y", random.uniform(-2, 2) + 0.3 * time) * Rotation.from_euler("x", np.pi)
    motion = CameraMotion(
        poses=np.concatenate([np.zeros((frames, 3)), sway * random.standard_normal((1, 69))], axis=1),
        Rh=turn.as_rotvec(),
        Th=np.tile([0.1, 0.3, 2.5], (frames, 1)) + sway * [1, 0.1, 0.5],
        shapes=np.zeros(10),
        K=np.eye(3),
        valid=valid,
    )
    song = SongMotion.made(motion, load_body(), "made", start_s)
    write_song_motion(folder / "smplfull.json", folder / "smplfull.meta.json", song)
    starts = [start_s, start_s + 1, start_s + 6.5, start_s + 13]
    texts = [f"{name} {n}" for n in range(4)]
    lines = (
        Line(s, s + 1, words, (Word(s, s + 1, words),), timing="interpolated")
        for s, words in zip(starts, [text] * 4 if text else texts, strict=True)
    )
    write_lyrics(folder / "lyrics.json", Lyrics(tuple(lines)), name, "en")
    write_json(folder / "sliced.json", {f"00:{s:06.3f}": words for s, words in zip(starts, texts, strict=True)})
    total = frames + round(30 * start_s)
    write_npz(
        folder / "audio_features.npz",
        log_mel=np.column_stack([np.arange(total), np.tile(random.uniform(-40, 0, 127), (total, 1))]).astype(
            np.float32
        ),
        onset_envelope=np.ones(total, np.float32),
        beat=np.zeros(total, np.float32),
        beat_phase=np.zeros(total, np.float32),
        beat_times=np.arange(0.25, total / 30, 0.5),
        downbeat_times=np.arange(0.25, total / 30, 2.0),
        bar_phase=((np.arange(total) / 30 - 0.25) / 2.0 % 1.0).astype(np.float32),
    )
    seconds = np.arange(total // 30)
    write_npz(
        folder / "lyrics_embeddings.npz",
        token_states=np.tile(seconds[:, None], (1, 8)).astype(np.float32),
        token_times=np.stack([seconds, seconds + 1], axis=1).astype(np.float32),
        token_lines=seconds.astype(np.int32),
        encoder="toy",
    )
    return SongFiles(
        song=name,
        motion=folder / "smplfull.json",
        meta=folder / "smplfull.meta.json",
        lyrics=folder / "lyrics.json",
        sliced=folder / "sliced.json",
        **({"audio": folder / "audio_features.npz", "embeddings": folder / "lyrics_embeddings.npz"} | files),
    )
