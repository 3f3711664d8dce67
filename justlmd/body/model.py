"""The body model: SMPL's 24 joints on a free body that is shipped, or on the user's own SMPL file.

Coordinates are metres with y up, the body's left at +x and its front at +z. ``global_orient`` turns the body about its
pelvis and ``transl`` is added afterwards, as in the ``smplx`` package. Formulae: Loper et al., "SMPL: a skinned
multi-person linear model", 2015, sections 3.1 and 3.2.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.core.errors import InputError
from justlmd.core.files import read_npz

FREE_BODY_PATH = Path(__file__).parents[1] / "data" / "free_body.npz"

JOINT_NAMES = [
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand",
]  # fmt: skip
PARENTS = np.array([-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21])
MIRRORED_JOINTS = np.array([0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21, 20, 23, 22])
MIXAMO_NAMES = [
    f"mixamorig:{name}"
    for name in (
        "Hips", "LeftUpLeg", "RightUpLeg", "Spine", "LeftLeg", "RightLeg", "Spine1", "LeftFoot", "RightFoot",
        "Spine2", "LeftToeBase", "RightToeBase", "Neck", "LeftShoulder", "RightShoulder", "Head", "LeftArm",
        "RightArm", "LeftForeArm", "RightForeArm", "LeftHand", "RightHand", "LeftHandMiddle1", "RightHandMiddle1",
    )
]  # fmt: skip
"""Mixamo's names of SMPL's 24 joints, in SMPL's order; the trees are the same."""

LANDMARK_NAMES = [
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index",
    "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    "left_heel", "right_heel", "left_foot_index", "right_foot_index",
]  # fmt: skip
"""MediaPipe's 33 pose landmarks in their order."""

_LANDMARK_JOINT_OF = {"heel": "ankle", "foot_index": "foot", "pinky": "wrist", "index": "wrist", "thumb": "wrist"}
LANDMARK_JOINTS = np.array(
    [
        JOINT_NAMES.index("head")
        if index < 11
        else JOINT_NAMES.index("_".join([name.split("_", 1)[0], _LANDMARK_JOINT_OF.get(part, part)]))
        for index, name in enumerate(LANDMARK_NAMES)
        for part in [name.split("_", 1)[-1]]
    ]
)
"""The joint (index into JOINT_NAMES) that each landmark moves with, (33,)."""


@dataclass(frozen=True)
class Body:
    """A body model in SMPL's format.

    ``v_template`` (V, 3), ``shapedirs`` (V, 3, 10), ``posedirs`` (V, 3, 207) or None, ``J_regressor`` (24, V),
    ``weights`` (V, 24), ``faces`` (F, 3); ``landmark_offsets`` (33, 3): where each of MediaPipe's landmarks lies
    relative to its joint ``LANDMARK_JOINTS`` in the rest pose. ``name`` and ``sha256`` belong beside every set of
    parameters of this body: the shape parameters of two bodies are not comparable.
    """

    name: str
    sha256: str
    v_template: np.ndarray
    shapedirs: np.ndarray
    posedirs: np.ndarray | None
    J_regressor: np.ndarray
    weights: np.ndarray
    faces: np.ndarray
    landmark_offsets: np.ndarray

    @cached_property
    def _joint_template(self) -> np.ndarray:
        return self.J_regressor.astype(np.float64) @ self.v_template

    @cached_property
    def _joint_shapedirs(self) -> np.ndarray:
        return np.einsum("jv,vck->jck", self.J_regressor.astype(np.float64), self.shapedirs, optimize=True)

    @cached_property
    def sparse_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Joints (V, K) and weights (V, K) of every vertex, K the largest number of joints that move one vertex."""
        count = int((self.weights > 0).sum(1).max())
        joints = np.argsort(-self.weights, axis=1, kind="stable")[:, :count]
        return joints.astype(np.int32), np.take_along_axis(self.weights, joints, axis=1).astype(np.float32)

    def rest_joints(self, betas: np.ndarray | None = None) -> np.ndarray:
        """Joint centres (24, 3) of the unposed body, metres about the template's origin."""
        return self._joint_template + (0.0 if betas is None else self._joint_shapedirs @ np.asarray(betas, float))

    def rest_vertices(self, betas: np.ndarray | None = None) -> np.ndarray:
        """Vertices (V, 3) of the unposed body."""
        if betas is None:
            return self.v_template
        return self.v_template + (self.shapedirs @ np.asarray(betas, np.float32)).astype(np.float32)


def load_body(path: str | Path | None = None) -> Body:
    """Load a body model.

    Parameters
    ----------
    path
        The user's SMPL model, an ``.npz`` or the official ``.pkl`` (read without running its code); None or empty for
        the free body.

    Raises
    ------
    InputError
        Names the file: it is unreadable, harmful or not a body with SMPL's 24 joints.
    """
    path = Path(path) if path else FREE_BODY_PATH
    if not path.is_file():
        raise InputError(
            "no such body model file",
            where=path,
            next_step="give an SMPL .npz or .pkl, or leave it out for the free body",
        )
    data: dict[str, Any]
    if path.suffix.lower() == ".npz":
        data = dict(read_npz(path))
    elif path.suffix.lower() == ".pkl":
        from justlmd.body.smpl_pickle import read_smpl_pickle

        data = read_smpl_pickle(path)
    else:
        raise InputError("a body model is an .npz or .pkl file", where=path)
    if path == FREE_BODY_PATH:
        data = _unpacked(data)
    return _checked(path, data, "free" if path == FREE_BODY_PATH else path.stem)


def _unpacked(data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The free body's file keeps its sparse matrices as index and value and its shape directions in half precision."""
    vertices = len(data["v_template"])
    weights = np.zeros((vertices, 24), np.float32)
    np.put_along_axis(
        weights, data["weight_joints"].astype(int), data["weight_steps"].astype(np.float32) / 1024, axis=1
    )
    regressor = np.zeros((24, vertices), np.float32)
    regressor[data["regressor_rows"], data["regressor_columns"]] = data["regressor_values"]
    return {
        "v_template": data["v_template"],
        "shapedirs": data["shapedirs"],
        "weights": weights,
        "J_regressor": regressor,
        "f": data["f"],
        "kintree_table": np.stack([PARENTS, np.arange(24)]),
        "landmark_offsets": data["landmark_offsets"],
    }


def _checked(path: Path, data: dict[str, Any], name: str) -> Body:
    """A Body from arrays of unknown origin; raises InputError that names the key at fault."""
    for key in ("v_template", "shapedirs", "J_regressor", "weights", "kintree_table", "f"):
        if key not in data:
            raise InputError(f"not an SMPL body model: the key {key} is missing", where=path)
    vertices = len(data["v_template"]) if np.ndim(data["v_template"]) == 2 else 0
    shapes = {
        "v_template": (vertices, 3),
        "shapedirs": (vertices, 3, None),
        "J_regressor": (24, vertices),
        "weights": (vertices, 24),
        "f": (None, 3),
        "kintree_table": (2, 24),
        "posedirs": (vertices, 3, 207),
        "landmark_offsets": (33, 3),
    }
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for key, shape in shapes.items():
        if key not in data:
            continue
        try:
            array = np.asarray(data[key], dtype=np.int64 if key in ("f", "kintree_table") else np.float32)
        except (TypeError, ValueError) as error:
            raise InputError(f"{key} does not hold numbers", where=path) from error
        fits = array.ndim == len(shape) and all(b in (None, a) for a, b in zip(array.shape, shape, strict=True))
        if not fits or array.size == 0 or not np.isfinite(array).all():
            wanted = " x ".join("n" if size is None else str(size) for size in shape)
            raise InputError(
                f"{key} has shape {array.shape} or values that are not finite",
                where=path,
                next_step=f"expected {wanted}",
            )
        arrays[key] = array
    if not np.array_equal(arrays["kintree_table"][0, 1:], PARENTS[1:]):
        raise InputError("kintree_table is not SMPL's tree of 24 joints (SMPL-H and SMPL-X do not fit)", where=path)
    if arrays["f"].min() < 0 or arrays["f"].max() >= vertices:
        raise InputError("f names vertices that do not exist", where=path)
    if np.abs(arrays["weights"].sum(1) - 1).max() > 1e-3:
        raise InputError("the skinning weights of some vertices do not sum to 1", where=path)
    shapedirs = np.zeros((vertices, 3, 10), np.float32)
    components = min(10, arrays["shapedirs"].shape[2])
    shapedirs[:, :, :components] = arrays["shapedirs"][:, :, :components]
    posedirs = arrays.get("posedirs")
    joints = arrays["J_regressor"].astype(np.float64) @ arrays["v_template"]
    offsets = arrays.get("landmark_offsets")
    return Body(
        name=name,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        v_template=arrays["v_template"],
        shapedirs=shapedirs,
        posedirs=posedirs if posedirs is not None and posedirs.any() else None,
        J_regressor=arrays["J_regressor"],
        weights=arrays["weights"],
        faces=arrays["f"].astype(np.int32),
        landmark_offsets=_smpl_landmark_offsets(arrays["v_template"], joints) if offsets is None else offsets,
    )


def _smpl_landmark_offsets(vertices: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Landmark offsets (33, 3) on SMPL's own mesh; zeros (the joint itself) where the vertices are numbered otherwise.

    The vertices are those that the ``smplx`` package names; knuckles lie half way from the wrist to the finger tips.
    """
    offsets = np.zeros((33, 3))
    if len(vertices) != 6890:
        return offsets
    tips = {"thumb": (2746, 6191), "index": (2319, 5782), "pinky": (2673, 6133)}
    points = {"nose": vertices[332]}
    for side, (eye, ear, toe, heel) in {"left": (2800, 583, 3216, 3387), "right": (6260, 4071, 6617, 6787)}.items():
        outward = np.array([1.0 if side == "left" else -1.0, 0, 0])
        points[f"{side}_eye"] = vertices[eye]
        points[f"{side}_eye_inner"] = vertices[eye] - 0.011 * outward
        points[f"{side}_eye_outer"] = vertices[eye] + 0.011 * outward
        points[f"{side}_ear"] = vertices[ear]
        points[f"{side}_foot_index"] = vertices[toe]
        points[f"{side}_heel"] = vertices[heel]
        # The mouth lies as far below the nose as the eyes lie above it, its corners under the inner half of the eyes.
        points[f"mouth_{side}"] = vertices[332] * [0, 1, 1] + [0.75 * vertices[eye][0], -0.033, -0.012]
        wrist = joints[JOINT_NAMES.index(f"{side}_wrist")]
        for finger, numbers in tips.items():
            points[f"{side}_{finger}"] = (wrist + vertices[numbers[side == "right"]]) / 2
    for name, point in points.items():
        index = LANDMARK_NAMES.index(name)
        offsets[index] = point - joints[LANDMARK_JOINTS[index]]
    return offsets
