"""Win rates find the preferences that simulated people have; files that are no answers are refused in one line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from song_folders import program

from justlmd.core.errors import InputError
from justlmd.view.compare import MIRRORED, REAL
from justlmd.view.preference import Preference, left_rate, read_answers, read_key, wilson, win_rates

STUDY = "0123456789abcdef"
CLIPS = {
    "aa0": ("one", REAL),
    "aa1": ("one", "v3"),
    "aa2": ("one", MIRRORED),
    "bb0": ("two", REAL),
    "bb1": ("two", "v3"),
}
KEY = (STUDY, CLIPS)


def simulated(
    preferred: float, ties: float, raters: int, songs: int, spread: float, rng: np.random.Generator
) -> list[Preference]:
    """Answers of people about songs: ``v3`` is preferred to ``v2`` with a chance that varies by person and song."""
    answers = []
    of_rater, of_song = rng.normal(0, spread, raters), rng.normal(0, spread, songs)
    for rater in range(raters):
        for song in range(songs):
            chance = np.clip(preferred + of_rater[rater] + of_song[song], 0, 1)
            score = 0.5 if rng.random() < ties else float(rng.random() < chance)
            dances = ("v3", "v2") if rng.random() < 0.5 else ("v2", "v3")
            answers.append(
                Preference(str(rater), str(song), "song", *dances, score if dances[0] == "v3" else 1 - score)
            )
    return answers


def rate_of(answers: list[Preference], **options: Any):
    (rate,) = win_rates(answers, **options)
    return rate


def test_the_preference_of_many_people_is_found_whichever_side_it_was_on():
    rate = rate_of(simulated(0.8, 0.2, 40, 30, 0.0, np.random.default_rng(0)), resamples=300)
    assert (rate.dance, rate.other, rate.question) == ("v2", "v3", "song")
    assert rate.rate == pytest.approx(1 - (0.8 * 0.8 + 0.2 * 0.5), abs=0.03)  # ties count one half
    assert rate.wins + rate.losses + rate.ties == 1200
    assert rate.ties == pytest.approx(240, abs=45) and (rate.raters, rate.songs) == (40, 30)
    assert rate.low < rate.rate < rate.high < 0.35


@pytest.mark.parametrize(("raters", "songs", "spread"), [(8, 10, 0.1), (1, 12, 0.0), (12, 1, 0.0)])
def test_intervals_hold_the_truth_about_nineteen_times_of_twenty(raters, songs, spread):
    rng = np.random.default_rng(1)
    rates = [rate_of(simulated(0.6, 0.1, raters, songs, spread, rng), resamples=200) for _ in range(150)]
    truth = 1 - (0.9 * 0.6 + 0.1 * 0.5)
    held = np.mean([rate.low <= truth <= rate.high for rate in rates])
    assert held >= 0.9
    assert np.median([rate.high - rate.low for rate in rates]) < 0.62


def test_answers_of_one_person_are_not_taken_for_those_of_many():
    rng = np.random.default_rng(2)
    lone = simulated(0.5, 0.0, 4, 50, 0.4, rng)
    independent = [
        Preference(str(place), str(place), a.question, a.dance, a.other, a.score) for place, a in enumerate(lone)
    ]
    clustered, free = rate_of(lone), rate_of(independent)
    assert clustered.rate == free.rate
    assert clustered.high - clustered.low > 1.5 * (free.high - free.low)


def test_one_answer_is_no_certainty_and_wilsons_values_are_the_published_ones():
    rate = rate_of([Preference("a", "s", "song", "v3", "v2", 1.0)])
    assert (rate.rate, rate.low) == (0.0, 0.0) and rate.high > 0.7
    # Newcombe 1998, Statistics in Medicine 17, table I: 81 of 263 and 15 of 148.
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)


def test_totals_are_over_all_rivals_and_controls_stand_apart():
    def answer(one: str, two: str, score: float) -> Preference:
        return Preference("a", "s", "song", one, two, score)

    answers = [answer(REAL, "v2", 1), answer("v3", REAL, 0), answer("v2", "v3", 0.5), answer(MIRRORED, REAL, 1)]
    rates = {(rate.dance, rate.other): rate for rate in win_rates(answers, resamples=50)}
    assert (rates[REAL, ""].wins, rates[REAL, ""].losses) == (2, 0), "the control does not count"
    assert (rates["v3", ""].losses, rates["v3", ""].ties) == (1, 1)
    assert rates[REAL, MIRRORED].losses == 1 and (MIRRORED, "") not in rates
    left = left_rate(answers)
    assert left is not None and (left.wins, left.losses, left.ties) == (2, 1, 1)
    assert left_rate([]) is None and win_rates([]) == []


def content(**changed: Any) -> dict[str, Any]:
    answer = {"question": "song", "left": "aa0", "right": "aa1", "answer": "left", "seconds": 3.5}
    return {"study": STUDY, "rater": "ab12", "seed": 1, "answers": [answer | changed.pop("answer", {})]} | changed


def written(folder: Path, value: Any, name: str = "answers.json") -> Path:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_answers_are_read_with_the_names_of_the_key(tmp_path):
    (answer,) = read_answers([written(tmp_path, content())], KEY)
    assert answer == Preference("ab12", "one", "song", REAL, "v3", 1.0)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "not valid JSON"),
        ("[]", "must be keys and values"),
        ("[" * 100_000, "not JSON that can be read"),
        ('{"study": 3}', "study: 3 must be text"),
        (content(study="ffff"), "answers to another comparison"),
        (content(rater="<script>"), "rater: '<script>' must match pattern"),
        (content(rater="a\nb"), "rater: "),
        (content(seed=-1), "seed: -1 must be greater"),
        (content(more=1), "more: unknown key; the keys are study, rater, seed, answers"),
        (content(answers=[]) | {"answers": 3}, "answers: 3 must be"),
        (content(answer={"left": "cc9"}), "names a dance 'cc9'"),
        (content(answer={"right": "bb0"}), "does not show beside each other"),
        (content(answer={"right": "aa0"}), "does not show beside each other"),
        (content(answer={"answer": "both"}), "answers.0.answer: 'both' must be"),
        (content(answer={"seconds": "3"}), "answers.0.seconds: '3' must be a number"),
        (content(answers=content()["answers"] * 2), "answers the same question twice"),
        (content(answers=[3]), "answers.0: 3 must be"),
        (json.dumps(content()).replace("3.5", "NaN"), "answers.0.seconds"),
        (" " * 5_000_001, "too large"),
    ],
)
def test_a_file_that_is_no_answers_is_refused_in_one_line_that_names_it(tmp_path, value, words):
    with pytest.raises(InputError) as caught:
        read_answers([written(tmp_path, value)], KEY)
    line = str(caught.value)
    assert words in line and line.startswith(str(tmp_path / "answers.json")) and "\n" not in line and len(line) < 500


def test_the_same_person_twice_and_a_missing_file_are_refused(tmp_path):
    first, second = written(tmp_path, content()), written(tmp_path, content(), "copy.json")
    with pytest.raises(InputError, match=r"copy\.json: holds answers of the same person as .*answers\.json"):
        read_answers([first, second], KEY)
    with pytest.raises(InputError, match=r"gone\.json: cannot be read"):
        read_answers([tmp_path / "gone.json"], KEY)


def test_the_command_tells_win_rates_and_faults_in_one_line(tmp_path):
    clips = {clip: {"song": song, "dance": dance} for clip, (song, dance) in CLIPS.items()}
    key = written(tmp_path, {"study": STUDY, "clips": clips}, "key.json")
    assert read_key(key) == KEY
    written(tmp_path, content())
    done = program("preference", "answers.json", "--key", "key.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 answers of 1 people about 1 songs" in done.stdout
    assert "real against v3  100 % [" in done.stdout and "1 won, 0 lost, 0 no difference" in done.stdout
    done = program("preference", "key.json", "--key", "key.json", cwd=tmp_path)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr
    done = program("preference", "answers.json", cwd=tmp_path)
    assert done.returncode == 2 and "run make compare" in done.stderr and len(done.stderr.splitlines()) == 1
