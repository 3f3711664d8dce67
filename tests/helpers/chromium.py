"""Pages opened from the disk in Debian's Chromium; whatever asks for a network or complains fails the test."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OWN = ("file:", "data:", "blob:")


@contextmanager
def opened(path: Path, *, width: int = 1280, height: int = 800, fragment: str = "", **options: Any) -> Iterator[Any]:
    """A page of playwright that shows ``path``; at the end it must have asked for nothing and complained of nothing.

    Skips the test where Chromium or playwright is missing.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not program:
        pytest.skip("needs Chromium: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    faults: list[str] = []
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        page = context.new_page()
        page.on("request", lambda request: faults.append(request.url) if not request.url.startswith(OWN) else None)
        page.on("console", lambda line: faults.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(path.absolute().as_uri() + fragment)
        yield page
        browser.close()
    assert faults == []


def wait_until(page: Any, condition: str, seconds: float = 20) -> None:
    """Wait until a condition in JavaScript holds; playwright's own waiting needs ``eval``, which our pages forbid."""
    for _ in range(round(10 * seconds)):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"not within {seconds} s: {condition}")
