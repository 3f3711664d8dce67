"""A dance as a video for people: the body on a floor, the music, and the lyrics as they are sung."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from justlmd.body.camera import Camera, camera_for
from justlmd.body.clothing import clothing_colors
from justlmd.body.kinematics import skin
from justlmd.body.model import Body
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.lyrics.document import Line
from justlmd.media.writer import write_video
from justlmd.motion.motion import Motion
from justlmd.preview.captions import write_captions
from justlmd.preview.renderer import draw_shadow, render_mesh, render_room

SHADOW_JOINTS = [0, 10, 11]
CHUNK = 60
"""Frames whose meshes are in memory at a time."""


def export_mp4(
    path: str | Path,
    motion: Motion,
    body: Body,
    audio: str | Path | None = None,
    audio_start_s: float = 0.0,
    lines: Sequence[Line] | None = None,
    title: str | None = None,
    size: tuple[int, int] = (960, 540),
    fps: int = FPS,
    seed: int = 0,
) -> list[str]:
    """Write a video of one dance.

    Parameters
    ----------
    path
        The mp4.
    motion, body
        The dance and the body that dances it; frames that are not ``valid`` are drawn faintly.
    audio
        Audio file; None for a silent video.
    audio_start_s
        Second of the song (of ``audio`` and of ``lines``) at frame 0 of the motion.
    lines
        Lyrics to show as they are sung, in seconds of the song.
    title
        Text in the upper left corner.
    size
        Width and height in pixels.
    fps
        Frames per second of the motion and of the video.
    seed
        Chooses the dancer's clothes.

    Returns
    -------
    Warnings for the person who asked for the video.

    Raises InputError when there is no frame to show or the motion holds values that are not finite.
    """
    check_motion(path, motion)
    frames = dance_frames(motion, body, size, np.random.default_rng(seed), fps)
    captions = Captions(lines or (), audio_start_s, [title] if title else [])
    return write_captioned(path, frames, len(motion), size, captions, audio, fps)


@dataclass(frozen=True)
class Captions:
    """Lyrics with times in seconds of the song, the song's second at the first frame, and titles side by side."""

    lines: Sequence[Line]
    start_s: float
    titles: Sequence[str]


def check_motion(path: str | Path, motion: Motion) -> None:
    """Raise InputError that names the video ``path`` when the motion has no frame or holds values not finite."""
    if not len(motion):
        raise InputError("the motion has no frames to show", where=path)
    for values in (motion.global_orient, motion.body_pose, motion.transl, motion.betas):
        if not np.isfinite(values).all():
            raise InputError("the motion holds values that are not finite, so it cannot be shown", where=path)


def write_captioned(
    path: str | Path,
    frames: Iterator[np.ndarray],
    count: int,
    size: tuple[int, int],
    captions: Captions,
    audio: str | Path | None,
    fps: int = FPS,
) -> list[str]:
    """Write ``count`` frames of ``size`` (width, height) with audio and captions; returns warnings for people."""
    warnings = []
    with tempfile.TemporaryDirectory() as folder:
        subtitles = None
        if captions.lines or captions.titles:
            subtitles = Path(folder) / "captions.ass"
            missing = write_captions(
                subtitles, captions.lines, count / fps, size, start_s=captions.start_s, titles=captions.titles
            )
            if missing:
                warnings.append(f"{path}: the captions' font cannot show {missing[:40]!r}")
        write_video(path, frames, fps=fps, audio=audio, audio_start_s=captions.start_s, subtitles=subtitles)
    return warnings


def dance_frames(
    motion: Motion,
    body: Body,
    size: tuple[int, int],
    rng: np.random.Generator,
    fps: int = FPS,
    seen_by: tuple[Camera, np.ndarray] | None = None,
    wall_z: float | None = None,
) -> Iterator[np.ndarray]:
    """Render every frame of a dance in a room: images (H, W, 3) uint8.

    ``seen_by`` is a camera and its trajectory (T, 3) in metres; None: a :func:`following_camera` of this dance alone.
    ``wall_z`` is where the room's wall stands, metres; None: 1.2 m behind this dance.
    """
    joints = motion.joints(body)
    camera, path = seen_by or following_camera(joints, size, fps)
    wall_z = float(joints[:, :, 2].min()) - 1.2 if wall_z is None else wall_z
    colors = clothing_colors(body, rng)
    moving = bool(path.any())
    room = render_room(camera, wall_z=wall_z)
    for start in range(0, len(motion), CHUNK):
        part = motion.cut(start, start + CHUNK)
        vertices = skin(body, part.global_orient, part.body_pose, part.transl, part.betas)
        for index in range(len(part)):
            view = moved(camera, path[start + index]) if moving else camera
            background = render_room(view, wall_z=wall_z) if moving else room
            background = draw_shadow(background, view, joints[start + index, SHADOW_JOINTS])
            alpha = 1.0 if part.valid[index] else 0.35
            yield render_mesh(
                view.to_camera(vertices[index]), body.faces, colors, view.K, background, supersample=2, alpha=alpha
            )


def following_camera(joints: np.ndarray, size: tuple[int, int], fps: float = FPS) -> tuple[Camera, np.ndarray]:
    """A camera and the trajectory (..., T, 3) that it follows so that the dancer's joints (..., T, 24, 3) stay in view.

    A camera that stands still is preferred; it follows the dancer's smoothed trajectory along the floor when it would
    otherwise have to be more than a third further away. Several dances of equal length get one camera with a trajectory
    for each, so that all are seen from the same distance.
    """
    still = camera_for(joints, size)
    pelvis = joints[..., 0, :]
    trajectory = gaussian_filter1d(pelvis * [1, 0, 1], 0.7 * fps, axis=-2, mode="nearest")
    following = camera_for(joints - trajectory[..., None, :], size)

    def distance(camera: Camera, centre: np.ndarray) -> float:
        return float(np.linalg.norm(-camera.rotation.T @ camera.translation - centre))

    middle = pelvis.reshape(-1, 3).mean(0)
    if distance(still, middle) <= 1.33 * distance(following, middle * [0, 1, 0]):
        return still, np.zeros_like(trajectory)
    return following, trajectory


def moved(camera: Camera, by: np.ndarray) -> Camera:
    """The camera shifted by ``by`` (3,) metres in the world."""
    return Camera(camera.K, camera.rotation, camera.translation - camera.rotation @ by, camera.size)
