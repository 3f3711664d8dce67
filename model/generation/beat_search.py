"""The cheapest way through the training dances for the beats of a song: a Viterbi search over beats and phrases.

A state is a training beat and its age in the phrase. Young phrases only go on; then they may go on at no cost or jump
to any other beat. What is danced twice soon after one another is made dearer and the way is sought again.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from model.generation.beat_graph import BeatGraph, BodyState


@dataclass(frozen=True)
class Costs:
    """Weights of the search; ``pose`` is the cost of a metre between two poses (root mean square over the joints)."""

    shortest: int = 3  # beats of a phrase
    longest: int = 16
    pose: float = 5.0
    velocity: float = 0.24  # per m/s
    contact: float = 0.3  # both feet differ: one stands, the other does not
    root: float = 0.6  # per m/s
    jump: float = 1.0
    cut: float = 0.3  # times the weights of the words that are cut
    tempo: float = 0.5  # per natural logarithm of the ratio, ten times as much beyond 10 %
    word: float = 8.0  # times the squared distance of weighted word vectors
    repeat: float = 0.5  # for each time that a beat was danced shortly before
    chorus: float = 1.0  # gained where words return and the dance does
    variety: float = 0.3  # standard deviation of what the seed adds to each training beat


KEPT_JUMPS = 250  # only so many of the cheapest phrases may end at each beat
ROUNDS = 16
MEMORY = 64  # beats within which a repeat counts
OWN = 4  # a jump into the same dance goes at least so many beats past where it would have gone by itself
FORBIDDEN = 100.0
MOVING = 0.4  # weight of a word from which on its move may be repeated whenever it is sung
TEMPO_LIMIT = 0.1
MOST_BEATS = 6000  # of a graph: the costs of all joins are kept, 144 MB of float32


@dataclass(frozen=True)
class Target:
    """The song to dance to.

    ``frames`` (K,) how long each beat lasts; ``words`` (K, D) and ``weight`` (K,) as in the graph; ``returns`` (K,)
    the earlier beat at which the same words were sung in the same place of a chorus, -1: none.
    """

    frames: np.ndarray
    words: np.ndarray
    weight: np.ndarray
    returns: np.ndarray


def join_costs(graph: BeatGraph, costs: Costs) -> np.ndarray:
    """Cost (B, B) float32 of ending one beat and beginning another, words aside; own continuations are forbidden."""
    ends, begins = graph.ends, graph.begins
    found = np.empty((len(graph), len(graph)), np.float32)
    place = graph.dance * 1_000_000 + graph.beat
    for first in range(0, len(graph), 512):
        rows = np.arange(first, min(first + 512, len(graph)))
        left = ends.rows(rows)
        cost = costs.jump + _joined(left, begins, costs)
        own = np.abs(place[rows, None] + 1 - place) <= OWN
        found[rows] = cost + FORBIDDEN * own
    return found


def _joined(left: BodyState, right: BodyState, costs: Costs) -> np.ndarray:
    contact = np.abs(left.standing[:, None] - right.standing[None]).sum(-1) / 2
    return (
        costs.pose * _distances(left.pose, right.pose)
        + costs.velocity * _distances(left.velocity, right.velocity)
        + costs.root * _distances(left.root, right.root)
        + costs.contact * contact
    )


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    square = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
    return np.sqrt(np.maximum(square, 0))


def find_path(graph: BeatGraph, joins: np.ndarray, target: Target, costs: Costs, seed: int = 0) -> np.ndarray:
    """The training beats (K,) to dance, for the K beats of a song.

    Parameters
    ----------
    joins : :func:`join_costs` of the graph.
    seed : of the small costs by which the same song gets different dances.
    """
    costs = replace(costs, shortest=min(costs.shortest, _longest_run(graph.following)))
    local = _local_costs(graph, target, costs)
    local += (costs.variety * np.random.default_rng(seed).standard_normal(len(graph))).astype(np.float32)
    returns = np.flatnonzero(target.returns >= 0)
    moving = np.convolve(target.weight >= MOVING, np.ones(3), mode="same") > 0
    best, best_score = np.zeros(0, int), (np.inf, np.inf)
    repeats, gains = np.zeros_like(local), np.zeros_like(local)
    for _ in range(ROUNDS):
        path, cost = _viterbi(graph, local + repeats - gains, joins, costs)
        repeated, before = _repeated(path, target.returns, moving)
        kept = int((path[returns] == path[target.returns[returns]]).sum())
        score = (float(len(repeated) - kept), cost)
        if score < best_score:
            best, best_score = path, score
        if not len(repeated) and kept == len(returns):
            break
        for beat, earlier in zip(repeated, before, strict=True):  # nor a beat sooner or later
            repeats[earlier + 1 : earlier + MEMORY + 1, path[beat]] += costs.repeat
        gains[:] = 0
        first = target.returns[returns]
        gains[first, path[first]] = gains[returns, path[first]] = costs.chorus  # both, or the first would move on
    return best


def _local_costs(graph: BeatGraph, target: Target, costs: Costs) -> np.ndarray:
    """Cost (K, B) float32 of dancing a training beat at a beat of the song, whatever comes before."""
    ratio = np.abs(np.log(target.frames[:, None] / graph.frames))
    square = (target.words**2).sum(1)[:, None] + (graph.words**2).sum(1) - 2 * target.words @ graph.words.T
    tempo = ratio + 10 * np.maximum(ratio - np.log1p(TEMPO_LIMIT), 0)
    return (costs.tempo * tempo + costs.word * np.maximum(square, 0)).astype(np.float32)


def _viterbi(graph: BeatGraph, local: np.ndarray, joins: np.ndarray, costs: Costs) -> tuple[np.ndarray, float]:
    """The cheapest path (K,) through the training beats, and its cost."""
    beats, count, rows = len(local), len(graph), np.arange(len(graph))
    goes_on = np.flatnonzero(graph.following >= 0)
    then = np.zeros(count)
    then[goes_on] = graph.weight[graph.following[goes_on]]
    cut = (costs.cut * (graph.weight + 0.7 * then)).astype(np.float32)  # both where a phrase ends and where one begins
    score = np.full((costs.longest, count), np.inf, np.float32)
    score[0] = local[0]
    came_from, came_age = np.zeros((beats, count), np.int32), np.zeros((beats, count), np.int8)
    kept = min(KEPT_JUMPS, count)
    for beat in range(1, beats):
        age = score[costs.shortest - 1 :].argmin(0) + costs.shortest - 1
        leaving = score[age, rows] + cut
        cheapest = np.sort(np.argpartition(leaving, kept - 1)[:kept])
        arriving = leaving[cheapest, None] + joins[cheapest]
        chosen = cheapest[arriving.argmin(0)]
        came_from[beat], came_age[beat] = chosen, age[chosen]
        new = np.full_like(score, np.inf)
        new[0] = arriving.min(0) + cut
        new[1:, graph.following[goes_on]] = score[:-1, goes_on]
        score = new + local[beat]
    age, state = (int(number) for number in np.unravel_index(score.argmin(), score.shape))
    cost, path = float(score[age, state]), np.zeros(beats, int)
    for beat in range(beats - 1, -1, -1):
        path[beat] = state
        if age:
            age, state = age - 1, state - 1
        else:
            age, state = int(came_age[beat, state]), int(came_from[beat, state])
    return path, cost


def _repeated(path: np.ndarray, returns: np.ndarray, moving: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Beats of the song whose training beat was danced within :data:`MEMORY` beats before, and when.

    Not in a chorus, nor about words that move (``moving`` (K,)): they are danced alike whenever they are sung.
    """
    found: list[tuple[int, int]] = []
    last: dict[int, int] = {}
    for beat, state in enumerate(path.tolist()):
        again = returns[beat] >= 0 and path[returns[beat]] == state
        if not again and not moving[beat] and beat - last.get(state, -MEMORY - 1) <= MEMORY:
            found.append((beat, last[state]))
        last[state] = beat
    again_at = np.array(found, int).reshape(-1, 2)
    return again_at[:, 0], again_at[:, 1]


def phrases(graph: BeatGraph, path: np.ndarray) -> list[tuple[int, int]]:
    """First and last (exclusive) beat of the song of each stretch that one training dance dances without a cut."""
    cuts = np.flatnonzero(graph.following[path[:-1]] != path[1:]) + 1
    edges = [0, *cuts.tolist(), len(path)]
    return list(pairwise(edges))


def of_dances(graph: BeatGraph, joins: np.ndarray, kept: np.ndarray) -> tuple[BeatGraph, np.ndarray, np.ndarray]:
    """The part of a graph with the dances of these numbers, its costs of joining, and its rows in the whole graph."""
    rows = np.flatnonzero(np.isin(graph.dance, kept))
    number = np.full(len(graph) + 1, -1)
    number[rows] = np.arange(len(rows))
    names = ("dance", "beat", "frames", "words", "weight", "speed")
    part = replace(
        graph,
        begins=graph.begins.rows(rows),
        ends=graph.ends.rows(rows),
        following=number[graph.following[rows]],  # -1 is the last row, which leads nowhere
        **{name: getattr(graph, name)[rows] for name in names},
    )
    return part, joins[np.ix_(rows, rows)], rows


def _longest_run(following: np.ndarray) -> int:
    """How many beats the longest stretch of a training dance has."""
    breaks = np.flatnonzero(following < 0)
    return int(np.diff(np.r_[-1, breaks]).max())
