"""What MMPose's inferencer writes for a video, as ``keypoints2d.npz``.

MMPose finds everybody in every frame; :mod:`justlmd.pose.tracking` tells them apart and chooses the dancer.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from justlmd.body.model import LANDMARK_NAMES
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.pose.keypoints import Keypoints2D
from justlmd.pose.people import LEAST_VISIBILITY, SMALLEST
from justlmd.pose.tracking import choose, follow

_BODY = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
_HANDS = {f"{side}_{finger}": start + knuckle for side, start in (("left", 91), ("right", 112))
          for finger, knuckle in (("thumb", 2), ("index", 5), ("pinky", 17))}  # fmt: skip
_FACE = {
    "right_eye_outer": 59, "right_eye_inner": 62, "left_eye_inner": 65, "left_eye_outer": 68, "mouth_right": 71,
    "mouth_left": 77,
}  # fmt: skip
_COCO = {name: index for index, name in enumerate(_BODY)}
LAYOUTS: Mapping[int, tuple[str, dict[str, int]]] = {
    17: ("coco", _COCO),
    26: ("halpe26", _COCO | {"left_foot_index": 20, "right_foot_index": 21, "left_heel": 24, "right_heel": 25}),
    133: (
        "wholebody",
        _COCO | {"left_foot_index": 17, "left_heel": 19, "right_foot_index": 20, "right_heel": 22} | _HANDS | _FACE,
    ),
}
"""Number of points: name, and where each of our landmarks stands among them (COCO, Halpe, COCO-WholeBody)."""

LONGEST_ABSENCE = FPS
"""Frames after which somebody who comes back is somebody new."""


def keypoints2d_from_mmpose(
    predictions: Any, frames: int, width: int, height: int, name: str = "MMPose's predictions", place: str = ""
) -> Keypoints2D:
    """Convert the predictions for one video of ``frames`` frames.

    Parameters
    ----------
    predictions
        What ``MMPoseInferencer`` dumps for a video: a list of ``{"frame_id", "instances"}``, or of lists of instances;
        or, as MMPose's demo programs write it, that list under ``instance_info``. An instance has ``keypoints``
        (n, 2), ``keypoint_scores`` (n,) and mostly ``bbox``; n is 17, 26 or 133.
    frames, width, height
        Of the video.
    name
        Of the file, for messages.
    place
        Whom to follow, see :data:`justlmd.pose.tracking.PLACES`.

    Returns
    -------
    Landmarks that the layout does not have are NaN, as is all of ``world``; frames without the dancer are NaN and not
    ``detected``.

    Raises
    ------
    InputError
        Names the frame and what is wrong with it, or the numbers of frames that differ.
    """
    people = [_people(f"{name}: frame {k}", found) for k, found in enumerate(_by_frame(predictions, name))]
    if len(people) != frames:
        raise InputError(
            f"{len(people)} frames, but the video has {frames}", where=name, next_step="are they of this video?"
        )
    counts = {len(points) for found in people for points, _ in found}
    if len(counts) > 1 or not counts <= LAYOUTS.keys():
        known = ", ".join(f"{count} ({layout})" for count, (layout, _) in LAYOUTS.items())
        raise InputError(f"{sorted(counts)} points per person", where=name, next_step=f"known are {known}")
    layout, places = LAYOUTS[counts.pop() if counts else 17]
    keypoints = np.full((frames, len(LANDMARK_NAMES), 3), np.nan, np.float32)
    boxes = [[box for _, box in found] for found in people]
    dancer = choose(follow(boxes, LONGEST_ABSENCE), boxes, width, height, place)
    others: dict[int, list[np.ndarray]] = {frame: [] for frame in range(frames)}
    for frame, person in dancer.seen.items():
        points = people[frame][person][0]
        others[frame] = _beside(people[frame], person)
        for landmark, source in places.items():
            keypoints[frame, LANDMARK_NAMES.index(landmark)] = points[source]
    detected = np.asarray(np.isfinite(keypoints[:, LANDMARK_NAMES.index("left_hip")]).all(1))
    return Keypoints2D.made(
        keypoints,
        np.full_like(keypoints, np.nan),
        (width, height),
        f"mmpose-{layout}",
        detected=detected,
        doubtful=np.isin(np.arange(frames), dancer.doubtful),
        others=others,
    )


def _beside(people: list[tuple[np.ndarray, np.ndarray]], dancer: int) -> list[np.ndarray]:
    """Boxes of those beside the dancer who are surely there and at least half as tall."""
    torso = [_COCO[f"{side}_{part}"] for side in ("left", "right") for part in ("shoulder", "hip")]
    least = SMALLEST * np.ptp(people[dancer][1][[1, 3]])
    return [
        box
        for index, (points, box) in enumerate(people)
        if index != dancer and points[torso, 2].mean() >= LEAST_VISIBILITY and np.ptp(box[[1, 3]]) >= least
    ]


def _by_frame(predictions: Any, name: str) -> list[Any]:
    """The instances of every frame, in order."""
    if isinstance(predictions, dict):
        predictions = predictions.get("instance_info")
    if not isinstance(predictions, list):
        raise InputError("not a list of frames as MMPoseInferencer writes it for a video", where=name)
    result = []
    for frame in predictions:
        result.append(frame.get("instances", []) if isinstance(frame, dict) else frame)
        if not isinstance(result[-1], list):
            raise InputError(f"frame {len(result) - 1} holds no list of instances", where=name)
    return result


def _people(where: str, instances: list[Any]) -> list[tuple[np.ndarray, np.ndarray]]:
    """(points (n, 3) with the score clipped to 0..1, box (4,)) of everybody in a frame."""
    found = []
    for instance in instances:
        try:
            points = np.asarray(instance["keypoints"], float)[:, :2]
            scores = np.asarray(instance["keypoint_scores"], float).reshape(len(points), 1)
            # the box is wrapped into one more list
            box = np.ravel(np.asarray(instance["bbox"], float))[:4] if "bbox" in instance else None
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise InputError("an instance lacks keypoints and keypoint_scores of one length", where=where) from error
        points = np.concatenate([points, scores.clip(0, 1)], axis=1)
        points[~np.isfinite(points).all(1)] = np.nan
        if box is None or box.shape != (4,) or not np.isfinite(box).all():
            known = points[np.isfinite(points).all(1), :2]
            box = np.concatenate([known.min(0), known.max(0)]) if len(known) else np.zeros(4)
        found.append((points, box))
    return found
