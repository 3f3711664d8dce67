"""BVH files as they are: the tree of joints, the numbers of every frame, and where the joints are then.

A reader of its own: bvhio, which the tests check our files with, never returns from a file that was cut off.
"""

import re
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.core.errors import InputError

MAX_JOINTS = 2000
"""No skeleton has more; a file with more is not one."""


@dataclass(frozen=True)
class BvhJoint:
    """A joint: its parent's number (-1: none), its OFFSET from it, the names of its channels and their first column.

    An End Site is a joint without channels, too, named after its parent.
    """

    name: str
    parent: int
    column: int
    end: bool = False
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    channels: list[str] = field(default_factory=list)

    def rotation(self, values: np.ndarray) -> Rotation:
        """Rotations relative to the parent, (T,), from the file's numbers (T, columns)."""
        found = [n for n, channel in enumerate(self.channels) if channel.lower().endswith("rotation")]
        if not found:
            return Rotation.identity(len(values))
        order = "".join(self.channels[n][0].upper() for n in found)  # the order of the channels is that of the product
        return Rotation.from_euler(order, values[:, [self.column + n for n in found]], degrees=True)

    def place(self, values: np.ndarray) -> np.ndarray:
        """Position relative to the parent, (T, 3): the channels' where there are any, else the offset."""
        place = np.tile(self.offset, (len(values), 1))
        for n, channel in enumerate(self.channels):
            if channel.lower().endswith("position"):
                place[:, "xyz".index(channel[0].lower())] = values[:, self.column + n]
        return place


@dataclass(frozen=True)
class BvhFile:
    """``joints`` in the order of the file, parents first; ``values`` (T, columns); ``fps``."""

    joints: list[BvhJoint]
    values: np.ndarray
    fps: float

    def posed(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Orientations (T, J, 3, 3) and positions (T, J, 3) of all joints in the file's axes and unit."""
        turns = np.empty((len(values), len(self.joints), 3, 3))
        places = np.empty((len(values), len(self.joints), 3))
        for number, joint in enumerate(self.joints):
            turn, place = joint.rotation(values).as_matrix(), joint.place(values)
            if joint.parent >= 0:
                above = turns[:, joint.parent]
                turn = above @ turn
                place = places[:, joint.parent] + (above @ place[..., None])[..., 0]
            turns[:, number], places[:, number] = turn, place
        return turns, places

    def rest(self) -> np.ndarray:
        """Positions (J, 3) of the joints when nothing is turned."""
        places = np.zeros((len(self.joints), 3))
        for number, joint in enumerate(self.joints):
            places[number] = joint.offset + (places[joint.parent] if joint.parent >= 0 else 0)
        return places

    def above(self, number: int) -> list[int]:
        """The joint ``number`` and all that it hangs on, up to the root."""
        found = [number]
        while self.joints[found[-1]].parent >= 0:
            found.append(self.joints[found[-1]].parent)
        return found


def parse_bvh(text: str) -> BvhFile:
    """The content of a BVH file.

    Raises InputError when it is damaged or cut off.
    """
    hierarchy, _, motion = re.sub(r"(?m)^\s*MOTION\s*$", "\0", text.replace("\0", ""), count=1).partition("\0")
    joints = _hierarchy(re.sub(r"([{}])", r" \1 ", hierarchy).split())
    values, fps = _frames(motion, sum(len(joint.channels) for joint in joints))
    return BvhFile(joints, values, fps)


def _hierarchy(words: list[str]) -> list[BvhJoint]:
    """The joints in the order of their channels."""
    joints: list[BvhJoint] = []
    open_blocks: list[int] = []  # numbers of joints
    at, columns = 0, 0
    try:
        while at < len(words):
            word = words[at].upper()
            if word in ("ROOT", "JOINT", "END"):
                brace = words.index("{", at, at + 40)
                parent = open_blocks[-1] if open_blocks else -1
                end = word == "END"
                name = f"{joints[parent].name} end" if end and parent >= 0 else " ".join(words[at + 1 : brace])
                joints.append(BvhJoint(name, parent, columns, end))
                open_blocks.append(len(joints) - 1)
                if len(joints) > MAX_JOINTS:
                    raise InputError(f"its HIERARCHY has more than {MAX_JOINTS} joints")
                at = brace + 1
            elif word == "OFFSET":
                joints[open_blocks[-1]].offset[:] = [float(value) for value in words[at + 1 : at + 4]]
                at += 4
            elif word == "CHANNELS":
                channels = words[at + 2 : at + 2 + int(words[at + 1])]
                joint = joints[open_blocks[-1]]
                if wrong := [name for name in channels if not re.fullmatch(r"(?i)[xyz](position|rotation)", name)]:
                    raise InputError(f"joint {joint.name} has a channel {wrong[0][:40]!r}")
                kinds = [name.lower() for name in channels]
                if joint.channels or len(set(kinds)) < len(kinds):
                    raise InputError(f"joint {joint.name} has a channel twice")
                joint.channels.extend(channels)
                columns, at = columns + len(channels), at + 2 + len(channels)
            elif word == "}":
                open_blocks.pop()
                at += 1
            else:
                at += 1  # HIERARCHY, and what some programs add
    except (IndexError, ValueError) as error:
        raise InputError(f"its HIERARCHY is damaged near {' '.join(words[at : at + 3])[:60]!r}") from error
    if open_blocks or not joints:
        raise InputError("its HIERARCHY is cut off")
    return joints


def _frames(motion: str, columns: int) -> tuple[np.ndarray, float]:
    """The numbers (T, columns) of the MOTION part and frames per second."""
    head = re.match(r"\s*Frames:\s*([0-9]{1,9})\s+Frame\s+Time:\s*(\S+)", motion, re.IGNORECASE)
    if head is None:
        raise InputError("has no MOTION with Frames and Frame Time")
    try:
        count, step = int(head[1]), float(head[2])
        words = motion[head.end() :].split()
        if not count or not columns or len(words) != count * columns:
            raise InputError(
                f"says {count} frames of {columns} numbers, but {len(words)} numbers follow: is it cut off?"
            )
        values = np.array(words, float).reshape(count, columns)
    except ValueError as error:
        raise InputError(f"its MOTION holds what is no number ({str(error)[:60]})") from error
    fps = 1 / step if step > 0 else 0.0
    whole = round(fps) if fps < 1e6 else 0  # 0.0333333 s is meant to be 30 frames/s
    return values, float(whole) if abs(fps - whole) < 2e-4 * whole else fps
