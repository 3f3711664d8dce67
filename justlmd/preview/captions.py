"""Captions as an ASS karaoke file: the sung line fills word by word, the next one waits below it in small type.

Lyrics come from anywhere, so nothing in them may act as ASS markup: braces become parentheses, a backslash loses its
meaning to a word joiner behind it, and control characters and line breaks become blanks.
"""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pysubs2

from justlmd.core.files import write_text
from justlmd.lyrics.document import Line
from justlmd.lyrics.word_timing import Word
from justlmd.media.fonts import fonts_folder

MAX_CHARACTERS = 160
"""Longer lines are cut; at the size of the captions they would cover the dancer."""

MAX_NEXT_CHARACTERS = 70
"""The line that waits must fit into one row."""

LEAD_S = 4.0
"""How long before its first word the next line appears."""


def write_captions(
    path: str | Path,
    lines: Sequence[Line],
    duration_s: float,
    size: tuple[int, int],
    *,
    start_s: float = 0.0,
    titles: Sequence[str] = (),
) -> str:
    """Write the captions of an excerpt of a song.

    Parameters
    ----------
    path
        The ``.ass`` file.
    lines
        Lines with times in seconds of the whole song.
    duration_s, start_s
        Length of the excerpt and its beginning in the song, seconds.
    size
        Width and height of the video in pixels.
    titles
        Shown throughout, each in the upper left corner of its equal share of the width, from left to right.

    Returns
    -------
    The characters, each once, for which the captions' font has no glyph (empty when all can be shown).
    """
    file = _empty_file(size)
    sung = [line for line in lines if line.text.strip()]
    shown = []
    for line, after in zip_longest(sung, sung[1:]):
        begin = max(line.start_s, start_s)
        end = min(line.end_s, start_s + duration_s, after.start_s if after else math.inf)
        if end > begin:
            shown.append((line, begin - start_s, end - start_s))
    for index, (line, begin, end) in enumerate(shown):
        words = line.words or (Word(start_s + begin, start_s + end, line.text),)
        file.append(_event("Line", begin, end, _karaoke(words, line.text, begin, end, start_s)))
        since = 0.0 if index == 0 else shown[index - 1][1]
        since = max(since, begin - LEAD_S)
        if begin > since:
            file.append(_event("Next", since, begin, safe_text(line.text, MAX_NEXT_CHARACTERS)))
    for index, title in enumerate(titles):
        event = _event("Title", 0, duration_s, safe_text(title))
        side = round(0.05 * size[0] / len(titles))
        event.marginl = round(size[0] * index / len(titles)) + side
        event.marginr = round(size[0] * (len(titles) - index - 1) / len(titles)) + side
        file.append(event)
    file.sort()
    write_text(path, file.to_string("ass"))
    text = "".join(line.text for line, _, _ in shown) + "".join(titles)
    return "".join(
        sorted({character for character in text if character.isprintable() and ord(character) not in _glyphs()})
    )


def safe_text(text: str, longest: int = MAX_CHARACTERS) -> str:
    """Text that an ASS reader shows as it is, on one line, whatever it contains; longer than ``longest`` it is cut."""
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\s]+", " ", text).strip()
    if len(text) > longest:
        text = text[: longest - 1].rstrip() + "…"
    return text.replace("{", "(").replace("}", ")").replace("\\", "\\\u2060")


def _karaoke(words: Sequence[Word], line: str, begin: float, end: float, start_s: float) -> str:
    r"""A line whose words fill at their times: ``{\kN}`` for the silence before a word, ``{\kfN}word`` for the word.

    Times are rounded to hundredths from the event's start on, so the sum of all N is the event's length. Words sung
    before the event begins get 0.
    """
    length, now, result, room, place = round(end * 100) - round(begin * 100), 0, "", MAX_CHARACTERS, 0
    for word in words:
        if room <= 0:
            break
        text = safe_text(word.text, room)
        first = min(max(round((word.start_s - start_s - begin) * 100), now), length)
        last = min(max(round((word.end_s - start_s - begin) * 100), first), length)
        # Between words stands what stands there in the line: nothing between Chinese characters.
        place = max(line.find(word.text, place), place) + len(word.text)
        blank = " " if line[place : place + 1].strip() == "" else ""
        result += (f"{{\\k{first - now}}}" if first > now else "") + f"{{\\kf{last - first}}}{text}{blank}"
        now, room = last, room - len(text) - 1
    return result.rstrip() + (f"{{\\k{length - now}}}" if length > now else "")


def _empty_file(size: tuple[int, int]) -> pysubs2.SSAFile:
    width, height = size
    file = pysubs2.SSAFile()
    file.info |= {"PlayResX": str(width), "PlayResY": str(height), "WrapStyle": "0", "ScaledBorderAndShadow": "yes"}
    white, grey, gold = pysubs2.Color(255, 255, 255), pysubs2.Color(210, 210, 210), pysubs2.Color(255, 205, 60)
    side = round(width * 0.05)
    common: dict[str, Any] = {
        "fontname": "DejaVu Sans",
        "outline": height / 270,
        "shadow": 0,
        "marginl": side,
        "marginr": side,
    }
    font = min(height * 0.058, width * 0.045)
    small = common | {"fontsize": font * 0.68, "primarycolor": grey, "outline": height / 400}
    file.styles = {
        "Line": pysubs2.SSAStyle(
            fontsize=font,
            bold=True,
            primarycolor=gold,
            secondarycolor=white,
            alignment=pysubs2.Alignment.BOTTOM_CENTER,
            marginv=round(height * 0.03 + font * 1.1),
            **common,
        ),
        "Next": pysubs2.SSAStyle(
            alignment=pysubs2.Alignment.BOTTOM_CENTER,
            marginv=round(height * 0.03),
            **small,
        ),
        "Title": pysubs2.SSAStyle(
            fontsize=font * 0.8,
            bold=True,
            primarycolor=white,
            alignment=pysubs2.Alignment.TOP_LEFT,
            marginv=round(height * 0.03),
            **common,
        ),
    }
    return file


def _event(style: str, begin: float, end: float, text: str) -> pysubs2.SSAEvent:
    return pysubs2.SSAEvent(start=round(begin * 100) * 10, end=round(end * 100) * 10, style=style, text=text)


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    """Code points that the captions' font can show; matplotlib ships it."""
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(fonts_folder() / "DejaVuSans.ttf")).get_charmap())
