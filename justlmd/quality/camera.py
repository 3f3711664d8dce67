"""Whether the camera moves: what moves behind the dancer, and whether the dancer's feet move with it.

Corners all over the frame are followed for a fifth of a second, and the largest group that moves as one camera would
move it (shift, zoom, roll) is found by consensus. That alone does not tell a camera from a game's screen that scrolls.
But a dancer mostly stands on one foot at least, and a foot that stands moves in the frame exactly as the floor does:
if the standing feet follow the group, the camera moves; if they stay, only the image behind them moves. Where the
background is plain, feet that move together are all there is to tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from justlmd.core.clock import FPS
from justlmd.pose.keypoints import Keypoints2D

EVERY = 6
"""Frames over which motion is measured, and from one measurement to the next."""
SIZE = 320
"""Pixels of the longer side at which the frames are compared."""
CELLS, IN_CELL = (10, 6), 4
"""The frame's columns and rows of cells, and most corners in one: otherwise captions would outvote the room."""
CORNER = 5e-5
"""Least eigenvalue of a corner (OpenCV's scale): a floor's tiles have 1e-4, captions 0.1, a plain wall's noise 1e-5."""
STILL_PX, AGREES_PX = 0.3, 0.6
"""Pixels at :data:`SIZE` by which a corner may move and stand still, or miss its group's motion and be part of it."""
CAMERA_SPEED = 0.01
"""Parts of the frame per second: a camera on a stand shows 0.0004, one in a quiet hand 0.02, a slow pan 0.016."""
CAMERA_KNOWN = 0.2
"""Share of the moments at which it must be known what the camera does, to say anything."""
LEAST = 6
"""Corners that are needed to say anything."""
FEET = ((27, 29, 31), (28, 30, 32))
"""Ankle, heel and toe of the left and the right foot."""
FEET_APART = 0.35
"""Of their motion by which two feet that are carried together may differ."""
FEET_MOVE = 0.012
"""Of the dancer's height by which feet are carried in one measurement at least: landmarks tremble by 0.004."""
FEET_SHARE = 0.2
"""Of the moments of a block at which feet must be carried together to show a camera that moves: dancers jump less."""
SEEN = 0.5
"""Visibility of an ankle that is seen."""
BLOCK_S = 8.0
"""Seconds in which it is decided once whether the feet follow the background."""


@dataclass(frozen=True)
class BackgroundMotion:
    """Motion of the background over :data:`EVERY` frames up to a frame, in parts of the frame's longer side.

    ``x``, ``y`` of the moving group at the dancer's feet, ``speed`` of its mean over the frame, per second;
    ``moving``, ``still`` shares of the ``corners`` that belong to it, or stand still. NaN where nothing is measured.
    """

    x: float = np.nan
    y: float = np.nan
    speed: float = np.nan
    moving: float = np.nan
    still: float = np.nan
    corners: float = np.nan


class BackgroundTracker:
    """Follows corners of the background from frame to frame."""

    def __init__(self) -> None:
        self._before: tuple[np.ndarray, np.ndarray] | None = None

    def observe(self, frame: np.ndarray, dancer: np.ndarray, others: Sequence[np.ndarray]) -> BackgroundMotion:
        """Take in the next frame (H, W, 3) uint8, :data:`EVERY` frames after the last one.

        ``dancer`` (33, 2+) landmarks in pixels, NaN when not found; ``others`` boxes (4,) of further people.
        """
        scale = SIZE / max(frame.shape[:2])
        size = (max(16, round(frame.shape[1] * scale)), max(16, round(frame.shape[0] * scale)))
        grey = cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        open_ = _background_mask(grey.shape, dancer[:, :2] * scale, [box * scale for box in others])
        before, self._before = self._before, (grey, open_)
        if before is None:
            return BackgroundMotion()
        return _motion(before[0], grey, before[1] & open_, dancer[:, :2] * scale)


def _background_mask(shape: tuple[int, ...], dancer: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """Where the background is (h, w) uint8, 255: not at people, their hands' reach and their shadow."""
    return without_people(np.full(shape, 255, np.uint8), dancer, others, reach=0.07, reach_of_others=0.15)


def without_people(
    image: np.ndarray, dancer: np.ndarray, others: Sequence[np.ndarray], *, reach: float, reach_of_others: float
) -> np.ndarray:
    """``image`` (h, w), set to 0 in place where people are.

    ``dancer`` (33, 2) landmarks in its pixels, NaN when nobody was found, and ``others`` boxes (4,); what lies around
    them counts as theirs, as far as that share of their height.
    """
    people = [(box, reach_of_others) for box in others]
    if np.isfinite(dancer).all():
        people.append((np.concatenate([dancer.min(0), dancer.max(0)]), reach))
    for box, share in people:
        around = share * (box[3] - box[1]) * np.array([-1, -1, 1, 1])
        left, top, right, bottom = np.clip(box + around, 0, None).astype(int)
        image[top : bottom + 1, left : right + 1] = 0
    return image


def _corners(grey: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Corners (N, 2) float32, at most :data:`IN_CELL` of each cell."""
    strongest = float(cv2.cornerMinEigenVal(grey, 5)[mask > 0].max(initial=0))
    if strongest <= CORNER:
        return np.zeros((0, 2), np.float32)
    found = cv2.goodFeaturesToTrack(grey, 1000, CORNER / strongest, 4, mask=mask, blockSize=5)
    points = np.zeros((0, 2), np.float32) if found is None else found.reshape(-1, 2)
    cell = (points * np.array(CELLS) / grey.shape[::-1]).astype(int) @ [1, CELLS[0]]
    taken: dict[int, int] = {}
    chosen = []
    for number, place in enumerate(cell.tolist()):  # the strongest come first
        taken[place] = taken.get(place, 0) + 1
        if taken[place] <= IN_CELL:
            chosen.append(number)
    return points[chosen]


def _motion(before: np.ndarray, now: np.ndarray, mask: np.ndarray, dancer: np.ndarray) -> BackgroundMotion:
    points = _corners(before, mask)
    if len(points) < LEAST:
        return BackgroundMotion(corners=float(len(points)))
    there, ok, _ = cv2.calcOpticalFlowPyrLK(before, now, points, points.copy(), winSize=(15, 15), maxLevel=3)
    back, ok_back, _ = cv2.calcOpticalFlowPyrLK(now, before, there, points.copy(), winSize=(15, 15), maxLevel=3)
    sure = ok.ravel().astype(bool) & ok_back.ravel().astype(bool) & (np.linalg.norm(back - points, axis=1) < 0.5)
    points, there = points[sure], there[sure]
    count = len(points)
    if count < LEAST:
        return BackgroundMotion(corners=float(count))
    still = np.linalg.norm(there - points, axis=1) < STILL_PX
    size = max(now.shape)
    result = {"still": float(still.mean()), "corners": float(count), "moving": 0.0, "speed": 0.0, "x": 0.0, "y": 0.0}
    if (~still).sum() < LEAST:
        return BackgroundMotion(**result)
    moved, moved_to = points[~still], there[~still]
    matrix, inside = cv2.estimateAffinePartial2D(moved, moved_to, ransacReprojThreshold=AGREES_PX, confidence=0.99)
    if matrix is None or inside.sum() < LEAST:
        return BackgroundMotion(**result)
    feet = dancer[27:33].mean(0) if np.isfinite(dancer).all() else np.array([now.shape[1] / 2, now.shape[0]])
    shift = matrix[:, :2] @ feet + matrix[:, 2] - feet
    steps = np.linalg.norm((moved_to - moved)[inside.ravel().astype(bool)], axis=1)
    result |= {"moving": float(inside.sum() / count), "speed": float(steps.mean()) / size * FPS / EVERY}
    return BackgroundMotion(**result | {"x": float(shift[0]) / size, "y": float(shift[1]) / size})


def camera_speed(background: dict[str, np.ndarray], keypoints2d: Keypoints2D) -> np.ndarray:
    """How fast the camera moves (F,), parts of the frame's longer side per second; NaN where it cannot be told.

    ``background``: (F,) the fields of :class:`BackgroundMotion` by name.
    """
    frames = min(len(background["x"]), len(keypoints2d.keypoints))
    at = np.arange(EVERY, frames, EVERY)
    speed = np.full(len(background["x"]), np.nan)
    points = keypoints2d.keypoints[:, :, :2].astype(np.float64)
    found = np.isfinite(points).all((1, 2))
    size = max(keypoints2d.width, keypoints2d.height)
    height = float(np.median(np.ptp(points[found][:, :, 1], axis=1))) / size if found.any() else np.nan
    feet = np.stack([points[:, list(foot)].mean(1) for foot in FEET], axis=1) / size
    feet[keypoints2d.keypoints[:, [27, 28], 2] < SEEN] = np.nan  # a guessed foot tells nothing
    carried = feet[at] - feet[at - EVERY]  # (M, 2 feet, 2), NaN without the dancer
    seen = {name: values[at] for name, values in background.items()}
    for first in range(0, len(at), round(BLOCK_S * FPS / EVERY)):
        block = slice(first, first + round(BLOCK_S * FPS / EVERY))
        part = {name: values[block] for name, values in seen.items()}
        speed[at[block]] = _block_speed(part, carried[block], height)
    return speed


def _block_speed(seen: dict[str, np.ndarray], carried: np.ndarray, height: float) -> np.ndarray:
    """The camera's speed (M,) at the moments of one block."""
    shift = np.stack([seen["x"], seen["y"]], axis=1)
    group = np.nan_to_num(seen["moving"]) > 0
    follows = _feet_follow(shift[group], carried[group], height)
    still = np.nan_to_num(seen["still"]) >= 0.5
    by_feet = _feet_speed(carried, height)
    if (by_feet > CAMERA_SPEED).sum() < FEET_SHARE * np.isfinite(carried).all((1, 2)).sum():
        by_feet[by_feet > CAMERA_SPEED] = np.nan  # a jump carries both feet, too
    speed = np.where(still, 0.0, by_feet)
    if follows is None:
        # Too little for the feet to tell; unless all that is seen moves as one, it is noise.
        alone = group & (np.nan_to_num(seen["still"]) < 0.2) & (np.nan_to_num(seen["moving"]) > 0.5)
        speed[alone] = seen["speed"][alone]
    elif follows:
        speed[group] = seen["speed"][group]
    else:
        speed[group] = 0.0
    return speed


def _feet_follow(shift: np.ndarray, carried: np.ndarray, height: float) -> bool | None:
    """Whether standing feet move with the background; None where that cannot be told."""
    with np.errstate(invalid="ignore"):
        moves = np.isfinite(carried).all((1, 2)) & (np.linalg.norm(shift, axis=1) > FEET_MOVE / 2 * height)
    if moves.sum() < 4:
        return None
    stays = np.linalg.norm(carried[moves], axis=-1).min(1)
    with_it = np.linalg.norm(carried[moves] - shift[moves, None], axis=-1).min(1)
    quarter, quarter_with = np.percentile(stays, 30), np.percentile(with_it, 30)
    if quarter_with < 0.7 * quarter:
        return True
    return False if quarter < 0.7 * quarter_with else None


def _feet_speed(carried: np.ndarray, height: float) -> np.ndarray:
    """Speed (M,) of feet that are carried together; 0 where one stands, NaN where they tell nothing."""
    step = np.linalg.norm(carried, axis=-1)
    apart = np.linalg.norm(carried[:, 0] - carried[:, 1], axis=-1)
    mean = carried.mean(1)
    with np.errstate(invalid="ignore"):
        together = (step.min(1) > FEET_MOVE * height) & (apart < FEET_APART * step.mean(1))
        stands = step.min(1) < FEET_MOVE * height
    speed = np.where(stands, 0.0, np.nan)
    return np.where(together, np.linalg.norm(mean, axis=-1) * FPS / EVERY, speed)
