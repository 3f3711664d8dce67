"""Dancers before rooms: the raw material of the films that the quality gate is measured on.

Everything is drawn by seed, 640 x 360 unless a clip is of another shape; nothing is read but the clips and motions of
``--data``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from demo.build import motion_of
from demo.song_list import song_by_id
from justlmd.body.camera import Camera, intrinsics
from justlmd.body.clothing import clothing_colors
from justlmd.body.kinematics import skin
from justlmd.body.model import Body, load_body
from justlmd.core.rotations import matrix_to_axis_angle, rotation_matrices
from justlmd.media.video import probe, read_frames
from justlmd.motion.motion import Motion, to_yup
from justlmd.motion.smplfull import read_smplfull
from justlmd.preview.renderer import render_mesh, render_room

FRAMES = 180
WIDE, SIZE = (800, 450), (640, 360)
"""What is rendered, and the middle of it that a still camera shows: a moving one needs the rest."""
Frames = list[np.ndarray]


@dataclass(frozen=True)
class Source:
    """Where a film comes from.

    ``kind``: "demo" (a demo song's dance), "motion" (a song's motion of ``--data``) or "clip"; ``name`` of it, first
    frame ``start``, ``speed`` of the dance, ``room`` behind (tiles, plain, furnished), ``seed`` of clothes and room,
    ``reach`` of the dancer in the frame's height.
    """

    kind: str
    name: str
    start: int = 150
    room: str = "tiles"
    seed: int = 1
    reach: float = 0.66
    speed: float = 1.0


class Scene:
    """A film that can be put together anew: the dancer cut out, and what is behind."""

    def __init__(self, source: Source, data: Path) -> None:
        self.source, self.data = source, data
        self.rng = np.random.default_rng(source.seed)

    @property
    def is_clip(self) -> bool:
        return self.source.kind == "clip"

    @cached_property
    def wide(self) -> Frames:
        """The frames with a margin for a moving camera; a clip's are as they are, its longer side 640."""
        if self.is_clip:
            return _clip_frames(self.data / "clips" / f"{self.source.name}.mp4", self.source.start, self.source.speed)
        room = self.room
        return [self.over(room, k) for k in range(FRAMES)]

    @cached_property
    def motion(self) -> Motion:
        """The true motion, one frame per frame of the film, its middle before the camera."""
        body, source = load_body(), self.source
        if source.kind == "demo":
            whole = motion_of(song_by_id(source.name), body)
        else:
            path = self.data / "motion" / source.name / "smplfull.json"
            whole = to_yup(read_smplfull(path), body, own_shapes=False)
        part = whole.cut(source.start, source.start + int(FRAMES * source.speed) + 2)
        part = at_speed(part, np.arange(FRAMES) * source.speed)
        middle = np.median(part.transl[:, [0, 2]], axis=0)
        part.transl[:, [0, 2]] -= middle
        return part

    @cached_property
    def camera(self) -> Camera:
        focal = 1.25 * SIZE[1]
        distance = 1.75 * focal / (self.source.reach * SIZE[1])
        position = np.array([0.0, 1.0, distance])
        turn = np.diag([1.0, -1.0, -1.0])
        return Camera(intrinsics(WIDE, focal), turn, -turn @ position, WIDE)

    @cached_property
    def room(self) -> np.ndarray:
        """The empty room (450, 800, 3)."""
        rng = np.random.default_rng(self.source.seed + 100)
        wall = tuple(int(c) for c in rng.integers(120, 235, 3))
        floor = tuple(int(c) for c in rng.integers(70, 170, 3))
        dark = floor if self.source.room == "plain" else tuple(round(0.86 * c) for c in floor)
        image = render_room(self.camera, wall_z=-1.6, wall_color=wall, floor_colors=(floor, dark))
        if self.source.room == "furnished":
            for _ in range(9):
                x, y = rng.integers(0, WIDE[0] - 60), rng.integers(10, 200)
                w, h = rng.integers(40, 130), rng.integers(40, 130)
                color = rng.integers(20, 230, 3)
                image[y : y + h, x : x + w] = color
                part = image[y + 6 : y + h - 6, x + 6 : x + w - 6]
                part[:] = np.clip(color + rng.normal(0, 40, (*part.shape[:2], 1)), 0, 255)
                image[y + 6 : y + h - 6, x + 6 : x + w - 6] = cv2.GaussianBlur(part, (0, 0), 2)
        return image

    @cached_property
    def dancer(self) -> tuple[Frames, Frames]:
        """The dancer's colours (times their opacity) and opacity (450, 800, 1) by frame."""
        return rendered_dancer(self.motion, self.camera, load_body(), self.source.seed)

    def over(self, background: np.ndarray, k: int, colors: tuple[Frames, Frames] | None = None) -> np.ndarray:
        """The dancer of frame k before a background (450, 800, 3)."""
        front, alpha = (part[k] for part in (colors or self.dancer))
        return laid_over(front, alpha, background)

    def view(self, k: int, x: float = 0.0, y: float = 0.0, zoom: float = 1.0, wide: Frames | None = None) -> np.ndarray:
        """What a camera sees that looks ``x`` and ``y`` pixels aside, ``zoom`` times nearer."""
        image = (wide or self.wide)[k]
        size = (image.shape[1], image.shape[0]) if self.is_clip else SIZE
        if not (x or y) and zoom == 1:
            left, top = (image.shape[1] - size[0]) // 2, (image.shape[0] - size[1]) // 2
            return np.ascontiguousarray(image[top : top + size[1], left : left + size[0]])
        middle = np.array([image.shape[1] / 2 + x, image.shape[0] / 2 + y])
        matrix = np.hstack([np.eye(2) / zoom, (middle - np.array(size) / 2 / zoom)[:, None]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(image, matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT)

    def still(self) -> Frames:
        """The film before a still camera."""
        return [self.view(k) for k in range(len(self.wide))]

    def before(self, screen: Callable[[int], np.ndarray]) -> Frames:
        """The dancer cut out and put before a screen (450, 800, 3) that changes."""
        wide = [self.over(screen(k), k) for k in range(FRAMES)]
        return [self.view(k, wide=wide) for k in range(FRAMES)]


def laid_over(front: np.ndarray, alpha: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Colours that are multiplied by their opacity ``alpha`` (H, W, 1), 0..255, over a background."""
    below = background.astype(np.uint16) * (255 - alpha.astype(np.uint16)) // 255
    return np.clip(front + below, 0, 255).astype(np.uint8)


def rendered_dancer(motion: Motion, camera: Camera, body: Body, seed: int) -> tuple[Frames, Frames]:
    """A body of a seed's colours in front of nothing: seen on black and on white, which tells its opacity."""
    colors = clothing_colors(body, np.random.default_rng(seed))
    black = np.zeros((camera.size[1], camera.size[0], 3), np.uint8)
    fronts, alphas = [], []
    for k in range(len(motion)):
        one = motion.cut(k, k + 1)
        points = camera.to_camera(skin(body, one.global_orient, one.body_pose, one.transl, one.betas)[0])
        front = render_mesh(points, body.faces, np.maximum(colors, 12), camera.K, black, supersample=2)
        white = render_mesh(points, body.faces, np.zeros_like(colors), camera.K, black + 255, supersample=2)
        fronts.append(front)
        alphas.append(255 - white[..., :1])
    return fronts, alphas


def at_speed(motion: Motion, at: np.ndarray) -> Motion:
    """A motion at other times, frames counted in parts (T,)."""
    low = np.floor(at).astype(int).clip(0, len(motion) - 2)
    share = (at - low).clip(0, 1)

    def between(values: np.ndarray) -> np.ndarray:
        return values[low] * (1 - share[:, None]) + values[low + 1] * share[:, None]

    def turned(values: np.ndarray) -> np.ndarray:
        first, second = (rotation_matrices(values[k].reshape(-1, 3)) for k in (low, low + 1))
        step = matrix_to_axis_angle(np.swapaxes(first, -1, -2) @ second)
        weights = np.repeat(share, values.shape[1] // 3)[:, None]
        return matrix_to_axis_angle(first @ rotation_matrices(step * weights)).reshape(len(at), -1)

    return Motion(
        turned(motion.global_orient), turned(motion.body_pose), between(motion.transl), motion.betas, motion.valid[low]
    )


def _clip_frames(path: Path, start: int, speed: float) -> Frames:
    """Frames of a clip at 30 per second and at a speed, the longer side 640 pixels."""
    rate = probe(path).fps
    wanted = np.round((start + np.arange(FRAMES) * speed) * rate / 30).astype(int)
    last: dict[int, np.ndarray] = {}
    for number, frame in enumerate(read_frames(path)):
        if number in set(wanted.tolist()):
            scale = 640 / max(frame.shape[:2])
            size = (round(frame.shape[1] * scale / 2) * 2, round(frame.shape[0] * scale / 2) * 2)
            last[number] = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        if number >= wanted[-1]:
            break
    known = sorted(last)
    return [last[known[min(np.searchsorted(known, number), len(known) - 1)]] for number in wanted]
