"""The quality gate: metrics of one song's video and motion, a verdict, and the reasons in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from justlmd.body.model import Body
from justlmd.motion.motion import CameraMotion, runs
from justlmd.pose.keypoints import Keypoints2D
from justlmd.quality.criteria import CRITERIA, thresholds_of
from justlmd.quality.image_signals import ImageSignals, image_metrics
from justlmd.quality.motion_checks import (
    USUAL_PACE_HZ,
    landmark_metrics,
    limb_metrics,
    motion_metrics,
    reprojection_metrics,
    uncertainty_metrics,
)


def assess(
    camera_motion: CameraMotion,
    body: Body,
    *,
    start_frame: int = 0,
    stop_frame: int | None = None,
    keypoints2d: Keypoints2D | None = None,
    image_signals: ImageSignals | None = None,
    own_shapes: bool = True,
    named_dancer: bool = False,
    uncertainty: Sequence[tuple[int, float]] = (),
    thresholds: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Judge one song; bad data is a verdict, never an exception.

    Parameters
    ----------
    camera_motion : what ``smplfull.json`` holds; it may be empty.
    body : the body model that the motion is put on.
    start_frame, stop_frame : the part of ``video.mp4`` to judge, frames; None: to the end of what is given.
    keypoints2d, image_signals : what the 2D pose and the frames say; None for motion without a video.
    own_shapes : False when the motion's shape parameters belong to another body model.
    named_dancer : a person has said whom to follow; others may then be in the frame.
    uncertainty : (frame of ``video.mp4``, mm) of a sample of moments, see ``smplfull.meta.json``.
    thresholds : limits that differ from those of :data:`CRITERIA`.

    Returns
    -------
    The contents of ``quality.json``: ``keep``, ``reasons`` (sentences), ``cannot_tell`` (sentences on what could not be
    judged), ``figures`` (name to number), ``thresholds``, ``ranges`` (criterion to frames [start, stop) of
    ``video.mp4`` where it shows, also of criteria that are met).

    Raises InputError for unknown thresholds.
    """
    limits = thresholds_of(thresholds)
    seen = len(keypoints2d.keypoints) if keypoints2d is not None else start_frame + len(camera_motion.valid)
    stop_frame = seen if stop_frame is None else min(stop_frame, seen)
    span = (max(start_frame, 0), max(stop_frame, start_frame, 0))
    metrics: dict[str, float] = {"frames": span[1] - span[0]}
    ranges: dict[str, list[list[int]]] = {}
    found = [motion_metrics(camera_motion, body, span, start_frame, own_shapes)]
    if keypoints2d is not None:
        found.append(landmark_metrics(keypoints2d, span))
        found.append(limb_metrics(keypoints2d, span))
        found.append(reprojection_metrics(camera_motion, body, keypoints2d, start_frame, own_shapes))
    if keypoints2d is not None and image_signals is not None:
        found.append(image_metrics(image_signals, keypoints2d, span))
    found.append(uncertainty_metrics(uncertainty, span, limits["uncertainty"]))
    for some, places in found:
        metrics |= some
        ranges |= {name: pairs for name, mask in places.items() if (pairs := runs(mask, span[0]))}
    nobody = metrics.get("detection_rate", metrics["motion_valid"]) == 0
    if named_dancer:
        limits["other_people"] = 1.0
    failed = [c for c in CRITERIA if c.name in metrics and c.fails(metrics[c.name], limits[c.name])]
    if "detection_rate" in {c.name for c in failed}:  # the motion lacks these frames for the same reason
        failed = [c for c in failed if c.name != "motion_valid"]
    reasons = [c.sentence(metrics[c.name], limits[c.name], ranges.get(c.name, [])) for c in failed]
    return {
        "keep": not (nobody or reasons),
        "reasons": ["nobody was found"] if nobody else reasons,
        "cannot_tell": [] if nobody else _undecided(metrics),
        "figures": {name: _rounded(value) for name, value in metrics.items()},
        "thresholds": limits,
        "ranges": ranges,
    }


def known_frames(valid: np.ndarray, start_frame: int) -> dict[str, Any]:
    """Where a motion is known, for ``quality.json``, so that the manifest reads no motion.

    ``valid`` (T,) says which frames are known, ``start_frame`` is the frame of ``video.mp4`` at which it starts;
    ``missing`` are frames [start, stop) of the motion.
    """
    return {"start_frame": start_frame, "frames": len(valid), "missing": runs(~valid)}


def _undecided(metrics: Mapping[str, float]) -> list[str]:
    """What the metrics leave open, as sentences."""
    found = []
    if "camera_known" in metrics and "camera_moves" not in metrics:
        found.append("whether the camera moves: the background is plain, and no foot shows it")
    low, high = USUAL_PACE_HZ
    if not low <= (pace := metrics.get("pace", low)) <= high:
        word = "slow motion" if pace < low else "sped up"
        found.append(f"whether the dance is {word}: its pace is {pace:.2f} Hz, usual are {low:g} to {high:g}")
    return found


def _rounded(value: float) -> float | int:
    """Four digits: more would differ between machines and mean nothing."""
    return int(value) if isinstance(value, int | np.integer) else float(f"{value:.4g}")
