"""The recovered body drawn over its video, beside the video as it is, for people's eyes."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from justlmd.body.kinematics import skin
from justlmd.core.clock import FPS
from justlmd.media.video import probe, read_frames
from justlmd.media.writer import write_video
from justlmd.motion.motion import FLIP, to_yup
from justlmd.motion.song_motion import SongMotion
from justlmd.pose.keypoints import Keypoints2D
from justlmd.preview.renderer import outline_mesh, render_mesh

OUTLINE, TRANSPARENT = "outline", "transparent"
"""The styles: a line around the body, so that the video shows where it is wrong; or the body, half transparent."""

LONGEST_SIDE = 480
"""Larger frames are made smaller, so that the longer side of each of the two images has at most this many pixels."""

LINE = (70, 225, 255)
COLOR = (120.0, 190.0, 255.0)
ALPHA = 0.5
BORDER = (220, 30, 30)
DOTS = (255, 235, 60)
NEIGHBOURS = np.array([(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1)])
CHUNK = 60
"""Frames whose meshes are in memory at a time."""

CRF, PRESET = 28, "ultrafast"
"""Of the encoding: half of the default's work, for a video that is looked at a few times."""


def write_overlay(
    path: str | Path,
    video: str | Path,
    audio: str | Path | None,
    song: SongMotion,
    keypoints2d: Keypoints2D | None = None,
    style: str = OUTLINE,
) -> None:
    """Write every frame of a video, at the left as it is and at the right with the body over it.

    Frames before and after the motion show no body. Frames of the motion without a recovered body have a red border at
    the right and say so.

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
    style
        :data:`OUTLINE` or :data:`TRANSPARENT`.

    Raises InputError when the video is unusable.
    """
    info = probe(video)
    size = panel_size(info.width, info.height)
    missing = np.flatnonzero(~song.motion.valid) + song.start_frame
    frames = overlay_frames(video, song, keypoints2d, size=size, style=style)
    with tempfile.TemporaryDirectory() as folder:
        notes = None
        if len(missing):
            notes = Path(folder) / "notes.ass"
            _write_notes(notes, missing, size)
        write_video(path, _side_by_side(frames, size), audio=audio, subtitles=notes, crf=CRF, preset=PRESET)


def panel_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of one of the two images of an overlay: even, of the video's shape, not larger than it."""
    share = min(1.0, LONGEST_SIDE / max(width, height))
    return max(2, round(width * share / 2) * 2), max(2, round(height * share / 2) * 2)


def overlay_frames(
    video: str | Path,
    song: SongMotion,
    keypoints2d: Keypoints2D | None = None,
    *,
    size: tuple[int, int],
    style: str = OUTLINE,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The video's frames as they are and with the body, both (H, W, 3) uint8 of ``size`` (width, height)."""
    info = probe(video)
    share = np.array([size[0] / info.width, size[1] / info.height])
    # K counts from the frame's edge (a point lands on pixel floor(u)), so that it is scaled as the frame is.
    K = song.motion.K * [[share[0]], [share[1]], [1]]
    body, valid = song.body, song.motion.valid
    colors = np.tile(np.array(COLOR, np.float32), (len(body.v_template), 1))
    chunk = np.zeros((0, 0, 3), np.float32)
    for number, image in enumerate(read_frames(video, size=size)):
        drawn = image
        frame = number - song.start_frame
        if 0 <= frame < len(valid):
            if frame % CHUNK == 0 or not len(chunk):  # it is empty when the motion began before the video
                chunk = _vertices(song, frame - frame % CHUNK)
            if not valid[frame]:
                drawn = _bordered(image)
            elif style == OUTLINE:
                drawn = outline_mesh(chunk[frame % CHUNK], body.faces, LINE, K, image)
            else:
                drawn = render_mesh(chunk[frame % CHUNK], body.faces, colors, K, image, alpha=ALPHA)
        if keypoints2d is not None and number < len(keypoints2d.keypoints):
            drawn = _dotted(drawn, keypoints2d.keypoints[number], share)
        yield image, drawn


def _side_by_side(frames: Iterator[tuple[np.ndarray, np.ndarray]], size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Each pair of images as one; the same array every time, which saves a third of a millisecond per frame."""
    pair = np.empty((size[1], 2 * size[0], 3), np.uint8)
    for pair[:, : size[0]], pair[:, size[0] :] in frames:
        yield pair


def _vertices(song: SongMotion, start: int) -> np.ndarray:
    """Vertices (n, V, 3) of :data:`CHUNK` frames from ``start`` on in the camera's axes."""
    upright = to_yup(song.motion.cut(start, start + CHUNK), song.body, 0.0, song.own_shapes)
    vertices = skin(song.body, upright.global_orient, upright.body_pose, upright.transl, upright.betas)
    return vertices * FLIP.astype(np.float32)


def _bordered(image: np.ndarray) -> np.ndarray:
    result = image.copy()
    thick = max(2, min(image.shape[:2]) // 80)
    for side in (result[:thick], result[-thick:], result[:, :thick], result[:, -thick:]):
        side[:] = BORDER
    return result


def _dotted(image: np.ndarray, keypoints: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Dots of 3 x 3 pixels on the landmarks (33, 3) that are visible, scaled by ``share`` (2,)."""
    result = image.copy()
    with np.errstate(invalid="ignore"):
        shown = (keypoints[:, 2] >= 0.5) & (np.abs(keypoints[:, :2]) < 1e6).all(1)
    places = np.floor(keypoints[shown, :2].astype(np.float64) * share).astype(int)
    columns, rows = (places[:, None] + NEIGHBOURS).reshape(-1, 2).T
    inside = (columns >= 0) & (rows >= 0) & (columns < image.shape[1]) & (rows < image.shape[0])
    result[rows[inside], columns[inside]] = DOTS
    return result


def _write_notes(path: Path, missing: np.ndarray, size: tuple[int, int]) -> None:
    """An ``.ass`` file that says, over the right one of two images of ``size``, where the frames ``missing`` lie."""
    import pysubs2

    width, height = size
    notes = pysubs2.SSAFile()
    notes.info |= {"PlayResX": str(2 * width), "PlayResY": str(height)}
    notes.styles["Default"] = pysubs2.SSAStyle(
        fontname="DejaVu Sans",
        fontsize=max(14, min(width, height) // 12),  # is read on the contact sheet, at half this size
        bold=True,
        alignment=pysubs2.Alignment.TOP_CENTER,
        outline=2,
        marginl=width,
    )
    for run in np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1):
        start, stop = max(run[0], 0) / FPS, (run[-1] + 1) / FPS
        text = f"no body from {start:.1f} s to {stop:.1f} s"
        notes.append(pysubs2.SSAEvent(start=round(1000 * start), end=round(1000 * stop), text=text))
    notes.save(str(path))
