"""Every reader gives something or says what is wrong: no file, however damaged or hostile, ends in a traceback.

Three ways to damage a file are tried at random, and what once broke a reader is kept in ``corpus/<kind>/``. The cases
are the same in every run; ``JUSTLMD_FUZZ=20`` tries twenty times as many, other ones in each run.
"""

import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from damage import damaged_arrays, damaged_bytes, damaged_json, damaged_value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readable import Readable, readable_files

from justlmd.core.errors import JustLMDError

pytestmark = pytest.mark.filterwarnings("ignore")

CORPUS = Path(__file__).parent / "corpus"
MORE = int(os.environ.get("JUSTLMD_FUZZ", "0"))
MEMORY = 4 << 30
"""Bytes that a reader may take beyond what the tests have taken already."""

KINDS = (
    "lrc", "song table", "song table with commas", "configuration", "model configuration", "cookies", "song list",
    "manifest", "manifest of pages", "note of a failure", "stages", "lyrics.json", "sliced.json",
    "motion of a song", "meta file", "keypoints2d", "audio features", "lyrics embeddings", "text states",
    "quality.json", "learned features", "any json", "motion as bvh", "motion as glb", "motion as npz",
    "motion as aist", "motion as edge", "joint positions", "motion as pt", "motion as json", "motion as pkl",
    "shard", "index of a data set", "data set's facts", "array of a data set", "weights",
    "configuration of weights", "repertoire", "body model", "video", "sound", "compared song", "key of a comparison",
    "answers",
)  # fmt: skip


@pytest.fixture(scope="module")
def readable(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Readable]:
    found = {one.kind: one for one in readable_files(tmp_path_factory.mktemp("readable"))}
    assert set(found) == set(KINDS)
    return found


@pytest.fixture(scope="module", autouse=True)
def little_memory() -> Iterator[None]:
    """A reader that asks for any amount of memory is told so, and fails the test."""
    if sys.platform != "linux":
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with Path("/proc/self/status").open() as status:
        taken = next(int(line.split()[1]) << 10 for line in status if line.startswith("VmData"))
    resource.setrlimit(resource.RLIMIT_DATA, (taken + MEMORY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_DATA, before)


def damages(one: Readable) -> st.SearchStrategy[bytes]:
    """The ways to damage a file of this kind."""
    ways = [damaged_bytes(one.path.read_bytes())]
    if one.value is not None and one.path.suffix in (".yaml", ".yml"):
        ways += [damaged_value(one.value).map(lambda value: yaml.safe_dump(value).encode("utf-8", "replace"))] * 2
    elif one.value is not None:
        ways += [damaged_json(one.value)] * 2
    if one.arrays:
        ways += [damaged_arrays(one.arrays)] * 2
    return st.one_of(ways)


def try_to_read(one: Readable, content: bytes) -> None:
    """Read a file of this kind with another content."""
    one.path.write_bytes(content)
    try:
        one.read(one.path)
    except JustLMDError as error:
        said = str(error)
        assert said.strip() and "Traceback" not in said and "\x1b" not in said


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_read_or_refused(kind: str, readable: dict[str, Readable], tmp_path: Path) -> None:
    one = readable[kind]
    good = one.path.read_bytes()
    one.read(one.path)

    @settings(
        max_examples=one.examples * max(MORE, 1),
        derandomize=not MORE,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(damages(one))
    def check(content: bytes) -> None:
        try_to_read(one, content)

    try:
        check()
    finally:
        one.path.write_bytes(good)


@pytest.mark.parametrize(
    "path", sorted(path for path in CORPUS.rglob("*") if path.is_file()), ids=lambda path: path.name
)
def test_what_once_broke_a_reader_no_longer_does(path: Path, readable: dict[str, Readable]) -> None:
    one = readable[path.parent.name.replace("_", " ")]
    good = one.path.read_bytes()
    try:
        try_to_read(one, path.read_bytes())
    finally:
        one.path.write_bytes(good)


def test_at_least_a_thousand_cases_are_tried(readable: dict[str, Readable]) -> None:
    assert sum(one.examples for one in readable.values()) >= 1000
