"""The card and the withdrawal procedure of a published data set."""

from collections.abc import Sequence

import pandas as pd

from justlmd.core.clock import FPS
from justlmd.dataset.card import columns_table, figures, front_matter, markdown, splits_table
from justlmd.dataset.shards import SECONDS, Shards


def publish_card(
    songs: pd.DataFrame, shards: Shards, shown: Sequence[tuple[str, str]], licence: str, withdrawn: int
) -> str:
    """Markdown card of a published data set.

    Parameters
    ----------
    songs : DataFrame
        The published ``songs.parquet``.
    shards : Shards
        The Parquet files.
    shown : sequence of (str, str)
        Figures and what they show.
    licence : str
        The Hub's name of the licence of the whole.
    withdrawn : int
        Number of songs that were withdrawn.
    """
    rows, minutes = sum(shards.rows.values()), songs["frames"].sum() / FPS / 60
    lines = [
        *front_matter(songs["language"], shards, licence),
        "",
        "# Lyrics, music and dance: motion with links",
        "",
        f"{rows} sequences of {SECONDS:g} s from {len(songs)} songs with {minutes:.1f} minutes of motion at {FPS} "
        "frames/s.",
        "",
        "## What it holds, and what it does not",
        "",
        "Body motion (SMPL form, y-up, metres), music features per frame, and the times at which lines and words are "
        "sung. No audio, no video, no lyrics, no titles, and no states of a text encoder, from which lyrics could in "
        "part be guessed: `url` leads to each video, and whoever may use it can make the rest again.",
        "",
        "Songs and groups have names that say nothing. `songs.parquet` lists the songs, `splits.json` the splits, "
        "`withdrawn.json` the names of songs that were withdrawn, `SHA256SUMS` every file.",
        "",
        *columns_table(shards.schema),
        "",
        "`source_s` is the second of the linked video at the first frame; `crop` says which part of its frame was "
        "used. Shape parameters belong to the body model named beside them, and to no other.",
        "",
        "## Splits",
        "",
        "By group: songs that share lyrics or music are never on both sides. The split of a song does not change when "
        "another one is withdrawn.",
        "",
        *splits_table(songs),
        "",
        "## Statistics",
        "",
        *figures(shown),
        "## How it was made",
        "",
        "Motion: landmarks found in the video, a body fitted to the whole song, or an imported motion file. It is an "
        "estimate from one camera: depth, feet and hands are the least certain. Word times are `word` where the lyrics "
        "carry stamps for words; `aligned` where they were heard in the audio; `interpolated` means that a line's "
        "interval was spread over its words by syllables.",
        "",
        "## Rights and withdrawal",
        "",
        "Videos, music, lyrics and choreographies belong to those who made them. Motion and features are derived from "
        "the videos; `licence` in `songs.parquet` is the licence of a song's video where it is known. Songs whose "
        "licence allows no derivatives are left out. Whoever made or appears in a video can have it taken out: "
        f"[WITHDRAWAL.md](WITHDRAWAL.md). Withdrawn so far: {withdrawn}.",
        "",
    ]
    return "\n".join(lines)


def withdrawal(contact: str) -> str:
    """``WITHDRAWAL.md``: how a song is taken out, for those who ask and for those who use the data."""
    whom = markdown(contact) if contact.strip() else "whoever published this data set, on the page where you found it"
    return f"""\
# Withdrawing a song

**If you made a video or a song, or appear in it**, you can have everything derived from it taken out. You need not
say why.

1. Write to {whom}. Name the link of the video.
2. The song is taken out of the next version: its motion, features, times and link. Only its name, which says nothing,
   stays in `withdrawn.json`, so that others can follow.
3. Older versions of the data set are deleted where it was published.

**If you use this data set**, compare `withdrawn.json` with your copy before you publish anything that rests on it.
Delete the rows whose `song` is listed there, and what you derived from them.

**If you publish it**: put the id of the song table under `publish: withdrawn:` in `config.yaml`, run
`make publish-set`, and replace the published folder as a whole. `results/publish.tsv` says which name belongs to which
song. Put the id under `exclude`, too, if nothing of yours shall be trained on the song any more.
"""
