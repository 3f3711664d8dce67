"""The manifest: every song of the table with its verdict, the reason, its metrics and the number of its sequences.

It is the one place where groups and splits are decided; the data set reads them with :func:`read_splits`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.files import read_json, replacing
from justlmd.dataset.sequences import sequences_of
from justlmd.dataset.splits import SPLITS, Splits, split_songs
from justlmd.lyrics.document import read_lyrics
from justlmd.lyrics.slices import words_in
from justlmd.motion.smplfull import MAX_FRAMES, read_smplfull
from justlmd.motion.song_motion import read_motion_meta
from justlmd.songs.table import Song

KEPT, DROPPED, EXCLUDED = "kept", "dropped", "excluded"

DECIDED = ("song", "verdict", "reason", "sequences", "words_used", "group", "split", "artist", "title")
"""Columns of a manifest; the others are quality metrics."""


@dataclass(frozen=True)
class Candidate:
    """What the manifest judges a song by.

    Attributes
    ----------
    quality : dict
        Contents of ``quality.json``: ``keep``, ``reasons``, ``figures``.
    sequences : int
        Usable six-second sequences.
    text : str
        All words of the song; songs with equal words form one group.
    words_used : float
        Share of the sung words that lie in a sequence, 0 to 1.
    """

    quality: dict[str, Any]
    sequences: int = 0
    text: str = ""
    words_used: float = 0.0


def read_candidate(folder: Path, *, drop_last: bool) -> Candidate:
    """Read the files in the folder of one song; ``drop_last`` as in :func:`sequences_of`."""
    sliced = folder / "sliced.json"
    quality = read_json(folder / "quality.json")
    start_frame, valid = _known_frames(quality, folder)
    found = sequences_of(read_json(sliced), start_frame, valid, drop_last, str(sliced))
    song = read_lyrics(folder / "lyrics.json")
    used = words_in(song, [(start_frame + start) / FPS for start in found.starts]) / max(len(song.words), 1)
    return Candidate(quality, len(found.starts), song.text, used)


def _known_frames(quality: Any, folder: Path) -> tuple[int, np.ndarray]:
    """First frame of the motion in the video, and which of its frames (T,) are known; as the quality gate noted it.

    The motion itself is read where the verdict is from a version that did not note it: half a second for each song.
    """
    if not isinstance(quality, dict):
        raise InputError("is no verdict", where=folder / "quality.json", next_step="delete it and run again")
    if "motion" not in quality:
        start_frame = read_motion_meta(folder / "smplfull.meta.json").start_frame
        return start_frame, read_smplfull(folder / "smplfull.json", allow_empty=True).valid
    try:
        noted = quality["motion"]
        valid = np.ones(min(int(noted["frames"]), MAX_FRAMES), bool)
        for start, stop in noted["missing"]:
            valid[int(start) : int(stop)] = False
        return int(noted["start_frame"]), valid
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        step = "delete it and run again"
        raise InputError(f"says no frames ({error})", where=folder / "quality.json", next_step=step) from error


def manifest(
    songs: Sequence[Song],
    candidates: dict[str, Candidate],
    *,
    exclude: Iterable[str] = (),
    keep: Iterable[str] = (),
    seed: int = 0,
    val_fraction: float = 0.15,
    test_fraction: float = 0.15,
) -> pd.DataFrame:
    """List every song of the table, in its order.

    Parameters
    ----------
    songs : sequence of Song
        All rows of the song table.
    candidates : dict of str to Candidate
        By song; songs that are excluded need none.
    exclude, keep : iterable of str
        Ids that a person decided about; they overrule the quality gate.
    seed, val_fraction, test_fraction
        Of the split of the kept songs (:func:`justlmd.dataset.splits.split_songs`).

    Returns
    -------
    DataFrame
        Columns ``song``, ``verdict`` (kept, dropped or excluded), ``reason``, ``sequences``, ``words_used``
        (share of the sung words in sequences), ``group``, ``split`` (train, val or test; empty for songs that are not
        kept), ``artist``, ``title``, then one column per quality
        metric; empty where a song has none.
    """
    exclude, keep = set(exclude), set(keep)
    nothing = Candidate({})
    rows = []
    for song in songs:
        candidate = candidates.get(song.id, nothing)
        judged, count = candidate.quality, candidate.sequences
        reasons = "; ".join(judged.get("reasons", []))
        if song.id in exclude:
            verdict, reason = EXCLUDED, "excluded by configuration"
        elif judged.get("keep") and count:
            verdict, reason = KEPT, "; ".join(f"cannot tell {text}" for text in judged.get("cannot_tell", []))
        elif song.id in keep and count:
            verdict, reason = KEPT, f"kept by configuration although: {reasons}"
        else:
            verdict, reason = DROPPED, reasons or "no sequence of six seconds has lyrics and complete motion"
        rows.append(
            {
                "song": song.id,
                "verdict": verdict,
                "reason": reason,
                "sequences": count if verdict == KEPT else 0,
                "words_used": round(candidate.words_used, 4) if verdict == KEPT else 0.0,
                "group": "",
                "split": "",
                "artist": song.artist,
                "title": song.title,
                **judged.get("figures", {}),
            }
        )
    kept = {row["song"] for row in rows if row["verdict"] == KEPT}
    splits = split_songs(
        {name: candidates[name].text for name in kept},
        {song.id: song.group for song in songs if song.id in kept},
        seed=seed,
        val_fraction=val_fraction,
        test_fraction=test_fraction,
    )
    for row in rows:
        row["group"] = splits.group.get(row["song"], "")
        row["split"] = splits.split.get(row["song"], "")
    return pd.DataFrame(rows)


def write_manifest(path: str | Path, table: pd.DataFrame) -> None:
    """Write what :func:`manifest` returned as tab-separated text."""
    with replacing(path) as temporary:
        table.to_csv(temporary, sep="\t", index=False, lineterminator="\n")


def read_splits(path: str | Path) -> Splits:
    """Groups and splits of the kept songs of a ``manifest.tsv``.

    Raises
    ------
    InputError
        A column is missing, or a kept song has no split.
    """
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
        kept = table[table.verdict == KEPT]
        splits = Splits(*(dict(zip(kept.song, kept[column], strict=True)) for column in ("group", "split")))
    except (OSError, ValueError, AttributeError, KeyError) as error:
        raise InputError(f"not a manifest ({error})", where=path, next_step="delete it and run again") from error
    for song, split in splits.split.items():
        if split not in SPLITS:
            raise InputError(f"song '{song}' is kept and has the split {split!r}", where=path,
                             next_step=f"it must be one of {', '.join(SPLITS)}")  # fmt: skip
    return splits


def read_quality(path: str | Path) -> dict[str, dict[str, float]]:
    """The quality gate's metrics of the kept songs of a ``manifest.tsv``, by song and name."""
    table = pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""], dtype={"song": str})
    kept = table[table["verdict"] == KEPT].set_index("song")
    metrics = kept.drop(columns=[name for name in DECIDED if name in kept]).select_dtypes("number")
    return {
        str(song): {str(name): float(value) for name, value in row.dropna().items()} for song, row in metrics.iterrows()
    }
