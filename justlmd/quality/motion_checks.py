"""Metrics of the 2D points and of the recovered motion, and the frames at which each shows.

Every function returns metrics by name and masks by name over the frames of the judged part of the video.
"""

from collections.abc import Sequence

import numpy as np

from justlmd.body.kinematics import joint_transforms
from justlmd.body.landmarks import LANDMARKS, mediapipe_landmarks
from justlmd.body.limbs import LIMBS
from justlmd.body.model import Body
from justlmd.core.clock import FPS
from justlmd.motion.motion import FLIP, CameraMotion, to_yup
from justlmd.pose.keypoints import Keypoints2D
from justlmd.pose.limbs import seen_limbs

BODY = [11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
"""Landmarks of the body's joints: shoulders, elbows, wrists, hips, knees, ankles."""
INSIDE = [0, 11, 12, 13, 14, 23, 24, 25, 26, 27, 28, 31, 32]
"""Landmarks that must be in the frame; hands may leave it for a moment."""
JUMP = 0.25
"""Of the person's height by which hips and shoulders move from one frame to the next: nobody dances that fast."""
SUDDEN_JUMP = 0.05
"""The same for the middle landmark (the fastest dance seen has 0.04), if the frames around move far less."""
SUDDEN = 2.5
"""Times the largest change within :data:`NEAR` frames on both sides, from which on a change stands out."""
PASSING = 0.5
"""Of a sudden change, within which the body must come back for it to have been none."""
USUAL, USUAL_NEAR, USUAL_STEP = 1.5, 3, 0.012
"""Times the largest step within so many frames around, or parts of the height: a dancer's usual step."""
NEAR = 8
BAD_BEND, BAD_REPROJECTION = 0.1, 0.1
"""Of the person's height: a frame is marked as jittering, or as missed by the body."""
PELVIS_JUMP_M = 0.25
BAD_BEND_M = 0.1
STILL_S = 0.5
PACE_WINDOW_S = 8.0
USUAL_PACE_HZ = (0.85, 1.75)
"""Eleven dances at their own speed have 0.94 to 1.59, at half of it 0.47 to 0.85, at twice 1.87 to 2.69."""
VISIBLE = 0.5

Metrics = tuple[dict[str, float], dict[str, np.ndarray]]
Span = tuple[int, int]


def landmark_metrics(keypoints2d: Keypoints2D, span: Span) -> Metrics:
    """How well the dancer is seen: detection, gaps, visibility, size, jitter, jumps."""
    keypoints = keypoints2d.keypoints[span[0] : span[1]].astype(np.float64)
    detected: np.ndarray = np.asarray(np.isfinite(keypoints).all((1, 2)))
    missing: np.ndarray = ~detected
    metrics: dict[str, float] = {
        "detection_rate": float(detected.mean()) if len(detected) else 0.0,
        "missing_frames": int(missing.sum()),
        "longest_gap": _longest(missing) / FPS,
    }
    if not detected.any():
        return metrics, {"detection_rate": missing}
    size = [float(keypoints2d.width), float(keypoints2d.height)]
    points = keypoints[:, :, :2]
    height = float(np.median(np.ptp(points[detected][:, :, 1], axis=1)))
    inside = np.asarray(((points[:, INSIDE] >= 0) & (points[:, INSIDE] < size)).all((1, 2)))
    visibility = keypoints[:, BODY, 2].mean(1)
    head_up = points[:, 0, 1] < points[:, [27, 28], 1].mean(1)
    jumps = _jumps(points, detected, height)
    # Where the dancer met somebody, who is who is a guess from there on.
    jumps |= keypoints2d.doubtful[span[0] : span[1]]
    bend = np.full(len(points), np.nan)
    bend[1:-1] = np.linalg.norm(points[2:] - 2 * points[1:-1] + points[:-2], axis=-1).mean(1) / max(height, 1.0)
    metrics |= {
        "visibility": float(visibility[detected].mean()),
        "whole_body": float(inside[detected].mean()),
        "upright": float(head_up[detected].mean()),
        "body_height": height,
        "jitter": float(np.nanmean(bend)) if np.isfinite(bend).any() else 0.0,
        "identity_jumps": int(jumps.sum()),
    }
    return metrics, {
        "detection_rate": missing,
        "visibility": detected & (visibility < VISIBLE),
        "whole_body": detected & ~inside,
        "upright": detected & ~head_up,
        "jitter": np.nan_to_num(bend) > BAD_BEND,
        "identity_jumps": jumps,
    }


def limb_metrics(keypoints2d: Keypoints2D, span: Span) -> Metrics:
    """In how many of the frames with a person each arm and leg is seen, and where it is not."""
    detected = np.isfinite(keypoints2d.keypoints[span[0] : span[1]]).all((1, 2))
    if not detected.any():
        return {}, {}
    seen = seen_limbs(keypoints2d)[span[0] : span[1]]
    metrics = {f"{limb}_seen": float(seen[detected, column].mean()) for column, limb in enumerate(LIMBS)}
    return metrics, {f"{limb}_seen": detected & ~seen[:, column] for column, limb in enumerate(LIMBS)}


def uncertainty_metrics(uncertainty: Sequence[tuple[int, float]], span: Span, limit: float) -> Metrics:
    """The mean of the joints' uncertainty in mm where it was measured, and the half seconds beyond the limit."""
    inside = [(frame - span[0], value) for frame, value in uncertainty if span[0] <= frame < span[1]]
    if not inside:
        return {}, {}
    beyond = np.zeros(span[1] - span[0], bool)
    for frame, value in inside:
        if value > limit:
            beyond[max(frame - FPS // 4, 0) : frame + FPS // 4 + 1] = True
    return {"uncertainty": float(np.mean([value for _, value in inside]))}, {"uncertainty": beyond}


def _jumps(points: np.ndarray, detected: np.ndarray, height: float) -> np.ndarray:
    """Frames (T,) at which the body is suddenly elsewhere than where it was last seen.

    Across a gap of n frames a dancer may have walked: the limits grow with n.
    """
    seen = np.flatnonzero(detected)
    moved = np.linalg.norm(np.diff(points[seen], axis=0), axis=-1) / max(height, 1.0) / np.sqrt(np.diff(seen))[:, None]
    middle = np.concatenate([[0.0], np.median(moved, axis=1)])
    jumps = np.zeros(len(points), bool)
    jumps[seen[1:]] = moved[:, [11, 12, 23, 24]].min(1) > JUMP
    for at in np.flatnonzero((middle > SUDDEN_JUMP) & spikes(middle)).tolist():
        jumps[seen[at]] |= not _passes(points[seen], at)
    return jumps


def goes_on(keypoints2d: Keypoints2D, span: Span) -> np.ndarray:
    """Frames (T,) into which the dancer moves no more than usual: whatever the image does there, the dance goes on."""
    points = keypoints2d.keypoints[span[0] : span[1], :, :2].astype(np.float64)
    found = np.isfinite(points).all((1, 2))
    if found.sum() < 2:
        return np.zeros(len(points), bool)
    height = max(float(np.median(np.ptp(points[found][:, :, 1], axis=1))), 1.0)
    step = np.full(len(points), np.nan)
    step[1:] = np.median(np.linalg.norm(np.diff(points, axis=0), axis=-1), axis=1) / height
    padded = np.pad(np.nan_to_num(step), USUAL_NEAR)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * USUAL_NEAR + 1).copy()
    around[:, USUAL_NEAR] = 0
    return np.asarray(np.nan_to_num(step, nan=np.inf) <= np.maximum(USUAL * around.max(1), USUAL_STEP))


def _passes(points: np.ndarray, at: int) -> bool:
    """Whether the body of frame ``at`` (points (T, 33, 2)) is back where it was before the change within a moment.

    That is a landmark network that a few blurred frames have misled; another person would stay.
    """

    def nearest(one: np.ndarray, others: np.ndarray) -> float:
        distances = np.median(np.linalg.norm(others - one, axis=-1), axis=1)
        return float(distances.min(initial=np.inf))

    change = nearest(points[at - 1], points[at : at + 1])
    after = nearest(points[at - 1], points[at + 1 : at + 1 + NEAR])
    before = nearest(points[at], points[max(at - 1 - NEAR, 0) : at - 1])
    return min(after, before) < PASSING * change


def spikes(values: np.ndarray) -> np.ndarray:
    """Where a series (T,) is SUDDEN times as large as everywhere within NEAR frames before and after."""
    if not len(values):
        return np.zeros(0, bool)
    padded = np.pad(values, NEAR)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEAR + 1).copy()
    around[:, NEAR] = 0
    return np.asarray(values > SUDDEN * around.max(1, initial=0))


def motion_metrics(motion: CameraMotion, body: Body, span: Span, start_frame: int, own_shapes: bool = True) -> Metrics:
    """How the recovered body moves: completeness, jitter, jumps, standing still."""
    valid = np.zeros(span[1] - span[0], bool)
    first = span[0] - start_frame
    part = motion.valid[first : first + len(valid)]
    valid[: len(part)] = part
    metrics: dict[str, float] = {"motion_valid": float(valid.mean()) if len(valid) else 0.0}
    places: dict[str, np.ndarray] = {"motion_valid": ~valid}
    if valid.sum() < 3:
        return metrics, places
    joints = to_yup(motion, body, floor=0.0, own_shapes=own_shapes).joints(body)[first : first + len(part)]
    step = np.linalg.norm(np.diff(joints, axis=0), axis=-1)
    known = part[1:] & part[:-1]
    bend = np.linalg.norm(joints[2:] - 2 * joints[1:-1] + joints[:-2], axis=-1).mean(1)
    bend = np.where(known[1:] & known[:-1], bend, np.nan)
    jumps, still, jittering = np.zeros((3, len(valid)), bool)
    jittering[1 : len(part) - 1] = np.nan_to_num(bend) > BAD_BEND_M
    jumps[1 : len(part)] = known & (step[:, 0] > PELVIS_JUMP_M)
    speed = step.mean(1)
    if known.any():
        still[1 : len(part)] = known & (speed < 0.1 * np.median(speed[known]))
    still = long_runs(still, STILL_S)
    pace = motion_pace(joints, part)
    if pace is not None:
        metrics["pace"] = pace
    metrics |= {
        "motion_jitter": 1000 * float(np.nanmean(bend)) if np.isfinite(bend).any() else 0.0,
        "motion_jumps": int(jumps.sum()),
        "motion_frozen": float(still.sum() / valid.sum()),
    }
    return metrics, places | {"motion_jitter": jittering, "motion_jumps": jumps, "motion_frozen": still}


def motion_pace(joints: np.ndarray, valid: np.ndarray) -> float | None:
    """How fast a dance changes direction, in Hz: slow motion halves it whatever is danced.

    The centre of the spectrum, up to 6 Hz, of the joints' velocity about the pelvis, joints (T, 24, 3); the median over
    windows of :data:`PACE_WINDOW_S` in which all frames are ``valid`` (T,). None with fewer than three of them.
    """
    size = round(PACE_WINDOW_S * FPS)
    about = joints - joints[:, :1]
    found = []
    for first in range(0, len(joints) - size + 1, size // 2):
        if valid[first : first + size].all():
            velocity = np.diff(about[first : first + size], axis=0).reshape(size - 1, -1)
            spectrum = np.fft.rfft((velocity - velocity.mean(0)) * np.hanning(size - 1)[:, None], axis=0)
            rate = np.fft.rfftfreq(size - 1, 1 / FPS)
            power = (np.abs(spectrum) ** 2).sum(1)[rate < 6]
            if power.sum() > 0:
                found.append(float((power * rate[rate < 6]).sum() / power.sum()))
    return float(np.median(found)) if len(found) >= 3 else None


def reprojection_metrics(
    motion: CameraMotion, body: Body, keypoints2d: Keypoints2D, start_frame: int, own_shapes: bool = True
) -> Metrics:
    """Distance between the body's landmarks and those that were seen, in parts of their height; frames only guessed."""
    keypoints = keypoints2d.keypoints[start_frame : start_frame + len(motion.valid)].astype(np.float64)
    seen = np.asarray(np.isfinite(keypoints).all((1, 2)))
    usable = motion.valid[: len(keypoints)] & seen
    bridged = motion.valid[: len(keypoints)] & ~seen
    metrics: dict[str, float] = {"bridged_frames": int(bridged.sum())}
    if not usable.any():
        return metrics, {"bridged_frames": bridged}
    distance, visible = _distances(motion, body, keypoints, usable, own_shapes)
    missed = np.zeros(len(usable), bool)
    missed[usable] = (distance * visible).sum(1) > BAD_REPROJECTION * np.maximum(visible.sum(1), 1)
    if visible.any():
        metrics["reprojection"] = float(distance[visible].mean())
    return metrics, {"bridged_frames": bridged, "reprojection": missed}


def reprojection_errors(
    motion: CameraMotion, body: Body, keypoints2d: Keypoints2D, start_frame: int, own_shapes: bool = True
) -> np.ndarray:
    """The mean distance of :func:`reprojection_metrics` by frame of the motion (T,); NaN where there is none."""
    keypoints = keypoints2d.keypoints[start_frame : start_frame + len(motion.valid)].astype(np.float64)
    usable = motion.valid[: len(keypoints)] & np.asarray(np.isfinite(keypoints).all((1, 2)))
    errors = np.full(len(keypoints), np.nan)
    if usable.any():
        distance, visible = _distances(motion, body, keypoints, usable, own_shapes)
        count = visible.sum(1)
        errors[usable] = np.where(count > 0, (distance * visible).sum(1) / np.maximum(count, 1), np.nan)
    return errors


def _distances(
    motion: CameraMotion, body: Body, keypoints: np.ndarray, usable: np.ndarray, own_shapes: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Distances (n, 12) of :data:`BODY` in the n usable frames, in parts of the height, and which are visible."""
    upright = to_yup(motion, body, floor=0.0, own_shapes=own_shapes)
    joints = joint_transforms(body, upright.global_orient, upright.body_pose, upright.transl, upright.betas)
    body_points = [LANDMARKS.index(landmark) for landmark in BODY]
    points = (mediapipe_landmarks(body, joints, upright.betas) * FLIP)[: len(keypoints)][usable]
    points = points[:, body_points] @ motion.K.T
    pixels = points[..., :2] / np.maximum(points[..., 2:], 1e-6)
    keypoints = keypoints[usable]
    heights = np.ptp(keypoints[:, :, 1], axis=1)
    distance = (
        np.linalg.norm(pixels - keypoints[:, BODY, :2], axis=-1) / np.maximum(heights, np.median(heights) / 2)[:, None]
    )
    return distance, keypoints[:, BODY, 2] >= VISIBLE


def long_runs(mask: np.ndarray, seconds: float) -> np.ndarray:
    """The stretches of a mask (T,) that last at least ``seconds``."""
    result = np.zeros(len(mask), bool)
    start = 0
    for frame, on in enumerate([*mask, False]):
        if not on:
            result[start:frame] = frame - start >= seconds * FPS
            start = frame + 1
    return result


def _longest(mask: np.ndarray) -> int:
    edges = np.flatnonzero(~np.concatenate([[False], mask, [False]]))
    return int(np.diff(edges).max() - 1)
