"""Numbers about whole dances as people get them: joined, on one floor, beside the real dance of the same song.

Everything is numpy on joints (T, 24, 3) in metres, y-up, at 30 frames per second, with the floor at y = 0. A value that
a dance cannot give (sliding without contact, beats without music) is NaN.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from justlmd.body.kinematics import in_own_heading
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from model.evaluation import metrics
from model.evaluation.motion_features import check_joints

GROUPS: dict[str, tuple[int, ...]] = {
    "hands": (20, 21, 22, 23),
    "feet": (7, 8, 10, 11),
    "knees": (4, 5),
    "head": (15,),
}
"""Joints whose amplitude is measured together."""

BANDS_HZ = ((0.0, 0.5), (0.5, 2.0), (2.0, 5.0), (5.0, 15.0))
"""Slow changes of place, the beat of most songs, quick gestures, trembling."""

TOUCHING_M = 0.03  # a foot this near to its standing height is on the floor
SUNK_M = 0.02
SLIDING_M = 0.01  # per frame, of a foot on the floor
REPEAT_S = (2.0, 30.0)
STRETCH_S = 2.0
SHIFTS = np.linspace(0.2, 0.8, 7)  # of a beat
SEAM_FRAMES = 6
ANKLES, TOES = (7, 8), (10, 11)

LABELS = {
    "speed": "joint speed, m/s",
    "jerk": "jerk, m/s³",
    "jerk_peak": "jerk, 99.5th percentile, m/s³",
    "hands": "amplitude of the hands, m",
    "feet": "amplitude of the feet, m",
    "knees": "amplitude of the knees, m",
    "head": "amplitude of the head, m",
    "band_0": "amplitude below 0.5 Hz, m",
    "band_1": "amplitude 0.5 to 2 Hz, m",
    "band_2": "amplitude 2 to 5 Hz, m",
    "band_3": "amplitude above 5 Hz, m",
    "path": "amplitude of the pelvis over the floor, m",
    "contact": "share of frames with a foot on the floor",
    "floating": "share of frames with both feet above it",
    "sunk": "share of frames with a foot in the floor",
    "slide_share": "share of foot contact that slides",
    "slide_speed": "speed of feet on the floor, m/s",
    "closest_repeat": "closest repeat within 2 to 30 s, m",
    "usual_repeat": "median distance of two moments 2 to 30 s apart, m",
    "beat_f": "beat F (70 ms)",
    "beat_f_above_shifted": "beat F minus that of shifted beats",
}
"""Every measure in words."""


@dataclass(frozen=True)
class Floor:
    """Heights in metres of the ankles and the toes of a body that stands on the floor y = 0."""

    ankle: float
    toe: float


def dance_metrics(joints: np.ndarray, beats_s: np.ndarray, floor: Floor) -> dict[str, float]:
    """All measures of :data:`LABELS` of one dance; ``beats_s`` count in seconds from its first frame."""
    x = check_joints(joints, 2 * FPS)
    return _amplitudes(x) | _smoothness(x) | _feet(x, floor) | _repeats(x) | _rhythm(x, np.asarray(beats_s, float))


def standing_floor(dances: Sequence[np.ndarray]) -> Floor:
    """How high ankles and toes of real dances (T, 24, 3) are when they are low: their 5th percentiles."""
    heights = [np.concatenate([np.min(dance[:, list(pair), 1], axis=1) for dance in dances]) for pair in (ANKLES, TOES)]
    return Floor(*(float(np.percentile(values, 5)) for values in heights))


def _amplitudes(x: np.ndarray) -> dict[str, float]:
    """Standard deviations about the pelvis, by joint group and by band of frequencies."""
    relative = x[:, 1:] - x[:, :1]
    centred = relative - relative.mean(0)
    found = {name: _rms(centred[:, np.array(group) - 1]) for name, group in GROUPS.items()}
    power = np.abs(np.fft.rfft(centred, axis=0)) ** 2 / len(x) ** 2
    power[1:] *= 2  # the other half of the spectrum
    frequency = np.fft.rfftfreq(len(x), 1 / FPS)
    for number, (low, high) in enumerate(BANDS_HZ):
        inside = (frequency >= low) & (frequency < high + (high == FPS / 2))
        found[f"band_{number}"] = float(np.sqrt(power[inside].sum() / centred.shape[1]))
    path = x[:, 0, [0, 2]]
    return found | {"path": float(np.sqrt(path.var(0).sum()))}


def _rms(centred: np.ndarray) -> float:
    """Root mean square length of vectors (T, J, 3)."""
    return float(np.sqrt((centred**2).sum(-1).mean()))


def _jerk(x: np.ndarray) -> np.ndarray:
    """Mean jerk of the joints in m/s³, (T - 3,)."""
    return np.linalg.norm(np.diff(x, n=3, axis=0), axis=2).mean(1) * FPS**3


def _smoothness(x: np.ndarray) -> dict[str, float]:
    smooth = metrics.smoothness(x)
    return {
        "speed": smooth["speed"],
        "jerk": smooth["jerk"],
        "jerk_peak": float(np.percentile(_jerk(x), 99.5)),
    }


def _feet(x: np.ndarray, floor: Floor) -> dict[str, float]:
    """Contact with the one floor of the song: a foot touches it with its ankle or its toe at standing height."""
    above = np.stack([x[:, list(ANKLES), 1] - floor.ankle, x[:, list(TOES), 1] - floor.toe], axis=-1)  # (T, 2, 2)
    touching: np.ndarray = np.any(np.abs(above) < TOUCHING_M, axis=-1)
    step = np.linalg.norm(np.diff(x[:, [*ANKLES, *TOES]][..., [0, 2]], axis=0), axis=-1).reshape(-1, 2, 2).min(1)
    during = step[touching[1:] & touching[:-1]]
    return {
        "contact": float(touching.any(1).mean()),
        "floating": float((above.min((1, 2)) >= TOUCHING_M).mean()),
        "sunk": float((above.min((1, 2)) <= -SUNK_M).mean()),
        "slide_share": float((during > SLIDING_M).mean()) if len(during) else float("nan"),
        "slide_speed": float(during.mean() * FPS) if len(during) else float("nan"),
    }


def _repeats(x: np.ndarray) -> dict[str, float]:
    """How near the dance comes to what it did before: mean joint distance over two seconds, pelvis aside.

    A loop repeats at distance 0; so does a chorus that is danced alike, which is why the real dance stands beside it.
    """
    every = 3  # frames: ten poses a second
    poses = (x - x[:, :1])[::every].reshape(-1, 72)
    stretch, distances = round(STRETCH_S * FPS / every), []
    lags = range(round(REPEAT_S[0] * FPS / every), round(REPEAT_S[1] * FPS / every) + 1)
    for lag in lags:
        if len(poses) - lag < stretch:
            break
        gap = np.linalg.norm((poses[lag:] - poses[:-lag]).reshape(-1, 24, 3), axis=-1).mean(1)
        sums = np.r_[0, gap.cumsum()]
        distances.append((sums[stretch:] - sums[:-stretch]) / stretch)
    if not distances:
        return {"closest_repeat": float("nan"), "usual_repeat": float("nan")}
    together = np.concatenate(distances)
    return {"closest_repeat": float(together.min()), "usual_repeat": float(np.median(together))}


def _rhythm(x: np.ndarray, beats_s: np.ndarray) -> dict[str, float]:
    """F-measure of motion beats, and by how much it is above that of the same beats shifted by part of a beat."""
    inside = beats_s[(beats_s >= 0) & (beats_s < len(x) / FPS)]
    if len(inside) < 2:
        return {"beat_f": float("nan"), "beat_f_above_shifted": float("nan")}
    f = metrics.beat_f_measure(x, inside)
    lengths = np.diff(inside, append=2 * inside[-1] - inside[-2])
    shifted = [metrics.beat_f_measure(x, inside + share * lengths) for share in SHIFTS]
    return {"beat_f": f, "beat_f_above_shifted": f - float(np.mean(shifted))}


def seam_jerk(joints: np.ndarray, cuts: np.ndarray) -> float:
    """Mean jerk within :data:`SEAM_FRAMES` frames of the cuts (frames) over that elsewhere; NaN without cuts."""
    jerk = _jerk(check_joints(joints, 4))
    place = np.arange(len(jerk)) + 1.5
    near = np.zeros(len(jerk), bool)
    for cut in cuts:
        near |= np.abs(place - cut) <= SEAM_FRAMES
    return float(jerk[near].mean() / jerk[~near].mean()) if near.any() and not near.all() else float("nan")


def ratios(found: Mapping[str, float], real: Mapping[str, float]) -> dict[str, float]:
    """Each measure over that of the real dance; NaN where that is 0 or unknown."""
    return {name: value / real[name] if real.get(name) else float("nan") for name, value in found.items()}


# ---------------------------------------------------------------- words


HIT_S = 0.25
TEMPLATE_FRAMES = np.arange(-4, 7, 2)  # about a move's peak
TELLING = (15, 18, 19, 20, 21, 4, 5, 7, 8)  # head, elbows, wrists, knees, ankles
STRICT = 1.15  # times the 95th percentile of the distances of a move's own training occurrences


@dataclass(frozen=True)
class MoveTemplates:
    """What each planted move looks like about its peak: ``mean`` and ``spread`` (M, F), ``limit`` (M,) of a hit."""

    names: tuple[str, ...]
    mean: np.ndarray
    spread: np.ndarray
    limit: np.ndarray

    def distances(self, joints: np.ndarray, seconds: float) -> np.ndarray:
        """Smallest distance (M,) of a dance to each move within :data:`HIT_S` of a moment; inf outside the dance."""
        reach = round(HIT_S * FPS)
        about = _about(joints, np.arange(-reach, reach + 1) + round(seconds * FPS))
        if not len(about):
            return np.full(len(self.names), np.inf)
        gaps = (about[:, None] - self.mean) / self.spread
        return np.sqrt((gaps**2).mean(-1)).min(0)


def learn_moves(dances: Sequence[np.ndarray], moves: Sequence[Sequence[tuple[float, str]]]) -> MoveTemplates:
    """Templates from training dances (T, 24, 3) and for each the seconds and names of its moves."""
    found: dict[str, list[np.ndarray]] = {}
    for joints, danced in zip(dances, moves, strict=True):
        for seconds, name in danced:
            about = _about(joints, np.array([round(seconds * FPS)]))
            if len(about):
                found.setdefault(name, []).append(about[0])
    if not found:
        raise InputError("no training dance has a move", where="move templates")
    names = tuple(sorted(found))
    mean = np.array([np.mean(found[name], axis=0) for name in names])
    spread = np.array([np.sqrt(np.var(found[name], axis=0) + 0.02**2) for name in names])
    limits = []
    for name, centre, width in zip(names, mean, spread, strict=True):
        own = np.sqrt((((np.array(found[name]) - centre) / width) ** 2).mean(-1))
        limits.append(STRICT * float(np.percentile(own, 95)))
    return MoveTemplates(names, mean, spread, np.array(limits))


def word_hits(
    templates: MoveTemplates, joints: np.ndarray, sung: Sequence[tuple[float, str]], seed: int = 0, repeats: int = 200
) -> dict[str, float]:
    """Share of trigger words (seconds, move) whose move is danced within 0.25 s, and by chance.

    ``hits``: the word's own move is the nearest of all and near enough (:data:`STRICT`); ``hits_loose``: the nearest of
    all; ``hits_chance``: ``hits`` when the song's trigger words are exchanged at random.
    """
    known = [(seconds, templates.names.index(name)) for seconds, name in sung if name in templates.names]
    if not known:
        return dict.fromkeys(("hits", "hits_loose", "hits_chance"), float("nan"))
    distances = np.array([templates.distances(joints, seconds) for seconds, _ in known])
    nearest = distances.argmin(1)
    near = distances.min(1) <= templates.limit[nearest]
    asked = np.array([number for _, number in known])
    random = np.random.default_rng(seed)
    chance = [((random.permutation(asked) == nearest) & near).mean() for _ in range(repeats)]
    return {
        "hits": float(((asked == nearest) & near).mean()),
        "hits_loose": float((asked == nearest).mean()),
        "hits_chance": float(np.mean(chance)),
    }


def _about(joints: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """What the dancer does about frames (N,) inside the dance, in the heading of the hips: (<= N, F) in metres."""
    wanted = frames[:, None] + TEMPLATE_FRAMES
    wanted = wanted[((wanted >= 0) & (wanted < len(joints))).all(1)]
    if not len(wanted):
        return np.zeros((0, 0))
    x = in_own_heading(joints[wanted])  # (N, P, 24, 3)
    heights = np.concatenate([x[..., 0, 1:2], x[..., list(ANKLES), 1]], axis=-1)
    relative = x[..., list(TELLING), :] - x[..., :1, :] * [0, 1, 0]
    return np.concatenate([relative.reshape(*relative.shape[:2], -1), heights], axis=-1).reshape(len(x), -1)
