"""Dances to the same seconds of a song, made to look alike in everything but how they dance."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.model import Body
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.motion.motion import Motion, mirror
from justlmd.motion.song_motion import SongMotion
from justlmd.preview.dance_video import Captions, check_motion, dance_frames, following_camera, write_captioned
from justlmd.preview.side_by_side import centred
from justlmd.view.compare import COPIED, MIRRORED, REAL

SHOWN_S = 12.0
"""Most seconds that are shown of a song."""

SIZE = (480, 540)
"""Width and height of a clip in pixels."""


def comparable_dances(
    real: SongMotion, copied: SongMotion, generated: Mapping[str, SongMotion], body: Body
) -> tuple[dict[str, Motion], float]:
    """Motions of equal length to the same seconds of a song, by name, and the second of the song at which they begin.

    The stretch is the first of :data:`SHOWN_S` (or else the longest) in which every frame of the recovered motion holds
    a body. All have the mean body's shape, stand on the floor, face the camera in the first second, and are centred.

    Parameters
    ----------
    real
        The recovered motion; it is given as :data:`REAL` and :data:`MIRRORED`.
    copied
        The dance from training songs, to the whole song; it is given as :data:`COPIED`.
    generated
        Models' dances to the whole song, by the models' names.
    body
        The body that dances all of them.

    Raises InputError when a model has the name of one of these.
    """
    for name in {REAL, MIRRORED, COPIED} & set(generated):
        raise InputError(f"a model may not be called {name!r} here", where="config 'models'", next_step="rename it")
    upright = real.upright()
    first, last = _stretch(upright.valid, round(SHOWN_S * FPS))
    start_s = real.meta.first_frame_s + first / FPS
    motions = {REAL: upright.cut(first, last)}
    motions[MIRRORED] = mirror(motions[REAL])
    others = {COPIED: copied, **generated}
    motions |= {name: song.between(start_s, start_s + SHOWN_S) for name, song in others.items()}
    frames = min(map(len, motions.values()))
    return {name: _alike(motion.cut(0, frames), body) for name, motion in motions.items()}, start_s


def write_clips(
    paths: Mapping[str, str | Path], motions: Mapping[str, Motion], body: Body, audio: str | Path, start_s: float
) -> None:
    """Write a video of each motion to the path of its name: one camera, one room, the same clothes and sound."""
    for name, motion in motions.items():
        check_motion(paths[name], motion)
    joints = np.stack([motion.joints(body) for motion in motions.values()])
    camera, trajectories = following_camera(joints, SIZE)
    wall_z = float(joints[..., 2].min()) - 1.2
    for (name, motion), trajectory in zip(motions.items(), trajectories, strict=True):
        rng = np.random.default_rng(0)
        frames = dance_frames(motion, body, SIZE, rng, seen_by=(camera, trajectory), wall_z=wall_z)
        write_captioned(paths[name], frames, len(motion), SIZE, Captions((), start_s, ()), audio)


def _stretch(valid: np.ndarray, frames: int) -> tuple[int, int]:
    """The first ``frames`` frames [start, stop) that are all valid, or else the longest run of valid ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(valid, np.int8), [0]]))).reshape(-1, 2)
    runs = [(int(start), int(min(stop, start + frames))) for start, stop in edges]
    return max(runs, key=lambda run: (run[1] - run[0], -run[0]), default=(0, 0))


def _alike(motion: Motion, body: Body) -> Motion:
    """A motion with the mean body's shape on the floor, about the origin, that faces +z in its first second."""
    if not len(motion):
        return motion
    orient = Rotation.from_rotvec(motion.global_orient)
    pelvis = body.rest_joints(np.zeros(10))[0]
    forward = orient[:FPS].apply([0.0, 0.0, 1.0]).mean(0)
    turn = Rotation.from_euler("y", -np.arctan2(forward[0], forward[2]))
    before = motion.transl + body.rest_joints(motion.betas)[0]
    turned = replace(
        motion,
        global_orient=(turn * orient).as_rotvec(),
        transl=turn.apply(before) - pelvis,
        betas=np.zeros(10),
        valid=np.ones(len(motion), bool),
    )
    sole = body.rest_joints()[:, 1].min() - float(body.v_template[:, 1].min())
    floor = float(np.percentile(turned.joints(body)[:, :, 1].min(axis=1), 5) - sole)
    return centred(replace(turned, transl=turned.transl - [0, floor, 0]))
