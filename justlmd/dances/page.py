"""The page of one dance in the player, and where people see it: below a notebook's cell, or in the browser."""

import html
import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from justlmd.body.model import Body, load_body
from justlmd.core.clock import FPS
from justlmd.export.audio import write_clip_audio
from justlmd.lyrics.document import Line, lines_between
from justlmd.motion.motion import Motion
from justlmd.view.share_page import AUDIO_BITRATE, share_html
from justlmd.view.song_page import JITTER_LIMIT, Titles, add_dance, bare_content

FRAME_HEIGHT = 720
"""Height in pixels of the player below a notebook's cell; it is as wide as the cell."""


def dance_page(
    titles: Titles,
    motion: Motion,
    body: Body,
    start_s: float,
    lines: Sequence[Line] = (),
    audio: Path | None = None,
    beat_times: np.ndarray | None = None,
) -> str:
    """One self-contained HTML page that plays a dance; names and words are text, whatever they hold.

    Parameters
    ----------
    titles
        What the dance is called.
    motion, body
        The dance, y up with the floor at 0, and its body model; on the page the free body dances (see
        :mod:`justlmd.view.share_page`).
    start_s
        Second of the song at frame 0. The page's own clock begins there.
    lines
        Lyrics, seconds of the song; those outside of the dance are left out.
    audio
        The song's audio, or None.
    beat_times
        (B,) seconds from frame 0 on.
    """
    length_s = len(motion) / FPS
    content = bare_content(titles, lines_between(lines, start_s, start_s + length_s), beat_times)
    free = load_body()
    if body.name != free.name:
        # Shape parameters mean nothing to another body. Its own pelvis comes to where the dancer's is.
        moved = body.rest_joints(motion.betas)[0] - free.rest_joints()[0]
        motion = replace(motion, betas=np.zeros(10), transl=motion.transl + moved)
    add_dance(content, "dance", motion, free, 0.0, JITTER_LIMIT)
    if audio is None:
        return share_html(content, free, None)
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "audio.m4a"
        write_clip_audio(audio, clip, start_s, length_s, AUDIO_BITRATE)
        return share_html(content, free, clip.read_bytes())


def show(page: str) -> None:
    """Show a page: below the cell of a notebook, elsewhere in the browser."""
    if not in_notebook():
        path = Path(tempfile.mkdtemp(prefix="justlmd-")) / "dance.html"  # stays: the browser reads it later
        path.write_text(page, encoding="utf-8")
        webbrowser.open(path.as_uri())
        return
    from IPython.display import HTML, display

    display(HTML(notebook_frame(page)))


def notebook_frame(page: str) -> str:
    """A page inside another one: its scripts run, but reach neither the notebook nor what the browser keeps for it."""
    style = f"border:0;width:100%;height:{FRAME_HEIGHT}px"
    return f'<iframe title="Dance" sandbox="allow-scripts" style="{style}" srcdoc="{html.escape(page)}"></iframe>'


def in_notebook() -> bool:
    """Whether this runs in the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")
