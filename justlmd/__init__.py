"""Library of the lyrics-music-dance workflow: pure functions on arrays and files.

Nothing here knows Snakemake, and nothing here imports :mod:`model`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from justlmd.core.version import VERSION

if TYPE_CHECKING:
    from justlmd.dances.dance import Dance
    from justlmd.dances.load import DanceDataset

__version__ = VERSION


def load_dataset(folder: str | Path, split: str | None = None, body_model: str | Path | None = None) -> "DanceDataset":
    """Open a data set: ``load_dataset("results/dataset")[0]`` is one sequence, to watch, export or compute with.

    Parameters
    ----------
    folder : path
        The data set, one made by ``make publish-set``, or one from the Hub.
    split : str, optional
        ``train``, ``val`` or ``test``; by default all, in this order.
    body_model : path, optional
        The SMPL file that the data set was built with; by default the free body.

    Raises
    ------
    InputError
        There is no data set, or a shard of it is damaged.
    """
    from justlmd.dances.load import open_sequences

    return open_sequences(folder, split, body_model)


def load_dance(path: str | Path, body_model: str | Path | None = None) -> "Dance":
    """Open a recovered or generated dance, ``load_dance("results/generated/paper_star/v3")``.

    Parameters
    ----------
    path : path
        A ``smplfull.json``, or its folder. Audio and lyrics are found where the workflow keeps them.
    body_model : path, optional
        The SMPL file that the dance was made with; by default the free body.

    Raises
    ------
    InputError
        Names the file that is missing or damaged.
    """
    from justlmd.dances.load import open_dance

    return open_dance(path, body_model)
