"""V1: its targets are valid for its loss, it learns, and it refuses what it cannot do."""

import pytest
import torch
from toy_songs import write_song

from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.dataset.build import build_dataset
from model.configuration import FlatCVAEConfig
from model.data import LyricsMusicDance
from model.networks.flat_cvae import FlatCVAE

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    build_dataset([write_song(folder / n, n, frames=240) for n in "abc"], folder / "out", load_body())
    return LyricsMusicDance(folder / "out", list("abc"), stride=20)


@pytest.fixture
def model(data):
    torch.manual_seed(0)
    model = FlatCVAE(FlatCVAEConfig(hidden_dim=32, latent_dim=8, token_dim=8, max_tokens=4))
    model.fit_normalisers(data)
    return model


def test_targets_lie_between_zero_and_one_and_return_as_the_motion(data, model):
    batch = data.batch(range(len(data)))
    scaled = model._scaled(batch)
    assert scaled.min() == 0 and scaled.max() == 1
    torch.testing.assert_close(
        scaled.unflatten(1, (180, 72)) * model.span + model.low, model._motion(batch), atol=1e-5, rtol=1e-4
    )


def test_training_lowers_the_loss(data, model):
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    batch, losses = data.batch(range(8)), []
    for step in range(80):
        found = model.losses(batch, torch.Generator().manual_seed(step), 0.0)
        optimizer.zero_grad()
        found["loss"].backward()
        optimizer.step()
        losses.append(found["bce"].item())
    assert losses[-1] < losses[0] - 150


def test_generated_dances_stand_on_the_floor_and_do_not_travel(data, model):
    batch = data.batch([0, 1])
    motion = model.generate(batch.conditions, torch.zeros(2, 8), batch.rest_joints)
    assert motion.rotations.shape == (2, 180, 24, 3, 3)
    assert not torch.diff(motion.transl, dim=1).any() and (motion.transl[..., 1] > 0.5).all()


def test_more_tokens_than_it_takes_are_dropped(data, model):
    batch = data.batch([0])
    assert batch.conditions.tokens.shape[1] > 4
    assert model.posterior(batch)[0].shape == (1, 8)


def test_guidance_is_refused(data, model):
    batch = data.batch([0])
    with pytest.raises(InputError, match="nothing to guide"):
        model.generate(batch.conditions, torch.zeros(1, 8), batch.rest_joints, (2.0, 1.0))
