"""V4: its flow ends where the truth says, what each input may and may not change, and what it has no number for."""

import json

import pytest
import torch
from tiny_models import assert_predictions_use_only_what_they_are_allowed
from toy_songs import write_song

from justlmd.body.model import load_body
from justlmd.dataset.build import build_dataset
from model.configuration import FlowDancerConfig, ModelConfig, TrainingConfig, read_config
from model.data import LyricsMusicDance
from model.evaluation import window_metrics as measures
from model.evaluation.evaluate import evaluate
from model.networks.flow_matching import FlowDancer, flow_times, integrate
from model.networks.heading_features import encode_heading
from model.networks.motion_space import MOVING
from model.networks.windows import mirrored
from model.training.checkpoint import load_model
from model.training.train import train

torch.set_num_threads(1)
TINY = {"d_model": 16, "n_heads": 4, "d_feedforward": 16, "decoder_layers": 1, "token_dim": 8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    songs = [write_song(folder / n, n, frames=240) for n in "abc"]
    songs.append(write_song(folder / "mute", "mute", frames=240, audio=None, embeddings=None))
    build_dataset(songs, folder / "out", load_body(), test_fraction=0.3)
    return folder / "out"


@pytest.fixture(scope="module")
def data(folder):
    return LyricsMusicDance(folder, [*"abc", "mute"], stride=20)


def dancer(data, **changes) -> FlowDancer:
    torch.manual_seed(0)
    model = FlowDancer(FlowDancerConfig(**(TINY | changes)))
    model.fit_normalisers(data)
    return model.eval()


@pytest.fixture(scope="module")
def trained(data):
    """A model after 150 steps of the flow's own losses, and its feature losses before and after on the same noise."""
    model, batch = dancer(data, d_model=32, energy_weight=0.0), data.batch(range(len(data)))
    losses = [model.losses(batch, seeded(9), 1.0)["features"].item()]
    optimizer, chance = torch.optim.Adam(model.parameters(), lr=3e-3), seeded()
    for _ in range(150):
        optimizer.zero_grad()
        model.train().losses(batch, chance, 0.5)["loss"].backward()
        optimizer.step()
    losses.append(model.eval().losses(batch, seeded(9), 1.0)["features"].item())
    return model, losses


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def flags(size: int, *values: float) -> list[torch.Tensor]:
    return [torch.full((size,), float(value)) for value in values]


# ---------------------------------------------------------------- the flow


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_with_the_true_end_the_state_goes_straight_and_arrives_whatever_the_number_of_steps(steps):
    x0, x1 = torch.randn(2, 4, 5, generator=seeded()).unbind()
    seen = []

    def truth(x, t):
        seen.append(t)
        torch.testing.assert_close(x, (1 - t) * x0 + t * x1)
        return x1

    torch.testing.assert_close(integrate(truth, x0, steps), x1)
    assert seen == pytest.approx([n / steps for n in range(steps)])


def test_the_flow_of_a_normal_distribution_ends_in_it():
    """For x1 ~ N(m, s^2) E[x1 | x_t] and the flow are known: x0 ends in m + s x0, but for an error of order 1/steps."""
    m, s = 2.0, 0.5
    x0 = torch.linspace(-2, 2, 9, dtype=torch.float64)

    def expected(x, t):
        return m + s**2 * t / ((1 - t) ** 2 + s**2 * t**2) * (x - t * m)

    errors = [(integrate(expected, x0, steps) - (m + s * x0)).abs().max().item() for steps in (10, 100, 1000)]
    assert errors[0] < 0.2
    assert errors[1] < errors[0] / 5 and errors[2] < errors[1] / 5


def test_one_step_ends_in_the_expected_motion_and_does_not_depend_on_the_noise(data):
    model, batch = dancer(data, euler_steps=1), data.batch([0, 3])
    z = torch.randn(2, model.latent_dim, generator=seeded())
    expected = model.predict(batch.conditions, batch.rest_joints, True, True)
    made = model.generate(batch.conditions, z, batch.rest_joints)
    torch.testing.assert_close(made.rotations, expected.rotations)
    torch.testing.assert_close(made.transl, expected.transl)


def test_the_loss_falls_and_dances_spread_about_as_wide_as_the_real_ones(data, trained):
    model, (before, after) = trained
    assert after < 0.6 * before
    batch = data.batch(range(len(data)))
    z = torch.randn(len(data), model.latent_dim, generator=seeded(1))
    made = encode_heading(model.generate(batch.conditions, z, batch.rest_joints), batch.rest_joints)
    spread = ((made - model.motion.mean) / model.motion.std)[..., MOVING].square().mean()
    assert 0.3 < spread < 2, "normalised motion of the data has 1"


def test_times_are_logit_normal_or_the_start():
    t = flow_times(FlowDancerConfig(start_share=0.2, time_mean=0.4, time_std=0.7), 20000, seeded())
    assert (t == 0).float().mean().item() == pytest.approx(0.2, abs=0.01)
    logits = torch.logit(t[t > 0])
    assert (logits.mean().item(), logits.std().item()) == pytest.approx((0.4, 0.7), abs=0.02)


# ---------------------------------------------------------------- what may change a dance


def test_equal_noise_gives_equal_dances_and_other_noise_others(data, trained):
    model, batch = trained[0], data.batch([0, 1])
    z, other = torch.randn(2, 2, model.latent_dim, generator=seeded()).unbind()
    first, second, third = (model.generate(batch.conditions, x, batch.rest_joints).rotations for x in (z, z, other))
    assert torch.equal(first, second) and (first - third).abs().max() > 1e-2


def test_overlapping_windows_share_the_noise_of_their_common_frames(data):
    model = dancer(data)
    z = model.draw([0, 150, 300], seeded())
    assert z.shape == (3, model.latent_dim)
    frames = z.unflatten(-1, (180, -1))
    assert torch.equal(frames[0, 150:], frames[1, :30]) and torch.equal(frames[1, 150:], frames[2, :30])
    assert not torch.equal(frames[0, :30], frames[1, :30])
    assert (z.mean().item(), z.std().item()) == pytest.approx((0, 1), abs=0.02)


def test_what_may_not_be_seen_does_not_change_the_dance(data):
    model, batch = dancer(data), data.batch(range(3))
    c, x, t = batch.conditions, torch.randn(3, 180, 147, generator=seeded()), torch.full((3,), 0.4)
    other_music = c._replace(log_mel=c.log_mel + 9, rhythm=1 - c.rhythm)
    other_words = c._replace(tokens=c.tokens + 9, token_times=c.token_times + 1)
    for changed, keep in ((other_music, (0, 1)), (other_words, (1, 0))):
        hidden, seen = flags(3, *keep), flags(3, 1, 1)
        torch.testing.assert_close(model.denoise(c, x, t, *hidden), model.denoise(changed, x, t, *hidden))
        assert (model.denoise(c, x, t, *seen) - model.denoise(changed, x, t, *seen)).abs().max() > 1e-4


def test_the_state_is_seen_except_at_the_start(data):
    model, c, keep = dancer(data), data.batch([0]).conditions, flags(1, 1, 1)
    x, other = torch.randn(2, 1, 180, 147, generator=seeded()).unbind()
    for t, seen in ((0.0, False), (0.1, True)):
        time = torch.full((1,), t)
        difference = (model.denoise(c, x, time, *keep) - model.denoise(c, other, time, *keep)).abs().max()
        assert (difference > 1e-4) == seen


def test_a_song_without_music_and_words_is_as_if_they_were_hidden(data):
    model = dancer(data)
    mute = next(n for n, window in enumerate(data.windows) if window.song == "mute")
    c, x, t = data.batch([mute]).conditions, torch.randn(1, 180, 147, generator=seeded()), torch.full((1,), 0.5)
    torch.testing.assert_close(model.denoise(c, x, t, *flags(1, 1, 1)), model.denoise(c, x, t, *flags(1, 0, 0)))


def test_conditions_are_left_out_in_training_only(data):
    model, batch = dancer(data, both_dropout=1.0, music_dropout=0.0, lyrics_dropout=0.0), data.batch(range(3))
    c = batch.conditions
    other = batch._replace(conditions=c._replace(log_mel=c.log_mel + 9, tokens=c.tokens + 9))
    for training in (True, False):
        losses = [model.train(training).losses(b, seeded(), 0.0)["loss"].item() for b in (batch, other)]
        assert (losses[0] == losses[1]) == training


def test_predictions_use_only_what_they_are_allowed(data):
    assert_predictions_use_only_what_they_are_allowed(dancer(data), data.batch([0, 1]))


def test_guidance_of_one_changes_nothing_and_more_exaggerates_the_music(data):
    model, batch = dancer(data), data.batch([0, 1])
    z = torch.randn(2, model.latent_dim, generator=seeded())
    plain, one, strong = (
        model.generate(batch.conditions, z, batch.rest_joints, *guidance).rotations
        for guidance in ((), ((1.0, 1.0),), ((3.0, 1.0),))
    )
    assert torch.equal(plain, one) and (plain - strong).abs().max() > 1e-4
    single = dancer(data, euler_steps=1)
    start = [torch.zeros(2, 180, 147), torch.zeros(2)]
    nothing, music, both = (single.denoise(batch.conditions, *start, *flags(2, *k)) for k in ((0, 0), (1, 0), (1, 1)))
    expected = single.motion.decode(nothing + 3 * (music - nothing) + 2 * (both - music), batch.rest_joints)
    found = single.generate(batch.conditions, z, batch.rest_joints, (3.0, 2.0))
    torch.testing.assert_close(found.rotations, expected.rotations, atol=1e-4, rtol=1e-4)


def test_every_parameter_learns(data):
    model, batch = dancer(data).train(), mirrored(data.batch(range(12)), torch.arange(12) % 2 > 0)
    model.losses(batch, seeded(1), 0.5)["loss"].backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


# ---------------------------------------------------------------- files, evaluation


def test_a_trained_model_is_the_same_after_loading_and_its_reconstructions_are_left_empty(folder, data, tmp_path):
    training = TrainingConfig(steps=6, batch_size=4, stride=30, eval_every=3, precision="32-true")
    config = ModelConfig("flow_dancer", FlowDancerConfig(**TINY, euler_steps=3), training)
    train(folder, tmp_path / "v4", config, device="cpu")
    assert read_config(tmp_path / "v4" / "config.json") == config
    first, second = (load_model(tmp_path / "v4")[0] for _ in range(2))
    batch, z = data.batch([0]), torch.randn(1, first.latent_dim, generator=seeded())
    dances = [model.generate(batch.conditions, z, batch.rest_joints).rotations for model in (first, second)]
    assert torch.equal(*dances)

    evaluate(folder, {"v4": tmp_path / "v4"}, tmp_path / "out", bootstrap=5, device="cpu")
    result = json.loads((tmp_path / "out" / "metrics.json").read_text())
    found = result["methods"]["v4"]
    assert {name for name in measures.ERRORS if found[name]["value"] is not None} == set()
    assert all(result["methods"]["mean_pose"][name]["value"] is not None for name in measures.ERRORS)
    assert found["speed"]["value"] > 0 and found["multimodality_mm"]["value"] > 0
    assert result["models"]["v4"]["kl_nat"] is None and result["lyrics"]["v4"]["retrieval"] is None
    assert result["lyrics"]["v4"]["arms"]["both"]["value"] > 0
    assert any(note.startswith("v4: it has no posterior") for note in result["notes"])


def test_the_shipped_configuration_is_the_networks_defaults(repo):
    config = read_config(repo / "model" / "configs" / "v4_small.yaml")
    assert config.model == "flow_dancer" and config.network == FlowDancerConfig()
