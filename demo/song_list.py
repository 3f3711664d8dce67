"""The songs of the demo."""

from demo.score import Look, Song
from demo.tables import read_table

SONGS: tuple[Song, ...] = tuple(Song(**(row | {"look": Look(**row["look"])})) for row in read_table("songs.yaml"))


def song_by_id(song_id: str) -> Song:
    """The song with this id; KeyError names the known ones."""
    for song in SONGS:
        if song.id == song_id:
            return song
    raise KeyError(f"no demo song {song_id!r}; there are: {', '.join(song.id for song in SONGS)}")
