"""A dance as a binary glTF 2.0 file: the body as one skinned mesh with SMPL's 24 joints and an animation.

Blender, three.js and game engines read it. glTF's axes are ours (y up, front +z, metres). Layout after the Khronos glTF
2.0 specification; rotations are stored as normalised 16-bit integers, which moves no joint by more than 0.1 mm.
"""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.clothing import clothing_colors
from justlmd.body.model import PARENTS, Body
from justlmd.core.clock import FPS
from justlmd.core.files import replacing
from justlmd.export.origin import Origin, origin_fields, require_finite
from justlmd.export.shaping import joint_names
from justlmd.motion.motion import Motion

ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
COMPONENT = {"f4": 5126, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125}


def write_glb(
    path: str | Path,
    motion: Motion,
    body: Body,
    fps: float = FPS,
    origin: Origin | None = None,
    name: str = "dance",
    names: str = "smpl",
) -> None:
    """Write the motion as a skinned, animated and coloured mesh.

    ``fps`` is the motion's rate, ``name`` is the animation's, ``names`` those of the joints: "smpl" or "mixamo". The
    scene's ``extras`` hold the clock (:func:`~justlmd.export.origin.origin_fields`) when the ``origin`` is given.
    Pose-dependent shape (an SMPL file's ``posedirs``) cannot be expressed and is left out. Raises InputError when the
    motion has no frames or holds values that are not finite.
    """
    pose = np.concatenate([motion.global_orient, motion.body_pose], axis=1)
    require_finite(path, motion)
    rest = body.rest_joints(motion.betas)
    buffer = _Buffer()
    colors = np.full((len(body.v_template), 4), 255, np.uint8)
    colors[:, :3] = _linear(clothing_colors(body, np.random.default_rng(0)))
    vertices = body.rest_vertices(motion.betas).astype(np.float32)
    joints, weights = four_weights(body)
    primitive = {
        "attributes": {
            "POSITION": buffer.add(vertices, "VEC3", ARRAY_BUFFER, extent=True),
            "NORMAL": buffer.add(_normals(vertices, body.faces), "VEC3", ARRAY_BUFFER),
            "COLOR_0": buffer.add(colors, "VEC4", ARRAY_BUFFER, normalized=True),
            "JOINTS_0": buffer.add(joints, "VEC4", ARRAY_BUFFER),
            "WEIGHTS_0": buffer.add(weights, "VEC4", ARRAY_BUFFER, normalized=True),
        },
        "indices": buffer.add(
            body.faces.reshape(-1).astype(np.uint16 if len(vertices) < 65_536 else np.uint32),
            "SCALAR",
            ELEMENT_ARRAY_BUFFER,
        ),
        "material": 0,
    }
    inverse_bind = np.tile(np.eye(4, dtype=np.float32), (24, 1, 1))
    inverse_bind[:, 3, :3] = -rest  # matrices are stored column by column
    nodes: list[dict[str, Any]] = [{"name": "body", "mesh": 0, "skin": 0}]
    for joint in range(24):
        offset = rest[joint] - (rest[PARENTS[joint]] if joint else 0)
        node = {"name": joint_names(names)[joint], "translation": [float(np.float32(value)) for value in offset]}
        children = [int(child) + 1 for child in range(24) if PARENTS[child] == joint]
        nodes.append(node | ({"children": children} if children else {}))
    extras = {"extras": origin_fields(motion, body, fps, origin)} if origin else {}
    document = {
        "asset": {"version": "2.0", "generator": "justlmd", "extras": {"body_model": body.name, "sha256": body.sha256}},
        "scene": 0,
        "scenes": [{"nodes": [0, 1]} | extras],
        "nodes": nodes,
        "meshes": [{"name": "body", "primitives": [primitive]}],
        "materials": [{"name": "cloth", "pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.9}}],
        "skins": [
            {
                "inverseBindMatrices": buffer.add(inverse_bind.reshape(24, 16), "MAT4"),
                "joints": list(range(1, 25)),
                "skeleton": 1,
            }
        ],
        "animations": [_animation(buffer, motion, rest, pose, fps, name)],
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": len(buffer.data)}],
    }
    _write(path, document, bytes(buffer.data))


def _animation(
    buffer: "_Buffer", motion: Motion, rest: np.ndarray, pose: np.ndarray, fps: float, name: str
) -> dict[str, Any]:
    """One rotation channel per joint and a translation channel for the root."""
    times = buffer.add((np.arange(len(pose)) / fps).astype(np.float32), "SCALAR", extent=True)
    quaternions = Rotation.from_rotvec(pose.reshape(-1, 3)).as_quat().reshape(-1, 24, 4)
    # q and -q are one rotation; readers that blend between frames need the nearer of the two.
    flips = np.sign((quaternions[1:] * quaternions[:-1]).sum(-1))
    quaternions[1:] *= np.cumprod(np.where(flips < 0, -1.0, 1.0), axis=0)[..., None]
    packed = np.round(quaternions * 32_767).astype(np.int16)
    outputs = [buffer.add(np.ascontiguousarray(packed[:, joint]), "VEC4", normalized=True) for joint in range(24)]
    outputs.append(buffer.add((motion.transl + rest[0]).astype(np.float32), "VEC3"))
    targets = [{"node": joint + 1, "path": "rotation"} for joint in range(24)] + [{"node": 1, "path": "translation"}]
    return {
        "name": name,
        "samplers": [{"input": times, "interpolation": "LINEAR", "output": output} for output in outputs],
        "channels": [{"sampler": index, "target": target} for index, target in enumerate(targets)],
    }


class _Buffer:
    """The file's binary part and the tables that describe it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(
        self, array: np.ndarray, kind: str, target: int | None = None, *, normalized: bool = False, extent: bool = False
    ) -> int:
        """Append an array (n,) or (n, columns); returns its accessor's number."""
        self.data += b"\0" * (-len(self.data) % 4)
        view = {"buffer": 0, "byteOffset": len(self.data), "byteLength": array.nbytes}
        self.views.append(view | ({"target": target} if target else {}))
        accessor: dict[str, Any] = {
            "bufferView": len(self.views) - 1,
            "componentType": COMPONENT[array.dtype.str[1:]],
            "count": len(array),
            "type": kind,
        }
        if normalized:
            accessor["normalized"] = True
        if extent:
            rows = array.reshape(len(array), -1)
            accessor |= {"min": rows.min(0).tolist(), "max": rows.max(0).tolist()}
        self.accessors.append(accessor)
        self.data += np.ascontiguousarray(array).tobytes()
        return len(self.accessors) - 1


def _write(path: str | Path, document: dict[str, Any], binary: bytes) -> None:
    """A 12-byte header, then the JSON and the binary chunk, each padded to four bytes."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + len(binary)))
        file.write(struct.pack("<I4s", len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", len(binary), b"BIN\0") + binary)


def four_weights(body: Body) -> tuple[np.ndarray, np.ndarray]:
    """The four strongest joints (V, 4) uint8 of every vertex and their weights in 255ths, which sum to 255."""
    joints = np.argsort(-body.weights, axis=1, kind="stable")[:, :4]
    weights = np.take_along_axis(body.weights, joints, axis=1).astype(float)
    exact = weights / weights.sum(1, keepdims=True) * 255
    steps = np.floor(exact).astype(int)
    rank = np.argsort(np.argsort(-(exact - steps), axis=1, kind="stable"), axis=1, kind="stable")
    steps += rank < (255 - steps.sum(1))[:, None]
    return np.where(steps > 0, joints, 0).astype(np.uint8), steps.astype(np.uint8)


def _normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3) float32, weighted by the area of the faces around a vertex."""
    a, b, c = (vertices[faces[:, corner]].astype(float) for corner in range(3))
    normals = np.zeros(vertices.shape)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], np.cross(b - a, c - a))
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return np.where(lengths > 0, normals / np.maximum(lengths, 1e-30), [0.0, 1.0, 0.0]).astype(np.float32)


def _linear(colors: np.ndarray) -> np.ndarray:
    """Screen colours (sRGB, 0..255) as the linear ones that glTF wants for vertices, 0..255."""
    share = colors / 255
    return np.round(255 * np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)).astype(np.uint8)
