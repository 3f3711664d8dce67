"""Motion as a BVH file, which Blender, MotionBuilder and three.js read.

The root's OFFSET is zero and its position channels hold the pelvis itself: some readers add the two, others do not, and
with a zero both agree. Angles come in the order Z, Y, X, and readers multiply the rotations in that order.
"""

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.model import JOINT_NAMES, LANDMARK_NAMES, PARENTS, Body
from justlmd.core.clock import FPS
from justlmd.core.files import write_text
from justlmd.export.origin import require_finite
from justlmd.export.shaping import joint_names
from justlmd.motion.motion import Y_TO_Z_UP, Motion

CHANNELS = "Zrotation Yrotation Xrotation"


def write_bvh(
    path: str | Path,
    motion: Motion,
    body: Body,
    fps: float = FPS,
    unit_m: float = 0.01,
    up: str = "y",
    names: str = "smpl",
) -> None:
    """Write a BVH with SMPL's 24 joints, floor at 0, one line per frame of ``motion``.

    Parameters
    ----------
    path
        File to write.
    motion, body
        The motion and the body model whose bones (with the motion's ``betas``) it moves.
    fps
        Frames per second of the motion.
    unit_m
        Length of one unit of the file in metres: 0.01 writes centimetres, as most programs expect.
    up
        "y", or "z": then the whole figure, at rest too, stands along z and looks along -y.
    names
        Names of the joints: "smpl" or "mixamo".

    Raises InputError when the motion has no frames or holds values that are not finite.
    """
    pose = np.concatenate([motion.global_orient, motion.body_pose], axis=1)
    require_finite(path, motion)
    turn = Y_TO_Z_UP if up == "z" else np.eye(3)
    rest = body.rest_joints(motion.betas)
    tips = _tips(body, rest, body.rest_vertices(motion.betas))
    lines = ["HIERARCHY"]
    order = _write_joint(lines, 0, 0, rest @ turn.T / unit_m, tips @ turn.T / unit_m, joint_names(names))
    vectors = pose.reshape(-1, 3) @ turn.T  # the axis of a rotation turns with the world
    angles = Rotation.from_rotvec(vectors).as_euler("ZYX", degrees=True).reshape(len(pose), 24, 3)
    angles = np.unwrap(angles, period=360, axis=0)  # programs that interpolate frames must not spin at +-180
    place = (motion.transl + rest[0]) @ turn.T / unit_m
    rows = np.concatenate([place, angles[:, order].reshape(len(pose), -1)], axis=1)
    lines += ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {1 / fps:.8f}"]
    lines += [" ".join(f"{value:.6f}" for value in row) for row in rows]
    write_text(path, "\n".join(lines) + "\n")


def _write_joint(
    lines: list[str], joint: int, depth: int, rest: np.ndarray, tips: np.ndarray, names: list[str]
) -> list[int]:
    """Append the joint and its children; returns the joints in the order of their channels."""
    pad = "\t" * depth
    offset = np.zeros(3) if joint == 0 else rest[joint] - rest[PARENTS[joint]]
    lines += [f"{pad}{'JOINT' if depth else 'ROOT'} {names[joint]}", f"{pad}{{", f"{pad}\tOFFSET {_text(offset)}"]
    lines.append(f"{pad}\tCHANNELS {f'3 {CHANNELS}' if depth else f'6 Xposition Yposition Zposition {CHANNELS}'}")
    order = [joint]
    children = [child for child in range(24) if PARENTS[child] == joint]
    for child in children:
        order += _write_joint(lines, child, depth + 1, rest, tips, names)
    if not children:
        lines += [f"{pad}\tEnd Site", f"{pad}\t{{", f"{pad}\t\tOFFSET {_text(tips[joint])}", f"{pad}\t}}"]
    lines.append(f"{pad}}}")
    return order


def _tips(body: Body, rest: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """Offsets (24, 3) in metres from the last joint of each limb to its tip: crown, finger tips and toe tips."""
    tips = np.zeros((24, 3))
    for side, sign in (("left", 1), ("right", -1)):
        foot, hand = JOINT_NAMES.index(f"{side}_foot"), JOINT_NAMES.index(f"{side}_hand")
        tips[foot] = body.landmark_offsets[LANDMARK_NAMES.index(f"{side}_foot_index")]
        tips[hand] = vertices[(vertices[:, 0] * sign).argmax()] - rest[hand]
    head = JOINT_NAMES.index("head")
    tips[head] = [0, vertices[:, 1].max() - rest[head, 1], 0]
    return tips


def _text(vector: np.ndarray) -> str:
    return " ".join(f"{value:.6f}" for value in vector)
