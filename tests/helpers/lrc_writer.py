"""Writes lyrics back as a ``.lrc`` file, for round trips; for tests only."""

from justlmd.lyrics.document import Lyrics, timestamp
from justlmd.lyrics.lrc import longest_line_s
from justlmd.lyrics.word_timing import word_spans


def write_lrc(lyrics: Lyrics) -> str:
    """Write lyrics as ``.lrc`` text that :func:`parse_lrc` reads back to the same texts and times (1 ms).

    Words with their own stamps become ``<mm:ss.xxx>`` stamps; a stamp without text ends a line before a pause.
    """
    rows = [f"[{key}:{value}]" for key, value in lyrics.metadata.items()]
    following = [line.start_s for line in lyrics.lines[1:]] + [float("inf")]
    for line, next_s in zip(lyrics.lines, following, strict=True):
        stamp, text, spans = f"[{timestamp(line.start_s)}]", line.text, word_spans(line.text)
        if line.timing == "word" and len(spans) == len(line.words):
            for (first, last), word in reversed(list(zip(spans, line.words, strict=True))):
                marked = f"<{timestamp(word.start_s)}>{text[first:last]}<{timestamp(word.end_s)}>"
                text = text[:first] + marked + text[last:]
        rows += [stamp + text, *(stamp + other for other in line.alternatives)]
        if line.end_s < next_s or line.end_s > line.start_s + longest_line_s(line.text):
            rows.append(f"[{timestamp(line.end_s)}]")
    return "\n".join(rows) + "\n"
