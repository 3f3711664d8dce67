"""Which stamped lines of a lyrics file name the song and its makers, and are not sung.

A line is judged by its words and, where these could be sung, by its place: before the first sung line or after the
last. A time of 0.00 alone says nothing. The rules with examples: ``docs/lyrics.md``.
"""

import math
import re
from collections.abc import Mapping, Sequence

AT_ZERO_S, TITLE_PAUSE_S = 0.1, 3.0
"""What could be a heading or sung is a heading if it begins before the first and nothing follows within the second."""

BESIDE_S = 1.5
"""A text between two credits that stands no longer than this is one of them."""

LONGEST = 500
"""Characters of the longest credit; what is longer is not looked at."""

_MAKER = re.compile(  # a whole label
    "词|詞|曲|词曲|詞曲|鼓|笛|箫|二胡|古筝|琵琶|歌|唄|唱|歌名|曲名|标题|標題|专辑|專輯|歌手|作者|出品|op|sp|"
    "isrc|작사|작곡|편곡|작사작곡|프로듀서"
)
_MAKER_PART = re.compile(  # anywhere in a label
    "作词|作詞|填词|填詞|作曲|编曲|編曲|作编|制作|製作|监制|監製|混音|母带|母帶|和声|和聲|和音|吉他|贝斯|"
    "貝斯|鼓手|键盘|鍵盤|钢琴|鋼琴|弦乐|弦樂|录音|錄音|配唱|演唱|原唱|翻唱|歌手|出品|发行|發行|企划|企劃|"
    "统筹|統籌|策划|策劃|总监|總監|文案|后期|後期|美工|调教|歌词|歌詞|提琴|打击乐|打擊樂|萨克斯|校对|翻译|"
    "翻譯|訳詞|録音|版权|版權|编写|編寫|演奏|口琴|录制|錄製|工程|厂牌|封面|设计|設計"
)
_MADE = (
    r"(?:lyrics?|words?|written|music|composed|arranged|produced|performed|sung|vocals?|mixed|mastered|recorded|"
    r"transcribed|translated|subtitles?|subtitled|lrc|synced|timed)"
)
_PEOPLE = (
    r"(?:lyricists?|composers?|arrangers?|producers?|songwriters?|writers?|singers?|performers?|publishers?|artists?|"
    r"compositor(?:es|a)?|autor(?:es|a|i|e)?|intérpretes?|arreglos?|productor(?:es)?|produtor(?:es)?|compositeurs?|"
    r"auteurs?|interprètes?|komponist(?:en|in)?|texter(?:in)?|compositore)"
)
_THINGS = (
    r"(?:lyrics?|words|music|title|song|album|vocals?|letra|música|musica|letra y música|paroles|musique|text|musik|"
    r"testo|노래|가수|제목)"
)
_JOINED = r"(?:\s*(?:/|&|\+|,|、|and|y|et|und|e)\s*)"
# Before a colon these are credits wherever they stand.
_LABELLED = re.compile(rf"(?:{_MADE}(?:{_JOINED}{_MADE})*\s+by|{_PEOPLE}(?:{_JOINED}{_PEOPLE})*)\s*[:：]\s*\S", re.I)
_NOTICE = re.compile(
    r"纯音乐.{0,6}欣赏|没有填词的纯音乐|未经.{0,30}(?:许可|授权)|著作权人|(?:QQ|网易云)音乐.{0,12}享有"
)
# These could be sung, and are credits only before the first sung line or after the last.
_BY = re.compile(rf"{_MADE}(?:{_JOINED}{_MADE})*\s+by\s+(?P<who>\S.*)", re.I)
_BY_ANYBODY = re.compile(rf"(?:{_MADE}(?:{_JOINED}{_MADE})*\s+)?by\s+\S", re.I)  # at 0.00 alone
_THING = re.compile(rf"{_THINGS}(?:{_JOINED}{_THINGS})*\s*[:：]\s*(?P<who>\S.*)", re.I)
_SPACED = re.compile(r"(?:作词|作詞|填词|填詞|作曲|编曲|編曲|演唱|原唱|작사|작곡|편곡|ISRC)\s+\S")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+\.(?:com|net|org|cn)\b", re.I)
_LABEL = re.compile(r"(?P<label>[^:：]{1,24}?)\s*[:：]\s*\S")
_PAIR = re.compile(r"(?P<first>\S.*?)\s+[-–—]\s+(?P<second>\S.*)")
_SINGERS = re.compile(
    r"[男女合众眾齐齊]声?聲?|合唱|独白|獨白|旁白|.|rap|all|both|chorus|verse|hook|bridge|girls?|boys?", re.I
)


def find_credits(lines: Sequence[tuple[float, str]], tags: Mapping[str, str]) -> list[bool]:
    """Return for each line whether it is a credit.

    Parameters
    ----------
    lines : sequence of (float, str)
        Start in seconds and text, in order of time; lines without text are never credits.
    tags : mapping of str to str
        The file's metadata; ``ar`` and ``ti`` are artist and title.
    """
    texts = [text if len(text) <= LONGEST else "" for _, text in lines]
    found = [_is_label(text) for text in texts]
    written = [number for number, (_, text) in enumerate(lines) if text]
    in_capitals = sum(_is_title_case(texts[number]) for number in written[1:]) > 0.2 * len(written)
    pending: list[int] = []
    for place, number in enumerate(written):
        start, text = lines[number][0], texts[number]
        following = written[place + 1] if place + 1 < len(written) else None
        until = math.inf if following is None else lines[following][0] - start
        alone = start < AT_ZERO_S and TITLE_PAUSE_S < until < math.inf  # at 0.00 and long before anything else
        titled = place == 0 and alone and not in_capitals and _is_title_case(text)
        if (
            found[number]
            or titled
            or _names(text)
            or (alone and _BY_ANYBODY.match(text))
            or _is_heading(text, tags, first=place == 0, alone=alone)
        ):
            for index in (*pending, number):
                found[index] = True
            pending = []
        elif place == 0 or _may_label(text) or (until < BESIDE_S and following is not None and found[following]):
            pending.append(number)  # a title or a label that no list knows: a credit if credits follow
        else:
            break
    pending = []
    for number in reversed(written):
        if found[number] or _names(texts[number]):
            for index in (*pending, number):
                found[index] = True
            pending = []
        elif _may_label(texts[number]):
            pending.append(number)
        else:
            break
    return found


def _is_label(text: str) -> bool:
    """Whether a line names makers so clearly that its place does not matter."""
    if _LABELLED.match(text) or _NOTICE.search(text):
        return True
    label = _LABEL.match(text)
    parts = re.split(r"[/／&、,，·・+\s]+", label["label"].casefold()) if label else []
    return bool(parts) and all(
        _MAKER.fullmatch(part) or (len(part) <= 10 and _MAKER_PART.search(part)) or re.fullmatch(_PEOPLE, part)
        for part in parts
        if part
    )


def _names(text: str) -> bool:
    """Whether a line names makers, or an address, in words that could also be sung."""
    by = _BY.fullmatch(text) or _THING.fullmatch(text)
    return bool((by and _is_name(by["who"])) or _SPACED.match(text) or _ADDRESS.search(text))


def _is_name(text: str) -> bool:
    """Whether every longer word begins as a name does: no small Latin letter."""
    words = [word for word in re.findall(r"\w[\w.'’-]*", text) if len(word) > 3]
    return all(not word[0].islower() for word in words) and not text[:1].islower()


def _is_title_case(text: str) -> bool:
    """Whether a line of three Latin words or more has capitals as titles have, not only where a sentence begins."""
    words = [
        word for word in re.findall(r"[^\W\d_][\w'’]*", text) if word.lower() not in ("i", "a", "the", "of", "and")
    ]
    return len(words) > 2 and all(word[0].isupper() for word in words)


def _is_heading(text: str, tags: Mapping[str, str], *, first: bool, alone: bool) -> bool:
    """Whether a line before the first sung one is the artist, the title or both."""
    plain, artist, title = _letters(text), _letters(tags.get("ar", "")), _letters(tags.get("ti", ""))
    has_both = bool(artist and title) and artist in plain and title in plain and plain != title
    if (has_both and len(plain) <= len(artist) + len(title) + 20) or (plain and plain == artist):
        return True
    pair = _PAIR.fullmatch(text)
    is_pair = bool(
        pair and not _PAIR.fullmatch(pair["second"]) and _is_name(pair["first"]) and _is_name(pair["second"])
    )
    return first and alone and (is_pair or (bool(plain) and plain == title))


def _may_label(text: str) -> bool:
    label = _LABEL.match(text)
    return bool(_PAIR.fullmatch(text)) or bool(label and not _SINGERS.fullmatch(label["label"].strip()))


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())
