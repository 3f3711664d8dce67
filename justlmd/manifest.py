"""The manifest: every song of the table with its verdict, the reason, its figures and the number of its sequences."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from justlmd.songs import Song

KEPT, DROPPED, EXCLUDED = "kept", "dropped", "excluded"


def manifest(
    songs: Iterable[Song],
    quality: dict[str, dict[str, Any]],
    sequences: dict[str, int],
    exclude: Iterable[str] = (),
    keep: Iterable[str] = (),
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
    exclude, keep
        Ids that a person decided about; their word stands above the gate's.

    Returns
    -------
    Columns ``song``, ``verdict`` (kept, dropped or excluded), ``reason``, ``sequences``, ``artist``, ``title``, then one
    column per quality figure; empty where a song has none.
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
                "artist": song.artist,
                "title": song.title,
                **judged.get("figures", {}),
            }
        )
    return pd.DataFrame(rows)
