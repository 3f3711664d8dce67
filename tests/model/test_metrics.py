"""The metrics against values of the published code, against truth, and against their known traps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

from justlmd.core.errors import InputError
from justlmd.features.beats import match_count
from model.evaluation import metrics
from model.evaluation.motion_features import geometric_features, kinetic_features

MUSIC_BEATS = np.arange(7, 180, 15)


def random_joints(seed: int, frames: int, clips: int) -> np.ndarray:
    """Smooth random joints (clips, frames, 24, 3) for which the published code's results are known."""
    random = np.random.default_rng(seed)
    result = []
    for _ in range(clips):
        wobble = gaussian_filter1d(random.standard_normal((frames, 24, 3)), 6, axis=0) * 0.3
        result.append(wobble + random.uniform(-0.5, 0.5, (1, 24, 3)) + np.array([0, 1, 0]))
    return np.array(result)


@pytest.fixture(scope="module")
def dance() -> np.ndarray:
    clip = random_joints(0, 180, 1)[0]
    assert clip.sum() == pytest.approx(4002.36962092833)
    return clip


@pytest.fixture(scope="module")
def features() -> tuple[np.ndarray, np.ndarray]:
    a, b = random_joints(1, 60, 90), random_joints(2, 60, 100)
    assert a.sum() == pytest.approx(129564.852128) and b.sum() == pytest.approx(143332.835068)
    return (
        np.array([kinetic_features(clip, legacy=True) for clip in a]),
        1.1 * np.array([kinetic_features(clip, legacy=True) for clip in b]),
    )


def walk(frames: int = 90, speed: float = 0.0) -> np.ndarray:
    """A stiff figure (T, 24, 3) that glides along x with ``speed`` m/s; ankles .08, toes .02 m above the floor."""
    joints = np.zeros((frames, 24, 3)) + np.arange(24)[:, None] * [0.01, 0.07, 0.02]
    joints[:, [7, 8], 1], joints[:, [10, 11], 1] = 0.08, 0.02
    return joints + np.arange(frames)[:, None, None] * [speed / 30, 0, 0]


# ---------------------------------------------------------------- kinetic and geometric features


def test_legacy_kinetic_features_equal_the_published_codes(dance):
    values = kinetic_features(dance, legacy=True)
    assert values.sum() == pytest.approx(91654.890625, rel=1e-5)
    expected = [0.32339001, 0.13702001, 3284.7007, 0.28338999, 0.11897, 3952.7290]
    np.testing.assert_allclose(values[:6], expected, rtol=2e-5)


@pytest.mark.parametrize(
    ("fps", "total", "first"),
    [
        (60, 214.275308, [0.32339, 0.13702, 7.97455, 0.28339, 0.11897, 7.58110]),
        (30, 53.568827, [0.08085, 0.03426, 1.99364, 0.07085, 0.02974, 1.89527]),
    ],
)
def test_fixed_kinetic_features_have_the_known_values(dance, fps, total, first):
    values = kinetic_features(dance, fps=fps)
    assert values.sum() == pytest.approx(total, rel=1e-6)
    np.testing.assert_allclose(values[:6], first, atol=6e-6)


def test_lifting_the_body_changes_the_legacy_energy_but_not_the_fixed_one(dance):
    raised = dance + np.array([0, 10, 0])
    legacy, lifted = kinetic_features(dance, legacy=True), kinetic_features(raised, legacy=True)
    assert lifted.sum() == pytest.approx(935313.9375, rel=1e-5)
    assert lifted[2::3].sum() / legacy[2::3].sum() == pytest.approx(10.20614, rel=1e-5)
    np.testing.assert_allclose(lifted[0::3], legacy[0::3], rtol=1e-3)
    np.testing.assert_allclose(kinetic_features(raised), kinetic_features(dance), rtol=1e-9)


def test_kinetic_features_equal_a_loop_over_the_definition():
    clip = random_joints(5, 7, 1)[0]
    values = np.zeros((24, 3))
    for joint in range(24):
        x = clip[:, joint]
        for i in range(1, 7):
            window = [j for j in range(i - 2, i + 3) if 1 <= j < 7]
            v = np.mean([(x[j] - x[j - 1]) * 30 for j in window], axis=0)
            inner = [j for j in window if j < 6]
            a = np.mean([(x[j + 1] - 2 * x[j] + x[j - 1]) * 900 for j in inner], axis=0)
            values[joint] += np.array([v[0] ** 2 + v[2] ** 2, v[1] ** 2, np.linalg.norm(a)]) / 6
    np.testing.assert_allclose(kinetic_features(clip), values.ravel(), rtol=1e-10)


def test_kinetic_energy_of_a_steady_glide_is_its_squared_speed():
    values = kinetic_features(walk(speed=1.5)).reshape(24, 3)
    np.testing.assert_allclose(values, np.tile([2.25, 0, 0], (24, 1)), atol=1e-9)


def test_legacy_geometric_features_equal_the_published_codes(dance):
    values = geometric_features(dance, legacy=True)
    assert values.sum() == pytest.approx(18.14525032, rel=1e-5)
    expected = [0.324021995, 0.519553006, 0, 0, 0.374302, 0.374302, 1, 0.575419009]
    np.testing.assert_allclose(values[:8], expected, rtol=1e-5)


def test_geometric_speed_relations_depend_on_the_frame_rate(dance):
    assert geometric_features(dance, fps=120) == pytest.approx(geometric_features(dance, legacy=True))
    assert geometric_features(dance, fps=30).sum() < geometric_features(dance, legacy=True).sum()


def test_geometric_features_of_one_pose_repeated_are_zero_or_one():
    values = geometric_features(np.repeat(random_joints(6, 4, 1)[0][:1], 5, axis=0))
    assert set(values) <= {0.0, 1.0}


def test_nan_joints_are_refused(dance):
    broken = dance.copy()
    broken[3, 4, 0] = np.nan
    for function in (kinetic_features, geometric_features, metrics.pfc, metrics.smoothness, metrics.motion_beats):
        with pytest.raises(InputError, match="NaN"):
            function(broken)


# ---------------------------------------------------------------- distributions


def test_fid_equals_the_published_value(features):
    a, b = features
    assert metrics.fid(b, a, min_std=0) == pytest.approx(42.877227329, rel=1e-5)
    assert metrics.fid(b, a) == pytest.approx(42.877227329, rel=1e-5)


def test_fid_of_a_rank_deficient_sample_is_close_to_the_published_value(features):
    a, b = features
    assert metrics.fid(a[:12], b, min_std=0) == pytest.approx(94.0023, rel=1e-2)


def test_fid_of_a_set_against_itself_is_zero(features):
    assert metrics.fid(features[0], features[0]) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_of_plain_samples_equals_the_published_value():
    random = np.random.default_rng(3)
    p = random.standard_normal((200, 16))
    q = random.standard_normal((200, 16)) * 1.2 + 0.1
    assert (p.sum(), q.sum()) == (pytest.approx(66.540512), pytest.approx(276.948610))
    assert metrics.frechet_distance(p, q) == pytest.approx(1.696219903, rel=1e-8)


def test_a_constant_real_feature_explodes_the_published_fid_and_is_dropped_by_default(features):
    a, b = (np.column_stack([x, np.full(len(x), 0.5)]) for x in features)
    b[0, -1] = 0.75
    assert metrics.fid(b, a, min_std=0) > 1e12
    assert metrics.fid(b, a) == pytest.approx(42.877227329, rel=1e-5)


def test_diversity_equals_the_published_mean_pairwise_distance(features):
    a, b = features
    assert metrics.diversity(b, a) == pytest.approx(13.867563248, rel=1e-5)
    assert metrics.diversity(a) == pytest.approx(12.020757675, rel=1e-5)


def test_multimodality_is_zero_for_equal_samples_and_grows_with_their_spread():
    random = np.random.default_rng(0)
    real, centre = random.standard_normal((50, 8)), random.standard_normal((5, 1, 8))
    noise = random.standard_normal((5, 4, 8))
    assert metrics.multimodality(centre + 0 * noise, real) == pytest.approx(0, abs=1e-12)
    assert metrics.multimodality(centre + 2 * noise, real) > 1.9 * metrics.multimodality(centre + noise, real) > 0


def test_kid_is_near_zero_for_samples_of_one_distribution_whatever_their_size():
    random = np.random.default_rng(7)
    real = random.standard_normal((400, 6))
    small = [metrics.kid(random.standard_normal((10, 6)), real) for _ in range(200)]
    assert abs(np.mean(small)) < 3 * np.std(small) / np.sqrt(200) + 0.01
    assert metrics.kid(random.standard_normal((50, 6)) + 1, real) > 0.5


# ---------------------------------------------------------------- beats


def test_beat_scores_equal_the_published_values(dance):
    assert metrics.beat_score_motion(dance, MUSIC_BEATS, order=5) == pytest.approx(0.570711727, rel=1e-8)
    assert metrics.beat_score_motion(dance, MUSIC_BEATS, order=10) == pytest.approx(0.718479166, rel=1e-8)
    assert metrics.beat_score_music(dance, MUSIC_BEATS) == pytest.approx(0.211933758, rel=1e-8)


def test_a_dancer_who_stops_on_every_beat_scores_one_and_off_the_beat_nearly_nothing():
    frame = np.arange(181)
    stride = np.cumsum(1 - np.cos(2 * np.pi * (frame - 7) / 15))  # slowest at frames 7, 22, 37, ...
    joints = walk(181) + stride[:, None, None] * [0.01, 0, 0]
    assert metrics.beat_f_measure(joints, MUSIC_BEATS / 30) == 1
    assert metrics.beat_f_measure(joints, MUSIC_BEATS / 30 + 0.25) == 0
    assert metrics.beat_score_motion(joints, MUSIC_BEATS) == pytest.approx(1)
    assert metrics.beat_score_motion(joints, MUSIC_BEATS + 7.5) < 0.1


def test_a_dance_without_a_beat_scores_zero_and_music_without_one_is_nan():
    assert metrics.beat_score_motion(walk(), MUSIC_BEATS) == 0
    assert metrics.beat_score_music(walk(), MUSIC_BEATS) == 0
    assert metrics.beat_f_measure(walk(), MUSIC_BEATS / 30) == 0
    for function in (metrics.beat_score_motion, metrics.beat_score_music, metrics.beat_f_measure):
        assert np.isnan(function(walk(), np.array([])))


@given(st.lists(st.integers(0, 60), max_size=12), st.lists(st.integers(0, 60), max_size=12), st.integers(0, 5))
@settings(max_examples=200, deadline=None)
def test_matched_beats_are_a_largest_one_to_one_matching(a, b, tolerance):
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_bipartite_matching

    first, second = np.sort(np.array(a, dtype=float)), np.sort(np.array(b, dtype=float))
    near = csr_matrix(np.abs(first[:, None] - second[None]) <= tolerance)
    best = int((maximum_bipartite_matching(near) >= 0).sum()) if a and b else 0
    assert match_count(first, second, tolerance) == best


# ---------------------------------------------------------------- physics


def test_pfc_equals_the_published_value_and_a_frozen_body_scores_zero(dance):
    assert metrics.pfc(dance) == pytest.approx(0.233678457, rel=1e-8)
    assert metrics.pfc(walk()) == 0


def test_smoothness_equals_the_known_values(dance):
    values = metrics.smoothness(dance)
    assert values["speed"] == pytest.approx(0.36430310, rel=1e-7)
    assert values["acceleration"] == pytest.approx(2.23876803, rel=1e-7)
    assert values["jerk"] == pytest.approx(17.8906757, rel=1e-7)


def test_a_gliding_figure_slides_in_every_direction_and_a_standing_one_does_not():
    assert metrics.foot_sliding(walk()) == metrics.FootSliding(1.0, 0.0, 0.0)
    for heading in ([1, 0, 0], [1, 0, -1], [-1, 0, 1]):
        joints = walk() + np.arange(90)[:, None, None] * np.array(heading) * 0.02
        result = metrics.foot_sliding(joints)
        assert result.slide_share == 1 and result.speed == pytest.approx(0.6 * np.linalg.norm(heading))


def test_a_jump_counts_no_contact():
    joints = walk(90, speed=2.0)
    joints[1:] += [0, 0.5, 0]
    assert metrics.foot_sliding(joints).contact_share < 0.02


def test_a_still_figure_is_frozen_and_a_gliding_one_is_not():
    assert metrics.frozen_share(walk()) == 1
    assert metrics.frozen_share(walk(speed=1)) == 0


# ---------------------------------------------------------------- retrieval


def test_retrieval_equals_the_published_values():
    random = np.random.default_rng(4)
    similarity = random.standard_normal((32, 32)) + 2 * np.eye(32)
    assert similarity.sum() == pytest.approx(55.304755)
    rows, columns = metrics.retrieval(similarity), metrics.retrieval(similarity.T)
    assert [round(v, 2) for v in rows.values()] == [34.38, 50.0, 62.5, 75.0, 90.62, 2.5]
    assert [round(v, 2) for v in columns.values()] == [28.12, 65.62, 68.75, 78.12, 90.62, 2.0]


def test_retrieval_shares_tied_ranks_and_accepts_repeated_texts():
    flat = np.zeros((4, 4))
    assert metrics.retrieval(flat)["MedR"] == 2.5
    repeated = np.array([[0.0, 1.0], [0.0, 1.0]])
    assert metrics.retrieval(repeated)["R@1"] == 50
    assert metrics.retrieval(repeated, text_similarity=np.ones((2, 2)))["R@1"] == 100


def test_retrieval_refuses_a_matrix_that_is_not_square():
    with pytest.raises(InputError, match="square"):
        metrics.retrieval(np.zeros((3, 2)))
