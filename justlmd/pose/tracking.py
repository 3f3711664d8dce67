"""Telling people apart over time by where their boxes are, and choosing the dancer among them."""

from dataclasses import dataclass, field

import numpy as np

PLACES = ("", "left", "center", "right")
"""Whom to follow: who is large and central for longest, or the one at that place among the people."""
LEAST_OVERLAP = 0.2
"""Intersection over union of the boxes of one person in two frames."""
DOUBTFUL = 0.6
"""Boxes that would fit this much as well the other way round leave in doubt who is who."""
A_DANCER = 0.25
"""Of the presence of the largest and longest person: whoever has less only passes by and has no place."""


@dataclass
class Track:
    """One person: frame -> index among that frame's boxes; frames from which on it may be another person."""

    seen: dict[int, int] = field(default_factory=dict)
    doubtful: list[int] = field(default_factory=list)


def follow(boxes: list[list[np.ndarray]], longest_absence: int) -> list[Track]:
    """Follow everybody from box (4,) to overlapping box; who is away for longer than some frames is somebody new.

    Where two people meet so closely that their boxes would fit the other way round nearly as well, or one box remains
    where two were, the frame is noted as doubtful.
    """
    tracks: list[Track] = []
    last: list[np.ndarray] = []
    for frame, found in enumerate(boxes):
        present = [t for t, track in enumerate(tracks) if frame - next(reversed(track.seen)) <= longest_absence]
        overlaps = {(t, index): overlap(last[t], box) for t in present for index, box in enumerate(found)}
        pairs: dict[int, int] = {}
        for (t, index), value in sorted(overlaps.items(), key=lambda item: (-item[1], item[0])):
            if value >= LEAST_OVERLAP and t not in pairs and index not in pairs.values():
                pairs[t] = index
        met = [(t, other) for t in pairs for other in present if other != t and _either_way(overlaps, pairs, t, other)]
        for t in sorted({t for pair in met for t in pair}):
            tracks[t].doubtful.append(frame)
        for t, index in pairs.items():
            tracks[t].seen[frame], last[t] = index, found[index]
        for index in sorted(set(range(len(found))) - set(pairs.values())):
            tracks.append(Track({frame: index}))
            last.append(found[index])
    return tracks


def _either_way(overlaps: dict[tuple[int, int], float], pairs: dict[int, int], one: int, other: int) -> bool:
    """Whether ``other`` might as well be who was taken for ``one``."""
    mine = overlaps[one, pairs[one]]
    if other not in pairs:
        return overlaps[other, pairs[one]] > DOUBTFUL * mine
    straight = mine + overlaps[other, pairs[other]]
    return overlaps[one, pairs[other]] + overlaps[other, pairs[one]] > DOUBTFUL * straight


def choose(tracks: list[Track], boxes: list[list[np.ndarray]], width: int, height: int, place: str = "") -> Track:
    """The dancer, or an empty track if nobody is there.

    Without a ``place``, who has the largest sum over frames of size times nearness to the middle. With one, of those
    who are large for long, who is leftmost or rightmost on average or nearest to the middle between these two.
    """

    def presence(track: Track, central: bool) -> float:
        total = 0.0
        for frame, index in track.seen.items():
            left, top, right, bottom = boxes[frame][index]
            aside = abs((left + right) / 2 - width / 2) / (width / 2) if central else 0.0
            total += (right - left) * (bottom - top) / (width * height) * max(1 - aside, 0.05)
        return total

    def middle(track: Track) -> float:
        return float(np.mean([boxes[frame][index][[0, 2]].mean() for frame, index in track.seen.items()]))

    if not place or not tracks:
        return max(tracks, key=lambda track: presence(track, central=True), default=Track())
    most = max(presence(track, central=False) for track in tracks)
    dancers = [track for track in tracks if presence(track, central=False) >= A_DANCER * most]
    middles = [middle(track) for track in dancers]
    wanted = {"left": min(middles), "right": max(middles), "center": (min(middles) + max(middles)) / 2}[place]
    nearest = min(abs(x - wanted) for x in middles)
    # Of two who are equally near, as a couple is to its middle, the one who is more central in the frame.
    return max(
        (track for track, x in zip(dancers, middles, strict=True) if abs(x - wanted) <= 1.2 * nearest + 1e-9),
        key=lambda track: presence(track, central=True),
    )


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes (left, top, right, bottom)."""
    sides = (np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])).clip(min=0)
    common = float(sides.prod())
    return common / max(float((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod()) - common, 1e-9)
