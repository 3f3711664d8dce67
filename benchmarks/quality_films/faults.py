"""Films with one fault each: of the camera, the montage, of what is seen, and of the image."""

from dataclasses import replace

import cv2
import numpy as np

from benchmarks.quality_films.layouts import each
from benchmarks.quality_films.scenes import FRAMES, Frames, Scene, Source, laid_over, rendered_dancer
from benchmarks.quality_films.screens import (
    game_screen,
    inset,
    with_caption,
    with_score,
)
from justlmd.body.model import load_body
from justlmd.motion.motion import Motion

# --- faults of the camera ---


def panned(scene: Scene, length: float) -> Frames:
    """The camera turns aside in three seconds."""
    return [scene.view(k, x=float(np.clip((k - 40) / 90, 0, 1)) * length - length / 2) for k in range(FRAMES)]


def shaken(scene: Scene, pixels: float, seed: int, every: int = 3) -> Frames:
    """The camera is knocked about by up to ``pixels``, another way every few frames."""
    rng = np.random.default_rng(seed)
    keys = rng.uniform(-pixels, pixels, (FRAMES // every + 2, 2))
    at = np.arange(len(keys)) * every
    x, y = (np.interp(np.arange(FRAMES), at, keys[:, axis]) for axis in (0, 1))
    return [scene.view(k, x=x[k], y=y[k]) for k in range(FRAMES)]


def handheld(scene: Scene, pixels: float, seed: int) -> Frames:
    """A hand that drifts, some seconds to and fro."""
    phases = np.random.default_rng(seed).uniform(0, 6, 4)
    t = np.arange(FRAMES) / 30
    x = pixels * (np.sin(1.9 * t + phases[0]) + 0.4 * np.sin(5.3 * t + phases[1]))
    y = 0.6 * pixels * (np.sin(2.4 * t + phases[2]) + 0.4 * np.sin(6.1 * t + phases[3]))
    return [scene.view(k, x=x[k], y=y[k]) for k in range(FRAMES)]


def zoomed(scene: Scene, to: float) -> Frames:
    """The camera goes nearer for four seconds."""
    return [scene.view(k, zoom=float(np.interp(k, [30, 150], [1, to]))) for k in range(FRAMES)]


def panned_with_overlays(scene: Scene, length: float, seed: int) -> Frames:
    """A pan under captions and a score bar that stand still."""
    return [with_caption(with_score(frame, k, seed), k, seed) for k, frame in enumerate(panned(scene, length))]


def shaken_with_inset(scene: Scene, pixels: float, seed: int) -> Frames:
    """A shake beside an inset that stands still."""
    screen = game_screen(seed, scroll=5)
    return [inset(frame, screen(k), "tl", 0.28) for k, frame in enumerate(shaken(scene, pixels, seed))]


# --- faults of the montage ---


def cut(scene: Scene, zoom: float, mirrored: bool) -> Frames:
    """From the middle on another camera."""
    first, second = scene.still(), [scene.view(k, zoom=zoom, x=12) for k in range(FRAMES)]
    return [first[k] if k < 90 else (second[k][:, ::-1] if mirrored else second[k]) for k in range(FRAMES)]


def skipped(scene: Scene, frames: int) -> Frames:
    """A piece is missing: the dancer is suddenly elsewhere."""
    still = scene.still()
    moved = [scene.view(k, x=-70) for k in range(FRAMES)]
    return still[:80] + moved[80 + frames :]


def frozen(scene: Scene, first: int, length: int) -> Frames:
    """A still image."""
    still = scene.still()
    return [still[first] if first <= k < first + length else frame for k, frame in enumerate(still)]


def faded(scene: Scene, white: bool) -> Frames:
    """To black or white and back."""

    def change(frame: np.ndarray, k: int) -> np.ndarray:
        share = np.clip(abs(k - 90) / 30, 0, 1)
        return (frame * share + (1 - share) * (255 if white else 0)).astype(np.uint8)

    return each(scene, change)


def title_card(scene: Scene, seed: int) -> Frames:
    """Two seconds of a card with text."""
    still = scene.still()
    card = np.full_like(still[0], 40)
    card = with_caption(card, 0, seed, 0.5)
    return [card if 70 <= k < 130 else frame for k, frame in enumerate(still)]


def few_frames(scene: Scene, rate: int) -> Frames:
    """Only so many different frames per second."""
    still = scene.still()
    return [still[k * rate // 30 * 30 // rate] for k in range(FRAMES)]


def upside_down(scene: Scene) -> Frames:
    """Turned by 180 degrees."""
    return each(scene, lambda frame, k: np.ascontiguousarray(frame[::-1, ::-1]))


def on_its_side(scene: Scene) -> Frames:
    """Turned by 90 degrees."""
    return each(scene, lambda frame, k: np.ascontiguousarray(np.rot90(frame)))


# --- faults of what is seen ---


def leaves(scene: Scene) -> Frames:
    """The dancer goes out of the frame after two seconds and stays away."""
    motion = replace(scene.motion, transl=scene.motion.transl.copy())
    motion.transl[:, 0] += np.interp(np.arange(FRAMES), [60, 110], [0, 5.0])
    dancer = rendered_dancer(motion, scene.camera, load_body(), scene.source.seed)
    wide = [scene.over(scene.room, k, dancer) for k in range(FRAMES)]
    return [scene.view(k, wide=wide) for k in range(FRAMES)]


def nobody(scene: Scene) -> Frames:
    """An empty room with captions."""
    wide = [scene.room] * FRAMES
    return [with_caption(scene.view(k, wide=wide), k, 3) for k in range(FRAMES)]


def joined(scene: Scene, song: str, x: float, size: float = 0.0) -> Frames:
    """Somebody else dances beside; ``size`` metres farther away."""
    other = Scene(Source("demo", song, start=200, seed=scene.source.seed + 5), scene.data).motion
    moved: Motion = replace(other, transl=other.transl + [x, 0, -size])
    dancer = rendered_dancer(moved, scene.camera, load_body(), scene.source.seed + 5)
    wide = [scene.over(laid_over(dancer[0][k], dancer[1][k], scene.room), k) for k in range(FRAMES)]
    return [scene.view(k, wide=wide) for k in range(FRAMES)]


def close_up(scene: Scene, keep: float) -> Frames:
    """The frame ends at ``keep`` of the dancer's height, counted from the head."""
    frames = scene.still()
    rows, columns = frames[0].shape[:2]
    top, tall = (0.17, 0.66) if not scene.is_clip else (0.29, 0.49)
    low, high = int(rows * max(top - 0.06, 0)), int(rows * (top + keep * tall))
    wide = min(columns, (high - low) * 16 // 9)
    left = (columns - wide) // 2
    size = (640, round(640 * (high - low) / wide / 2) * 2)
    return [cv2.resize(frame[low:high, left : left + wide], size) for frame in frames]


def covered(
    scene: Scene, box: tuple[float, float, float, float], seed: int, span: tuple[int, int] = (0, FRAMES)
) -> Frames:
    """Something stands before the dancer: left, top, right, bottom in parts of the frame."""
    rng = np.random.default_rng(seed)
    color = rng.integers(30, 220, 3)

    def change(frame: np.ndarray, k: int) -> np.ndarray:
        if not span[0] <= k < span[1]:
            return frame
        image, (rows, columns) = frame.copy(), frame.shape[:2]
        left, top, right, bottom = (int(side * n) for side, n in zip(box, (columns, rows, columns, rows), strict=True))
        image[top:bottom, left:right] = color
        image[top : top + 4, left:right] = color // 2
        return image

    return each(scene, change)


def covered_arm(scene: Scene, seed: int, span: tuple[int, int] = (0, FRAMES)) -> Frames:
    """An inset lies over everything from the shoulder outwards on the left of the frame."""
    screen = game_screen(seed, (400, 360), scroll=3)

    def change(frame: np.ndarray, k: int) -> np.ndarray:
        if not span[0] <= k < span[1]:
            return frame
        image = frame.copy()
        right = int(frame.shape[1] * 0.475)
        image[:, :right] = cv2.resize(screen(k), (right, frame.shape[0]))
        return image

    return each(scene, change)


def noisy(scene: Scene, sigma: float) -> Frames:
    """Noise in every pixel."""
    rng = np.random.default_rng(5)
    return each(scene, lambda f, k: np.clip(f + rng.normal(0, sigma, f.shape), 0, 255).astype(np.uint8))


def dark(scene: Scene, light: float, sigma: float) -> Frames:
    """Little light, and the noise of a camera that amplifies it."""
    rng = np.random.default_rng(6)
    return each(scene, lambda f, k: np.clip(f * light + rng.normal(0, sigma, f.shape), 0, 255).astype(np.uint8))


def coarse(scene: Scene, rows: int) -> Frames:
    """A film of few pixels, enlarged."""

    def change(frame: np.ndarray, k: int) -> np.ndarray:
        size = (round(frame.shape[1] * rows / frame.shape[0]), rows)
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, (frame.shape[1], frame.shape[0]), interpolation=cv2.INTER_LINEAR)

    return each(scene, change)


def out_of_focus(scene: Scene, sigma: float) -> Frames:
    """Blurred all the time."""
    return each(scene, lambda frame, k: cv2.GaussianBlur(frame, (0, 0), sigma))


def slightly_noisy(scene: Scene, sigma: float) -> Frames:
    """Noise of a camera in a room of usual light."""
    return noisy(scene, sigma)
