"""Film known dances under varied conditions, recover them, and measure how far the result is from the truth.

    python -m benchmarks.recovery [--short] [--data DIR] [--half tune|report] [--kind song|mocap]
                                   [--only WORDS] [--overlays]

The dances are songs (``DIR/motion/*/smplfull.json``, real dancers recovered by EasyMocap) and motion capture
(``DIR/mocap/*.bvh``, retargeted); how each half is chosen and filmed: ``benchmarks/takes.py``. Every video goes the
workflow's way at default settings: 2D pose, then the fit. Figures are for the half ``report``, on which nothing was
tuned. J12 are the twelve limb joints about the middle of the hips, which MediaPipe's own 3D (its world landmarks) has
too; x is across the picture, y up, z along the view. Films and landmarks are kept in ``benchmarks/.cache``, so that a
changed fit alone is judged in a fraction of the time. Prints tables and writes ``benchmarks/results/recovery.json``.
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.filming import film
from benchmarks.takes import CONDITIONS, SHORT, Take, takes, video_camera
from justlmd.body.model import JOINT_NAMES, Body, load_body
from justlmd.core.files import write_json
from justlmd.core.rotations import rotation_matrices
from justlmd.motion.motion import FLIP, CameraMotion, to_yup
from justlmd.pose.keypoints import Keypoints2D
from justlmd.recovery.camera import camera_of_video, pitch_of_camera
from justlmd.recovery.fit import recover
from model.evaluation import pose_errors
from model.evaluation.metrics import foot_sliding

RESULTS = Path(__file__).parent / "results" / "recovery.json"
OVERLAYS = Path(__file__).parent / "results" / "overlays"
FRAMES = 120
"""Of each take, 4 s."""
J12 = [JOINT_NAMES[joint] for joint in pose_errors.SHARED_JOINTS]
OURS, GIVEN, START, INPUT = "ours", "ours, camera and height given", "closed-form start", "MediaPipe's metres"


@dataclass(frozen=True)
class Row:
    """The errors of one method on one take; ``joints`` (12,) mm of each of J12."""

    method: str
    scene: Take
    errors: dict[str, float]
    joints: np.ndarray


def row(method: str, scene: Take, points: np.ndarray) -> Row:
    """``points`` (T, 12, 3): J12 in metres about the middle of the hips, along the camera's axes with y up."""
    truth = pose_errors.shared_joints(scene.truth)
    miss = 1000 * np.abs(points - truth).mean((0, 1))
    errors = {
        "J12": pose_errors.mpjpe(points, truth),
        "PA": pose_errors.pa_mpjpe(points, truth),
        "accel": pose_errors.acceleration_error(points, truth),
        "x": miss[0],
        "y": miss[1],
        "z": miss[2],
    }
    return Row(method, scene, errors, 1000 * np.linalg.norm(points - truth, axis=-1).mean(0))


def recovered_row(method: str, scene: Take, found: CameraMotion, body: Body) -> Row:
    """The errors of a recovered motion, with those that only a whole body has."""
    joints = to_yup(found, body).joints(body)
    result = row(method, scene, pose_errors.shared_joints(joints))
    pair = pose_errors.evaluated_joints(joints), pose_errors.evaluated_joints(scene.truth)
    truth = scene.camera.rotation @ rotation_matrices(scene.motion.global_orient)
    turns = rotation_matrices(found.Rh)
    apart = np.arccos(((np.einsum("tab,tab->t", turns, truth) - 1) / 2).clip(-1, 1))
    more = {
        "J14": pose_errors.mpjpe(*pair),
        "PA14": pose_errors.pa_mpjpe(*pair),
        "root_deg": float(np.degrees(apart).mean()),
        "sliding": foot_sliding(joints).speed / max(foot_sliding(scene.joints).speed, 1e-9),
    }
    return replace(result, errors=result.errors | more)


def input_row(keypoints2d: Keypoints2D, scene: Take) -> Row:
    """The errors of MediaPipe's own 3D landmarks; missing frames hold the last seen, those before the first one it."""
    world, seen = keypoints2d.world.astype(float), np.flatnonzero(keypoints2d.detected)
    last = seen[np.clip(np.searchsorted(seen, np.arange(len(world)), side="right") - 1, 0, None)]
    return row(INPUT, scene, pose_errors.shared_landmarks(world[last] * FLIP))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help=f"{len(SHORT)} of {len(CONDITIONS)} conditions")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with motion/ and mocap/")
    parser.add_argument("--half", choices=("tune", "report"), default="report")
    parser.add_argument("--kind", choices=("song", "mocap"), help="only this kind of truth")
    parser.add_argument("--only", default="", help="only conditions whose names hold this")
    parser.add_argument("--overlays", action="store_true", help="write a picture of each take to results/overlays")
    arguments = parser.parse_args()
    body = load_body()
    chosen = tuple(c for c in CONDITIONS if arguments.only in c.name and (c.name in SHORT or not arguments.short))
    rows: list[Row] = []
    seconds = frames = detected = 0.0
    for scene in takes(arguments.data, body, arguments.half, FRAMES, chosen):
        if scene.kind != (arguments.kind or scene.kind):
            continue
        video, keypoints2d = film(scene, body)
        if not keypoints2d.detected.any():
            print(f"{scene.kind:6s}{scene.dance:13s}{scene.condition.name:22s} nobody found", flush=True)
            continue
        start = time.process_time()
        size = keypoints2d.width, keypoints2d.height
        camera = camera_of_video(video, size)
        found = recover(keypoints2d, body, camera=camera, pitch_deg=pitch_of_camera(keypoints2d, camera)[0])
        seconds += time.process_time() - start
        frames, detected = frames + len(scene.motion), detected + int(keypoints2d.detected.sum())
        K, height = video_camera(scene.condition, scene.camera), scene.condition.height_m
        pitch = float(np.degrees(np.arcsin(-scene.camera.rotation[2, 1])))
        rows += [
            recovered_row(OURS, scene, found, body),
            recovered_row(GIVEN, scene, recover(keypoints2d, body, camera=K, pitch_deg=pitch, height_m=height), body),
            recovered_row(START, scene, recover(keypoints2d, body, steps=(0, 0)), body),
            input_row(keypoints2d, scene),
        ]
        ours, theirs = rows[-4].errors, rows[-1].errors
        print(
            f"{scene.kind:6s}{scene.dance:13s}{scene.condition.name:22s} ours {ours['J12']:5.0f} {ours['PA']:4.0f}"
            f"   input {theirs['J12']:5.0f} {theirs['PA']:4.0f}",
            flush=True,
        )
        if arguments.overlays:
            from benchmarks.overlays import write_picture

            name = f"{scene.kind}_{scene.condition.name}".replace(" ", "_").replace("%", "").replace(",", "")
            write_picture(OVERLAYS / f"{name}.png", video, scene, found, body)
    if not rows:
        raise SystemExit(f"no dance of the half {arguments.half!r} in {arguments.data}")
    result = {
        "half": arguments.half,
        "takes": len(rows) // 4,
        "frames": int(frames),
        "frames_found": int(detected),
        "fit_frames_per_cpu_s": round(frames / seconds, 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10),
        **tables(rows),
    }
    show(result)
    write_json(RESULTS, result)


def means(rows: Iterable[Row]) -> dict[str, float]:
    """Means over takes of the errors that all rows have."""
    found = list(rows)
    return {name: round(float(np.mean([r.errors[name] for r in found])), 1) for name in found[0].errors}


def tables(rows: list[Row]) -> dict[str, dict]:
    """By method and kind of truth; by subject and condition, ours beside the input; by joint."""

    def grouped(key: Callable[[Row], str]) -> dict[str, dict[str, dict[str, float]]]:
        labels = dict.fromkeys(key(r) for r in rows)
        return {
            label: {
                method: means(r for r in rows if key(r) == label and r.method == method) for method in (OURS, INPUT)
            }
            for label in labels
        }

    result: dict[str, dict] = {"methods": {}, "joints": {}, "worse_than_input": {}}
    for kind in dict.fromkeys(r.scene.kind for r in rows):
        mine = [r for r in rows if r.scene.kind == kind]
        for method in (OURS, GIVEN, START, INPUT):
            result["methods"][f"{kind}: {method}"] = means(r for r in mine if r.method == method)
        pairs = list(zip([r for r in mine if r.method == OURS], [r for r in mine if r.method == INPUT], strict=True))
        for name in ("J12", "PA", "accel"):
            worse = [a.scene.condition.name for a, b in pairs if a.errors[name] > b.errors[name]]
            result["worse_than_input"][f"{kind}: {name}"] = {"share": round(len(worse) / len(pairs), 3), "where": worse}
        for method in (OURS, INPUT):
            each = np.mean([r.joints for r in mine if r.method == method], axis=0)
            result["joints"][f"{kind}: {method}"] = dict(zip(J12, np.round(each, 1).tolist(), strict=True))
    result["subjects"] = grouped(lambda r: f"{r.scene.kind}: {r.scene.subject}")
    result["conditions"] = grouped(lambda r: f"{r.scene.condition.name} | {r.scene.kind}")
    return result


def show(result: dict) -> None:
    """Print the tables."""
    names = list(result["methods"][next(iter(result["methods"]))])
    print("\nmm (accel mm/frame2)" + " " * 22 + "".join(f"{name:>9s}" for name in names))
    for label, values in result["methods"].items():
        print(f"{label:42s}" + "".join(f"{values[n]:9.1f}" if n in values else " " * 9 for n in names))
    for title in ("subjects", "conditions"):
        print(f"\n{title:34s}      J12 ours  input    PA ours  input   accel ours  input      x    y    z  input z")
        for label, both in result[title].items():
            a, b = both[OURS], both[INPUT]
            print(
                f"{label:34s}    {a['J12']:10.1f}{b['J12']:7.1f} {a['PA']:10.1f}{b['PA']:7.1f}"
                f" {a['accel']:12.1f}{b['accel']:7.1f} {a['x']:6.0f} {a['y']:4.0f} {a['z']:4.0f} {b['z']:8.0f}"
            )
    print("\nJ12 by joint, mm" + " " * 26 + "".join(f"{name[:14]:>15s}" for name in J12))
    for label, each in result["joints"].items():
        print(f"{label:42s}" + "".join(f"{value:15.0f}" for value in each.values()))
    print("\ntakes on which ours is worse than the input:")
    for label, worse in result["worse_than_input"].items():
        print(f"{label:16s}{worse['share']:6.1%}  {', '.join(worse['where'])}")
    plain = {name: value for name, value in result.items() if not isinstance(value, dict)}
    print("\n" + ", ".join(f"{name} {value}" for name, value in plain.items()))


if __name__ == "__main__":
    main()
