"""What the quality gate judges: each criterion with its limit and the reason that people read."""

from collections.abc import Mapping
from dataclasses import dataclass

from justlmd.body.limbs import LIMBS
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError

LEAST_LIMB_SEEN = 0.8


@dataclass(frozen=True)
class Criterion:
    """One metric of a song and the limit beyond which the song is dropped.

    ``reason`` is the sentence for people; it may use {value} and {limit}, already rounded, in ``unit``.
    """

    name: str
    limit: float
    at_least: bool
    unit: str
    meaning: str
    reason: str

    def fails(self, value: float, limit: float) -> bool:
        """Whether a value is beyond the limit."""
        return value < limit if self.at_least else value > limit

    def sentence(self, value: float, limit: float, ranges: list[list[int]]) -> str:
        """The reason, with the seconds of ``video.mp4`` at which it shows."""
        text = self.reason.format(value=self.shown(value), limit=self.shown(limit))
        return text + (f" ({_seconds(ranges)})" if ranges else "")

    def shown(self, value: float) -> str:
        """A value in the criterion's unit, rounded."""
        return f"{100 * value:.3g} %" if self.unit == "share" else f"{value:.3g} {self.unit}".rstrip()


CRITERIA = (
    Criterion("detection_rate", 0.9, True, "share",
              "frames of the sung part in which a person was found",
              "a person was found in only {value} of the frames, {limit} are needed"),
    Criterion("other_people", 0.05, False, "share",
              "frames searched for further people (one per second) with somebody of at least half the dancer's height",
              "several dancers: somebody else was seen in {value} of the frames searched (limit {limit})"),
    Criterion("identity_jumps", 0, False, "",
              "times at which the followed body is suddenly in another place or pose, or has met somebody so closely "
              "that it may be the other one from there on",
              "times at which the followed body may have become another (a jump to another place or pose, a cut, or "
              "a close meeting): {value}"),
    Criterion("cuts", 0, False, "",
              "times at which the frame becomes another one at once",
              "the video is cut {value} times"),
    Criterion("camera_moves", 0.05, False, "share",
              "moments (five per second, where background or feet let one tell) at which the camera moves by more than "
              "a hundredth of the frame per second",
              "the camera moves in {value} of the time (limit {limit})"),
    Criterion("faded", 0.5, False, "s",
              "seconds with less than 40 % of the usual contrast: faded to black or white",
              "the video is faded for {value} (limit {limit})"),
    Criterion("whole_body", 0.9, True, "share",
              "frames with a person whose head, torso, elbows and feet are all inside the frame",
              "the whole body is inside only {value} of the frames, {limit} are needed"),
    Criterion("upright", 0.8, True, "share",
              "frames with a person whose head is above the ankles",
              "the head is above the feet in only {value} of the frames, {limit} are needed: is the video turned?"),
    Criterion("visibility", 0.7, True, "share",
              "mean visibility of shoulders, elbows, wrists, hips, knees and ankles, as the 2D pose estimates it",
              "the joints are visible with a confidence of only {value}, {limit} is needed"),
    *(
        Criterion(f"{limb}_seen", LEAST_LIMB_SEEN, True, "share",
                  f"frames with a person in which the {limb.replace('_', ' ')} is seen and not only guessed",
                  f"the {limb.replace('_', ' ')} is seen in only {{value}} of the frames, {{limit}} are needed")
        for limb in LIMBS
    ),
    Criterion("body_height", 100, True, "px",
              "median height of the person in pixels of video.mp4",
              "the dancer is only {value} tall, {limit} are needed"),
    Criterion("jitter", 0.035, False, "share",
              "mean second difference of the landmarks over time, in parts of the person's height",
              "2D jitter is {value} of the dancer's height per frame (limit {limit})"),
    Criterion("picture_rate", 20, True, "/s",
              "different frames per second while the dancer is there (a 25 fps video has 25)",
              "the video shows only {value} different frames, {limit} are needed"),
    Criterion("frozen", 1.0, False, "s",
              "seconds of still image (half a second or longer at a time) while the dancer is there",
              "the image is frozen for {value} (limit {limit})"),
    Criterion("reprojection", 0.04, False, "share",
              "mean distance between the recovered body's joints and the visible 2D points, in parts of the person's "
              "height",
              "the recovered body misses the 2D points by {value} of the dancer's height (limit {limit})"),
    Criterion("uncertainty", 70, False, "mm",
              "mean distance of the joints from what they would be had the pose network seen a mirror image",
              "the joints are uncertain by {value} (limit {limit}): too dark, noisy, blurred or coarse"),
    Criterion("motion_valid", 0.9, True, "share",
              "frames of the motion that hold a body",
              "only {value} of the frames hold a body, {limit} are needed"),
    Criterion("motion_jitter", 25, False, "mm",
              "mean second difference of the 24 joints, mm per frame squared",
              "joint jitter is {value} per frame squared (limit {limit})"),
    Criterion("motion_jumps", 0, False, "",
              "times at which the pelvis moves by more than 25 cm from one frame to the next",
              "the recovered body jumps through the room {value} times"),
    Criterion("motion_frozen", 0.1, False, "share",
              "frames in stretches of half a second or more in which the body moves at less than a tenth of its median "
              "speed",
              "the recovered body stands still in {value} of the frames (limit {limit})"),
)  # fmt: skip
"""What is judged, in the order in which reasons are given. Metrics that a song cannot have (an imported motion has no
frames) are left out of its verdict."""


def thresholds_of(overrides: Mapping[str, float] | None = None) -> dict[str, float]:
    """The limits by name, with the user's own; raises InputError that lists the names when one is unknown."""
    limits = {criterion.name: float(criterion.limit) for criterion in CRITERIA}
    unknown = sorted(set(overrides or {}) - set(limits))
    if unknown:
        raise InputError(
            f"there is no threshold {', '.join(map(repr, unknown))}",
            where="config 'quality'",
            next_step=f"the thresholds are {', '.join(limits)}",
        )
    return limits | {name: float(value) for name, value in (overrides or {}).items()}


def _seconds(ranges: list[list[int]]) -> str:
    """The longest stretches in seconds of the video, in order of time."""
    longest = sorted(sorted(ranges, key=lambda pair: pair[0] - pair[1])[:4])
    text = ", ".join(f"{start / FPS:.1f}–{stop / FPS:.1f} s" for start, stop in longest)
    return f"{text} and {len(ranges) - 4} more" if len(ranges) > 4 else text
