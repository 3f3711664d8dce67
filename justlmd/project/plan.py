"""Which songs there are, what is made of each, and which dances: decided from the song table and the configuration."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from justlmd.core.errors import InputError
from justlmd.features.text import encoder_for
from justlmd.features.text_languages import check_languages
from justlmd.pose.networks import NETWORK_FILES
from justlmd.project.preflight import check_ids
from justlmd.songs.table import FETCH, Song, check_provider, read_danced_to, read_songs

DEMO = "results/demo/"
"""Where the demo's rules write songs: files in it are made, not given."""

Dance = tuple[str, str, str]
"""A generated dance: song, model or choreographer, and the value of the wildcard ``sample``."""


@dataclass(frozen=True)
class Plan:
    """What a run is about.

    Attributes
    ----------
    config : mapping
        The checked configuration.
    table : dict of str to Song
        Every song by its id, those that are only danced to last. Lyrics that are fetched have the path at which a rule
        writes them: from there on nothing knows that they were fetched.
    danced_to : frozenset of str
        Ids of the songs that have audio and lyrics and are no part of the data set.
    fetched : frozenset of str
        Ids of the songs whose lyrics are fetched.
    """

    config: Mapping[str, Any]
    table: Mapping[str, Song]
    danced_to: frozenset[str] = frozenset()
    fetched: frozenset[str] = frozenset()

    @cached_property
    def songs(self) -> dict[str, Song]:
        """The songs of the data set: all of the song table but those that the configuration excludes."""
        left_out = {*self.config["exclude"], *self.danced_to}
        return {name: song for name, song in self.table.items() if name not in left_out}

    @cached_property
    def watched(self) -> list[str]:
        """Ids of the songs that have a page."""
        return [*self.songs, *(name for name in self.table if name in self.danced_to)]

    @cached_property
    def with_video(self) -> set[str]:
        """Ids of the songs whose motion is recovered from a video."""
        return {name for name, song in self.table.items() if song.has_video} - self.danced_to

    @cached_property
    def with_audio(self) -> set[str]:
        """Ids of the songs that have audio."""
        return {name for name, song in self.table.items() if song.has_audio} | self.danced_to

    @cached_property
    def songs_of(self) -> dict[str, set[str]]:
        """Ids of the songs of each rule that is not for every song."""
        every, data_set = set(self.table), set(self.songs)
        downloaded = self.with_audio - self.danced_to
        return {
            "demo": {name for name, song in self.table.items() if song.url == f"{DEMO}{name}/video.mp4"},
            "download": downloaded,
            "standardise": downloaded,
            "audio": set(self.danced_to),
            "fetch_lyrics": set(self.fetched),
            "lyrics": {name for name, song in self.table.items() if song.lyrics},
            "mmpose": self.with_video,
            "pose": self.with_video,
            "recovery": self.with_video,
            "import_motion": every - self.with_video - self.danced_to,
            "quality": data_set,
            "overlay": self.with_video,
            "thumbnail": data_set - self.with_video,
            "song_page": self.with_video,
            "page_without_video": self.with_audio - self.with_video,
            "page_without_audio": data_set - self.with_audio,
        }

    @cached_property
    def _fetched_paths(self) -> set[str]:
        return {self.table[name].lyrics for name in self.fetched}

    def if_present(self, path: str | Path | None) -> list[str]:
        """The path, if the file is there or a rule makes it; a missing file is the song's own error, not the run's."""
        path = str(path or "")
        is_made = path.startswith(DEMO) or path in self._fetched_paths
        return [path] if path and (is_made or Path(path).is_file()) else []

    def is_heard(self, song: Song) -> bool:
        """Whether the times of the lyrics need the song's audio: the first line, or the words."""
        return song.first_line == "auto" or (song.has_audio and self.config["lyrics"]["alignment"] != "none")

    def text_encoder(self, song: str) -> str:
        """The text encoder for the language of a song."""
        return encoder_for(self.table[song].language, self.config["features"])

    def texts(self) -> set[tuple[str, str]]:
        """The files of lyrics that are there or are made, each with the encoder that reads it."""
        return {
            (path, self.text_encoder(song))
            for song in self.watched
            for path in self.if_present(self.table[song].lyrics)
        }

    def learned_features(self, songs: Iterable[str]) -> list[str]:
        """Files of features from elsewhere of these songs; one that is missing is the data set's own error."""
        patterns = self.config["features"]["learned"].values()
        found = [self.if_present(pattern.replace("{song}", name)) for name in songs for pattern in patterns]
        return [path for paths in found for path in paths]

    @cached_property
    def samples(self) -> list[str]:
        """The value of the wildcard ``sample`` for each dance to a song: none for the first, ``/sample_2``, ..."""
        return ["", *(f"/sample_{number}" for number in range(2, self.config["generate"]["samples"] + 1))]

    def is_asked_for(self, song: str) -> bool:
        """Whether the configuration names the song as one to dance to."""
        return song in self.danced_to or song in self.config["generate"]["songs"]

    def generated_dances(self, held_out: Sequence[str]) -> list[Dance]:
        """Dances of the configured model: to the songs named, or to those of ``held_out``."""
        named = self.config["generate"]["songs"]
        return self.dances_to(held_out if named == "auto" else [name for name in named if name not in self.danced_to])

    def dances_to(self, songs: Iterable[str]) -> list[Dance]:
        """Dances of the configured model to these songs."""
        return [(song, self.config["generate"]["model"], sample) for song in songs for sample in self.samples]

    def repertoire(self, shipped: str) -> str:
        """The file that the choreographer draws from; empty for the dances of the data set."""
        chosen: str = self.config["generate"]["repertoire"]
        if chosen == "auto":
            chosen = "" if self.songs else "shipped"
        return shipped if chosen == "shipped" else chosen

    def shown_dances(self, held_out: Sequence[str]) -> list[Dance]:
        """The generated dances that pages show: those asked for, and of ``held_out`` by each model; none twice.

        Those asked for come first, because a page has room for four dancers.
        """
        of_models = [(song, model, "") for song in held_out for model in self.config["models"]]
        return list(dict.fromkeys([*self.generated_dances(held_out), *of_models]))


def sample_number(sample: str) -> int:
    """1 for the dance in a model's own folder, 2 for the one in ``/sample_2``, ..."""
    return int(sample.rpartition("_")[2] or 1)


def plan_songs(config: Mapping[str, Any], find: Callable[[str], str] = str) -> Plan:
    """Read and check the tables that the configuration names.

    Parameters
    ----------
    config : mapping
        The checked configuration.
    find : callable
        Where the path of a table leads to: the shipped one lies in the project.

    Raises
    ------
    InputError
        What is wrong with a table, an id, a language, or with what its songs need; or no song is left.
    """
    table = {song.id: song for song in read_songs(find(config["songs"]))} if config["songs"] else {}
    danced_to = read_danced_to(find(config["generate"]["table"]), table)
    check_ids(config, table, danced_to)
    if config["pose"] == "mediapipe" and any(song.has_video for song in table.values()):
        NETWORK_FILES.installed_folder()
    asked = [song for song in [*table.values(), *danced_to.values()] if song.id not in config["exclude"]]
    check_provider(asked, config["lyrics"]["provider"])
    own = [song for song in asked if not song.lyrics.startswith(DEMO)]  # the demo has one Spanish song
    check_languages({song.id: song.language for song in own}, config["features"])
    every = table | danced_to
    fetched = {name: f"results/songs/{name}/fetched.lrc" for name, song in every.items() if song.lyrics == FETCH}
    every |= {name: replace(every[name], lyrics=path) for name, path in fetched.items()}
    plan = Plan(config, every, frozenset(danced_to), frozenset(fetched))
    if config["songs"] and not plan.songs:
        raise InputError(f"no song of {config['songs']} is left: config 'exclude' names them all")
    return plan
