"""The joints of a human skeleton whose names say nothing: two like legs below, two like arms and a head above."""

import numpy as np

from justlmd.motion.importers.bvh_file import BvhFile
from justlmd.motion.importers.skeleton_names import side_and_word

LIKE = 0.8
"""Two chains are a pair when the shorter has this share of the longer's length."""


def by_structure(file: BvhFile, places: np.ndarray) -> dict[str, int]:
    """Numbers of the file's joints by SMPL's names, empty where there are no two pairs of limbs.

    ``places`` (T, J, 3) are the joints' positions. The like chains nearest to the root are legs, the next ones arms;
    the longer ones are legs where both hang on one joint. Sides are those that names give, else left is what comes
    first: knees and toes will say whether it is.
    """
    bones = np.array(
        [
            0.0 if joint.parent < 0 else float(np.linalg.norm(places[:, n] - places[:, joint.parent], axis=-1).mean())
            for n, joint in enumerate(file.joints)
        ]
    )
    children: list[list[int]] = [[] for _ in file.joints]
    for number, joint in enumerate(file.joints):
        if joint.parent >= 0:
            children[joint.parent].append(number)
    reach = bones.copy()  # length of the longest way from above a joint to a tip
    for number in range(len(file.joints) - 1, -1, -1):
        reach[number] += max((reach[child] for child in children[number]), default=0.0)
    size = float(reach.max())
    pairs = []  # of like chains, and how deep the joint lies that they hang on
    for number in range(len(file.joints)):
        chains = [child for child in _below(number, children, bones) if reach[child] > 0.2 * size]
        while (pair := _like(chains, reach)) is not None:
            pairs.append((len(file.above(number)), -reach[pair[0]] - reach[pair[1]], pair))
            chains = [chain for chain in chains if chain not in pair]
    if len(pairs) < 2:
        return {}
    (_, _, legs), (_, _, arms) = sorted(pairs)[:2]
    found: dict[str, int] = {}
    for pair, parts in ((legs, ("hip", "knee", "ankle")), (arms, ("shoulder", "elbow", "wrist"))):
        for side, first in zip(_sides(file, pair), pair, strict=True):
            limb = _limb(first, children, bones, reach)
            if len(limb) < 3:
                return {}
            found |= {f"{side}_{part}": number for part, number in zip(parts, limb, strict=True)}
    shared = set(file.above(found["left_shoulder"])) & set(file.above(found["right_shoulder"]))
    chest = max(shared, key=lambda number: len(file.above(number)))
    others = [
        n for n in _below(chest, children, bones) if not {found["left_wrist"], found["right_wrist"]} & _all(n, children)
    ]
    if others:  # the head is the last joint on the way that is not an arm
        path = _way(max(others, key=lambda n: reach[n]), children, reach)
        joints = [n for n in path if not file.joints[n].end]
        found["head"] = joints[min(1, len(joints) - 1)] if len(joints) < 4 else joints[-2]
    return found


def _below(number: int, children: list[list[int]], bones: np.ndarray) -> list[int]:
    """Children of a joint, through those that coincide with it."""
    found, open_ = [], children[number][::-1]
    while open_:
        child = open_.pop()
        if bones[child] < 1e-6 * bones.max() and children[child]:
            open_ += children[child][::-1]
        else:
            found.append(child)
    return found


def _like(chains: list[int], reach: np.ndarray) -> tuple[int, int] | None:
    """The two of the chains whose lengths are most alike, if they are."""
    pairs = [
        (min(reach[one], reach[other]) / max(reach[one], reach[other]), (one, other))
        for n, one in enumerate(chains)
        for other in chains[n + 1 :]
    ]
    share, pair = max(pairs, default=(0.0, None))
    return pair if share >= LIKE else None


def _way(number: int, children: list[list[int]], reach: np.ndarray) -> list[int]:
    """The longest way from a joint to a tip."""
    way = [number]
    while children[way[-1]]:
        way.append(max(children[way[-1]], key=lambda child: reach[child]))
    return way


def _all(number: int, children: list[list[int]]) -> set[int]:
    found, open_ = set(), [number]
    while open_:
        found.add(open_[-1])
        open_ += children[open_.pop()]
    return found


def _limb(first: int, children: list[list[int]], bones: np.ndarray, reach: np.ndarray) -> list[int]:
    """Start of the limb's two longest bones that follow each other, joint between, and end."""
    way = _way(first, children, reach)
    way = [number for n, number in enumerate(way) if n == 0 or bones[number] > 1e-6 * bones.max()]
    if len(way) < 3:
        return []
    best = max(range(len(way) - 2), key=lambda n: min(bones[way[n + 1]], bones[way[n + 2]]))
    return way[best : best + 3]


def _sides(file: BvhFile, pair: tuple[int, int]) -> tuple[str, str]:
    named = [side_and_word(file.joints[number].name)[0] for number in pair]
    return ("right", "left") if named[0] == "right" or named[1] == "left" else ("left", "right")
