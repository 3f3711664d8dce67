"""Motion as the files that dance and motion models are trained on: AIST++, EDGE and HumanML3D.

None of these has room for a frame rate; their loaders take 60, 30 and 20 frames/s for granted.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.body.model import Body
from justlmd.core.files import replacing
from justlmd.export.origin import Origin, origin_fields, require_finite
from justlmd.export.shaping import resampled, z_up_root
from justlmd.motion.motion import Y_TO_Z_UP, Motion

AIST_FPS, EDGE_FPS, HUMANML3D_FPS = 60, 30, 20


def write_aist(path: str | Path, motion: Motion, body: Body, fps: float, origin: Origin) -> Motion:
    """Write an AIST++ pickle; returns the motion at its 60 frames/s.

    ``smpl_poses`` (N, 72), ``smpl_trans`` (N, 3) and ``smpl_scaling`` (1,), by which loaders divide the former: here 1,
    so that it is metres. Y up. EDGE and mint read it as training data.
    """
    require_finite(path, motion)
    motion = resampled(motion, AIST_FPS, fps)
    content = {
        "smpl_poses": np.concatenate([motion.global_orient, motion.body_pose], axis=1),
        "smpl_scaling": np.ones(1),
        "smpl_trans": motion.transl,
        "smpl_loss": 0.0,
    }
    _write_pickle(path, content | origin_fields(motion, body, AIST_FPS, origin))
    return motion


def write_edge(path: str | Path, motion: Motion, body: Body, fps: float, origin: Origin) -> Motion:
    """Write a pickle as EDGE writes its dances; returns the motion at its 30 frames/s.

    ``smpl_poses`` (T, 72), ``smpl_trans`` (T, 3): the pelvis itself, ``full_pose`` (T, 24, 3) joints. Metres, z up.
    """
    require_finite(path, motion)
    motion = resampled(motion, EDGE_FPS, fps)
    joints = motion.joints(body) @ Y_TO_Z_UP.T
    orient, _ = z_up_root(motion, body.rest_joints(motion.betas)[0])
    content = {
        "smpl_poses": np.concatenate([orient, motion.body_pose], axis=1),
        "smpl_trans": joints[:, 0].copy(),
        "full_pose": joints,
    }
    _write_pickle(path, content | origin_fields(motion, body, EDGE_FPS, origin))
    return motion


def write_humanml3d(path: str | Path, motion: Motion, body: Body, fps: float) -> Motion:
    """Write joint positions (T, 22, 3) float32 for HumanML3D's processing; returns the motion at its 20 frames/s.

    Metres, y up, SMPL's first 22 joints: what lies in HumanML3D's folder ``joints`` before its features are computed.
    """
    require_finite(path, motion)
    motion = resampled(motion, HUMANML3D_FPS, fps)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, motion.joints(body)[:, :22].astype(np.float32), allow_pickle=False)
    return motion


def _write_pickle(path: str | Path, content: dict[str, Any]) -> None:
    """A pickle that numpy 1 reads too: numpy 2 would name a module that older ones do not have."""
    data = pickle.dumps(content, protocol=3)
    data = data.replace(b"cnumpy._core.multiarray\n_reconstruct\n", b"cnumpy.core.multiarray\n_reconstruct\n")
    with replacing(path) as temporary:
        temporary.write_bytes(data)
