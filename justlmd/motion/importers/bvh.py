"""Reading BVH files: copied joint by joint where the skeleton is SMPL's, retargeted where it is another person's.

SMPL's skeleton is what this library, Blender's SMPL add-ons and smpl2bvh write.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.model import JOINT_NAMES, MIXAMO_NAMES, PARENTS, Body
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.files import read_json
from justlmd.motion.importers.bvh_file import BvhFile, parse_bvh
from justlmd.motion.importers.human_skeleton import human_skeleton
from justlmd.motion.importers.notes import Notes
from justlmd.motion.importers.retarget import retargeted
from justlmd.motion.importers.source import MEASURED, Y_UP, Z_UP, SourceMotion
from justlmd.motion.motion import Y_TO_Z_UP

UNITS_M = (1.0, 0.01, 0.001, 0.0254)
"""Units that files are in: metres, centimetres, millimetres, inches. The length of the legs decides."""

MAX_REST_ANGLE = 30.0
"""Degrees by which a limb at rest may point elsewhere than SMPL's; beyond, equal angles are different postures."""

NEEDED = 22  # joints of SMPL that a file must have; its two hand joints move nothing that we measure


def read_bvh(text: str, body: Body, notes: Notes | None = None, names: Mapping[str, str] | None = None) -> SourceMotion:
    """The motion of a BVH file on ``body``.

    Parameters
    ----------
    text
        The file.
    body
        Its lengths count, not the file's.
    notes
        What a file of ours says: whether the whole figure was turned to stand along z, and whether its joints have
        Mixamo's names.
    names
        SMPL's joint to the file's name of it, where the rules find another (:func:`read_joint_names`).

    Raises
    ------
    InputError
        It is cut off or damaged, or its skeleton is not a human one.
    """
    file = parse_bvh(text)
    if notes and notes.joint_names == "mixamo":
        ours = dict(zip(MIXAMO_NAMES, JOINT_NAMES, strict=True))
        file = replace(file, joints=[replace(joint, name=ours.get(joint.name, joint.name)) for joint in file.joints])
    stood = Y_TO_Z_UP if notes and notes.axes == Z_UP else np.eye(3)
    places = _smpl_joints(file)
    unit = _unit_of_rest_pose(file, places, body.rest_joints() @ stood.T) if places and not names else None
    if unit is not None:
        return _copied(file, places, unit, stood, notes)
    step = int(file.fps) // FPS if file.fps % FPS == 0 and file.fps > 0 else 1  # 120 frames/s are a fourth of the work
    file = replace(file, values=file.values[:: max(step, 1)], fps=file.fps / max(step, 1))
    valid = np.isfinite(file.values).all(1)
    skeleton = human_skeleton(replace(file, values=file.values[valid]), body, names)
    poses, pelvis = np.zeros((len(valid), 72)), np.zeros((len(valid), 3))
    poses[valid], pelvis[valid] = retargeted(skeleton, body)
    return SourceMotion("BVH file (retargeted)", poses, pelvis, file.fps, Y_UP, "unknown", np.zeros(10), valid)


def read_joint_names(path: Path) -> dict[str, str] | None:
    """Names in ``dance.joints.json`` beside ``dance.bvh``: SMPL's joint to the file's; None without it.

    Raises InputError when it is not such a table.
    """
    table = path.with_name(f"{path.stem}.joints.json")
    if not table.is_file():
        return None
    content = read_json(table)
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        raise InputError("joint names are an object of texts", where=table, next_step='such as {"left_hip": "Bone07"}')
    return content


def _copied(file: BvhFile, places: dict[int, int], unit: float, stood: np.ndarray, notes: Notes | None) -> SourceMotion:
    """Angles as they are, of a skeleton that is SMPL's."""
    joints, values = file.joints, file.values
    turn, pelvis = Rotation.identity(len(values)), np.zeros((len(values), 3))
    for number in file.above(places[0])[::-1]:  # the pelvis and what it hangs on, from the root down
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
        fps=file.fps,
        axes=Y_UP if notes else MEASURED,
        body_model="unknown",
        betas=np.zeros(10),
        valid=np.ones(len(poses), bool),
    )


def _smpl_joints(file: BvhFile) -> dict[int, int]:
    """Numbers of the file's joints by SMPL's, in SMPL's order; empty where its skeleton is another."""
    joints = file.joints
    names = {_plain(joint.name): number for number, joint in reversed(list(enumerate(joints)))}
    found = {joint: names[_plain(name)] for joint, name in enumerate(JOINT_NAMES) if _plain(name) in names}
    if any(joint not in found for joint in range(NEEDED)):
        return {}
    if any(joints[number].parent != found[int(PARENTS[joint])] for joint, number in list(found.items())[1:]):
        return {}
    return found


def _plain(name: str) -> str:
    """``left_hip``, ``L_Hip``, ``Left hip`` and ``m_avg_L_Hip`` are one name; palms are hands."""
    plain = re.sub(r"^.*:|^[mf]_avg_", "", name).lower().replace("palm", "hand")
    plain = re.sub(r"^(l|r)[_. -]", lambda side: "left" if side[1] == "l" else "right", plain)
    return re.sub(r"[^a-z0-9]", "", plain)


def _unit_of_rest_pose(file: BvhFile, places: dict[int, int], rest: np.ndarray) -> float | None:
    """Metres per unit of the file; None when its limbs at rest do not lie as those of ``rest`` (24, 3)."""
    legs = [0.0, 0.0]  # the file's and ours
    for name in ("knee", "ankle", "elbow", "wrist"):
        for side in ("left", "right"):
            joint = JOINT_NAMES.index(f"{side}_{name}")
            theirs, ours = file.joints[places[joint]].offset, rest[joint] - rest[PARENTS[joint]]
            lengths = np.linalg.norm(theirs), np.linalg.norm(ours)
            angle = np.degrees(np.arccos(np.clip(theirs @ ours / max(lengths[0] * lengths[1], 1e-9), -1, 1)))
            if not angle <= MAX_REST_ANGLE:  # also when an offset is no number
                return None
            if name in ("knee", "ankle"):
                legs = [legs[0] + float(lengths[0]) / 2, legs[1] + float(lengths[1]) / 2]
    errors = [abs(np.log(legs[0] * unit / legs[1])) for unit in UNITS_M]
    return UNITS_M[int(np.argmin(errors))] if min(errors) <= np.log(2) else None
