"""The lock files hold what pyproject.toml asks for, each package once, at one version, with its hashes."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
from locks import locked_pins
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("requirements.lock", "requirements-cpu.lock", "requirements-cuda.lock", "requirements-dev.lock")
PYTHONS = ("3.11", "3.12", "3.13")


def project(repo: Path) -> dict:
    return tomllib.loads((repo / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_its_hashes(repo, name):
    pins = locked_pins(repo / name)
    assert pins
    for pin in pins:
        assert pin.hashes, pin.name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", text) for text in pin.hashes), pin.name
    assert len({pin.name for pin in pins}) == len(pins)


def test_the_locks_agree_with_each_other(repo):
    main, cpu, cuda, dev = ({pin.name: pin.version for pin in locked_pins(repo / name)} for name in LOCKS)
    assert {name: main[name] for name in dev if name in main} == {name: dev[name] for name in dev if name in main}
    assert cpu == {"torch": f"{main['torch']}+cpu"}
    assert not set(cuda) & set(main)
    assert not [name for name in main if re.match(r"(nvidia|cuda)-|triton$", name)]


def requirements(table: dict, extra: str) -> list[Requirement]:
    """What an extra asks for, with the extras that it builds on."""
    found = []
    for line in table["optional-dependencies"][extra]:
        requirement = Requirement(line)
        if requirement.name == "justlmd":
            found += [inner for name in requirement.extras for inner in requirements(table, name)]
        else:
            found.append(requirement)
    return found


def test_the_locks_hold_what_the_project_asks_for(repo):
    table = project(repo)["project"]
    main = {pin.name: pin for pin in locked_pins(repo / "requirements.lock")}
    dev = {pin.name: pin for pin in locked_pins(repo / "requirements-dev.lock")}
    asked = [*map(Requirement, table["dependencies"]), *requirements(table, "workflow")]
    for lock, wanted in ((main, asked), (dev, map(Requirement, project(repo)["dependency-groups"]["dev"]))):
        for requirement in wanted:
            pin = lock[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(pin.version), f"{requirement}, but {pin.version} is locked"


def test_everything_belongs_to_the_workflow_extra(repo):
    table = project(repo)["project"]
    everything = {requirement.name for requirement in requirements(table, "workflow")}
    for extra in table["optional-dependencies"]:
        assert {requirement.name for requirement in requirements(table, extra)} <= everything


@pytest.mark.parametrize("python", PYTHONS)
def test_each_supported_python_gets_every_package_that_the_installed_ones_ask_for(repo, python):
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    pins = [pin for pin in locked_pins(repo / "requirements.lock")]
    there = {pin.name for pin in pins if not pin.marker or Marker(pin.marker).evaluate(environment)}
    for pin in pins:
        try:
            lines = requires(pin.name) or []
        except PackageNotFoundError:  # of another Python or system
            continue
        if version(pin.name).split("+")[0] != pin.version:
            continue  # the downloader may be newer
        for requirement in map(Requirement, lines):
            name = canonicalize_name(requirement.name)
            if re.match(r"(nvidia|cuda)-|triton$", name):
                continue  # requirements-cuda.lock
            if requirement.marker is None or requirement.marker.evaluate(environment | {"extra": ""}):
                assert name in there, f"{pin.name} asks for {requirement}"


def test_no_lock_names_an_index(repo):
    for name in LOCKS:
        assert "://" not in (repo / name).read_text(encoding="utf-8")


def test_the_licence_of_every_locked_package_is_listed(repo):
    listed = (repo / "THIRD_PARTY.md").read_text(encoding="utf-8")
    for lock in ("requirements.lock", "requirements-dev.lock"):
        missing = [pin.name for pin in locked_pins(repo / lock) if f"| {pin.name} |" not in listed]
        assert not missing, "run make third-party"
