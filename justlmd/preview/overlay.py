"""The recovered body drawn over its video, for people's eyes."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from justlmd import FPS
from justlmd.body.kinematics import skin
from justlmd.media.video import probe, read_frames
from justlmd.media.writer import write_video
from justlmd.motion.motion import FLIP
from justlmd.motion.song_motion import SongMotion
from justlmd.pose.keypoints import Keypoints2D
from justlmd.preview.renderer import render_mesh

LONGEST_SIDE = 640
"""Larger frames are made smaller by a whole number, so that the longer side has at most this many pixels."""

COLOR = (120.0, 190.0, 255.0)
ALPHA = 0.75
BORDER = (220, 30, 30)
DOTS = (255, 235, 60)
CHUNK = 60
"""Frames whose meshes are in memory at a time."""


def write_overlay(
    path: str | Path,
    video: str | Path,
    audio: str | Path | None,
    song: SongMotion,
    keypoints2d: Keypoints2D | None = None,
) -> None:
    """Write every frame of a video with the body over it.

    Frames before and after the motion show the plain video. Frames of the motion without a recovered body have a red
    border and say so.

    Parameters
    ----------
    path
        The mp4.
    video, audio
        ``video.mp4`` and ``audio.wav``; without ``audio`` the overlay is silent.
    song
        The motion, which may be empty, and the body model to draw.
    keypoints2d
        The dancer; the landmarks are drawn as dots.

    Raises InputError when the video is unusable.
    """
    info = probe(video)
    step = -(-max(info.width, info.height) // LONGEST_SIDE)
    missing = np.flatnonzero(~song.motion.valid) + song.start_frame
    frames = overlay_frames(video, song, keypoints2d, step=step)
    with tempfile.TemporaryDirectory() as folder:
        notes = None
        if len(missing):
            notes = Path(folder) / "notes.ass"
            _write_notes(notes, missing, info.height // step)
        write_video(path, frames, audio=audio, subtitles=notes)


def overlay_frames(
    video: str | Path, song: SongMotion, keypoints2d: Keypoints2D | None = None, *, step: int = 1
) -> Iterator[np.ndarray]:
    """The frames of :func:`write_overlay`, ``step`` times smaller than the video's: (H, W, 3) uint8."""
    # K counts from the frame's edge (a point lands on pixel floor(u)), so that means of step x step pixels
    # divide it by step.
    K = song.motion.K / [[step], [step], [1]]
    body, valid = song.body, song.motion.valid
    colors = np.tile(np.array(COLOR, np.float32), (len(body.v_template), 1))
    chunk = np.zeros((0, 0, 3), np.float32)
    for number, image in enumerate(read_frames(video)):
        small = _smaller(image, step)
        frame = number - song.start_frame
        if 0 <= frame < len(valid):
            if frame % CHUNK == 0 or not len(chunk):  # it is empty when the motion began before the video
                chunk = _vertices(song, frame - frame % CHUNK)
            if valid[frame]:
                small = render_mesh(chunk[frame % CHUNK], body.faces, colors, K, small, alpha=ALPHA)
            else:
                small = _bordered(small)
        if keypoints2d is not None and number < len(keypoints2d.keypoints):
            small = _dotted(small, keypoints2d.keypoints[number], step)
        yield small


def _vertices(song: SongMotion, start: int) -> np.ndarray:
    """Vertices (n, V, 3) of :data:`CHUNK` frames from ``start`` on in the camera's axes."""
    upright = replace(song, motion=song.motion.cut(start, start + CHUNK)).upright(floor=0.0)
    vertices = skin(song.body, upright.global_orient, upright.body_pose, upright.transl, upright.betas)
    return vertices * FLIP.astype(np.float32)


def _smaller(image: np.ndarray, step: int) -> np.ndarray:
    """Means of ``step`` x ``step`` pixels; a rest at the right and lower edge is left out."""
    if step == 1:
        return image
    height, width = image.shape[0] // step, image.shape[1] // step
    total = np.zeros((height, width, 3), np.uint16)
    for row in range(step):
        for column in range(step):
            total += image[row : height * step : step, column : width * step : step]
    return (total // (step * step)).astype(np.uint8)


def _bordered(image: np.ndarray) -> np.ndarray:
    result = image.copy()
    thick = max(2, min(image.shape[:2]) // 80)
    for side in (result[:thick], result[-thick:], result[:, :thick], result[:, -thick:]):
        side[:] = BORDER
    return result


def _dotted(image: np.ndarray, keypoints: np.ndarray, step: int) -> np.ndarray:
    """Dots of 3 x 3 pixels on the landmarks (33, 3) that are visible."""
    result = image.copy()
    for x, y, visibility in keypoints:
        if visibility >= 0.5 and abs(x) < 1e6 and abs(y) < 1e6:
            column, row = int(x // step), int(y // step)
            result[max(row - 1, 0) : max(row + 2, 0), max(column - 1, 0) : max(column + 2, 0)] = DOTS
    return result


def _write_notes(path: Path, missing: np.ndarray, height: int) -> None:
    """An ``.ass`` file that says where the video's frames ``missing`` lie."""
    import pysubs2

    notes = pysubs2.SSAFile()
    notes.info |= {"PlayResX": str(height), "PlayResY": str(height)}
    notes.styles["Default"] = pysubs2.SSAStyle(
        fontname="DejaVu Sans", fontsize=max(12, height // 24), alignment=pysubs2.Alignment.TOP_CENTER, outline=1
    )
    for run in np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1):
        start, stop = max(run[0], 0) / FPS, (run[-1] + 1) / FPS
        text = f"no body from {start:.1f} s to {stop:.1f} s"
        notes.append(pysubs2.SSAEvent(start=round(1000 * start), end=round(1000 * stop), text=text))
    notes.save(str(path))
