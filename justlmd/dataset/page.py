"""Pages that show a dance, and where people see them: below a notebook's cell, or in the browser."""

import base64
import html
import sys
import tempfile
import webbrowser
from pathlib import Path

from justlmd.core.errors import plain

CONTROLS = 90
"""Height in pixels of title and lyrics below the video."""


def video_page(video: bytes, title: str, text: str, size: tuple[int, int]) -> str:
    """One self-contained HTML page with a video (mp4), its title and its lyrics; names are text, whatever they hold."""
    width, height = size
    source = base64.b64encode(video).decode()
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; media-src data:; style-src 'unsafe-inline'\">"
        f'<title>{html.escape(plain(title))}</title></head><body style="margin:0;font-family:sans-serif">'
        f'<video controls loop width="{width}" height="{height}" src="data:video/mp4;base64,{source}"></video>'
        f"<p><b>{html.escape(plain(title))}</b><br>{html.escape(plain(text))}</p></body></html>"
    )


def show(page: str, size: tuple[int, int]) -> None:
    """Show a page: below the cell of a notebook, as a frame of ``size`` pixels; elsewhere in the browser."""
    if not in_notebook():
        path = Path(tempfile.mkdtemp(prefix="justlmd-")) / "dance.html"  # stays: the browser reads it later
        path.write_text(page, encoding="utf-8")
        webbrowser.open(path.as_uri())
        return
    from IPython.display import HTML, display

    width, height = size
    frame = f'width="{width + 20}" height="{height + CONTROLS}" sandbox style="border:0"'
    display(HTML(f'<iframe {frame} srcdoc="{html.escape(page)}"></iframe>'))


def in_notebook() -> bool:
    """Whether this runs in the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")
