"""The training dances as single beats that can follow one another: what a choreographer chooses from.

A beat of a training song lasts from one musical beat to the next. Of each are known the body's state where it begins
and where it ends, how long it lasts, and the words that begin on it. Positions are y-up, metres, on the floor y = 0,
of one skeleton for all songs.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d, percentile_filter

from justlmd.body.kinematics import in_own_heading
from justlmd.body.torch_kinematics import joint_frames
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.rotations import rotation_matrices
from justlmd.dataset.storage import DanceArrays
from justlmd.features.beats import RATE, best_path
from model.generation.foot_lock import TOES, standing_feet
from model.generation.word_salience import Salience, SungWords, learn_salience, sung_words

MARGIN = 14  # frames of motion needed before and after a beat, for the blends
NEAR_BEAT = 0.3  # a word belongs to a beat if it begins within this share of a beat of it
MOMENT_FRAMES = np.arange(-6, 7, 2)  # the motion about a word, frames from its start
MOVED = (15, 18, 19, 20, 21, 4, 5, 7, 8)  # head, elbows, wrists, knees, ankles: what tells moves apart
TOKENS = ("token_states", "token_times", "token_lines")  # of a data set, as they make words
FOOT_JOINTS = (7, 8, 10, 11)


@dataclass(frozen=True)
class SourceDance:
    """One training dance of T frames on the common skeleton.

    ``rotations`` (T, 24, 3, 3) of each joint to its parent, ``joints`` (T, 24, 3) in metres, ``standing`` (T, 2)
    whether the left and the right foot stand, ``beats`` (K,) rising, in frames, ``words`` with times in frames / 30.
    """

    song: str
    rotations: np.ndarray
    joints: np.ndarray
    standing: np.ndarray
    valid: np.ndarray
    beats: np.ndarray
    words: SungWords

    @cached_property
    def splines(self) -> CubicSpline:
        """Cubic spline over frames of the first two columns of the rotations and the pelvis, (T, 147)."""
        columns = self.rotations[..., :2].reshape(len(self.rotations), -1)
        values = np.concatenate([columns, self.joints[:, 0]], axis=1)
        return CubicSpline(np.arange(len(values)), values)

    def at(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rotations (N, 24, 3, 3) and pelvis (N, 3) at fractional frames, held at the ends of the motion."""
        values = self.splines(np.clip(frames, 0, len(self.rotations) - 1))
        first, second = np.moveaxis(values[:, :144].reshape(-1, 24, 3, 2), -1, 0)
        first = first / np.linalg.norm(first, axis=-1, keepdims=True)
        second = second - (second * first).sum(-1, keepdims=True) * first
        second = second / np.linalg.norm(second, axis=-1, keepdims=True)
        return np.stack([first, second, np.cross(first, second)], axis=-1), values[:, 144:]


@dataclass(frozen=True)
class BeatGraph:
    """All usable beats of the training dances, B of them, in the order of their songs.

    ``dance`` (B,) and ``beat`` (B,): number of the dance and of the beat in it; ``frames`` (B,): how long it lasts;
    ``begins``, ``ends`` (B, S): the body's state there, so that the distance of two rows is the cost of a join;
    ``words`` (B, D): vector of the word that begins on it; ``weight`` (B,): that word's weight; ``following`` (B,): the
    row of the beat that comes next in its dance, -1 where there is none; ``speed`` (B,): mean joint speed in m/s.
    """

    dances: tuple[SourceDance, ...]
    salience: Salience
    dance: np.ndarray
    beat: np.ndarray
    frames: np.ndarray
    begins: "BodyState"
    ends: "BodyState"
    words: np.ndarray
    weight: np.ndarray
    following: np.ndarray
    speed: np.ndarray

    def __len__(self) -> int:
        return len(self.beat)


@dataclass(frozen=True)
class BodyState:
    """The body at N moments.

    ``pose`` (N, 72) and ``velocity`` (N, 72) of the joints relative to the pelvis on the floor: distances of rows are
    weighted root mean squares over the joints, m and m/s. ``root`` (N, 2) velocity of the pelvis over the floor, m/s;
    ``standing`` (N, 2) 1 for feet that stand.
    """

    pose: np.ndarray
    velocity: np.ndarray
    root: np.ndarray
    standing: np.ndarray

    def rows(self, numbers: np.ndarray) -> "BodyState":
        """The states of these rows."""
        return BodyState(self.pose[numbers], self.velocity[numbers], self.root[numbers], self.standing[numbers])


def body_state(dance: SourceDance, frames: np.ndarray) -> BodyState:
    """The body at fractional frames of a dance; feet count twice."""
    place = np.arange(len(dance.joints))
    joints = dance.joints - dance.joints[:, :1] * [1, 0, 1]
    weights = np.ones(24)
    weights[list(FOOT_JOINTS)] = 2.0
    weights = np.sqrt(weights / weights.sum())[:, None]
    found = []
    for values in (joints * weights, np.gradient(joints, axis=0) * FPS * weights):
        flat = values.reshape(len(values), -1)
        found.append(np.stack([np.interp(frames, place, column) for column in flat.T], axis=1))
    root = np.gradient(dance.joints[:, 0, [0, 2]], axis=0) * FPS
    nearest = np.clip(np.rint(frames).astype(int), 0, len(place) - 1)
    return BodyState(found[0], found[1], root[nearest], dance.standing[nearest].astype(float))


def moments(dance: SourceDance, frames: np.ndarray) -> np.ndarray:
    """What the dancer does about fractional frames (N,): joints in the pelvis' heading, (N, F) in metres.

    Distances of rows are root mean squares over the frames about the moment. Rows of NaN where the motion does not
    reach.
    """
    turned = in_own_heading(dance.joints)
    relative = turned[:, list(MOVED)] - turned[:, :1] * [0, 1, 0]
    values = np.concatenate([relative.reshape(len(turned), -1), turned[:, 0, 1:2]], axis=1)
    wanted = np.rint(frames).astype(int)[:, None] + MOMENT_FRAMES
    inside = ((wanted >= 0) & (wanted < len(values))).all(1)
    found = values[wanted.clip(0, len(values) - 1)].reshape(
        len(frames), values.shape[1] * len(MOMENT_FRAMES)
    ) / np.sqrt(len(MOMENT_FRAMES))
    found[~inside] = np.nan
    return found


def source_dance(arrays: DanceArrays, song: str, rest_joints: np.ndarray, even: bool = True) -> SourceDance:
    """A song of a data set on the skeleton ``rest_joints`` (24, 3), its path centred on the floor.

    With ``even`` the floor is brought to one height all along the dance; without, the song has one floor. Songs without
    beats of music take those of the dance itself.
    """
    row = arrays.songs[song]
    pose = np.concatenate([arrays["global_orient"][row.rows], arrays["body_pose"][row.rows]], axis=1)
    own_rest = np.asarray(arrays["rest_joints"][row.number], np.float64)
    words = sung_words(*(arrays[name][row.token_rows] for name in TOKENS))
    return dance_on(
        rest_joints,
        song,
        rotation_matrices(pose.reshape(-1, 24, 3)),
        np.asarray(arrays["transl"][row.rows], np.float64) + own_rest[0],
        own_rest,
        np.asarray(arrays["valid"][row.rows]),
        arrays.beats(song) * FPS - row.start_frame,
        words.from_second(row.start_frame / FPS),
        even,
    )


def dance_on(
    rest_joints: np.ndarray,
    song: str,
    rotations: np.ndarray,
    pelvis: np.ndarray,
    own_rest: np.ndarray,
    valid: np.ndarray,
    beats: np.ndarray,
    words: SungWords,
    even: bool,
) -> SourceDance:
    """A dance of T frames by the body ``own_rest`` (24, 3), brought onto the skeleton ``rest_joints`` (24, 3).

    ``pelvis`` (T, 3) is above the floor at 0; ``beats`` (K,) in frames; the rest is as in :class:`SourceDance`.
    """
    pelvis = pelvis - np.median(pelvis, axis=0) * [1, 0, 1]
    # The data set's floor is under the 5th percentile of the lowest joint of its own skeleton.
    level = np.percentile(_lowest_toe(rotations, pelvis, own_rest), 5)
    lowest = _lowest_toe(rotations, pelvis, rest_joints)
    pelvis[:, 1] += level - (_slow_floor(lowest) if even else np.percentile(lowest, 5))
    joints = joints_of(rotations, pelvis, rest_joints)
    standing = standing_feet(joints)
    if even and standing.any():
        joints[..., 1] -= np.median(joints[:, list(TOES), 1][standing]) - level
    if len(beats) < 2:
        beats = dance_beats(joints)
    inside = beats[(beats >= 0) & (beats <= len(joints) - 1)]
    return SourceDance(song, rotations, joints, standing, valid, inside, words)


def joints_of(rotations: np.ndarray, pelvis: np.ndarray, rest_joints: np.ndarray) -> np.ndarray:
    """Joints (T, 24, 3) of local rotations (T, 24, 3, 3) with the pelvis at (T, 3)."""
    arguments = (torch.from_numpy(np.asarray(value, np.float64)) for value in (rotations, pelvis, rest_joints))
    return joint_frames(*arguments)[1].numpy()


def _lowest_toe(rotations: np.ndarray, pelvis: np.ndarray, rest_joints: np.ndarray) -> np.ndarray:
    """Height (T,) of the lower toe, or of where it would be in a flat foot if an ankle is lower."""
    above = rest_joints[list(FOOT_JOINTS), 1] - rest_joints[TOES[0], 1]
    return (joints_of(rotations, pelvis, rest_joints)[:, list(FOOT_JOINTS), 1] - above).min(1)


def _slow_floor(lowest: np.ndarray) -> np.ndarray:
    """The floor (T,) under the lowest toes: low within each second, so that jumps stay jumps.

    Recovered motion has no single floor: errors of depth are errors of height under a camera that looks down.
    """
    return gaussian_filter1d(percentile_filter(lowest, 35, FPS, mode="nearest"), FPS / 4, mode="nearest")


def dance_beats(joints: np.ndarray) -> np.ndarray:
    """Beats in frames that a dance without music itself has: a steady pulse through the moments when it stops.

    The envelope is how sharply the joints' mean speed turns at its minima, followed as onsets of music are.
    """
    speed = np.linalg.norm(np.diff(joints, axis=0, prepend=joints[:1]), axis=2).mean(1) * FPS
    turn = np.maximum(np.gradient(np.gradient(gaussian_filter1d(speed, 1.5))), 0)
    stops = np.minimum(turn / max(float(np.percentile(turn, 97)), 1e-6), 1.0)
    times = np.arange(len(joints) * RATE // FPS) * FPS / RATE
    return best_path(np.interp(times, np.arange(len(joints)), stops)) * FPS / RATE


def beat_words(salience: Salience, words: SungWords, beats_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vector (K, D) and weight (K,) of the weightiest word that begins near each of K beats; zeros where none does."""
    vectors, weights = np.zeros((len(beats_s), len(salience.mean))), np.zeros(len(beats_s))
    if not len(words.start_s) or len(beats_s) < 2:
        return vectors, weights
    of_words, weight = salience.vectors_of(words.states), salience.weigh(words.states)
    place = np.interp(words.start_s, beats_s, np.arange(len(beats_s)), left=-1, right=-1)
    for word in np.argsort(weight, kind="stable"):
        beat = round(place[word])
        if place[word] >= 0 and abs(place[word] - beat) <= NEAR_BEAT:
            vectors[beat], weights[beat] = of_words[word], weight[word]
    return vectors, weights


def build_graph(dances: list[SourceDance]) -> BeatGraph:
    """The beats of dances on one skeleton, and the weights of words learned from them.

    Raises
    ------
    InputError
        No song has a stretch of beats with motion around it.
    """
    about = [moments(dance, dance.words.start_s * FPS) for dance in dances]
    salience = learn_salience([dance.words for dance in dances], about)
    parts: list[dict[str, np.ndarray]] = []
    for number, dance in enumerate(dances):
        used = _usable(dance)
        if not len(used):
            continue
        vectors, weights = beat_words(salience, dance.words, dance.beats / FPS)
        step = np.linalg.norm(np.diff(dance.joints, axis=0), axis=2).mean(1) * FPS
        total = np.r_[0, step.cumsum(), step.sum()]
        edges = np.interp(dance.beats, np.arange(len(total)), total)
        frames = np.diff(dance.beats)
        parts.append(
            {
                "dance": np.full(len(used), number),
                "beat": used,
                "frames": frames[used],
                "words": vectors[used],
                "weight": weights[used],
                "speed": (np.diff(edges) / frames)[used],
            }
        )
    if not parts:
        raise InputError(
            "no training song has beats with motion around them",
            next_step="a choreographer needs a song of at least some seconds without gaps in its motion",
        )
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    begins, ends = [_states(dances, found, after) for after in (0, 1)]
    next_in_row = (np.diff(found["dance"]) == 0) & (np.diff(found["beat"]) == 1)
    following = np.where(np.r_[next_in_row, False], np.arange(len(found["beat"])) + 1, -1)
    return BeatGraph(tuple(dances), salience, begins=begins, ends=ends, following=following, **found)


def _usable(dance: SourceDance) -> np.ndarray:
    """Numbers of the beats around which the motion is known."""
    unknown = np.r_[0, (~dance.valid).cumsum()]
    first = np.floor(dance.beats[:-1]).astype(int) - MARGIN
    last = np.ceil(dance.beats[1:]).astype(int) + MARGIN
    inside = (first >= 0) & (last < len(dance.valid))
    gaps = unknown[last.clip(0, len(dance.valid))] - unknown[first.clip(0)]
    return np.flatnonzero(inside & (gaps == 0))


def _states(dances: list[SourceDance], found: dict[str, np.ndarray], after: int) -> BodyState:
    """The body where the beats begin (``after`` 0) or end (1)."""
    parts = [
        body_state(dance, dance.beats[found["beat"][found["dance"] == number] + after])
        for number, dance in enumerate(dances)
        if (found["dance"] == number).any()
    ]
    names = ("pose", "velocity", "root", "standing")
    return BodyState(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
