"""How sure the recovered joints are: what they would be had the pose network looked at mirror images.

The second looks (:class:`justlmd.pose.keypoints.Keypoints2D`) say how far the landmarks of both differ. A sample of
ranges is fitted twice, to the first looks alone and to these moved by the differences. Errors that both looks share
are not seen, so the figure is a lower bound; but where light, blur or distance leave the network guessing, it rises.
"""

from collections.abc import Callable

import numpy as np

from justlmd.body.model import Body
from justlmd.core.clock import FPS
from justlmd.motion.motion import CameraMotion, to_yup
from justlmd.pose.keypoints import Keypoints2D
from justlmd.pose.second_looks import first_look, second_opinion

RANGE, PERIOD = 2 * FPS, 16 * FPS
"""Frames of one range, and from one range to the next: an eighth of the song is fitted twice."""
APART = FPS // 2
"""Frames between the looks that are compared, however many there are."""
LEAST_RANGES = 4
"""In short songs, as far as they have room: one unlucky second does not decide."""
FARTHEST_M = 0.3
"""A joint counts as this far at most: a forearm that is taken for before or behind the body moves by half a metre,
and which it is hangs on the last bit; noise and darkness move all joints."""

Fit = Callable[..., CameraMotion]


def joint_uncertainty(
    keypoints2d: Keypoints2D, body: Body, fit: Fit, start_frame: int, stop_frame: int
) -> tuple[tuple[int, float], ...]:
    """Mean distance of the joints, about the pelvis, between fits to the first and to the second look.

    Parameters
    ----------
    keypoints2d
        With second looks; without any, nothing is known.
    body
        The body that is fitted.
    fit
        Recovers the motion of the frames from ``start_frame`` to ``stop_frame`` of keypoints.
    start_frame, stop_frame
        The part of the video.

    Returns
    -------
    For every half second of the ranges its middle frame and the distance in mm; a joint counts by
    :data:`FARTHEST_M` at most.
    """
    moved = second_opinion(keypoints2d, APART)
    first_looks = first_look(keypoints2d)
    found = []
    stop_frame = min(stop_frame, len(keypoints2d))
    if moved is not None:
        for first in _ranges(start_frame, stop_frame):
            part = slice(first, min(first + RANGE, stop_frame))
            two = [fit(points, start_frame=part.start, stop_frame=part.stop) for points in (first_looks, moved)]
            joints = [to_yup(one, body, floor=0.0).joints(body) for one in two]
            about = [one - one[:, :1] for one in joints]
            apart = np.linalg.norm(about[0] - about[1], axis=-1).clip(max=FARTHEST_M).mean(1)
            known = two[0].valid & two[1].valid & np.isfinite(moved.keypoints[part, 0, 0])
            for begin in range(0, len(apart), FPS // 2):
                piece = slice(begin, begin + FPS // 2)
                if known[piece].any():
                    found.append((first + begin + FPS // 4, round(1000 * float(apart[piece][known[piece]].mean()), 1)))
    return tuple(found)


def _ranges(start: int, stop: int) -> list[int]:
    """First frames of the ranges, spread evenly."""
    count = max(1, min(LEAST_RANGES, (stop - start) // RANGE), round((stop - start) / PERIOD))
    middles = start + (np.arange(count) + 0.5) * (stop - start) / count
    return [max(start, int(middle) - RANGE // 2) for middle in middles]
