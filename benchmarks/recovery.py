"""Render known dances, recover them, and measure how far the result is from the truth.

    python -m benchmarks.recovery [--short] [--data DIR] [--fresh]

The dances are those of ``DIR/motion/*/smplfull.json`` (real people's) and of the demo (the project's own). Each
is danced by free bodies of different shape, in different clothes, turned to the side, before cameras of different
distance and focal length, 1280x720. Every video goes the workflow's way at default settings: 2D pose, then the fit.
``--fresh`` takes other seconds of the dances, other demo songs, bodies, clothes and the other side, for figures on what
the fit's weights were not chosen with. Prints tables and writes ``benchmarks/results/recovery.json``. Errors are of
14 joints relative to the pelvis; those of MediaPipe's own landmarks, and ``*_12_joints_*``, of the 12 that both have,
relative to the hips' midpoint.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from demo.build import motion_of
from demo.song_list import song_by_id
from justlmd.body.camera import Camera, assumed_focal_px, intrinsics
from justlmd.body.clothing import clothing_colors
from justlmd.body.kinematics import skin
from justlmd.body.model import JOINT_NAMES, Body, load_body
from justlmd.core.files import write_json
from justlmd.core.rotations import matrix_to_axis_angle, rotation_matrices
from justlmd.media.writer import write_video
from justlmd.motion.motion import FLIP, Motion, to_yup
from justlmd.motion.smplfull import read_smplfull, write_smplfull
from justlmd.pose.keypoints import Keypoints2D
from justlmd.pose.landmarks import estimate_keypoints2d
from justlmd.preview.renderer import draw_shadow, render_mesh, render_room
from justlmd.recovery.fit import recover
from justlmd.recovery.objective import Weights
from model.evaluation import pose_errors as metrics3d
from model.evaluation.metrics import foot_sliding

RESULTS = Path(__file__).parent / "results" / "recovery.json"
SIZE = (1280, 720)
DEMO_SONGS, FRESH_DEMO_SONGS = ("paper_star", "corazon"), ("morning_jump", "harbour_lights")
FIRST_WEIGHTS = Weights(
    robust_sigma=0.04, world=3, smooth_points=60, smooth_joints=40, smooth_root=10, prior=0.1, floor=0, lock=0
)
"""Those of the fit's first version, which knew no ground."""


@dataclass(frozen=True)
class Condition:
    """How a dance is filmed: the body's shape and clothes by ``seed``, turn and focal length, frames by ``start``."""

    name: str
    start: int
    seed: int
    yaw_deg: float = 0.0
    focal: float = 1.0  # times the one that the fit assumes
    distance: float = 1.0  # times the one at which the whole dance just fits


CONDITIONS = (
    Condition("frontal", 600, 1),
    Condition("turned 40°, far", 1600, 2, yaw_deg=40, distance=1.35),
    Condition("turned -25°, longer lens", 2600, 3, yaw_deg=-25, focal=1.3),
)
FRESH_CONDITIONS = (
    Condition("frontal", 0, 11),
    Condition("turned -40°, far", 1000, 12, yaw_deg=-40, distance=1.35),
    Condition("turned 25°, longer lens", 2000, 13, yaw_deg=25, focal=1.3),
)


Row = tuple[str, str, str, int, dict[str, float]]
"""Method, dance, condition, number of frames, errors."""


@dataclass(frozen=True)
class Take:
    """One dance as it was filmed; motion in the y-up world, floor at 0."""

    dance: str
    condition: Condition
    motion: Motion
    camera: Camera
    joints: np.ndarray


def dances(data: Path, frames: int, fresh: bool) -> Iterator[tuple[str, Condition, Motion]]:
    """Name, condition, and the part of the dance that is filmed."""
    body, conditions = load_body(), FRESH_CONDITIONS if fresh else CONDITIONS
    for path in sorted(data.glob("motion/*/smplfull.json")):
        whole = read_smplfull(path)
        for condition in conditions:
            start = min(condition.start, len(whole.valid) - frames)
            yield path.parent.name[:12], condition, to_yup(whole.cut(start, start + frames), body, own_shapes=False)
    for name in FRESH_DEMO_SONGS if fresh else DEMO_SONGS:
        motion = motion_of(song_by_id(name), body)
        for condition, start in zip(conditions, (0, len(motion) - frames), strict=False):
            yield name, condition, motion.cut(start, start + frames)


def take(dance: str, condition: Condition, motion: Motion, body: Body) -> Take:
    """Shape, turn and place a dance, and put up a level camera that has the whole of it in its picture."""
    betas = np.random.default_rng(condition.seed).normal(0, 0.8, 10)
    turn = rotation_matrices(np.array([0, np.deg2rad(condition.yaw_deg), 0]))
    pelvis = body.rest_joints(betas)[0]
    size = pelvis[1] - body.rest_vertices(betas)[:, 1].min()
    usual = body.rest_joints()[0, 1] - body.v_template[:, 1].min()
    place = motion.transl + body.rest_joints()[0]
    place = (place - place.mean(0) * [1, 0, 1]) * (size / usual)  # longer legs make longer steps
    motion = replace(
        motion,
        global_orient=matrix_to_axis_angle(turn @ rotation_matrices(motion.global_orient)),
        transl=place @ turn.T - pelvis,
        betas=betas,
    )
    joints = motion.joints(body)
    low, high = joints.reshape(-1, 3).min(0) - 0.2, joints.reshape(-1, 3).max(0) + 0.2
    K = intrinsics(SIZE, assumed_focal_px(SIZE) * condition.focal)
    middle = (low + high) / 2
    away = max((high[:2] - low[:2]) / np.array(SIZE)) * K[0, 0] * condition.distance
    rotation = np.diag([1.0, -1.0, -1.0])
    eye = np.array([middle[0], middle[1], high[2] + away])
    return Take(dance, condition, motion, Camera(K, rotation, -rotation @ eye, SIZE), joints)


def rendered_frames(scene: Take, body: Body) -> Iterator[np.ndarray]:
    """The dressed dancer in a room, frame by frame."""
    rng = np.random.default_rng(scene.condition.seed)
    wall, floor = rng.integers(90, 230, (2, 3))
    room = render_room(
        scene.camera,
        wall_z=scene.joints[..., 2].min() - 0.8,
        wall_color=tuple(wall),
        floor_colors=(tuple(floor), tuple((0.86 * floor).astype(int))),
    )
    colors = clothing_colors(body, rng)
    for start in range(0, len(scene.motion), 64):
        part = scene.motion.cut(start, start + 64)
        vertices = skin(body, part.global_orient, part.body_pose, part.transl, part.betas)
        for frame, points in enumerate(vertices):
            shaded = draw_shadow(room, scene.camera, scene.joints[start + frame, [0, 7, 8, 10, 11]], radius=0.22)
            yield render_mesh(scene.camera.to_camera(points), body.faces, colors, scene.camera.K, shaded)


def heading_error(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean angle in degrees between the directions on the floor that two roots (T, 3) face."""
    front = [rotation_matrices(orient)[:, :, 2] for orient in (found, truth)]
    angles = [np.arctan2(f[:, 0], f[:, 2]) for f in front]
    return float(np.rad2deg(np.abs((angles[0] - angles[1] + np.pi) % (2 * np.pi) - np.pi).mean()))


def motion_row(found: Motion, scene: Take, body: Body) -> dict[str, float]:
    """The errors of a recovered motion; its floor is its own, as in the workflow."""
    joints = found.joints(body)
    pair = metrics3d.evaluated_joints(joints), metrics3d.evaluated_joints(scene.joints)
    scale = (pair[0] * pair[1]).sum() / np.square(pair[0]).sum()
    shared = metrics3d.shared_joints(joints), metrics3d.shared_joints(scene.joints)
    return {
        "mpjpe_mm": metrics3d.mpjpe(*pair),
        "pa_mpjpe_mm": metrics3d.pa_mpjpe(*pair),
        "accel_mm_per_frame2": metrics3d.acceleration_error(*pair),
        "heading_deg": heading_error(found.global_orient, scene.motion.global_orient),
        "sliding_ratio": sliding(joints, scene.joints),
        "mpjpe_one_scale_mm": metrics3d.mpjpe(scale * pair[0], pair[1]),
        "mpjpe_12_joints_mm": metrics3d.mpjpe(*shared),
        "pa_mpjpe_12_joints_mm": metrics3d.pa_mpjpe(*shared),
        "accel_12_joints_mm_per_frame2": metrics3d.acceleration_error(*shared),
    }


def mediapipe_row(keypoints2d: Keypoints2D, scene: Take) -> dict[str, float]:
    """The errors of MediaPipe's own 3D landmarks; missing frames hold the last seen."""
    world = keypoints2d.world.astype(float)
    last = np.maximum.accumulate(np.where(keypoints2d.detected, np.arange(len(world)), 0))
    pair = metrics3d.shared_landmarks(world[last] * FLIP), metrics3d.shared_joints(scene.joints)
    return {
        "mpjpe_mm": metrics3d.mpjpe(*pair),
        "pa_mpjpe_mm": metrics3d.pa_mpjpe(*pair),
        "accel_mm_per_frame2": metrics3d.acceleration_error(*pair),
    }


def sliding(joints: np.ndarray, truth: np.ndarray) -> float:
    """Mean speed of standing feet, times that of the true feet in the frames in which those stand."""
    return foot_sliding(joints).speed / foot_sliding(truth).speed


def joint_errors(found: Motion, scene: Take, body: Body) -> np.ndarray:
    """Mean error in mm of each of the 24 joints, relative to the pelvis."""
    pair = [x - x[:, :1] for x in (found.joints(body), scene.joints)]
    return 1000 * np.linalg.norm(pair[0] - pair[1], axis=-1).mean(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="5 s of each take instead of 20 s")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--fresh", action="store_true", help="takes that were not used in development")
    arguments = parser.parse_args()
    body = load_body()
    rows: list[Row] = []
    joints: list[np.ndarray] = []
    seconds = {"pose": 0.0, "fit": 0.0}
    frames = detected = 0
    with tempfile.TemporaryDirectory() as folder:
        video, file = Path(folder) / "video.mp4", Path(folder) / "smplfull.json"
        for dance, condition, motion in dances(arguments.data, 150 if arguments.short else 600, arguments.fresh):
            scene = take(dance, condition, motion, body)
            write_video(video, rendered_frames(scene, body))
            start = time.perf_counter()
            keypoints2d = estimate_keypoints2d(video)
            middle = time.perf_counter()
            recovered = recover(keypoints2d, body)
            write_smplfull(file, recovered)
            stop = time.perf_counter()
            seconds["pose"] += middle - start
            seconds["fit"] += stop - middle
            frames, detected = frames + len(motion), detected + int(keypoints2d.detected.sum())
            stature = float(np.ptp(body.rest_vertices(scene.motion.betas)[:, 1]))
            results = {
                "ours": recovered,
                "ours_height_given": recover(keypoints2d, body, height_m=stature),
                "first_weights": recover(keypoints2d, body, weights=FIRST_WEIGHTS),
                "closed_form_start": recover(keypoints2d, body, steps=(0, 0)),
            }
            key = (dance, condition.name, len(motion))
            found = {name: to_yup(camera_motion, body) for name, camera_motion in results.items()}
            rows += [(name, *key, motion_row(motion, scene, body)) for name, motion in found.items()]
            rows.append(("mediapipe_world", *key, mediapipe_row(keypoints2d, scene)))
            joints.append(joint_errors(found["ours"], scene, body))
            errors = rows[-5][4]
            print(f"{dance:20s} {key[1]:28s} {errors['mpjpe_mm']:6.1f} {errors['pa_mpjpe_mm']:6.1f}", flush=True)
    result = tables(rows)
    result["ours"] |= {
        "frames_per_s": round(frames / sum(seconds.values()), 1),
        "pose_frames_per_s": round(frames / seconds["pose"], 1),
        "fit_frames_per_s": round(frames / seconds["fit"], 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10),
        "frames": frames,
        "frames_found": detected,
    }
    means = np.mean(joints, axis=0)
    result["ours, joints"] = {f"{name}_mm": round(float(x), 1) for name, x in zip(JOINT_NAMES, means, strict=True)}
    show(result)
    write_json(RESULTS, result)


def tables(rows: list[Row]) -> dict[str, dict[str, float]]:
    """Means over frames of every method, and of ours for every dance and condition."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[0], []).append(row)
        if row[0] == "ours":
            groups.setdefault(f"ours, {row[1]}", []).append(row)
            groups.setdefault(f"ours, {row[2]}", []).append(row)
    return {label: _means(chosen) for label, chosen in groups.items()}


def _means(rows: list[Row]) -> dict[str, float]:
    weights = [row[3] for row in rows]
    return {name: round(float(np.average([row[4][name] for row in rows], weights=weights)), 2) for name in rows[0][4]}


def show(result: dict[str, dict[str, float]]) -> None:
    """Print the accuracies as a table, the rest as lines."""
    names = [name for name in result["ours"] if name in result["closed_form_start"]]
    short = [name.replace("_joints", "").replace("_per_frame2", "") for name in names]
    print("\n" + " " * 32 + " ".join(f"{name:>16s}" for name in short))
    for label, row in result.items():
        if "mpjpe_mm" in row:
            cells = " ".join(f"{row[name]:16.4g}" if name in row else " " * 16 for name in names)
            print(f"{label:32s}{cells}".rstrip())
    print(
        "\nours, mm from the true joint: " + ", ".join(f"{k[:-3]} {v:.0f}" for k, v in result["ours, joints"].items())
    )
    print("ours: " + ", ".join(f"{k} {v:g}" for k, v in result["ours"].items() if k not in names))


if __name__ == "__main__":
    main()
