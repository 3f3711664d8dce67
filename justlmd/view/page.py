"""Pages that a browser opens from the disk: one file with its style, program and data, and nothing fetched."""

import json
from pathlib import Path
from typing import Any

PLACE = "__DATA__"
"""What stands in a template where its data go: the content of a ``<script type="application/json">``."""


def filled_page(template: str, data: Any) -> str:
    """A page of this folder with its data.

    Parameters
    ----------
    template
        Name of an ``.html`` file beside this module.
    data
        Anything that JSON can hold. Its texts come from anywhere: nothing in them ends the element that they stand in,
        and the pages insert them as text nodes only.
    """
    before, after = Path(__file__).with_name(template).read_text(encoding="utf-8").split(PLACE)
    return before + embedded_json(data) + after


def embedded_json(data: Any) -> str:
    r"""Compact JSON in ASCII without any ``<``, ``>`` or ``&`` (they become ``\u003c`` and so on), for use within HTML
    and classic scripts."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
