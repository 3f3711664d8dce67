"""Good films: layouts of dance-game videos and small imperfections, none of which is a fault."""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from benchmarks.quality_films.scenes import FRAMES, Frames, Scene
from benchmarks.quality_films.screens import (
    blurred_fill,
    flashes,
    game_screen,
    half,
    inset,
    light_tunnel,
    with_caption,
    with_score,
)


def each(scene: Scene, change: Callable[[np.ndarray, int], np.ndarray]) -> Frames:
    """Change every frame of a film before a still camera."""
    return [change(frame, k) for k, frame in enumerate(scene.still())]


def plain(scene: Scene) -> Frames:
    """As it is."""
    return scene.still()


def keyed(scene: Scene, kind: str, seed: int, scroll: float = 4.0) -> Frames:
    """The dancer cut out before a game's image that moves."""
    made = {"game": partial(game_screen, scroll=scroll), "tunnel": light_tunnel, "flashes": flashes}[kind]
    return scene.before(made(seed))  # type: ignore[operator]


def with_inset(scene: Scene, seed: int, corner: str, part: float = 0.3, scroll: float = 5.0) -> Frames:
    """A game's image in a corner."""
    screen = game_screen(seed, scroll=scroll)
    return each(scene, lambda frame, k: inset(frame, screen(k), corner, part))


def beside(scene: Scene, seed: int, left: bool, scroll: float = 5.0) -> Frames:
    """The game on one half of the frame."""
    screen = game_screen(seed, (320, 360), scroll)
    return each(scene, lambda frame, k: half(frame, screen(k), left))


def captions(scene: Scene, seed: int, score: bool) -> Frames:
    """Lyrics that change, and a score bar above."""
    return each(
        scene,
        lambda frame, k: with_caption(with_score(frame, k, seed) if score else frame, k, seed, place=0.97),
    )


def filled(scene: Scene) -> Frames:
    """An upright film whose sides are filled with its own blurred enlargement."""
    if scene.is_clip:
        return each(scene, lambda frame, k: blurred_fill(frame))
    return each(scene, lambda frame, k: blurred_fill(np.ascontiguousarray(frame[:, 190:450])))


def on_wall(scene: Scene, seed: int) -> Frames:
    """A large screen on the wall behind, with a game that scrolls; room and floor stand still."""
    screen = game_screen(seed, (420, 230), scroll=6)
    wide = []
    for k in range(FRAMES):
        room = scene.room.copy()
        room[20:250, 190:610] = screen(k)
        wide.append(scene.over(room, k))
    return [scene.view(k, wide=wide) for k in range(FRAMES)]


def blurred_moment(scene: Scene, sigma: float = 4.0, at: tuple[int, ...] = (60, 120)) -> Frames:
    """Out of focus for five frames."""

    def change(frame: np.ndarray, k: int) -> np.ndarray:
        return cv2.GaussianBlur(frame, (0, 0), sigma) if any(first <= k < first + 5 for first in at) else frame

    return each(scene, change)


def slow_light(scene: Scene) -> Frames:
    """The light of the room grows and sinks."""
    return each(scene, lambda frame, k: np.clip(frame * (0.85 + 0.25 * np.sin(k / 20)), 0, 255).astype(np.uint8))


def switched_light(scene: Scene) -> Frames:
    """A coloured light that goes on and off every second."""
    tint = np.array([1.15, 0.85, 0.95])
    return each(scene, lambda frame, k: np.clip(frame * (tint if k // 30 % 2 else 1), 0, 255).astype(np.uint8))


def far_away(scene: Scene, part: float, size: tuple[int, int] = (1280, 720)) -> Frames:
    """The whole film small in a larger frame's plain room, the dancer ``part`` of its height."""
    tall = 313 if scene.is_clip else scene.source.reach * 360
    scale = part * size[1] / tall

    def change(frame: np.ndarray, k: int) -> np.ndarray:
        small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        top, left = size[1] - small.shape[0] - size[1] // 20, size[0] // 2 - small.shape[1] // 3
        return cv2.copyMakeBorder(
            small, top, size[1] - top - small.shape[0], left, size[0] - left - small.shape[1], cv2.BORDER_REPLICATE
        )

    return each(scene, change)
