"""A dance whose truth is known."""

import pytest

from demo.build import motion_of
from demo.song_list import song_by_id
from justlmd.body.model import Body, load_body
from justlmd.motion.motion import Motion


@pytest.fixture(scope="package")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="package")
def dance(body) -> Motion:
    """A whole song's choreography, y-up."""
    return motion_of(song_by_id("kitchen_parade"), body)
