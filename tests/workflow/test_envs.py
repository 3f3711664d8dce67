"""Every conda environment is pinned, agrees with the lock and holds what its rules import.

Nothing here asks a channel: that a version exists, and that all of them fit together, shows only an installation. The
check of imports is needed because Snakemake puts the driver's packages behind those of a rule's environment, so that
a missing package goes unnoticed until the two differ.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from locks import locked_pins
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from rule_imports import REPO, Rule, rules_of, third_party_imports

ENVS = sorted((REPO / "envs").glob("*.yaml"))
GPU_STACKS = {"easymocap", "mmpose"}  # of another time and another Python; nothing of the lock is meant for them
# The part of conda's MatchSpec that is used here: name, version, and at most the beginning of a build's name.
CONDA_SPEC = re.compile(r"(?P<name>[a-z0-9_][a-z0-9_.-]*) =(?P<version>\d+(\.\w+)+)( \w+\*)?")
COMMIT_URL = re.compile(r"@ (git\+)?https://\S*\b[0-9a-f]{40}\b")


def lock() -> dict[str, str]:
    """Versions by name of what the workflow runs with."""
    return {pin.name: pin.version for pin in locked_pins(REPO / "requirements.lock")}


def pins_of(dependencies: list) -> tuple[list[str], list[str]]:
    """The conda specs and the pip requirements of an environment."""
    pip = [pin for entry in dependencies if isinstance(entry, dict) for pin in entry.get("pip", [])]
    return [entry for entry in dependencies if isinstance(entry, str)], pip


def problems_of(text: str, locked: dict[str, str]) -> Iterator[str]:
    """What is wrong with the text of an environment file; ``locked`` is empty for a stack of its own."""
    content = yaml.safe_load(text)
    channels = content.get("channels", [])
    if channels[:1] != ["conda-forge"] or channels[-1:] != ["nodefaults"]:
        yield f"channels {channels}: conda-forge has to come first and nodefaults last"
    conda, pip = pins_of(content["dependencies"])
    names = {spec.split()[0] for spec in conda}
    for spec in conda:
        if not CONDA_SPEC.fullmatch(spec):
            yield f"conda '{spec}': not 'name =version' or 'name =version build*'"
    for name in {"python", *(["pip"] if pip else [])} - names:
        yield f"'{name}' is not among the dependencies"
    if locked and "python =3.11" not in conda:
        yield "the library runs on Python 3.11: 'python =3.11'"
    for pin in pip:
        if COMMIT_URL.search(pin):
            continue
        try:
            requirement = Requirement(pin)
        except InvalidRequirement as error:
            yield f"pip '{pin}': {error}"
            continue
        if not re.fullmatch(r"==[\w.]+", str(requirement.specifier)):
            yield f"pip '{pin}': not pinned with =="
            continue
        version = str(requirement.specifier).removeprefix("==")
        expected = locked.get(canonicalize_name(requirement.name), version)
        explained = re.search(rf"^ *- {re.escape(pin)} +# *\w", text, re.MULTILINE)
        if version != expected and not explained:
            yield f"pip '{pin}': the lock has {expected}, and no comment says why this differs"


def provided_by(path: Path) -> set[str]:
    """Canonical names of the distributions that an environment names."""
    conda, pip = pins_of(yaml.safe_load(path.read_text(encoding="utf-8"))["dependencies"])
    return {canonicalize_name(re.split(r"[\[ =@<>~!]", entry)[0]) for entry in conda + pip}


INSTALLED = packages_distributions()


def brings(package: str) -> set[str]:
    """Canonical names of the distributions that bring a package, from what is installed here."""
    names = INSTALLED.get(package, [package])
    return {canonicalize_name(name) for name in names}


def missing_from(path: Path, packages: Iterable[str]) -> list[str]:
    """The packages that no distribution of an environment brings."""
    return sorted(package for package in packages if not brings(package) & provided_by(path))


@pytest.mark.parametrize("path", ENVS, ids=lambda path: path.stem)
def test_each_environment_is_pinned_and_agrees_with_the_lock(path):
    assert list(problems_of(path.read_text(encoding="utf-8"), {} if path.stem in GPU_STACKS else lock())) == []


GOOD = """\
channels: [conda-forge, nodefaults]
dependencies:
  - python =3.11
  - pip =25.1.1
  - pip:
      - numpy==2.4.6
      - scipy==1.10.0 # another tool declares it
"""


def test_a_sound_environment_has_no_problems():
    assert list(problems_of(GOOD, {"numpy": "2.4.6", "scipy": "1.17.1"})) == []


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("[conda-forge, nodefaults]", "[conda-forge]", "nodefaults last"),
        ("[conda-forge, nodefaults]", "[defaults, conda-forge, nodefaults]", "conda-forge has to come first"),
        ("pip =25.1.1", "pip", "not 'name =version'"),
        ("pip =25.1.1", "pip >=25", "not 'name =version'"),
        ("pip =25.1.1", "pip = 25.1.1", "not 'name =version'"),
        ("  - pip =25.1.1\n", "", "'pip' is not among"),
        ("  - python =3.11\n", "", "'python' is not among"),
        ("python =3.11", "python =3.10", "runs on Python 3.11"),
        ("numpy==2.4.6", "numpy>=2", "not pinned with =="),
        ("numpy==2.4.6", "numpy==2.*", "not pinned with =="),
        ("numpy==2.4.6", "numpy", "not pinned with =="),
        ("numpy==2.4.6", "numpy = 2.4.6", "pip 'numpy = 2.4.6'"),
        ("numpy==2.4.6", "numpy @ git+https://example.org/numpy@main", "not pinned with =="),
        ("numpy==2.4.6", "numpy==2.4.5", "the lock has 2.4.6"),
        (" # another tool declares it", "", "the lock has 1.17.1"),
    ],
)
def test_planted_faults_are_found(right, wrong, problem):
    assert right in GOOD
    found = list(problems_of(GOOD.replace(right, wrong), {"numpy": "2.4.6", "scipy": "1.17.1"}))
    assert any(problem in text for text in found), found


@pytest.mark.parametrize("rule", rules_of(), ids=lambda rule: rule.name)
def test_the_environment_of_each_rule_holds_what_its_script_imports(rule: Rule):
    environment = REPO / "envs" / f"{rule.conda}.yaml"
    assert rule.conda, "the rule names no environment"
    assert environment.is_file() and rule.script_path.is_file()
    assert missing_from(environment, third_party_imports(rule.script_path)) == []


def test_every_rule_with_a_script_is_found():
    text = "".join(path.read_text(encoding="utf-8") for path in (REPO / "rules").glob("*.smk"))
    assert len(rules_of()) == text.count("    script:\n") + text.count("    shell:\n") > 15


def test_the_driver_holds_what_the_snakefile_imports():
    needed = third_party_imports(REPO / "justlmd" / "project" / "config.py") | third_party_imports(
        REPO / "justlmd" / "songs" / "table.py"
    )
    assert missing_from(REPO / "envs" / "driver.yaml", needed | {"snakemake"}) == []
    assert "snakemake-executor-plugin-slurm" in provided_by(REPO / "envs" / "driver.yaml")


@pytest.mark.parametrize("path", ENVS, ids=lambda path: path.stem)
def test_no_environment_carries_what_nobody_imports(path):
    if path.stem in GPU_STACKS | {"driver"}:
        pytest.skip("no rule's script runs in it")
    packages = [third_party_imports(rule.script_path) for rule in rules_of() if rule.conda == path.stem]
    imported = set().union(*(brings(package) for package in set().union(*packages)))
    text = path.read_text(encoding="utf-8")
    idle = [
        pin
        for pin in pins_of(yaml.safe_load(text)["dependencies"])[1]
        if canonicalize_name(Requirement(pin).name) not in imported
        and not re.search(rf"^ *- {re.escape(pin)} +# *\w", text, re.MULTILINE)
    ]
    assert idle == [], "take it out, or say in a comment what needs it"


def test_imports_are_found_through_functions_of_other_modules(tmp_path):
    files = {
        "workflow_scripts/stage.py": """
            from typing import TYPE_CHECKING
            if TYPE_CHECKING:
                import for_types
            try:
                import may_be_missing
            except ImportError:
                may_be_missing = None
            try:
                import said_to_be_missing
            except ImportError as error:
                raise SystemExit("install it") from error
            def main(snakemake):
                from library.work import used
                return used()
        """,
        "library/__init__.py": "from library.errors import Problem",
        "library/errors.py": "import at_package",
        "library/work.py": """
            import json
            import at_import.part
            from library import tools
            def used():
                return tools.helper(), Thing
            def unused():
                import never
            class Thing:
                def method(self):
                    from in_method import something
        """,
        "library/tools.py": """
            from library.deep import inner as helper
            def other():
                import never_either
        """,
        "library/deep.py": """
            def inner():
                import deep_inside
        """,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))
    found = third_party_imports(tmp_path / "workflow_scripts" / "stage.py", tmp_path)
    assert found == {"said_to_be_missing", "at_package", "at_import", "in_method", "deep_inside"}
