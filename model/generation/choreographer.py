"""A dancer who remembers: for each beat of a new song a beat of a training dance, joined to phrases of 3 to 16 beats.

Nothing is trained. The words of a training song have weight where they move its dancer in a way of their own
(:mod:`model.generation.word_salience`); the search (:mod:`model.generation.beat_search`) brings the moves of weighty
words to where they are sung again, and cuts where two dances meet smoothly. The pieces are warped to the beats, joined,
and their feet locked. What comes out are pieces of the training dances: their terms are its terms.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.ndimage import convolve1d

from justlmd.body.model import Body
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.rotations import matrix_to_axis_angle
from justlmd.dataset.storage import DanceArrays, open_dataset
from justlmd.features.stored import read_audio_features, read_lyrics_embeddings
from justlmd.motion.motion import Motion
from model.generation.beat_assembly import Phrase, assemble
from model.generation.beat_graph import TOKENS, BeatGraph, SourceDance, beat_words, build_graph, source_dance
from model.generation.beat_search import MOST_BEATS, Costs, Target, find_path, join_costs, of_dances, phrases
from model.generation.foot_lock import ANKLES, TOES, lock_feet, runs
from model.generation.repertoire import read_repertoire
from model.generation.word_salience import SungWords, sung_words

SLOWEST_S, FASTEST_S = 1.5, 0.25  # seconds between two beats; longer gaps are filled, shorter ones merged
SAME_LINE = 0.8  # cosine of two beats' words above which they are the same line of a chorus
CHORUS_BEATS = 8
ENOUGH_BEATS = 1500  # to choose from


@dataclass(frozen=True)
class Choreography:
    """A dance and where it comes from.

    ``rotations`` (T, 24, 3, 3), ``pelvis`` (T, 3) of the pelvis joint, ``beats`` (K + 1,) in frames, ``path`` (K,) rows
    of the graph, ``cuts`` (C,) frames at which two pieces meet.
    """

    rotations: np.ndarray
    pelvis: np.ndarray
    beats: np.ndarray
    path: np.ndarray
    cuts: np.ndarray
    graph: BeatGraph

    @property
    def longest_copy_s(self) -> float:
        """Seconds of the longest stretch that is one training dance without a cut."""
        return max((self.beats[last] - self.beats[first]) / FPS for first, last in phrases(self.graph, self.path))

    @property
    def songs(self) -> list[str]:
        """Ids of the training songs of which pieces are in the dance."""
        numbers = sorted(set(self.graph.dance[self.path].tolist()))
        return [self.graph.dances[number].song for number in numbers]


class Choreographer:
    """Dances with the beats of other dances.

    Parameters
    ----------
    dances : what it knows, all on the skeleton ``rest_joints``.
    rest_joints : (24, 3) of the body that dances.
    costs : weights of the search.
    """

    def __init__(self, dances: list[SourceDance], rest_joints: np.ndarray, costs: Costs | None = None) -> None:
        self.rest_joints, self.costs = np.asarray(rest_joints, np.float64), costs or Costs()
        self.graph = build_graph(dances)
        self.joins = join_costs(self.graph, self.costs)
        self.sole = self._sole_heights()

    @classmethod
    def of_dataset(
        cls,
        arrays: DanceArrays,
        songs: list[str] | None = None,
        rest_joints: np.ndarray | None = None,
        costs: Costs | None = None,
    ) -> "Choreographer":
        """What is learned from songs of a data set, by default its training split, on their mean skeleton."""
        songs = _within_limit(arrays, list(arrays.splits["train"]) if songs is None else songs)
        if rest_joints is None:
            rest_joints = np.asarray(arrays["rest_joints"][[arrays.songs[song].number for song in songs]]).mean(0)
        rest_joints = np.asarray(rest_joints, np.float64)
        return cls([source_dance(arrays, song, rest_joints) for song in songs], rest_joints, costs)

    def _sole_heights(self) -> np.ndarray:
        """Heights (2,) of ankles and toes of feet that stand, over all training dances: their medians."""
        found = []
        for pair in (ANKLES, TOES):
            heights = [dance.joints[:, list(pair), 1][dance.standing] for dance in self.graph.dances]
            together = np.concatenate(heights)
            found.append(float(np.median(together)) if len(together) else 0.0)
        return np.array(found)

    def dance(self, beats_s: np.ndarray, words: SungWords, frames: int, seed: int = 0) -> Choreography:
        """Dance ``frames`` frames to beats and words whose seconds count from the first of them.

        Without beats a steady pulse at the training dances' usual tempo stands in; without words only music counts.
        """
        beats = beat_grid(beats_s * FPS, frames, float(np.median(self.graph.frames)))
        beats = self._octave(beats)
        vectors, weight = beat_words(self.graph.salience, words, beats / FPS)
        returns = chorus_returns(self.graph.salience.unit(words.states), words.start_s * FPS, beats)
        target = Target(np.diff(beats), vectors[:-1], weight[:-1], returns[:-1])
        graph, joins, rows = of_dances(self.graph, self.joins, self._in_tempo(beats))
        path = rows[find_path(graph, joins, target, self.costs, seed)]
        parts = [self._phrase(path, first, last) for first, last in phrases(self.graph, path)]
        rotations, pelvis, standing = assemble(parts, beats, frames, self.rest_joints)
        rotations, pelvis = lock_feet(rotations, pelvis, standing, self.rest_joints, self.sole)
        cuts = np.rint([beats[part.first] for part in parts[1:]]).astype(int)
        return Choreography(rotations, pelvis, beats, path, cuts, self.graph)

    def _phrase(self, path: np.ndarray, first: int, last: int) -> Phrase:
        row = path[first]
        return Phrase(self.graph.dances[self.graph.dance[row]], int(self.graph.beat[row]), first, last)

    def _in_tempo(self, beats: np.ndarray) -> np.ndarray:
        """Numbers of the dances to choose from: all of a small graph, else those whose beats last about as long."""
        number = np.unique(self.graph.dance)
        usual = np.array([np.median(self.graph.frames[self.graph.dance == one]) for one in number])
        off = np.abs(np.log(usual / np.median(np.diff(beats))))
        order = np.argsort(off, kind="stable")
        enough = np.searchsorted(np.cumsum([(self.graph.dance == number[one]).sum() for one in order]), ENOUGH_BEATS)
        return np.sort(number[order[: int(enough) + 1]])

    def _octave(self, beats: np.ndarray) -> np.ndarray:
        """The beats, or every second, or twice as many: whichever most training beats can follow, if few can now."""

        def reachable(grid: np.ndarray) -> int:
            ratio = self.graph.frames / np.median(np.diff(grid))
            return int((np.abs(np.log(ratio)) < np.log(1.1)).sum())

        halves = np.interp(np.arange(2 * len(beats) - 1) / 2, np.arange(len(beats)), beats)
        grids = [beats, beats[::2] if len(beats) % 2 else np.r_[beats[::2], beats[-1]], halves]
        found = [reachable(grid) for grid in grids]
        return grids[int(np.argmax(found))] if found[0] < 0.1 * max(found) else beats


def _within_limit(arrays: DanceArrays, songs: list[str]) -> list[str]:
    """The first songs that together have at most :data:`MOST_BEATS` beats; at least one."""
    counts = np.cumsum([max(arrays.songs[song].beats, arrays.songs[song].frames // 15) for song in songs])
    return songs[: max(1, int((counts <= MOST_BEATS).sum()))]


def nearest_in_tempo(arrays: DanceArrays, songs: list[str], beats_s: np.ndarray) -> list[str]:
    """The songs, those whose beats last as long as ``beats_s`` first, in case not all of them can be used."""

    def beat_length(times: np.ndarray) -> float:
        return max(float(np.median(np.diff(times))), FASTEST_S) if len(times) > 1 else 0.5

    wanted = beat_length(beats_s)
    return sorted(songs, key=lambda song: abs(np.log(beat_length(arrays.beats(song)) / wanted)))


def beat_grid(beats: np.ndarray, frames: int, usual: float) -> np.ndarray:
    """Beats (K,) in frames that cover ``frames`` frames: gaps are filled, and the pulse goes on beyond both ends.

    ``usual`` is the length of a beat in frames for songs that have none.
    """
    beats = np.sort(beats[np.isfinite(beats)])
    kept = beats[:1].tolist()
    for beat in beats[1:]:
        if beat - kept[-1] >= FASTEST_S * FPS:
            kept.append(float(beat))
    if len(kept) < 2:
        kept = [0.0, usual]
    beats = np.array(kept)
    usual = float(np.median(np.diff(beats)))
    filled = [beats[:1]]
    for start, end in pairwise(beats):
        count = max(1, round((end - start) / usual)) if end - start > SLOWEST_S * FPS else 1
        filled.append(start + (end - start) * np.arange(1, count + 1) / count)
    beats = np.concatenate(filled)
    before = beats[0] - usual * np.arange(int(np.ceil(max(beats[0], 0) / usual)), 0, -1)
    after = beats[-1] + usual * np.arange(1, max(0, int(np.ceil((frames - beats[-1]) / usual))) + 1)
    beats = np.concatenate([before, beats, after])
    first = max(0, int(np.searchsorted(beats, 0, side="right")) - 1)
    last = int(np.searchsorted(beats, frames, side="left")) + 1
    return beats[first:last]


def chorus_returns(vectors: np.ndarray, start: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """For each of K beats (frames) the earlier beat of the same place in a chorus, -1: none.

    A chorus is a stretch of at least :data:`CHORUS_BEATS` beats whose words, unit vectors (W, D) that begin at
    ``start`` (W,) frames, are those of an earlier stretch, beat by beat; at least half of its beats have words.
    """
    count = len(beats)
    returns = np.full(count, -1)
    sums = np.zeros((count, vectors.shape[1]))
    place = np.searchsorted(beats, start, side="right") - 1
    inside = (place >= 0) & (place < count)
    np.add.at(sums, place[inside], vectors[inside])
    sung = np.linalg.norm(sums, axis=1) > 1e-9
    sums = convolve1d(sums, [0.5, 1, 0.5], axis=0, mode="constant")  # words need not fall on the very same beats
    length = np.linalg.norm(sums, axis=1)
    unit = sums / length.clip(1e-9)[:, None]
    silent = length <= 1e-9
    same = (unit @ unit.T > SAME_LINE) | (silent[:, None] & silent)
    found = []
    for lag in range(CHORUS_BEATS, count):
        for first, last in runs(same.diagonal(lag)):
            if last - first >= CHORUS_BEATS and sung[first:last].mean() >= 0.5:
                found.append((last - first, lag, first, last))
    for _, lag, first, last in sorted(found, key=lambda run: (-run[0], run[1])):  # the longest first
        if (returns[first + lag : last + lag] < 0).all():
            returns[first + lag : last + lag] = np.arange(first, last)
    return returns


def choreograph(
    source: str | Path,
    body: Body,
    audio_features: str | Path | None,
    lyrics_embeddings: str | Path | None,
    *,
    seed: int = 0,
) -> Choreography:
    """Dance to a whole song with the training split of a data set, or with a repertoire.

    Parameters
    ----------
    source : folder of a data set, or file of a repertoire (:mod:`model.generation.repertoire`).
    body : whose skeleton dances.
    audio_features, lyrics_embeddings : the song's ``.npz`` files; None where there are none.
    seed : equal seeds give equal dances.

    Returns
    -------
    The dance, whose frame 0 is at 0 s, for :func:`motion_of`. Raises InputError when there is nothing to dance to or to
    learn from, or when the words were encoded by another text encoder than those of the source.
    """
    tokens: Mapping[str, np.ndarray] | None = (
        read_lyrics_embeddings(lyrics_embeddings) if lyrics_embeddings is not None else None
    )
    encoder = str(tokens["encoder"]) if tokens is not None else ""
    beats_s, frames = np.zeros(0), 0
    if audio_features is not None:
        audio = read_audio_features(audio_features)
        beats_s, frames = np.asarray(audio["beat_times"], np.float64), len(audio["log_mel"])
    elif tokens is not None and len(tokens["token_times"]):
        frames = round(FPS * float(tokens["token_times"].max()))
    if frames < FPS:
        raise InputError("nothing to dance to: the song has neither music nor timed words", where=audio_features)
    rest_joints = body.rest_joints()
    if Path(source).is_file():
        found = Choreographer(read_repertoire(source, rest_joints, encoder), rest_joints)
        reads_words = True
    else:
        arrays = open_dataset(source)
        wanted = arrays.info["text_encoder"]
        reads_words = bool(wanted)
        if encoder and wanted and encoder != wanted:
            raise InputError(f"made by text encoder {encoder!r}, the data set with {wanted!r}", where=lyrics_embeddings)
        if not arrays.splits.get("train"):
            raise InputError("no song is in the training split", where=source, next_step="add songs to the song table")
        found = Choreographer.of_dataset(arrays, nearest_in_tempo(arrays, arrays.splits["train"], beats_s), rest_joints)
    words = SungWords(np.zeros((0, len(found.graph.salience.mean))), np.zeros(0))
    if tokens is not None and reads_words:
        words = sung_words(*(tokens[name] for name in TOKENS))
    return found.dance(beats_s, words, frames, seed)


def motion_of(found: Choreography, body: Body) -> Motion:
    """The dance as motion of a body, its path centred on the floor."""
    pose = matrix_to_axis_angle(found.rotations).reshape(len(found.rotations), 72)
    transl = found.pelvis - body.rest_joints()[0]
    return Motion(
        global_orient=pose[:, :3],
        body_pose=pose[:, 3:],
        transl=transl - transl.mean(0) * [1, 0, 1],
        betas=np.zeros(10),
        valid=np.ones(len(pose), dtype=bool),
    )
