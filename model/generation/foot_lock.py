"""Feet that stand stay where they are: each contact is held at one place by inverse kinematics of the legs.

Joined dances move standing feet where two dances meet; here the ankles are brought back, the knees bend as they must,
and the feet keep how they are turned. Positions are y-up, metres, on the floor y = 0.
"""

from itertools import pairwise

import numpy as np
import torch
from scipy.ndimage import binary_closing, binary_opening, gaussian_filter1d, maximum_filter1d
from scipy.spatial.transform import Rotation

from justlmd.body.torch_kinematics import joint_frames
from justlmd.core.clock import FPS
from justlmd.core.rotations import swing, unit_vectors

HIPS, KNEES, ANKLES, TOES = (1, 2), (4, 5), (7, 8), (10, 11)  # left, right
NEAR_FLOOR = 0.05  # m above its own lowest level at which an ankle and a toe may stand
STILL = 0.5  # m/s, of the slower of the two; slower steps on the floor count as slips
SMOOTHING = 1.0  # frames; recovered feet tremble
SHORTEST = 5  # frames of a contact
STEP_FRAMES = 10  # a foot takes at least so long from one place to another
SMALL_STEP = 0.02  # m; nearer places count as one
LEAVING = 6  # frames in which a foot leaves the floor or comes back to it, and does not go elsewhere yet
LIFT, LIFT_PER_M, HIGHEST = 0.03, 0.25, 0.1  # m: how high a foot comes on a step that it does not take by itself
LONGEST_LEG = 0.998  # of thigh and shank; a straight knee has no direction in which to bend


def standing_feet(joints: np.ndarray) -> np.ndarray:
    """Whether the left and the right foot of a dance (T, 24, 3) stand, (T, 2)."""
    standing = []
    for ankle, toe in zip(ANKLES, TOES, strict=True):
        pair = gaussian_filter1d(joints[:, [ankle, toe]], SMOOTHING, axis=0, mode="nearest")
        low = (pair[..., 1] - np.percentile(pair[..., 1], 10, axis=0) < NEAR_FLOOR).all(1)
        speed = np.linalg.norm(np.gradient(pair, axis=0), axis=-1).min(1) * FPS
        held = np.pad(low & (speed < STILL), 3, mode="edge")
        still = binary_closing(binary_opening(held, np.ones(3)), np.ones(3))[3:-3]
        for first, last in runs(still):
            if last - first < SHORTEST:
                still[first:last] = False
        standing.append(still)
    return np.stack(standing, axis=1)


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """First and last (exclusive) index of each stretch of true values in (T,) flags."""
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False].astype(int)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def minimum_jerk(share: np.ndarray) -> np.ndarray:
    """The smoothest way from 0 to 1 (Flash & Hogan 1985): without speed and acceleration at both ends."""
    share = np.clip(share, 0, 1)
    return share**3 * (10 - 15 * share + 6 * share**2)


def lock_feet(
    rotations: np.ndarray, pelvis: np.ndarray, standing: np.ndarray, rest_joints: np.ndarray, sole: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Hold standing feet where they stand, on the floor, and all others above it.

    Parameters
    ----------
    rotations : (T, 24, 3, 3), each joint to its parent.
    pelvis : (T, 3) its position.
    standing : (T, 2) whether the left and the right foot stand.
    rest_joints : (24, 3) of the body.
    sole : (2,) heights of ankle and toe below which they do not go.

    Returns
    -------
    Rotations and pelvis of the same shapes: hips, knees and ankles are changed, and the pelvis lowered where a leg is
    too short.
    """
    world, joints = _frames(rotations, pelvis, rest_joints)
    targets = np.stack([joints[:, ankle] for ankle in ANKLES], axis=1)
    for side in (0, 1):
        above = (joints[:, [ANKLES[side], TOES[side]], 1] - sole).min(1)
        offset = _hold(targets[:, side], above, standing[:, side])
        targets[:, side] += offset
        targets[:, side, 1] += _lift(above + offset[:, 1])
    rotations, pelvis = rotations.copy(), pelvis.copy()
    legs = [_lengths(rest_joints, side) for side in (0, 1)]
    drop = _needed_drop(joints[:, list(HIPS)], targets, [LONGEST_LEG * sum(lengths) for lengths in legs])
    pelvis[:, 1] -= drop
    lowered = joints - drop[:, None, None] * [0, 1, 0]
    for side in (0, 1):
        _reach(rotations, world, lowered, side, targets[:, side], legs[side])
    return rotations, pelvis


def _frames(rotations: np.ndarray, pelvis: np.ndarray, rest_joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    arguments = (torch.from_numpy(np.asarray(value, np.float64)) for value in (rotations, pelvis, rest_joints))
    world, joints = joint_frames(*arguments)
    return world.numpy(), joints.numpy()


def _lengths(rest_joints: np.ndarray, side: int) -> tuple[float, float]:
    hip, knee, ankle = rest_joints[[HIPS[side], KNEES[side], ANKLES[side]]]
    return float(np.linalg.norm(knee - hip)), float(np.linalg.norm(ankle - knee))


def _hold(ankle: np.ndarray, above: np.ndarray, standing: np.ndarray) -> np.ndarray:
    """How far (T, 3) an ankle must move to stand still in each contact, and to step softly from one to the next.

    ``above`` (T,) is how far its foot is above the floor.
    """
    offset = np.zeros_like(ankle)
    contacts = _steps(ankle, runs(standing))
    for first, last in contacts:
        offset[first:last] = (_place(ankle, first, last) - ankle[first:last]) * [1, 0, 1]
        offset[first:last, 1] = -above[first:last]
    ends = [(0, 0), *contacts, (len(ankle), len(ankle))]
    for (_, left), (landed, _) in pairwise(ends):
        before = offset[left - 1] if left else np.zeros(3)
        after = offset[landed] if landed < len(ankle) else np.zeros(3)
        way = (np.arange(left, landed) - left + 1) / (landed - left + 1)
        offset[left:landed] = before + minimum_jerk(way)[:, None] * (after - before)
        if left and landed < len(ankle):
            start, end = ankle[left - 1] + before, ankle[landed] + after
            distance = float(np.hypot(*(end - start)[[0, 2]]))
            if distance > SMALL_STEP:
                straight = start + minimum_jerk(way)[:, None] * (end - start)
                aside = ankle[left:landed] + offset[left:landed] - straight
                near_floor = 1 - minimum_jerk(np.minimum(way, 1 - way) * (landed - left + 1) / LEAVING)
                offset[left:landed] -= aside * near_floor[:, None] * [1, 0, 1]
                wanted = min(LIFT + LIFT_PER_M * distance, HIGHEST) * np.sin(np.pi * way)
                offset[left:landed, 1] += np.maximum(wanted - above[left:landed] - offset[left:landed, 1], 0)
    smooth = gaussian_filter1d(offset, 1.0, axis=0, mode="nearest")
    for first, last in contacts:  # smoothed there, it would leave the foot what trembles
        smooth[first + 1 : last - 1] = offset[first + 1 : last - 1]
    return smooth


def _place(ankle: np.ndarray, first: int, last: int) -> np.ndarray:
    return np.median(ankle[first:last], axis=0)


def _steps(ankle: np.ndarray, contacts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The contacts, shortened where a foot would have no time for the step to the next; nearly equal places are one."""
    found = contacts[:1]
    for first, last in contacts[1:]:
        before = found[-1]
        missing = STEP_FRAMES - (first - before[1])
        if missing > 0:
            step = (_place(ankle, first, last) - _place(ankle, *before))[[0, 2]]
            if np.hypot(*step) <= SMALL_STEP:
                found[-1] = (before[0], last)
                continue
            earlier = min((missing + 1) // 2, max(before[1] - before[0] - 3, 0))
            later = min(missing - earlier, max(last - first - 3, 0))
            found[-1], first = (before[0], before[1] - max(earlier, 0)), first + max(later, 0)
        found.append((first, last))
    return found


def _lift(above: np.ndarray) -> np.ndarray:
    """How far (T,) a foot must rise out of the floor, softly."""
    return gaussian_filter1d(maximum_filter1d(np.maximum(-above, 0), 5, mode="nearest"), 1.5, mode="nearest")


def _needed_drop(hips: np.ndarray, ankles: np.ndarray, lengths: list[float]) -> np.ndarray:
    """How far (T,) the pelvis must come down so that both legs reach: hips and ankles are (T, 2, 3)."""
    flat = ((hips - ankles)[..., [0, 2]] ** 2).sum(-1)
    highest = ankles[..., 1] + np.sqrt(np.maximum(np.square(lengths) - flat, 0.01))
    drop = np.maximum(hips[..., 1] - highest, 0).max(1)
    return gaussian_filter1d(maximum_filter1d(drop, 5, mode="nearest"), 1.5, mode="nearest")


def _reach(
    rotations: np.ndarray,
    world: np.ndarray,
    joints: np.ndarray,
    side: int,
    target: np.ndarray,
    lengths: tuple[float, float],
) -> None:
    """Change hip, knee and ankle in ``rotations`` so that the ankle of ``joints`` comes to ``target`` (T, 3).

    The knee bends by the law of cosines in the plane in which it is bent; a straight one about its own axis. Then the
    whole leg swings. The foot stays turned as it was.
    """
    hip, knee, ankle = (joints[:, joint[side]] for joint in (HIPS, KNEES, ANKLES))
    thigh, shank, foot = (world[:, joint[side]] for joint in (HIPS, KNEES, ANKLES))
    old = np.linalg.norm(ankle - hip, axis=1)
    shortest = 1.05 * abs(lengths[0] - lengths[1]) + 0.01
    new = np.linalg.norm(target - hip, axis=1).clip(shortest, LONGEST_LEG * sum(lengths))
    opening = [_angle(new, *pair) - _angle(old, *pair) for pair in (lengths, lengths[::-1])]
    # Knees flex about +x: from the line to the ankle the thigh then lies to the side of -x.
    bent = np.cross(ankle - hip, knee - hip) - 0.02 * lengths[0] * lengths[1] * thigh[..., 0]
    line = unit_vectors(ankle - hip)
    normal = unit_vectors(bent - (bent * line).sum(1, keepdims=True) * line)
    swung = swing(ankle - hip, target - hip)
    thigh = (swung * Rotation.from_rotvec(normal * opening[0][:, None])).as_matrix() @ thigh
    shank = (swung * Rotation.from_rotvec(-normal * opening[1][:, None])).as_matrix() @ shank
    rotations[:, HIPS[side]] = np.swapaxes(world[:, 0], -1, -2) @ thigh
    rotations[:, KNEES[side]] = np.swapaxes(thigh, -1, -2) @ shank
    rotations[:, ANKLES[side]] = np.swapaxes(shank, -1, -2) @ foot


def _angle(distance: np.ndarray, near: float, far: float) -> np.ndarray:
    """Angle (T,) between the line from hip to ankle and the bone ``near``, by the law of cosines."""
    cosine = (near**2 + distance**2 - far**2) / (2 * near * distance)
    return np.arccos(np.clip(cosine, -1, 1))
