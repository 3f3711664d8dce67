"""Raw material of the quality gate's benchmark: dancers before rooms, and screens, captions and props to put around.

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
from justlmd.media.video import read_frames
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
    from justlmd.media.video import probe

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


# --- what dance-game videos put around a dancer ---


def game_screen(seed: int, size: tuple[int, int] = WIDE, scroll: float = 4.0) -> Callable[[int], np.ndarray]:
    """A game's picture that is in motion as a whole: a landscape that scrolls, things that fly, lights that pulse."""
    rng = np.random.default_rng(seed)
    width, height = size
    far = cv2.resize(rng.integers(20, 236, (9, 48, 3), dtype=np.uint8), (4 * width, height), interpolation=cv2.INTER_LINEAR)
    for _ in range(60):
        x, y = int(rng.integers(0, 4 * width - 40)), int(rng.integers(0, height))
        color = tuple(int(c) for c in rng.integers(0, 255, 3))
        if rng.random() < 0.5:
            cv2.circle(far, (x, y), int(rng.integers(height // 40 + 1, height // 8 + 2)), color, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(far, (x, y), (x + int(rng.integers(8, width // 8)), y + int(rng.integers(8, height // 4))), color, -1)
    flying = rng.uniform(0, 1, (14, 2))
    speeds = rng.uniform(-0.02, 0.02, (14, 2))
    colors = rng.integers(80, 255, (14, 3))

    def picture(k: int) -> np.ndarray:
        x = int(k * scroll) % (3 * width) if scroll >= 0 else (3 * width - 1 - int(-k * scroll) % (3 * width))
        image = far[:, x : x + width].copy()
        for place, speed, color in zip(flying, speeds, colors, strict=True):
            at = ((place + k * speed) % 1) * size
            cv2.circle(image, (int(at[0]), int(at[1])), height // 22 + 2, tuple(int(c) for c in color), -1, cv2.LINE_AA)
        light = 1 + 0.15 * np.sin(k / 4.0)
        return np.clip(image * light, 0, 255).astype(np.uint8)

    return picture


def light_tunnel(seed: int, size: tuple[int, int] = WIDE) -> Callable[[int], np.ndarray]:
    """Rings that come nearer, as behind many coaches: everything moves away from the middle."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float32)
    radius = np.hypot(x - size[0] / 2, y - size[1] / 2) / size[1]
    angle = np.arctan2(y - size[1] / 2, x - size[0] / 2)
    colors = rng.integers(30, 230, (2, 3)).astype(np.float32)

    def picture(k: int) -> np.ndarray:
        wave = np.sin(9 * np.log(radius + 0.05) - k / 4.0) * np.sin(6 * angle + k / 30.0) > 0
        return np.where(wave[..., None], colors[0], colors[1]).astype(np.uint8)

    return picture


def flashes(seed: int, size: tuple[int, int] = WIDE) -> Callable[[int], np.ndarray]:
    """Large soft spots that change place and colour on every beat."""
    rng = np.random.default_rng(seed)
    fields = [rng.integers(0, 255, (4, 7, 3), dtype=np.uint8) for _ in range(FRAMES // 12 + 2)]
    large = [cv2.resize(field, size, interpolation=cv2.INTER_CUBIC) for field in fields]

    def picture(k: int) -> np.ndarray:
        return large[k // 12]

    return picture


def with_caption(frame: np.ndarray, k: int, seed: int, place: float = 0.93) -> np.ndarray:
    """A line of lyrics that is coloured word by word and replaced every two seconds."""
    words = ["morning", "sun", "paper", "star", "hands", "wave", "night", "river", "jump", "heart"]
    rng = np.random.default_rng(seed + k // 60)
    line = " ".join(rng.choice(words, 4))
    image, scale = frame.copy(), frame.shape[1] / 640
    at = (int(frame.shape[1] * 0.16), int(frame.shape[0] * place))
    for color, text in (((255, 255, 255), line), ((255, 80, 160), line[: int(len(line) * (k % 60) / 60)])):
        cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.9 * scale, color, max(1, round(2 * scale)), cv2.LINE_AA)
    return image


def with_score(frame: np.ndarray, k: int, seed: int) -> np.ndarray:
    """A bar above with a number that counts, stars and a meter that fills."""
    image, (rows, columns) = frame.copy(), frame.shape[:2]
    high = rows // 10
    image[:high] = image[:high] // 3
    cv2.putText(image, f"{(k * 37 + seed) % 13000:05d}", (8, high - 6), cv2.FONT_HERSHEY_DUPLEX, high / 40, (255, 230, 90), 1, cv2.LINE_AA)
    cv2.rectangle(image, (columns // 3, high // 3), (columns // 3 + columns * (k % 150) // 300, 2 * high // 3), (80, 255, 120), -1)
    for star in range(5):
        color = (255, 220, 60) if star < k // 40 else (90, 90, 90)
        cv2.circle(image, (columns - 20 - star * high, high // 2), high // 3, color, -1, cv2.LINE_AA)
    return image


def inset(frame: np.ndarray, screen: np.ndarray, corner: str, part: float = 0.3) -> np.ndarray:
    """A small picture in a corner ("tl", "tr", "bl", "br") with a white frame."""
    image, (rows, columns) = frame.copy(), frame.shape[:2]
    width = int(columns * part)
    height = int(width * screen.shape[0] / screen.shape[1])
    small = cv2.resize(screen, (width, height), interpolation=cv2.INTER_AREA)
    y = 8 if corner[0] == "t" else rows - height - 8
    x = 8 if corner[1] == "l" else columns - width - 8
    image[y - 2 : y + height + 2, x - 2 : x + width + 2] = 255
    image[y : y + height, x : x + width] = small
    return image


def half(frame: np.ndarray, screen: np.ndarray, left: bool = True) -> np.ndarray:
    """The screen on one half, the middle of the frame on the other."""
    rows, columns = frame.shape[:2]
    part = frame[:, columns // 4 : columns // 4 + columns // 2]
    other = cv2.resize(screen, (columns - part.shape[1], rows))
    return np.hstack([other, part] if left else [part, other])


def blurred_fill(frame: np.ndarray, width: int = 640, height: int = 360) -> np.ndarray:
    """An upright picture in the middle, the same enlarged and blurred at both sides."""
    scale = height / frame.shape[0]
    middle = cv2.resize(frame, (round(frame.shape[1] * scale), height), interpolation=cv2.INTER_AREA)
    large = cv2.resize(frame, (width, round(frame.shape[0] * width / frame.shape[1])))
    top = (large.shape[0] - height) // 2
    image = cv2.GaussianBlur(large[top : top + height], (0, 0), 12)
    image = (image * 0.8).astype(np.uint8)
    x = (width - middle.shape[1]) // 2
    image[:, x : x + middle.shape[1]] = middle
    return image
