"""Finding people: everybody in a frame, or whoever is there beside the dancer whom the 2D pose follows.

A tracker stays with one person and reports nothing about others, so single frames are searched anew: the parts left
and right of the dancer, and the whole frame with the dancer's torso painted over.
"""

from collections.abc import Callable, Iterator

import numpy as np

from justlmd.pose.landmark_network import Landmarks
from justlmd.pose.tracking import overlap

Finder = Callable[[np.ndarray], Landmarks | None]
"""Finds one person in a frame (H, W, 3) uint8: :meth:`justlmd.pose.landmark_network.PoseNetworks.find`."""

CORE = [0, 7, 8, 11, 12, 23, 24, 25, 26, 27, 28]
"""Landmarks of head, torso and legs: where the dancer stands. Arms reach into the parts beside without harm."""
TORSO = [11, 12, 23, 24]

MOST = 6
"""People in a frame who are told apart."""
SMALLEST = 0.5
"""Whoever is smaller than this part of the dancer's height is no second dancer: posters, bushes, lonely hands."""
LEAST_VISIBILITY = 0.5
"""Mean of the torso's landmarks, below which what was found is nobody."""


def everybody(frame: np.ndarray, find: Finder) -> list[np.ndarray]:
    """Landmarks (33, 3) in pixels of all people in a frame (H, W, 3) of at least half the tallest one's height.

    Whoever is found divides the frame, and the parts left and right of head, torso and legs are searched in turn; at
    last the whole frame with all of them painted over, for who stands between.
    """
    found: list[np.ndarray] = []
    rows = frame.shape[0]
    top, bottom = 0, rows
    parts = [(0, frame.shape[1])]
    covered = frame
    while parts and len(found) < MOST:
        left, right = parts.pop(0)
        person = find(covered[top:bottom, left:right])
        if person is None or person.keypoints[TORSO, 2].mean() < LEAST_VISIBILITY:
            continue
        points = person.keypoints + np.array([left, top, 0], np.float32)
        box = core_box(points)
        height = float(np.ptp(points[:, 1]))
        if any(overlap(box, core_box(other)) > 0.3 for other in found):
            continue
        if not found:
            top, bottom = _pixels(points[:, 1].min() - height / 2, points[:, 1].max() + height / 2, rows)
        found.append(points)
        edges = _pixels(box[0] - 0.06 * height, box[2] + 0.06 * height, frame.shape[1])
        parts += [part for part in ((left, edges[0]), (edges[1], right)) if part[1] - part[0] > 0.12 * height]
        if not parts and covered is frame:
            covered = frame.copy()
            for other in found:
                x0, y0, x1, y1 = core_box(other)
                (x0, x1), (y0, y1) = _pixels(x0, x1 + 1, frame.shape[1]), _pixels(y0, y1 + 1, rows)
                covered[y0:y1, x0:x1] = mean_color(frame)
            parts = [(0, frame.shape[1])]
    tallest = max((float(np.ptp(points[:, 1])) for points in found), default=0.0)
    return [points for points in found if np.ptp(points[:, 1]) >= SMALLEST * tallest]


def mean_color(frame: np.ndarray) -> np.ndarray:
    """Mean colour (3,) uint8 of a frame (H, W, 3), with which people are painted over."""
    color: np.ndarray = frame[::8, ::8].reshape(-1, 3).mean(0).astype(np.uint8)
    return color


def whole_box(points: np.ndarray) -> np.ndarray:
    """Left, top, right, bottom of all landmarks (33, 3), arms included."""
    return np.concatenate([points[:, :2].min(0), points[:, :2].max(0)])


def core_box(points: np.ndarray) -> np.ndarray:
    """Left, top, right, bottom of head, torso and legs of landmarks (33, 3)."""
    core = points[CORE, :2]
    return np.concatenate([core.min(0), core.max(0)])


def other_people(frame: np.ndarray, keypoints: np.ndarray, height: float, find: Finder) -> list[np.ndarray]:
    """Boxes of people other than the dancer.

    Parameters
    ----------
    frame : (H, W, 3) uint8.
    keypoints : (33, 3) landmarks of the dancer in pixels.
    height : the dancer's usual height in pixels.
    find : finds one person in a part of a frame.

    Returns
    -------
    (4,) left, top, right, bottom in pixels, one per person.
    """
    found: list[np.ndarray] = []
    for part, corner in _parts(frame, keypoints, height):
        person = find(part)
        if person is None:
            continue
        points = person.keypoints[:, :2] + corner
        box = whole_box(points)
        is_dancer = np.median(np.linalg.norm(points - keypoints[:, :2], axis=1)) < 0.15 * height
        is_known = any(overlap(box, other) > 0.3 for other in found)
        is_tall = box[3] - box[1] >= SMALLEST * height
        if is_tall and person.keypoints[TORSO, 2].mean() >= LEAST_VISIBILITY and not is_dancer and not is_known:
            found.append(box)
    if found:  # then there may be more of them; ``part`` is the whole frame without the dancer
        for points in everybody(part, find):
            box = whole_box(points)
            if box[3] - box[1] >= SMALLEST * height and not any(overlap(box, other) > 0.3 for other in found):
                found.append(box)
    return found


def _parts(frame: np.ndarray, keypoints: np.ndarray, height: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Parts of the frame without the dancer, and the place (2,) of their upper left corner."""
    rows, columns = frame.shape[:2]
    core = keypoints[CORE, :2]
    left, right = _pixels(core[:, 0].min() - 0.06 * height, core[:, 0].max() + 0.06 * height, columns)
    near_top, near_bottom = _pixels(keypoints[:, 1].min() - height / 2, keypoints[:, 1].max() + height / 2, rows)
    narrowest = 0.12 * height
    if left > narrowest:
        yield frame[near_top:near_bottom, :left], np.array([0, near_top])
    if columns - right > narrowest:
        yield frame[near_top:near_bottom, right:], np.array([right, near_top])
    top, bottom = _pixels(keypoints[:, 1].min() - 0.12 * height, keypoints[:, 1].max() + 0.06 * height, rows)
    covered = frame.copy()
    covered[top:bottom, left:right] = mean_color(frame)
    yield covered, np.zeros(2)


def _pixels(low: float, high: float, size: int) -> tuple[int, int]:
    return int(np.clip(low, 0, size)), int(np.clip(high, 0, size))
