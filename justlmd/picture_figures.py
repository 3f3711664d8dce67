"""Figures of the pictures themselves: repeated and frozen ones, people beside the dancer."""

import numpy as np

from justlmd import FPS
from justlmd.motion_figures import STILL_S, Figures, Span, long_runs
from justlmd.picture_signs import PictureSigns


def picture_figures(signs: PictureSigns, detected: np.ndarray, span: Span) -> Figures:
    """What the signs say about the judged part; ``detected`` (F,) where the dancer was found."""
    there = detected[span[0] : span[1]]
    change, others = signs.change[span[0] : span[1]], signs.others[span[0] : span[1]]
    there, change, others = (values[: len(change)] for values in (there, change, others))
    looked = others >= 0
    figures: dict[str, float] = {"other_people": float((others > 0).sum() / looked.sum()) if looked.any() else 0.0}
    # A sighting stands for the time until half way to the next look.
    sightings = np.flatnonzero(others > 0)
    near = np.abs(np.arange(len(others))[:, None] - sightings).min(1, initial=len(others)) <= FPS // 2
    places = {"other_people": near}
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
