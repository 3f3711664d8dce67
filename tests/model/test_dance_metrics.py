"""Metrics of whole dances: known values, and that dancers nobody wants to see look bad in them."""

import numpy as np
import pytest

from demo.planted import synthetic
from justlmd.body.model import load_body
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from model.evaluation.dance_metrics import (
    LABELS,
    Floor,
    dance_metrics,
    learn_moves,
    seam_jerk,
    standing_floor,
    word_hits,
)
from model.evaluation.degenerate_dancers import DANCERS


@pytest.fixture(scope="module")
def songs():
    return synthetic(seed=3, n_songs=4)


@pytest.fixture(scope="module")
def dances(songs):
    body = load_body()
    return [song.motion.joints(body) for song in songs]


@pytest.fixture(scope="module")
def measured(songs, dances):
    """By dancer the measures of the first song: the real dance, every degenerate one, another song's dance."""
    floor, beats = standing_floor(dances), songs[0].beats_s
    made = {name: make(dances[0]) for name, make in DANCERS.items()}
    length = min(map(len, dances))
    made |= {"real": dances[0], "another": dances[1][:length]}
    return {name: dance_metrics(joints, beats, floor) for name, joints in made.items()}


def test_a_swinging_hand_has_the_amplitude_speed_and_band_of_its_swing():
    t = np.arange(600) / FPS
    joints = np.tile(load_body().rest_joints(), (600, 1, 1))
    joints[:, 20, 0] += 0.2 * np.sin(2 * np.pi * t)  # one of the four joints of the hands, once a second
    found = dance_metrics(joints, np.zeros(0), Floor(0.0, 0.0))
    assert found["hands"] == pytest.approx(0.2 / np.sqrt(2) / 2, rel=1e-3)
    assert max(found["feet"], found["path"]) < 1e-9
    assert found["speed"] == pytest.approx(0.2 * 2 * np.pi * (2 / np.pi) / 24, rel=0.02)
    assert found["band_1"] == pytest.approx(0.2 / np.sqrt(2) / np.sqrt(23), rel=1e-3)
    assert found["band_0"] < 1e-6 and found["band_3"] < 1e-6
    assert found["closest_repeat"] < 1e-6 and np.isnan(found["beat_f"])
    assert set(found) == set(LABELS)


def test_feet_slide_float_and_sink_where_they_do():
    joints = np.tile(load_body().rest_joints(), (300, 1, 1))
    joints[..., 1] -= joints[0, 10, 1]
    floor = Floor(float(joints[0, 7, 1]), 0.0)
    joints[100:150, :, 0] += 0.02 * np.arange(50)[:, None]
    joints[150:] += [0.98, 0, 0]
    joints[200:230, :, 1] += 0.1
    joints[260:, :, 1] -= 0.05
    found = dance_metrics(joints, np.zeros(0), floor)
    assert found["floating"] == pytest.approx(0.1) and found["sunk"] == pytest.approx(40 / 300)
    assert found["contact"] == pytest.approx(230 / 300)
    assert found["slide_share"] == pytest.approx(50 / 227, abs=0.01)


def test_degenerate_dancers_look_bad(measured):
    real = measured["real"]
    assert measured["mean_pose"]["speed"] == 0 and measured["mean_pose"]["hands"] < 1e-9
    assert measured["still_2mm"]["hands"] < 0.05 * real["hands"] and measured["still_2mm"]["jerk"] > 3 * real["jerk"]
    assert measured["still_2mm"]["beat_f_above_shifted"] < 0.3 * real["beat_f_above_shifted"]
    assert measured["still_2mm"]["band_1"] < 0.05 * real["band_1"]
    assert measured["smooth_noise"]["slide_share"] > 0.3 > 5 * real["slide_share"]
    assert measured["smooth_noise"]["sunk"] > 0.2
    assert measured["smooth_noise"]["beat_f_above_shifted"] < 0.3 * real["beat_f_above_shifted"]
    assert measured["lifted"]["contact"] == 0 and measured["lifted"]["floating"] == 1
    assert np.isnan(measured["lifted"]["slide_share"])
    assert measured["loop_2s"]["closest_repeat"] < 1e-9 < 0.03 < real["closest_repeat"]
    assert measured["another"]["beat_f_above_shifted"] < 0.5 * real["beat_f_above_shifted"]


def test_words_are_hit_by_the_dance_they_belong_to_and_by_no_other(songs, dances):
    def moves(song):
        return [(trigger.time, trigger.name) for trigger in song.triggers]

    templates = learn_moves(dances[1:], [moves(song) for song in songs[1:]])
    own, other = (word_hits(templates, x, moves(songs[0])) for x in (dances[0], dances[1]))
    assert own["hits_loose"] > 0.8 > 0.4 > own["hits_chance"]
    assert other["hits_loose"] < 0.5 * own["hits_loose"]
    still = word_hits(templates, DANCERS["mean_pose"](dances[0]), moves(songs[0]))
    assert still["hits"] <= 0.1
    assert np.isnan(word_hits(templates, dances[0], [])["hits"])
    with pytest.raises(InputError, match="no training dance has a move"):
        learn_moves(dances, [[] for _ in dances])


def test_a_seam_shows_in_its_jerk(dances):
    broken = dances[0].copy()
    broken[300:, :, 0] += 0.05
    assert seam_jerk(broken, np.array([300])) > 2 * seam_jerk(dances[0], np.array([300]))
    assert np.isnan(seam_jerk(dances[0], np.zeros(0)))
