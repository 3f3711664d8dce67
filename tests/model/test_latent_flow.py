"""V5: what its codec keeps, what each input may change, songs of any length, and that noise alone makes it sample."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_models import assert_predictions_use_only_what_they_are_allowed
from toy_songs import write_song

from justlmd.body.model import load_body
from justlmd.body.torch_kinematics import forward_kinematics, rotation_matrices
from justlmd.core.errors import InputError
from justlmd.dataset.build import build_dataset
from model.configuration import LatentFlowConfig, ModelConfig, TrainingConfig, parse_config, read_config
from model.data import Conditions, LyricsMusicDance
from model.generation.generate import generate, returning_noise
from model.networks.attention import rotary_turns, turned_by
from model.networks.heading_features import BODY, HEIGHT, VELOCITY
from model.networks.latent_flow import LatentFlow, smoothed
from model.networks.motion_codec import SKIN_M, feature_weights
from model.networks.motion_space import MOVING
from model.networks.windows import chunks, mirrored, real_motion
from model.training.checkpoint import load_model
from model.training.train import train

torch.set_num_threads(1)
TWICE = 2 * 5 * MOVING.stop  # numbers of a stretch of ten frames
TINY = {
    "d_model": 16, "n_heads": 2, "d_feedforward": 16, "layers": 1,
    "latent_dim": 8, "token_dim": 8, "window": 240, "euler_steps": 3, "dropout": 0.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    songs = [write_song(folder / n, n, frames=300) for n in "abc"]
    return songs, [*songs, write_song(folder / "mute", "mute", frames=300, audio=None, embeddings=None)]


@pytest.fixture(scope="module")
def folder(songs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    build_dataset(songs[1], folder, load_body(), test_fraction=0.3)
    return folder


@pytest.fixture(scope="module")
def data(folder):
    return LyricsMusicDance(folder, [*"abc", "mute"], stride=30, frames=240)


def model_of(data, **changes) -> LatentFlow:
    torch.manual_seed(0)
    model = LatentFlow(LatentFlowConfig(**(TINY | changes)))
    model.fit_normalisers(data)
    return model.eval()


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ones(size: int, *values: float) -> tuple[torch.Tensor, ...]:
    return tuple(torch.full((size,), float(value)) for value in values)


def values(losses: dict[str, torch.Tensor]) -> dict[str, float]:
    return {name: value.item() for name, value in losses.items()}


# ---------------------------------------------------------------- the codec


def test_latents_are_components_that_give_back_the_motion(data):
    model = model_of(data)
    batches = [one for batch in chunks(data) for one in (batch, mirrored(batch, torch.ones(len(batch.items)).bool()))]
    target = torch.cat([model.motion.encode(batch) for batch in batches])
    latents = model.codec.encode(target)
    assert latents.shape == (2 * len(data), 48, 8)
    torch.testing.assert_close(latents.mean((0, 1)), torch.zeros(8), atol=1e-3, rtol=0)
    assert float(latents.square().mean()) == pytest.approx(1, abs=1e-3)
    both = latents.flatten(0, 1).T @ latents.flatten(0, 1) / latents[..., 0].numel()
    torch.testing.assert_close(both, both.diag().diag(), atol=1e-2, rtol=0)  # components say different things
    counted = target[..., MOVING] * model.codec.weight
    lost = (model.codec.decode(latents) * model.codec.weight - counted).square().mean()
    assert lost < 0.15 * counted.square().mean()


def test_rotations_count_as_far_as_they_move_the_joints_below_them():
    """Against forward kinematics: each joint turned by a hundredth of a radian about each axis."""
    rest = torch.from_numpy(load_body().rest_joints().astype(np.float32))
    still = torch.eye(3).expand(24, 3, 3)
    moved = []
    for joint in range(24):
        turned = still.repeat(3, 1, 1, 1)
        turned[:, joint] = rotation_matrices(0.01 * torch.eye(3), torch.zeros(3, 69))[:, 0]
        gap = (forward_kinematics(turned, torch.zeros(3), rest) - rest).square().sum(-1)  # (axis, 24)
        # Of a turn about a random axis, a point shows two thirds of its squared distance.
        moved.append(1.5 * gap.mean() / 0.01**2 + SKIN_M**2 / 24)
    found = feature_weights(torch.ones(151), rest)
    truth = torch.stack(moved).sqrt()
    ratio = found[: BODY.stop].unflatten(0, (24, 6)) / truth[:, None]
    torch.testing.assert_close(ratio, ratio[:1, :1].expand(24, 6), rtol=1e-3, atol=0)
    assert float(found[: BODY.stop].square().mean()) == pytest.approx(1) and found[VELOCITY].tolist() == [1, 1]
    assert float(found[HEIGHT] * truth[0] / found[0]) == pytest.approx(1, rel=1e-3)  # a metre up moves all by a metre


def test_every_parameter_learns_and_the_flow_comes_nearer(data):
    model, batch = model_of(data, d_model=32), mirrored(data.batch(range(len(data))), torch.arange(len(data)) % 2 > 0)
    before = model.losses(batch, seeded(9), 1.0)["loss"].item()
    optimizer, chance = torch.optim.Adam(model.parameters(), lr=5e-3), seeded()
    for step in range(80):
        optimizer.zero_grad()
        model.train().losses(batch, chance, 0.5)["loss"].backward()
        if step == 0:
            assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []
        optimizer.step()
    assert model.eval().losses(batch, seeded(9), 1.0)["loss"].item() < 0.7 * before


def test_a_model_that_learned_from_mirrored_windows_dances_as_people_do(data):
    """Told which windows are mirrored, it expects the dance itself, and the mirrored one where it is told so."""
    model = model_of(data, d_model=32, latent_dim=64, both_dropout=0.0)
    batch = mirrored(data.batch([0] * 16), torch.arange(16) % 2 > 0)
    optimizer, chance = torch.optim.Adam(model.parameters(), lr=5e-3), seeded()
    for _ in range(250):
        optimizer.zero_grad()
        model.train().losses(batch, chance, 0.5)["loss"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    found = model.eval().predict(batch.conditions, batch.rest_joints, True, True)
    told, other = (
        (found.rotations - real_motion(one).rotations).square().mean((1, 2, 3, 4))
        for one in (batch, mirrored(batch, torch.ones(16).bool()))
    )
    assert (told < 0.5 * other).all()


def test_as_many_components_as_numbers_lose_nothing_at_the_ends_either(data):
    model = model_of(data, latent_dim=TWICE)
    target = model.motion.encode(data.batch([0, 1]))
    again = model.codec.decode(model.codec.encode(target))
    torch.testing.assert_close(again, target[..., MOVING], atol=1e-3, rtol=1e-3)


def test_what_one_latent_says_fades_into_its_neighbours(data):
    """A changed latent moves the ten frames about its step, most in their middle, and no others."""
    codec = model_of(data).codec
    latents = torch.zeros(1, 48, 8)
    changed = latents.clone()
    changed[0, 20] = 1.0
    moved = (codec.decode(changed) - codec.decode(latents)).abs().sum(-1)[0]
    assert moved.nonzero()[:, 0].tolist() == list(range(98, 108))
    assert moved[[98, 107]].max() < 0.35 * moved[102:104].max()


def test_components_that_came_with_first_weights_stay(data):
    model = model_of(data)
    basis = model.codec.basis.clone()
    model.codec.fit(torch.randn(4, 60, 151, generator=seeded()), torch.ones(147))
    assert torch.equal(model.codec.basis, basis)


def test_latents_keep_their_precision_where_training_computes_in_bf16(data):
    model = model_of(data)
    target = model.motion.encode(data.batch([0]))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = model.codec.encode(target)
    assert rounded.dtype == torch.float32 and torch.equal(rounded, model.codec.encode(target))


def test_smoothing_keeps_slow_movement_and_takes_what_trembles():
    time = torch.arange(90) / 30
    slow, fast = (torch.sin(2 * torch.pi * hertz * time) for hertz in (1.0, 14.0))
    frames = torch.stack([slow, fast, torch.ones(90)], dim=-1)[None]
    kept = smoothed(frames)[0, 10:-10].std(0) / frames[0, 10:-10].std(0)
    assert kept[0] > 0.95 and kept[1] < 0.1
    torch.testing.assert_close(smoothed(frames)[..., 2], frames[..., 2])


# ---------------------------------------------------------------- what may change a dance


def test_attention_depends_on_distances_only():
    q, k = torch.randn(2, 1, 1, 1, 8, generator=seeded()).unbind()
    cosine, sine = rotary_turns(20, 8, q.device)

    def score(i: int, j: int) -> float:
        turned = [turned_by(x, cosine[n : n + 1], sine[n : n + 1]) for x, n in ((q, i), (k, j))]
        return float((turned[0] * turned[1]).sum())

    assert score(3, 5) == pytest.approx(score(13, 15), abs=1e-5)
    assert score(3, 5) != pytest.approx(score(3, 9), abs=1e-3)


def test_what_may_not_be_seen_does_not_change_the_song(data):
    model, c = model_of(data), data.batch(range(3)).conditions
    changes = (
        ((0, 1, 1), c._replace(log_mel=c.log_mel + 9)),
        ((1, 0, 1), c._replace(bar=c.bar + 1)),
        ((1, 1, 0), c._replace(tokens=c.tokens * 2 + torch.arange(8), token_times=c.token_times + 1)),
    )
    for keep, changed in changes:
        hidden, seen = ones(3, *keep), ones(3, 1, 1, 1)
        torch.testing.assert_close(model.track(c, hidden), model.track(changed, hidden))
        assert (model.track(c, seen) - model.track(changed, seen)).abs().max() > 1e-4


def test_words_are_heard_where_they_are_sung(data):
    model, c = model_of(data), data.batch([0]).conditions
    one = c._replace(
        tokens=torch.ones(1, 1, 8), token_times=torch.tensor([[[2.0, 3.0]]]), token_mask=torch.ones(1, 1).bool()
    )
    begun, now = model.track.words(one, 48).detach()[0, :, [64, 129]].T  # how much of a word begins, how much is sung
    assert begun.nonzero()[:, 0].tolist() == [11, 12] and begun.sum() == pytest.approx(
        1
    )  # 2 s is between their middles
    assert now.nonzero()[:, 0].tolist() == list(range(12, 18))
    assert not model.track.words(one._replace(token_mask=torch.zeros(1, 1).bool()), 48).any()


def test_a_song_without_music_and_words_is_as_if_they_were_hidden(data):
    model = model_of(data)
    mute = next(n for n, window in enumerate(data.windows) if window.song == "mute")
    c = data.batch([mute]).conditions
    torch.testing.assert_close(model.track(c, ones(1, 1, 1, 1)), model.track(c, ones(1, 0, 0, 0)))


def test_each_condition_is_left_out_of_its_share_of_training_windows_only(data):
    model = model_of(data, music_dropout=0.5, metre_dropout=0.25, lyrics_dropout=0.1, both_dropout=0.2)
    like = torch.zeros(1)
    assert all(flag.all() for flag in model._kept(100, seeded(), like))
    shares = [float(flag.mean()) for flag in model.train()._kept(20_000, seeded(), like)]
    assert shares == pytest.approx([0.4, 0.6, 0.72], abs=0.02)


def test_learned_features_are_read_when_configured(data):
    model = LatentFlow(LatentFlowConfig(**TINY, learned_dim=3)).eval()
    c = data.batch([0]).conditions
    c = c._replace(learned=torch.randn(1, 240, 3, generator=seeded()))
    seen = ones(1, 1, 1, 1)
    assert (model.track(c, seen) - model.track(c._replace(learned=c.learned + 1), seen)).abs().max() > 1e-4


def test_the_state_is_seen_except_at_the_start(data):
    model = model_of(data)
    track = model.track(data.batch([0]).conditions, ones(1, 1, 1, 1))
    x, other = torch.randn(2, 1, 48, 8, generator=seeded()).unbind()
    for t, seen in ((0.0, False), (0.1, True)):
        time = torch.full((1,), t)
        assert ((model.denoise(track, x, time) - model.denoise(track, other, time)).abs().max() > 1e-5) == seen


def test_predictions_use_only_what_they_are_allowed(data):
    assert_predictions_use_only_what_they_are_allowed(model_of(data), data.batch([0, 1]))


def test_guidance_of_one_changes_nothing_and_more_exaggerates(data):
    model, batch = model_of(data), data.batch([0, 1])
    z = model.draw([0, 30], seeded(), 240)
    plain, one, words = (
        model.generate(batch.conditions, z, batch.rest_joints, *guidance).rotations
        for guidance in ((), ((1.0, 1.0),), ((1.0, 3.0),))
    )
    assert torch.equal(plain, one) and (plain - words).abs().max() > 1e-4


# ---------------------------------------------------------------- whole songs


def test_windows_of_a_longer_song_overlap_and_agree_where_nothing_tells_them_apart(data):
    """With the same song and state everywhere each window predicts the same, and so does their weighted mean."""
    model = model_of(data)
    track, x = torch.ones(2, 131, 16), torch.ones(2, 131, 8)
    with torch.no_grad():
        whole = model._in_windows(track, x, 0.5)
        one = model.denoise(track[:, :48], x[:, :48], torch.full((2,), 0.5))
    assert whole.shape == (2, 131, 8)
    spread = (whole - one.mean(1, keepdim=True)).abs().max()
    assert spread < (one - one.mean(1, keepdim=True)).abs().max() + 1e-5


def test_a_trained_model_dances_songs_of_any_length_and_notes_its_seed(folder, songs, tmp_path):
    training = TrainingConfig(steps=4, batch_size=4, stride=30, eval_every=2, precision="32-true")
    train(folder, tmp_path / "v5", ModelConfig("latent_flow", LatentFlowConfig(**TINY), training), device="cpu")
    assert read_config(tmp_path / "v5" / "config.json").network == LatentFlowConfig(**TINY)
    body, song = load_body(), songs[0][0]
    for frames in (50, 345):
        first, second, other = (
            generate(tmp_path / "v5", body, song.audio, song.embeddings, end_s=frames / 30, seed=seed, device="cpu")
            for seed in (1, 1, 2)
        )
        assert len(first) == frames and np.isfinite(first.body_pose).all()
        assert np.array_equal(first.body_pose, second.body_pose)
        assert np.abs(first.body_pose - other.body_pose).max() > 1e-3
    assert load_model(tmp_path / "v5")[0].whole_song


def test_songs_shorter_than_the_window_are_refused_with_advice(folder, tmp_path):
    config = ModelConfig("latent_flow", LatentFlowConfig(**(TINY | {"window": 600})), TrainingConfig(steps=1))
    with pytest.raises(InputError, match=r"no window of 20 seconds without a gap.*lower network\.window"):
        train(folder, tmp_path, config, device="cpu")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"window": 200}, "multiple of 60"),
        ({"n_heads": 5}, "must divide"),
        ({"latent_dim": TWICE + 1}, f"up to {TWICE}"),
    ],
)
def test_settings_that_do_not_fit_are_named(setting, said):
    with pytest.raises(InputError, match=said):
        parse_config({"model": "latent_flow", "network": setting}, "v5.yaml")


def test_the_shipped_configuration_is_the_networks_defaults(repo):
    config = read_config(repo / "model" / "configs" / "v5_small.yaml")
    assert config.model == "latent_flow" and replace(config, network=LatentFlowConfig()) == config


def test_the_noise_of_a_chorus_returns_with_its_words_and_no_other_does():
    beats = torch.zeros(1, 600, 4)
    beats[0, ::15, 1] = 1
    lines = torch.randn(10, 8, generator=seeded(4))
    tokens = torch.cat([lines, torch.randn(10, 8, generator=seeded(5)), lines])[None]  # one word a beat, ten a verse
    begins = torch.arange(30) * 0.5
    song = Conditions(
        torch.zeros(1, 600, 128), beats, torch.ones(1), tokens, torch.stack([begins, begins + 0.4], -1)[None],
        torch.ones(1, 30).bool(), torch.zeros(1, 600, 2), torch.zeros(1, 600, 0), torch.zeros(1),
    )  # fmt: skip
    z = torch.randn(1, 120 * 4, generator=seeded())
    before, after = (values[0].unflatten(0, (120, 4)) for values in (z, returning_noise(z, song, 4)))
    assert torch.equal(after[:60], before[:60])
    again = [n for n in range(60, 90) if torch.equal(after[n], before[n - 60])]
    assert len(again) >= 24, "steps of ten beats, but for the ends"
    silent = song._replace(rhythm=torch.zeros(1, 600, 4))
    assert torch.equal(returning_noise(z, silent, 4), z)


def test_learned_features_of_the_data_set_are_trained_on_and_needed_for_a_dance(songs, tmp_path):
    features = {song.song: tmp_path / f"{song.song}.npy" for song in songs[0]}
    for number, path in enumerate(features.values()):
        np.save(path, np.random.default_rng(number).standard_normal((400, 3)).astype(np.float32))
    build_dataset(
        [replace(song, learned={"mert": features[song.song]}) for song in songs[0]], tmp_path / "data", load_body()
    )
    training = TrainingConfig(steps=1, batch_size=2, stride=60, precision="32-true")
    network = LatentFlowConfig(**TINY, learned_dim=3)
    with pytest.raises(InputError, match=r"3 learned features.*says learned_dim: 2"):
        wrong = replace(network, learned_dim=2)
        train(tmp_path / "data", tmp_path / "no", ModelConfig("latent_flow", wrong, training), device="cpu")
    train(tmp_path / "data", tmp_path / "v5", ModelConfig("latent_flow", network, training), device="cpu")
    body, song = load_body(), songs[0][0]
    made = [
        generate(
            tmp_path / "v5", body, song.audio, song.embeddings, learned={"mert": features[name]}, end_s=12, device="cpu"
        ).body_pose
        for name in "ab"
    ]
    assert made[0].shape == (360, 69) and np.abs(made[0] - made[1]).max() > 1e-4
    with pytest.raises(InputError, match="reads 3 learned features, and the song has 0"):
        generate(tmp_path / "v5", body, song.audio, song.embeddings, end_s=12, device="cpu")
