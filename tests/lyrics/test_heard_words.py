"""Words get the times at which a model hears them, or stay interpolated and say so."""

from dataclasses import replace

import numpy as np
import pytest
from word_listener import WordListener, sung_voice

from justlmd.lyrics.alignment import aligned_with, centre, load_whisper
from justlmd.lyrics.document import Line, Lyrics, lyrics_from_json, lyrics_to_json
from justlmd.lyrics.heard_words import at_onsets, hear_words, is_supported, lateness_s
from justlmd.lyrics.lrc import parse_lrc
from justlmd.lyrics.whisper import SR, Placed
from justlmd.lyrics.whisper_models import TINY_EN
from justlmd.media.audio import read_audio

SUNG = [(1.0, "far"), (1.3, "away"), (2.6, "from"), (2.8, "home"), (5.0, "so"), (6.4, "far"), (6.6, "away")]
LYRICS = parse_lrc(b"[00:01.00]far away from home\n[00:04.00]\n[00:05.00]so far away\n[00:08.00]", "x")


def starts(lyrics: Lyrics) -> list[float]:
    return [word.start_s for word in lyrics.words]


def assert_in_order(lyrics: Lyrics) -> None:
    for line in lyrics.lines:
        times = [t for word in line.words for t in (word.start_s, word.end_s)]
        assert times == sorted(times)
        assert not times or line.start_s == times[0] <= times[-1] <= line.end_s


def test_words_begin_where_they_are_heard_less_what_the_model_is_late():
    heard = hear_words(LYRICS, sung_voice(SUNG, 9.0), WordListener(late_s=0.1))
    assert starts(heard) == pytest.approx([at_s for at_s, _ in SUNG], abs=0.03)
    assert heard.timing == "aligned" and heard.warnings == LYRICS.warnings
    assert_in_order(heard)
    assert hear_words(heard, sung_voice(SUNG, 9.0), WordListener()) == heard


def test_a_line_that_is_not_sung_keeps_its_interpolated_times_with_a_warning():
    heard = hear_words(LYRICS, sung_voice(SUNG[:4], 9.0), WordListener())
    assert [line.timing for line in heard.lines] == ["aligned", "interpolated"]
    assert heard.lines[1] == LYRICS.lines[1]
    assert heard.warnings[-1] == "1 of 2 lines were not heard; their words are interpolated"


def test_lines_beyond_the_end_of_the_sound_are_not_counted_as_unheard():
    heard = hear_words(LYRICS, sung_voice(SUNG[:4], 4.5), WordListener())
    assert [line.timing for line in heard.lines] == ["aligned", "interpolated"]
    assert heard.warnings[-1] == "1 of 2 lines begin after the end of the sound at 4.5 s"


def test_backing_vocals_that_are_not_sung_lie_between_the_words_that_are_and_say_so():
    lyrics = parse_lrc(b"[00:01.00]far away (oh yeah baby) from home tonight\n[00:05.00]", "x")
    sung = [(1.0, "far"), (1.4, "away"), (3.0, "from"), (3.2, "home"), (3.6, "tonight")]
    (line,) = hear_words(lyrics, sung_voice(sung, 6.0), WordListener()).lines
    assert [word.text for word in line.words if word.timing == "interpolated"] == ["(oh", "yeah", "baby)"]
    assert line.words[5].start_s == pytest.approx(3.0, abs=0.03)
    assert all(1.4 < word.start_s < 3.0 for word in line.words[2:5])


def test_a_repeated_chorus_is_heard_in_each_of_its_places():
    text = b"[00:01.00]on the run\n[00:03.00]on the run\n[00:05.00]on the run\n[00:07.00]"
    sung = [
        (1.0 + 2 * turn + by_s, word) for turn in range(3) for by_s, word in ((0, "on"), (0.9, "the"), (1.1, "run"))
    ]
    heard = hear_words(parse_lrc(text, "x"), sung_voice(sung, 8.0), WordListener())
    assert starts(heard) == pytest.approx([at_s for at_s, _ in sung], abs=0.03)


def test_a_word_that_is_passed_over_lies_between_its_neighbours():
    class Hasty(WordListener):
        def place(self, heard, tokens):
            found = super().place(heard, tokens)
            found.starts[1] = found.starts[2]
            found.ends[0] = found.ends[1] = found.starts[2]
            return found

    line = hear_words(LYRICS, sung_voice(SUNG, 9.0), Hasty()).lines[0]
    assert line.words[1].timing == "interpolated"
    assert 1.0 < line.words[1].start_s < 2.6 == pytest.approx(line.words[2].start_s, abs=0.03)


def test_times_outside_the_line_are_brought_into_it():
    class Wild(WordListener):
        def place(self, heard, tokens):
            count = len(tokens.ids)
            return Placed(np.linspace(-5, 40, count), np.linspace(-4, 41, count), np.full(count, 9.0))

    assert_in_order(hear_words(LYRICS, sung_voice(SUNG, 9.0), Wild()))


@pytest.mark.parametrize(
    "text", [b"[00:30.00]far away\n[00:33.00]", b"[00:01.00]- - -\n[00:03.00]", b"[00:01.00]" + b"la " * 900]
)
def test_lines_without_sound_or_words_or_with_far_too_many_stay_as_they_are(text):
    lyrics = parse_lrc(text, "x")
    assert hear_words(lyrics, sung_voice([], 9.0), WordListener()).lines == lyrics.lines


def test_word_stamps_of_the_file_are_not_touched():
    stamped = parse_lrc(b"[00:01.00]<00:01.00>far <00:02.00>away<00:03.00>", "x")
    assert hear_words(stamped, sung_voice(SUNG, 9.0), WordListener()) == stamped


def test_how_late_an_unknown_model_is_comes_from_a_known_one():
    unknown = WordListener(late_s=None, really_late_s=-0.16)
    late_s = lateness_s(LYRICS, sung_voice(SUNG, 9.0), unknown, WordListener(late_s=0.1))
    assert late_s == pytest.approx(-0.16, abs=0.001)


def test_a_word_shares_in_the_support_of_its_neighbours_but_not_of_a_line_without_any():
    assert is_supported(np.array([4.0, 0.1, 0.2, 0.1, 5.0]), 1.0).tolist() == [True, True, False, True, True]
    assert not is_supported(np.array([0.2, 2.0, 0.1]), 1.0).any()
    assert is_supported(np.array([np.nan, 3.0]), 1.0).tolist() == [False, True]


def test_times_move_to_a_strong_onset_nearby_and_no_further():
    onsets = np.zeros(300)
    onsets[105] = 8.0
    assert at_onsets(np.array([1.0, 1.5, np.nan]), onsets) == pytest.approx([1.05, 1.5, np.nan], nan_ok=True)


def test_the_file_keeps_which_words_were_not_heard():
    word = replace(LYRICS.lines[0].words[1], timing="interpolated")
    line = replace(LYRICS.lines[0], words=(LYRICS.lines[0].words[0], word))
    value = lyrics_to_json(replace(LYRICS, lines=(line,)), "s", "en")
    assert [sorted(entry) for entry in value["lines"][0]["words"]] == [
        ["end", "start", "text"], ["end", "start", "text", "timing"]]  # fmt: skip
    assert lyrics_from_json(value).lines[0].words == line.words


def test_without_a_model_the_words_stay_interpolated_with_a_note(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    left = aligned_with("auto", LYRICS, tmp_path / "never_read.wav", "es")
    assert left.lines == LYRICS.lines
    assert "whisper-base is not installed: run justlmd weights" in left.warnings[-1]


@pytest.mark.slow
def test_tiny_en_hears_the_words_of_a_real_song(shared_data):
    if not TINY_EN.is_installed:
        pytest.skip("needs the model whisper-tiny.en, which justlmd weights fetches")
    from benchmarks.lyrics import true_words, word_errors

    folder = shared_data / "songs" / "joshua_morin_on_the_run"
    lyrics = parse_lrc((folder / "joshua_morin_on_the_run.lrc").read_bytes(), "on_the_run")
    whisper, note = load_whisper(lyrics, "")
    assert whisper is not None and not note
    sound = read_audio(folder / "audio.ogg", SR, 2)[:, : 100 * SR]
    first = replace(lyrics, lines=tuple(line for line in lyrics.lines if line.end_s < 100))
    heard = hear_words(first, centre(sound), whisper)
    assert_in_order(heard)
    truth = true_words(folder)[: len(first.lines)]
    errors, guessed = word_errors(heard, truth), word_errors(first, truth)
    assert np.median(errors) < 0.06 and (errors <= 0.3).mean() > 0.93
    assert np.median(guessed) > 3 * np.median(errors)


def test_the_number_of_lines_of_each_timing_is_told():
    lines = [
        Line(second, second + 1.0, "la", timing=timing) for second, timing in enumerate(["aligned", "aligned", "line"])
    ]
    assert Lyrics(tuple(lines)).timings == "aligned in 2 lines, line in 1"
