"""Finding people in one frame, without knowing where they were: MediaPipe's person detector."""

from dataclasses import dataclass

import numpy as np

from justlmd.pose.inference import Network
from justlmd.pose.networks import DETECTOR, read_network
from justlmd.pose.regions import Region, region_about

SIZE = 224
MIN_SCORE = 0.5
SAME_PERSON = 0.3
"""Intersection over union from which on two boxes are of one person."""
_GRIDS = ((28, 2), (14, 2), (7, 6))
"""Cells on each side of a grid of anchors, and anchors in every cell."""


@dataclass(frozen=True)
class Detection:
    """A person: ``box`` (4,) left, top, right, bottom of the head and ``points`` (4, 2) in pixels; ``score`` 0..1.

    The points are the hips' middle, one above it on the circle about the whole body, and the same for the upper body.
    """

    box: np.ndarray
    points: np.ndarray
    score: float

    @property
    def region(self) -> Region:
        """The region of the whole body."""
        return region_about(self.points[0], self.points[1])


class PersonDetector:
    """Finds everybody whom the network sees in the whole frame at once; it sees large people best."""

    def __init__(self) -> None:
        self._network = Network(read_network(DETECTOR), outputs=(0, 1))
        self._anchors = _anchors()

    def __call__(self, frame: np.ndarray) -> list[Detection]:
        """Detections in a frame (H, W, 3) uint8, the surest first."""
        height, width = frame.shape[:2]
        whole = Region(np.array([width, height]) / 2, float(max(height, width)), 0.0)
        image = whole.crop(frame, SIZE, replicate=False) * np.float32(1 / 127.5) - np.float32(1)
        boxes, logits = self._network.run(image)
        # A logit of 0 is a score of a half, which is the least; a box that is turned inside out is none.
        likely = np.flatnonzero((logits[:, 0] >= 0) & (boxes[:, 2:4] >= 0).all(1))
        scores = 1 / (1 + np.exp(-logits[likely, 0].astype(float).clip(max=100)))
        raw = boxes[likely].astype(float) / SIZE
        center, size = raw[:, :2] + self._anchors[likely], raw[:, 2:4]
        points = raw[:, 4:].reshape(-1, 4, 2) + self._anchors[likely, None]
        corners = np.concatenate([(center - size / 2)[:, None], (center + size / 2)[:, None], points], axis=1)
        return [
            Detection(whole.to_frame(found[:2]).ravel(), whole.to_frame(found[2:]), score)
            for found, score in _merged(corners, scores)
        ]

    def in_tiles(self, frame: np.ndarray) -> list[Detection]:
        """Detections in the squares of half the frame's height that cover it by halves, the surest first.

        In the whole frame somebody is found from about 40 % of its height on, in a tile from 15 %.
        """
        height, width = frame.shape[:2]
        side = min(height // 2, width)
        found = []
        for top in _starts(height, side):
            for left in _starts(width, side):
                shift = np.array([left, top], float)
                for one in self(frame[top : top + side, left : left + side]):
                    found.append(Detection(one.box + np.tile(shift, 2), one.points + shift, one.score))
        return sorted(found, key=lambda one: -one.score)


def _starts(length: int, side: int) -> np.ndarray:
    """Where pieces of a side begin that cover a length, each beginning in the middle of the one before, at most."""
    return np.linspace(0, length - side, 1 + -(-2 * (length - side) // side)).astype(int)


def _merged(corners: np.ndarray, scores: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Weighted non-maximum suppression: what overlaps the surest box is averaged with it.

    ``corners`` (N, 6, 2) upper left, lower right and points; ``scores`` (N,).
    """
    left = np.argsort(-scores, kind="stable")
    merged = []
    while len(left):
        best = corners[left[0]]
        same = _overlaps(corners[left, :2], best[:2]) > SAME_PERSON
        same[0] = True  # also a box without area
        chosen = left[same]
        merged.append((np.average(corners[chosen], axis=0, weights=scores[chosen]), float(scores[left[0]])))
        left = left[~same]
    return merged


def _overlaps(boxes: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Intersection over union (N,) of boxes (N, 2, 2) with one (2, 2)."""
    sides = (np.minimum(boxes[:, 1], box[1]) - np.maximum(boxes[:, 0], box[0])).clip(min=0)
    common = sides.prod(1)
    union = (boxes[:, 1] - boxes[:, 0]).prod(1) + (box[1] - box[0]).prod() - common
    return common / np.maximum(union, 1e-12)


def _anchors() -> np.ndarray:
    """Centres (2254, 2) of the anchors in parts of the image."""
    grids = []
    for cells, times in _GRIDS:
        places = (np.arange(cells) + 0.5) / cells
        centers = np.stack([np.tile(places, cells), np.repeat(places, cells)], axis=1)
        grids.append(np.repeat(centers, times, axis=0))
    return np.concatenate(grids)
