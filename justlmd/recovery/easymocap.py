"""EasyMocap as a backend of mesh recovery: files in, a process, files out.

EasyMocap fits SMPL to 2D points on a GPU, in an environment of its own. It is given images, our 2D points in
OpenPose's body25 order and a camera, in the folders that it reads; what it writes per frame becomes one motion.
Nothing is deleted before the caller has its result: images, EasyMocap's own cache and finished frames of a run that
was killed are used again.
"""

import hashlib
import json
import math
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from justlmd.body.camera import intrinsics
from justlmd.body.model import LANDMARK_NAMES, Body
from justlmd.core.errors import InputError
from justlmd.core.files import read_json, write_json, write_text
from justlmd.media.ffmpeg import file_url, run
from justlmd.motion.motion import LONGEST_BRIDGED_GAP, CameraMotion, bridged
from justlmd.motion.smplfull import read_smplfull
from justlmd.pose.keypoints import Keypoints2D
from justlmd.recovery.easymocap_setup import EASYMOCAP_SMPL, easymocap_command

# OpenPose's body25, each as the mean of MediaPipe landmarks; nobody sees the small toes, they stay empty.
_BODY25 = (
    ("nose",), ("left_shoulder", "right_shoulder"), ("right_shoulder",), ("right_elbow",), ("right_wrist",),
    ("left_shoulder",), ("left_elbow",), ("left_wrist",), ("left_hip", "right_hip"), ("right_hip",), ("right_knee",),
    ("right_ankle",), ("left_hip",), ("left_knee",), ("left_ankle",), ("right_eye",), ("left_eye",), ("right_ear",),
    ("left_ear",), ("left_foot_index",), (), ("left_heel",), ("right_foot_index",), (), ("right_heel",),
)  # fmt: skip
FEWEST_POINTS = 5
"""EasyMocap starts a frame from its image when it has more than four points."""

_VIDEO = "video"
_OUTPUT = Path("output-smpl-3d") / "smplfull" / _VIDEO


def body25(keypoints: np.ndarray) -> np.ndarray:
    """(F, 25, 3) pixels and confidence 0..1 from MediaPipe's (F, 33, 3); what is not there is (0, 0, 0).

    Neck and mid-hip are the means of two points and as certain as the less certain one.
    """
    points = np.zeros((len(keypoints), len(_BODY25), 3))
    for index, names in enumerate(_BODY25):
        if names:
            parts = keypoints[:, [LANDMARK_NAMES.index(name) for name in names]].astype(np.float64)
            points[:, index, :2] = parts[..., :2].mean(1)
            points[:, index, 2] = parts[..., 2].min(1).clip(0, 1)
    points[~(np.isfinite(points).all(-1) & (points[..., 2] > 0))] = 0
    return points


def recover_with_easymocap(
    video: str | Path,
    keypoints2d: Keypoints2D,
    folder: str | Path,
    options: Mapping[str, Any],
    *,
    start_frame: int = 0,
    stop_frame: int | None = None,
    focal: float | None = None,
    longest_gap: int = LONGEST_BRIDGED_GAP,
) -> CameraMotion:
    """Recover the motion of one video.

    Parameters
    ----------
    video
        Constant 30 fps video of F frames.
    keypoints2d
        The dancer in the same frames.
    folder
        Where EasyMocap works; the caller deletes it when the result is safe.
    options
        ``root``, ``python`` and ``command`` of the configuration.
    start_frame, stop_frame
        Frames to recover.
    focal
        Focal length in pixels; None: 1.2 times the smaller side.
    longest_gap
        Frames without a person that EasyMocap may bridge; longer gaps are marked invalid.

    Returns
    -------
    Motion of ``stop_frame - start_frame`` frames with SMPL's shape parameters. Frames without a person, and frames for
    which EasyMocap wrote no numbers, are not ``valid``.

    Raises
    ------
    InputError
        EasyMocap could not be started or ended before it had written its results; says where its output is. Started
        again with the same ``folder``, it goes on.
    """
    folder = Path(folder).absolute()
    frames = slice(start_frame, stop_frame)
    points = body25(keypoints2d.keypoints[frames])
    width, height = int(keypoints2d.width), int(keypoints2d.height)
    K = intrinsics((width, height), focal)
    seen = (points[..., 2] > 0).sum(1) >= FEWEST_POINTS
    if not seen.any():
        return CameraMotion.without_person(len(seen), K)

    _forget_other_work(folder, points, K, options, start_frame)
    # EasyMocap fails when its first frame has nobody: it begins and ends with a person.
    first, last = int(np.flatnonzero(seen)[0]), int(np.flatnonzero(seen)[-1])
    shown = range(first, last + 1)
    _write_images(folder / "images" / _VIDEO, Path(video), start_frame, shown)
    _write_annotations(folder / "annots" / _VIDEO, points, seen, shown, width, height)
    _write_cameras(folder, K)
    _delete_unreadable(folder)
    missing = [frame for frame in shown if not _written(folder, frame).is_file()]
    if missing:
        _run(folder, options)
        missing = [frame for frame in shown if not _written(folder, frame).is_file()]
        if len(missing) == len(shown):
            raise InputError(
                "EasyMocap ended without an error and wrote nothing",
                next_step=f"its output: {folder / 'easymocap.log'}",
            )
    return _merged(folder, shown, bridged(seen, longest_gap), K)


def fits_smpl_of(options: Mapping[str, Any], body: Body) -> bool:
    """Whether ``body`` was read from the very SMPL file that EasyMocap fits, so that its shape parameters apply."""
    model = Path(options["root"]).expanduser() / EASYMOCAP_SMPL
    return model.is_file() and hashlib.sha256(model.read_bytes()).hexdigest() == body.sha256


def _forget_other_work(folder: Path, points: np.ndarray, K: np.ndarray, options: Mapping[str, Any], start: int) -> None:
    """Delete what an earlier run with other input left; what the same input left is kept."""
    work = [*easymocap_command(options, folder), str(options["root"]), repr(K.tolist()), str(start)]
    digest = hashlib.sha256("\0".join(work).encode() + points.tobytes()).hexdigest()
    marker = folder / "input.json"
    if folder.is_dir() and not (marker.is_file() and read_json(marker) == digest):
        shutil.rmtree(folder)
    write_json(marker, digest)


def _write_images(folder: Path, video: Path, start_frame: int, shown: range) -> None:
    """Frames as ``%06d.jpg``, numbered as in ``smplfull.json``; the folder appears when it is complete."""
    if folder.is_dir():
        return
    partial = _fresh(folder)
    stream = (
        ffmpeg.input(file_url(video), protocol_whitelist="file")
        .filter("trim", start_frame=start_frame + shown.start, end_frame=start_frame + shown.stop)
        .filter("setpts", "PTS-STARTPTS")
    )
    pattern = file_url(partial).replace("%", "%%") + "/%06d.jpg"
    fault, next_step = "cannot be cut into images", "are its 2D points those of this video?"
    options = {"start_number": shown.start, "fps_mode": "passthrough", "threads": 1, "qscale:v": 2}
    run(stream.output(pattern, **options), video, fault, next_step)
    count = sum(1 for _ in partial.iterdir())
    if count != len(shown):
        raise InputError(f"{fault} ({count} of {len(shown)} images came out)", where=video, next_step=next_step)
    partial.rename(folder)


def _write_annotations(
    folder: Path, points: np.ndarray, seen: np.ndarray, shown: range, width: int, height: int
) -> None:
    """``%06d.json`` for every image, with person 0 in each; a frame without a person has points without confidence.

    (A frame without people, or without a file, would end EasyMocap.)
    """
    if folder.is_dir():
        return
    partial = _fresh(folder)
    for frame in shown:
        keypoints = points[frame] if seen[frame] else np.zeros((25, 3))
        person = {"personID": 0, "bbox": _box(keypoints), "keypoints": np.round(keypoints, 4).tolist()}
        annotation = {"filename": f"{_VIDEO}/{frame:06d}.jpg", "height": height, "width": width, "annots": [person]}
        (partial / f"{frame:06d}.json").write_text(json.dumps(annotation, indent=4), encoding="utf-8")
    partial.rename(folder)


def _fresh(folder: Path) -> Path:
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    return partial


def _box(keypoints: np.ndarray) -> list[float]:
    """Left, top, right, bottom in pixels, a tenth wider than the points on each side, and their mean confidence."""
    known = keypoints[keypoints[:, 2] > 0]
    if not len(known):
        return [0, 0, 100, 100, 0]
    low, high = known[:, :2].min(0), known[:, :2].max(0)
    margin = 0.1 * (high - low) + 1
    return np.round([*(low - margin), *(high + margin), known[:, 2].mean()], 4).tolist()


def _write_cameras(folder: Path, K: np.ndarray) -> None:
    """``intri.yml`` and ``extri.yml`` as OpenCV's FileStorage writes them: no distortion, the camera is the world."""

    def matrix(name: str, values: np.ndarray) -> str:
        rows, columns = values.shape
        data = ", ".join(f"{value:.6f}" for value in values.ravel())
        return f"{name}_{_VIDEO}: !!opencv-matrix\n  rows: {rows}\n  cols: {columns}\n  dt: d\n  data: [{data}]\n"

    head = f'%YAML:1.0\n---\nnames:\n  - "{_VIDEO}"\n'
    write_text(folder / "intri.yml", head + matrix("K", K) + matrix("dist", np.zeros((1, 5))))
    extri = matrix("R", np.zeros((3, 1))) + matrix("Rot", np.eye(3)) + matrix("T", np.zeros((3, 1)))
    write_text(folder / "extri.yml", head + extri)


def _written(folder: Path, frame: int) -> Path:
    return folder / _OUTPUT / f"{frame:06d}.json"


def _delete_unreadable(folder: Path) -> None:
    """Files that a killed run left half-written, in its results and in its cache."""
    for path in (*(folder / _OUTPUT.parent.parent).rglob("*.json"), *(folder / "cache_spin").rglob("*.json")):
        try:
            read_json(path)
        except InputError:
            path.unlink()


def _run(folder: Path, options: Mapping[str, Any]) -> None:
    root = Path(options["root"]).expanduser().absolute()
    command = easymocap_command(options, folder)
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")]))
    log = folder / "easymocap.log"
    try:
        with log.open("ab") as output:
            result = subprocess.run(
                command,
                cwd=root,  # its configuration and weights are named relative to it
                env=os.environ | {"PYTHONPATH": path},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
    except OSError as error:
        raise InputError(
            f"cannot be started ({error.strerror})", where=command[0], next_step="see recovery.easymocap.python"
        ) from error
    tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-40:]
    print("\n".join(tail), flush=True)
    if result.returncode != 0:
        last = tail[-1].strip() if tail else "it printed nothing"
        raise InputError(
            f"{last}", where=f"EasyMocap ended with code {result.returncode}", next_step=f"its output: {log}"
        )


def _merged(folder: Path, shown: range, usable: np.ndarray, K: np.ndarray) -> CameraMotion:
    """The frames that EasyMocap wrote, as one motion of ``len(usable)`` frames."""
    frames: dict[str, Any] = {}
    for frame in shown:
        path = _written(folder, frame)
        content = read_json(path) if path.is_file() else None
        if content is not None and _finite(content):
            frames[f"{frame:06d}"] = content
    if not frames:
        return CameraMotion.without_person(len(usable), K)
    merged = folder / "smplfull.json"
    write_text(merged, json.dumps(frames))
    motion = read_smplfull(merged)
    rest = len(usable) - len(motion.valid)
    grown = {name: np.pad(getattr(motion, name), ((0, rest), (0, 0)), "edge") for name in ("poses", "Rh", "Th")}
    valid = np.pad(motion.valid, (0, rest)) & usable
    return CameraMotion(**grown, shapes=motion.shapes, K=motion.K, valid=valid)


def _finite(value: Any) -> bool:
    """Whether all numbers in a piece of JSON are finite."""
    if isinstance(value, float):
        return math.isfinite(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(_finite(part) for part in parts)
