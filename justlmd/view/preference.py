"""What the answers of a blind comparison say: how often each dance was preferred, with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from justlmd.core.errors import InputError
from justlmd.core.files import read_json
from justlmd.core.invalid import fault_lines
from justlmd.view.compare import MIRRORED, QUESTIONS

LARGEST_FILE = 5_000_000
"""Bytes; a person's answers have a few thousand."""

Z95 = 1.959964
"""Standard deviations on both sides that hold 95 % of a normal distribution."""

Code = Annotated[str, Field(pattern=r"^[0-9a-f]{1,40}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class GivenAnswer(_Part):
    question: Literal["song", "words"]
    left: Code
    right: Code
    answer: Literal["left", "right", "none"]
    seconds: float = Field(ge=0, le=86400)


class AnswersFile(_Part):
    """What the page saves."""

    study: Code
    rater: Code
    seed: int = Field(ge=0, lt=2**32)
    answers: tuple[GivenAnswer, ...] = Field(max_length=10_000)


@dataclass(frozen=True)
class Preference:
    """One answer: ``dance``, shown at the left, against ``other``; ``score`` is 1 if it won, 0 if it lost, else 0.5."""

    rater: str
    song: str
    question: str
    dance: str
    other: str
    score: float


@dataclass(frozen=True)
class WinRate:
    """How often ``dance`` was preferred to ``other``, or to all others together where that is empty.

    ``rate`` counts a tie as half a win; ``low`` and ``high`` are its 95 % interval.
    """

    question: str
    dance: str
    other: str
    wins: int
    losses: int
    ties: int
    rate: float
    low: float
    high: float
    raters: int
    songs: int


def read_key(path: str | Path) -> tuple[str, dict[str, tuple[str, str]]]:
    """The code of a comparison, and song and dance of each clip; raises InputError that names the file."""
    try:
        content = read_json(path)
        clips = {str(clip): (str(of["song"]), str(of["dance"])) for clip, of in content["clips"].items()}
        return str(content["study"]), clips
    except (OSError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"not the key of a comparison ({error})", where=path, next_step="run make compare") from error


def read_answers(paths: Sequence[str | Path], key: tuple[str, Mapping[str, tuple[str, str]]]) -> list[Preference]:
    """Read what people saved.

    Parameters
    ----------
    paths
        Their files, one for each person.
    key
        What :func:`read_key` gave.

    Raises
    ------
    InputError
        Names the file: it is no file of answers, belongs to another comparison, names a clip that there is not or two
        of different songs, answers a question twice, or is of a person who is in another file, too.
    """
    study, clips = key
    found: list[Preference] = []
    of_rater: dict[str, str | Path] = {}
    for path in paths:
        content = _read_file(path)
        if content.study != study:
            raise InputError("holds answers to another comparison", where=path, next_step="give its key with --key")
        if content.rater in of_rater:
            raise InputError(f"holds answers of the same person as {of_rater[content.rater]}", where=path)
        of_rater[content.rater] = path
        found += _preferences_of(content, clips, path)
    return found


def _read_file(path: str | Path) -> AnswersFile:
    try:
        if Path(path).stat().st_size > LARGEST_FILE:
            raise InputError("too large to be somebody's answers", where=path)
        content = read_json(path)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=path) from error
    if isinstance(content, dict) and isinstance(content.get("answers"), list):
        content = content | {"answers": tuple(content["answers"])}
    try:
        return AnswersFile.model_validate(content)
    except ValidationError as error:
        lines = fault_lines(error, str(path), AnswersFile)
        more = f" (and {len(lines) - 1} more faults)" if len(lines) > 1 else ""
        raise InputError(lines[0].removeprefix(f"{path}: ") + more, where=path) from None


def _preferences_of(content: AnswersFile, clips: Mapping[str, tuple[str, str]], path: str | Path) -> list[Preference]:
    found, asked = [], set()
    for given in content.answers:
        for clip in (given.left, given.right):
            if clip not in clips:
                raise InputError(f"names a dance {clip!r} that is not in the comparison", where=path)
        (song, left), (other_song, right) = clips[given.left], clips[given.right]
        if song != other_song or left == right:
            raise InputError("compares dances that the page does not show beside each other", where=path)
        what = (given.question, *sorted([given.left, given.right]))
        if what in asked:
            raise InputError(f"answers the same question twice ({' '.join(what)})", where=path)
        asked.add(what)
        score = {"left": 1.0, "right": 0.0, "none": 0.5}[given.answer]
        found.append(Preference(content.rater, song, given.question, left, right, score))
    return found


def win_rates(answers: Sequence[Preference], *, resamples: int = 2000, seed: int = 0) -> list[WinRate]:
    """Win rates of each dance over all others, then of each pair, for each question; controls only as a pair.

    The interval is the wider one of two: Wilson's for so many answers, and percentiles of resampled raters and songs,
    both drawn at once: answers of one person, or about one song, are not independent.
    """
    rates = []
    for question in QUESTIONS:
        asked = [answer for answer in answers if answer.question == question]
        names = sorted({name for answer in asked for name in (answer.dance, answer.other)})
        rivals = [name for name in names if name != MIRRORED]
        choices = [(name, "") for name in rivals if len(rivals) > 2]
        choices += [(one, two) for index, one in enumerate(rivals) for two in rivals[index + 1 :]]
        choices += [(one, MIRRORED) for one in rivals if MIRRORED in names]
        for dance, other in choices:
            about = [_seen_from(dance, a) for a in asked if _is_about(a, dance, other)]
            if about:
                rates.append(_win_rate(question, dance, other, about, resamples, seed))
    return rates


def left_rate(answers: Sequence[Preference], *, resamples: int = 2000, seed: int = 0) -> WinRate | None:
    """How often the dance at the left was preferred: far from one half, people answered without looking."""
    return _win_rate("", "left", "right", answers, resamples, seed) if answers else None


def _is_about(answer: Preference, dance: str, other: str) -> bool:
    names = {answer.dance, answer.other}
    return names == {dance, other} if other else dance in names and MIRRORED not in names


def _seen_from(dance: str, answer: Preference) -> Preference:
    if answer.dance == dance:
        return answer
    return Preference(answer.rater, answer.song, answer.question, answer.other, answer.dance, 1 - answer.score)


def _win_rate(
    question: str, dance: str, other: str, answers: Sequence[Preference], resamples: int, seed: int
) -> WinRate:
    scores = np.array([answer.score for answer in answers])
    raters, rater = np.unique([answer.rater for answer in answers], return_inverse=True)
    songs, song = np.unique([answer.song for answer in answers], return_inverse=True)
    rate = float(scores.mean())
    low, high = wilson(rate, len(scores))
    rng = np.random.default_rng(seed)
    of_raters = rng.multinomial(len(raters), np.full(len(raters), 1 / len(raters)), resamples)
    of_songs = rng.multinomial(len(songs), np.full(len(songs), 1 / len(songs)), resamples)
    weights = of_raters[:, rater] * of_songs[:, song]
    total = weights.sum(1)
    sampled = (weights[total > 0] @ scores) / total[total > 0]
    first, last = np.percentile(sampled, [2.5, 97.5])
    wins, losses, ties = (int((scores == value).sum()) for value in (1.0, 0.0, 0.5))
    low, high = min(low, float(first)), max(high, float(last))
    return WinRate(question, dance, other, wins, losses, ties, rate, low, high, len(raters), len(songs))


def wilson(rate: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of ``count`` answers (Wilson 1927, J. Am. Stat. Assoc. 22, 209-212)."""
    middle = rate + Z95**2 / (2 * count)
    half = Z95 * np.sqrt(rate * (1 - rate) / count + Z95**2 / (4 * count**2))
    below = 1 + Z95**2 / count
    return max(0.0, float((middle - half) / below)), min(1.0, float((middle + half) / below))


def preference_lines(answers: Sequence[Preference]) -> list[str]:
    """The result as text for people."""
    rates, left = win_rates(answers), left_rate(answers)
    if left is None:
        return ["no answers"]
    lines = [f"{len(answers)} answers of {left.raters} people about {left.songs} songs"]
    for question, text in QUESTIONS.items():
        found = [rate for rate in rates if rate.question == question and rate.other != MIRRORED]
        lines += ["", text] if found else []
        width = max((len(_names(rate)) for rate in found), default=0)
        lines += [f"  {_names(rate):<{width}}  {_told(rate)}" for rate in found]
    lines += ["", "Checks (both should hold 50 %)"]
    lines += [f"  {_names(rate)}, {rate.question}: {_told(rate)}" for rate in rates if rate.other == MIRRORED]
    return [*lines, f"  the dance at the left: {_told(left)}"]


def _names(rate: WinRate) -> str:
    return f"{rate.dance} against {rate.other or 'all others'}"


def _told(rate: WinRate) -> str:
    interval = f"[{100 * rate.low:.0f}, {100 * rate.high:.0f}]"
    return f"{100 * rate.rate:.0f} % {interval}  {rate.wins} won, {rate.losses} lost, {rate.ties} no difference"
