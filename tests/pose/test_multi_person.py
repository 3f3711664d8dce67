"""Choosing one dancer among several people, and saying so where it is a guess who is who."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from demo.video_faults import company
from justlmd.body.model import load_body
from justlmd.media.writer import write_video
from justlmd.pose.landmark_network import PoseNetworks
from justlmd.pose.landmarks import estimate_keypoints2d
from justlmd.pose.multi_person import DancerAmongOthers
from justlmd.pose.people import everybody
from justlmd.pose.tracking import Track, choose, follow
from justlmd.quality.motion_checks import landmark_metrics

WIDTH, HEIGHT = 640, 480
FRAMES = 90
JOINTS = [11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]


def box(x: float, width: float = 60, height: float = 200) -> np.ndarray:
    return np.array([x - width / 2, 100, x + width / 2, 100 + height])


def person(x: float, width: float = 60, height: float = 200) -> np.ndarray:
    """Landmarks (33, 3) that lie in the corners of a box."""
    left, top, right, bottom = box(x, width, height)
    return np.where(np.arange(33)[:, None] % 2 == 0, [left, top, 1], [right, bottom, 1])


def choice(looks: list[list[np.ndarray]], place: str = "") -> Track:
    return choose(follow(looks, 4), looks, WIDTH, HEIGHT, place)


# --- boxes ---


def test_each_place_names_the_one_who_stands_there_whatever_the_order_of_people():
    rng = np.random.default_rng(0)
    looks = []
    for k in range(40):
        looks.append([box(100 + k), box(300 - k), box(500)])
    orders = [rng.permutation(3) for _ in looks]
    mixed = [[look[i] for i in order] for look, order in zip(looks, orders, strict=True)]
    for number, place in enumerate(("left", "center", "right")):
        found = choice(mixed, place)
        assert not found.doubtful
        assert {k: int(orders[k][index]) for k, index in found.seen.items()} == dict.fromkeys(range(40), number)


def test_without_a_place_it_is_the_large_central_one_who_stays():
    looks = [[box(320), box(80, 100, 330)] for _ in range(40)]
    assert set(choice(looks).seen.values()) == {0}
    assert set(choice([[box(320, 30, 80), box(240, 90, 300)] for _ in range(40)]).seen.values()) == {1}
    short = [[box(320), box(200)] if k < 5 else [box(200)] for k in range(40)]
    assert len(choice(short).seen) == 40


def test_of_a_couple_that_stands_aside_left_and_right_are_still_two():
    looks = [[box(400), box(560)] for _ in range(10)]
    assert set(choice(looks, "left").seen.values()) == {0}
    assert set(choice(looks, "right").seen.values()) == {1}
    assert set(choice(looks, "center").seen.values()) == {0}, "the more central one of the frame"


def test_who_passes_by_has_no_place():
    looks = [[box(300), *([box(20 + 15 * k)] if k < 6 else [])] for k in range(60)]
    assert set(choice(looks, "left").seen.values()) == {0} and len(choice(looks, "left").seen) == 60


def test_a_close_meeting_is_noted_for_both_and_a_distant_one_is_not():
    crossing = [[box(250 + 5 * k), box(350 - 5 * k)] for k in range(20)]
    tracks = follow(crossing, 4)
    assert len(tracks) == 2 and all(8 <= picture <= 13 for track in tracks for picture in track.doubtful)
    assert all(track.doubtful for track in tracks)
    hidden = [[box(300), box(320)] if k != 5 else [box(312)] for k in range(10)]
    assert all(5 in track.doubtful for track in follow(hidden, 4))
    assert not any(track.doubtful for track in follow([[box(300), box(365)]] * 20, 4))


def test_nobody_anywhere_is_an_empty_track():
    assert choice([[], []]).seen == {} and choice([[], []], "left").seen == {}


def test_only_the_dancer_is_left_in_the_frame():
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[100:300, 90:150], picture[100:300, 190:250] = [200, 0, 0], [0, 200, 0]
    selected = DancerAmongOthers([[person(120), person(220)]] * 2, (WIDTH, HEIGHT), "right")
    shown = [selected.isolate_dancer(number, picture) for number in range(40)]
    gone = [one is None for one in shown]
    assert gone == [False] * 30 + [True] * 10, "half a second after the last detection the dancer is gone"
    assert shown[0] is not None
    seen, where = shown[0]
    assert np.array_equal(where, box(220)) and (seen[100:300, 190:250] == [0, 200, 0]).all()
    assert not (seen == [200, 0, 0]).all(-1).any()


def test_the_others_at_a_detection_are_those_who_are_at_least_half_as_tall():
    people = [[person(120, 40, 99), person(320), person(520, 40, 101)], [person(120, 40, 99)]]
    selected = DancerAmongOthers(people, (WIDTH, HEIGHT), "")
    np.testing.assert_array_equal(selected.others(0), [box(520, 40, 101)])
    np.testing.assert_array_equal(selected.others(15), [box(120, 40, 99)], "without the dancer everybody counts")


# --- rendered people ---


def standing(x: float) -> np.ndarray:
    return np.tile([x, 0.0], (FRAMES, 1))


def miss(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Mean distance per frame of the joints, in parts of the height."""
    height = np.ptp(true[:, :, 1], axis=1).mean()
    return np.asarray(np.linalg.norm(found[:, JOINTS, :2] - true[:, JOINTS], axis=-1).mean(1) / height)


Scene = tuple[Path, dict[str, np.ndarray]]


@pytest.fixture(scope="module")
def trio(tmp_path_factory) -> Scene:
    paths = {"corazon": standing(-1.0), "morning_jump": standing(0.0), "paper_star": standing(1.0)}
    film, true = company(paths)
    video = tmp_path_factory.mktemp("trio") / "video.mp4"
    write_video(video, film)
    return video, true


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "name"),
    [("left", "corazon"), ("center", "morning_jump"), ("right", "paper_star"), ("", "morning_jump")],
)
def test_of_three_dancers_the_named_one_is_followed(trio, place, name):
    video, true = trio
    found = estimate_keypoints2d(video, dancer=place)
    assert found.detected.all() and not found.doubtful.any()
    assert miss(found.keypoints, true[name]).max() < 0.06
    assert landmark_metrics(found, (0, FRAMES))[0]["identity_jumps"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(("place", "name"), [("left", "corazon"), ("right", "kitchen_parade")])
def test_of_two_dancers_the_named_one_is_followed(tmp_path, place, name):
    film, true = company({"corazon": standing(-0.6), "kitchen_parade": standing(0.6)})
    write_video(tmp_path / "video.mp4", film)
    found = estimate_keypoints2d(tmp_path / "video.mp4", dancer=place)
    assert found.detected.all()
    assert miss(found.keypoints, true[name]).max() < 0.06


@pytest.mark.slow
def test_two_who_swap_places_are_never_silently_joined(tmp_path):
    path = np.linspace(-0.8, 0.8, 150)
    film, true = company({"corazon": np.stack([path, 0 * path], 1), "paper_star": np.stack([-path, 0 * path - 0.5], 1)})
    write_video(tmp_path / "video.mp4", film)
    for place in ("left", "right"):
        found = estimate_keypoints2d(tmp_path / "video.mp4", dancer=place)
        near = [miss(found.keypoints, points) < 0.06 for points in true.values()]
        assert near[0].sum() + near[1].sum() > 100
        joined = near[0].any() and near[1].any()
        assert not joined or landmark_metrics(found, (0, 150))[0]["identity_jumps"] > 0


@pytest.mark.slow
def test_everybody_is_found_and_nobody_twice(trio):
    from justlmd.media.video import read_frames

    video, true = trio
    find = PoseNetworks().find
    for number, frame in enumerate(read_frames(video)):
        if number % 30 == 0:
            people = everybody(frame, find)
            middles = sorted(float(points[[23, 24], 0].mean()) for points in people)
            expected = sorted(float(points[number, [23, 24], 0].mean()) for points in true.values())
            np.testing.assert_allclose(middles, expected, atol=25)
    assert everybody(np.full((HEIGHT, WIDTH, 3), 128, np.uint8), find) == []


@pytest.mark.slow
def test_a_dancer_alone_is_found_in_the_same_places_with_and_without_a_name(tmp_path):
    film, true = company({"morning_jump": standing(0.0)})
    write_video(tmp_path / "video.mp4", film)
    for place in ("", "left"):
        found = estimate_keypoints2d(tmp_path / "video.mp4", dancer=place)
        assert found.detected.all() and miss(found.keypoints, true["morning_jump"]).max() < 0.06


@pytest.fixture(scope="module")
def body():
    return load_body()


@pytest.mark.slow
def test_the_gate_lets_others_stand_beside_a_named_dancer_and_nobody_else(trio, body):
    from justlmd.quality.gate import assess
    from justlmd.quality.image_signals import ImageSignalRecorder
    from justlmd.recovery.fit import recover

    video, _ = trio
    recorder = ImageSignalRecorder()
    found = estimate_keypoints2d(video, dancer="left", observer=recorder)
    assert found.searched.tolist() == list(range(0, FRAMES, 15))
    assert np.bincount(found.other_frames)[found.searched].tolist() == [2] * len(found.searched)
    motion, signals = recover(found, body), recorder.signals
    assert assess(motion, body, keypoints2d=found, image_signals=signals, named_dancer=True)["keep"]
    unnamed = assess(motion, body, keypoints2d=found, image_signals=signals)
    assert not unnamed["keep"] and unnamed["reasons"][0].startswith("several dancers")
    met = replace(found, doubtful=np.arange(FRAMES) == 45)
    switched = assess(motion, body, keypoints2d=met, image_signals=signals, named_dancer=True)
    assert not switched["keep"] and switched["ranges"]["identity_jumps"] == [[45, 46]]
