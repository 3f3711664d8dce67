"""A BVH file's skeleton as a standing person's: which joint is which, y up, in metres of the body's size."""

import re
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.model import JOINT_NAMES, Body
from justlmd.core.errors import InputError
from justlmd.core.rotations import unit_vectors
from justlmd.motion.importers.bvh_file import BvhFile
from justlmd.motion.importers.retarget import Skeleton
from justlmd.motion.importers.skeleton_names import by_name
from justlmd.motion.importers.skeleton_structure import by_structure

NEEDED = ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
"""Joints that a human skeleton has on either side."""

PROPORTIONS = {
    "thigh / shank": (0.5, 2.0),
    "upper arm / forearm": (0.5, 2.0),
    "arm / leg": (0.35, 1.15),
    "torso / leg": (0.25, 1.4),
    "shoulders / torso": (0.15, 1.6),
    "left / right leg": (0.8, 1.25),
    "left / right arm": (0.8, 1.25),
}
"""Between which a person's proportions lie, drawn figures included."""

MOST_ON_FOURS = 100.0
"""Degrees between torso and legs on average: who bends more all the time walks on four feet."""


def human_skeleton(file: BvhFile, body: Body, names: Mapping[str, str] | None = None) -> Skeleton:
    """The motion of a file, its frames all finite, as :func:`~justlmd.motion.importers.retarget.retargeted` takes it.

    ``names`` as in :func:`~justlmd.motion.importers.skeleton_names.human_joints`. The file's length unit does not
    matter: the legs get the length of the legs of ``body``.

    Raises InputError when the skeleton is not a human one.
    """
    if not len(file.values):
        raise InputError("no frame of it is finite")
    turns, places = file.posed(file.values)
    rest = file.rest()
    if not (np.isfinite(places).all() and np.isfinite(rest).all() and np.abs(places).max() < 1e9):
        raise InputError("its joints lie at no finite place")
    joints = human_joints(file, places, names)
    _refuse_others(places, joints)
    joints = _sides_as_they_bend(places, joints, given=bool(names))
    turn = _to_y_up(places, rest, joints)
    legs = _length(body.rest_joints()[None], _LEGS_OF_SMPL)
    scale = legs / _length(places, [[joints[name] for name in leg] for leg in _LEGS])
    return Skeleton(joints, turn @ turns, scale * places @ turn.T, scale * rest @ turn.T)


_LEGS = [[f"{side}_{part}" for part in ("hip", "knee", "ankle")] for side in ("left", "right")]
_LEGS_OF_SMPL = [[JOINT_NAMES.index(name) for name in leg] for leg in _LEGS]
_ARMS = [[f"{side}_{part}" for part in ("shoulder", "elbow", "wrist")] for side in ("left", "right")]


def _length(places: np.ndarray, chains: list[list[int]]) -> float:
    """Mean length of chains of joints, from the median over time of each bone."""
    bones = [np.linalg.norm(places[:, far] - places[:, near], axis=-1) for c in chains for near, far in pairwise(c)]
    return float(np.median(bones, axis=1).sum()) / len(chains)


def _refuse_others(places: np.ndarray, joints: dict[str, int]) -> None:
    """Raise InputError where the proportions or the posture are no person's."""

    def length(*names: str) -> float:
        return _length(places, [[joints[name] for name in names]])

    left, right = (_length(places, [[joints[n] for n in chain] for chain in (_LEGS[k],)]) for k in (0, 1))
    arms = [length(*chain) for chain in _ARMS]
    middle = [
        (places[:, joints[f"left_{part}"]] + places[:, joints[f"right_{part}"]]) / 2
        for part in ("hip", "shoulder", "ankle")
    ]
    torso = float(np.median(np.linalg.norm(middle[1] - middle[0], axis=-1)))
    found = {
        "thigh / shank": (length("left_hip", "left_knee"), length("left_knee", "left_ankle")),
        "upper arm / forearm": (length("left_shoulder", "left_elbow"), length("left_elbow", "left_wrist")),
        "arm / leg": (sum(arms), left + right),
        "torso / leg": (torso, left),
        "shoulders / torso": (length("left_shoulder", "right_shoulder"), torso),
        "left / right leg": (left, right),
        "left / right arm": (arms[0], arms[1]),
    }
    for name, (one, other) in found.items():
        low, high = PROPORTIONS[name]
        if not low * other <= one <= high * other or other <= 0:
            raise InputError(
                f"no human skeleton: {name} is {one / max(other, 1e-9):.2f} (a person's: {low:g} to {high:g})"
            )
    torso_up, legs_down = unit_vectors(middle[1] - middle[0]), unit_vectors(middle[2] - middle[0])
    angle = float(np.degrees(np.arccos(np.clip((torso_up * legs_down).sum(-1), -1, 1))).mean())
    if angle < MOST_ON_FOURS:
        raise InputError(f"no human skeleton: torso and legs stand at {angle:.0f} degrees on average, as on four feet")


def _sides_as_they_bend(places: np.ndarray, joints: dict[str, int], given: bool) -> dict[str, int]:
    """Left and right exchanged where toes and knees say that the names mean the other side."""

    def line(near: str, far: str) -> np.ndarray:
        return unit_vectors(places[:, joints[far]] - places[:, joints[near]])

    votes = []
    for side in ("left", "right"):
        thigh, shank = line(f"{side}_hip", f"{side}_knee"), line(f"{side}_knee", f"{side}_ankle")
        left = [np.cross(thigh, shank)]  # knees bend backwards
        if f"{side}_foot" in joints:
            left.append(np.cross(line(f"{side}_ankle", f"{side}_foot"), shank))  # toes point forward
        votes += [(normal * line("right_hip", "left_hip")).sum(-1).mean() for normal in left]
    if given or sum(votes) > -0.2:
        return joints
    other = {"left": "right", "right": "left"}
    return {re.sub("^(left|right)", lambda found: other[found[1]], name): number for name, number in joints.items()}


def _to_y_up(places: np.ndarray, rest: np.ndarray, joints: dict[str, int]) -> np.ndarray:
    """The quarter turns (3, 3) that make the axis y along which the body stands: while it moves, else at rest."""

    def stands(at: np.ndarray) -> np.ndarray:
        top = at[..., joints["left_shoulder"], :] + at[..., joints["right_shoulder"], :]
        return unit_vectors(top - at[..., joints["left_ankle"], :] - at[..., joints["right_ankle"], :])

    moving, resting = stands(places).mean(0), stands(rest)
    upright = moving if np.abs(moving).max() > 0.5 or np.abs(resting).max() < 0.8 else resting
    axis = int(np.abs(upright).argmax())
    up = np.sign(upright[axis]) * np.eye(3)[axis]
    return Rotation.align_vectors([[0, 1, 0]], [up])[0].as_matrix().round()


def human_joints(file: BvhFile, places: np.ndarray, names: Mapping[str, str] | None = None) -> dict[str, int]:
    """Numbers of a file's joints by SMPL's names.

    Parameters
    ----------
    file
        The skeleton.
    places
        (T, J, 3) positions of its joints over time, in any axes and unit.
    names
        SMPL's joint (``left_knee``) to the file's name of it, where the rules shall not decide.

    Returns
    -------
    Hips, knees, ankles, shoulders, elbows, wrists, ``pelvis`` (which carries the hips) and ``spine3`` (which carries
    the shoulders); where there are such: collars, feet, hands, neck and head.

    Raises
    ------
    InputError
        The skeleton is not a human one, or ``names`` names a joint that neither side has.
    """
    given = _given(file, names or {})
    found = by_name(file) | given
    if not _complete(file, found):
        found = by_structure(file, places) | given or found
    if not _complete(file, found):
        missing = [f"{side}_{part}" for side in ("left", "right") for part in NEEDED if f"{side}_{part}" not in found]
        what = f"{', '.join(missing[:4])} not found" if missing else "its limbs do not hang together as a person's"
        raise InputError(
            f"no human skeleton: {what}",
            next_step='name its joints in NAME.joints.json beside NAME.bvh, such as {"left_hip": "Bone07"}',
        )
    _add_torso(file, places, found)
    return found


def _complete(file: BvhFile, found: dict[str, int]) -> bool:
    """Whether all needed joints are there and hang in the right order below one another."""
    for side in ("left", "right"):
        for chain in (("hip", "knee", "ankle"), ("shoulder", "elbow", "wrist")):
            numbers = [found.get(f"{side}_{part}", -1) for part in chain]
            if min(numbers) < 0:
                return False
            if any(up not in file.above(low)[1:] for up, low in pairwise(numbers)):
                return False
    return True


def _given(file: BvhFile, names: Mapping[str, str]) -> dict[str, int]:
    numbers = {joint.name: number for number, joint in reversed(list(enumerate(file.joints)))}
    for ours, theirs in names.items():
        if ours not in JOINT_NAMES or theirs not in numbers:
            raise InputError(
                f"the joint names given for it say that {ours[:40]} is {theirs[:40]!r}",
                next_step=f"give SMPL's joints ({', '.join(JOINT_NAMES[:5])}, ...) and names that stand in the file",
            )
    return {ours: numbers[theirs] for ours, theirs in names.items()}


def _common(file: BvhFile, numbers: list[int]) -> int:
    """The lowest joint that all of ``numbers`` hang on."""
    shared = set.intersection(*(set(file.above(number)) for number in numbers))
    if not shared:
        raise InputError("no human skeleton: its limbs hang on several roots")
    return max(shared, key=lambda number: len(file.above(number)))


def _add_torso(file: BvhFile, places: np.ndarray, found: dict[str, int]) -> None:
    """Add pelvis, chest (``spine3``), neck, head, and drop what does not lie where its name says."""
    found.setdefault("pelvis", _common(file, [found["left_hip"], found["right_hip"]]))
    found.setdefault("spine3", _common(file, [found["left_shoulder"], found["right_shoulder"]]))
    leg = float(np.linalg.norm(places[:, found["left_hip"]] - places[:, found["left_knee"]], axis=-1).mean())
    for side in ("left", "right"):
        for part, above in (("collar", "shoulder"), ("foot", "ankle"), ("hand", "wrist")):
            name, near = f"{side}_{part}", found[f"{side}_{above}"]
            number = found.get(name, -1)
            wanted = file.above(near)[1:] if part == "collar" else [n for n in range(near, len(file.joints))]
            apart = np.linalg.norm(places[:, number] - places[:, near], axis=-1).mean() > 0.05 * leg
            hangs = number in wanted if part == "collar" else near in file.above(number)[1:]
            if number >= 0 and hangs and apart and number != found["spine3"]:
                continue
            found.pop(name, None)
            if part != "collar" and (tip := _farthest(file, places, near, 0.05 * leg)) is not None:
                found[name] = tip
    head = found.get("head", -1)
    if head < 0 or found["spine3"] not in file.above(head):
        found.pop("head", None)
        return
    path = file.above(head)[: file.above(head).index(found["spine3"])][::-1]  # from above the chest up to the head
    clear = [n for n in path if np.linalg.norm(places[:, n] - places[:, found["spine3"]], axis=-1).mean() > 0.1 * leg]
    found.setdefault("neck", (clear or path)[0])


def _farthest(file: BvhFile, places: np.ndarray, near: int, least: float) -> int | None:
    """The child (or End Site) of a joint that lies farthest from it, by more than ``least``."""
    children = [number for number, joint in enumerate(file.joints) if joint.parent == near]
    far = {n: float(np.linalg.norm(places[:, n] - places[:, near], axis=-1).mean()) for n in children}
    best = max(far, key=far.__getitem__, default=None)
    return best if best is not None and far[best] > least else None
