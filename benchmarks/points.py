"""What the fit makes of 2D points alone, as MMPose gives them, beside the same points with true 3D landmarks.

    python -m benchmarks.points [--short] [--data DIR]

Every dance of ``DIR/motion/*/smplfull.json`` moves the free body before its own camera; the body's landmarks are
projected with noise of 0.4 % of its height and handed to the fit in the layouts of MMPose's models. No network is run:
the figures are what is lost because depth is not seen. Prints a table and writes ``benchmarks/results/points.json``.
"""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import options
from demo.build import motion_of
from demo.song_list import song_by_id
from justlmd.body.kinematics import joint_transforms, landmarks
from justlmd.body.model import LANDMARK_NAMES, Body, load_body
from justlmd.core.files import write_json
from justlmd.motion.motion import FLIP, before_camera, to_yup
from justlmd.motion.smplfull import read_smplfull
from justlmd.pose.keypoints import Keypoints2D
from justlmd.pose.mmpose import LAYOUTS
from justlmd.recovery.fit import recover
from model.evaluation.pose_errors import evaluated_joints, mpjpe, pa_mpjpe

RESULTS = Path(__file__).parent / "results" / "points.json"
SEED = 0
SONG = "kitchen_parade"
"""Of the demo, for measurements of speed alone."""


def main() -> None:
    parser = options.parser(
        __doc__, short="10 s of each dance instead of a minute", data="folder with motion/*/smplfull.json"
    )
    arguments = parser.parse_args()
    dances = sorted(arguments.data.glob("motion/*/smplfull.json"))
    if not dances:
        raise SystemExit(f"no dance in {arguments.data}/motion/*/smplfull.json; name the folder with --data")
    body = load_body()
    errors: dict[str, list[tuple[float, float, int, float]]] = {}
    for dance in dances:
        motion = to_yup(
            read_smplfull(dance).cut(600, 900 if arguments.short else 2400), body, floor=0.0, own_shapes=False
        )
        transforms = joint_transforms(body, motion.global_orient, motion.body_pose, motion.transl)
        points, truth = landmarks(transforms, body.landmark_offsets) * FLIP, transforms[..., :3, 3] * FLIP
        for name, keypoints2d in inputs(points).items():
            start = time.perf_counter()
            found = to_yup(recover(keypoints2d, body), body, floor=0.0).joints(body) * FLIP
            pair = evaluated_joints(found), evaluated_joints(truth)
            taken = time.perf_counter() - start
            errors.setdefault(name, []).append((mpjpe(*pair), pa_mpjpe(*pair), len(truth), taken))
    table = {}
    for name, rows in errors.items():
        position, aligned, frames, seconds = np.array(rows).T
        table[name] = {
            "mpjpe_mm": round(float(np.average(position, weights=frames)), 1),
            "pa_mpjpe_mm": round(float(np.average(aligned, weights=frames)), 1),
            "frames": int(frames.sum()),
            "frames_per_s": round(float(frames.sum() / seconds.sum()), 1),
        }
    print(f"{'points':32s} MPJPE mm  PA-MPJPE mm  frames/s")
    for name, row in table.items():
        print(f"{name:32s} {row['mpjpe_mm']:8.1f} {row['pa_mpjpe_mm']:12.1f} {row['frames_per_s']:9.0f}")
    write_json(RESULTS, table)


def inputs(points: np.ndarray) -> dict[str, Keypoints2D]:
    """Landmarks (T, 33, 3) in camera axes as ``keypoints2d``: all with true 3D, then each layout in 2D alone."""
    pixels = points[..., :2] / points[..., 2:] * 864 + [640, 360]
    box = np.ptp(pixels[..., 1], axis=1).mean()
    pixels = pixels + np.random.default_rng(SEED).normal(0, 0.004 * box, pixels.shape)
    every = np.concatenate([pixels, np.full((*pixels.shape[:2], 1), 0.9)], axis=-1).astype(np.float32)
    world = (points - points[:, 23:25].mean(1, keepdims=True)).astype(np.float32)
    result = {"all 33, true 3D": _keypoints2d(every, world)}
    for count, (layout, places) in LAYOUTS.items():
        some = np.full_like(every, np.nan)
        index = [LANDMARK_NAMES.index(name) for name in places]
        some[:, index] = every[:, index]
        result[f"{layout} ({count}), 2D alone"] = _keypoints2d(some, np.full_like(world, np.nan))
    return result


def dance_of(frames: int, body: Body) -> Keypoints2D:
    """Landmarks with true 3D of that many frames: a dance of the demo there and back, over and over."""
    camera = before_camera(motion_of(song_by_id(SONG), body), body)
    placed = to_yup(camera, body, floor=0.0)
    transforms = joint_transforms(body, placed.global_orient, placed.body_pose, placed.transl)
    found = inputs(landmarks(transforms, body.landmark_offsets) * FLIP)["all 33, true 3D"]
    turns = np.arange(frames) % (2 * len(placed) - 2)
    there_and_back = np.minimum(turns, 2 * len(placed) - 2 - turns)
    names = ("keypoints", "world", "detected")
    return replace(found, **{name: getattr(found, name)[there_and_back] for name in names})


def _keypoints2d(keypoints: np.ndarray, world: np.ndarray) -> Keypoints2D:
    return Keypoints2D.made(keypoints, world, (1280, 720), "projected", detected=np.ones(len(keypoints), bool))


if __name__ == "__main__":
    main()
