"""Dances joined from training dances: on the beat, to the words, never long copies, with feet that stand still."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from demo.planted_dataset import planted_splits
from justlmd.body.model import load_body
from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.files import read_npz, write_npz
from justlmd.core.rotations import rotation_matrices
from justlmd.dataset.build import build_dataset
from justlmd.dataset.splits import Splits
from justlmd.dataset.storage import open_dataset
from model.evaluation.dance_metrics import dance_metrics, learn_moves, standing_floor, word_hits
from model.generation.beat_graph import joints_of, source_dance
from model.generation.beat_search import Costs, phrases
from model.generation.choreographer import Choreographer, beat_grid, choreograph, chorus_returns, motion_of
from model.generation.foot_lock import ANKLES, HIPS, KNEES, TOES, lock_feet, runs, standing_feet
from model.generation.word_salience import SungWords

TRAINED, TESTED = 10, 4


@pytest.fixture(scope="module")
def body():
    return load_body()


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """The folder of a data set of songs whose words trigger moves, their files and their triggers by song."""
    folder = tmp_path_factory.mktemp("planted")
    files, songs = planted_splits(folder, 5, {"train": TRAINED, "test": TESTED})
    return folder / "data", {song.song: song for song in files}, {song.id: song.triggers for song in songs}


@pytest.fixture(scope="module")
def choreographer(planted, body):
    return Choreographer.of_dataset(open_dataset(planted[0]), rest_joints=body.rest_joints())


@pytest.fixture(scope="module")
def dances(planted, choreographer, body):
    """By test song: the real dance and the choreographed one."""
    arrays, found = open_dataset(planted[0]), {}
    for song in arrays.splits["test"]:
        real = source_dance(arrays, song, body.rest_joints(), even=False)
        found[song] = real, choreographer.dance(real.beats / FPS, real.words, len(real.joints), seed=0)
    return found


def joints(dance, body):
    return joints_of(dance.rotations, dance.pelvis, body.rest_joints())


def test_moves_as_much_and_as_smoothly_as_people_and_on_the_beat(dances, body):
    floor = standing_floor([real.joints for real, _ in dances.values()])
    found = [
        [dance_metrics(x, real.beats / FPS, floor) for x in (real.joints, joints(dance, body))]
        for real, dance in dances.values()
    ]
    ratio = {name: np.mean([made[name] for _, made in found]) / np.mean([real[name] for real, _ in found])
             for name in ("speed", "jerk", "feet", "hands", "beat_f", "contact")}  # fmt: skip
    assert 0.85 < ratio["speed"] < 1.3 and 0.8 < ratio["jerk"] < 1.35
    assert ratio["feet"] > 0.8 and ratio["hands"] > 0.8
    assert ratio["beat_f"] > 0.75
    assert ratio["contact"] > 0.9
    assert np.mean([made["beat_f_above_shifted"] for _, made in found]) > 0.2
    assert np.mean([made["slide_share"] for _, made in found]) < 0.05
    assert max(made["sunk"] for _, made in found) < 0.01


def test_dances_the_moves_of_the_words_that_are_sung(planted, choreographer, dances, body):
    arrays = open_dataset(planted[0])

    def moves(song):
        return [(t.time - arrays.songs[song].start_frame / FPS, t.name) for t in planted[2][song]]

    sources = choreographer.graph.dances
    templates = learn_moves([s.joints for s in sources], [moves(s.song) for s in sources])
    hits = [word_hits(templates, joints(dance, body), moves(song)) for song, (_, dance) in dances.items()]
    mean = np.mean([found["hits_loose"] for found in hits])
    assert mean > 0.55
    assert mean > np.mean([found["hits_chance"] for found in hits]) + 0.3
    of_others = [joints(dances[song][1], body) for song in np.roll(list(dances), 1)]
    others = [word_hits(templates, x, moves(song)) for x, song in zip(of_others, dances, strict=True)]
    assert mean > np.mean([found["hits_loose"] for found in others]) + 0.3


def test_trigger_words_weigh_more_than_fillers(planted, choreographer):
    graph, triggers = choreographer.graph, planted[2]
    near = []
    for dance, beat, frames in zip(graph.dance, graph.beat, graph.frames, strict=True):
        source = graph.dances[dance]
        start_s = source.beats[beat] / FPS + open_start(planted[0], source.song)
        near.append(min(abs(trigger.time - start_s) for trigger in triggers[source.song]) < 0.2 * frames / FPS)
    near = np.array(near)
    assert graph.weight[near].mean() > 0.5 > 0.3 > graph.weight[~near].mean()


def open_start(data, song):
    return open_dataset(data).songs[song].start_frame / FPS


@pytest.mark.parametrize("costs", [Costs(), Costs(word=0.0, cut=0.0)], ids=["words", "without words"])
def test_no_stretch_of_a_training_dance_is_longer_than_sixteen_beats(planted, body, costs):
    arrays = open_dataset(planted[0])
    choreographer = Choreographer.of_dataset(arrays, rest_joints=body.rest_joints(), costs=costs)
    graph = choreographer.graph
    for song in arrays.splits["test"]:
        real = source_dance(arrays, song, body.rest_joints(), even=False)
        dance = choreographer.dance(real.beats / FPS, real.words, len(real.joints))
        pieces = phrases(graph, dance.path)
        lengths = [last - first for first, last in pieces]
        assert max(lengths) <= costs.longest and min(lengths[:-1]) >= costs.shortest
        assert dance.longest_copy_s <= max(np.diff(dance.beats)) * costs.longest / FPS
        for (_, last), (first, _) in pairwise(pieces):
            left, entered = dance.path[last - 1], dance.path[first]
            same = graph.dance[left] == graph.dance[entered]
            assert not (same and abs(graph.beat[entered] - graph.beat[left] - 1) <= 4)


def test_beats_of_the_training_dances_fall_on_the_beats_of_the_song(dances):
    for real, dance in dances.values():
        gaps = np.abs(real.beats[:, None] - dance.beats).min(1)
        assert gaps.max() < 1e-6


def test_equal_seeds_give_equal_dances_and_other_seeds_others(choreographer, dances):
    real, dance = next(iter(dances.values()))
    again, other = (choreographer.dance(real.beats / FPS, real.words, len(real.joints), seed=n) for n in (0, 1))
    assert np.array_equal(dance.rotations, again.rotations) and np.array_equal(dance.pelvis, again.pelvis)
    assert (dance.path != other.path).mean() > 0.2


def test_a_chorus_is_danced_alike(choreographer, dances):
    real, _ = next(iter(dances.values()))
    beats, words = real.beats[:17], real.words
    early = words.start_s * FPS < beats[16]
    period = (beats[16] - beats[0]) / FPS
    twice = SungWords(np.tile(words.states[early], (2, 1)), np.r_[words.start_s[early], words.start_s[early] + period])
    grid = np.r_[beats[:-1], beats[:-1] + period * FPS]
    dance = choreographer.dance(grid / FPS, twice, int(grid[-1]) + 15)
    first = int(np.abs(dance.beats - beats[0]).argmin())
    same = [dance.path[k] == dance.path[k + 16] for k in range(first + 1, first + 15)]
    assert np.mean(same) > 0.7
    unique = choreographer.dance(grid / FPS, replace(twice, states=twice.states + 0), int(grid[-1]) + 15, seed=0)
    assert np.array_equal(unique.path, dance.path)


def test_no_chorus_is_found_where_words_do_not_return():
    random = np.random.default_rng(0)
    vectors = random.standard_normal((40, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    beats = np.arange(40) * 15.0
    assert (chorus_returns(vectors, beats, beats) < 0).all()
    vectors[20:32] = vectors[4:16]
    returns = chorus_returns(vectors, beats, beats)
    found = np.flatnonzero(returns >= 0)
    assert set(range(21, 31)) <= set(found) <= set(range(20, 32)) and (found - returns[found] == 16).all()


def test_one_song_is_enough(planted, body):
    arrays = open_dataset(planted[0])
    choreographer = Choreographer.of_dataset(arrays, arrays.splits["train"][:1], rest_joints=body.rest_joints())
    real = source_dance(arrays, arrays.splits["test"][0], body.rest_joints(), even=False)
    dance = choreographer.dance(real.beats / FPS, real.words, len(real.joints))
    assert len(dance.rotations) == len(real.joints) and np.isfinite(dance.pelvis).all()
    assert dance.songs == arrays.splits["train"][:1]


def test_a_whole_song_is_danced_from_its_files(planted, body, tmp_path):
    data, files, _ = planted
    song = files[open_dataset(data).splits["test"][0]]
    frames = len(read_npz(song.audio)["log_mel"])
    dance = choreograph(data, body, song.audio, song.embeddings, seed=3)
    motion = motion_of(dance, body)
    assert len(motion) == frames and motion.valid.all()
    assert np.abs(motion.transl.mean(0)[[0, 2]]).max() < 1e-9
    np.testing.assert_allclose(motion.joints(body)[:, 1:] - motion.joints(body)[:, :1],
                               joints(dance, body)[:, 1:] - joints(dance, body)[:, :1], atol=1e-6)  # fmt: skip
    without_words = choreograph(data, body, song.audio, None)
    without_music = choreograph(data, body, None, song.embeddings)
    assert len(without_words.rotations) == frames
    assert np.ptp(np.diff(without_music.beats)) < 1e-6, "without music the pulse is steady"
    with pytest.raises(InputError, match="nothing to dance to"):
        choreograph(data, body, None, None)
    tokens = read_npz(song.embeddings)
    write_npz(tmp_path / "other.npz", **(tokens | {"encoder": np.array("another")}))
    with pytest.raises(InputError, match="made by text encoder 'another'"):
        choreograph(data, body, song.audio, tmp_path / "other.npz")


def test_songs_without_music_are_learned_from_by_the_beats_of_their_dances(planted, body, tmp_path):
    _, files, _ = planted
    silent = [replace(song, audio=None) for song in list(files.values())[:3]]
    names = [song.song for song in silent]
    build_dataset(
        silent, tmp_path, body, splits=Splits(dict(zip(names, names, strict=True)), dict.fromkeys(names, "train"))
    )
    arrays = open_dataset(tmp_path)
    for song in silent:
        found = source_dance(arrays, song.song, body.rest_joints()).beats
        true = read_npz(files[song.song].audio)["beat_times"]
        ratio = np.median(np.diff(true)) * FPS / np.median(np.diff(found))
        assert min(abs(ratio / octave - 1) for octave in (0.5, 1, 2)) < 0.05
    dance = Choreographer.of_dataset(arrays).dance(true, SungWords(np.zeros((0, 384)), np.zeros(0)), 600)
    assert len(dance.rotations) == 600


def test_too_little_motion_is_a_clear_error(planted, body, tmp_path):
    _, files, _ = planted
    song = next(iter(files.values()))
    audio = read_npz(song.audio)
    write_npz(tmp_path / "audio_features.npz", **(audio | {"beat_times": audio["beat_times"][:2]}))
    only = replace(song, audio=tmp_path / "audio_features.npz")
    build_dataset([only], tmp_path / "data", body, splits=Splits({song.song: "a"}, {song.song: "train"}))
    with pytest.raises(InputError, match="no training song has beats"):
        choreograph(tmp_path / "data", body, files[song.song].audio, None)


def test_the_grid_of_beats_covers_the_song_and_fills_gaps():
    grid = beat_grid(np.r_[30 + 15 * np.arange(10), 300.0, 301.0, 315.0], 400, usual=20.0)
    assert grid[0] <= 0 and grid[-1] >= 400 and (np.diff(grid) > 7).all() and np.diff(grid).max() < 20
    steady = beat_grid(np.zeros(0), 100, usual=20.0)
    assert steady[0] == 0 and np.allclose(np.diff(steady), 20)


def test_standing_feet_are_held_and_sunken_feet_lifted(body):
    frames, rest = 90, body.rest_joints()
    rotations = np.tile(np.eye(3), (frames, 24, 1, 1))
    rotations[:, [1, 2]] = rotation_matrices(np.array([-0.35, 0, 0]))
    rotations[:, [4, 5]] = rotation_matrices(np.array([0.7, 0, 0]))
    rotations[:, [7, 8]] = rotation_matrices(np.array([-0.35, 0, 0]))
    level = joints_of(rotations[:1], np.zeros((1, 3)), rest)[0]
    pelvis = np.zeros((frames, 3))
    pelvis[:, 0] = 0.05 * np.sin(np.arange(frames) / 15)  # slides with both feet
    pelvis[:, 1] = -level[TOES[0], 1] - 0.01 * np.sin(np.arange(frames) / 30) ** 2  # and sinks
    sole = np.array([level[ANKLES[0], 1] - level[TOES[0], 1], 0.0])
    turned, lowered = lock_feet(rotations, pelvis, np.ones((frames, 2), bool), rest, sole)
    x = joints_of(turned, lowered, rest)
    for ankle, toe in zip(ANKLES, TOES, strict=True):
        assert np.ptp(x[:, ankle], axis=0).max() < 0.004
        assert x[:, toe, 1].min() > -0.002
    np.testing.assert_allclose(lowered, pelvis, atol=1e-9)
    assert standing_feet(x).all()
    assert runs(np.array([True, False, True, True])) == [(0, 1), (2, 4)]


def test_standing_feet_that_tremble_are_still(body):
    frames, rest = 120, body.rest_joints()
    trembling = np.random.default_rng(0).normal(0, 0.01, (frames, 24, 3))  # about 7 mm at the ankles, every frame anew
    rotations = rotation_matrices(np.array([[-0.35, 0, 0]] * 24) * np.isin(np.arange(24), HIPS)[:, None] + trembling)
    rotations[:, KNEES] = rotations[:, KNEES] @ rotation_matrices(np.array([0.7, 0, 0]))
    pelvis = np.zeros((frames, 3))
    before = joints_of(rotations, pelvis, rest)
    pelvis[:, 1] -= before[:, [*ANKLES, *TOES], 1].min()
    after = joints_of(*lock_feet(rotations, pelvis, np.ones((frames, 2), bool), rest, np.array([0.06, 0.02])), rest)
    moved, still = (np.linalg.norm(np.diff(x[2:-2, ANKLES], axis=0)[..., [0, 2]], axis=-1) for x in (before, after))
    assert moved.mean() > 0.003 and still.max() < 1e-6
