"""The films that the quality gate is measured on: good ones as dance-game videos are, and ones with a known fault.

Even numbers are for choosing limits, odd ones for the figures in the documents.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from benchmarks.quality_films import (
    FRAMES,
    Frames,
    Scene,
    Source,
    at_speed,
    blurred_fill,
    flashes,
    game_screen,
    half,
    inset,
    laid_over,
    light_tunnel,
    rendered_dancer,
    with_caption,
    with_score,
)
from justlmd.body.model import load_body
from justlmd.motion.motion import Motion

Change = Callable[[Scene], Frames]


@dataclass(frozen=True)
class Case:
    """A film: what it is made from and how; the criteria of which one must drop it (none: it must be kept).

    ``compared``: the film spoils the image alone, so that it is only a fault if the recovered joints move by 8 cm from
    those of the film without the change, and a good one if they move by less than half of that.
    """

    name: str
    source: Source
    change: Change
    expected: tuple[str, ...] = ()
    compared: bool = False


def each(scene: Scene, change: Callable[[np.ndarray, int], np.ndarray]) -> Frames:
    """Change every frame of a film before a still camera."""
    return [change(frame, k) for k, frame in enumerate(scene.still())]


# --- good films ---


def plain(scene: Scene) -> Frames:
    """As it is."""
    return scene.still()


def keyed(scene: Scene, kind: str, seed: int, scroll: float = 4.0) -> Frames:
    """The dancer cut out before a game's picture that moves."""
    made = {"game": partial(game_screen, scroll=scroll), "tunnel": light_tunnel, "flashes": flashes}[kind]
    return scene.before(made(seed))


def with_inset(scene: Scene, seed: int, corner: str, part: float = 0.3, scroll: float = 5.0) -> Frames:
    """A game's picture in a corner."""
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


def slightly_noisy(scene: Scene, sigma: float) -> Frames:
    """Noise of a camera in a room of usual light."""
    return noisy(scene, sigma)


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


def few_pictures(scene: Scene, rate: int) -> Frames:
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


def covered(scene: Scene, box: tuple[float, float, float, float], seed: int, span: tuple[int, int] = (0, FRAMES)) -> Frames:
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


def demo(name: str, start: int = 150, room: str = "tiles", seed: int = 1, reach: float = 0.66) -> Source:
    return Source("demo", name, start, room, seed, reach)


def real(name: str, start: int = 900, room: str = "tiles", seed: int = 1, reach: float = 0.66) -> Source:
    return Source("motion", name, start, room, seed, reach)


PANINI, MONTERO = "PaniniLilNasXJustDanceUnlimited", "MONTEROCallMebyYourNamebyLilNasXJustDance2022"
BUILD_AB = "BuildABBellaPoarchJustDance2022"
MUSE, SUIT = Source("clip", "musepose_dance", 0), Source("clip", "pzsp_dance", 30)
SUIT_LATER = Source("clip", "pzsp_dance", 220)
A, B = demo("morning_jump", room="furnished", seed=1), demo("paper_star", 200, "tiles", 2)
C, D = demo("corazon", 180, "plain", 3), demo("kitchen_parade", 240, "furnished", 4)
E, F = demo("harbour_lights", 300, "plain", 5), demo("morning_jump", 400, "tiles", 6)
G, H = real(PANINI, 900, "furnished", 7), real(MONTERO, 1200, "tiles", 8)
J = real(BUILD_AB, 300, "plain", 9)
LOST = ("detection_rate", "visibility", "jitter", "uncertainty", "motion_jitter", "reprojection", "identity_jumps",
        "left_arm_seen", "right_arm_seen", "left_leg_seen", "right_leg_seen", "whole_body", "upright", "motion_valid",
        "body_height", "motion_jumps")  # fmt: skip
MOVED = ("camera_moves",)
LEGS = ("left_leg_seen", "right_leg_seen")

CASES: tuple[Case, ...] = (
    # good ones, in pairs: the first of each for choosing limits, the second for the figures
    Case("furnished room", A, plain),
    Case("tiled room", B, plain),
    Case("plain room", C, plain),
    Case("real dance, plain room", J, plain),
    Case("real dance, furnished room", G, plain),
    Case("real dance, tiled room", H, plain),
    Case("clip with captions", MUSE, plain),
    Case("clip in a studio", SUIT, plain),
    Case("before a game", B, partial(keyed, kind="game", seed=1)),
    Case("real dance before a game", H, partial(keyed, kind="game", seed=2, scroll=-7)),
    Case("before a tunnel", D, partial(keyed, kind="tunnel", seed=3)),
    Case("real dance before a tunnel", G, partial(keyed, kind="tunnel", seed=4)),
    Case("before flashes", F, partial(keyed, kind="flashes", seed=5)),
    Case("before a slow game", A, partial(keyed, kind="game", seed=6, scroll=1.5)),
    Case("inset above left", A, partial(with_inset, seed=7, corner="tl")),
    Case("clip, inset above right", SUIT, partial(with_inset, seed=8, corner="tr", part=0.32)),
    Case("inset below right, plain room", E, partial(with_inset, seed=9, corner="br", part=0.26)),
    Case("inset above right, plain room", J, partial(with_inset, seed=10, corner="tr", part=0.35, scroll=-8)),
    Case("game on the left half", B, partial(beside, seed=11, left=True)),
    Case("game on the right half", G, partial(beside, seed=12, left=False, scroll=-6)),
    Case("game on the left half, plain room", C, partial(beside, seed=13, left=True)),
    Case("game on the right half, plain room", E, partial(beside, seed=14, left=False)),
    Case("game on the wall", F, partial(on_wall, seed=15)),
    Case("real dance, game on the wall", H, partial(on_wall, seed=16)),
    Case("captions and score", B, partial(captions, seed=17, score=True)),
    Case("clip, captions and score", SUIT_LATER, partial(captions, seed=18, score=True)),
    Case("clip with blurred sides", SUIT, filled),
    Case("clip with captions and blurred sides", MUSE, filled),
    Case("blurred sides, plain room", C, filled),
    Case("blurred sides, real dance", G, filled),
    Case("five frames out of focus", A, blurred_moment),
    Case("clip, five frames out of focus", SUIT, partial(blurred_moment, sigma=3.0, at=(40, 100))),
    Case("real dance, five frames out of focus", H, partial(blurred_moment, sigma=5.0, at=(50, 110))),
    Case("clip, five frames far out of focus", SUIT_LATER, partial(blurred_moment, sigma=5.0, at=(70, 130))),
    Case("light grows", D, slow_light),
    Case("clip, coloured light", SUIT, switched_light),
    Case("quarter of the height", A, partial(far_away, part=0.25)),
    Case("clip, fifth of the height", SUIT, partial(far_away, part=0.2)),
    Case("sixth of the height", F, partial(far_away, part=0.17)),
    Case("real dance, sixth of the height", G, partial(far_away, part=0.17)),
    Case("a little noise", B, partial(slightly_noisy, sigma=8)),
    Case("clip, a little noise", SUIT, partial(slightly_noisy, sigma=8)),
    # the camera
    Case("slow pan", A, partial(panned, length=70), MOVED),
    Case("pan", H, partial(panned, length=140), MOVED),
    Case("pan, plain room", E, partial(panned, length=120), MOVED),
    Case("slow pan, plain room", J, partial(panned, length=80), MOVED),
    Case("shake of 8 px", A, partial(shaken, pixels=8, seed=1), MOVED),
    Case("clip, shake of 8 px", SUIT, partial(shaken, pixels=8, seed=2), MOVED),
    Case("shake of 8 px, plain room", C, partial(shaken, pixels=8, seed=3), MOVED),
    Case("real dance, shake of 8 px, plain room", J, partial(shaken, pixels=8, seed=4), MOVED),
    Case("quick shake of 8 px, plain room", E, partial(shaken, pixels=8, seed=5, every=2), MOVED),
    Case("slow shake of 8 px, plain room", C, partial(shaken, pixels=8, seed=6, every=6), MOVED),
    Case("handheld", B, partial(handheld, pixels=7, seed=7), MOVED),
    Case("clip, handheld", SUIT_LATER, partial(handheld, pixels=7, seed=8), MOVED),
    Case("camera goes nearer", D, partial(zoomed, to=1.25), MOVED),
    Case("real dance, camera goes nearer", G, partial(zoomed, to=1.2), MOVED),
    Case("pan under captions", F, partial(panned_with_overlays, length=110, seed=9), MOVED),
    Case("real dance, pan under captions", G, partial(panned_with_overlays, length=-110, seed=10), MOVED),
    Case("shake beside an inset", B, partial(shaken_with_inset, pixels=8, seed=11), MOVED),
    Case("real dance, shake beside an inset", H, partial(shaken_with_inset, pixels=8, seed=12), MOVED),
    # the montage
    Case("cut, mirrored", A, partial(cut, zoom=1.15, mirrored=True), ("cuts",)),
    Case("clip, cut", SUIT, partial(cut, zoom=1.25, mirrored=False), ("cuts", "identity_jumps")),
    Case("piece missing", B, partial(skipped, frames=0), ("cuts", "identity_jumps")),
    Case("clip, piece missing", SUIT_LATER, partial(skipped, frames=0), ("cuts", "identity_jumps")),
    Case("freeze", D, partial(frozen, first=60, length=45), ("frozen",)),
    Case("clip, freeze", MUSE, partial(frozen, first=50, length=50), ("frozen",)),
    Case("fade to black", F, partial(faded, white=False), ("faded",)),
    Case("fade to white", H, partial(faded, white=True), ("faded",)),
    Case("title card", A, partial(title_card, seed=2), ("detection_rate", "cuts")),
    Case("clip, title card", SUIT, partial(title_card, seed=3), ("detection_rate", "cuts")),
    Case("ten pictures a second", B, partial(few_pictures, rate=10), ("picture_rate",)),
    Case("clip, fifteen pictures a second", SUIT, partial(few_pictures, rate=15), ("picture_rate",)),
    Case("upside down", D, upside_down, ("upright", "detection_rate")),
    Case("clip, upside down", SUIT, upside_down, ("upright", "detection_rate")),
    Case("on its side", A, on_its_side, ("upright", "detection_rate")),
    Case("clip, on its side", MUSE, on_its_side, ("upright", "detection_rate", "whole_body")),
    # who is seen
    Case("walks away", B, leaves, ("detection_rate", "whole_body")),
    Case("real dancer walks away", G, leaves, ("detection_rate", "whole_body")),
    Case("nobody", A, nobody, ("nobody",)),
    Case("nobody, plain room", J, nobody, ("nobody",)),
    Case("a second dancer", A, partial(joined, song="corazon", x=1.1), ("other_people",)),
    Case("a second dancer behind", H, partial(joined, song="harbour_lights", x=-1.5, size=1.5), ("other_people",)),
    Case("clip of three dancers", Source("clip", "mpm_dance", 0), plain, ("other_people",)),
    Case("clip of three dancers with captions", Source("clip", "mpm_dance", 60), partial(captions, seed=4, score=False), ("other_people",)),
    Case("too small", B, partial(far_away, part=0.15, size=(854, 480)), ("body_height", "detection_rate")),
    Case("clip, too small", SUIT, partial(far_away, part=0.16, size=(854, 480)), ("body_height", "detection_rate")),
    # what of the body is seen
    Case("down to the hips", A, partial(close_up, keep=0.55), ("whole_body", *LEGS)),
    Case("clip down to the hips", SUIT, partial(close_up, keep=0.55), ("whole_body", *LEGS)),
    Case("down to the knees", F, partial(close_up, keep=0.75), ("whole_body", *LEGS)),
    Case("real dance down to the shins", G, partial(close_up, keep=0.88), ("whole_body", *LEGS)),
    Case("desk before the legs", B, partial(covered, box=(0.2, 0.55, 0.8, 1.0), seed=1), LEGS),
    Case("clip, desk before the legs", SUIT, partial(covered, box=(0.0, 0.58, 1.0, 0.9), seed=2), LEGS),
    Case("banner over the shins", A, partial(covered, box=(0.0, 0.66, 1.0, 1.0), seed=3), LEGS),
    Case("real dance, banner over the shins", H, partial(covered, box=(0.0, 0.68, 1.0, 1.0), seed=4), LEGS),
    Case("desk for three seconds", D, partial(covered, box=(0.2, 0.55, 0.8, 1.0), seed=5, span=(60, 150)), LEGS),
    Case("clip, desk for three seconds", SUIT_LATER, partial(covered, box=(0.0, 0.58, 1.0, 0.9), seed=6, span=(60, 150)), LEGS),
    Case("game over an arm", B, partial(covered_arm, seed=7), ("right_arm_seen",)),
    Case("clip, game over an arm", SUIT, partial(covered_arm, seed=8), ("right_arm_seen",)),
    # the image
    *(
        case
        for pair in zip(
            [Case(f"noise of {s}", B, partial(noisy, sigma=s), LOST, True) for s in (25, 45, 70)],
            [Case(f"real dance, noise of {s}", G, partial(noisy, sigma=s), LOST, True) for s in (30, 50, 75)],
            strict=True,
        )
        for case in pair
    ),
    Case("little light", A, partial(dark, light=0.25, sigma=9), LOST, True),
    Case("clip, little light", SUIT, partial(dark, light=0.25, sigma=9), LOST, True),
    Case("hardly any light", D, partial(dark, light=0.12, sigma=12), LOST, True),
    Case("clip, hardly any light", SUIT_LATER, partial(dark, light=0.12, sigma=12), LOST, True),
    Case("48 rows", A, partial(coarse, rows=48), LOST, True),
    Case("real dance, 40 rows", H, partial(coarse, rows=40), LOST, True),
    Case("out of focus", F, partial(out_of_focus, sigma=6), LOST, True),
    Case("clip, out of focus", SUIT, partial(out_of_focus, sigma=6), LOST, True),
)
