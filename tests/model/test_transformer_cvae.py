"""V2 against the report's numbers, against torch's own layers, and its two mended defects."""

import pytest
import torch
from torch import nn

from model.configuration import TransformerCVAEConfig
from model.data import Batch, Conditions
from model.networks.attention import Dropout, attend, dropout
from model.networks.base import gaussian_kl
from model.networks.transformer_cvae import Layer, TransformerCVAE, position_code, stretched_tokens

torch.set_num_threads(1)

TINY = {"d_model": 16, "n_heads": 2, "d_feedforward": 32, "n_layers": 1, "dropout": 0.0, "token_dim": 6}


def random_batch(size: int = 3, tokens: int = 4, seed: int = 0, width: int = 6) -> Batch:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    mask = torch.ones(size, tokens, dtype=torch.bool)
    mask[-1, 2:] = False
    conditions = Conditions(
        normal(size, 180, 128), normal(size, 180, 4), torch.ones(size), normal(size, tokens, width),
        torch.rand(size, tokens, 2, generator=generator), mask,
        torch.zeros(size, 180, 2), torch.zeros(size, 180, 0), torch.zeros(size),
    )  # fmt: skip
    return Batch(
        normal(size, 180, 3), 0.3 * normal(size, 180, 69), normal(size, 180, 3), normal(size, 24, 3), conditions
    )


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def tiny(**changes) -> TransformerCVAE:
    torch.manual_seed(0)
    return TransformerCVAE(TransformerCVAEConfig(**(TINY | changes)))


@pytest.mark.parametrize(("layout", "total"), [("axis_angle_26", 21_798_320), ("axis_angle_24", 21_792_170)])
def test_the_reports_sizes_have_the_originals_parameters(layout, total):
    model = TransformerCVAE(TransformerCVAEConfig(layout=layout, unused_parameters=True))
    assert count(model.encoder) + count(model.decoder) == total
    assert (count(model.encoder.layers), count(model.decoder.layers)) == (8_411_136, 12_617_728)
    used = TransformerCVAE(TransformerCVAEConfig(layout=layout))
    assert total - count(used.encoder) - count(used.decoder) == 393_216
    if layout == "axis_angle_26":
        assert (count(model.encoder), count(model.decoder)) == (8_845_162, 12_953_158)


def copy_attention(ours: nn.Module, theirs: nn.MultiheadAttention) -> None:
    theirs.in_proj_weight.data, theirs.in_proj_bias.data = ours.in_proj.weight.data, ours.in_proj.bias.data
    theirs.out_proj.load_state_dict(ours.out_proj.state_dict())


@pytest.mark.parametrize("cross", [False, True])
def test_a_layer_computes_what_torchs_own_layer_computes(cross):
    torch.manual_seed(1)
    ours = Layer(TransformerCVAEConfig(**TINY), cross).double()
    kind = nn.TransformerDecoderLayer if cross else nn.TransformerEncoderLayer
    theirs = kind(16, 2, 32, 0.0, "gelu", batch_first=True).double()
    copy_attention(ours.self_attention, theirs.self_attn)
    if cross:
        copy_attention(ours.cross_attention, theirs.multihead_attn)
    for name in ("linear1", "linear2"):
        getattr(theirs, name).load_state_dict(getattr(ours, name).state_dict())
    for number, norm in enumerate(ours.norms, start=1):
        nn.init.normal_(norm.weight)
        getattr(theirs, f"norm{number}").load_state_dict(norm.state_dict())
    x, memory = torch.randn(2, 7, 16).double(), torch.randn(2, 9, 16).double()
    inputs = (x, memory) if cross else (x,)
    torch.testing.assert_close(ours(*inputs), theirs(*inputs))


@pytest.mark.parametrize("with_bias", [False, True])
def test_bf16_attention_on_the_cpu_agrees_with_the_fused_kernel_in_value_and_gradient(with_bias):
    generator = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, 3, n, 8, generator=generator) for n in (9, 12, 12))
    bias = torch.randn(2, 1, 9, 12, generator=generator) if with_bias else None
    if bias is not None:
        bias[:, :, :, 10:] = -torch.inf  # keys that are padding
    results = []
    for kind in (torch.float32, torch.bfloat16):
        inputs = [x.detach().to(kind, copy=True).requires_grad_() for x in (q, k, v)]
        output = attend(*inputs, bias)
        output.float().square().sum().backward()
        results.append([output.float(), *(x.grad.float() for x in inputs)])
    for exact, coarse in zip(*results, strict=True):
        torch.testing.assert_close(coarse, exact, atol=0.05, rtol=0.05)


def test_the_position_code_starts_with_zero_and_one_and_turns_at_falling_rates():
    code = position_code(50, 8)
    assert code[0].tolist() == [0, 1] * 4
    torch.testing.assert_close(code[7, 0], torch.sin(torch.tensor(7.0)))
    torch.testing.assert_close(code[7, 7], torch.cos(torch.tensor(7.0 / 1000)))


def test_tokens_are_stretched_evenly_and_no_tokens_give_zero():
    states = torch.tensor([[[0.0], [1.0], [2.0]], [[5.0], [9.0], [9.0]], [[7.0], [7.0], [7.0]]])
    mask = torch.tensor([[True] * 3, [True, False, False], [False] * 3])
    stretched = stretched_tokens(states, mask, 5)[..., 0]
    assert stretched.tolist() == [[0, 0.5, 1, 1.5, 2], [5] * 5, [0] * 5]


@pytest.mark.parametrize("layout", ["axis_angle_26", "axis_angle_24", "sixd"])
def test_generated_motion_has_180_frames_of_rotations(layout):
    model, batch = tiny(layout=layout), random_batch()
    motion = model.generate(batch.conditions, torch.zeros(3, 16), batch.rest_joints)
    assert motion.rotations.shape == (3, 180, 24, 3, 3) and motion.transl.shape == (3, 180, 3)
    identity = torch.eye(3).expand(3, 180, 24, 3, 3)
    torch.testing.assert_close(motion.rotations @ motion.rotations.mT, identity, atol=1e-4, rtol=0)


def test_the_loss_is_the_mean_squared_error_plus_the_weighted_divergence():
    model, batch = tiny(kl_weight=0.5), random_batch()
    losses = model.losses(batch, torch.Generator().manual_seed(0), 0.0)
    mean, log_variance = model.posterior(batch)
    divergence = gaussian_kl(mean, log_variance)
    torch.testing.assert_close(losses["kl"], divergence.sum(1).mean())
    torch.testing.assert_close(losses["loss"], losses["mse"] + 0.5 * divergence.sum())


def test_the_literal_divergence_grows_with_the_batch_and_the_mended_one_does_not():
    one, two = random_batch(2), random_batch(2)
    double = Batch(
        *(torch.cat([getattr(one, name)] * 2) for name in ("global_orient", "body_pose", "transl", "rest_joints")),
        Conditions(*(torch.cat([value] * 2) for value in two.conditions)),
    )
    for kl, factor in (("batch_sum", 2.0), ("per_sample", 1.0)):
        model = tiny(kl=kl, kl_weight=1.0)
        small, large = (model.losses(b, torch.Generator().manual_seed(0), 0.0) for b in (one, double))
        ratio = (large["loss"] - large["mse"]) / (small["loss"] - small["mse"])
        assert ratio.item() == pytest.approx(factor, rel=1e-4)


def test_free_bits_stop_pulling_where_the_latent_already_says_less():
    model, batch = tiny(kl="per_sample", kl_weight=1.0, free_bits=100.0), random_batch()
    losses = model.losses(batch, torch.Generator().manual_seed(0), 0.0)
    torch.testing.assert_close(losses["loss"] - losses["mse"], torch.tensor(1600.0))
    (losses["loss"] - losses["mse"]).backward()
    assert all(p.grad is None or not p.grad.any() for p in model.encoder.parameters())


def test_the_divergence_of_a_standard_normal_is_zero_and_matches_torch():
    assert gaussian_kl(torch.zeros(3), torch.zeros(3)).tolist() == [0, 0, 0]
    mean, log_variance = torch.randn(5), torch.randn(5)
    expected = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, (log_variance / 2).exp()), torch.distributions.Normal(0.0, 1.0)
    )
    torch.testing.assert_close(gaussian_kl(mean, log_variance), expected)


def test_equal_seeds_give_equal_losses_and_the_latent_changes_the_output():
    model, batch = tiny(), random_batch()
    first, again, other = (model.losses(batch, torch.Generator().manual_seed(s), 0.0)["loss"] for s in (1, 1, 2))
    assert first == again and first != other
    a, b = (model.generate(batch.conditions, z * torch.ones(3, 16), batch.rest_joints).transl for z in (0, 3))
    assert (a - b).abs().max() > 1e-4


def test_missing_music_hides_the_music():
    model, batch = tiny(), random_batch()
    model.music_mean += 1
    hidden = batch.conditions._replace(has_music=torch.zeros(3))
    louder = hidden._replace(log_mel=hidden.log_mel + 5)
    torch.testing.assert_close(model.condition(hidden), model.condition(louder))
    assert not model.condition(hidden)[..., :128].any()


def test_every_used_parameter_gets_a_gradient():
    model = tiny()
    model.losses(random_batch(), torch.Generator().manual_seed(0), 0.0)["loss"].backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("shape", [(7, 333), (2, 3, 5)])
def test_dropout_hides_its_share_of_values_and_keeps_the_mean(shape):
    torch.manual_seed(0)
    x = torch.ones(shape, requires_grad=True)
    many = torch.stack([dropout(x, 0.25) for _ in range(200)])
    assert (many == 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert many.mean().item() == pytest.approx(1.0, abs=0.02)
    assert (many == 0).float().mean(0).max() < 0.5  # every value has its own chance
    torch.testing.assert_close(torch.autograd.grad(many.sum(), x)[0], many.detach().sum(0))
    assert dropout(x, 0.0) is x
    layer = Dropout(0.5).eval()
    assert layer(x) is x
