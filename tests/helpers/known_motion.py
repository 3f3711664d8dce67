"""Known motion, and its joints computed apart from the library: forward kinematics by SMPL's definition.

Tolerance 1e-5 m; what no camera has seen may stand elsewhere, so there the joints agree up to one shift.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.model import PARENTS, load_body
from justlmd.motion.importers.source import SMPLX_PELVIS
from justlmd.motion.motion import CameraMotion, to_yup

BODY = load_body()
REST = BODY.rest_joints()
FRAMES = 12
SMPLX_REST = REST - REST[0] + SMPLX_PELVIS
# World axes in which files are written: columns are x, y, z of the y-up world.
Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
Y_DOWN = np.diag([1.0, -1, -1])


def joints_of(orient: np.ndarray, pose: np.ndarray, transl: np.ndarray, rest: np.ndarray = REST) -> np.ndarray:
    """Joints (T, 24, 3) by SMPL's definition: the root turns about the rest pelvis, then comes the translation."""
    local = Rotation.from_rotvec(np.concatenate([orient, pose], 1).reshape(-1, 3)).as_matrix().reshape(-1, 24, 3, 3)
    turn, place = [local[:, 0]], [rest[0] + transl]
    for joint in range(1, 24):
        parent = PARENTS[joint]
        place.append(place[parent] + turn[parent] @ (rest[joint] - rest[parent]))
        turn.append(turn[parent] @ local[:, joint])
    return np.stack(place, 1)


def swaying(frames: int = FRAMES, hands: bool = True, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A body that stands, sways and walks a little, y up: orient (T, 3), pose (T, 69), transl (T, 3)."""
    rng = np.random.default_rng(seed)
    time = np.arange(frames)[:, None] / 30
    pose = 0.3 * np.sin(2 * np.pi * time * rng.uniform(0.2, 1, 69) + rng.uniform(0, 6, 69))
    if not hands:
        pose[:, 63:] = 0
    orient = Rotation.from_euler("yxz", np.concatenate([time + 0.4, 0.1 * np.sin(time), 0.05 * time], 1)).as_rotvec()
    return orient, pose, np.concatenate([0.3 * np.sin(time), 0.95 + 0.05 * np.cos(3 * time), 0.2 * time], 1)


def seen_by_camera(hands: bool = True, frames: int = FRAMES) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same in camera axes (y down), three metres away; transl as SMPL's layer wants it."""
    orient, pose, _ = swaying(frames, hands)
    turned = (Rotation.from_matrix(Y_DOWN) * Rotation.from_rotvec(orient)).as_rotvec()
    return turned, pose, np.tile([0.1, 0.3, 3.0], (frames, 1)) + 0.01 * np.arange(frames)[:, None]


def camera_joints(motion: CameraMotion) -> np.ndarray:
    """Joints by EasyMocap's formula x = R(Rh) smpl(poses, shapes) + Th, about the template's origin."""
    rest = BODY.rest_joints(motion.shapes)
    still = joints_of(motion.poses[:, :3], motion.poses[:, 3:], np.zeros((len(motion.Th), 3)), rest)
    turn = Rotation.from_rotvec(motion.Rh).as_matrix()
    return np.einsum("tab,tjb->tja", turn, still) + motion.Th[:, None]


def y_up_joints(motion: CameraMotion) -> np.ndarray:
    return to_yup(motion, BODY).joints(BODY)


def assert_same_but_for_a_shift(found: np.ndarray, expected: np.ndarray) -> None:
    shift = found - expected
    np.testing.assert_allclose(shift, np.broadcast_to(shift[0, 0], shift.shape), atol=1e-5)


def save_pickle(path: Path, content: Any, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def in_axes(
    axes: np.ndarray, orient: np.ndarray, transl: np.ndarray, rest: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Root orientation and translation of the same motion in a world whose axes are turned."""
    turned = (Rotation.from_matrix(axes) * Rotation.from_rotvec(orient)).as_rotvec()
    return turned, (transl + rest[0]) @ axes.T - rest[0]
