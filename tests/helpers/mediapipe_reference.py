"""What mediapipe 0.10.21 itself finds: the reference of our runner of its networks.

``tests/data/pose`` holds two short rendered takes of the demo with MediaPipe's landmarks for them. They were made by

    PYTHONPATH=. python tests/helpers/mediapipe_reference.py

which needs mediapipe 0.10.21 (Python 3.11 or 3.12) beside the project; the tests of real clips need it, too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.pose import Find, mediapipe_finder

DATA = Path(__file__).resolve().parents[1] / "data" / "pose"
PIXEL, METRE = 32, 10_000
"""Parts of a pixel and of a metre in which landmarks are stored."""
STILL_EVERY = 10
"""Frames from one that is searched as a single image to the next."""


@dataclass(frozen=True)
class Reference:
    """Landmarks of N frames: ``points`` (N, 33, 2) pixels, ``visibility`` (N, 33), ``world`` (N, 33, 3) metres; NaN
    where nobody was found.
    """

    points: np.ndarray
    visibility: np.ndarray
    world: np.ndarray


def collect(find: Find, frames: Iterable[np.ndarray]) -> Reference:
    """What ``find`` says of frames in their order."""
    rows = []
    for frame in frames:
        found = find(frame)
        rows.append(np.full((33, 6), np.nan) if found is None else np.concatenate(found, axis=1))
    table = np.array(rows).reshape(-1, 33, 6)
    return Reference(table[..., :2], table[..., 2], table[..., 3:])


def pack(reference: Reference, name: str) -> dict[str, np.ndarray]:
    """A reference as small integer arrays; nobody is the least number."""
    scaled = {
        "points": reference.points * PIXEL, "visibility": reference.visibility * 255, "world": reference.world * METRE
    }  # fmt: skip
    return {
        f"{name}_{key}": np.where(np.isnan(values), -(2**15), np.rint(values)).astype(np.int16)
        for key, values in scaled.items()
    }


def unpack(arrays: dict[str, np.ndarray], name: str) -> Reference:
    """What :func:`pack` made of a reference."""
    points, visibility, world = (
        np.where(values == -(2**15), np.nan, values / scale)
        for values, scale in (
            (arrays[f"{name}_points"].astype(float), PIXEL),
            (arrays[f"{name}_visibility"].astype(float), 255),
            (arrays[f"{name}_world"].astype(float), METRE),
        )
    )
    return Reference(points, visibility, world)


def takes() -> dict[str, list[np.ndarray]]:
    """Frames by name: a dance at 720p, and one at 480p in which the dancer is gone for a moment."""
    from benchmarks.recovery_films.filming import rendered_frames
    from benchmarks.recovery_films.takes import CONDITIONS, demo_take
    from demo.build import motion_of
    from demo.film import rendered_frames as demo_frames
    from demo.song_list import song_by_id
    from justlmd.body.model import load_body

    body = load_body()
    jump = song_by_id("morning_jump")
    second = list(demo_frames(jump, motion_of(jump, body).cut(200, 280), body))
    for number in range(40, 44):
        second[number] = np.full_like(second[0], 120)
    return {
        "paper_star_720p": list(rendered_frames(demo_take("paper_star", 300, 360, CONDITIONS[1], body), body)),
        "morning_jump_480p": second,
    }


def main() -> None:
    from justlmd.core.files import write_npz
    from justlmd.media.video import read_frames
    from justlmd.media.writer import write_video

    for name, take_frames in takes().items():
        video = DATA / f"{name}.mp4"
        write_video(video, take_frames, crf=27)
        frames = list(read_frames(video))
        arrays = pack(collect(mediapipe_finder(still=False), frames), "tracked")
        arrays |= pack(collect(mediapipe_finder(still=True), frames[::STILL_EVERY]), "still")
        write_npz(DATA / f"{name}.npz", **arrays)


if __name__ == "__main__":
    main()
