"""Whether the camera moves: backgrounds and feet whose motion is known."""

import cv2
import numpy as np
import pytest

from justlmd.pose.keypoints import Keypoints2D
from justlmd.quality.camera import CAMERA_SPEED, EVERY, FEET, BackgroundTracker, camera_speed

FRAMES, SIZE = 240, (640, 360)
MOMENTS = np.arange(EVERY, FRAMES, EVERY)


def dancer(camera: np.ndarray, jumps: bool = False) -> Keypoints2D:
    """Somebody of 240 px who steps from foot to foot, seen by a camera that moves by (F, 2) pixels."""
    t = np.arange(FRAMES)
    points = np.tile(np.linspace([300, 90], [300, 330], 33), (FRAMES, 1, 1))
    phase = (t // 15) % 4  # left, both stand, right, both stand
    for side, foot in enumerate(FEET):
        way = np.cumsum(np.where(phase == 2 * side, np.where((t // 60) % 2 == 0, 2.0, -2.0), 0.0))
        points[:, list(foot), 0] = (270 + 60 * side + way)[:, None]
    if jumps:
        points[:, :, 1] -= 25 * np.abs(np.sin(t / 8))[:, None] * ((t // 60) % 4 == 0)[:, None]
    points += np.random.default_rng(0).normal(0, 0.4, points.shape) + camera[:, None]
    keypoints = np.concatenate([points, np.full((FRAMES, 33, 1), 0.95)], -1)
    return Keypoints2D.made(keypoints, np.zeros_like(keypoints), SIZE, "made up")


def seen(camera: np.ndarray, moving: float, still: float) -> dict[str, np.ndarray]:
    """A background of which a share moves by (F, 2) pixels, as the tracker describes it."""
    nothing = np.full(FRAMES, np.nan)
    found = {name: nothing.copy() for name in ("x", "y", "speed", "moving", "still", "corners")}
    shift = (camera[MOMENTS] - camera[MOMENTS - EVERY]) / SIZE[0]
    moves = np.linalg.norm(shift, axis=1) > 1e-4
    found["x"][MOMENTS], found["y"][MOMENTS] = shift.T
    found["speed"][MOMENTS] = np.linalg.norm(shift, axis=1) * 30 / EVERY
    found["moving"][MOMENTS] = np.where(moves, moving, 0)
    found["still"][MOMENTS] = np.where(moves, still, 1)
    found["corners"][MOMENTS] = 60
    return found


def share_moving(background: dict[str, np.ndarray], people: Keypoints2D) -> tuple[float, float]:
    """Share of the moments at which the camera is known, and at which of these it moves."""
    speed = camera_speed(background, people)[MOMENTS]
    known = np.isfinite(speed)
    return float(known.mean()), float((speed[known] > CAMERA_SPEED).mean()) if known.any() else np.nan


STILL = np.zeros((FRAMES, 2))
PAN = np.stack([np.linspace(0, 160, FRAMES), np.zeros(FRAMES)], 1)
SHAKE = np.repeat(np.random.default_rng(3).uniform(-8, 8, (FRAMES // 4, 2)), 4, axis=0)
NOTHING = {name: np.full(FRAMES, np.nan) for name in ("x", "y", "speed", "moving", "still", "corners")}


@pytest.mark.parametrize("camera", [PAN, SHAKE], ids=["pan", "shake"])
def test_a_camera_carries_background_and_feet(camera):
    for moving, still in ((0.9, 0.05), (0.4, 0.6)):  # the rest are captions
        known, moves = share_moving(seen(camera, moving, still), dancer(camera))
        assert known > 0.9 and moves > 0.6


@pytest.mark.parametrize("screen", [PAN, SHAKE], ids=["scrolls", "shakes"])
def test_a_screen_that_moves_behind_standing_feet_is_no_camera(screen):
    for moving, still in ((0.95, 0.0), (0.4, 0.5)):
        assert share_moving(seen(screen, moving, still), dancer(STILL)) == (1.0, 0.0)


def test_feet_alone_tell_where_the_background_is_plain():
    for camera, expected in ((STILL, 0.0), (PAN, 0.4), (SHAKE, 0.4)):
        known, moves = share_moving(NOTHING, dancer(camera))
        assert known > 0.3 and (moves == 0 if expected == 0 else moves > expected), (expected, moves)
    assert share_moving(NOTHING, dancer(STILL, jumps=True))[1] == 0


def test_without_background_and_feet_nothing_is_known():
    hidden = dancer(PAN)
    hidden.keypoints[:, [27, 28], 2] = 0.1
    assert share_moving(NOTHING, hidden)[0] == 0


def test_corners_are_followed_beside_the_dancer_and_captions_do_not_outvote_the_room():
    rng = np.random.default_rng(0)
    wall = np.kron(rng.uniform(90, 120, (24, 40, 1)), np.ones((16, 16, 3))).astype(np.uint8)
    people = np.full((33, 3), np.nan)

    def frame(x: int, y: int) -> np.ndarray:
        image = wall[y : y + 360, x : x + 600].copy()
        for row in (330, 345, 358):
            cv2.putText(image, "paper star in my pocket fold a wing " * 2, (0, row), 0, 0.5, (255, 255, 255), 1)
        return image

    tracker = BackgroundTracker()
    assert np.isnan(tracker.observe(frame(0, 0), people, []).speed)
    stays = tracker.observe(frame(0, 0), people, [])
    assert stays.still > 0.95 and stays.moving == 0
    moved = tracker.observe(frame(12, 6), people, [])
    assert moved.moving > 0.6 and moved.speed == pytest.approx(np.hypot(12, 6) / 600 * 5, rel=0.1)
    assert (moved.x, moved.y) == (pytest.approx(-12 / 600, rel=0.1), pytest.approx(-6 / 600, rel=0.1))
    everywhere = np.array([-100.0, -100, 900, 900])
    tracker.observe(frame(0, 0), people, [everywhere])
    assert tracker.observe(frame(20, 0), people, [everywhere]).corners == 0
