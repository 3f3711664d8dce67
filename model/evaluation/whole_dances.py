"""Whole dances to held-out songs, joined and on one floor, as people get them: every dancer beside the real one.

Each dancer dances every song four times: as it is, with the words of another song, with the music of another song, and
with other noise. How far that moves the dance stands beside the distance of two real dances.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import numpy as np
from torch.nn.functional import pad

from justlmd.body.model import Body
from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from justlmd.core.errors import InputError
from justlmd.features.audio import SILENCE_DB
from justlmd.motion.motion import Motion
from model.data import Conditions, LyricsMusicDance, Window
from model.evaluation.dance_metrics import (
    LABELS,
    MoveTemplates,
    dance_metrics,
    learn_moves,
    seam_jerk,
    standing_floor,
    word_hits,
)
from model.evaluation.degenerate_dancers import DANCERS
from model.evaluation.statistics import ratio_bootstrap, song_bootstrap
from model.evaluation.two_samples import stretch_features, two_sample_accuracy
from model.generation.beat_assembly import Phrase, assemble
from model.generation.beat_graph import SourceDance, joints_of, source_dance
from model.generation.choreographer import Choreographer, Choreography, beat_grid
from model.generation.generate import OVERLAP, dance, window_starts
from model.networks.base import DanceModel

MOST_SONGS = 60
FLOOR_SONGS = 30  # training songs whose feet say how high feet are that stand

DANCE_LABELS = LABELS | {
    "beat_share": "the same over the real dance's",
    "seam_jerk": "jerk at seams over that elsewhere",
    "moved_by_words": "another song's words move the dance by, m",
    "moved_by_music": "another song's music moves the dance by, m",
    "moved_by_noise": "another seed moves the dance by, m",
    "told_apart": "share of stretches rightly called real or generated",
    "hits": "trigger words danced within 0.25 s, strict",
    "hits_loose": "trigger words danced within 0.25 s",
    "hits_chance": "the same with trigger words exchanged",
}
"""Every measure of a whole dance in words; for ``real`` the three of movement hold the distance of two real dances."""

MOVED = ("moved_by_words", "moved_by_music", "moved_by_noise")


class Danced(NamedTuple):
    """A dance as joints (T, 24, 3) in metres on the floor y = 0, and the frames (C,) at which its pieces meet."""

    joints: np.ndarray
    cuts: np.ndarray


@dataclass(frozen=True)
class HeldOutSong:
    """A song to dance to, ``frames`` long, with its real dance and the song that lends other words and music."""

    name: str
    frames: int
    truth: SourceDance
    other: str

    @property
    def beats_s(self) -> np.ndarray:
        """Beats in seconds from the dance's first frame."""
        return self.truth.beats / FPS


class Dancer(Protocol):
    """Dances to a held-out song, with its own words and music or with those of its ``other`` song."""

    def __call__(
        self, song: HeldOutSong, seed: int, *, other_words: bool = False, other_music: bool = False
    ) -> Danced: ...


class TrainedDancer:
    """A trained model, whose windows are joined as in :func:`model.generation.generate.generate`."""

    def __init__(self, model: DanceModel, data: LyricsMusicDance, body: Body, device: str) -> None:
        self.model, self.data, self.body, self.device = model, data, body, device

    def __call__(self, song: HeldOutSong, seed: int, *, other_words: bool = False, other_music: bool = False) -> Danced:
        made = self.motion(song, seed, other_words=other_words, other_music=other_music)
        seams = [] if self.model.whole_song else window_starts(song.frames)[1:]
        return Danced(made.joints(self.body), np.array(seams) + OVERLAP // 2)

    def motion(self, song: HeldOutSong, seed: int, *, other_words: bool = False, other_music: bool = False) -> Motion:
        """The dance as motion of the body."""
        starts, length = ([0], song.frames) if self.model.whole_song else (window_starts(song.frames), SEQUENCE_FRAMES)
        conditions = self._conditions(song.name, starts, length)
        if other_words or other_music:
            other = self._conditions(song.other, starts, length)
            words = {name: value for name, value in other._asdict().items() if name.startswith("token")}
            music = {name: value for name, value in other._asdict().items() if not name.startswith("token")}
            conditions = conditions._replace(**(words if other_words else {}), **(music if other_music else {}))
        return dance(self.model, conditions, starts, song.frames, self.body, seed, self.device)

    def _conditions(self, song: str, starts: list[int], frames: int) -> Conditions:
        """Conditions of windows of a song; one that is too short begins again, or ends in silence."""
        row, data = self.data.arrays.songs[song], copy(self.data)
        known = min(row.frames, frames)
        firsts = [first for first in starts if first + known <= row.frames]
        asked = [firsts[number % len(firsts)] for number in range(len(starts))]
        data.windows = [Window(song, song, first, (row.start_frame + first) / FPS) for first in asked]
        data.frames = known
        found = data.batch(range(len(asked))).conditions
        missing = -(-frames // SEQUENCE_FRAMES) * SEQUENCE_FRAMES - known
        if not missing:
            return found
        padded = {
            name: pad(value, (0, 0, 0, missing), value=SILENCE_DB if name == "log_mel" else 0.0)
            for name, value in found._asdict().items()
            if value.ndim == 3 and not name.startswith("token")
        }
        return found._replace(**padded)


class ChoreographedDancer:
    """A choreographer, who is told another song's beats and words."""

    def __init__(self, choreographer: Choreographer, data: LyricsMusicDance) -> None:
        self.choreographer, self.data = choreographer, data

    def __call__(self, song: HeldOutSong, seed: int, *, other_words: bool = False, other_music: bool = False) -> Danced:
        return self.danced(self.made(song, seed, other_words=other_words, other_music=other_music))

    def made(
        self, song: HeldOutSong, seed: int, *, other_words: bool = False, other_music: bool = False
    ) -> Choreography:
        """The choreography of a song."""
        beats, words = song.beats_s, song.truth.words
        if other_words or other_music:
            other = source_dance(self.data.arrays, song.other, self.choreographer.rest_joints, even=False)
            words = other.words if other_words else words
            beats = other.beats / FPS if other_music else beats
        return self.choreographer.dance(beats, words, song.frames, seed)

    def danced(self, made: Choreography) -> Danced:
        """The joints of a choreography."""
        return Danced(joints_of(made.rotations, made.pelvis, self.choreographer.rest_joints), made.cuts)


Values = dict[str, np.ndarray]
"""By measure one value for each song, (S,); NaN where there is none."""


class WholeDances:
    """The held-out songs and what every dancer's dances to them are measured against.

    Parameters
    ----------
    train, test : the songs to learn from, and those to dance to, of one data set.
    body : whose skeleton all dance with.
    moves : by song, of both, the seconds (from the first frame of its motion) and names of the moves that words
        trigger; None where they are not known.
    bootstrap, seed : resamplings of the intervals; seed of dances and resampling.

    ``values`` has a column for ``real``, for another song's dance on the beat and for the :data:`DANCERS` nobody wants
    to see; :meth:`add` and :meth:`add_dancer` add more. Raises InputError when no test song has six seconds of motion.
    """

    def __init__(
        self,
        train: LyricsMusicDance,
        test: LyricsMusicDance,
        body: Body,
        *,
        moves: Mapping[str, Sequence[tuple[float, str]]] | None = None,
        bootstrap: int = 1000,
        seed: int = 0,
    ) -> None:
        self.rest, self.arrays = body.rest_joints(), test.arrays
        self.bootstrap, self.seed, self.moves = bootstrap, seed, moves
        learned = [self._source(song) for song in train.songs[:FLOOR_SONGS]]
        self.floor = standing_floor([source.joints for source in learned])
        self.templates: MoveTemplates | None = None
        if moves is not None:
            self.templates = learn_moves([d.joints for d in learned], [moves[d.song] for d in learned])
        self.songs = self._held_out(train, test)
        if not self.songs:
            raise InputError("no test song has six seconds of motion", where=test.path)
        self.values: dict[str, Values] = {}
        self._stretches: dict[str, dict[str, np.ndarray]] = {}
        real = {song.name: Danced(song.truth.joints, np.zeros(0)) for song in self.songs}
        others = {
            song.name: Danced(warped_dance(song, learned[number % len(learned)], self.rest), np.zeros(0))
            for number, song in enumerate(self.songs)
        }
        self.add("real", real)
        self.add("another_song", others)
        apart = np.array([_distance(real[song.name], others[song.name]) for song in self.songs])
        self.values["real"] |= dict.fromkeys(MOVED, apart)
        for name, make in DANCERS.items():
            self.add(name, {song: Danced(make(danced.joints), np.zeros(0)) for song, danced in real.items()})
        # What 50 % looks like: real dances of the songs learned from in place of generated ones.
        pairs = zip(self.songs, learned, strict=False)
        self._control = {song.name: stretch_features(source.joints, self.floor) for song, source in pairs}

    def _source(self, song: str) -> SourceDance:
        return source_dance(self.arrays, song, self.rest, even=False)

    def _held_out(self, train: LyricsMusicDance, test: LyricsMusicDance) -> list[HeldOutSong]:
        rows = self.arrays.songs
        counts = {song: (rows[song].frames - OVERLAP) // (SEQUENCE_FRAMES - OVERLAP) for song in test.songs}
        kept = [song for song in test.songs if counts[song] > 0][:MOST_SONGS]
        found = []
        for number, song in enumerate(kept):
            choices = [*kept[number + 1 :], *kept[:number], *train.songs]
            other = next((name for name in choices if rows[name].group != rows[song].group), train.songs[0])
            frames = OVERLAP + counts[song] * (SEQUENCE_FRAMES - OVERLAP)
            found.append(HeldOutSong(song, frames, _cut(self._source(song), frames), other))
        return found

    def add_dancer(self, name: str, dancer: Dancer) -> dict[str, Danced]:
        """Let a dancer dance to every song, four times; returns the dances with the songs' own words and music."""
        own = {song.name: dancer(song, self.seed) for song in self.songs}
        self.add(name, own)
        again: dict[str, Callable[[HeldOutSong], Danced]] = {
            "moved_by_words": lambda song: dancer(song, self.seed, other_words=True),
            "moved_by_music": lambda song: dancer(song, self.seed, other_music=True),
            "moved_by_noise": lambda song: dancer(song, self.seed + 1),
        }
        for measure, make in again.items():
            moved = [_distance(own[song.name], make(song)) for song in self.songs]
            self.values[name][measure] = np.array(moved)
        return own

    def add(self, name: str, dances: Mapping[str, Danced]) -> None:
        """Measure dances to all songs, by their names, as the column ``name``."""
        rows = [self._measured(song, dances[song.name]) for song in self.songs]
        self.values[name] = {measure: np.array([row[measure] for row in rows]) for measure in rows[0]}
        self._stretches[name] = {
            song.name: stretch_features(dances[song.name].joints, self.floor) for song in self.songs
        }

    def _measured(self, song: HeldOutSong, danced: Danced) -> dict[str, float]:
        found = dance_metrics(danced.joints, song.beats_s, self.floor)
        found["seam_jerk"] = seam_jerk(danced.joints, danced.cuts)
        if self.templates is not None and self.moves is not None:
            sung = [(seconds, move) for seconds, move in self.moves[song.name] if seconds < song.frames / FPS]
            found |= word_hits(self.templates, danced.joints, sung)
        return found

    def joined(self, other: "WholeDances") -> "WholeDances":
        """These songs and those of an evaluation with the same columns, whose dancers learned from other songs."""
        found = copy(self)
        found.songs = self.songs + other.songs
        found.values = {
            name: {key: np.concatenate([value, other.values[name][key]]) for key, value in column.items()}
            for name, column in self.values.items()
        }
        found._stretches = {name: parts | other._stretches[name] for name, parts in self._stretches.items()}
        found._control = self._control | other._control
        return found

    def table(self) -> dict[str, dict[str, dict[str, float | None]]]:
        """By column and measure the mean over songs with its interval."""
        names, found = np.array([song.name for song in self.songs]), {}
        truth = self.values["real"]["beat_f_above_shifted"]
        for name, values in self.values.items():
            column = {key: song_bootstrap(value, names, self.bootstrap, self.seed) for key, value in values.items()}
            above = values["beat_f_above_shifted"]
            column["beat_share"] = ratio_bootstrap(above, truth, self.bootstrap, self.seed)
            made = self._control if name == "real" else self._stretches[name]
            column["told_apart"] = two_sample_accuracy(self._stretches["real"], made, self.bootstrap, self.seed)
            found[name] = column
        return found

    def result(self) -> dict[str, Any]:
        """What ``metrics.json`` holds under ``dances``."""
        return {
            "songs": [song.name for song in self.songs],
            "seconds": sum(song.frames for song in self.songs) / FPS,
            "measures": DANCE_LABELS,
            "methods": self.table(),
        }


def warped_dance(song: HeldOutSong, source: SourceDance, rest_joints: np.ndarray) -> np.ndarray:
    """Another song's dance, joints (T, 24, 3): warped to the beats of ``song`` from its own first beat on."""
    beats = beat_grid(song.truth.beats, song.frames, 15.0)
    rotations, pelvis, _ = assemble([Phrase(source, 0, 0, len(beats) - 1)], beats, song.frames, rest_joints)
    return joints_of(rotations, pelvis, rest_joints)


def _cut(source: SourceDance, frames: int) -> SourceDance:
    """The first frames of a dance."""
    parts = {name: getattr(source, name)[:frames] for name in ("rotations", "joints", "standing", "valid")}
    return replace(source, **parts, beats=source.beats[source.beats < frames])


def _distance(first: Danced, second: Danced) -> float:
    """Mean distance in metres of the joints of two dances of one length, pelvis aside."""
    a, b = (danced.joints - danced.joints[:, :1] for danced in (first, second))
    return float(np.linalg.norm(a - b, axis=-1).mean())
