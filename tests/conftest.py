"""Fixtures that more than one test file needs."""

from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repo() -> Path:
    """The root of the checkout."""
    return REPO


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real motion, clips and songs that may not be part of the project; tests that need them are skipped elsewhere."""
    path = REPO.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip(
            "needs the folder of real data beside the checkout (../shared/data), which is not part of the project"
        )
    return path
