"""One pass over a video for what its pictures tell about it: repeated pictures and people beside the dancer."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from justlmd import FPS
from justlmd.people import other_people
from justlmd.pose import landmark_detector
from justlmd.video import read_frames

SMALL_SIDE = 160
"""Pictures are compared at about this size in pixels of the longer side."""


@dataclass(frozen=True)
class PictureSigns:
    """Per picture of a video, F pictures.

    ``change`` (F,) mean absolute difference of brightness to the picture before, in grey levels of 255, 0 for the first
    picture; ``others`` (F,) number of people beside the dancer, -1 where nobody looked.
    """

    change: np.ndarray
    others: np.ndarray


def picture_signs(video: str | Path, keypoints2d: dict[str, np.ndarray], look_every: int = FPS) -> PictureSigns:
    """Decode ``video`` once; look for other people in every ``look_every``-th picture. Raises InputError."""
    keypoints = keypoints2d["keypoints"]
    heights = np.ptp(keypoints[np.isfinite(keypoints[:, 0, 0])][:, :, 1], axis=1)
    height = float(np.median(heights)) if len(heights) else 0.0
    change: list[float] = []
    others: list[int] = []
    before = None
    with landmark_detector(still=True) as detect:
        for number, picture in enumerate(read_frames(video)):
            small = small_grey(picture)
            change.append(0.0 if before is None else float(np.abs(small - before).mean()))
            before = small
            looked = number % look_every == look_every // 2 and number < len(keypoints)
            others.append(len(other_people(picture, keypoints[number], height, detect)) if looked else -1)
    return PictureSigns(np.array(change, np.float32), np.array(others))


def small_grey(picture: np.ndarray) -> np.ndarray:
    """Brightness (h, w) float32 of a picture in which step x step pixels have become one."""
    step = max(1, max(picture.shape[:2]) // SMALL_SIDE)
    rows, columns = picture.shape[0] // step, picture.shape[1] // step
    # The green channel is nearly the brightness, and one third of the work.
    blocks = picture[: rows * step, : columns * step, 1].reshape(rows, step, columns, step)
    return blocks.mean((1, 3), dtype=np.float32)
