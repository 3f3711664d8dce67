"""A song's page in one file, for a mail or a talk: player, body, dance and audio inside it.

The body is always the free one: an SMPL file may not be passed on.
"""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.body.model import Body
from justlmd.core.errors import InputError
from justlmd.core.files import write_text
from justlmd.view.body_script import skinned_body
from justlmd.view.packing import script
from justlmd.view.song_page import PLAYER, SELF_CONTAINED, character_script, page_html

LARGEST_BYTES = 5_000_000
"""Of the file for three minutes: what most mail servers still take."""
AUDIO_BITRATE = "80k"
"""AAC: 1.8 MB for three minutes, 2.4 MB as text."""


def share_html(
    content: Mapping[str, Any],
    body: Body,
    audio: bytes | None,
    audio_type: str = "audio/mp4",
    character: str | Path | None = None,
) -> str:
    """The page of :func:`justlmd.view.song_page.page_content` with everything inside it.

    Parameters
    ----------
    content
        Of a song with a dancer on the free body; only the first dancer goes into the page, and no video.
    body
        The free body.
    audio, audio_type
        The bytes of a file that browsers play and their MIME type; None for a page without audio.
    character
        A ``.vrm`` or ``.glb`` that dances instead of the body.

    Raises
    ------
    InputError
        There is no dancer.
    """
    if not content["dancers"]:
        raise InputError("there is no motion to share", where=content["id"])
    dancer = content["dancers"][0]
    sound = f"data:{audio_type};base64,{base64.b64encode(audio).decode('ascii')}" if audio else None
    alone = {**content, "audio": sound, "video": None, "dancers": [dancer]}
    alone |= dict.fromkeys(("gallery", "dances", "character"))
    shaped = skinned_body(body, betas=np.array(dancer["betas"]))
    player = PLAYER.read_text(encoding="utf-8")
    if "</script" in player.lower():
        raise AssertionError("the player's own text would end its script")
    own = [character_script(character)] if character else []
    parts = [script("page", alone), script("body", shaped), *own, player]
    return page_html(content["title"], [f"<script>{part}</script>" for part in parts], SELF_CONTAINED)


def write_share_page(
    path: str | Path,
    content: Mapping[str, Any],
    body: Body,
    audio: bytes | None,
    character: str | Path | None = None,
) -> int:
    """Write :func:`share_html`; returns the size in bytes."""
    text = share_html(content, body, audio, character=character)
    write_text(path, text)
    return len(text.encode())
