"""Songs of random words over random arrangements, with known word times: for tuning and measuring, not for the demo."""

from functools import cache

import numpy as np

from demo.music import STYLES
from demo.pronunciation import PHONES, VOWELS
from demo.score import EIGHTHS_PER_BAR, Song
from demo.song_list import SONGS


@cache
def _words_by_syllables(language: str) -> dict[int, list[str]]:
    words: dict[int, list[str]] = {}
    for word, phones in PHONES[language].items():
        if word.isalpha():
            words.setdefault(sum(phone in VOWELS for phone in phones), []).append(word)
    return words


def _random_line(rng: np.random.Generator, language: str) -> str:
    left, tokens = EIGHTHS_PER_BAR, []
    if rng.random() < 0.3:
        rests = int(rng.integers(1, 5))
        tokens += ["_"] * rests
        left -= rests
    pause = int(rng.integers(0, 4)) if rng.random() < 0.5 else 0
    left -= pause
    while left:
        eighths = int(min(left, rng.choice([1, 1, 1, 2, 2, 3])))
        word = str(rng.choice(_words_by_syllables(language)[eighths]))
        if eighths == 1 and left >= 2 and rng.random() < 0.3:
            word, eighths = f"{word}*2", 2
        tokens.append(word)
        left -= eighths
    return " ".join(tokens + ["_"] * pause)


def random_song(seed: int, language: str = "en") -> Song:
    """Compose a song of one to two and a half minutes: 3 to 5 verses of 3 to 7 lines, with pauses between them."""
    rng = np.random.default_rng([99, seed])
    score: list[int | str] = [int(rng.integers(1, 7))]
    for _ in range(int(rng.integers(3, 6))):
        score += [_random_line(rng, language) for _ in range(int(rng.integers(3, 8)))]
        score.append(int(rng.integers(1, 5)))
    return Song(
        id=f"random_{seed}",
        title=f"Random song {seed}",
        language=language,
        bpm=float(rng.integers(75, 150)),
        lead_in_s=0.4,
        tonic=int(rng.integers(55, 67)),
        minor=bool(rng.integers(2)),
        style=str(rng.choice(list(STYLES))),
        seed=seed + 1000,
        score=tuple(score),
        look=SONGS[0].look,
    )
