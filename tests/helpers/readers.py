"""How other programs read exported files, written down from their documented behaviour; none of their code is used.

Each reader returns joints (T, J, 3) in metres in a world with y up, and the frame rate that the program would play.
The body stands for their SMPL model, and each reader does what its program does with axes, scale and rates.
"""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.kinematics import forward_kinematics
from justlmd.body.model import PARENTS, Body


def _unpickled(path: Path) -> Any:
    return pickle.loads(path.read_bytes())  # noqa: S301 (the test wrote it)


def _smplh_joints(body: Body, poses: np.ndarray, trans: np.ndarray, betas: np.ndarray) -> np.ndarray:
    """Body joints (T, 22, 3) of SMPL-H poses (T, 156), whose hands are fingers."""
    pose = np.concatenate([poses[:, 3:66], np.zeros((len(poses), 6))], axis=1)
    return forward_kinematics(body, poses[:, :3], pose, trans, betas)[:, :22]


def aitviewer_amass(path: Path, body: Body) -> tuple[np.ndarray, float]:
    """aitviewer's ``SMPLSequence.from_amass``: the key ``mocap_framerate``, SMPL-H, then z up turned to y up."""
    data = np.load(path)  # it unpickles nothing
    assert data["gender"].item() in ("neutral", "male", "female")
    poses, trans, betas = data["poses"], data["trans"], data["betas"]
    assert poses.shape == (len(trans), 3 + 63 + 45 + 45) and betas.shape == (16,)
    joints = _smplh_joints(body, poses, trans, betas[:10])
    return joints @ np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]).T, data["mocap_framerate"].tolist()


def smplx_addon_amass(path: Path, body: Body, target_fps: int = 30) -> tuple[np.ndarray, float]:
    """The SMPL add-on of Blender, format "AMASS (Y-up)", animation keys in Blender's world (z up).

    It needs five keys, takes the first of three names of the rate as a whole number, refuses a rate below the target
    and plays every ``rate / target``-th frame. Its figure lies on its back for poses with y up: the add-on turns a
    figure that stands along z by -90 degrees about x, and the root's rotation has to bring it up again.
    """
    with np.load(path) as data:
        assert {"trans", "gender", "betas", "poses"} <= set(data.files)
        key = next(name for name in ("mocap_frame_rate", "mocap_framerate", "fps") if name in data.files)
        rate = int(data[key])
        if rate < target_fps:
            raise ValueError(f"Mocap framerate ({rate}) below target framerate ({target_fps})")
        step = int(rate / target_fps)
        poses, trans, betas = data["poses"][::step], data["trans"][::step], data["betas"]
    standing = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # y up to z up: the figure of the add-on
    lying = Rotation.from_euler("x", -90, degrees=True).as_matrix()
    in_blender = _smplh_joints(body, poses, trans, betas[:10]) @ (lying @ standing).T
    return in_blender @ standing, float(target_fps)  # seen with y up


def aist_motion(path: Path, body: Body) -> tuple[np.ndarray, float]:
    """AIST++'s loader: ``smpl_trans / smpl_scaling``, SMPL's 24 joints, 60 frames/s, y up."""
    data = _unpickled(path)
    poses, scaling, trans = data["smpl_poses"], data["smpl_scaling"], data["smpl_trans"]
    assert poses.shape == (len(trans), 72) and scaling.shape == (1,)
    return forward_kinematics(body, poses[:, :3], poses[:, 3:], trans / scaling), 60.0


def edge_training(path: Path, body: Body) -> tuple[np.ndarray, float]:
    """EDGE's data set: an AIST++ file strided from 60 to 30 frames/s, turned to z up, its root AT ``pos``."""
    data = _unpickled(path)
    position, poses = (data["smpl_trans"] / data["smpl_scaling"])[::2], data["smpl_poses"][::2]
    up = Rotation.from_euler("x", 90, degrees=True)
    poses, position = poses.copy(), up.apply(position)
    poses[:, :3] = (up * Rotation.from_rotvec(poses[:, :3])).as_rotvec()
    return _edge_skeleton(body, poses, position) @ up.as_matrix(), 30.0


def edge_output(path: Path, body: Body) -> tuple[np.ndarray, np.ndarray, float]:
    """A dance as EDGE writes it: joints by its skeleton from the angles, the stored joints, 30 frames/s."""
    data = _unpickled(path)
    poses, position = data["smpl_poses"], data["smpl_trans"]
    assert poses.shape == (len(position), 72) and data["full_pose"].shape == (len(position), 24, 3)
    up = Rotation.from_euler("x", 90, degrees=True)
    joints = _edge_skeleton(body, poses, position)
    return joints @ up.as_matrix(), data["full_pose"] @ up.as_matrix(), 30.0


def _edge_skeleton(body: Body, poses: np.ndarray, position: np.ndarray) -> np.ndarray:
    """EDGE's forward kinematics: the pelvis at ``position``, the other joints by their offsets."""
    return forward_kinematics(body, poses[:, :3], poses[:, 3:], position - body.rest_joints()[0])


def humanml3d(path: Path) -> tuple[np.ndarray, np.ndarray, float]:
    """What HumanML3D's processing makes of joints before its features: floor, origin and heading of frame 0.

    Feet on the floor, root of frame 0 at x = z = 0, body of frame 0 turned to look along +z by the axis from its left
    to its right hip and shoulder. Returns these joints and the root's yaw from frame to frame in radians.
    """
    joints = np.load(path)
    assert joints.dtype == np.float32 and joints.shape[1:] == (22, 3)
    joints = joints.astype(float)
    joints[..., 1] -= joints[..., 1].min()
    joints -= joints[0, 0] * [1, 0, 1]
    across = joints[:, 2] - joints[:, 1] + joints[:, 17] - joints[:, 16]
    forward = np.cross([0, 1, 0], across)
    yaw = np.arctan2(forward[:, 0], forward[:, 2])
    joints = joints @ Rotation.from_euler("y", -yaw[0]).as_matrix().T
    return joints, np.diff(np.unwrap(yaw)), 20.0


def without_shape(body: Body) -> Body:
    """The body that a program without our shape parameters has."""
    return replace(body, shapedirs=np.zeros_like(body.shapedirs))


def as_smplh(body: Body) -> dict[str, np.ndarray]:
    """The body in the layout of an SMPL-H file: fingers, 15 joints a hand, all lie in the hand and move nothing."""
    wrists = np.repeat([20, 21], 15)
    regressor, weights = np.zeros((52, len(body.v_template))), np.zeros((len(body.v_template), 52))
    regressor[:22], weights[:, :22] = body.J_regressor[:22], body.weights[:, :22]
    regressor[22:] = body.J_regressor[np.repeat([22, 23], 15)]
    weights[:, [20, 21]] += body.weights[:, 22:24]
    root = np.iinfo(np.uint32).max
    return {
        "v_template": body.v_template,
        "shapedirs": np.concatenate([body.shapedirs, np.zeros((*body.v_template.shape, 6))], axis=2),
        "posedirs": np.zeros((*body.v_template.shape, 51 * 9)),
        "J_regressor": regressor,
        "weights": weights,
        "kintree_table": np.array([[root, *PARENTS[1:22], *wrists], range(52)], np.uint32),
        "f": body.faces.astype(np.uint32),
        **{f"hands_components{side}": np.eye(45) for side in "lr"},
        **{f"hands_mean{side}": np.zeros(45) for side in "lr"},
    }
