"""The songs of the demo: words, tempo, arrangement, singer, dancer and camera, all original.

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


PAPER_STAR = (
    "Paper star*2 in my pocket",
    "Fold a wing and fly*2 it home",
    "Heart*2 of ink and silver chrome",
    "Wave*2 to the boats on the foam",
    "_ Look up*2 the night is deep",
    "_ Look down*2 the town's asleep",
    "Star*2 in the dark I will keep",
    "Turn*2 and the shadows all leap",
    "Paper star*2 you know my name",
    "Heart*2 that is folded the same",
)

SONGS: tuple[Song, ...] = (
    Song(
        id="morning_jump",
        title="Morning Jump",
        language="en",
        bpm=104,
        lead_in_s=0.40,
        tonic=60,
        minor=False,
        style="pop",
        seed=11,
        score=(
            2,
            "Morning sun I jump*2 to you",
            "Wave*2 to the big sky so blue",
            "Hands go up*2 and shoes go too",
            "Coffee is singing a tune*2",
            "Jump*2 for the day that is new",
            "Clap*2 for the friends passing through",
            "Turn*2 with the wind and the leaves",
            "Fly*2 with the birds in the trees",
            "Morning sun I jump*2 to you",
            "Heart*2 full of honey and light",
            "Jump*2 till the evening is near",
            1,
        ),
        look=Look(
            betas=(0.0, 0.4, -0.3, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
            clothes=1,
            wall=(196, 208, 214),
            floor=(150, 122, 98),
            focal_px=576,
            distance_m=3.12,
            camera_height_m=1.05,
        ),
    ),
    Song(
        id="paper_star",
        title="Paper Star",
        language="en",
        bpm=96,
        lead_in_s=0.30,
        tonic=57,
        minor=True,
        style="synth",
        seed=23,
        score=(2, *PAPER_STAR, 1),
        look=Look(
            betas=(-0.9, 0.6, 0.5, -0.4, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0),
            clothes=2,
            wall=(222, 206, 186),
            floor=(112, 118, 132),
            focal_px=640,
            distance_m=3.49,
            camera_height_m=1.0,
        ),
    ),
    Song(
        id="paper_star_club",
        title="Paper Star (club mix)",
        language="en",
        bpm=126,
        lead_in_s=0.25,
        tonic=62,
        minor=True,
        style="house",
        seed=37,
        score=(3, *PAPER_STAR[:4], 1, *PAPER_STAR[4:8], 1, *PAPER_STAR[8:], 2),
        look=Look(
            betas=(0.8, -0.5, 0.2, 0.6, -0.4, 0.2, 0.0, 0.0, 0.0, 0.0),
            clothes=3,
            wall=(148, 132, 168),
            floor=(84, 80, 96),
            focal_px=520,
            distance_m=2.88,
            camera_height_m=1.1,
        ),
    ),
    Song(
        id="kitchen_parade",
        title="Kitchen Parade",
        language="en",
        bpm=118,
        lead_in_s=0.50,
        tonic=65,
        minor=False,
        style="funk",
        seed=41,
        lrc="words",
        score=(
            2,
            "Clap*2 for the kettle and spoon",
            "Kick*2 off the slippers at noon",
            "Turn*2 with the radio loud",
            "Wave*2 to the vegetable crowd",
            "Pans go up*2 and lids go round",
            "We go down*2 to drum the ground",
            1,
            "Clap*2 for the butter and bread",
            "Kick*2 like the dance in my head",
            "Crumbs can fly*2 across the floor",
            "_ We jump*2 and march for more",
            "Clap*2 for the kitchen parade",
            "Heart*2 of the music we made",
            1,
        ),
        look=Look(
            betas=(-0.4, -0.9, 0.3, 0.1, 0.5, -0.3, 0.0, 0.0, 0.0, 0.0),
            clothes=4,
            wall=(190, 214, 190),
            floor=(176, 168, 156),
            focal_px=600,
            distance_m=3.26,
            camera_height_m=0.95,
        ),
    ),
    Song(
        id="corazon",
        title="Con mi corazón",
        language="es",
        bpm=112,
        lead_in_s=0.35,
        tonic=64,
        minor=True,
        style="latin",
        seed=53,
        score=(
            2,
            "Up*2 con las manos al sol",
            "Down*2 con el viejo tambor",
            "Jump*2 si te gusta mi voz",
            "Kick*2 que la noche nos vio",
            "Con mi heart*2 mi corazón",
            1,
            "Fly*2 por el mar y la sal",
            "Turn*2 en la fiesta final",
            "Star*2 que me mira pasar",
            "Wave*2 a los niños del mar",
            "Up*2 con las manos al sol",
            2,
        ),
        look=Look(
            betas=(0.5, 1.0, -0.6, -0.3, 0.2, 0.4, 0.0, 0.0, 0.0, 0.0),
            clothes=5,
            wall=(232, 190, 150),
            floor=(128, 98, 84),
            focal_px=700,
            distance_m=3.81,
            camera_height_m=1.15,
        ),
    ),
    Song(
        id="harbour_lights",
        title="Harbour Lights",
        language="en",
        bpm=88,
        lead_in_s=0.45,
        tonic=55,
        minor=False,
        style="ballad",
        seed=67,
        lrc="tags",
        score=(
            1,
            "Harbour lights go down*2 to sleep",
            "Slow ships turn*2 in waters deep",
            "Wave*2 if you hear me tonight",
            "Star*2 of the north burning bright",
            "Jump*2 if the pier starts to sway",
            "Fly*2 little gull through the bay",
            "Kick*2 at the sand and the foam",
            "Clap*2 for the boats coming home",
            "Heart*2 like a lantern of glass",
            "_ Look up*2 the shadows pass",
            1,
        ),
        look=Look(
            betas=(-1.3, -0.2, -0.5, 0.5, -0.2, 0.1, 0.0, 0.0, 0.0, 0.0),
            clothes=6,
            wall=(204, 200, 216),
            floor=(96, 112, 118),
            focal_px=548,
            distance_m=3.02,
            camera_height_m=1.0,
        ),
    ),
    Song(
        id="gone_for_tea",
        title="Gone for Tea",
        language="en",
        bpm=110,
        lead_in_s=0.30,
        tonic=60,
        minor=False,
        style="pop",
        seed=79,
        leaves=(4, 10),
        score=(
            2,
            "Kick*2 off the song and begin",
            "Wave*2 to the room I am in",
            "_ I go*2 to make some tea",
            "_ So dance*2 and wait for me",
            "Milk and a sugar or two*2",
            "Nobody here but the view*2",
            "Kettle is singing for you*2",
            1,
            "Jump*2 I am back in the light",
            "Clap*2 for the cup warm and bright",
            "Star*2 of a very long night",
            2,
        ),
        look=Look(
            betas=(0.2, 0.1, 0.9, -0.8, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
            clothes=7,
            wall=(210, 216, 200),
            floor=(140, 130, 120),
            focal_px=576,
            distance_m=3.16,
            camera_height_m=1.05,
        ),
    ),
)


def song_by_id(song_id: str) -> Song:
    """The song with this id; KeyError names the known ones."""
    for song in SONGS:
        if song.id == song_id:
            return song
    raise KeyError(f"no demo song {song_id!r}; there are: {', '.join(song.id for song in SONGS)}")
