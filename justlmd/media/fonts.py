"""The fonts of captions and sheets: DejaVu, which matplotlib carries."""

from importlib.util import find_spec
from pathlib import Path


def fonts_folder() -> Path:
    """The folder of matplotlib's ``.ttf`` files, found without the half second that importing matplotlib takes."""
    matplotlib = find_spec("matplotlib")
    if matplotlib is None or matplotlib.origin is None:
        raise ModuleNotFoundError("matplotlib, which carries the fonts, is not installed", name="matplotlib")
    return Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf"
