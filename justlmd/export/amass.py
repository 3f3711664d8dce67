"""Motion as an AMASS-style ``.npz``, which aitviewer, the SMPL add-ons of Blender and many research programs read."""

from pathlib import Path

import numpy as np

from justlmd.body.model import Body
from justlmd.core.clock import FPS
from justlmd.core.files import write_npz
from justlmd.export.origin import Origin, origin_fields, require_finite
from justlmd.export.shaping import z_up_root
from justlmd.motion.motion import Motion


def write_amass(
    path: str | Path, motion: Motion, body: Body, fps: float = FPS, up: str = "z", origin: Origin | None = None
) -> None:
    """Write the keys of AMASS (SMPL-H): ``poses`` (T, 156), ``trans`` (T, 3) in metres, ``betas`` (16,), ``gender``.

    SMPL's two hand joints are dropped and SMPL-H's ninety finger values are zero. The frame rate stands under all three
    names that readers look for. ``up`` is "z" (as in AMASS, whose readers turn it) or "y" (as everywhere in this
    library) and is written as ``up_axis``. The shape parameters of the free body mean nothing to SMPL: ``betas`` are
    then zero and the body's own are kept as ``body_model_betas`` beside ``body_model`` and its sha256. ``origin`` adds
    ``first_frame_s``, ``floor_m`` and ``camera_K`` (:func:`~justlmd.export.origin.origin_fields`).

    Raises InputError when the motion has no frames or holds values that are not finite, ValueError for another ``up``.
    """
    if up not in ("y", "z"):
        raise ValueError(f"up is 'y' or 'z', not {up!r}")
    require_finite(path, motion)
    orient, transl = motion.global_orient, motion.transl
    if up == "z":
        orient, transl = z_up_root(motion, body.rest_joints(motion.betas)[0])
    poses = np.zeros((len(motion), 156))
    poses[:, :3], poses[:, 3:66] = orient, motion.body_pose[:, :63]
    betas = np.zeros(16)
    if body.name != "free":
        betas[:10] = motion.betas
    fields = origin_fields(motion, body, fps, origin or Origin())
    if origin is None:
        del fields["first_frame_s"]
    del fields["missing"]
    write_npz(
        path,
        poses=poses,
        trans=transl,
        betas=betas,
        dmpls=np.zeros((len(motion), 8)),
        gender="neutral",
        mocap_framerate=float(fps),
        mocap_frame_rate=float(fps),
        up_axis=up,
        valid=motion.valid,
        **fields,
    )
