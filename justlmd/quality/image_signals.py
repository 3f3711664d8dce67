"""One pass over a video for what its pictures tell about it: repeats, cuts, fades, camera motion, further people."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from justlmd import FPS
from justlmd.media.video import read_frames
from justlmd.pose.landmarks import landmark_detector
from justlmd.pose.people import other_people
from justlmd.quality.motion_checks import STILL_S, Figures, Span, long_runs, spikes

CAMERA_SPEED = 0.01
"""Parts of the picture per second: a camera on a stand shows 0.0004, one in a quiet hand 0.02, a slow pan 0.016."""
CUT_CHANGE = 4.0
"""Grey levels by which a picture must differ from the one before to begin another scene."""
CUT_SAMENESS = 0.5
FADED = 0.4
"""Of the usual contrast: below, a picture counts as faded."""


SMALL_SIDE = 160
"""Pictures are compared at about this size in pixels of the longer side."""
COMPARED_AFTER = (FPS, 6)
"""The background is compared with that of a second ago, which shows slow pans; if that fails, with a nearer one."""
COMPARED_EVERY = 6
EDGE = 4.0
"""Grey levels per small pixel from which on a change of brightness is an edge rather than noise."""


@dataclass(frozen=True)
class PictureSigns:
    """Per picture of a video, F pictures; brightness counts 0..255, "before" is the picture before.

    ``change`` (F,) mean absolute difference of brightness to the picture before; ``sameness`` (F,) how well the
    background's edges are where they were before, 1 equal, 0 another scene or no edges; ``contrast`` (F,) standard
    deviation of brightness; ``camera`` (F,) how fast the background moves, in parts of the picture's longer side per
    second, NaN where nobody looked or it cannot be told; ``others`` (F,) number of people beside the dancer, -1 where
    nobody looked.
    """

    change: np.ndarray
    sameness: np.ndarray
    contrast: np.ndarray
    camera: np.ndarray
    others: np.ndarray


def picture_signs(video: str | Path, keypoints2d: dict[str, np.ndarray], look_every: int = FPS) -> PictureSigns:
    """Read a video once; people are counted in every ``look_every``-th picture. InputError if it does not decode."""
    keypoints = keypoints2d["keypoints"]
    heights = np.ptp(keypoints[np.isfinite(keypoints[:, 0, 0])][:, :, 1], axis=1)
    height = float(np.median(heights)) if len(heights) else 0.0
    rows: list[tuple[float, float, float, float, int]] = []
    beside: list[np.ndarray] = []
    past: list[tuple[np.ndarray, np.ndarray]] = []  # small pictures and the edges of their backgrounds
    with landmark_detector(still=True) as detect:
        for number, picture in enumerate(read_frames(video)):
            dancer = keypoints[min(number, len(keypoints) - 1)]
            small = small_grey(picture)
            looked = number % look_every == 0
            if looked:
                beside = other_people(picture, dancer, height, detect)
            scale = small.shape[1] / picture.shape[1]
            edges = background_edges(small, dancer[:, :2] * scale, [box * scale for box in beside])
            change, sameness = 0.0, 1.0
            if past:
                change = float(np.abs(small - past[-1][0]).mean())
                sameness = float((edges * past[-1][1].conj()).real.sum()) / _energy(edges, past[-1][1])
            camera = _camera_speed([edge for _, edge in past], edges) if number % COMPARED_EVERY == 0 else np.nan
            rows.append((change, sameness, float(small.std()), camera, len(beside) if looked else -1))
            past = [*past[-COMPARED_AFTER[0] + 1 :], (small, edges)]
    columns = np.array(rows).reshape(-1, 5).T
    return PictureSigns(columns[0], columns[1], columns[2], columns[3], columns[4].astype(int))


def small_grey(picture: np.ndarray) -> np.ndarray:
    """Brightness (h, w) of a picture, averaged over blocks: about SMALL_SIDE pixels on the longer side."""
    step = max(1, max(picture.shape[:2]) // SMALL_SIDE)
    rows, columns = picture.shape[0] // step, picture.shape[1] // step
    # The green channel is nearly the brightness, and one third of the work.
    blocks = picture[: rows * step, : columns * step, 1].reshape(rows, step, columns, step)
    return blocks.mean((1, 3), dtype=np.float32)


def background_edges(small: np.ndarray, dancer: np.ndarray, others: Sequence[np.ndarray] = ()) -> np.ndarray:
    """Direction of the edges of a small picture (h, w), complex64: length 1 at strong edges, 0 at people.

    ``dancer`` (33, 2) landmarks in its pixels, NaN when nobody was found; ``others`` boxes (4,) of people seen less
    than a second ago. Of equal length, a plain background counts as much as somebody who walks through it.
    """
    dy, dx = np.gradient(small)
    edges = (dx + 1j * dy).astype(np.complex64)
    edges /= np.abs(edges) + np.float32(EDGE)
    people = [(box, 0.25) for box in others]
    if np.isfinite(dancer).all():
        people.append((np.concatenate([dancer.min(0), dancer.max(0)]), 0.1))
    for box, margin in people:
        around = margin * (box[3] - box[1]) * np.array([-1, -1, 1, 1])
        left, top, right, bottom = np.clip(box + around, 0, None).astype(int)
        edges[top : bottom + 1, left : right + 1] = 0
    return edges


def _camera_speed(past: list[np.ndarray], now: np.ndarray) -> float:
    for frames in COMPARED_AFTER:
        if len(past) >= frames:
            shift = background_shift(past[-frames], now)
            if np.isfinite(shift):
                return shift / max(now.shape) * FPS / frames
    return np.nan


def background_shift(before: np.ndarray, now: np.ndarray) -> float:
    """How many pixels the background has moved between two fields of edges (h, w); NaN where that cannot be told.

    The quarters of the picture are correlated. Those without a clear peak in both directions (plain walls, a single
    line), or whose content is another one, say nothing. A camera moves what all quarters see, a moving thing in the
    background moves one: the median counts. If fewer than two know, the whole picture is asked.
    """
    rows, columns = before.shape[0] // 2, before.shape[1] // 2
    quarters = [np.s_[top : top + rows, left : left + columns] for top in (0, rows) for left in (0, columns)]
    shifts = [_shift(before[part], now[part]) for part in quarters]
    known = [shift for shift in shifts if np.isfinite(shift)]
    return float(np.median(known)) if len(known) > 1 else _shift(before, now)


def _shift(a: np.ndarray, b: np.ndarray) -> float:
    """Length of the shift from ``a`` to ``b`` in pixels, to parts of a pixel; NaN if there is no clear one."""
    energy = _energy(a, b)
    if energy < 0.02 * a.size:
        return np.nan
    correlation = np.fft.ifft2(np.fft.fft2(b) * np.conj(np.fft.fft2(a))).real / energy
    at = np.unravel_index(int(correlation.argmax()), correlation.shape)
    peak = correlation[at]
    length = 0.0
    for axis in (0, 1):
        line, size = correlation[:, at[1]] if axis == 0 else correlation[at[0]], correlation.shape[axis]
        if max(line[(at[axis] - 3) % size], line[(at[axis] + 3) % size]) > 0.9 * peak:
            return np.nan
        left, right = line[(at[axis] - 1) % size], line[(at[axis] + 1) % size]
        bend = left - 2 * peak + right
        place = (at[axis] + size // 2) % size - size // 2 + (0.5 * (left - right) / bend if bend < 0 else 0.0)
        length = np.hypot(length, place)
    return float(length) if peak > 0.4 else np.nan


def _energy(a: np.ndarray, b: np.ndarray) -> float:
    """What the correlation of two fields of edges cannot exceed."""
    return float(np.sqrt((np.abs(a) ** 2).sum() * (np.abs(b) ** 2).sum())) + 1e-9


def picture_figures(signs: PictureSigns, detected: np.ndarray, span: Span) -> Figures:
    """What the signs say about the judged part; ``detected`` (F,) where the dancer was found."""
    parts = (values[span[0] : span[1]] for values in (detected, *vars(signs).values()))
    there, change, sameness, contrast, camera, others = (part[: len(signs.change) - span[0]] for part in parts)
    figures: dict[str, float] = {}
    places: dict[str, np.ndarray] = {}
    looked = others >= 0
    figures["other_people"] = float((others > 0).sum() / looked.sum()) if looked.any() else 0.0
    # A sighting stands for the time until half way to the next look.
    places["other_people"] = _around(others > 0, FPS // 2, FPS // 2)
    told = np.isfinite(camera)
    if told.sum() * COMPARED_EVERY >= len(camera) / 10:  # else the background is too plain to tell
        moves = np.nan_to_num(camera) > CAMERA_SPEED
        figures["camera_moves"] = float(moves.sum() / told.sum())
        places["camera_moves"] = _around(moves, COMPARED_AFTER[0], COMPARED_EVERY // 2)
    cuts = (change >= CUT_CHANGE) & spikes(change) & (sameness < CUT_SAMENESS)
    faded = contrast < FADED * np.median(contrast) if len(contrast) else np.zeros(0, bool)
    figures |= {"cuts": int(cuts.sum()), "faded": float(faded.sum()) / FPS}
    places |= {"cuts": cuts, "faded": faded}
    if not there.any():
        return figures, places
    repeated = there & (change < max(0.02, 0.04 * float(np.median(change[there]))))
    frozen = long_runs(repeated, STILL_S)
    moving = there & ~frozen
    figures |= {
        "picture_rate": FPS * (1 - float(repeated[moving].mean())) if moving.any() else 0.0,
        "frozen": float(frozen.sum()) / FPS,
    }
    return figures, places | {"frozen": frozen}


def _around(mask: np.ndarray, before: int, after: int) -> np.ndarray:
    """The frames of a mask (T,) and so many before and after each."""
    result = np.zeros(len(mask), bool)
    for frame in np.flatnonzero(mask):
        result[max(frame - before, 0) : frame + after + 1] = True
    return result
