"""What people and other programs read of a data set: Parquet shards, figures and the card, in this order.

The card comes last, so that a folder with a card is complete.
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from justlmd.core.files import read_json, write_text
from justlmd.dataset.card import card
from justlmd.dataset.figures import Statistics, write_figures
from justlmd.dataset.shards import SHARD_BYTES, write_shards
from justlmd.dataset.song_files import SongFiles
from justlmd.dataset.splits import SPLITS


def complete_dataset(folder: str | Path, songs: Iterable[SongFiles], shard_bytes: int = SHARD_BYTES) -> None:
    """Write ``train/``, ``val/``, ``test/``, ``figures/`` and ``README.md`` beside the arrays of a data set.

    Parameters
    ----------
    folder : path
        What :func:`justlmd.dataset.build.build_dataset` wrote.
    songs : iterable of SongFiles
        The songs that it was built from, for their lyrics.
    shard_bytes : int
        ``limit`` of :func:`justlmd.dataset.shards.write_shards`, which also says what is raised.
    """
    folder = Path(folder)
    (folder / "README.md").unlink(missing_ok=True)
    shards = write_shards(folder, {song.song: song.lyrics for song in songs}, shard_bytes)
    table = pd.read_parquet(folder / "songs.parquet")
    shown = write_figures(folder / "figures", table, statistics_of(folder))
    write_text(folder / "README.md", card(read_json(folder / "dataset.json"), table, shards, shown))


def statistics_of(folder: Path) -> Statistics:
    """Statistics of the shards of a folder, read one row group at a time."""
    found = Statistics()
    for split in SPLITS:
        for path in sorted((folder / split).glob("*.parquet")):
            with pq.ParquetFile(path) as file:
                for number in range(file.num_row_groups):
                    found.add(file.read_row_group(number, columns=["song", "words", "tempo_bpm", "body_pose"]))
    return found
