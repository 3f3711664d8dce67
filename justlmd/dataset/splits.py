"""Which songs belong together and which split each group is in. Songs, not clips, are the unit of splitting."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Splits:
    """The group and the split of every song of a data set.

    Attributes
    ----------
    group : dict of str to str
        Group of each song; songs of one group share lyrics and are in one split.
    split : dict of str to str
        Split of each song, one of :data:`SPLITS`.
    """

    group: dict[str, str]
    split: dict[str, str]

    def songs(self, split: str) -> list[str]:
        """Names of the songs of a split in alphabetical order."""
        return sorted(song for song, found in self.split.items() if found == split)

    def to_json(self) -> dict[str, list[str]]:
        """The contents of ``splits.json``: the songs of each split."""
        return {split: self.songs(split) for split in SPLITS}


def split_songs(
    texts: dict[str, str],
    given: dict[str, str],
    *,
    seed: int = 0,
    val_fraction: float = 0.15,
    test_fraction: float = 0.15,
) -> Splits:
    """Decide the group and the split of every song.

    Parameters
    ----------
    texts : dict of str to str
        All words of each song (:attr:`justlmd.lyrics.document.Lyrics.text`).
    given : dict of str to str
        The song table's group of each song; empty where it gives none.
    seed : int
        Of the shuffle of the groups.
    val_fraction, test_fraction : float
        Parts of the groups in each split, 0 to 0.5.
    """
    group = song_groups(texts, given)
    split = split_groups(group.values(), seed, val_fraction, test_fraction)
    return Splits(group, {song: split[name] for song, name in group.items()})


def lyrics_groups(texts: dict[str, str]) -> dict[str, str]:
    """Songs whose lyrics are equal but for case, punctuation and spaces get one group, named by its first song.

    A song without any words is a group of its own.
    """
    first: dict[str, str] = {}
    groups = {}
    for song in sorted(texts):
        words = " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", texts[song]).casefold()))
        groups[song] = first.setdefault(words, song) if words else song
    return groups


def song_groups(texts: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """Group of every song: the song table's where given, else by lyrics; twins of a song with a given group join it."""
    groups = lyrics_groups(texts)
    explicit = {groups[song]: group for song, group in sorted(given.items(), reverse=True) if group}
    return {song: given.get(song) or explicit.get(group, group) for song, group in groups.items()}


def split_groups(
    groups: Iterable[str], seed: int, val_fraction: float = 0.15, test_fraction: float = 0.15
) -> dict[str, str]:
    """Split of every group, by a seeded shuffle of the sorted names.

    From three groups on val and test have at least one each (unless its fraction is 0) and train has at least one; of
    two groups one is test; one group is train.
    """
    names = sorted(set(groups))
    order = np.random.default_rng(seed).permutation(len(names))
    n_test = max(1, round(test_fraction * len(names))) if test_fraction and len(names) >= 2 else 0
    n_val = max(1, round(val_fraction * len(names))) if val_fraction and len(names) >= 3 else 0
    n_val = min(n_val, len(names) - n_test - 1)
    return {
        names[number]: "test" if place < n_test else "val" if place < n_test + n_val else "train"
        for place, number in enumerate(order)
    }
