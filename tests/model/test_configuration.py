"""Every value of every model's configuration, changed for the worse, is one line that names its key."""

import json
import subprocess
import sys
from dataclasses import asdict
from typing import Any

import pytest
import yaml
from wrong_values import WRONG_VALUES

from justlmd.core.errors import InputError
from justlmd.core.files import write_json
from model.configuration import (
    FlowDancerConfig,
    ModelConfig,
    TransformerCVAEConfig,
    check_configs,
    parse_config,
    read_config,
)
from model.training.checkpoint import load_model

WRONG: list[Any] = [*WRONG_VALUES, -0.5, "x", [1], {"a": 1}]


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


def accepted(key: str, default: Any, wrong: Any) -> bool:
    """Whether ``wrong`` has a meaning: a switch may be on, a folder has any name, a mean may be negative."""
    if isinstance(default, str) and key == "start_from":
        return isinstance(wrong, str) and len(wrong) <= 4096
    return (isinstance(default, bool) and wrong is True) or (key == "time_mean" and wrong in (-1, -0.5))


def test_every_leaf_refuses_what_it_cannot_mean_in_one_line_with_its_key(repo, shipped):
    refused = 0
    for name in shipped:
        content = asdict(read_config(repo / "model" / "configs" / name))  # with the keys that the file leaves out
        for section in ("network", "training"):
            for key, default in content[section].items():
                for wrong in WRONG:
                    lines = faults(content | {section: content[section] | {key: wrong}})
                    assert len(lines) == (0 if accepted(key, default, wrong) else 1), (key, wrong, lines)
                    for line in lines:
                        assert line.startswith(f"x.yaml: {section}.{key}: ") and len(line) < 300, line
                        assert " must " in line, line
                        shown = {None: "null", True: "true"}.get(wrong, repr(wrong)) if wrong.__hash__ else repr(wrong)
                        assert shown in line or "..." in line or "digits" in line, line
                    refused += len(lines)
    assert refused > 2000


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
        ("{model: transformer_cvae, network: {layout: euler}}", "'axis_angle_26', 'axis_angle_24' or 'sixd'"),
        ("{model: transformer_cvae, network: {kl: mean}}", "'mean' must be 'batch_sum' or 'per_sample'"),
        ("{model: transformer_cvae, network: {d_model: 33}}", "network.d_model: 33 must be even"),
        ("{model: dancer, network: {lyrics_dropout: 0.9}}", "both_dropout: with music_dropout and lyrics_dropout it"),
        ("{model: dancer, training: {tempo: 5}}", "training.tempo: 5 must be less than or equal to 0.5"),
        ("{model: dancer, training: {yaw: -1}}", "training.yaw: -1 must be greater than or equal to 0"),
        ("{model: dancer, training: {lr: 1e-3}}", "training.lr: '1e-3' must be a number; write 0.001 in the file"),
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


def test_the_faults_of_all_files_and_of_what_they_start_from_are_named_together(tmp_path):
    (tmp_path / "a.yaml").write_text("model: dancer\nnetwork: {patch: 7}\ntraining: {steps: -1}\n")
    trained, nowhere = tmp_path / "trained", tmp_path / "nowhere"
    trained.mkdir()
    config = asdict(
        ModelConfig("flow_dancer", FlowDancerConfig(d_model=64), parse_config({"model": "dancer"}, "").training)
    )
    (trained / "config.json").write_text(json.dumps(config | {"facts": {"steps": 3}}))
    for name, start in (("b", nowhere), ("c", trained)):
        (tmp_path / f"{name}.yaml").write_text(f"model: flow_dancer\ntraining: {{start_from: {start}}}\n")
    with pytest.raises(InputError) as caught:
        check_configs(tmp_path / f"{name}.yaml" for name in "abc")
    lines = str(caught.value).split("\n")
    assert [line.removeprefix(f"{tmp_path}/").split(": ")[:2] for line in lines] == [
        ["a.yaml", "network.patch"],
        ["a.yaml", "training.steps"],
        ["b.yaml", "training.start_from"],
        ["c.yaml", "training.start_from"],
    ]
    assert f"{nowhere}: no trained model there" in lines[2]
    assert lines[3].endswith(f"{trained} holds another network (d_model 64 there, 128 here)")
    (tmp_path / "c.yaml").write_text(
        f"model: flow_dancer\nnetwork: {{d_model: 64}}\ntraining: {{start_from: {trained}}}\n"
    )
    check_configs([tmp_path / "c.yaml"])


def test_checking_needs_no_torch(repo):
    code = "import sys, model.configuration; sys.exit(bool({'torch', 'transformers', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=repo).returncode == 0


def test_sizes_beyond_all_memory_are_refused_before_they_are_built(tmp_path):
    config = asdict(read_config("model/configs/v3_small.yaml"))
    config["network"] |= {"d_model": 65_536, "n_heads": 4, "d_feedforward": 65_536, "decoder_layers": 256}
    write_json(tmp_path / "config.json", config | {"facts": {}})
    with pytest.raises(InputError, match=r"weights; 1e\+09 are allowed"):
        load_model(tmp_path)
