"""V3: what each condition and the latent may and may not change, and that its losses mean what they say."""

import pytest
import torch
from tiny_models import TINY, assert_predictions_use_only_what_they_are_allowed
from toy_songs import write_song

from justlmd.body.model import load_body
from justlmd.dataset.build import build_dataset
from model.configuration import DancerConfig
from model.data import LyricsMusicDance
from model.networks.base import gaussian_kl
from model.networks.heading_features import CONTACT, VELOCITY, encode_heading
from model.networks.latent_cvae import Dancer
from model.networks.motion_space import energy_error, motion_losses
from model.networks.windows import mirrored, real_motion

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    songs = [write_song(folder / n, n, frames=240) for n in "abc"]
    songs.append(write_song(folder / "mute", "mute", frames=240, audio=None, embeddings=None))
    build_dataset(songs, folder / "out", load_body())
    return LyricsMusicDance(folder / "out", [*"abc", "mute"], stride=20)


def dancer(data, **changes) -> Dancer:
    torch.manual_seed(0)
    model = Dancer(DancerConfig(**(TINY | changes)))
    model.fit_normalisers(data)
    return model


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def flags(size: int, *values: float) -> list[torch.Tensor]:
    return [torch.full((size,), value) for value in values]


def test_normalised_features_have_no_mean_and_unit_spread_per_group(data):
    model, batch = dancer(data), data.batch(range(len(data)))
    values = model.motion.encode(batch)
    torch.testing.assert_close(values[..., :147].mean((0, 1)), torch.zeros(147), atol=1e-4, rtol=0)
    assert values[..., VELOCITY].var((0, 1)).mean().item() == pytest.approx(1, rel=0.01)
    assert set(values[..., CONTACT].unique().tolist()) <= {0.0, 1.0}


def test_what_may_not_be_seen_does_not_change_the_dance(data):
    model, batch = dancer(data), data.batch(range(3))
    c, z = batch.conditions, torch.randn(3, model.latent_dim, generator=seeded())
    other_music = c._replace(log_mel=c.log_mel + 9, rhythm=1 - c.rhythm)
    other_words = c._replace(tokens=c.tokens + 9, token_times=c.token_times + 1)
    for changed, keep in ((other_music, (0.0, 1.0, 1.0)), (other_words, (1.0, 0.0, 1.0))):
        torch.testing.assert_close(model.decode(c, z, *flags(3, *keep)), model.decode(changed, z, *flags(3, *keep)))
        assert (
            model.decode(c, z, *flags(3, 1, 1, 1)) - model.decode(changed, z, *flags(3, 1, 1, 1))
        ).abs().max() > 1e-4
    torch.testing.assert_close(model.decode(c, z, *flags(3, 1, 1, 0)), model.decode(c, 2 * z, *flags(3, 1, 1, 0)))


def test_a_song_without_music_and_words_is_as_if_they_were_hidden(data):
    model = dancer(data)
    mute = next(n for n, window in enumerate(data.windows) if window.song == "mute")
    c, z = data.batch([mute]).conditions, torch.zeros(1, model.latent_dim)
    torch.testing.assert_close(model.decode(c, z, *flags(1, 1, 1, 1)), model.decode(c, z, *flags(1, 0, 0, 1)))


def test_padding_tokens_do_not_change_the_dance(data):
    model, c = dancer(data), data.batch([0]).conditions
    extra = torch.nn.functional.pad
    longer = c._replace(
        tokens=extra(c.tokens, (0, 0, 0, 5), value=7.0),
        token_times=extra(c.token_times, (0, 0, 0, 5)),
        token_mask=extra(c.token_mask, (0, 5)),
    )
    z = torch.zeros(1, model.latent_dim)
    torch.testing.assert_close(model.decode(c, z, *flags(1, 1, 1, 1)), model.decode(longer, z, *flags(1, 1, 1, 1)))


def test_a_token_is_nearest_while_it_is_sung_and_each_head_has_its_own_reach(data):
    model, c = dancer(data), data.batch([0]).conditions
    _, bias = model.conditions.lyrics(c, torch.ones(1), model.conditions.steps_s)
    assert bias.shape == (1, 4, 60, 1 + c.tokens.shape[1]) and not bias[..., 0].any()
    start, end = c.token_times[0, 3].tolist()
    sung = (model.conditions.steps_s >= start) & (model.conditions.steps_s <= end)
    assert not bias[0, :, sung, 4].any() and (bias[0, :, ~sung, 4] < 0).all()
    assert bias[0, 0, -1, 1] < bias[0, 3, -1, 1]  # the first head reaches less far than the last


def test_the_posterior_sees_the_motion_alone(data):
    model, batch = dancer(data), data.batch([0, 1])
    swapped = batch._replace(conditions=data.batch([1, 0]).conditions)
    for a, b in zip(model.posterior(batch), model.posterior(swapped), strict=True):
        torch.testing.assert_close(a, b)


def test_conditions_are_left_out_as_often_as_the_settings_say(data):
    model = dancer(data, music_dropout=0.2, lyrics_dropout=0.1, both_dropout=0.3, latent_dropout=0.25).train()
    music, lyrics, latent = model.kept_inputs(20000, seeded(), torch.zeros(1))
    shares = [((music == m) & (lyrics == w)).float().mean().item() for m, w in ((0, 1), (1, 0), (0, 0), (1, 1))]
    assert shares == pytest.approx([0.2, 0.1, 0.3, 0.4], abs=0.015)
    assert 1 - latent.mean().item() == pytest.approx(0.25, abs=0.015)
    assert all(keep.all() for keep in model.eval().kept_inputs(50, seeded(), torch.zeros(1)))


def test_perfect_features_have_no_motion_loss(data):
    model, batch = dancer(data), data.batch([0, 1])
    target, real = model.motion.encode_with_joints(batch)
    perfect = target.clone()
    perfect[..., CONTACT] = 40 * (2 * target[..., CONTACT] - 1)
    losses = motion_losses(perfect, target, model.motion.joints(perfect, batch.rest_joints), real, torch.ones(2))
    assert all(losses[name] < 1e-6 for name in ("features", "joints", "velocity", "contact", "energy"))
    still = encode_heading(real_motion(batch), batch.rest_joints)[:, 1:, CONTACT]
    assert losses["standing"] <= (still * (0.015 * 30) ** 2).mean() + 1e-6


def test_moving_too_little_costs_energy_and_moving_at_another_time_does_not():
    time = torch.arange(180) / 30
    phases = torch.rand(2, 1, 24, 3, generator=seeded())
    real, later = (torch.sin(2 * torch.pi * (2 * time[None, :, None, None] + phases + lag)) for lag in (0.0, 0.25))
    keep = torch.ones(2)
    assert energy_error(later, real, keep) < 1e-3
    assert energy_error(0.2 * real, real, keep) > 1
    assert energy_error(0.2 * real, real, 0 * keep) == 0, "where no latent tells, the average may be danced"


def test_free_bits_and_warm_up_hold_the_divergence_back(data):
    batch = data.batch(range(4))
    losses = {}
    for name, changes in {
        "none": {"kl_weight": 0.0},
        "full": {"kl_weight": 1.0, "free_bits": 0.0, "kl_warmup": 0.0},
        "warm": {"kl_weight": 1.0, "free_bits": 0.0, "kl_warmup": 0.5},
        "free": {"kl_weight": 1.0, "free_bits": 9.0, "kl_warmup": 0.0},
    }.items():
        model = dancer(data, **changes).eval()
        losses[name] = model.losses(batch, seeded(), 0.1)
    kl = gaussian_kl(*dancer(data).posterior(batch)).sum(1).mean()
    torch.testing.assert_close(losses["full"]["loss"] - losses["none"]["loss"], kl, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(losses["warm"]["loss"] - losses["none"]["loss"], 0.2 * kl, atol=1e-4, rtol=1e-3)
    assert (losses["free"]["loss"] - losses["none"]["loss"]).item() == pytest.approx(9.0 * 16, rel=1e-4)


def test_contrast_is_low_when_pairs_match_and_ignores_near_equal_texts(data):
    model = dancer(data, temperature=0.1)
    batch = data.batch([0, 3, 6])
    tokens = torch.eye(8)[:3, None].expand(3, 2, 8)
    c = batch.conditions._replace(tokens=tokens, token_times=torch.zeros(3, 2, 2), token_mask=torch.ones(3, 2).bool())
    model.lyrics_key.weight.data.copy_(torch.eye(16)[:, :8])
    model.lyrics_key.bias.data.zero_()
    model.motion_key.weight.data.copy_(torch.eye(16))
    model.motion_key.bias.data.zero_()
    pooled = torch.eye(16)[:3, None].expand(3, 60, 16)
    assert model.contrast(pooled, c) < 0.01
    assert model.contrast(pooled[[1, 2, 0]], c) > 5
    same = c._replace(tokens=tokens[:1].expand(3, 2, 8))
    assert model.contrast(pooled[[1, 2, 0]], same) < 0.01  # equal texts are no opposites
    none = c._replace(token_mask=torch.zeros(3, 2).bool())
    assert model.contrast(pooled, none) == 0


def test_overlapping_windows_of_a_song_share_the_latents_of_their_common_seconds(data):
    model = dancer(data)
    z = model.draw([0, 150, 300], seeded())
    assert z.shape == (3, model.latent_dim)
    assert torch.equal(z[0, :4], z[2, :4])  # one style for the whole song
    seconds = z[:, 4:].unflatten(-1, (6, 2))
    assert torch.equal(seconds[0, 5], seconds[1, 0]) and not torch.equal(seconds[0, 0], seconds[1, 0])


def test_guidance_of_one_changes_nothing_and_more_exaggerates_the_music(data):
    model, batch = dancer(data), data.batch([0, 1])
    c, z = batch.conditions, torch.zeros(2, model.latent_dim)
    keep = [model.decode(c, z, *flags(2, *k)) for k in ((0, 0, 1), (1, 0, 1), (1, 1, 1))]
    plain, strong = (model.generate(c, z, batch.rest_joints, g) for g in ((1.0, 1.0), (3.0, 1.0)))
    assert (plain.rotations - strong.rotations).abs().max() > 1e-4
    expected = keep[2] + 2 * (keep[1] - keep[0])
    found = encode_heading(strong, batch.rest_joints)[..., 146]
    torch.testing.assert_close(found, (expected * model.motion.std + model.motion.mean)[..., 146], atol=1e-4, rtol=1e-4)


def test_predictions_use_only_what_they_are_allowed(data):
    assert_predictions_use_only_what_they_are_allowed(dancer(data), data.batch([0, 1]))


def test_every_parameter_learns(data):
    model = dancer(data, contrast_weight=1.0).train()
    batch = mirrored(data.batch(range(12)), torch.arange(12) % 2 > 0)
    words = torch.randn(batch.conditions.tokens.shape, generator=seeded())  # the toy's states are all parallel
    batch = batch._replace(conditions=batch.conditions._replace(tokens=words))
    model.losses(batch, seeded(1), 0.5)["loss"].backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []
