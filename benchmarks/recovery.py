"""Film known dances under varied conditions, recover them, and measure how far the result is from the truth.

    python -m benchmarks.recovery [--short] [--data DIR] [--half tune|report] [--kind song|mocap]
                                   [--only WORDS] [--overlays]

The dances are songs (``DIR/motion/*/smplfull.json``, real dancers recovered by EasyMocap) and motion capture
(``DIR/mocap/*.bvh``, retargeted); how each half is chosen and filmed: ``benchmarks/recovery_films/takes.py``. Every
video goes the workflow's way at default settings: 2D pose, then the fit. Figures are for the half ``report``, on
which nothing was tuned. J12 are the twelve limb joints about the middle of the hips, which MediaPipe's own 3D (its
world landmarks) has too; x is across the frame, y up, z along the view. Films and landmarks are kept in
``benchmarks/.cache``, so that a changed fit alone is judged in a fraction of the time. Prints tables and writes
``benchmarks/results/recovery.json``.
"""

import re
import resource
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks import options
from benchmarks.recovery_films.filming import film
from benchmarks.recovery_films.takes import CONDITIONS, SHORT, Take, takes, video_camera
from justlmd.body.model import JOINT_NAMES, Body, load_body
from justlmd.core.files import write_json
from justlmd.core.rotations import rotation_matrices
from justlmd.motion.motion import FLIP, CameraMotion, to_yup
from justlmd.pose.keypoints import Keypoints2D
from justlmd.recovery.camera import Pitch, camera_of_video
from justlmd.recovery.fit import recover, recover_with_pitch
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


@dataclass(frozen=True)
class Judged:
    """A take's rows, one for each method; the estimate of the camera's pitch and the true one in degrees; seconds of
    the processor for the fit; frames, and where somebody was."""

    rows: list[Row]
    pitch: Pitch
    true_pitch_deg: float
    seconds: float
    frames: int
    frames_found: int


def judged(scene: Take, body: Body, overlay: Path | None) -> Judged | None:
    """Film, recover and compare a take; None when nobody is found in it. ``overlay``: an image to write."""
    video, keypoints2d = film(scene, body)
    found = int(keypoints2d.detected.sum())
    if not found:
        return None
    start = time.process_time()
    camera = camera_of_video(video, (keypoints2d.width, keypoints2d.height))
    motion, pitch = recover_with_pitch(keypoints2d, body, camera=camera)
    seconds = time.process_time() - start
    if overlay is not None:
        from benchmarks.recovery_films.overlays import write_overlay_image

        write_overlay_image(overlay, video, scene, motion, body)
    true_pitch_deg = float(np.degrees(np.arcsin(-scene.camera.rotation[2, 1])))
    known = recover(
        keypoints2d,
        body,
        camera=video_camera(scene.condition, scene.camera),
        pitch_deg=true_pitch_deg,
        height_m=scene.condition.height_m,
    )
    rows = [
        recovered_row(OURS, scene, motion, body),
        recovered_row(GIVEN, scene, known, body),
        recovered_row(START, scene, recover(keypoints2d, body, camera=camera, steps=(0, 0)), body),
        input_row(keypoints2d, scene),
    ]
    return Judged(rows, pitch, true_pitch_deg, seconds, len(scene.motion), found)


def main() -> None:
    parser = options.parser(
        __doc__, short=f"{len(SHORT)} of {len(CONDITIONS)} conditions", data="folder with motion/ and mocap/"
    )
    parser.add_argument("--half", choices=("tune", "report"), default="report")
    parser.add_argument("--kind", choices=("song", "mocap"), help="only this kind of truth")
    parser.add_argument("--only", default="", help="only conditions whose names hold this")
    parser.add_argument("--overlays", action="store_true", help="write an image of each take to results/overlays")
    arguments = parser.parse_args()
    body, takes_judged = load_body(), []
    chosen = tuple(c for c in CONDITIONS if arguments.only in c.name and (c.name in SHORT or not arguments.short))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for scene in takes(arguments.data, body, arguments.half, FRAMES, chosen, arguments.kind):
            name = re.sub("[^a-z0-9.]+", "_", f"{scene.kind}_{scene.condition.name}")
            about = f"{scene.kind:6s}{scene.dance:13s}{scene.condition.name:22s} "
            one = judged(scene, body, OVERLAYS / f"{name}.png" if arguments.overlays else None)
            if one is None:
                print(f"{about}nobody found", flush=True)
                continue
            takes_judged.append(one)
            print(
                about + "   ".join(f"{r.method} {r.errors['J12']:.0f} {r.errors['PA']:.0f}" for r in one.rows[::3]),
                flush=True,
            )
    except KeyboardInterrupt:
        print("interrupted: the tables are of the takes above", flush=True)
    if not takes_judged:
        raise SystemExit(f"no dance of the half {arguments.half!r} in {arguments.data}")
    frames = sum(one.frames for one in takes_judged)
    result = {
        "half": arguments.half,
        "takes": len(takes_judged),
        "frames": frames,
        "frames_found": sum(one.frames_found for one in takes_judged),
        "fit_frames_per_cpu_s": round(frames / sum(one.seconds for one in takes_judged), 1),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10),
        **tables([row for one in takes_judged for row in one.rows]),
        "pitches": pitches(takes_judged),
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


def pitches(judged: list[Judged]) -> dict[str, dict[str, float]]:
    """By kind of truth the error of the camera's pitch in degrees, and in its own standard deviations (rms)."""
    found = {}
    for kind in dict.fromkeys(one.rows[0].scene.kind for one in judged):
        mine = [one for one in judged if one.rows[0].scene.kind == kind]
        miss = np.array([one.pitch.deg - one.true_pitch_deg for one in mine])
        spread = np.array([one.pitch.spread_deg for one in mine])
        rms = {"deg": miss, "spreads": miss / spread, "deg of the surer half": miss[spread <= np.median(spread)]}
        found[kind] = {name: round(float(np.sqrt(np.mean(np.square(values)))), 2) for name, values in rms.items()}
    return found


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
    print("\nerror of the camera's pitch, rms: " + str(result["pitches"]).replace("'", "").strip("{}"))
    plain = {name: value for name, value in result.items() if not isinstance(value, dict)}
    print("\n" + ", ".join(f"{name} {value}" for name, value in plain.items()))


if __name__ == "__main__":
    main()
