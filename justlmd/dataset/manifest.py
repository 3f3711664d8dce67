"""The manifest: every song of the table with its verdict, the reason, its figures and the number of its sequences."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from justlmd.dataset.splits import song_groups, split_groups
from justlmd.songs.table import Song

KEPT, DROPPED, EXCLUDED = "kept", "dropped", "excluded"


def manifest(
    songs: Sequence[Song],
    quality: dict[str, dict[str, Any]],
    sequences: dict[str, int],
    lyrics: dict[str, str],
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
    songs
        All rows of the song table.
    quality
        Contents of ``quality.json`` by song: ``keep``, ``reasons``, ``figures``.
    sequences
        Number of usable six-second sequences by song.
    lyrics
        All words of a song in one string, by song; songs with equal lyrics form one group.
    exclude, keep
        Ids that a person decided about; their word stands above the gate's.
    seed, val_fraction, test_fraction
        Of the split of the kept songs, by group.

    Returns
    -------
    Columns ``song``, ``verdict`` (kept, dropped or excluded), ``reason``, ``sequences``, ``group``, ``split`` (train,
    val or test; empty for songs that are not kept), ``artist``, ``title``, then one column per quality figure; empty
    where a song has none.
    """
    exclude, keep = set(exclude), set(keep)
    rows = []
    for song in songs:
        judged = quality.get(song.id, {})
        reasons = "; ".join(judged.get("reasons", []))
        count = sequences.get(song.id, 0)
        if song.id in exclude:
            verdict, reason = EXCLUDED, "excluded by configuration"
        elif judged.get("keep") and count:
            verdict, reason = KEPT, ""
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
                "group": "",
                "split": "",
                "artist": song.artist,
                "title": song.title,
                **judged.get("figures", {}),
            }
        )
    kept = [row["song"] for row in rows if row["verdict"] == KEPT]
    groups = song_groups(
        {name: lyrics[name] for name in kept}, {song.id: song.group for song in songs if song.id in kept}
    )
    splits = split_groups(groups.values(), seed, val_fraction, test_fraction)
    for row in rows:
        row["group"] = groups.get(row["song"], "")
        row["split"] = splits.get(row["group"], "")
    return pd.DataFrame(rows)
