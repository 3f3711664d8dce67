"""One browser for the pages of a test file."""

from collections.abc import Iterator
from typing import Any

import pytest
from chromium import browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Chromium; the test is skipped where it is missing."""
    with browser() as started:
        yield started
