"""Fixtures that more than one test file needs."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import pytest
from chromium import browser
from hypothesis import settings

from justlmd.core.files import cache_folder

REPO = Path(__file__).resolve().parents[1]

# Numba's cache breaks when processes compile different things at once, so that each has its own; not by the variable of
# the environment, which the jobs of a workflow would inherit.
numba.config.CACHE_DIR = str(cache_folder() / "numba" / f"tests-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}")

# A slow machine, or a busy one, is no fault.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In several processes the long runs of the workflow come first, and the short tests fill the gaps."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: item.get_closest_marker("workflow") is None)


@pytest.fixture(scope="session")
def repo() -> Path:
    """The root of the checkout."""
    return REPO


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One Chromium for the pages of a test file; the test is skipped where it is missing."""
    with browser() as started:
        yield started


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real motion, clips and songs that may not be part of the project; tests that need them are skipped elsewhere."""
    path = REPO.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip(
            "needs the folder of real data beside the checkout (../shared/data), which is not part of the project"
        )
    return path
