"""Motion as an AMASS-style ``.npz``, which the SMPL add-on of Blender and many research programs read."""

from pathlib import Path

import numpy as np

from justlmd import FPS
from justlmd.body.model import Body
from justlmd.core.errors import InputError
from justlmd.core.files import write_npz
from justlmd.core.rotations import matrix_to_axis_angle, rotation_matrices
from justlmd.motion.motion import Motion

Y_TO_Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""A quarter turn about x: what was up (y) becomes z."""


def write_amass(path: str | Path, motion: Motion, body: Body, fps: float = FPS, up: str = "y") -> None:
    """Write the keys of AMASS (SMPL-H): ``poses`` (T, 156), ``trans`` (T, 3) in metres, ``betas`` (16,), ``gender``.

    SMPL's two hand joints are dropped and SMPL-H's ninety finger values are zero. The frame rate stands under all three
    names that readers look for. ``up`` is "y" (as everywhere in this library) or "z" (as in AMASS itself) and is
    written as ``up_axis``. The shape parameters of the free body mean nothing to SMPL: ``betas`` are then zero and the
    body's own are kept as ``body_model_betas`` beside ``body_model`` and its sha256.

    Raises InputError when the motion has no frames or holds values that are not finite, ValueError for another ``up``.
    """
    if up not in ("y", "z"):
        raise ValueError(f"up is 'y' or 'z', not {up!r}")
    orient, transl = motion.global_orient, motion.transl
    if not len(motion) or not all(np.isfinite(part).all() for part in (orient, motion.body_pose, transl)):
        raise InputError("a motion without frames or with values that are not finite cannot be exported", where=path)
    if up == "z":
        pelvis = body.rest_joints(motion.betas)[0]
        orient = matrix_to_axis_angle(Y_TO_Z_UP @ rotation_matrices(orient))
        transl = (transl + pelvis) @ Y_TO_Z_UP.T - pelvis
    poses = np.zeros((len(motion), 156))
    poses[:, :3], poses[:, 3:66] = orient, motion.body_pose[:, :63]
    betas = np.zeros(16)
    if body.name != "free":
        betas[:10] = motion.betas
    write_npz(
        path,
        poses=poses,
        trans=transl,
        betas=betas,
        dmpls=np.zeros((len(motion), 8)),
        gender="neutral",
        mocap_framerate=float(fps),
        mocap_frame_rate=float(fps),
        fps=float(fps),
        up_axis=up,
        valid=motion.valid,
        body_model=body.name,
        body_model_sha256=body.sha256,
        body_model_betas=motion.betas,
    )
