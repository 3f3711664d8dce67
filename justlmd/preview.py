"""A dance as a video for people: the body on a floor, the music, and the words as they are sung."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from justlmd import FPS
from justlmd.body import Body, skin
from justlmd.captions import write_captions
from justlmd.clothing import clothing_colors
from justlmd.errors import InputError
from justlmd.lyrics import Line
from justlmd.motion import Motion
from justlmd.render import Camera, camera_for, draw_shadow, render_mesh, render_room
from justlmd.video import write_video

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
        Sound file; None for a silent video.
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
    if not len(motion):
        raise InputError(f"{path}: the motion has no frames to show")
    for values in (motion.global_orient, motion.body_pose, motion.transl, motion.betas):
        if not np.isfinite(values).all():
            raise InputError(f"{path}: the motion holds values that are not finite, so it cannot be shown")
    warnings = []
    frames = dance_frames(motion, body, size, np.random.default_rng(seed), fps)
    with tempfile.TemporaryDirectory() as folder:
        subtitles = None
        if lines or title:
            subtitles = Path(folder) / "captions.ass"
            missing = write_captions(
                subtitles, lines or [], len(motion) / fps, size, start_s=audio_start_s, title=title
            )
            if missing:
                warnings.append(f"{path}: the captions' font cannot show {missing[:40]!r}")
        write_video(path, frames, fps=fps, audio=audio, audio_start_s=audio_start_s, subtitles=subtitles)
    return warnings


def dance_frames(
    motion: Motion, body: Body, size: tuple[int, int], rng: np.random.Generator, fps: int = FPS
) -> Iterator[np.ndarray]:
    """Pictures (H, W, 3) uint8 of every frame of a dance in a room, seen by a camera that keeps the dancer in view."""
    joints = motion.joints(body)
    camera, path = following_camera(joints, size, fps)
    wall_z = float(joints[:, :, 2].min()) - 1.2
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
    """A camera and the way (T, 3) on which it moves so that the dancer's joints (T, 24, 3) stay in view.

    A camera that stands still is preferred; it follows the dancer's smoothed way along the floor when standing still
    would mean seeing the dancer from more than a third further away.
    """
    still = camera_for(joints, size)
    way = gaussian_filter1d(joints[:, 0] * [1, 0, 1], 0.7 * fps, axis=0, mode="nearest")
    following = camera_for(joints - way[:, None], size)

    def distance(camera: Camera, centre: np.ndarray) -> float:
        return float(np.linalg.norm(-camera.rotation.T @ camera.translation - centre))

    middle = joints[:, 0].mean(0)
    if distance(still, middle) <= 1.33 * distance(following, middle * [0, 1, 0]):
        return still, np.zeros_like(way)
    return following, way


def moved(camera: Camera, by: np.ndarray) -> Camera:
    """The camera shifted by ``by`` (3,) metres in the world."""
    return Camera(camera.K, camera.rotation, camera.translation - camera.rotation @ by, camera.size)
