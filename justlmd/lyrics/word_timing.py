"""When each word of a sung line is sung: from stamps inside the line, else spread by syllables."""

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

# Scripts written without blanks between words: every sign is timed on its own.
_SIGN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(f"[{_SIGN}]|[^\\s{_SIGN}]+")
_VOWELS = re.compile("[aeiouyаеиоуыэюяєіїαεηιουω]+")
SUNG_SHARE = 0.85
"""Share of a line's interval that is sung when it is only ended by the next line: singers breathe in between.

The medians over two songs with true ends are 0.72 and 0.89 (``benchmarks/lyrics.py`` prints them).
"""


@dataclass(frozen=True)
class Word:
    """One word and the interval in which it is sung, in seconds of the song's timeline.

    ``timing`` is ``interpolated`` for a word that was not heard in a line that was; else empty: that of its line.
    """

    start_s: float
    end_s: float
    text: str
    timing: str = ""


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return ``(first, past-the-end)`` character positions of the words of ``text``.

    Words stand between blanks; Chinese, Japanese and Korean signs are words of their own.
    """
    return [match.span() for match in _WORD.finditer(text)]


@lru_cache(maxsize=32768)
def syllables(word: str) -> int:
    """Estimate the number of syllables of one word: 0 for pure punctuation, else at least 1.

    Groups of vowels after removing accents (Latin, Cyrillic, Greek), less a silent English final e; one per Chinese,
    Japanese or Korean sign; two per digit ("27" is sung "twenty-seven"); other scripts two and a half letters each.
    """
    if not any(letter.isalnum() for letter in word):
        return 0
    if re.match(f"[{_SIGN}]", word):
        return 1
    decomposed = unicodedata.normalize("NFD", word.lower())
    letters = "".join(letter for letter in decomposed if letter.isalpha())
    groups = len(_VOWELS.findall(letters))
    count = groups + 2 * sum(letter.isdigit() for letter in word)
    if groups > 1 and re.search("[^aeiouyl]e$", letters):
        count -= 1
    if not count and not re.search("[a-zа-яα-ω]", letters):
        count = round(len(letters) / 2.5)
    return max(count, 1)


def text_syllables(text: str) -> int:
    """Estimate the syllables of a whole line."""
    return sum(syllables(text[first:last]) for first, last in word_spans(text))


def word_times(
    text: str, start_s: float, end_s: float, marks: list[tuple[int, float]], breathes: bool
) -> tuple[tuple[Word, ...], str]:
    """Give every word of a line its interval.

    Parameters
    ----------
    text : the line without stamps
    start_s, end_s : the line's interval in seconds
    marks : stamps found inside the line, as (position in ``text``, seconds), in the order of text and time. A stamp
        before a word is its start, one after it its end; the line's start is the first word's.
    breathes : the interval includes a pause before the next line, so only SUNG_SHARE of it is given to words that no
        stamp ends

    Returns
    -------
    words : empty if the text holds no letter or digit
    timing : ``word`` if every word has its own stamp, ``interpolated`` if some are spread by their syllables between
        stamps or over the line, ``line`` if there are no words
    """
    spans = word_spans(text)
    weights = [syllables(text[first:last]) for first, last in spans]
    if not any(weights):
        return (), "line"
    starts: dict[int, float] = {}
    ends: dict[int, float] = {}
    last_letters = [last for _, last in spans]
    for position, seconds in marks:
        passed = bisect_right(last_letters, position)  # words that end before the stamp
        if passed:
            ends.setdefault(passed - 1, seconds)
        if passed < len(spans) and position <= spans[passed][0]:
            starts[passed] = seconds
    starts.setdefault(0, start_s)
    stamped = bool(marks) and len(starts) == len(spans)
    share = SUNG_SHARE if breathes and not marks else 1.0
    ends.setdefault(len(spans) - 1, start_s + share * (end_s - start_s))

    words = []
    for first, after in pairwise([*sorted(starts), len(spans)]):
        begin = starts[first]
        length = ends.get(after - 1, starts.get(after, begin)) - begin
        run = weights[first:after] if any(weights[first:after]) else [1] * (after - first)
        done, total = 0, sum(run)
        for (left, right), weight in zip(spans[first:after], run, strict=True):
            word_start = begin + length * done / total
            done += weight
            word_end = begin + length * done / total
            words.append(Word(round(word_start, 3), round(word_end, 3), text[left:right]))
    return tuple(words), "word" if stamped else "interpolated"
