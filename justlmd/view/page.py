"""Pages that a browser opens from the disk: one file with its style, program and data, and nothing fetched."""

import json
from pathlib import Path
from typing import Any

OWN_FILES = (
    "default-src 'none'; img-src 'self' file: data:; media-src 'self' file:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)
"""What the pages of this folder may load: images and media beside them."""

PLACE = "__DATA__"
"""What stands in a template where its data go: the content of a ``<script type="application/json">``."""


def filled_page(template: str, data: Any) -> str:
    """A page of this folder with its data.

    Parameters
    ----------
    template
        Name of an ``.html`` file beside this module; it begins with its title (:func:`page_start` comes before).
    data
        Anything that JSON can hold. Its texts come from anywhere: nothing in them ends the element that they stand in,
        and the pages insert them as text nodes only.
    """
    before, after = Path(__file__).with_name(template).read_text(encoding="utf-8").split(PLACE)
    return page_start(OWN_FILES) + before + embedded_json(data) + after


def page_start(policy: str) -> str:
    """The beginning of a page up to its title; ``policy`` says what it may load."""
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<link rel="icon" href="data:,">',
    ]
    return "\n".join(lines) + "\n"


def embedded_json(data: Any) -> str:
    r"""Compact JSON in ASCII without any ``<``, ``>`` or ``&`` (they become ``\u003c`` and so on), for use within HTML
    and classic scripts."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
