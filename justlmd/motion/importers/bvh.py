"""Reading BVH files whose joints carry SMPL's names, as this library, Blender's SMPL add-ons and smpl2bvh write them.

A reader of its own: bvhio, which the tests check our files with, never returns from a file that was cut off.
"""

import re
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.model import JOINT_NAMES, MIXAMO_NAMES, PARENTS, Body
from justlmd.core.errors import InputError
from justlmd.motion.importers.notes import Notes
from justlmd.motion.importers.source import MEASURED, Y_UP, Z_UP, SourceMotion
from justlmd.motion.motion import Y_TO_Z_UP

UNITS_M = (1.0, 0.01, 0.001, 0.0254)
"""Units that files are in: metres, centimetres, millimetres, inches. The length of the legs decides."""

MAX_REST_ANGLE = 30.0
"""Degrees by which a limb at rest may point elsewhere than SMPL's; beyond, equal angles are different postures."""

NEEDED = 22  # joints of SMPL that a file must have; its two hand joints move nothing that we measure


@dataclass(frozen=True)
class BvhJoint:
    """A joint: its parent's number (-1: none), its OFFSET from it, the names of its channels and their first column."""

    name: str
    parent: int
    column: int
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


def read_bvh(text: str, body: Body, notes: Notes | None = None) -> SourceMotion:
    """The motion of a BVH file; the lengths of its bones are left to ``body``.

    The ``notes`` of a file of ours say whether the whole figure was turned to stand along z, and whether its joints
    have Mixamo's names.

    Raises InputError when it is cut off, when joints of SMPL are missing or hang on others than SMPL's, or when its
    limbs at rest point elsewhere than SMPL's, so that the same angles would mean another posture.
    """
    hierarchy, _, motion = re.sub(r"(?m)^\s*MOTION\s*$", "\0", text.replace("\0", ""), count=1).partition("\0")
    joints = _hierarchy(re.sub(r"([{}])", r" \1 ", hierarchy).split())
    if notes and notes.joint_names == "mixamo":
        ours = dict(zip(MIXAMO_NAMES, JOINT_NAMES, strict=True))
        joints = [replace(joint, name=ours.get(joint.name, joint.name)) for joint in joints]
    stood = Y_TO_Z_UP if notes and notes.axes == Z_UP else np.eye(3)
    places = _smpl_joints(joints)
    values, fps = _frames(motion, sum(len(joint.channels) for joint in joints))
    unit = _unit_of_rest_pose(joints, places, body.rest_joints() @ stood.T)
    above = [places[0]]  # the pelvis and what it hangs on, from the root down
    while joints[above[0]].parent >= 0:
        above.insert(0, joints[above[0]].parent)
    turn, pelvis = Rotation.identity(len(values)), np.zeros((len(values), 3))
    for number in above:
        pelvis = pelvis + turn.apply(joints[number].place(values))
        turn = turn * joints[number].rotation(values)
    poses = np.zeros((len(values), 24, 3))
    poses[:, 0] = turn.as_rotvec()
    for index, number in list(places.items())[1:]:
        poses[:, index] = joints[number].rotation(values).as_rotvec()
    return SourceMotion(
        format="BVH file (SMPL's joints)",
        poses=(poses @ stood).reshape(-1, 72),
        pelvis=unit * pelvis @ stood,
        fps=fps,
        axes=Y_UP if notes else MEASURED,
        body_model="unknown",
        betas=np.zeros(10),
        valid=np.ones(len(poses), bool),
    )


def _hierarchy(words: list[str]) -> list[BvhJoint]:
    """The joints in the order of their channels."""
    joints: list[BvhJoint] = []
    open_blocks: list[int] = []  # numbers of joints; -1 for an End Site
    at, columns = 0, 0
    try:
        while at < len(words):
            word = words[at].upper()
            if word in ("ROOT", "JOINT", "END"):
                brace = words.index("{", at)
                if word != "END":
                    name, parent = " ".join(words[at + 1 : brace]), open_blocks[-1] if open_blocks else -1
                    joints.append(BvhJoint(name, parent, columns))
                open_blocks.append(-1 if word == "END" else len(joints) - 1)
                at = brace + 1
            elif word == "OFFSET":
                if open_blocks[-1] >= 0:
                    joints[open_blocks[-1]].offset[:] = [float(value) for value in words[at + 1 : at + 4]]
                at += 4
            elif word == "CHANNELS" and open_blocks[-1] >= 0:
                channels = words[at + 2 : at + 2 + int(words[at + 1])]
                if wrong := [name for name in channels if not re.fullmatch(r"(?i)[xyz](position|rotation)", name)]:
                    raise InputError(f"joint {joints[-1].name} has a channel {wrong[0][:40]!r}")
                joints[open_blocks[-1]].channels.extend(channels)
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
    head = re.match(r"\s*Frames:\s*([0-9]+)\s+Frame\s+Time:\s*(\S+)", motion, re.IGNORECASE)
    if head is None:
        raise InputError("has no MOTION with Frames and Frame Time")
    count, step = int(head[1]), float(head[2])
    words = motion[head.end() :].split()
    if not count or len(words) != count * columns:
        raise InputError(f"says {count} frames of {columns} numbers, but {len(words)} numbers follow: is it cut off?")
    fps = 1 / step if step > 0 else 0.0
    whole = round(fps)  # 0.0333333 s is meant to be 30 frames/s
    return np.array(words, float).reshape(count, columns), float(whole) if abs(fps - whole) < 2e-4 * whole else fps


def _smpl_joints(joints: list[BvhJoint]) -> dict[int, int]:
    """Numbers of the file's joints by SMPL's, in SMPL's order."""
    names = {_plain(joint.name): number for number, joint in reversed(list(enumerate(joints)))}
    found = {joint: names[_plain(name)] for joint, name in enumerate(JOINT_NAMES) if _plain(name) in names}
    if missing := [name for joint, name in enumerate(JOINT_NAMES[:NEEDED]) if joint not in found]:
        raise InputError(f"{', '.join(missing[:4])} and others are missing", where="its joints are not SMPL's")
    for joint, number in list(found.items())[1:]:
        if joints[number].parent != found[int(PARENTS[joint])]:
            parent = joints[joints[number].parent].name
            raise InputError(f"its {JOINT_NAMES[joint]} hangs on {parent}, SMPL's on {JOINT_NAMES[PARENTS[joint]]}")
    return found


def _plain(name: str) -> str:
    """``left_hip``, ``L_Hip``, ``Left hip`` and ``m_avg_L_Hip`` are one name; palms are hands."""
    plain = re.sub(r"^.*:|^[mf]_avg_", "", name).lower().replace("palm", "hand")
    plain = re.sub(r"^(l|r)[_. -]", lambda side: "left" if side[1] == "l" else "right", plain)
    return re.sub(r"[^a-z0-9]", "", plain)


def _unit_of_rest_pose(joints: list[BvhJoint], places: dict[int, int], rest: np.ndarray) -> float:
    """Metres per unit of the file; raises InputError when its limbs at rest do not lie as those of ``rest`` (24, 3)."""
    legs = [0.0, 0.0]  # the file's and ours
    for name in ("knee", "ankle", "elbow", "wrist"):
        for side in ("left", "right"):
            joint = JOINT_NAMES.index(f"{side}_{name}")
            theirs, ours = joints[places[joint]].offset, rest[joint] - rest[PARENTS[joint]]
            lengths = np.linalg.norm(theirs), np.linalg.norm(ours)
            angle = np.degrees(np.arccos(np.clip(theirs @ ours / max(lengths[0] * lengths[1], 1e-9), -1, 1)))
            if not angle <= MAX_REST_ANGLE:  # also when an offset is no number
                raise InputError(
                    f"its rest pose is not SMPL's (the {side} {name} lies {angle:.0f} degrees beside): the same angles "
                    "would be another posture"
                )
            if name in ("knee", "ankle"):
                legs = [legs[0] + float(lengths[0]) / 2, legs[1] + float(lengths[1]) / 2]
    errors = [abs(np.log(legs[0] * unit / legs[1])) for unit in UNITS_M]
    if min(errors) > np.log(2):
        raise InputError(f"legs of {legs[0]:g} units are no person's in metres, centimetres, millimetres or inches")
    return UNITS_M[int(np.argmin(errors))]
