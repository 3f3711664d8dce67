"""Depth of the body's parts from a second of landmarks: a small network over time that says how sure it is.

It sees the landmarks of about a second as rays of the camera, how surely each was seen, and MediaPipe's metres, and
gives the direction of each part of the body with its standard deviation across and along the line of sight. Built by
``python -m tools.train_lifter``; docs/recovery.md says from what.

Everything is seen along the ray to the hips' middle (the *view*): x right and level, y down, z away from the camera.
MediaPipe's metres come from a crop around that point, and perspective is the same wherever the dancer stands.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from justlmd.body.landmarks import LANDMARKS
from justlmd.core.errors import InputError
from justlmd.core.files import read_npz
from justlmd.recovery.skeleton import SEGMENTS, segment_matrix

LIFTER_PATH = Path(__file__).parents[1] / "data" / "lifter.npz"
"""Built by ``python -m tools.train_lifter`` from motion capture and choreographies of free terms."""

DILATIONS = (1, 2, 4, 8)
"""Frames between the three taps of each block: 15 frames before and after one are seen, a second in all."""
FEATURES = 6 * len(LANDMARKS) + len(SEGMENTS) + 4
OUTPUTS = 5 * len(SEGMENTS)
SIZE_FRAMES = 10.0
"""Standard deviation in frames of the smoothing of the dancer's size; limbs then look short when they point along."""
_LIMITS = (-4.5, 1.0)
"""Of the logarithm of a standard deviation, in lengths of the part."""
_HIPS = (LANDMARKS.index(23), LANDMARKS.index(24))

_MIRRORED = np.array([LANDMARKS.index(n if n == 0 else n + 1 if n % 2 else n - 1) for n in LANDMARKS])


def _mirrored_segments() -> tuple[np.ndarray, np.ndarray]:
    """Which part is the mirror image of each, and the sign of its x: 1 where mirroring turns the part's ends round."""
    names = list(SEGMENTS)
    swapped = {"left": "right", "right": "left"}
    other = [
        name.replace(side, swapped[side], 1) if (side := name.split("_")[0]) in swapped else name for name in names
    ]
    across = [name in ("hips", "shoulders", "head") for name in names]
    return np.array([names.index(name) for name in other]), np.where(across, -1.0, 1.0)


MIRRORED_SEGMENTS, MIRRORED_SIGNS = _mirrored_segments()


@dataclass(frozen=True)
class Lifted:
    """Parts of the body in T frames: ``view`` (T, 3, 3) turns camera axes into the view's, ``segments`` (T, S, 3) in
    the view's axes in rest lengths of each part, ``sigma`` (T, S, 2) their standard deviations across and along the
    line of sight."""

    view: np.ndarray
    segments: np.ndarray
    sigma: np.ndarray


def views(rays: np.ndarray) -> np.ndarray:
    """Rotations (..., 3, 3) from camera axes to the view, of landmarks (..., 23, 2) at depth 1."""
    hips = (rays[..., _HIPS[0], :] + rays[..., _HIPS[1], :]) / 2
    away = np.concatenate([hips, np.ones((*hips.shape[:-1], 1))], axis=-1)
    away /= np.linalg.norm(away, axis=-1, keepdims=True)
    right = np.stack([away[..., 2], np.zeros_like(away[..., 0]), -away[..., 0]], axis=-1)
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    return np.stack([right, np.cross(away, right), away], axis=-2)


def features(rays: np.ndarray, confidence: np.ndarray, world: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the network sees of T frames.

    Parameters
    ----------
    rays : (..., T, 23, 2) landmarks as x and y at depth 1, ``(pixels - centre) / focal``.
    confidence : (..., T, 23) 0..1, 0 for what was not seen.
    world : (..., T, 23, 3) MediaPipe's metres, NaN in frames where they are unknown.

    Returns
    -------
    (..., T, FEATURES) float32, and the :func:`views` (..., T, 3, 3).
    """
    view = views(rays)
    turned = np.concatenate([rays, np.ones((*rays.shape[:-1], 1))], axis=-1) @ np.swapaxes(view, -1, -2)
    flat = turned[..., :2] / np.maximum(turned[..., 2:], 0.1)
    seen = confidence > 0
    counted = seen | ~seen.any(-1, keepdims=True)  # frames without the dancer were filled in
    spread = np.sqrt((np.square(flat).sum(-1) * counted).sum(-1) / counted.sum(-1))
    size = np.maximum(gaussian_filter1d(spread, SIZE_FRAMES, axis=-1, mode="nearest"), 1e-4)
    flat = np.clip(flat / size[..., None, None], -5, 5) * seen[..., None]
    known = np.isfinite(world).all((-1, -2))
    metres = np.where(known[..., None, None], world, 0.0)
    metres = np.clip(2 * (metres - metres[..., list(_HIPS), :].mean(-2, keepdims=True)), -5, 5)
    camera = np.stack([2 * np.log(size / 0.2), 2 * view[..., 2, 1], 2 * view[..., 2, 0], known.astype(float)], axis=-1)
    lead = rays.shape[:-2]
    lengths = np.linalg.norm(segment_matrix() @ flat, axis=-1)
    parts = [flat.reshape(*lead, -1), confidence, metres.reshape(*lead, -1), lengths, camera]
    return np.concatenate(parts, axis=-1).astype(np.float32), view


def mirrored_features(values: np.ndarray) -> np.ndarray:
    """The features of the mirror image, left and right exchanged."""
    count = len(LANDMARKS)
    lead = values.shape[:-1]
    flat = values[..., : 2 * count].reshape(*lead, count, 2)[..., _MIRRORED, :] * np.array([-1, 1], np.float32)
    confidence = values[..., 2 * count : 3 * count][..., _MIRRORED]
    metres = values[..., 3 * count : 6 * count].reshape(*lead, count, 3)[..., _MIRRORED, :] * np.array(
        [-1, 1, 1], np.float32
    )
    lengths = values[..., 6 * count : -4][..., MIRRORED_SEGMENTS]
    camera = values[..., -4:] * np.array([1, 1, -1, 1], np.float32)
    parts = [flat.reshape(*lead, 2 * count), confidence, metres.reshape(*lead, 3 * count), lengths, camera]
    return np.concatenate(parts, axis=-1)


def mirrored_segments(segments: np.ndarray) -> np.ndarray:
    """Parts (..., S, 3) of the mirror image."""
    return segments[..., MIRRORED_SEGMENTS, :] * (MIRRORED_SIGNS[:, None] * np.array([-1.0, 1.0, 1.0]))


@dataclass(frozen=True)
class Lifter:
    """The network's weights, float32: ``linear`` (FEATURES, OUTPUTS) past everything, ``first`` (FEATURES, W), for each
    of the :data:`DILATIONS` ``taps`` (3, W, W) and ``mix`` (W, W), ``last`` (W, OUTPUTS), each with its bias."""

    linear: np.ndarray
    first: np.ndarray
    first_bias: np.ndarray
    taps: np.ndarray
    taps_bias: np.ndarray
    mix: np.ndarray
    mix_bias: np.ndarray
    last: np.ndarray
    last_bias: np.ndarray

    def __call__(self, rays: np.ndarray, confidence: np.ndarray, world: np.ndarray) -> Lifted:
        """Lift T frames; arguments as for :func:`features`. The mirror image is lifted too, and averaged in."""
        seen, view = features(rays, confidence, world)
        segments, logarithms = split(self._run(seen))
        other_segments, other_logarithms = split(self._run(mirrored_features(seen)))
        segments = (segments + mirrored_segments(other_segments)) / 2
        logarithms = (logarithms + other_logarithms[..., MIRRORED_SEGMENTS, :]) / 2
        return Lifted(view, segments, np.exp(logarithms))

    def _run(self, seen: np.ndarray) -> np.ndarray:
        """Outputs (T, OUTPUTS) of features (T, FEATURES); the ends are repeated beyond the sequence."""
        frames = np.arange(len(seen))
        hidden = np.maximum(seen @ self.first + self.first_bias, 0)
        for number, step in enumerate(DILATIONS):
            early, late = hidden[np.maximum(frames - step, 0)], hidden[np.minimum(frames + step, len(frames) - 1)]
            taps = self.taps[number]
            inner = early @ taps[0] + hidden @ taps[1] + late @ taps[2] + self.taps_bias[number]
            hidden = hidden + np.maximum(inner, 0) @ self.mix[number] + self.mix_bias[number]
        return seen @ self.linear + hidden @ self.last + self.last_bias


def split(outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Segments (..., S, 3) and logarithms (..., S, 2) of their standard deviations of the network's outputs."""
    parts = outputs.astype(np.float64).reshape(*outputs.shape[:-1], len(SEGMENTS), 5)
    return parts[..., :3], np.clip(parts[..., 3:], *_LIMITS)


@cache
def load_lifter(path: str | Path = LIFTER_PATH) -> Lifter:
    """The network of an npz file; raises InputError that names the file when it holds something else."""
    names = list(Lifter.__dataclass_fields__)
    arrays = read_npz(path, names)
    width = arrays["first"].shape[-1] if arrays["first"].ndim == 2 else 0
    count = len(DILATIONS)
    shapes = {
        "linear": (FEATURES, OUTPUTS),
        "first": (FEATURES, width),
        "first_bias": (width,),
        "taps": (count, 3, width, width),
        "taps_bias": (count, width),
        "mix": (count, width, width),
        "mix_bias": (count, width),
        "last": (width, OUTPUTS),
        "last_bias": (OUTPUTS,),
    }
    if any(arrays[name].shape != shape or not np.isfinite(arrays[name]).all() for name, shape in shapes.items()):
        raise InputError("not the weights of a lifter", where=path)
    return Lifter(**{name: arrays[name].astype(np.float32) for name in names})
