"""Figures of the pictures themselves: camera, cuts, fades, repeated and frozen pictures, people beside the dancer."""

import numpy as np

from justlmd import FPS
from justlmd.motion_figures import STILL_S, Figures, Span, long_runs, spikes
from justlmd.picture_signs import COMPARED_AFTER, COMPARED_EVERY, PictureSigns

CAMERA_SPEED = 0.01
"""Parts of the picture per second: a camera on a stand shows 0.0004, one in a quiet hand 0.02, a slow pan 0.016."""
CUT_CHANGE = 4.0
"""Grey levels by which a picture must differ from the one before to begin another scene."""
CUT_SAMENESS = 0.5
FADED = 0.4
"""Of the usual contrast: below, a picture counts as faded."""


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
