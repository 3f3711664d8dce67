"""What dance-game videos put around a dancer: a game's moving image, captions, a score, blurred sides."""

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.quality_films.scenes import FRAMES, WIDE


def game_screen(seed: int, size: tuple[int, int] = WIDE, scroll: float = 4.0) -> Callable[[int], np.ndarray]:
    """A game's image that is in motion as a whole: a landscape that scrolls, things that fly, lights that pulse."""
    rng = np.random.default_rng(seed)
    width, height = size
    far = cv2.resize(
        rng.integers(20, 236, (9, 48, 3), dtype=np.uint8), (4 * width, height), interpolation=cv2.INTER_LINEAR
    )
    for _ in range(60):
        x, y = int(rng.integers(0, 4 * width - 40)), int(rng.integers(0, height))
        color = tuple(int(c) for c in rng.integers(0, 255, 3))
        if rng.random() < 0.5:
            cv2.circle(far, (x, y), int(rng.integers(height // 40 + 1, height // 8 + 2)), color, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(
                far, (x, y), (x + int(rng.integers(8, width // 8)), y + int(rng.integers(8, height // 4))), color, -1
            )
    flying = rng.uniform(0, 1, (14, 2))
    speeds = rng.uniform(-0.02, 0.02, (14, 2))
    colors = rng.integers(80, 255, (14, 3))

    def shown(k: int) -> np.ndarray:
        x = int(k * scroll) % (3 * width) if scroll >= 0 else (3 * width - 1 - int(-k * scroll) % (3 * width))
        image = far[:, x : x + width].copy()
        for place, speed, color in zip(flying, speeds, colors, strict=True):
            at = ((place + k * speed) % 1) * size
            cv2.circle(image, (int(at[0]), int(at[1])), height // 22 + 2, tuple(int(c) for c in color), -1, cv2.LINE_AA)
        light = 1 + 0.15 * np.sin(k / 4.0)
        return np.clip(image * light, 0, 255).astype(np.uint8)

    return shown


def light_tunnel(seed: int, size: tuple[int, int] = WIDE) -> Callable[[int], np.ndarray]:
    """Rings that come nearer, as behind many coaches: everything moves away from the middle."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float32)
    radius = np.hypot(x - size[0] / 2, y - size[1] / 2) / size[1]
    angle = np.arctan2(y - size[1] / 2, x - size[0] / 2)
    colors = rng.integers(30, 230, (2, 3)).astype(np.float32)

    def shown(k: int) -> np.ndarray:
        wave = np.sin(9 * np.log(radius + 0.05) - k / 4.0) * np.sin(6 * angle + k / 30.0) > 0
        return np.where(wave[..., None], colors[0], colors[1]).astype(np.uint8)

    return shown


def flashes(seed: int, size: tuple[int, int] = WIDE) -> Callable[[int], np.ndarray]:
    """Large soft spots that change place and colour on every beat."""
    rng = np.random.default_rng(seed)
    fields = [rng.integers(0, 255, (4, 7, 3), dtype=np.uint8) for _ in range(FRAMES // 12 + 2)]
    large = [cv2.resize(field, size, interpolation=cv2.INTER_CUBIC) for field in fields]

    def shown(k: int) -> np.ndarray:
        return large[k // 12]

    return shown


def with_caption(frame: np.ndarray, k: int, seed: int, place: float = 0.93) -> np.ndarray:
    """A line of lyrics that is coloured word by word and replaced every two seconds."""
    words = ["morning", "sun", "paper", "star", "hands", "wave", "night", "river", "jump", "heart"]
    rng = np.random.default_rng(seed + k // 60)
    line = " ".join(rng.choice(words, 4))
    image, scale = frame.copy(), frame.shape[1] / 640
    at = (int(frame.shape[1] * 0.16), int(frame.shape[0] * place))
    for color, text in (((255, 255, 255), line), ((255, 80, 160), line[: int(len(line) * (k % 60) / 60)])):
        cv2.putText(
            image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.9 * scale, color, max(1, round(2 * scale)), cv2.LINE_AA
        )
    return image


def with_score(frame: np.ndarray, k: int, seed: int) -> np.ndarray:
    """A bar above with a number that counts, stars and a meter that fills."""
    image, (rows, columns) = frame.copy(), frame.shape[:2]
    high = rows // 10
    image[:high] = image[:high] // 3
    cv2.putText(
        image,
        f"{(k * 37 + seed) % 13000:05d}",
        (8, high - 6),
        cv2.FONT_HERSHEY_DUPLEX,
        high / 40,
        (255, 230, 90),
        1,
        cv2.LINE_AA,
    )
    cv2.rectangle(
        image, (columns // 3, high // 3), (columns // 3 + columns * (k % 150) // 300, 2 * high // 3), (80, 255, 120), -1
    )
    for star in range(5):
        color = (255, 220, 60) if star < k // 40 else (90, 90, 90)
        cv2.circle(image, (columns - 20 - star * high, high // 2), high // 3, color, -1, cv2.LINE_AA)
    return image


def inset(frame: np.ndarray, screen: np.ndarray, corner: str, part: float = 0.3) -> np.ndarray:
    """A small image in a corner ("tl", "tr", "bl", "br") with a white frame."""
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
    """An upright image in the middle, the same enlarged and blurred at both sides."""
    scale = height / frame.shape[0]
    middle = cv2.resize(frame, (round(frame.shape[1] * scale), height), interpolation=cv2.INTER_AREA)
    large = cv2.resize(frame, (width, round(frame.shape[0] * width / frame.shape[1])))
    top = (large.shape[0] - height) // 2
    image = cv2.GaussianBlur(large[top : top + height], (0, 0), 12)
    image = (image * 0.8).astype(np.uint8)
    x = (width - middle.shape[1]) // 2
    image[:, x : x + middle.shape[1]] = middle
    return image
