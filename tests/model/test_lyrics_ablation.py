"""The lyrics question: planted links are found and located in time, their absence is not reported as a link."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest

from demo.planted import synthetic
from demo.planted_dataset import planted_dataset
from model.configuration import DancerConfig, read_config
from model.data import LyricsMusicDance
from model.evaluation.lyrics_ablation import ARMS, WindowErrors, lyrics_question, permutation_p_value
from model.evaluation.statistics import holm
from model.networks.latent_cvae import Dancer
from model.training.checkpoint import load_model
from model.training.train import train

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small planted data set and an untrained model."""
    folder = tmp_path_factory.mktemp("planted")
    danced = planted_dataset(folder / "data", seed=3, n_songs=8, test_fraction=0.4)
    torch.manual_seed(0)
    model = Dancer(DancerConfig(d_model=16, n_heads=2, d_feedforward=16, encoder_layers=1, decoder_layers=1, patch=6))
    model.fit_normalisers(LyricsMusicDance(folder / "data", "train"))
    return folder / "data", danced, model.eval()


def trained(folder, repo, shuffled_words):
    """A probe trained on planted songs and the held-out sequences."""
    planted_dataset(folder / "data", seed=2, n_songs=24, shuffled_words=shuffled_words)
    train(folder / "data", folder / "model", read_config(repo / "model/configs/v3_probe.yaml"), device="cpu")
    return load_model(folder / "model")[0], LyricsMusicDance(folder / "data", "test")


@pytest.mark.slow
def test_planted_links_are_detected_and_located_in_time(tmp_path, repo):
    result = lyrics_question(*trained(tmp_path, repo, shuffled_words=False))
    assert result["p_permutation"] < 0.01
    assert result["both_minus"]["shuffled within the song"]["high"] < 0
    assert abs(result["time"]["best_s"]) <= 0.25
    assert result["arms"]["lyrics"]["value"] < result["arms"]["music"]["value"]
    assert result["retrieval"]["MedR"] <= result["retrieval"]["chance_MedR"]
    assert "tell something" in result["sentence"]


@pytest.mark.slow
def test_words_that_say_nothing_about_the_dance_are_not_found_to(tmp_path, repo):
    result = lyrics_question(*trained(tmp_path, repo, shuffled_words=True))
    assert result["p_permutation"] > 0.01
    assert abs(result["both_minus"]["shuffled within the song"]["value"]) < 2.0


def test_the_planted_data_set_has_the_words_of_each_window_and_the_moves_at_their_times(small):
    path, danced, _ = small
    data = LyricsMusicDance(path, ["synthetic_3_0"])
    song = synthetic(3, 1)[0]
    assert len(data) == 3
    for window in data.windows:
        assert min(abs(word.start - window.start_s) for word in song.words) < 1 / 30
        _, times = data.tokens(window.song, window.start_s)
        sung = [w for w in song.words if w.end > window.start_s and w.start < window.start_s + 6]
        starts = times[:, 0] + window.start_s
        assert all(np.abs(starts - word.start).min() < 1e-3 for word in sung)
    np.testing.assert_allclose(danced[song.id]["time_s"], [t.time for t in song.triggers])


def test_every_arm_is_measured_and_an_untrained_model_is_indifferent_to_words_that_it_may_not_see(small):
    path, _, model = small
    result = lyrics_question(model, LyricsMusicDance(path, "test"), permutations=50, bootstrap=50)
    assert tuple(result["arms"]) == ARMS
    assert set(result["both_minus"]) == set(ARMS) - {"both"}
    assert 0 < result["p_permutation"] <= 1
    for entry in result["both_minus"].values():
        assert entry["p_holm"] >= entry["p_songs"]
    errors = WindowErrors(model, LyricsMusicDance(path, "test"), "cpu")
    own = np.arange(len(errors.batch.transl))
    hidden = errors(own, own, lyrics=False)
    np.testing.assert_allclose(errors(own, np.roll(own, 1), lyrics=False), hidden, rtol=1e-5)


def test_words_moved_by_nothing_are_the_windows_own(small):
    path, _, model = small
    errors = WindowErrors(model, LyricsMusicDance(path, "test"), "cpu")
    same = errors.words_from(np.zeros(len(errors.batch.transl)))
    for own, again in zip(errors.batch.conditions, same, strict=True):
        torch.testing.assert_close(own, again, rtol=0, atol=1e-5)


def test_words_moved_by_a_second_have_times_a_second_earlier(small):
    path, _, model = small
    errors = WindowErrors(model, LyricsMusicDance(path, "test"), "cpu")
    later = errors.words_from(np.ones(len(errors.batch.transl)))
    own = errors.batch.conditions
    first = own.token_times[0][own.token_mask[0]]
    moved = later.token_times[0][later.token_mask[0]]
    kept = first[first[:, 1] > 1.0001] - 1
    np.testing.assert_allclose(moved[: len(kept)].numpy(), kept.numpy(), atol=1e-4)


def test_a_single_song_with_one_window_cannot_answer(small):
    path, _, model = small
    data = LyricsMusicDance(path, ["synthetic_3_0"])
    data.windows = data.windows[:1]
    result = lyrics_question(model, data, permutations=20, bootstrap=20)
    assert result["p_permutation"] is None and result["arms"]["from another song"]["value"] is None
    assert "cannot be said" in result["sentence"]


def test_the_permutation_test_is_uniform_without_a_link_and_small_with_one():
    random = np.random.default_rng(0)
    songs = np.repeat(np.arange(6), 4)
    same = songs[:, None] == songs[None]
    found = []
    for _ in range(200):
        matrix = np.where(same, random.standard_normal((24, 24)), np.nan)
        found.append(permutation_p_value(matrix, songs, 99, random))
    assert kstest(found, "uniform").pvalue > 0.01
    assert permutation_p_value(matrix - 3 * np.eye(24), songs, 199, random) == pytest.approx(1 / 200)


def test_holm_corrects_the_smallest_most_and_keeps_the_order():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
