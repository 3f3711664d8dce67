"""2D pose: 33 landmarks of the dancer in every frame of a video, and who else was seen.

The network follows one person from frame to frame, so frames must come in order. Decoding, pose and what an observer
measures share one pass over the video; only several people take a pass more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from justlmd.body.model import LANDMARK_NAMES
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.media.video import probe, read_frames
from justlmd.pose.keypoints import Keypoints2D
from justlmd.pose.landmark_network import Landmarks, PersonTracker, PoseNetworks
from justlmd.pose.multi_person import EVERY, DancerAmongOthers, detect_people, is_other_person
from justlmd.pose.people import other_people

SEARCH_EVERY, FIRST_SEARCH = FPS, FPS // 2
"""Frames from one search for further people to the next, and the first one."""
SECOND_LOOKS = FPS // 2
"""A second, at the mirror image of the frame: what the network says of it should be the same."""
DECIDE_EVERY = 10
"""Searches from one to the next of which the result decides whether there are several dancers."""


class Observer(Protocol):
    """What else is measured in the frames while they are there."""

    def observe(self, number: int, frame: np.ndarray, dancer: np.ndarray, others: Sequence[np.ndarray]) -> None:
        """Take in the next frame; number 0 begins anew, because a video with several people is read again.

        Parameters
        ----------
        number : of the frame in the video.
        frame : (H, W, 3) uint8.
        dancer : (33, 3) the dancer's landmarks in pixels, NaN when not found.
        others : (4,) boxes of the people beside the dancer at the last search.
        """


def estimate_keypoints2d(
    video: str | Path,
    *,
    dancer: str = "",
    second_looks: int = SECOND_LOOKS,
    observer: Observer | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Keypoints2D:
    """Find one person's landmarks in every frame.

    Once per second further people are searched. If one of every tenth of these searches finds somebody, or ``dancer``
    says whom to follow, people are followed through the whole video, and the pose is estimated of the selected one
    alone (:mod:`justlmd.pose.multi_person`).

    Parameters
    ----------
    video : path of a constant 30 fps video, F frames.
    dancer : "": who is large and central for longest; ``left``, ``center`` or ``right``: the one at that place.
    second_looks : about so many of the 30 frames of a second are looked at as mirror images, too.
    observer : is shown every frame with what was found in it.
    progress : called as ``progress(frames_done, frames_total)``.

    Returns
    -------
    The landmarks of every frame, and who else was found where it was searched.

    Raises
    ------
    InputError : the video has no frame, or a network is not there.
    """
    info = probe(video)
    networks = PoseNetworks()

    def count(done: int) -> None:
        if progress is not None:
            progress(done, max(info.frames, done))

    every = max(1, round(FPS / second_looks))
    found = None if dancer else _of_one_person(video, networks, every, observer, count)
    doubtful = None
    if found is None:
        people = detect_people(video, networks.find)
        selected = DancerAmongOthers(people, (info.width, info.height), dancer)
        found = _of_selected(video, networks, every, selected, observer, count)
        doubtful = selected.doubtful_frames(len(found.landmarks))
    if not found.landmarks:
        raise InputError("no frame could be decoded", where=video, next_step="is it a video?")
    keypoints = np.stack([MISSING if one is None else one.keypoints for one in found.landmarks])
    world = np.stack([MISSING if one is None else one.world for one in found.landmarks])
    size = (info.width, info.height)
    made = Keypoints2D.made(keypoints, world, size, "mediapipe-full", doubtful=doubtful, others=found.others)
    again = list(found.second.values())
    return replace(
        made,
        mirrored_frames=np.array(list(found.second), np.int32),
        mirrored=np.array([MISSING if one is None else one.keypoints for one in again]).reshape(-1, *MISSING.shape),
        mirrored_world=np.array([MISSING if one is None else one.world for one in again]).reshape(-1, *MISSING.shape),
    )


MISSING = np.full((len(LANDMARK_NAMES), 3), np.nan, dtype=np.float32)
"""The landmarks of a frame in which nobody was found."""


@dataclass
class Sightings:
    """What was found in the frames of a video so far: the dancer in each, others where they were searched."""

    look_again_every: int
    landmarks: list[Landmarks | None] = field(default_factory=list)
    others: dict[int, list[np.ndarray]] = field(default_factory=dict)
    second: dict[int, Landmarks | None] = field(default_factory=dict)

    def look_again(self, number: int, frame: np.ndarray, tracker: PersonTracker) -> None:
        """Once every so many frames, keep what the network says of the mirror image."""
        if number % self.look_again_every == self.look_again_every // 2:
            self.second[number] = tracker.second_look(frame)

    def add(self, found: Landmarks | None, frame: np.ndarray, observer: Observer | None) -> None:
        """Take in the next frame and show it to the observer."""
        if observer is not None:
            beside = self.others[next(reversed(self.others))] if self.others else []
            observer.observe(len(self.landmarks), frame, MISSING if found is None else found.keypoints, beside)
        self.landmarks.append(found)


def _of_one_person(
    video: str | Path, networks: PoseNetworks, every: int, observer: Observer | None, count: Callable[[int], None]
) -> Sightings | None:
    """The person whom the tracker follows; None as soon as a search that decides finds somebody else."""
    sightings = Sightings(every)
    tracker = PersonTracker(networks)
    heights: list[float] = []
    for number, frame in enumerate(read_frames(video)):
        found = tracker(frame)
        if found is not None:
            heights.append(float(np.ptp(found.keypoints[:, 1])))
        if number % SEARCH_EVERY == FIRST_SEARCH:
            beside: list[np.ndarray] = []
            if found is not None:  # else there is nothing to leave out of the frame, nobody to find beside it
                beside = other_people(frame, found.keypoints, float(np.median(heights)), networks.find)
            if beside and number // SEARCH_EVERY % DECIDE_EVERY == 0:
                return None
            sightings.others[number] = beside
        sightings.look_again(number, frame, tracker)
        sightings.add(found, frame, observer)
        count(number + 1)
    return sightings


def _of_selected(
    video: str | Path,
    networks: PoseNetworks,
    every: int,
    selected: DancerAmongOthers,
    observer: Observer | None,
    count: Callable[[int], None],
) -> Sightings:
    """One of several people, where the pose is not somebody else's."""
    sightings = Sightings(every)
    tracker = PersonTracker(networks)
    for number, frame in enumerate(read_frames(video)):
        isolated = selected.isolate_dancer(number, frame)
        found = None if isolated is None else tracker(isolated[0])
        if isolated is not None and found is not None and is_other_person(found.keypoints, isolated[1]):
            found = None
        if number % EVERY == 0:
            sightings.others[number] = selected.others(number)
        if isolated is not None and found is not None:
            sightings.look_again(number, isolated[0], tracker)
        sightings.add(found, frame, observer)
        count(number + 1)
    return sightings
