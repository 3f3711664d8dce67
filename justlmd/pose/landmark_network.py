"""The landmarks of one person: MediaPipe's landmark network, and following a person from frame to frame."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from justlmd.core.clock import FPS
from justlmd.pose.detector import Detection, PersonDetector
from justlmd.pose.inference import Network
from justlmd.pose.networks import LANDMARKS, read_network
from justlmd.pose.regions import Region, RegionFilter, region_about

SIZE = 256
COUNT, AUXILIARY = 33, slice(33, 35)
"""Landmarks of the body, and the two after them from which the next frame's region is made."""
MIN_PRESENCE = 0.5
"""Of a person in the region; at and below it the person is lost."""
HEATMAP_SIZE, WINDOW = 64, 4
"""Cells on each side of a heat map, and those on each side of a landmark's that refine it."""
MIN_CONFIDENCE = 0.5
"""In the window of a heat map, for a landmark to be refined."""
MIRROR = [0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9, *np.arange(11, COUNT).reshape(-1, 2)[:, ::-1].ravel()]
"""Of each landmark, the one on the other side of the body."""
TILES_APART = FPS
"""Frames between two searches for a small person while nobody is found."""
_AROUND = np.arange(-WINDOW, WINDOW + 1)


@dataclass(frozen=True)
class Landmarks:
    """One person's landmarks in one frame.

    ``keypoints`` (33, 3) float32 x, y in pixels and visibility 0..1; ``world`` (33, 3) float32 metres about the middle
    of the hips, axes as the camera's (x right, y down, z forward); ``auxiliary`` (2, 2) the hips' middle and a point on
    the circle about the body, in pixels.
    """

    keypoints: np.ndarray
    world: np.ndarray
    auxiliary: np.ndarray


class LandmarkNetwork:
    """Finds the landmarks of the person in a region of a frame."""

    def __init__(self) -> None:
        # Output 2 is a mask of the person, a quarter of the network's work, which nobody asks for.
        self._network = Network(read_network(LANDMARKS), outputs=(0, 1, 3, 4))

    def __call__(self, frame: np.ndarray, region: Region, *, mirrored: bool = False) -> Landmarks | None:
        """Landmarks in a region of a frame (H, W, 3) uint8; None if there is no person.

        ``mirrored``: the network sees the region's mirror image; what it says is told of the region as it is.
        """
        image = region.crop(frame, SIZE) * np.float32(1 / 255)
        raw, presence, heatmaps, world = self._network.run(np.ascontiguousarray(image[:, ::-1]) if mirrored else image)
        if presence[0] <= MIN_PRESENCE:
            return None
        points = raw.reshape(-1, 5)[: AUXILIARY.stop].astype(float)
        parts = refined(points[:, :2] / SIZE, heatmaps)
        visibility = 1 / (1 + np.exp(-points[:COUNT, 3:4]))
        metres = world.reshape(-1, 3)[:COUNT].astype(float)
        if mirrored:
            parts = np.concatenate([parts[MIRROR], parts[AUXILIARY]]) * [-1, 1] + [1, 0]
            visibility, metres = visibility[MIRROR], metres[MIRROR] * [-1, 1, 1]
        places = region.to_frame(parts)
        return Landmarks(
            np.concatenate([places[:COUNT], visibility], axis=1).astype(np.float32),
            np.concatenate([region.turn(metres[:, :2]), metres[:, 2:]], axis=1).astype(np.float32),
            places[AUXILIARY],
        )


def refined(points: np.ndarray, heatmaps: np.ndarray) -> np.ndarray:
    """Move points to the centre of mass of their heat maps around them, where these are sure.

    Parameters
    ----------
    points : (N, 2) x, y in parts of the image, 0..1.
    heatmaps : (64, 64, M) logits, M >= N.

    Returns
    -------
    (N, 2) as ``points``.
    """
    cells = np.trunc(points * HEATMAP_SIZE).astype(int)
    columns, rows = (cells[:, axis, None] + _AROUND for axis in (0, 1))
    inside = [(part >= 0) & (part < HEATMAP_SIZE) for part in (columns, rows)]
    logits = heatmaps[
        rows.clip(0, HEATMAP_SIZE - 1)[:, :, None],
        columns.clip(0, HEATMAP_SIZE - 1)[:, None],
        np.arange(len(points))[:, None, None],
    ]
    confidence = inside[1][:, :, None] * inside[0][:, None] / (1 + np.exp(-logits.astype(float)))
    total = np.maximum(confidence.sum((1, 2)), 1e-12)
    x, y = (confidence.sum(1) * columns).sum(1) / total, (confidence.sum(2) * rows).sum(1) / total
    known = (cells >= 0).all(1) & (cells[:, 0] < HEATMAP_SIZE) & (confidence.max((1, 2)) >= MIN_CONFIDENCE)
    return np.where(known[:, None], np.stack([x, y], axis=1) / HEATMAP_SIZE, points)


class PoseNetworks:
    """Both networks, opened once for everything that one job looks for."""

    def __init__(self) -> None:
        self.detect = PersonDetector()
        self.landmarks_in = LandmarkNetwork()

    def find(self, frame: np.ndarray) -> Landmarks | None:
        """The landmarks of the surest detection in a frame (H, W, 3) uint8, searched anew; None without a person."""
        return next((found for found, _ in self._confirmed(frame, self.detect(frame)[:1])), None)

    def find_with_region(self, frame: np.ndarray, *, small: bool) -> tuple[Landmarks, Region] | None:
        """As :meth:`find`, with the region; ``small``: search the frame's parts for somebody far away, too."""
        found = next(self._confirmed(frame, self.detect(frame)[:1]), None)
        if found is None and small:
            found = next(self._confirmed(frame, self.detect.in_tiles(frame)[:1]), None)
        return found

    def _confirmed(self, frame: np.ndarray, detections: list[Detection]) -> Iterator[tuple[Landmarks, Region]]:
        for detection in detections:
            found = self.landmarks_in(frame, detection.region)
            if found is not None:
                yield found, detection.region


class PersonTracker:
    """Follows one person through the frames of a video, as MediaPipe's graph does.

    Where the person was in the frame before is where it is looked for; once it is lost, the whole next frame is
    searched for the surest detection, and once per second its parts, which show small people.
    """

    def __init__(self, networks: PoseNetworks) -> None:
        self._networks = networks
        self._filter = RegionFilter()
        self._region: Region | None = None
        self._lost = 0
        self._looked: Region | None = None

    def __call__(self, frame: np.ndarray) -> Landmarks | None:
        """The person's landmarks in the next frame (H, W, 3) uint8 at 30 frames/s; None if nobody is found."""
        region, networks = self._region, self._networks
        if region is None:
            found, region = networks.find_with_region(frame, small=self._lost % TILES_APART <= 1) or (None, None)
        else:
            found = networks.landmarks_in(frame, region)
        self._lost = 0 if found is not None else self._lost + 1
        if found is None:
            self._region = self._looked = None
            self._filter.reset()
        else:
            self._looked = region
            self._region = region_about(*self._filter(found.auxiliary))
        return found

    def second_look(self, frame: np.ndarray) -> Landmarks | None:
        """What the network says of the mirror image of the frame just looked at; None if it sees nobody there.

        Where it does not say the same, at least one answer is wrong.
        """
        return None if self._looked is None else self._networks.landmarks_in(frame, self._looked, mirrored=True)
