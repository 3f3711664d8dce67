"""One dance from pieces of training dances: warped to the beats of the song, cross-faded, and placed on the floor."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.spatial.transform import Rotation

from justlmd.core.clock import FPS
from model.generation.beat_graph import SourceDance, joints_of
from model.generation.foot_lock import ANKLES, minimum_jerk

BLEND = 22  # frames of a cross-fade, its middle on the beat
FADE = 0.15  # m/s at which a phrase comes back to the place that it had in its own dance


class Phrase(NamedTuple):
    """A stretch of one training dance: from ``beat`` on, danced from beat ``first`` to ``last`` of the song."""

    dance: SourceDance
    beat: int
    first: int
    last: int


class Piece(NamedTuple):
    """A warped phrase from frame ``start`` on: rotations (T, 24, 3, 3), pelvis (T, 3), standing feet (T, 2)."""

    start: int
    rotations: np.ndarray
    pelvis: np.ndarray
    standing: np.ndarray


def warped(phrase: Phrase, beats: np.ndarray, start: int, stop: int) -> Piece:
    """A phrase on frames ``start`` to ``stop`` (exclusive) of the song, whose beats (K,) are in frames.

    Time goes smoothly and never backwards through the pairs of beats (PCHIP), two of which lie beyond each end.
    """
    offset = phrase.beat - phrase.first
    number = np.arange(phrase.first - 2, phrase.last + 3)
    number = number[(number >= 0) & (number < len(beats))]
    number = number[(number + offset >= 0) & (number + offset < len(phrase.dance.beats))]
    source, target = phrase.dance.beats[number + offset], beats[number]
    # Beyond the known beats time goes on at the pace of the last ones.
    pace = [(source[1] - source[0]) / (target[1] - target[0]), (source[-1] - source[-2]) / (target[-1] - target[-2])]
    far = 4 * BLEND + (stop - start)
    source = np.r_[source[0] - far * pace[0], source, source[-1] + far * pace[1]]
    target = np.r_[target[0] - far, target, target[-1] + far]
    frames = PchipInterpolator(target, source)(np.arange(start, stop))
    rotations, pelvis = phrase.dance.at(frames)
    nearest = np.clip(np.rint(frames).astype(int), 0, len(phrase.dance.standing) - 1)
    return Piece(start, rotations, pelvis, phrase.dance.standing[nearest])


def assemble(
    parts: list[Phrase], beats: np.ndarray, frames: int, rest_joints: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Join phrases to one dance of ``frames`` frames.

    Returns
    -------
    Rotations (T, 24, 3, 3), pelvis (T, 3) in metres and which feet stand (T, 2).
    """
    cuts = [round(float(beats[part.first])) for part in parts[1:]]
    # Half of each cross-fade, shorter where pieces are; the ends of the dance set no limit.
    between = [frames, *np.diff(cuts).tolist(), frames]
    halves = [max(1, min(BLEND // 2, around // 2)) for around in map(min, pairwise(between))]
    rotations, pelvis = np.zeros((frames, 24, 3, 3)), np.zeros((frames, 3))
    standing = np.zeros((frames, 2), bool)
    for number, part in enumerate(parts):
        start = max(0, cuts[number - 1] - halves[number - 1]) if number else 0
        stop = min(frames, cuts[number] + halves[number]) if number < len(cuts) else frames
        piece = warped(part, beats, start, stop)
        if not number:
            rotations[start:stop], pelvis[start:stop] = piece.rotations, piece.pelvis
            standing[start:stop] = piece.standing
            continue
        cut, half = cuts[number - 1], halves[number - 1]
        fade = min(cut + half, stop) - start
        before = slice(start, start + fade)
        shift = _shift(rotations[before], pelvis[before], standing[before], piece, fade, rest_joints)
        moved = piece.pelvis + _fading(shift, stop - start, fade)
        share = minimum_jerk((np.arange(start, start + fade) - (cut - half) + 1) / (2 * half + 1))
        rotations[before] = _mixed(rotations[before], piece.rotations[:fade], share)
        pelvis[before] += share[:, None] * (moved[:fade] - pelvis[before])
        rotations[start + fade : stop], pelvis[start + fade : stop] = piece.rotations[fade:], moved[fade:]
        standing[cut:stop] = piece.standing[cut - start :]
    return rotations, pelvis, standing


def _mixed(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Spherical interpolation of rotation matrices (T, 24, 3, 3) by shares (T,)."""
    start = Rotation.from_matrix(first.reshape(-1, 3, 3))
    arc = (start.inv() * Rotation.from_matrix(second.reshape(-1, 3, 3))).as_rotvec()
    return (start * Rotation.from_rotvec(np.repeat(share, 24)[:, None] * arc)).as_matrix().reshape(first.shape)


def _shift(
    rotations: np.ndarray,
    pelvis: np.ndarray,
    standing: np.ndarray,
    piece: Piece,
    fade: int,
    rest_joints: np.ndarray,
) -> np.ndarray:
    """How far (3,) over the floor the next piece must go so that feet that stand in both stay; else the pelvis."""
    weight = (standing[:, :, None] & piece.standing[:fade, :, None]).astype(float)
    if weight.sum():
        before, after = (
            joints_of(turn, place, rest_joints)[:, list(ANKLES)]
            for turn, place in ((rotations, pelvis), (piece.rotations[:fade], piece.pelvis[:fade]))
        )
        gap = (weight * (before - after)).sum((0, 1)) / weight.sum()
    else:
        gap = (pelvis - piece.pelvis[:fade]).mean(0)
    return gap * [1, 0, 1]


def _fading(shift: np.ndarray, frames: int, fade: int) -> np.ndarray:
    """The shift (T, 3) over a phrase: whole during the cross-fade, then back to nothing at :data:`FADE` m/s."""
    distance = float(np.linalg.norm(shift))
    gone = np.clip(np.arange(frames) - fade, 0, None) * FADE / FPS
    return shift * np.clip(1 - gone / max(distance, 1e-9), 0, 1)[:, None]
