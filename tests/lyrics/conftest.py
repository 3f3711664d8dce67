"""Fixtures of the tests of fetched lyrics."""

from collections.abc import Iterator

import pytest
from lyrics_server import LyricsServer, lyrics_server


@pytest.fixture
def server() -> Iterator[LyricsServer]:
    with lyrics_server() as running:
        yield running
