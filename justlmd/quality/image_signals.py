"""What the frames of a video tell beside the dancer's pose: repeats, cuts, fades, camera motion.

:class:`ImageSignalRecorder` measures them while somebody else reads the video, so that it is decoded once;
:func:`image_metrics` is what the quality gate makes of them.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.files import read_npz, write_npz
from justlmd.media.video import read_frames
from justlmd.pose.keypoints import Keypoints2D
from justlmd.quality.camera import (
    CAMERA_KNOWN,
    CAMERA_SPEED,
    EVERY,
    BackgroundMotion,
    BackgroundTracker,
    camera_speed,
    without_people,
)
from justlmd.quality.motion_checks import STILL_S, Metrics, Span, goes_on, long_runs, spikes

CUT_CHANGE = 4.0
"""Grey levels by which a frame must differ from the one before to begin another scene."""
CUT_SAMENESS = 0.5
FADED = 0.4
"""Of the usual contrast: below, a frame counts as faded."""


SMALL_SIDE = 160
"""Frames are compared at about this size in pixels of the longer side."""
BACKGROUND = [one.name for one in fields(BackgroundMotion)]
EDGE = 4.0
"""Grey levels per small pixel from which on a change of brightness is an edge rather than noise."""


@dataclass(frozen=True)
class ImageSignals:
    """Per frame of a video, F frames; brightness counts 0..255, "before" is the frame before.

    ``change`` (F,) mean absolute difference of brightness to the frame before; ``sameness`` (F,) how well the
    background's edges are where they were before, 1 equal, 0 another scene or no edges; ``contrast`` (F,) standard
    deviation of brightness; ``background_*`` (F,) the fields of :class:`justlmd.quality.camera.BackgroundMotion`, NaN
    where they were not measured. All float32.
    """

    change: np.ndarray
    sameness: np.ndarray
    contrast: np.ndarray
    background_x: np.ndarray
    background_y: np.ndarray
    background_speed: np.ndarray
    background_moving: np.ndarray
    background_still: np.ndarray
    background_corners: np.ndarray


def write_image_signals(path: str | Path, signals: ImageSignals) -> None:
    """Write ``image_signals.npz``."""
    write_npz(path, **vars(signals))


def read_image_signals(path: str | Path) -> ImageSignals:
    """Read what :func:`write_image_signals` wrote; InputError that names the file if it is something else."""
    arrays = read_npz(path)
    try:
        signals = ImageSignals(**arrays)
    except TypeError as error:
        raise InputError(
            f"holds {', '.join(arrays) or 'nothing'} instead of image signals", where=path, next_step="delete it"
        ) from error
    if any(values.shape != signals.change.shape or values.ndim != 1 for values in vars(signals).values()):
        raise InputError("its image signals differ in length", where=path, next_step="delete it")
    return signals


class ImageSignalRecorder:
    """Measures the image signals frame by frame: an observer of :func:`justlmd.pose.landmarks.estimate_keypoints2d`."""

    _rows: list[tuple[float, ...]]
    _before: tuple[np.ndarray, np.ndarray] | None  # small frame and the edges of its background

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._rows, self._before = [], None
        self._background = BackgroundTracker()

    def observe(self, number: int, frame: np.ndarray, dancer: np.ndarray, others: Sequence[np.ndarray]) -> None:
        """Take in the next frame, see :class:`justlmd.pose.landmarks.Observer`; number 0 begins anew."""
        if number == 0:
            self._begin()
        small = small_grey(frame)
        scale = small.shape[1] / frame.shape[1]
        edges = background_edges(small, dancer[:, :2] * scale, [box * scale for box in others])
        change, sameness = 0.0, 1.0
        if self._before is not None:
            small_before, edges_before = self._before
            change = float(np.abs(small - small_before).mean())
            sameness = float((edges * edges_before.conj()).real.sum()) / _energy(edges, edges_before)
        moved = BackgroundMotion()
        if number % EVERY == 0:
            moved = self._background.observe(frame, dancer, others)
        self._rows.append((change, sameness, float(small.std()), *astuple(moved)))
        self._before = (small, edges)

    @property
    def signals(self) -> ImageSignals:
        """What was measured since frame 0."""
        count = len(fields(ImageSignals))
        return ImageSignals(*np.array(self._rows, np.float32).reshape(-1, count).T)


def measure_image_signals(video: str | Path, keypoints2d: Keypoints2D) -> ImageSignals:
    """The image signals of a video whose people are known already: one pass without any detection.

    Parameters
    ----------
    video : path of the video.
    keypoints2d : who was found in it.

    Raises
    ------
    InputError : the video does not decode.
    """
    recorder = ImageSignalRecorder()
    searched, keypoints = keypoints2d.searched, keypoints2d.keypoints
    for number, frame in enumerate(read_frames(video)):
        last = np.searchsorted(searched, number, side="right") - 1
        others = keypoints2d.other_boxes[keypoints2d.other_frames == searched[last]] if last >= 0 else ()
        recorder.observe(number, frame, keypoints[min(number, len(keypoints) - 1)], others)
    return recorder.signals


def small_grey(frame: np.ndarray) -> np.ndarray:
    """Brightness (h, w) float32 of a frame, averaged over blocks: about SMALL_SIDE pixels on the longer side."""
    step = max(1, max(frame.shape[:2]) // SMALL_SIDE)
    rows, columns = frame.shape[0] // step, frame.shape[1] // step
    sums = np.add.reduce(frame[: rows * step].reshape(rows, step, -1), axis=1, dtype=np.uint16)
    green = sums[:, 1::3][:, : columns * step]  # the green channel is nearly the brightness
    blocks = np.add.reduceat(green, np.arange(0, columns * step, step), axis=1, dtype=np.uint32)
    return blocks * np.float32(1 / step**2)


def background_edges(small: np.ndarray, dancer: np.ndarray, others: Sequence[np.ndarray] = ()) -> np.ndarray:
    """Direction of the edges of a small frame (h, w), complex64: length 1 at strong edges, 0 at people.

    ``dancer`` (33, 2) landmarks in its pixels, NaN when nobody was found; ``others`` boxes (4,) of people seen less
    than a second ago. Of equal length, a plain background counts as much as somebody who walks through it.
    """
    dy, dx = np.gradient(small)
    edges = (dx + 1j * dy).astype(np.complex64)
    edges /= np.abs(edges) + np.float32(EDGE)
    return without_people(edges, dancer, others, reach=0.1, reach_of_others=0.25)


def _energy(a: np.ndarray, b: np.ndarray) -> float:
    """What the correlation of two fields of edges cannot exceed."""
    return float(np.sqrt((np.abs(a) ** 2).sum() * (np.abs(b) ** 2).sum())) + 1e-9


def image_metrics(signals: ImageSignals, keypoints2d: Keypoints2D, span: Span) -> Metrics:
    """What the signals and the searches for further people say about the judged part."""
    background = {name: getattr(signals, f"background_{name}") for name in BACKGROUND}
    series = (signals.change, signals.sameness, signals.contrast, camera_speed(background, keypoints2d))
    parts = (values[span[0] : span[1]] for values in (keypoints2d.detected, *series))
    there, change, sameness, contrast, camera = (part[: max(len(signals.change) - span[0], 0)] for part in parts)
    metrics: dict[str, float] = {}
    places: dict[str, np.ndarray] = {}
    searched = _marked(keypoints2d.searched, span, len(change))
    others = _marked(keypoints2d.other_frames, span, len(change))
    metrics["other_people"] = float(others.sum() / searched.sum()) if searched.any() else 0.0
    # A sighting stands for the time until half way to the next search.
    places["other_people"] = _around(others, FPS // 2, FPS // 2)
    known = np.isfinite(camera)
    metrics["camera_known"] = float(min(known.sum() * EVERY / max(len(camera), 1), 1.0))
    if metrics["camera_known"] >= CAMERA_KNOWN:
        moves = np.nan_to_num(camera) > CAMERA_SPEED
        metrics["camera_moves"] = float(moves.sum() / known.sum())
        places["camera_moves"] = _around(moves, EVERY, EVERY // 2)
    # A screen behind the dancer changes at once, too; but then the dancer goes on.
    cuts = (change >= CUT_CHANGE) & spikes(change) & (sameness < CUT_SAMENESS)
    cuts &= ~goes_on(keypoints2d, span)[: len(cuts)]
    faded = contrast < FADED * np.median(contrast) if len(contrast) else np.zeros(0, bool)
    metrics |= {"cuts": int(cuts.sum()), "faded": float(faded.sum()) / FPS}
    places |= {"cuts": cuts, "faded": faded}
    if not there.any():
        return metrics, places
    repeated = there & (change < max(0.02, 0.04 * float(np.median(change[there]))))
    frozen = long_runs(repeated, STILL_S)
    moving = there & ~frozen
    metrics |= {
        "picture_rate": FPS * (1 - float(repeated[moving].mean())) if moving.any() else 0.0,
        "frozen": float(frozen.sum()) / FPS,
    }
    return metrics, places | {"frozen": frozen}


def _marked(frames: np.ndarray, span: Span, length: int) -> np.ndarray:
    """Mask (length,) of those frames that lie in the judged part."""
    return np.isin(np.arange(length) + span[0], frames)


def _around(mask: np.ndarray, before: int, after: int) -> np.ndarray:
    """The frames of a mask (T,) and so many before and after each."""
    result = np.zeros(len(mask), bool)
    for frame in np.flatnonzero(mask):
        result[max(frame - before, 0) : frame + after + 1] = True
    return result
