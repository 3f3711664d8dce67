"""What the player's timeline shows of one song: sequences, beats, foot contacts, errors over time, the gate's marks."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from justlmd.body.model import JOINT_NAMES
from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from justlmd.dataset.sequences import sequences_of
from justlmd.motion.motion import runs
from justlmd.motion.song_motion import SongMotion
from justlmd.pose.keypoints import Keypoints2D
from justlmd.quality.criteria import CRITERIA
from justlmd.quality.motion_checks import reprojection_errors

FEET = {side: [JOINT_NAMES.index(f"{side}_{name}") for name in ("ankle", "foot")] for side in ("left", "right")}
CONTACT_STEP_M = 0.015
"""Metres per frame below which an ankle or a toe stands: as the models' contacts (``heading_features``)."""
CONTACT_FRAMES = 3
"""Frames that a contact lasts at least."""
MOST_BEATS = 20_000


def seconds_of(frames: list[list[int]], first_s: float = 0.0) -> list[list[float]]:
    """Stretches [start, stop) of frames as seconds."""
    return [[round(first_s + start / FPS, 4), round(first_s + stop / FPS, 4)] for start, stop in frames]


def sequences(sliced: dict[str, str], song: SongMotion, drop_last: bool, name: str) -> list[list[Any]]:
    """Start and end in seconds of the song, and text, of the sequences that the data set takes of a song."""
    found = sequences_of(sliced, song.start_frame, song.motion.valid, drop_last, name)
    first = song.meta.first_frame_s
    spans = seconds_of([[start, start + SEQUENCE_FRAMES] for start in found.starts], first)
    return [[*span, text] for span, text in zip(spans, found.texts, strict=True)]


def foot_contacts(joints: np.ndarray, valid: np.ndarray, first_frame_s: float) -> dict[str, list[list[float]]]:
    """When each foot stands.

    Parameters
    ----------
    joints
        (T, 24, 3) in metres, y up.
    valid
        (T,): False where the body is not known.
    first_frame_s
        Second of the song at frame 0.

    Returns
    -------
    Stretches in seconds by "left" and "right": ankle or toes move by less than :data:`CONTACT_STEP_M` per frame, for
    :data:`CONTACT_FRAMES` or longer.
    """
    step = np.linalg.norm(np.diff(joints, axis=0, prepend=joints[:1]), axis=-1)
    found = {}
    for side, pair in FEET.items():
        still = [
            [start, stop]
            for joint in pair
            for start, stop in runs((step[:, joint] < CONTACT_STEP_M) & valid)
            if stop - start >= CONTACT_FRAMES
        ]
        stands = np.zeros(len(joints), bool)
        for start, stop in still:
            stands[start:stop] = True
        found[side] = seconds_of(runs(stands), first_frame_s)
    return found


def series(values: np.ndarray, start_s: float, limit: float, scale: float) -> dict[str, Any]:
    """Values (T,) of one frame each for the player: whole numbers in steps of ``scale``, None where not finite."""
    steps = np.round(np.nan_to_num(values / scale, nan=-1, posinf=-1, neginf=-1)).astype(int)
    return {
        "start_s": round(start_s, 4),
        "limit": limit,
        "scale": scale,
        "values": [int(step) if step >= 0 else None for step in steps],
    }


def error_series(song: SongMotion, keypoints2d: Keypoints2D, limit: float) -> dict[str, Any]:
    """Mean distance of the body from the 2D points by frame, in % of the height; ``limit`` is the gate's, a share."""
    errors = reprojection_errors(song.motion, song.body, keypoints2d, song.start_frame, song.own_shapes)
    return series(100 * errors, song.start_frame / FPS, 100 * limit, 0.1)


def jitter_series(joints: np.ndarray, valid: np.ndarray, first_frame_s: float, limit: float) -> dict[str, Any]:
    """Mean second difference of the joints (T, 24, 3) by frame, mm per frame squared; ``limit`` is the gate's."""
    bend = np.full(len(joints), np.nan)
    if len(joints) > 2:
        bend[1:-1] = np.linalg.norm(joints[2:] - 2 * joints[1:-1] + joints[:-2], axis=-1).mean(1)
        bend[1:-1][~(valid[2:] & valid[1:-1] & valid[:-2])] = np.nan
    return series(1000 * bend, first_frame_s, limit, 0.5)


def marked(quality: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the quality gate marked: by criterion its name, whether it made the gate drop the song, and seconds."""
    figures, limits = quality["figures"], quality["thresholds"]
    failed = {c.name for c in CRITERIA if c.name in figures and c.fails(figures[c.name], limits[c.name])}
    return [
        {"name": name.replace("_", " "), "failed": name in failed, "spans": seconds_of(found)}
        for name, found in quality["ranges"].items()
        if found
    ]


def beats(beat_times: np.ndarray) -> list[float]:
    """Times of the beats in seconds, at most :data:`MOST_BEATS`."""
    times = np.asarray(beat_times, float).ravel()[:MOST_BEATS]
    return [round(float(time), 3) for time in times if np.isfinite(time)]
