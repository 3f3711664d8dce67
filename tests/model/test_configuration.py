"""Every value of every model's configuration, changed for the worse, is one line that names its key."""

import copy
import math
from typing import Any

import pytest
import yaml

from justlmd.core.errors import InputError
from model.configuration import ModelConfig, TransformerCVAEConfig, parse_config, read_config

WRONG: list[Any] = [None, math.nan, math.inf, -math.inf, -1, -0.5, 10**400, "x", [1], {"a": 1}]


def faults(content: Any) -> list[str]:
    try:
        parse_config(content, "x.yaml")
    except InputError as error:
        return str(error).split("\n")
    return []


@pytest.fixture(scope="module")
def shipped(repo) -> dict[str, dict]:
    paths = (repo / "model" / "configs").glob("*.yaml")
    return {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths}


def test_the_shipped_configurations_are_valid(repo, shipped):
    assert {"v2_report.yaml", "v2_small.yaml"} <= set(shipped)
    for name in shipped:
        assert isinstance(read_config(repo / "model" / "configs" / name), ModelConfig)
    report = read_config(repo / "model" / "configs" / "v2_report.yaml")
    assert report.network == TransformerCVAEConfig() and report.training.batch_size == 200


def test_every_leaf_refuses_what_it_cannot_mean_in_one_line_with_its_key(shipped):
    for content in shipped.values():
        for section in ("network", "training"):
            for key in content[section]:
                for wrong in WRONG:
                    changed = copy.deepcopy(content)
                    changed[section][key] = wrong
                    (line,) = faults(changed)
                    assert line.startswith(f"x.yaml: {section}.") and key in line and len(line) < 900, line


def test_unknown_keys_and_broken_sections_are_named(shipped):
    for content in shipped.values():
        for section in ("network", "training"):
            (line,) = faults(content | {section: content[section] | {"unheard_of": 1}})
            assert line.startswith(f"x.yaml: {section}.unheard_of: unknown key; the keys are ")
            for wrong in (None, 3, "x", []):
                (line,) = faults(content | {section: wrong})
                assert line.startswith(f"x.yaml: {section}: ") and line.endswith("must be keys and values")
            assert faults({key: value for key, value in content.items() if key != section}) == []
        assert faults(content | {"networks": {}}) == [
            "x.yaml: networks: unknown key; the keys are model, network, training"
        ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "'model' must be one of flat_cvae, transformer_cvae, dancer, flow_dancer"),
        ("model: gan", "'model' must be one of flat_cvae, transformer_cvae, dancer, flow_dancer"),
        ("model: [gan]", "'model' must be one of"),
        ("{model: transformer_cvae, network: {depth: 3}}", "network.depth: unknown key; the keys are layout"),
        ("{model: transformer_cvae, training: {steps: many}}", "training.steps: 'many' must be a whole number"),
        ("{model: transformer_cvae, training: {precision: fp8}}", "'fp8' must be 'auto', '32-true' or 'bf16-mixed'"),
        ("{model: transformer_cvae, training: {steps: 0}}", "training.steps: 0 must be greater than or equal to 1"),
        ("{model: transformer_cvae, network: {n_heads: 3}}", "n_heads: 3 must divide d_model, which is 512"),
        ("{model: flow_dancer, network: {euler_steps: 0}}", "euler_steps: 0 must be greater than or equal to 1"),
        ("{model: dancer, training: {tempo: 5}}", "training.tempo: 5 must be less than or equal to 0.5"),
        ("{model: dancer, training: {yaw: -1.0}}", "training.yaw: -1.0 must be greater than or equal to 0"),
        ("{model: dancer, network: {patch: 7}}", "network.patch: 7 must divide 30 and 180"),
    ],
)
def test_a_wrong_configuration_names_its_key(content, message):
    (line,) = faults(yaml.safe_load(content))
    assert message in line


def test_an_unreadable_file_is_named(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe{")
    for path in (tmp_path / "a.yaml", tmp_path / "none.yaml"):
        with pytest.raises(InputError, match=f"{path.name}: not a readable configuration"):
            read_config(path)
