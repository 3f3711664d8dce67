"""The body that dances in the player: a skinned mesh in SMPL's 24 joints, as one script for all pages.

A user's own SMPL file may be used: the script then stays on the user's disk (its licence forbids to pass it on), and
:mod:`justlmd.view.share_page` draws the free body instead.
"""

from typing import Any

import numpy as np

from justlmd.body.clothing import clothing_colors
from justlmd.body.model import JOINT_NAMES, PARENTS, Body
from justlmd.core.errors import InputError
from justlmd.export.glb import four_weights
from justlmd.view.packing import pack

POSITION_STEPS = 2**16 - 1
SHAPE_STEPS = 127
SEED = 38
"""Of the clothes: a blue shirt, dark trousers and shoes, which stand out from a light and from a dark room."""


def skinned_body(body: Body, betas: np.ndarray | None = None, seed: int = SEED) -> dict[str, Any]:
    """A body for the player.

    Parameters
    ----------
    body
        The body model. Pose-dependent shape (an SMPL file's ``posedirs``) is left out.
    betas
        (10,) for a mesh of one shape; None for the template with the directions of its shape, for dancers of any shape.
    seed
        Of the clothes' colours.

    Returns
    -------
    What JSON can hold: ``joints`` (names) and ``parents``; ``low`` and ``step`` (3,) in metres of the ``positions``
    (V, 3); ``faces`` (F, 3); ``skin_joints`` and ``skin_weights`` (V, 4), weights in 255ths; ``colors`` (V, 3), sRGB;
    ``shape_step`` and ``shape`` (V, 30): metres of x, y, z by each of the ten betas, absent with ``betas``. Arrays are
    packed by :func:`~justlmd.view.packing.pack` with first differences.

    Raises
    ------
    InputError
        The mesh has more than 65,535 vertices.
    """
    vertices = body.rest_vertices(betas).astype(float)
    if len(vertices) > POSITION_STEPS:
        raise InputError(
            f"its mesh has {len(vertices)} vertices, the player takes {POSITION_STEPS}",
            where=body.name,
            next_step="use the free body (body_model: '')",
        )
    low = vertices.min(0)
    step = np.maximum((vertices.max(0) - low) / POSITION_STEPS, 1e-9)
    joints, weights = four_weights(body)
    colors = clothing_colors(body, np.random.default_rng(seed))
    content = {
        "name": body.name,
        "joints": JOINT_NAMES,
        "parents": PARENTS.tolist(),
        "vertices": len(vertices),
        "low": low.tolist(),
        "step": step.tolist(),
        "positions": pack(np.round((vertices - low) / step).astype(int), order=1),
        "faces": pack(body.faces, order=1),
        "skin_joints": pack(joints, order=1),
        "skin_weights": pack(weights, order=1),
        "colors": pack(np.round(colors).astype(int), order=1),
    }
    if betas is None:
        directions = body.shapedirs.reshape(len(vertices), -1).astype(float)  # x by beta 0..9, then y, then z
        shape_step = max(float(np.abs(directions).max()) / SHAPE_STEPS, 1e-9)
        content |= {"shape_step": shape_step, "shape": pack(np.round(directions / shape_step).astype(int), order=1)}
    return content
