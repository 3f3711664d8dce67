"""What a song of the demo is, when its beats and words are, and its .lrc file.

A line of lyrics is written for one bar of eight eighth notes. Every syllable takes one eighth; ``word*2`` stretches a
word to two eighths and ``_`` rests for one. Trigger words (see :mod:`demo.moves`) always fall on a beat, so that the
move that they trigger lands on it. An integer between lines is that many bars without words.
"""

from dataclasses import dataclass

import numpy as np

from demo.pronunciation import syllables

EIGHTHS_PER_BAR = 8
BEATS_PER_BAR = 4


@dataclass(frozen=True)
class Word:
    """A sung word: ``text`` as printed, ``start`` and ``end`` in seconds of the song."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Line:
    """A line of lyrics: its words in order; the line lasts from the first word's start to the last one's end."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def start(self) -> float:
        return self.words[0].start

    @property
    def end(self) -> float:
        return self.words[-1].end


@dataclass(frozen=True)
class Look:
    """Dancer, room and camera of one video: colours are sRGB 0-255, lengths in metres, the focal length in pixels."""

    betas: tuple[float, ...]
    clothes: int
    wall: tuple[int, int, int]
    floor: tuple[int, int, int]
    focal_px: float
    distance_m: float
    camera_height_m: float


@dataclass(frozen=True)
class Song:
    """One song of the demo; everything about it follows from these fields."""

    id: str
    title: str
    language: str
    bpm: float
    lead_in_s: float
    tonic: int
    minor: bool
    style: str
    seed: int
    score: tuple[int | str, ...]
    look: Look
    lrc: str = "line"
    leaves: tuple[int, int] | None = None
    artist: str = "The Kilowatt Cousins"

    @property
    def bars(self) -> int:
        return sum(item if isinstance(item, int) else 1 for item in self.score)

    @property
    def beat_s(self) -> float:
        return 60.0 / self.bpm

    @property
    def duration_s(self) -> float:
        """Length of the video in seconds, a whole number of frames at 30 fps; the last chord rings for 0.4 s."""
        return round((self.lead_in_s + self.bars * BEATS_PER_BAR * self.beat_s + 0.4) * 30) / 30

    @property
    def frames(self) -> int:
        return round(self.duration_s * 30)


def beats_s(song: Song) -> np.ndarray:
    """Times of all beats in seconds, (4 * bars,)."""
    return song.lead_in_s + song.beat_s * np.arange(song.bars * BEATS_PER_BAR)


def downbeats_s(song: Song) -> np.ndarray:
    """Times of the first beat of every bar in seconds, (bars,)."""
    return beats_s(song)[::BEATS_PER_BAR]


def place_line(line: str, start_s: float, eighth_s: float, language: str = "en") -> Line:
    """Give every word of a written line its time; the line must fill its bar (ValueError otherwise, a slip of ours)."""
    position = 0
    words = []
    for token in line.split():
        if token == "_":
            position += 1
            continue
        text, _, stretch = token.partition("*")
        eighths = int(stretch) if stretch else len(syllables(text, language))
        words.append(Word(text, start_s + position * eighth_s, start_s + (position + eighths) * eighth_s))
        position += eighths
    if position != EIGHTHS_PER_BAR:
        raise ValueError(f"{line!r} has {position} eighths, a bar has {EIGHTHS_PER_BAR}")
    return Line(tuple(words))


def lines(song: Song) -> list[Line]:
    """The sung lines of a song with the times of their words, in order."""
    placed: list[Line] = []
    bar = 0
    for item in song.score:
        if isinstance(item, int):
            bar += item
        else:
            start = song.lead_in_s + bar * BEATS_PER_BAR * song.beat_s
            placed.append(place_line(item, start, song.beat_s / 2, song.language))
            bar += 1
    return placed


def words(song: Song) -> list[Word]:
    """All sung words of a song in order."""
    return [word for line in lines(song) for word in line.words]


def stamp(seconds: float) -> str:
    """``mm:ss.xx`` as .lrc files write it."""
    hundredths = round(seconds * 100)
    return f"{hundredths // 6000:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"


def lrc(song: Song) -> str:
    """The .lrc file of a song: ``line`` stamps, ``words`` with enhanced stamps too, or ``tags`` with metadata and CRLF.

    A stamp without text ends the singing before every stretch of two seconds or more without words.
    """
    rows = []
    placed = lines(song)
    for line, following in zip(placed, [*placed[1:], None], strict=True):
        if song.lrc == "words":
            text = " ".join(f"<{stamp(word.start)}> {word.text}" for word in line.words) + f" <{stamp(line.end)}>"
        else:
            text = line.text
        rows.append(f"[{stamp(line.start)}] {text}")
        if following is None or following.start - line.end >= 2:
            rows.append(f"[{stamp(line.end)}]")
    if song.lrc == "tags":
        length = f"{int(song.duration_s) // 60:02d}:{int(song.duration_s) % 60:02d}"
        tags = [f"[ti:{song.title}]", f"[ar:{song.artist}]", f"[length:{length}]", "[by:JustLMD demo]", "[offset:0]"]
        return "\r\n".join([*tags, "", *rows]) + "\r\n"
    return "\n".join(rows) + "\n"
