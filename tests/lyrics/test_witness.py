"""A listener to the words says whether a place is right; cut and looped versions are mended in pieces."""

from dataclasses import replace

import numpy as np
import pytest
from word_listener import WordListener, curves_of_lines, sung_voice

from justlmd.lyrics.document import Lyrics, shift, stretched_line
from justlmd.lyrics.lrc import parse_lrc
from justlmd.lyrics.pieces import in_pieces, other_speed
from justlmd.lyrics.synchronise import CONFIDENT, listen
from justlmd.lyrics.vocal_activity import RATE, SR, VocalCurves
from justlmd.lyrics.witness import Witness

SONG_S = 200.0
VERBS = ["walk", "talk", "run", "wait", "fall", "fly", "swim", "sing", "dance", "dream", "think", "drive"]


def song(seed: int) -> Lyrics:
    """36 lines of four words, a few seconds each, with pauses after every ninth."""
    rng = np.random.default_rng(seed)
    rows, at_s = [], 12.0
    for number in range(36):
        words = " ".join(f"{rng.choice(VERBS)}{number % 24 if word else ''}" for word in range(4))
        rows.append(f"[{at_s // 60:02.0f}:{at_s % 60:05.2f}]{words}")
        at_s += rng.uniform(2.5, 5.0) + (8.0 if number % 9 == 8 else 0.0)
    return parse_lrc("\n".join(rows).encode(), "song")


def sung(lyrics: Lyrics, gone: tuple[float, float] = (0.0, 0.0)) -> tuple[VocalCurves, Witness]:
    """What is heard of a song from which a stretch of seconds was cut out."""
    begin_s, end_s = gone
    kept = [line for line in lyrics.lines if not begin_s <= line.start_s < end_s]
    moved = [line if line.start_s < begin_s else _earlier(line, end_s - begin_s) for line in kept]
    words = [(word.start_s, word.text) for line in moved for word in line.words]
    duration_s = SONG_S - (end_s - begin_s)
    return curves_of_lines(moved, duration_s), Witness(sung_voice(words, duration_s), WordListener())


def _earlier(line, by_s):
    words = tuple(replace(word, start_s=word.start_s - by_s, end_s=word.end_s - by_s) for word in line.words)
    return replace(line, start_s=line.start_s - by_s, end_s=line.end_s - by_s, words=words)


def test_support_is_high_where_the_words_are_sung_and_the_offset_says_how_far_off_a_place_is():
    lyrics = song(1)
    _, witness = sung(lyrics)
    here = witness.testify(lyrics.lines, 0.0)
    assert here.mean_support > 4 and here.step_s() == pytest.approx(0.0, abs=0.02)
    assert witness.testify(lyrics.lines, -1.5).step_s() == pytest.approx(1.5, abs=0.02)
    assert witness.contrast(lyrics.lines, 0.0) > 4
    strange = witness.testify(song(2).lines, 0.0)
    assert strange.mean_support < 1
    assert witness.contrast(song(2).lines, 0.0) < 1


def test_lines_outside_the_sound_support_nothing():
    lyrics = song(1)
    _, witness = sung(lyrics)
    outside = witness.testify(lyrics.lines, 500.0)
    assert outside.mean_support == 0.0 and outside.step_s() is None
    assert witness.contrast(lyrics.lines, 500.0) == 0.0


@pytest.mark.parametrize("by_s", [-8.0, 0.0, 17.3])
def test_the_words_confirm_a_place_that_the_curves_leave_open(by_s):
    lyrics = song(3)
    curves, witness = sung(lyrics)
    flat = np.random.default_rng(0).normal(0, 0.5, len(curves.energy))
    unclear = VocalCurves(curves.activity, flat, curves.activity_rise, flat)
    shifted = shift(lyrics, lyrics.first_line_s + by_s)
    alone = listen(shifted, unclear)
    assert not alone.confident and alone.support is None
    found = listen(shifted, unclear, witness)
    assert found.confident and found.support > 4
    assert found.first_line_s == pytest.approx(lyrics.first_line_s, abs=0.1)


def test_lyrics_of_another_song_are_not_confident_whatever_the_lead():
    lyrics = song(3)
    curves, witness = sung(lyrics)
    other = replace(
        lyrics,
        lines=tuple(replace(a, text=b.text, words=b.words) for a, b in zip(lyrics.lines, song(4).lines, strict=True)),
    )
    assert listen(other, curves).confidence >= CONFIDENT  # the rhythm is the same
    assert not listen(other, curves, witness).confident


def test_a_whole_song_is_one_piece():
    lyrics = song(5)
    assert in_pieces(lyrics, *sung(lyrics)) == (lyrics, ())


@pytest.mark.parametrize("end_s", [40.0, 60.0, 150.0])
def test_a_song_whose_end_was_cut_off_is_one_piece(end_s):
    lyrics = song(5)
    curves, witness = sung(lyrics)
    part = VocalCurves(**{name: curve[: round(end_s * RATE)] for name, curve in vars(curves).items()})
    heard = replace(witness, voice=witness.voice[: round(end_s * SR)])
    assert in_pieces(lyrics, part, heard) == (lyrics, ())


@pytest.mark.parametrize("seed", [6, 7, 8])
def test_the_lines_after_a_cut_move_and_those_that_are_gone_are_left_out(seed):
    lyrics = song(seed)
    begin_s = lyrics.lines[20].start_s + 1.0
    mended, pieces = in_pieces(lyrics, *sung(lyrics, (begin_s, begin_s + 8.0)))
    (piece,) = pieces
    assert piece.shift_s == pytest.approx(-8.0, abs=0.1) and abs(piece.at_s - begin_s) <= 3.0
    expected = [(line.text, line.start_s) for line in lyrics.lines if line.start_s < begin_s]
    expected += [(line.text, line.start_s - 8.0) for line in lyrics.lines if line.start_s >= begin_s + 8.0]
    assert [line.text for line in mended.lines] == [text for text, _ in expected]
    assert [line.start_s for line in mended.lines] == pytest.approx([at_s for _, at_s in expected], abs=0.1)
    assert "8.0 s earlier" in mended.warnings[-2] and "left out" in mended.warnings[-1]


@pytest.mark.parametrize("seed", [6, 7, 8])
def test_a_cut_shortly_before_the_end_is_noticed_by_the_last_lines(seed):
    lyrics = song(seed)
    begin_s = lyrics.lines[31].start_s + 0.5
    mended, pieces = in_pieces(lyrics, *sung(lyrics, (begin_s, begin_s + 8.0)))
    (piece,) = pieces
    assert piece.shift_s == pytest.approx(-8.0, abs=0.1) and abs(piece.at_s - begin_s) <= 3.0
    assert mended.lines[-1].start_s == pytest.approx(lyrics.lines[-1].start_s - 8.0, abs=0.1)
    assert all(line.start_s < begin_s for line in mended.lines[:32])


def test_lines_whose_words_are_not_heard_anywhere_are_not_moved():
    lyrics, other = song(9), song(10)
    later = zip(lyrics.lines[20:], other.lines[20:], strict=True)
    unsung = (replace(line, text=new.text, words=new.words) for line, new in later)
    strange = replace(lyrics, lines=(*lyrics.lines[:20], *unsung))
    assert in_pieces(strange, *sung(lyrics)) == (strange, ())


@pytest.mark.parametrize("factor", [1.02, 0.985])
def test_lyrics_at_another_speed_are_stretched_to_the_video(factor):
    lyrics = song(11)
    fast = replace(lyrics, lines=tuple(stretched_line(line, 12.0 * (1 - factor), factor) for line in lyrics.lines))
    mended, pieces = in_pieces(fast, *sung(lyrics))
    assert not pieces and "at another speed" in mended.warnings[-1]
    found, true = ([line.start_s for line in part.lines] for part in (mended, lyrics))
    assert found == pytest.approx(true, abs=0.15)


def test_offsets_by_chance_are_no_other_speed():
    rng = np.random.default_rng(12)
    starts_s = np.sort(rng.uniform(10, 200, 11))
    assert all(other_speed(starts_s, rng.normal(0, 0.15, 11)) is None for _ in range(100))
    assert other_speed(np.zeros(0), np.zeros(0)) is None
