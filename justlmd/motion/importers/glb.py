"""Reading the GLB files that this library writes: joint rotations, the path of the pelvis, and their clock.

Other GLB files have other skeletons at rest and are refused; their angles mean other postures.
"""

import json
import struct
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.model import JOINT_NAMES, MIXAMO_NAMES, Body
from justlmd.core.errors import InputError
from justlmd.motion.importers.notes import notes_in, with_notes
from justlmd.motion.importers.source import Y_UP, SourceMotion

DAMAGED = "cut off or damaged"


def read_glb(data: bytes, body: Body) -> SourceMotion:
    """The motion of a GLB of ours.

    Raises InputError when the file is of another program or is damaged.
    """
    try:
        document, binary = _chunks(data)
        foreign = document["asset"].get("generator") != "justlmd"
        notes = None if foreign else notes_in(document["scenes"][0]["extras"])
        if notes is None:
            raise InputError("was not written by this library with a clock", next_step="import BVH or npz instead")
        poses, pelvis = _animation(document, binary)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, struct.error, RecursionError) as error:
        raise InputError(f"{DAMAGED} ({error})") from error
    source = SourceMotion(
        format="GLB file (ours)",
        poses=poses,
        pelvis=pelvis,
        fps=notes.fps,
        axes=Y_UP,
        body_model=notes.body_model,
        betas=notes.betas,
        valid=np.ones(len(poses), bool),
    )
    return with_notes(source, notes, body)


def _chunks(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The JSON and the binary part."""
    magic, version, length = struct.unpack_from("<4sII", data)
    size, kind = struct.unpack_from("<I4s", data, 12)
    if (magic, version, kind) != (b"glTF", 2, b"JSON") or length != len(data):
        raise ValueError("its lengths do not fit")
    document = json.loads(data[20 : 20 + size])
    binary_size, kind = struct.unpack_from("<I4s", data, 20 + size)
    binary = data[28 + size : 28 + size + binary_size]
    if kind != b"BIN\0" or len(binary) != binary_size:
        raise ValueError("its binary part is missing")
    return document, binary


def _animation(document: dict[str, Any], binary: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Axis-angle poses (T, 72) and pelvis positions (T, 3) in metres."""
    nodes, animation = document["nodes"], document["animations"][0]
    numbers = {name: index for names in (JOINT_NAMES, MIXAMO_NAMES) for index, name in enumerate(names)}
    pelvis, turns = None, {}
    for channel in animation["channels"]:
        joint = numbers[nodes[channel["target"]["node"]]["name"]]
        values = _accessor(document, binary, animation["samplers"][channel["sampler"]]["output"])
        if channel["target"]["path"] == "rotation":
            turns[joint] = Rotation.from_quat(values).as_rotvec()
        else:
            pelvis = values
    poses = np.stack([turns[joint] for joint in range(24)], axis=1)
    if pelvis is None or pelvis.shape != (len(poses), 3):
        raise ValueError("its pelvis has no path")
    return poses.reshape(-1, 72), pelvis


def _accessor(document: dict[str, Any], binary: bytes, index: int) -> np.ndarray:
    """The numbers (n, 3 or 4) of an accessor: floats, or 16-bit integers for -1 to 1."""
    accessor = document["accessors"][index]
    view = document["bufferViews"][accessor["bufferView"]]
    columns = {"VEC3": 3, "VEC4": 4}[accessor["type"]]
    kind, scale = {5126: ("<f4", 1.0), 5122: ("<i2", 32_767.0)}[accessor["componentType"]]
    start, count = int(view["byteOffset"]), int(accessor["count"])
    size = count * columns * np.dtype(kind).itemsize
    if start < 0 or count < 1 or start + size > len(binary):
        raise ValueError("an accessor reaches beyond its end")
    return np.frombuffer(binary, kind, count * columns, start).reshape(count, columns) / scale
