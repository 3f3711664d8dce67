"""``keypoints2d.npz``: the dancer's landmarks in every frame of a video, and who else was seen."""

from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from justlmd.body.model import LANDMARK_NAMES
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.files import read_arrays, write_npz
from justlmd.core.limits import MOST_PIXELS


@dataclass(frozen=True)
class Keypoints2D:
    """Landmarks of one dancer in F frames at 30 frames/s; frames without the dancer hold NaN.

    Attributes
    ----------
    keypoints : ndarray of float32, (F, 33, 3)
        x, y in pixels and visibility 0..1.
    world : ndarray of float32, (F, 33, 3)
        Metres about the hip centre, axes as the camera's (x right, y down, z forward); NaN from backends without depth.
    detected : ndarray of bool, (F,)
    doubtful : ndarray of bool, (F,)
        From where on it may be another person whom the dancer met.
    searched : ndarray of int32, (S,)
        Frames in which further people were searched.
    other_frames, other_boxes : ndarray of int32, (N,), and of float32, (N, 4)
        Frame, and left, top, right, bottom in pixels, of those who were found.
    width, height : int
        Of the frames in pixels.
    backend : str
        What found them.
    mirrored_frames : ndarray of int32, (M,)
        Frames that were looked at a second time, as mirror images; none from backends that do not.
    mirrored, mirrored_world : ndarray of float32, (M, 33, 3)
        What was found in these, as ``keypoints`` and ``world``; NaN where nobody was.
    """

    keypoints: np.ndarray
    world: np.ndarray
    detected: np.ndarray
    doubtful: np.ndarray
    searched: np.ndarray
    other_frames: np.ndarray
    other_boxes: np.ndarray
    width: int
    height: int
    backend: str
    mirrored_frames: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    mirrored: np.ndarray = field(default_factory=lambda: np.zeros((0, len(LANDMARK_NAMES), 3), np.float32))
    mirrored_world: np.ndarray = field(default_factory=lambda: np.zeros((0, len(LANDMARK_NAMES), 3), np.float32))

    def __len__(self) -> int:
        return len(self.keypoints)

    @classmethod
    def made(
        cls,
        keypoints: np.ndarray,
        world: np.ndarray,
        size: tuple[int, int],
        backend: str,
        *,
        detected: np.ndarray | None = None,
        doubtful: np.ndarray | None = None,
        others: dict[int, list[np.ndarray]] | None = None,
    ) -> "Keypoints2D":
        """Keypoints of frames of ``size`` (width, height).

        ``detected`` is by default where the first landmark is known, ``doubtful`` nowhere; ``others`` are the boxes
        (4,) of further people by the frames that were searched.
        """
        others = others or {}
        boxes = [box for found in others.values() for box in found]
        searched = np.array(list(others), np.int32)
        return cls(
            keypoints=np.asarray(keypoints, np.float32),
            world=np.asarray(world, np.float32),
            detected=np.isfinite(keypoints[:, 0, 0]) if detected is None else detected,
            doubtful=np.zeros(len(keypoints), bool) if doubtful is None else doubtful,
            searched=searched,
            other_frames=np.repeat(searched, [len(found) for found in others.values()]),
            other_boxes=np.array(boxes, np.float32).reshape(-1, 4),
            width=int(size[0]),
            height=int(size[1]),
            backend=backend,
        )


def write_keypoints2d(path: str | Path, keypoints2d: Keypoints2D) -> None:
    """Write ``keypoints2d.npz``."""
    write_npz(path, **vars(keypoints2d), fps=FPS)


def read_keypoints2d(path: str | Path) -> Keypoints2D:
    """Read what :func:`write_keypoints2d` wrote; raises InputError that names the file if it is something else."""
    shape = (None, len(LANDMARK_NAMES), 3)
    rows = dict.fromkeys(("detected", "doubtful", "searched", "other_frames"), (None,))
    arrays = read_arrays(
        path, {"keypoints": shape, "world": shape, "width": (), "height": (), "other_boxes": (None, 4)} | rows
    )
    arrays = {one.name: arrays[one.name] for one in fields(Keypoints2D) if one.name in arrays}
    lengths = {len(arrays[name]) for name in ("keypoints", "world", "detected", "doubtful")}
    backend = str(arrays.pop("backend", "unknown"))
    width, height = (float(arrays.pop(name)) for name in ("width", "height"))
    if len(lengths) > 1 or not (1 <= width <= MOST_PIXELS and 1 <= height <= MOST_PIXELS):
        raise InputError("its arrays do not hold 33 landmarks of each frame", where=path, next_step="delete it")
    return Keypoints2D(**arrays, width=int(width), height=int(height), backend=backend)
