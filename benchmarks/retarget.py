"""How far a motion capture file's joints move when its motion is retargeted to the body.

    python -m benchmarks.retarget [--short] [--data DIR]

For every file of ``DIR/mocap``: the angle between the directions of limbs in the file and on the body (degrees, mean
and 95th percentile over frames and both sides), and the distance in mm between the body's twelve limb joints and the
file's, about the middle of the hips: with the file's own bones in one scale (the legs'), and with every bone of
the file brought to the body's length. Prints a table and writes ``benchmarks/results/retarget.json``.
"""

from pathlib import Path

import numpy as np

from benchmarks import options
from justlmd.body.kinematics import forward_kinematics
from justlmd.body.model import JOINT_NAMES, Body, load_body
from justlmd.core.files import write_json
from justlmd.motion.importers.bvh import read_joint_names
from justlmd.motion.importers.bvh_file import parse_bvh
from justlmd.motion.importers.human_skeleton import human_skeleton
from justlmd.motion.importers.retarget import Skeleton, retargeted
from model.evaluation.pose_errors import shared_joints

RESULTS = Path(__file__).parent / "results" / "retarget.json"
LINES = {  # from the middle of the near joints to that of the far ones
    "torso": (("left_hip", "right_hip"), ("left_shoulder", "right_shoulder")),
    "hips": (("right_hip",), ("left_hip",)),
    "shoulders": (("right_shoulder",), ("left_shoulder",)),
    "thigh": (("hip",), ("knee",)),
    "shank": (("knee",), ("ankle",)),
    "upper arm": (("shoulder",), ("elbow",)),
    "forearm": (("elbow",), ("wrist",)),
}


def lines(joints: np.ndarray) -> dict[str, np.ndarray]:
    """Directions (T, 1 or 2, 3) of parts of the body from SMPL's joints (T, 24, 3)."""

    def middle(names: list[str]) -> np.ndarray:
        return joints[:, [JOINT_NAMES.index(name) for name in names]].mean(1)

    found = {}
    for part, (near, far) in LINES.items():
        sided = ("left_", "right_") if near[0] in ("hip", "knee", "shoulder", "elbow") else ("",)
        each = [middle([side + n for n in far]) - middle([side + n for n in near]) for side in sided]
        found[part] = np.stack(each, axis=1)
    return found


def source_joints(source: Skeleton) -> np.ndarray:
    """The file's joints in SMPL's order (T, 24, 3); NaN where it has none."""
    joints = np.full((len(source.places), 24, 3), np.nan)
    for name, number in source.joints.items():
        joints[:, JOINT_NAMES.index(name)] = source.places[:, number]
    return joints


def with_lengths_of(body: Body, joints: np.ndarray) -> np.ndarray:
    """Twelve limb joints (T, 12, 3) about the middle of the hips: the source's directions, the body's lengths."""
    parts, rest = lines(joints), lines(body.rest_joints()[None])
    scaled = {
        part: line / np.linalg.norm(line, axis=-1, keepdims=True) * np.linalg.norm(rest[part], axis=-1)[..., None]
        for part, line in parts.items()
    }
    hips = np.stack([scaled["hips"][:, 0] / 2, -scaled["hips"][:, 0] / 2], axis=1)
    shoulders = scaled["torso"] + np.stack([scaled["shoulders"][:, 0] / 2, -scaled["shoulders"][:, 0] / 2], axis=1)
    knees, elbows = hips + scaled["thigh"], shoulders + scaled["upper arm"]
    at = [hips, knees, knees + scaled["shank"], shoulders, elbows, elbows + scaled["forearm"]]
    return np.stack(at, axis=1).reshape(len(joints), 12, 3)


def errors(source: Skeleton, body: Body) -> dict[str, float]:
    """The errors of one retarget."""
    poses, pelvis = retargeted(source, body)
    rest = body.rest_joints()[0]
    found = forward_kinematics(body, poses[:, :3], poses[:, 3:], pelvis - rest)
    seen = source_joints(source)
    angles = {}
    for part, line in lines(found).items():
        other = lines(seen)[part]
        cosine = (line * other).sum(-1) / np.linalg.norm(line, axis=-1) / np.linalg.norm(other, axis=-1)
        angles[part] = np.degrees(np.arccos(cosine.clip(-1, 1)))
    about = shared_joints(found)
    result = {f"{part}_deg": float(angle.mean()) for part, angle in angles.items()}
    result["worst_part_p95_deg"] = max(float(np.percentile(angle, 95)) for angle in angles.values())
    result["one_scale_mm"] = 1000 * float(np.linalg.norm(about - shared_joints(seen), axis=-1).mean())
    result["same_lengths_mm"] = 1000 * float(np.linalg.norm(about - with_lengths_of(body, seen), axis=-1).mean())
    return result


def main() -> None:
    parser = options.parser(__doc__, short="every 20th frame instead of every 4th", data="folder with mocap/*.bvh")
    arguments = parser.parse_args()
    body, result = load_body(), {}
    for path in sorted(arguments.data.glob("mocap/*.bvh")):
        file = parse_bvh(path.read_text())
        file = type(file)(file.joints, file.values[:: 20 if arguments.short else 4], file.fps)
        result[path.stem] = errors(human_skeleton(file, body, read_joint_names(path)), body)
    if not result:
        raise SystemExit(f"no BVH file in {arguments.data / 'mocap'}")
    result["mean"] = {
        name: float(np.mean([row[name] for row in result.values()])) for name in next(iter(result.values()))
    }
    print(" " * 20 + " ".join(f"{name.removesuffix('_deg'):>15s}" for name in result["mean"]))
    for name, row in result.items():
        print(f"{name:20s}" + " ".join(f"{value:15.1f}" for value in row.values()))
    write_json(RESULTS, {name: {key: round(value, 2) for key, value in row.items()} for name, row in result.items()})


if __name__ == "__main__":
    main()
