"""A dancer's motion as the player reads it: small enough for a page, and within a millimetre of ``smplfull.json``."""

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.model import Body
from justlmd.core.errors import InputError
from justlmd.motion.motion import Motion, runs
from justlmd.view.packing import pack, unpack

ROTATION_STEP = 2 * np.pi / 2**14
"""Radians; 14 bits over a whole turn are the fewest that keep all joints within 1 mm (13 bits: 1.65 mm)."""
TRANSL_STEP = 0.0005
"""Metres, if the dance stays within :data:`REACH_M`."""
REACH_M = 16.0
"""Metres about the middle of the trajectory that 16 bits reach; a longer way has longer steps."""


def dancer(name: str, motion: Motion, body: Body, first_frame_s: float) -> dict[str, Any]:
    """One dancer for the player.

    Parameters
    ----------
    name
        What people read over the dancer.
    motion
        T frames at 30 per second, y up, metres.
    body
        The body model that ``motion.betas`` belong to.
    first_frame_s
        Second of the song at frame 0.

    Returns
    -------
    What JSON can hold: ``frames``; ``missing``, stretches [start, stop) of frames without a body; ``rest``, the 24
    joints of the unposed body; ``betas``; ``pelvis_height``, of the unposed pelvis over its soles; ``step`` and
    ``origin`` of the translation; ``data``, (T, 75) integers by :func:`~justlmd.view.packing.pack` with second
    differences: the translation less ``origin`` in ``step``, then rotation vectors of the 24 joints in
    :data:`ROTATION_STEP`.

    Raises
    ------
    InputError
        There are no frames, or values are not finite.
    """
    pose = np.concatenate([motion.global_orient, motion.body_pose], axis=1)
    if not len(pose) or not all(np.isfinite(part).all() for part in (pose, motion.transl, motion.betas)):
        raise InputError("a motion without frames or with values that are not finite cannot be shown", where=name)
    shortest = Rotation.from_rotvec(pose.reshape(-1, 3)).as_rotvec().reshape(pose.shape)
    low, high = motion.transl.min(0), motion.transl.max(0)
    origin = np.round((low + high) / 2, 3)
    step = TRANSL_STEP * max(1.0, float(np.abs(motion.transl - origin).max()) / REACH_M)
    values = np.concatenate([(motion.transl - origin) / step, shortest / ROTATION_STEP], axis=1)
    rest = body.rest_joints(motion.betas)
    return {
        "name": name,
        "frames": len(pose),
        "first_frame_s": round(float(first_frame_s), 6),
        "missing": runs(~motion.valid),
        "rest": np.round(rest, 6).tolist(),
        "betas": np.round(motion.betas, 5).tolist(),
        "pelvis_height": round(float(rest[0, 1] - body.rest_vertices(motion.betas)[:, 1].min()), 4),
        "origin": origin.tolist(),
        "step": step,
        "data": pack(np.round(values).astype(np.int64), order=2),
    }


def decoded(content: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Translation (T, 3) in metres and rotation vectors (T, 72) in radians of what :func:`dancer` returned."""
    values = unpack(content["data"], channels=75, order=2)
    return values[:, :3] * content["step"] + content["origin"], values[:, 3:] * ROTATION_STEP
