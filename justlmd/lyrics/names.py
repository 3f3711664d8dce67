"""Names of songs and artists: compared without case and accents, and freed of what video titles add to them."""

import re
import unicodedata

_FEATURING = r"(?:feat\.?|ft\.?|featuring)\s"
# What stands in brackets, behind a bar or behind a dash and is no part of a song's name.
_ADDED = re.compile(
    rf"{_FEATURING}|\b(?:with|prod(?:uced)?\.? by)\s|\b(?:versions?|edit|mix|remix|remaster(?:ed)?|alternate|extreme|"
    r"choreo(?:graphy)?|official|lyrics?|videos?|audio|visuali[sz]er|gameplay|just dance\b.*|stars?|megastar|hd|hq|4k|"
    r"1080p|60 ?fps|explicit|clean|live|acoustic|karaoke|instrumental|cover|full song|mv|m/v)\b",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|（[^（）]*）)")
_OTHER_ARTISTS = re.compile(rf"\s*(?:[(\[]?\b{_FEATURING}|,|;|/|&|\+|\b(?:and|with|vs\.?|(?-i:x))\s)", re.IGNORECASE)


def normal(name: str) -> str:
    """A name without case, accents and punctuation."""
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w]|_", " ", re.sub("['’]", "", letters)).split()) or letters.strip()


def related(found: str, wanted: str) -> bool:
    """Whether two names may mean one thing: one holds the other ("Panini", "Panini (Remix)"), or they share half."""
    first, second = normal(found), normal(wanted)
    words, others = set(first.split()), set(second.split())
    return first in second or second in first or 2 * len(words & others) >= min(len(words), len(others))


def first_artist(artist: str) -> str:
    """The artist who is named first: "Lil Nas X" of "Lil Nas X feat. DaBaby"; the whole name if that is nothing."""
    return _OTHER_ARTISTS.split(artist.strip(), maxsplit=1)[0].strip() or artist


def plain_title(title: str, artist: str) -> str:
    """The title without what a video's title adds, such as "(Official Video)", "feat. ...", "| Just Dance 2022".

    Parameters
    ----------
    artist : str
        Its name is taken off both ends ("Lil Nas X - Panini", "Panini by Lil Nas X").

    Returns
    -------
    str
        The title as it was if nothing would be left.
    """
    bars = [part.strip() for part in re.split(r"[|｜]", title)]
    kept = next((part for part in bars if part and not _ADDED.match(part)), title)
    kept = _BRACKETS.sub(lambda match: "" if _ADDED.search(match[0]) else match[0], kept)
    kept = re.split(rf"\s{_FEATURING}", kept, maxsplit=1, flags=re.IGNORECASE)[0]
    artists = {normal(name) for name in (artist, first_artist(artist))}
    parts = [part for part in re.split(r"\s+[-–—]\s+", kept) if normal(part) not in artists and not _ADDED.search(part)]
    kept = " - ".join(parts)
    for name in (artist, first_artist(artist)):
        kept = re.sub(rf"\s+by\s+{re.escape(name)}\s*$", "", kept, flags=re.IGNORECASE)
    return kept.strip(" \t\"“”'") or title
