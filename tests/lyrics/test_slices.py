"""Slicing: the original's rule byte for byte, and the modes without its faults."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from justlmd.core.clock import frame_index
from justlmd.core.errors import InputError
from justlmd.core.files import read_json
from justlmd.lyrics.document import lyrics_to_json, shift
from justlmd.lyrics.lrc import parse_lrc, raw_lines
from justlmd.lyrics.slices import (
    Slice,
    compat_slices,
    cut,
    padded_slices,
    phrase_slices,
    read_sliced,
    sliced_json,
    slices_to_json,
    variable_slices,
    window_slices,
    words_in,
)

# Stamps of the report's Fig. 3.2 (7 rings); the words are made up. Lines 9, 14 and the last have no text.
FIGURE_3_2 = """
[00:14.830] one [00:18.260] two [00:21.690] three [00:25.280] four [00:28.870] five [00:32.010] six [00:35.440] seven
[00:38.900] eight [00:42.180] [00:42.400] nine [00:45.330] ten [00:48.950] eleven [00:52.630] twelve [00:55.670]
[00:56.160] thirteen [00:59.490] fourteen [01:02.620] fifteen [01:06.360] sixteen [01:09.540] [01:09.760] seventeen
[01:13.000] eighteen [01:16.600] nineteen
"""
LRC = "\n".join("[" + part.strip() for part in FIGURE_3_2.split("[") if part.strip()).encode()


def raw(text):
    return raw_lines(text.encode(), "song.lrc")


def test_compat_slices_equal_the_four_stored_files_byte_for_byte(shared_data):
    counts = {}
    for folder in sorted((shared_data / "motion").iterdir()):
        sliced = compat_slices(raw_lines((folder / "lyrics.lrc").read_bytes(), "lyrics.lrc"))
        assert json.dumps(sliced, ensure_ascii=False, indent=4).encode() == (folder / "sliced.json").read_bytes()
        counts[folder.name] = len(sliced) - 1
    assert list(counts.values()) == [11, 13, 10, 14]  # BuildAB, MONTERO, Panini, TheWayIAre


def test_the_original_sequences_lie_in_the_stored_motion(shared_data):
    for folder in sorted((shared_data / "motion").iterdir()):
        sequences = read_sliced(read_json(folder / "sliced.json"))[:-1]
        frames = len(read_json(folder / "smplfull.json"))
        starts = [frame_index(piece.start_s, sequences[0].start_s) for piece in sequences]
        assert starts[0] == 0
        assert starts[-1] + 180 <= frames


def test_compat_slices_have_the_keys_of_the_reports_figure():
    sliced = compat_slices(raw_lines(LRC, "7rings.lrc"))
    assert list(sliced) == ["00:14.830", "00:21.690", "00:28.870", "00:35.440", "00:42.180", "00:48.950", "00:55.670",
                            "01:02.620", "01:09.540"]  # fmt: skip
    assert sliced["00:14.830"] == "one  two"
    assert sliced["00:42.180"] == "nine  ten"  # opened by a stamp without text


def test_compat_slices_keep_the_originals_faults():
    assert compat_slices(raw("[00:01.00] a\n[00:09.00] b")) == {"00:01.00": "a"}  # the last group is lost
    assert compat_slices(raw("[00:00.00] a\n[00:01.0] b\n[00:09] c")) == {"00:00.00": "a", "00:01.0": "b"}
    assert compat_slices(raw("[00:01.00] come in[?]) now\n[00:09.00] b")) == {"00:01.00": "come in[?"}
    assert compat_slices(raw("[00:01.00] a\n[00:07.00] b\n[00:09.00] c")) == {
        "00:01.00": "a  b"
    }  # exactly 6 s is not more
    assert compat_slices(raw("[00:20.00] a\n[00:02.00] b\n[00:29.00] c")) == {"00:20.00": "a  b"}


def test_compat_slices_strip_each_line_as_the_original_does():
    lines = raw("  [00:01.00] a b \t\n[00:03.00]  \n[00:05.00] c\u3000\n[00:09.00] d")
    assert compat_slices(lines) == {"00:01.00": "a b   c"}
    assert [line.text for line in lines] == [" a b", "", " c", " d"]


def test_compat_slices_move_with_the_synchronisation():
    lines = raw("[00:59.90] a\n[01:09.00] b\n[01:19.00] c")
    assert compat_slices(lines, shift_s=0.25) == {"01:00.150": "a", "01:09.250": "b"}


SONG = parse_lrc(LRC, "song.lrc")


def test_phrases_begin_with_lines_and_only_with_words():
    pieces = phrase_slices(SONG)
    assert [piece.start_s for piece in pieces] == [14.83, 21.69, 28.87, 35.44, 42.4, 48.95, 56.16, 62.62, 69.76, 76.6]
    assert all(piece.end_s == pytest.approx(piece.start_s + 6) for piece in pieces)
    assert list(slices_to_json(pieces).items())[4] == ("00:42.400", "nine ten")


def test_a_phrase_has_the_text_of_its_own_window_only():
    lyrics = parse_lrc(b"[00:10.00]la (la), la la\n[00:14.00]\n[00:15.00]one two three four\n[00:19.00]\n", "song.lrc")
    assert [piece.text for piece in phrase_slices(lyrics)] == ["la (la), la la one", "one two three four"]
    assert cut(lyrics, 11.0, 17.0).text == "(la), la la one two"


def test_the_next_phrase_begins_with_the_first_line_that_the_window_cut_and_long_lines_are_cut_at_words():
    text = "[00:10]a b c\n[00:13]d e f\n[00:15]g h i j k l\n[00:18]\n[00:30]" + "la " * 20 + "\n[00:44]\n"
    lyrics = parse_lrc(text.encode(), "song.lrc")
    assert [piece.start_s for piece in phrase_slices(lyrics)] == [10.0, 15.0, 30.0, 36.3, 42.6]
    assert words_in(lyrics, [piece.start_s for piece in phrase_slices(lyrics)]) == len(lyrics.words) == 32
    assert words_in(lyrics, [10.0, 30.0]) == 8 + 9
    assert words_in(lyrics, []) == 0


@pytest.mark.parametrize("mode", ["phrases", "windows"])
def test_the_real_songs_slices_hold_all_sung_words(mode, shared_data):
    for path in sorted(shared_data.glob("*/*/*.lrc")):
        lyrics = parse_lrc(path.read_bytes(), path.name)
        pieces = read_sliced(sliced_json(mode, lyrics, []))
        assert words_in(lyrics, [piece.start_s for piece in pieces]) >= 0.98 * len(lyrics.words)


def test_windows_that_overrun_the_video_are_moved_back_not_lost():
    lyrics = parse_lrc(b"[00:10.00]a\n[00:18.00]b\n[00:40.00]c\n[00:50.00]d", "song.lrc")
    assert [piece.start_s for piece in phrase_slices(lyrics, end_s=42.0)] == [10.0, 18.0, 36.0]
    assert phrase_slices(lyrics, end_s=15.0) == []


def test_a_song_that_starts_at_zero_is_sliced_like_any_other():
    lyrics = shift(parse_lrc(b"[00:10.00]a\n[00:13.00]b\n[00:17.00]c", "song.lrc"), 0.0)
    assert slices_to_json(phrase_slices(lyrics)) == {"00:00.000": "a b", "00:07.000": "c"}


def test_windows_advance_by_the_stride_and_end_with_the_last_line():
    lyrics = parse_lrc(b"[00:10.00]a b c\n[00:13.00]d e f\n[00:16.00]g h i\n[00:19.50]\n", "song.lrc")
    assert [piece.start_s for piece in window_slices(lyrics, 1.5)] == [10.0, 11.5, 13.0, 13.5]
    assert [piece.start_s for piece in window_slices(lyrics, 2.0, end_s=17.0)] == [10.0, 11.0]
    with pytest.raises(InputError, match="stride"):
        window_slices(lyrics, 0.0)


def test_slices_of_five_to_fifteen_seconds_end_with_lines():
    text = "[00:10]a\n[00:12]b\n[00:17]c\n[00:19]\n[00:40]long " + "la " * 40 + "\n[01:20]\n"
    pieces = variable_slices(parse_lrc(text.encode(), "song.lrc"))
    assert [(piece.start_s, piece.end_s) for piece in pieces] == [(10, 15), (17, 22), (40, 55), (55, 70), (70, 80)]


def test_padded_slices_say_which_frames_are_theirs():
    pieces = [Slice(1.0, 7.0, "a"), Slice(8.0, 22.5, "b c")]
    arrays = padded_slices(pieces)
    assert arrays["first_frame"].tolist() == [30, 240]
    assert arrays["frames"].tolist() == [180, 435] == arrays["mask"].sum(axis=1).tolist()
    assert arrays["mask"].shape == (2, 435)
    assert arrays["mask"][0, :180].all()
    assert arrays["text"].tolist() == ["a", "b c"]
    assert padded_slices([])["mask"].shape == (0, 0)


def test_read_sliced_refuses_what_is_no_stamp():
    assert read_sliced({"00:59.500": "a"})[0].end_s == 65.5
    for bad in ({"soon": "a"}, {"00:01.000": 3}):
        with pytest.raises(InputError, match=r"sliced\.json"):
            read_sliced(bad)


def test_frames_are_rounded_not_floored_on_a_grid_of_a_tenth_of_a_second():
    assert [frame_index(k / 10) for k in range(3000)] == [3 * k for k in range(3000)]
    assert [frame_index(7.3 + k / 10, 7.3) for k in range(3000)] == [3 * k for k in range(3000)]


SONGS = st.lists(
    st.tuples(st.integers(1, 900), st.sampled_from(["la", "a longer line of words", "我爱你", "", "♪"])),
    min_size=1,
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(SONGS, st.floats(0.3, 6.0), st.one_of(st.none(), st.floats(1.0, 300.0)))
def test_every_mode_gives_ordered_slices_inside_the_song_and_no_word_is_lost(gaps, stride_s, end_s):
    rows, now = ["[00:00.50]first words of the song"], 0.5
    for gap, text in gaps:
        now += gap / 100
        rows.append(f"[{int(now // 60):02d}:{now % 60:05.2f}]{text}")
    lyrics = parse_lrc("\n".join(rows).encode(), "song.lrc")
    for mode in (phrase_slices, variable_slices, lambda x, **k: window_slices(x, stride_s, **k)):
        starts = [piece.start_s for piece in mode(lyrics, end_s=end_s)]
        assert starts == sorted(set(starts))
        for piece in mode(lyrics, end_s=end_s):
            assert piece.start_s >= lyrics.first_line_s
            assert end_s is None or piece.end_s <= end_s + 0.0011
            assert 4.99 <= piece.end_s - piece.start_s <= 15.01
            assert piece == cut(lyrics, piece.start_s, piece.end_s)
            assert read_sliced(slices_to_json([piece]))[0].start_s == piece.start_s
    for pieces in (phrase_slices(lyrics), window_slices(lyrics, stride_s), variable_slices(lyrics)):
        used = {word for piece in pieces for word in piece.words}
        assert used == set(lyrics.words)
    assert words_in(lyrics, [piece.start_s for piece in phrase_slices(lyrics)]) == len(lyrics.words)
    assert lyrics_to_json(lyrics, "song", "en")["timing"] in ("interpolated", "line")
