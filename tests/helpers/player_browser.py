"""Players opened from disk in Debian's Chromium."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chromium import tab, wait_until


@contextmanager
def player(started: Any, page: Path, *, size: tuple[int, int] = (900, 700), fragment: str = "") -> Iterator[Any]:
    """A player that is ready, in a browser that was started."""
    with tab(started, page, fragment=fragment, viewport={"width": size[0], "height": size[1]}) as shown:
        wait_until(shown, "window.ready || window.failed", seconds=60)
        assert shown.evaluate("window.failed || ''") == ""
        yield shown
