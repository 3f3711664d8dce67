"""2D pose of one dancer among several people.

MediaPipe follows one person and does not say when it takes another for it. So everybody is looked for twice a second
and followed from look to look; one is chosen; and then the pose is estimated in pictures that show this one alone.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from justlmd import FPS
from justlmd.media.video import read_frames
from justlmd.pose.people import Detector, core_box, everybody, mean_color
from justlmd.pose.tracking import Track, choose, follow

EVERY = FPS // 2
"""Pictures from one look to the next."""
LONGEST_ABSENCE = 4
"""Looks after which somebody who comes back is somebody new."""
ARMS, RAISED, BELOW = 0.4, 0.4, 0.15
"""Of the dancer's height: what is shown beside, above and below head, trunk and legs."""
ASTRAY = 0.3
"""Of the dancer's height by which a pose may be off the place where the looks saw the dancer."""

Look = list[np.ndarray]
"""Boxes (4,) of head, trunk and legs of everybody in one picture."""


def looks_of(video: str | Path, detect: Detector) -> list[Look]:
    """Everybody in every :data:`EVERY`-th picture of a video, from the first one on."""
    return [
        [core_box(points) for points in everybody(picture, detect)]
        for number, picture in enumerate(read_frames(video))
        if number % EVERY == 0
    ]


def chosen(looks: list[Look], size: tuple[int, int], place: str) -> Track:
    """The dancer of some looks at pictures of ``size`` (width, height); see :func:`justlmd.pose.tracking.choose`."""
    return choose(follow(looks, LONGEST_ABSENCE), looks, *size, place)


def doubtful_frames(dancer: Track, frames: int) -> np.ndarray:
    """Frames (F,) at which the dancer met somebody so closely that it may be another person from there on."""
    return np.isin(np.arange(frames), np.array(dancer.doubtful, int) * EVERY)


def alone(
    pictures: Iterator[np.ndarray], looks: list[Look], dancer: Track
) -> Iterator[tuple[np.ndarray, np.ndarray] | None]:
    """Every picture with everybody but the dancer painted over, and the dancer's box; None where the dancer is not."""
    boxes = _between({look: looks[look][index] for look, index in dancer.seen.items()})
    others = [_between(other) for other in _others(looks, dancer)]
    for number, picture in enumerate(pictures):
        box = boxes(number)
        if box is None:
            yield None
            continue
        height = float(box[3] - box[1])
        rows, columns = picture.shape[:2]
        shown = np.empty_like(picture)
        shown[:] = plain = mean_color(picture)
        area = _slices(box + height * np.array([-ARMS, -RAISED, ARMS, BELOW]), rows, columns)
        shown[area] = picture[area]
        for other in others:
            if (covered := other(number)) is not None:
                place = _slices(covered + 0.04 * height * np.array([-1, -1, 1, 1]), rows, columns)
                shown[place] = plain
        core = _slices(box + 0.06 * height * np.array([-1, -1, 1, 1]), rows, columns)
        shown[core] = picture[core]
        yield shown, box


def astray(points: np.ndarray, box: np.ndarray) -> bool:
    """Whether landmarks (33, 3) are not those of the person in a box."""
    found = core_box(points)
    height = box[3] - box[1]
    apart = np.abs((found[:2] + found[2:] - box[:2] - box[2:]) / 2)
    return bool(apart[0] > ASTRAY * height or apart[1] > ASTRAY * height)


def _others(looks: list[Look], dancer: Track) -> list[dict[int, np.ndarray]]:
    tracks = follow(looks, LONGEST_ABSENCE)
    return [
        {look: looks[look][index] for look, index in track.seen.items()}
        for track in tracks
        if track.seen.items().isdisjoint(dancer.seen.items())
    ]


def _between(seen: dict[int, np.ndarray]) -> Callable[[int], np.ndarray | None]:
    """A person's box at any picture, interpolated between looks and kept for the time to the next one around them."""
    if not seen:
        return lambda number: None
    at = np.array(sorted(seen)) * EVERY
    values = np.array([seen[look] for look in sorted(seen)])

    def box(number: int) -> np.ndarray | None:
        if not at[0] - EVERY < number < at[-1] + EVERY:
            return None
        return np.array([np.interp(number, at, values[:, side]) for side in range(4)])

    return box


def _slices(box: np.ndarray, rows: int, columns: int) -> tuple[slice, slice]:
    left, top, right, bottom = np.clip(box, 0, [columns, rows, columns, rows]).astype(int)
    return slice(top, bottom), slice(left, right)
