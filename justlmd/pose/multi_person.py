"""2D pose of one dancer among several people.

The tracker follows one person and does not say when it takes another for it. So everybody is detected twice a second
and followed from detection to detection; one is selected; and then the pose is estimated in frames that show this one
alone.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from justlmd.core.clock import FPS
from justlmd.media.video import read_frames
from justlmd.pose.people import SMALLEST, Finder, core_box, everybody, mean_color, whole_box
from justlmd.pose.tracking import Track, choose, follow

EVERY = FPS // 2
"""Frames from one detection of everybody to the next."""
LONGEST_ABSENCE = 4
"""Detections after which somebody who comes back is somebody new."""
ARMS, RAISED, BELOW = 0.4, 0.4, 0.15
"""Of the dancer's height: what is shown beside, above and below head, torso and legs."""
ASTRAY = 0.3
"""Of the dancer's height by which a pose may be off the place where the dancer was detected."""

People = list[np.ndarray]
"""Landmarks (33, 3) in pixels of everybody in one frame."""


def detect_people(video: str | Path, find: Finder) -> list[People]:
    """Everybody in every :data:`EVERY`-th frame of a video, from the first one on."""
    return [everybody(frame, find) for number, frame in enumerate(read_frames(video)) if number % EVERY == 0]


class DancerAmongOthers:
    """The selected dancer of a video, and who else is in its frames.

    Parameters
    ----------
    people : what :func:`detect_people` found.
    size : width and height of the frames in pixels.
    place : whom to follow, see :func:`justlmd.pose.tracking.choose`.
    """

    def __init__(self, people: list[People], size: tuple[int, int], place: str) -> None:
        self._people = people
        boxes = [[core_box(points) for points in found] for found in people]
        tracks = follow(boxes, LONGEST_ABSENCE)
        self._track = choose(tracks, boxes, *size, place)
        others = [track for track in tracks if track.seen.items().isdisjoint(self._track.seen.items())]
        self._box = _interpolated(boxes, self._track)
        self._other_boxes = [_interpolated(boxes, track) for track in others]

    def doubtful_frames(self, frames: int) -> np.ndarray:
        """Frames (F,) at which the dancer met somebody so closely that it may be another person from there on."""
        return np.isin(np.arange(frames), np.array(self._track.doubtful, int) * EVERY)

    def others(self, number: int) -> list[np.ndarray]:
        """Boxes (4,) of others at the detection of frame ``number`` who are at least half as tall as the dancer."""
        found, dancer = self._people[number // EVERY], self._track.seen.get(number // EVERY)
        least = 0.0 if dancer is None else SMALLEST * np.ptp(found[dancer][:, 1])
        return [
            whole_box(points) for index, points in enumerate(found) if index != dancer and np.ptp(points[:, 1]) >= least
        ]

    def isolate_dancer(self, number: int, frame: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Frame ``number`` with everybody but the dancer painted over, and the dancer's box (4,); None without it."""
        box = self._box(number)
        if box is None:
            return None
        height = float(box[3] - box[1])
        rows, columns = frame.shape[:2]
        shown = np.empty_like(frame)
        shown[:] = plain = mean_color(frame)
        area = _slices(box + height * np.array([-ARMS, -RAISED, ARMS, BELOW]), rows, columns)
        shown[area] = frame[area]
        for other in self._other_boxes:
            if (covered := other(number)) is not None:
                place = _slices(covered + 0.04 * height * np.array([-1, -1, 1, 1]), rows, columns)
                shown[place] = plain
        core = _slices(box + 0.06 * height * np.array([-1, -1, 1, 1]), rows, columns)
        shown[core] = frame[core]
        return shown, box


def is_other_person(points: np.ndarray, box: np.ndarray) -> bool:
    """Whether landmarks (33, 3) are not those of the person in a box."""
    found = core_box(points)
    height = box[3] - box[1]
    apart = np.abs((found[:2] + found[2:] - box[:2] - box[2:]) / 2)
    return bool(apart[0] > ASTRAY * height or apart[1] > ASTRAY * height)


def _interpolated(boxes: list[list[np.ndarray]], track: Track) -> Callable[[int], np.ndarray | None]:
    """A person's box at any frame, interpolated between detections and kept until the next one around them."""
    if not track.seen:
        return lambda number: None
    detections = sorted(track.seen)
    at = np.array(detections) * EVERY
    values = np.array([boxes[detection][track.seen[detection]] for detection in detections])

    def box(number: int) -> np.ndarray | None:
        if not at[0] - EVERY < number < at[-1] + EVERY:
            return None
        return np.array([np.interp(number, at, values[:, side]) for side in range(4)])

    return box


def _slices(box: np.ndarray, rows: int, columns: int) -> tuple[slice, slice]:
    left, top, right, bottom = np.clip(box, 0, [columns, rows, columns, rows]).astype(int)
    return slice(top, bottom), slice(left, right)
