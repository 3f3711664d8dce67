"""Whole dances to held-out songs: every dancer nobody wants to see is seen through, and what moves a dance is told."""

import numpy as np
import pytest

from demo.planted_dataset import planted_splits, write_planted_songs
from justlmd.body.model import load_body
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.dataset.build import build_dataset
from model.data import LyricsMusicDance
from model.evaluation.dance_metrics import Floor
from model.evaluation.degenerate_dancers import DANCERS
from model.evaluation.statistics import ratio_bootstrap
from model.evaluation.two_samples import stretch_features, two_sample_accuracy
from model.evaluation.whole_dances import ChoreographedDancer, Danced, WholeDances
from model.generation.choreographer import Choreographer

LEARNED, TESTED = 5, 4
BAD = {
    "another_song": [("hits", 0.0, 0.5)],
    "mean_pose": [("speed", 0.0, 0.01), ("hands", 0.0, 0.01), ("beat_share", -0.1, 0.3)],
    "still_2mm": [("hands", 0.0, 0.05), ("jerk", 3.0, np.inf), ("beat_share", -0.3, 0.3)],
    "smooth_noise": [("slide_speed", 3.0, np.inf), ("beat_share", -0.4, 0.4)],
    "lifted": [("contact", 0.0, 0.01)],
    "loop_2s": [("closest_repeat", 0.0, 0.01), ("beat_share", -0.3, 0.5)],
}
"""By dancer the measures that give it away: their ratio to the real one's lies between these."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Five planted songs to learn from and four to dance to, with all columns that need no training."""
    folder = tmp_path_factory.mktemp("whole")
    songs, body = planted_splits(folder, 41, {"train": LEARNED, "test": TESTED})[1], load_body()
    learned, tested = (LyricsMusicDance(folder / "data", split) for split in ("train", "test"))
    starts = {name: row.start_frame / FPS for name, row in tested.arrays.songs.items()}
    moves = {song.id: [(t.time - starts[song.id], t.name) for t in song.triggers] for song in songs}
    whole = WholeDances(learned, tested, body, moves=moves, bootstrap=50)
    choreographer = Choreographer.of_dataset(tested.arrays, learned.songs, body.rest_joints())
    whole.add_dancer("choreographer", ChoreographedDancer(choreographer, tested))
    return whole


@pytest.fixture(scope="module")
def table(whole):
    return whole.table()


def test_every_dancer_nobody_wants_to_see_looks_bad_in_an_honest_measure(table):
    assert set(DANCERS) | {"another_song"} == set(BAD)
    for dancer, signs in BAD.items():
        for measure, low, high in signs:
            value = table[dancer][measure]["value"]
            ratio = value if measure == "beat_share" else value / table["real"][measure]["value"]
            assert low <= ratio <= high, f"{dancer}: {measure} is {ratio:.2f} of the real dance's"


def test_a_classifier_tells_degenerate_dancers_from_real_ones_and_not_real_ones_from_each_other(table):
    for dancer in ("mean_pose", "still_2mm", "smooth_noise", "lifted"):
        assert table[dancer]["told_apart"]["low"] > 0.9
    assert table["real"]["told_apart"]["value"] < 0.7  # four songs are too few to tell a loop


def test_the_choreographer_follows_words_music_and_chance_less_than_two_real_dances_differ(table):
    made, apart = table["choreographer"], table["real"]["moved_by_words"]["value"]
    assert 0.1 < apart < 0.5
    for measure in ("moved_by_words", "moved_by_music", "moved_by_noise"):
        assert 0.1 * apart < made[measure]["value"] < 1.3 * apart
    assert made["hits"]["value"] > 2 * made["hits_chance"]["value"]
    assert made["beat_share"]["value"] > 0.5 and 0.5 < made["seam_jerk"]["value"] < 2


def test_songs_swap_words_and_music_with_songs_of_another_group(whole):
    groups = {name: row.group for name, row in whole.arrays.songs.items()}
    for song in whole.songs:
        assert groups[song.other] != groups[song.name]
        assert (song.frames - 30) % 150 == 0 and song.frames <= whole.arrays.songs[song.name].frames
        assert len(song.truth.joints) == song.frames


def test_parts_with_other_songs_join_to_one_table(whole):
    twice = whole.joined(whole)
    assert len(twice.songs) == 2 * TESTED and len(twice.values["real"]["speed"]) == 2 * TESTED
    assert twice.values["real"]["speed"].mean() == pytest.approx(whole.values["real"]["speed"].mean())


def test_another_dancers_dance_to_all_songs_can_be_added(whole):
    mirrored = {song.name: Danced(song.truth.joints * [-1, 1, 1], np.array([90])) for song in whole.songs}
    whole.add("mirrored", mirrored)
    assert whole.values["mirrored"]["speed"] == pytest.approx(whole.values["real"]["speed"])
    assert np.isfinite(whole.values["mirrored"]["seam_jerk"]).all()
    del whole.values["mirrored"]


def test_without_six_seconds_of_motion_there_is_an_error(whole, tmp_path):
    files, songs = write_planted_songs(tmp_path / "songs", 42, 1)
    build_dataset(files, tmp_path / "data", load_body())
    song = LyricsMusicDance(tmp_path / "data", [songs[0].id])
    nothing = LyricsMusicDance(tmp_path / "data", [])
    with pytest.raises(InputError, match="no test song has six seconds"):
        WholeDances(song, nothing, load_body())


# ---------------------------------------------------------------- classifier and ratio


def noise(seed: int, songs: int, shift: float = 0.0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {f"song {number}": random.standard_normal((12, 6)) * 3 + shift for number in range(songs)}


def test_equal_distributions_cannot_be_told_apart_and_shifted_ones_can():
    same = two_sample_accuracy(noise(0, 20), noise(1, 20), 200, 0)
    apart = two_sample_accuracy(noise(0, 20), noise(1, 20, shift=6.0), 200, 0)
    assert same["low"] < 0.5 < same["high"] and same["high"] - same["low"] < 0.25
    assert apart["value"] > 0.9 > same["high"]
    assert two_sample_accuracy(noise(0, 3), noise(1, 3), 200, 0) == {"value": None, "low": None, "high": None}


def test_what_a_song_alone_has_does_not_help_with_other_songs():
    real, made = noise(0, 12), noise(1, 12)
    for number, song in enumerate(real):
        sign = 1 if number % 2 else -1
        real[song], made[song] = real[song] + 8 * sign, made[song] - 8 * sign
    assert two_sample_accuracy(real, made, 100, 0)["value"] < 0.6


def test_tenths_of_a_millimetre_are_no_features():
    t = np.arange(300)[:, None, None] / FPS
    joints = load_body().rest_joints() + 0.1 * np.sin(2 * np.pi * t)
    lifted = stretch_features(joints + [0, 0.0003, 0], Floor(0.05, 0.0)) - stretch_features(joints, Floor(0.05, 0.0))
    raised = stretch_features(joints + [0, 0.1, 0], Floor(0.05, 0.0)) - stretch_features(joints, Floor(0.05, 0.0))
    assert np.abs(lifted).max() < 0.5 and np.abs(raised).max() > 5


def test_a_ratio_of_means_has_an_interval_over_songs():
    random = np.random.default_rng(0)
    real = 0.5 + 0.05 * random.standard_normal(24)
    found = ratio_bootstrap(0.8 * real + 0.02 * random.standard_normal(24), real, 500, 0)
    assert found["low"] < 0.8 < found["high"] and found["high"] - found["low"] < 0.1
    assert ratio_bootstrap(real, -real, 100, 0)["value"] is None
    assert ratio_bootstrap(np.full(3, np.nan), np.ones(3), 100, 0)["value"] is None
