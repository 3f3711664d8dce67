"""Pages opened from the disk in Debian's Chromium; whatever asks for a network or complains fails the test."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OWN = ("file:", "data:", "blob:")
FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
"""As root there is no sandbox; without a GPU, WebGL is computed."""


@contextmanager
def browser() -> Iterator[Any]:
    """A browser; skips the test where Chromium or playwright is missing."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not program:
        pytest.skip("needs Chromium: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield started
        started.close()


def wait_until(page: Any, condition: str, seconds: float = 20) -> None:
    """Wait until a condition in JavaScript holds; playwright's own waiting needs ``eval``, which our pages forbid."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"not within {seconds} s: {condition}"
        page.wait_for_timeout(30)


@contextmanager
def tab(started: Any, path: Path, *, fragment: str = "", **options: Any) -> Iterator[Any]:
    """A page of playwright that shows ``path``, without a network; ``options`` are those of its context.

    At the end it must have asked for nothing from elsewhere and complained of nothing.
    """
    context = started.new_context(offline=True, **options)
    page = context.new_page()
    faults: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(OWN) else faults.append(request.url))
    page.on("requestfailed", lambda request: faults.append(f"{request.url[:200]} failed: {request.failure}"))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(path.absolute().as_uri() + fragment)
    yield page
    context.close()
    assert [fault for fault in faults if "net::ERR_ABORTED" not in fault] == []


@contextmanager
def opened(path: Path, *, width: int = 1280, height: int = 800, fragment: str = "", **options: Any) -> Iterator[Any]:
    """The same in a browser of its own."""
    size = {"width": width, "height": height}
    with browser() as started, tab(started, path, fragment=fragment, viewport=size, **options) as page:
        yield page
