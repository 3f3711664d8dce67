"""Characters made of the free body: VRM 1.0 and 0.x, and a .glb with Mixamo's names, axes and hanging arms."""

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from known_motion import BODY
from scipy.spatial.transform import Rotation

from justlmd.body.kinematics import joint_transforms, skin
from justlmd.body.model import JOINT_NAMES, PARENTS
from justlmd.core.rotations import swing
from justlmd.export.glb import write_glb
from justlmd.motion.motion import Motion

SOLE = -float(BODY.v_template[:, 1].min())
VRM_BONES = {
    "pelvis": "hips", "spine1": "spine", "spine2": "chest", "spine3": "upperChest", "neck": "neck", "head": "head",
    "collar": "Shoulder", "shoulder": "UpperArm", "elbow": "LowerArm", "wrist": "Hand",
    "hip": "UpperLeg", "knee": "LowerLeg", "ankle": "Foot", "foot": "Toes",
}  # fmt: skip
MIXAMO_BONES = {
    "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": "Head",
    "collar": "Shoulder", "shoulder": "Arm", "elbow": "ForeArm", "wrist": "Hand", "hand": "HandMiddle1",
    "hip": "UpLeg", "knee": "Leg", "ankle": "Foot", "foot": "ToeBase",
}  # fmt: skip
LIMBS = [
    (f"{side}_{above}", f"{side}_{below}")
    for side in ("left", "right")
    for above, below in [("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")]
]
"""Pairs of joints whose direction a character should share with the dancer."""


def write_vrm(path: Path, scale: float = 1.0) -> None:
    """The free body as VRM 1.0, its soles at y = 0, ``scale`` times as tall."""
    document, binary, bones = _standing(path, np.array([scale, scale, scale]))
    meta = {"name": "Free body", "version": "1", "authors": ["test"], "licenseUrl": "https://vrm.dev/licenses/1.0/"}
    humanoid = {"humanBones": {bone: {"node": node} for bone, node in bones.items()}}
    document["extensionsUsed"] = ["VRMC_vrm"]
    document["extensions"] = {"VRMC_vrm": {"specVersion": "1.0", "meta": meta, "humanoid": humanoid}}
    _write(path, document, binary)


def write_old_vrm(path: Path) -> None:
    """The free body as VRM 0.x, which faces the other way."""
    document, binary, bones = _standing(path, np.array([-1.0, 1.0, -1.0]))
    document["extensionsUsed"] = ["VRM"]
    document["extensions"] = {
        "VRM": {
            "specVersion": "0.0",
            "meta": {"title": "Free body", "version": "1", "author": "test", "licenseName": "CC0"},
            "humanoid": {"humanBones": [{"bone": bone, "node": node} for bone, node in bones.items()]},
        }
    }
    _write(path, document, binary)


def _standing(path: Path, size: np.ndarray) -> tuple[dict[str, Any], bytearray, dict[str, int]]:
    """A glTF document of the free body on its soles, its binary part, and the nodes of VRM's bones by name."""
    template = ((BODY.v_template + [0, SOLE, 0]) * size).astype(np.float32)
    write_glb(path, _still(), replace(BODY, v_template=template, shapedirs=BODY.shapedirs * size[:, None]))
    document, binary = _read(path)
    bones = {}
    for joint, name in enumerate(JOINT_NAMES):
        side, _, part = name.rpartition("_")
        if part in VRM_BONES:
            bones[f"{side}{VRM_BONES[part]}"] = joint + 1
    return document, binary, bones


def write_mixamo(path: Path, arms_down: float = 45.0) -> None:
    """The free body as Mixamo exports one: centimetres under a turned armature, bones along their limbs, an A-pose."""
    write_glb(path, _still(), BODY)
    document, binary = _read(path)
    pose = np.zeros((24, 3))
    for side, sign in (("left", -1), ("right", 1)):
        pose[JOINT_NAMES.index(f"{side}_shoulder")] = [0, 0, sign * np.radians(arms_down)]
        pose[JOINT_NAMES.index(f"{side}_hip")] = [0, 0, -sign * np.radians(6)]
    orient, body_pose, transl = np.zeros((1, 3)), pose[1:].reshape(1, 69), np.array([[0, SOLE, 0]])
    places = joint_transforms(BODY, orient, body_pose, transl)[0, :, :3, 3]
    armature = np.eye(4)
    armature[:3, :3] = 0.01 * Rotation.from_euler("x", 90, degrees=True).as_matrix()
    worlds = np.tile(np.eye(4), (24, 1, 1))
    for joint in range(24):
        child = next((other for other in range(24) if PARENTS[other] == joint), None)
        along = places[child] - places[joint] if child is not None else places[joint] - places[PARENTS[joint]]
        twist = Rotation.from_euler("y", 20 * joint, degrees=True)
        worlds[joint, :3, :3] = 0.01 * (swing(np.array([0.0, 1, 0]), along) * twist).as_matrix()
        worlds[joint, :3, 3] = places[joint]
    nodes: list[dict[str, Any]] = [{"name": "body", "mesh": 0, "skin": 0}]
    for joint, name in enumerate(JOINT_NAMES):
        above = armature if joint == 0 else worlds[PARENTS[joint]]
        local = np.linalg.inv(above) @ worlds[joint]
        side, _, part = name.rpartition("_")
        node = {"name": f"mixamorig:{side.capitalize()}{MIXAMO_BONES[part]}", "matrix": local.T.ravel().tolist()}
        children = [other + 1 for other in range(24) if PARENTS[other] == joint]
        nodes.append(node | ({"children": children} if children else {}))
    nodes.append({"name": "Armature", "matrix": armature.T.ravel().tolist(), "children": [1]})
    document["nodes"], document["scenes"] = nodes, [{"nodes": [0, 25]}]
    document.pop("animations")
    document["skins"][0].pop("skeleton", None)
    posed = skin(BODY, orient, body_pose, transl)[0]
    attributes = document["meshes"][0]["primitives"][0]["attributes"]
    _put(document, binary, attributes["POSITION"], posed.astype(np.float32))
    inverse = np.linalg.inv(worlds).transpose(0, 2, 1).astype(np.float32)
    _put(document, binary, document["skins"][0]["inverseBindMatrices"], inverse)
    document["accessors"][attributes["POSITION"]] |= {"min": posed.min(0).tolist(), "max": posed.max(0).tolist()}
    _write(path, document, binary)


def limb_directions(joints: dict[str, Any]) -> np.ndarray:
    """Unit vectors (8, 3) along :data:`LIMBS`, given positions by joint."""
    limbs = np.array([np.subtract(joints[below], joints[above]) for above, below in LIMBS])
    return limbs / np.linalg.norm(limbs, axis=1, keepdims=True)


def _still() -> Motion:
    return Motion(np.zeros((1, 3)), np.zeros((1, 69)), np.zeros((1, 3)), np.zeros(10), np.ones(1, bool))


def _read(path: Path) -> tuple[dict[str, Any], bytearray]:
    data = path.read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + length]), bytearray(data[28 + length :])


def _put(document: dict[str, Any], binary: bytearray, accessor: int, values: np.ndarray) -> None:
    view = document["bufferViews"][document["accessors"][accessor]["bufferView"]]
    start = view.get("byteOffset", 0)
    assert view["byteLength"] == values.nbytes
    binary[start : start + values.nbytes] = values.tobytes()


def _write(path: Path, document: dict[str, Any], binary: bytes) -> None:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body)
