"""Players opened from disk in Debian's Chromium, which has no network; what it asks for and complains of is noted."""

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


def until(tab: Any, expression: str, seconds: float = 15) -> None:
    """Wait until a page says yes; playwright's own waiting needs ``eval``, which the pages forbid."""
    end = time.monotonic() + seconds
    while not tab.evaluate(expression):
        assert time.monotonic() < end, f"{expression} did not come true within {seconds} s"
        tab.wait_for_timeout(30)


@contextmanager
def player(started: Any, page: Path, *, size: tuple[int, int] = (900, 700), fragment: str = "") -> Iterator[Any]:
    """A player that is ready; at the end it must have asked for nothing from elsewhere and complained of nothing."""
    context = started.new_context(viewport={"width": size[0], "height": size[1]}, offline=True)
    tab = context.new_page()
    faults: list[str] = []
    tab.on("request", lambda request: None if request.url.startswith(OWN) else faults.append(request.url))
    tab.on("requestfailed", lambda request: faults.append(f"{request.url[:200]} failed: {request.failure}"))
    tab.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.goto(page.absolute().as_uri() + fragment)
    until(tab, "window.ready || window.failed", seconds=60)
    assert tab.evaluate("window.failed || ''") == ""
    yield tab
    context.close()
    assert [fault for fault in faults if "net::ERR_ABORTED" not in fault] == []
