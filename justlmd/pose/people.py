"""Finding people: everybody in a picture, or whoever is there beside the dancer whom the 2D pose follows.

A tracker stays with one person and reports nothing about others, so single pictures are searched anew: the parts left
and right of the dancer, and the whole picture with the dancer's trunk painted over.
"""

from collections.abc import Callable, Iterator

import numpy as np

from justlmd.pose.tracking import overlap

Detector = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray] | None]
"""Landmarks (33, 3) in pixels and the same in metres of the person in a picture (H, W, 3) uint8, or None."""

CORE = [0, 7, 8, 11, 12, 23, 24, 25, 26, 27, 28]
"""Landmarks of head, trunk and legs: where the dancer stands. Arms reach into the parts beside without harm."""
TRUNK = [11, 12, 23, 24]

MOST = 6
"""People in a picture who are told apart."""
SMALLEST = 0.5
"""Whoever is smaller than this part of the dancer's height is no second dancer: posters, bushes, lonely hands."""


def everybody(picture: np.ndarray, detect: Detector) -> list[np.ndarray]:
    """Landmarks (33, 3) in pixels of all people of a picture (H, W, 3) of at least half the tallest one's height.

    Whoever is found divides the picture, and the parts left and right of head, trunk and legs are searched in turn; at
    last the whole picture with all of them painted over, for who stands between.
    """
    found: list[np.ndarray] = []
    rows = picture.shape[0]
    top, bottom = 0, rows
    parts = [(0, picture.shape[1])]
    covered = picture
    while parts and len(found) < MOST:
        left, right = parts.pop(0)
        seen = detect(np.ascontiguousarray(covered[top:bottom, left:right]))
        if seen is None or seen[0][TRUNK, 2].mean() < 0.5:
            continue
        points = seen[0] + np.array([left, top, 0], np.float32)
        box = core_box(points)
        height = float(np.ptp(points[:, 1]))
        if any(overlap(box, core_box(other)) > 0.3 for other in found):
            continue
        if not found:
            top, bottom = _pixels(points[:, 1].min() - height / 2, points[:, 1].max() + height / 2, rows)
        found.append(points)
        edges = _pixels(box[0] - 0.06 * height, box[2] + 0.06 * height, picture.shape[1])
        parts += [part for part in ((left, edges[0]), (edges[1], right)) if part[1] - part[0] > 0.12 * height]
        if not parts and covered is picture:
            covered = picture.copy()
            for other in found:
                x0, y0, x1, y1 = core_box(other)
                (x0, x1), (y0, y1) = _pixels(x0, x1 + 1, picture.shape[1]), _pixels(y0, y1 + 1, rows)
                covered[y0:y1, x0:x1] = mean_color(picture)
            parts = [(0, picture.shape[1])]
    tallest = max((float(np.ptp(points[:, 1])) for points in found), default=0.0)
    return [points for points in found if np.ptp(points[:, 1]) >= SMALLEST * tallest]


def mean_color(picture: np.ndarray) -> np.ndarray:
    """Mean colour (3,) uint8 of a picture (H, W, 3), with which people are painted over."""
    color: np.ndarray = picture[::8, ::8].reshape(-1, 3).mean(0).astype(np.uint8)
    return color


def core_box(points: np.ndarray) -> np.ndarray:
    """Left, top, right, bottom of head, trunk and legs of landmarks (33, 3)."""
    core = points[CORE, :2]
    return np.concatenate([core.min(0), core.max(0)])


def other_people(picture: np.ndarray, keypoints: np.ndarray, height: float, detect: Detector) -> list[np.ndarray]:
    """Boxes of people other than the dancer.

    Parameters
    ----------
    picture : (H, W, 3) uint8.
    keypoints : (33, 3) landmarks of the dancer in pixels; NaN when the dancer was not found.
    height : the dancer's usual height in pixels.
    detect : a still-picture detector, see :func:`justlmd.pose.landmarks.landmark_detector`.

    Returns
    -------
    (4,) left, top, right, bottom in pixels, one per person.
    """
    found: list[np.ndarray] = []
    dancer = keypoints[:, :2]
    for part, corner in _parts(picture, keypoints, height):
        seen = detect(np.ascontiguousarray(part))
        if seen is None:
            continue
        points = seen[0][:, :2] + corner
        box = np.concatenate([points.min(0), points.max(0)])
        is_dancer = np.median(np.linalg.norm(points - dancer, axis=1)) < 0.15 * height  # False for NaN
        is_known = any(overlap(box, other) > 0.3 for other in found)
        tall_enough = box[3] - box[1] >= SMALLEST * height
        if tall_enough and seen[0][TRUNK, 2].mean() >= 0.5 and not is_dancer and not is_known:
            found.append(box)
    if found:  # then there may be more of them; ``part`` is the whole picture without the dancer
        for points in everybody(part, detect):
            box = np.concatenate([points[:, :2].min(0), points[:, :2].max(0)])
            if box[3] - box[1] >= SMALLEST * height and not any(overlap(box, other) > 0.3 for other in found):
                found.append(box)
    return found


def _parts(picture: np.ndarray, keypoints: np.ndarray, height: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Parts of the picture without the dancer, and the place (2,) of their upper left corner."""
    if not np.isfinite(keypoints).all():
        return  # nobody was found in the whole picture: nothing to leave out, nobody to find
    rows, columns = picture.shape[:2]
    core = keypoints[CORE, :2]
    left, right = _pixels(core[:, 0].min() - 0.06 * height, core[:, 0].max() + 0.06 * height, columns)
    near_top, near_bottom = _pixels(keypoints[:, 1].min() - height / 2, keypoints[:, 1].max() + height / 2, rows)
    narrowest = 0.12 * height
    if left > narrowest:
        yield picture[near_top:near_bottom, :left], np.array([0, near_top])
    if columns - right > narrowest:
        yield picture[near_top:near_bottom, right:], np.array([right, near_top])
    top, bottom = _pixels(keypoints[:, 1].min() - 0.12 * height, keypoints[:, 1].max() + 0.06 * height, rows)
    covered = picture.copy()
    covered[top:bottom, left:right] = mean_color(picture)
    yield covered, np.zeros(2)


def _pixels(low: float, high: float, size: int) -> tuple[int, int]:
    return int(np.clip(low, 0, size)), int(np.clip(high, 0, size))
