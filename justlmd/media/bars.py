"""Black bars beside, above and below the image of a video: a portrait in a wide frame, a wide one in a higher frame."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from justlmd.media.video import probe, read_chosen_frames

LOOKED_AT = 16
"""Frames, spread over the video."""
DARK = 28
"""Up to this brightness (0..255, of its brightest channel) a pixel can be a bar's: encoders leave some noise."""
LIT = 60
"""A frame whose brightest hundredth is darker says nothing: it is faded out."""
OF_LINE, OF_FRAMES = 0.98, 0.8
"""A line belongs to a bar when this share of its pixels is dark in this share of the frames; captions may cross it."""
EDGE = 0.5
"""Share of a line just inside that is brighter than a bar in some frame: a bar ends at once, a dark stage does not."""
LEAST, MOST = 0.02, 0.45
"""Parts of the frame's side that a bar takes."""


@dataclass(frozen=True)
class Box:
    """Pixels [left, right) and [top, bottom) of a frame in which there is an image."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top


def image_box_of_video(video: str | Path) -> Box:
    """Where the image is in the frames of a video: all of them, but for black bars.

    Raises InputError when the video does not decode.
    """
    info = probe(video)
    numbers = np.linspace(0, info.frames - 1, LOOKED_AT + 2)[1:-1].astype(int)
    return image_box_of(list(read_chosen_frames(video, numbers.tolist()).values()), (info.width, info.height))


def image_box_of(frames: list[np.ndarray], size: tuple[int, int]) -> Box:
    """The same of frames (H, W, 3) uint8 of ``size`` (width, height)."""
    bright = [frame.max(axis=2) for frame in frames]
    lit = [frame for frame in bright if np.percentile(frame, 99) > LIT]
    if not lit:
        return Box(0, 0, *size)
    dark = np.stack(lit) <= DARK
    left, right = _bars(dark)
    top, bottom = _bars(dark.swapaxes(1, 2))
    return Box(left, top, size[0] - right, size[1] - bottom)


def _bars(dark: np.ndarray) -> tuple[int, int]:
    """Widths of the bars at the first and the last columns of ``dark`` (N, H, W)."""
    full = ((dark.mean(axis=1) >= OF_LINE).mean(axis=0) >= OF_FRAMES).tolist()
    ever_bright = (~dark).any(axis=0).mean(axis=0)

    def bar(lines: list[bool], bright: np.ndarray) -> int:
        width = lines.index(False) if False in lines else 0
        inside = bright[width : width + 4].max(initial=0.0)  # an encoder softens the edge over some pixels
        return width if LEAST * len(lines) <= width <= MOST * len(lines) and inside >= EDGE else 0

    return bar(full, ever_bright), bar(full[::-1], ever_bright[::-1])
