"""The profiles name the rules that are there, and no GPU rule is forgotten."""

import re
from pathlib import Path

import yaml


def rules_with_gpu(repo: Path) -> set[str]:
    """Names of the rules whose resources ask for a GPU."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((repo / "rules").glob("*.smk")))
    _, *parts = re.split(r"^(?:rule|checkpoint) +(\w+) *:", text, flags=re.MULTILINE)
    return {name for name, body in zip(parts[::2], parts[1::2], strict=True) if re.search(r"^ +gpu=gpu,", body, re.M)}


def test_every_rule_that_asks_for_a_gpu_has_the_gpu_partition_and_no_other(repo: Path):
    profile = yaml.safe_load((repo / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    partitions = {name: resources["slurm_partition"] for name, resources in profile["set-resources"].items()}
    assert partitions == dict.fromkeys(rules_with_gpu(repo), "gpu")
    assert {"mmpose", "recovery"} < partitions.keys()


def test_rules_of_one_group_ask_for_the_same_partition(repo: Path):
    profile = yaml.safe_load((repo / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    grouped = {name for name, _ in (entry.split("=") for entry in profile["groups"])}
    assert not grouped & rules_with_gpu(repo)


def test_gpu_jobs_are_limited_everywhere(repo: Path):
    for name in ("default", "slurm"):
        profile = yaml.safe_load((repo / "profiles" / name / "config.yaml").read_text(encoding="utf-8"))
        assert profile["resources"]["gpu"] >= 1  # 0 would be no limit, and so would no entry
        assert profile["resources"]["downloads"] == 1
