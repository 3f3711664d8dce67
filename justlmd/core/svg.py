"""Figures as SVG with equal bytes for equal content."""

from pathlib import Path
from typing import Any

from justlmd.core.files import replacing


def save_svg(figure: Any, path: Path) -> None:
    """Write a matplotlib figure without date and with names of parts that do not change; text stays text."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "justlmd", "svg.fonttype": "none"}), replacing(path) as temporary:
        figure.savefig(temporary, metadata={"Date": None})
