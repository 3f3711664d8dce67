"""Motion of any human skeleton on SMPL's joints: other names, other bones, other rest poses, axes and units.

Limbs take the source's directions exactly; lengths are the body's. How far a limb is turned about itself (its twist)
follows the source's joint, whose zero is found once for the whole file: from the rest pose where that is a standing
person, else from the motion itself, in which knees and elbows bend one way only.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.model import JOINT_NAMES, PARENTS, Body
from justlmd.core.rotations import frames_of_axes, swing, unit_vectors

LIMBS = {
    "hip": ("knee", (1.0, 0, 0)),
    "knee": ("ankle", None),
    "shoulder": ("elbow", (0, -1.0, 0)),
    "elbow": ("wrist", None),
    "wrist": ("hand", None),
}
"""Joint that turns: the joint at its bone's far end, and the axis about which that one bends on the left side."""

_UP = np.array([0.0, 1, 0])
MOST_TWIST_OF_REST = np.deg2rad(35)
"""The twist of a standing rest pose is believed unless the bends of the next joint say that it is off by more."""


@dataclass(frozen=True)
class Skeleton:
    """A source's motion: ``joints`` numbers by SMPL's names, ``turns`` (T, J, 3, 3) and ``places`` (T, J, 3) with y up
    in metres of the body's size, ``rest`` (J, 3) the places when nothing is turned."""

    joints: dict[str, int]
    turns: np.ndarray
    places: np.ndarray
    rest: np.ndarray

    def turn(self, joint: str) -> Rotation:
        return Rotation.from_matrix(self.turns[:, self.joints[joint]])

    def at(self, joint: str) -> np.ndarray:
        return self.places[:, self.joints[joint]]

    def line(self, near: str, far: str, rest: bool = False) -> np.ndarray:
        """From one joint to another, (T, 3), or (3,) in the rest pose."""
        numbers = self.joints[near], self.joints[far]
        return self.rest[numbers[1]] - self.rest[numbers[0]] if rest else self.at(far) - self.at(near)

    def across(self, part: str, rest: bool = False) -> np.ndarray:
        """From the right joint of a kind to the left, (T, 3) or (3,); from shoulder to shoulder where hips coincide."""
        if np.linalg.norm(self.line("right_hip", "left_hip", rest=True)) < 0.02:
            part = "shoulder"
        return self.line(f"right_{part}", f"left_{part}", rest)

    def torso(self, rest: bool = False) -> np.ndarray:
        """From the middle of the hips to the middle of the shoulders, (T, 3) or (3,)."""
        pairs = [
            self.line(f"{side}_hip", f"{other}_shoulder", rest)
            for side, other in (("left", "right"), ("right", "left"))
        ]
        return (pairs[0] + pairs[1]) / 2


def retargeted(source: Skeleton, body: Body) -> tuple[np.ndarray, np.ndarray]:
    """Axis-angle poses (T, 72), the root's first, and pelvis positions (T, 3) in metres, y up, of ``body``."""
    rest = {name: place for name, place in zip(JOINT_NAMES, body.rest_joints(), strict=True)}
    standing = _standing_rest(source, rest)
    turn = _torso(source, rest, standing)
    for side in ("left", "right"):
        parent, zero = turn["spine3"], standing
        turn[f"{side}_collar"] = _collar(source, rest, turn["spine3"], side)
        for joint in ("shoulder", "elbow", "wrist"):
            parent = turn[f"{side}_collar"] if joint == "shoulder" else parent
            parent, zero = _limb(source, rest, side, joint, parent, zero)
            turn[f"{side}_{joint}"] = parent
        parent, zero = turn["pelvis"], standing
        for joint in ("hip", "knee"):
            parent, zero = _limb(source, rest, side, joint, parent, zero)
            turn[f"{side}_{joint}"] = parent
        turn[f"{side}_ankle"] = _foot(source, rest, side, parent, standing)
    poses = [turn["pelvis"].as_rotvec()]
    for joint, above in (
        (name, JOINT_NAMES[parent]) for name, parent in zip(JOINT_NAMES[1:], PARENTS[1:], strict=True)
    ):
        here = turn.setdefault(joint, turn[above])
        poses.append((turn[above].inv() * here).as_rotvec())
    hips = (source.at("left_hip") + source.at("right_hip")) / 2
    middle = (rest["left_hip"] + rest["right_hip"]) / 2
    return np.concatenate(poses, axis=1), hips + turn["pelvis"].apply(rest["pelvis"] - middle)


def _standing_rest(source: Skeleton, rest: dict[str, np.ndarray]) -> Rotation | None:
    """From SMPL's rest pose to the source's, where that is a person standing upright; None where it is not."""
    up, across = source.torso(rest=True), source.across("hip", rest=True)
    if np.linalg.norm(np.cross(unit_vectors(up), unit_vectors(across))) < 0.7:
        return None
    ours = frames_of_axes((rest["left_hip"] - rest["right_hip"])[None], _torso_of(rest)[None])[0]
    turn = frames_of_axes(across[None], up[None])[0] * ours.inv()
    for side in ("left", "right"):
        thigh = turn.inv().apply(unit_vectors(source.line(f"{side}_hip", f"{side}_knee", rest=True)))
        shank = turn.inv().apply(unit_vectors(source.line(f"{side}_knee", f"{side}_ankle", rest=True)))
        upper = unit_vectors(source.line(f"{side}_shoulder", f"{side}_elbow", rest=True))
        lower = unit_vectors(source.line(f"{side}_elbow", f"{side}_wrist", rest=True))
        if thigh[1] > -0.75 or shank[1] > -0.75 or upper @ lower < 0.5:
            return None
    return turn


def _torso_of(rest: dict[str, np.ndarray]) -> np.ndarray:
    return (rest["left_shoulder"] + rest["right_shoulder"] - rest["left_hip"] - rest["right_hip"]) / 2


def _fixed(source: Skeleton, joint: str, wanted: Rotation) -> Rotation:
    """The one rotation C for all frames with which the source's joint, turned by C, is nearest to ``wanted`` (T)."""
    return (source.turn(joint).inv() * wanted).mean()


def _fixed_or(known: Rotation | None, source: Skeleton, joint: str, wanted: Rotation) -> Rotation:
    return _fixed(source, joint, wanted) if known is None else known


def _torso(source: Skeleton, rest: dict[str, np.ndarray], standing: Rotation | None) -> dict[str, Rotation]:
    """Orientation of pelvis, spine, neck and head."""
    up, torso = source.torso(), _torso_of(rest)
    turn: dict[str, Rotation] = {}
    for joint, part in (("pelvis", "hip"), ("spine3", "shoulder")):
        ours = frames_of_axes((rest[f"left_{part}"] - rest[f"right_{part}"])[None], torso[None])[0]
        seen = frames_of_axes(source.across(part), up) * ours.inv()
        turn[joint] = source.turn(joint) * _fixed_or(standing, source, joint, seen)
    # Hips that the pelvis does not carry rigidly lie where they are seen.
    turn["pelvis"] = swing(turn["pelvis"].apply([1.0, 0, 0]), source.across("hip")) * turn["pelvis"]
    head = "head" if "head" in source.joints else "neck" if "neck" in source.joints else ""
    turn["head"] = source.turn(head) * _fixed_or(standing, source, head, turn["spine3"]) if head else turn["spine3"]
    turn["neck"] = turn["spine3"] * _part(turn["spine3"].inv() * turn["head"], 0.5)
    between = turn["pelvis"].inv() * turn["spine3"]
    turn["spine1"], turn["spine2"] = (turn["pelvis"] * _part(between, share) for share in (1 / 3, 2 / 3))
    for _ in range(4):  # bend the spine until the shoulders are in the source's direction from the hips
        ends = [
            turn[joint].apply(rest[far] - rest[joint]) for joint, far in (("spine1", "spine2"), ("spine2", "spine3"))
        ]
        middle = (rest["left_hip"] + rest["right_hip"]) / 2
        whole = turn["pelvis"].apply(rest["spine1"] - middle) + ends[0] + ends[1]
        whole = whole + turn["spine3"].apply((rest["left_shoulder"] + rest["right_shoulder"]) / 2 - rest["spine3"])
        missing = unit_vectors(up) * np.linalg.norm(whole, axis=-1, keepdims=True) - whole
        for joint, end in zip(("spine1", "spine2"), ends, strict=True):
            bend = swing(end, end + missing / 2).as_rotvec()
            most = np.linalg.norm(bend, axis=-1, keepdims=True)
            turn[joint] = Rotation.from_rotvec(bend * np.minimum(1, 0.35 / most.clip(1e-9))) * turn[joint]
    return turn


def _part(turn: Rotation, share: float) -> Rotation:
    return Rotation.from_rotvec(share * turn.as_rotvec())


def _collar(source: Skeleton, rest: dict[str, np.ndarray], chest: Rotation, side: str) -> Rotation:
    """The chest's orientation, and what the shoulder moves in the chest beyond its usual place there."""
    near = f"{side}_collar" if f"{side}_collar" in source.joints else "spine3"
    bone = chest.inv().apply(source.line(near, f"{side}_shoulder"))
    return chest * swing(np.broadcast_to(np.median(bone, axis=0), bone.shape), bone)


def _limb(
    source: Skeleton, rest: dict[str, np.ndarray], side: str, part: str, parent: Rotation, zero: Rotation | None
) -> tuple[Rotation, Rotation | None]:
    """Orientation of a joint over time, and in the source's rest pose where that stands (``zero``: its parent's)."""
    far, hinge = LIMBS[part]
    joint, end = f"{side}_{part}", f"{side}_{far}"
    bone = rest[end] - rest[joint]
    if end not in source.joints:
        return source.turn(joint) * _fixed_or(zero, source, joint, parent), zero
    seen = source.line(joint, end)
    if zero is not None:
        fixed = swing(zero.apply(bone), source.line(joint, end, rest=True)) * zero
    else:
        fixed = _fixed(source, joint, swing(parent.apply(bone), seen) * parent)
    if hinge is not None:
        fixed = _twisted(
            source, side, part, fixed, bone, np.array(hinge) * (1 if part == "hip" or side == "left" else -1), zero
        )
    turn = source.turn(joint) * fixed
    return swing(turn.apply(bone), seen) * turn, fixed if zero is not None else None


def _twisted(
    source: Skeleton, side: str, part: str, fixed: Rotation, bone: np.ndarray, hinge: np.ndarray, zero: Rotation | None
) -> Rotation:
    """``fixed`` turned about the bone so that the next joint bends about its ``hinge`` on average over the motion."""
    middle = LIMBS[part][0]
    names = f"{side}_{part}", f"{side}_{middle}", f"{side}_{LIMBS[middle][0]}"
    upper, lower = (unit_vectors(source.line(*pair)) for pair in (names[:2], names[1:]))
    bends = source.turn(names[0]).inv().apply(np.cross(upper, lower)).mean(0)
    along, now = unit_vectors(fixed.apply(bone)), fixed.apply(hinge)
    bends = bends - (bends @ along) * along
    angle = float(np.arctan2(np.cross(now, bends) @ along, now @ bends))
    if np.linalg.norm(bends) < 0.1 or (zero is not None and abs(angle) < MOST_TWIST_OF_REST):
        return fixed  # it hardly bends
    return Rotation.from_rotvec(angle * along) * fixed


def _foot(
    source: Skeleton, rest: dict[str, np.ndarray], side: str, shank: Rotation, standing: Rotation | None
) -> Rotation:
    """Feet are flat where they stand, whatever the direction from the source's ankle to its toes."""
    joint, toes = f"{side}_ankle", f"{side}_foot"
    if toes not in source.joints:
        return source.turn(joint) * _fixed_or(standing, source, joint, shank)
    ahead = rest[toes] - rest[joint]
    ours = frames_of_axes(np.cross(_UP, ahead)[None], _UP[None])[0]
    seen = source.line(joint, toes)
    flat = frames_of_axes(np.cross(_UP, seen), np.broadcast_to(_UP, seen.shape)) * ours.inv()
    height = source.at(toes)[:, 1]
    moved = np.linalg.norm(np.gradient(source.at(toes), axis=0), axis=-1) if len(seen) > 1 else np.zeros(1)
    low = height <= np.percentile(height, 5) + 0.04
    stands = low & (moved <= np.percentile(moved[low], 50))
    fixed = (source.turn(joint)[stands].inv() * flat[stands]).mean()
    return source.turn(joint) * fixed
