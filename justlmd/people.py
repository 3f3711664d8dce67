"""Counting people: whoever is in the picture beside the dancer whom the 2D pose follows.

A tracker stays with one person and reports nothing about others, so single pictures are searched anew: the parts left
and right of the dancer, and the whole picture with the dancer's trunk painted over.
"""

from collections.abc import Iterator

import numpy as np

from justlmd.pose import Detector

CORE = [0, 7, 8, 11, 12, 23, 24, 25, 26, 27, 28]
"""Landmarks of head, trunk and legs: where the dancer stands. Arms reach into the parts beside without harm."""
TRUNK = [11, 12, 23, 24]

SMALLEST = 0.5
"""Whoever is smaller than this part of the dancer's height is no second dancer: posters, bushes, lonely hands."""


def other_people(picture: np.ndarray, keypoints: np.ndarray, height: float, detect: Detector) -> list[np.ndarray]:
    """Boxes of people other than the dancer.

    Parameters
    ----------
    picture : (H, W, 3) uint8.
    keypoints : (33, 3) landmarks of the dancer in pixels; NaN when the dancer was not found.
    height : the dancer's usual height in pixels.
    detect : a still-picture detector, see :func:`justlmd.pose.landmark_detector`.

    Returns
    -------
    (4,) left, top, right, bottom in pixels, one per person, at most one on each side of the dancer and one more.
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
        is_known = any(_overlap(box, other) > 0.3 for other in found)
        tall_enough = box[3] - box[1] >= SMALLEST * height
        if tall_enough and seen[0][TRUNK, 2].mean() >= 0.5 and not is_dancer and not is_known:
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
    covered[top:bottom, left:right] = picture[::8, ::8].reshape(-1, 3).mean(0).astype(np.uint8)
    yield covered, np.zeros(2)


def _pixels(low: float, high: float, size: int) -> tuple[int, int]:
    return int(np.clip(low, 0, size)), int(np.clip(high, 0, size))


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes."""
    sides = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None)
    both = sides.prod()
    return float(both / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both + 1e-9))
