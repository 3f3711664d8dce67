"""``.lrc`` parsing, word times, shifting and ``lyrics.json``."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lrc_writer import write_lrc

from justlmd.core.errors import InputError
from justlmd.lyrics.document import lyrics_from_json, lyrics_to_json, shift, timestamp
from justlmd.lyrics.lrc import parse_lrc, raw_lines
from justlmd.lyrics.word_timing import syllables, word_times


def parse(text, **options):
    return parse_lrc(text.encode() if isinstance(text, str) else text, "song.lrc", **options)


def starts(text, **options):
    return [line.start_s for line in parse(text, **options).lines]


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("00:12.345", 12.345),
        ("00:12.34", 12.34),
        ("00:12.3", 12.3),
        ("00:12", 12.0),
        ("00:12.", 12.0),
        ("00:12,34", 12.34),
        ("0:12.34", 12.34),
        ("1:2", 62.0),
        ("103:05.5", 6185.5),
        ("00:61.12", 61.12),
        ("01:02:03.45", 3723.45),
        ("01:02:45", 62.45),
        ("01:02:450", 62.45),
        ("00:12.3456789", 12.346),
    ],
)
def test_every_way_of_writing_a_stamp_is_read(stamp, seconds):
    assert starts(f"[{stamp}]la la\n[200:00]end")[0] == pytest.approx(seconds, abs=1e-9)
    assert starts(f"  [ {stamp} ] la la\n")[0] == pytest.approx(seconds, abs=1e-9)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_and_blank_lines_are_read(end):
    lyrics = parse(end.join(["[00:01.00]one", "", "  ", "[00:02.00] two "]))
    assert [(line.start_s, line.text) for line in lyrics.lines] == [(1.0, "one"), (2.0, "two")]
    assert not lyrics.warnings


def test_unicode_line_separators_do_not_break_a_line():
    assert [line.text for line in parse("[00:01.00]a\u2028b\x0bc\x85d").lines] == ["a b c d"]


CHINESE = "[00:01.00]我只是一个测试\n[00:04.00]第二行\n"
WESTERN = "[00:01.00]la niña está extraña\n[00:04.00]où est l'été\n"


@pytest.mark.parametrize(
    ("text", "encoding", "warned"),
    [
        (CHINESE, "utf-8", ""),
        (CHINESE, "utf-8-sig", ""),
        (CHINESE, "utf-16", ""),
        (CHINESE, "gb18030", "GB18030"),
        (WESTERN, "utf-16-le", ""),
        (WESTERN, "utf-16-be", ""),
        (WESTERN, "cp1252", "Windows-1252"),
    ],
)
def test_encodings_are_recognised_and_guesses_are_warned_of(text, encoding, warned):
    lyrics = parse(text.encode(encoding))
    assert [line.text for line in lyrics.lines] == [row.split("]")[1] for row in text.splitlines()]
    assert [warned in warning for warning in lyrics.warnings] == ([True] if warned else [])


def test_nul_bytes_and_stray_marks_are_removed_with_a_warning():
    lyrics = parse("[00:01.00]o\0ne\n\ufeff[00:02.00]two")
    assert [line.text for line in lyrics.lines] == ["one", "two"]
    assert len(lyrics.warnings) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n\t\n", "empty"),
        (b"only words\nand more", "no line has a time stamp"),
        (b"[ti:only tags]\n[Chorus]", "no line has a time stamp"),
        (b"[00:01.00]\n[00:02.00]  ", "without any text"),
        (b"[00:01.00]la\n" * 100_000, "too large"),
    ],
)
def test_unusable_files_give_an_error_that_names_the_file(content, message):
    with pytest.raises(InputError, match=rf"^song\.lrc: .*{message}"):
        parse(content)


def test_several_stamps_repeat_the_line_and_lines_are_sorted_with_a_warning():
    lyrics = parse("[00:01.00][00:30.00]chorus\n[00:10.00]verse\n[00:20.00] [00:40.00]bridge")
    assert [(line.start_s, line.text) for line in lyrics.lines] == [
        (1.0, "chorus"), (10.0, "verse"), (20.0, "bridge"), (30.0, "chorus"), (40.0, "bridge")]  # fmt: skip
    assert "out of time order" in lyrics.warnings[0]


def test_offset_has_the_players_sign_by_default_and_is_configurable():
    text = "[offset:+500]\n[00:00.20]early\n[00:10.00]late"
    assert starts(text) == [0.0, 9.5]
    assert parse(text).offset_s == -0.5
    assert starts(text, offset_sign=1) == [0.7, 10.5]
    assert any("moves every line by -0.500 s" in warning for warning in parse(text).warnings)
    assert not any("moves" in warning for warning in parse("[offset:0]\n[00:10.00]la").warnings)
    assert starts("[offset:soon]\n[00:10.00]la") == [10.0]


def test_tags_are_kept_and_brackets_in_the_text_are_text():
    lyrics = parse("[ti:A title]\n[ar: Someone ]\n[re:www.example.org/a]\n[00:01.00]come in[?]) [x2] <3\n[Chorus]\n")
    assert lyrics.metadata == {"ti": "A title", "ar": "Someone", "re": "www.example.org/a"}
    assert lyrics.lines[0].text == "come in[?]) [x2] <3"
    assert lyrics.warnings == ("song.lrc:5: text without a time stamp left out (1 line(s))",)


def test_a_stamp_without_text_ends_the_line_before_it():
    lyrics = parse("[00:01.00]one\n[00:02.50]\n[00:09.00]two\n[00:30.00]")
    assert [(line.start_s, line.end_s) for line in lyrics.lines] == [(1.0, 2.5), (9.0, 30.0)]


def test_without_an_end_a_line_lasts_to_the_next_or_as_long_as_its_syllables_need():
    lyrics = parse("[00:01.00]la la la la\n[00:03.00]la\n[00:59.00]la la la la la la la la la la")
    assert [line.end_s for line in lyrics.lines] == [3.0, 6.0, 62.5]


def test_the_same_stamp_twice_is_an_alternative_text():
    lyrics = parse("[00:01.00]hello\n[00:01.00]bonjour\n[00:01.00]hello\n[00:04.00]bye\n[00:04.00]")
    assert [(line.text, line.alternatives) for line in lyrics.lines] == [("hello", ("bonjour",)), ("bye", ())]


def words(text):
    line = parse(text).lines[0]
    return line.text, line.timing, [(word.start_s, word.end_s, word.text) for word in line.words]


def test_enhanced_stamps_become_word_times():
    assert words("[00:01.00] <00:01.00> So <00:01.50> far <00:02.00> away <00:03.00>") == (
        "So far away", "word", [(1.0, 1.5, "So"), (1.5, 2.0, "far"), (2.0, 3.0, "away")])  # fmt: skip
    assert words("[00:01.00]<00:01.00>So<00:01.40> <00:01.50>far<00:02.00>") == (
        "So far", "word", [(1.0, 1.4, "So"), (1.5, 2.0, "far")])  # fmt: skip


def test_inline_stamps_become_word_times():
    expected = ("So far away", "word", [(1.0, 1.5, "So"), (1.5, 2.0, "far"), (2.0, 3.0, "away")])
    assert words("[00:01.00]So [00:01.50]far [00:02.00]away[00:03.00]") == expected
    assert words("[00:01.00][00:01.00]So [00:01.50]far [00:02.00]away[00:03.00]") == expected


def test_stamped_syllables_join_to_words():
    assert words("[00:01.00]<00:01.00>some<00:01.50>thing <00:02.00>new<00:03.00>") == (
        "something new", "word", [(1.0, 2.0, "something"), (2.0, 3.0, "new")])  # fmt: skip


def test_a_stamped_segment_spreads_its_words_by_syllables():
    text, timing, found = words("[00:01.00]<00:01.00>a melody <00:05.00>here<00:06.00>")
    assert (text, timing) == ("a melody here", "interpolated")
    assert found == [(1.0, 2.0, "a"), (2.0, 5.0, "melody"), (5.0, 6.0, "here")]


def test_repeated_enhanced_lines_carry_their_word_times_along():
    lyrics = parse("[00:01.00][00:11.00]<00:01.00>la <00:02.00>le<00:03.00>")
    assert [word.start_s for word in lyrics.words] == [1.0, 2.0, 11.0, 12.0]


def test_words_without_stamps_are_spread_by_syllables_and_marked():
    line = parse("[00:00.50]a melody (oh)\n[00:05.50]").lines[0]
    assert line.timing == "interpolated"
    assert [(word.text, word.start_s, word.end_s) for word in line.words] == [
        ("a", 0.5, 1.5), ("melody", 1.5, 4.5), ("(oh)", 4.5, 5.5)]  # fmt: skip
    assert parse("[00:01.00]♪ ♪").lines[0].timing == "line"


@pytest.mark.parametrize(
    ("word", "count"),
    [("home,", 1), ("where", 1), ("anymore.", 3), ("table", 2), ("the", 1), ("ev'ry", 2), ("extraña", 3), ("27", 4),
     ("любовь", 2), ("我", 1), ("—", 0), ("rhythm", 1), ("hmm", 1), ("بحبك", 2)],
)  # fmt: skip
def test_syllables_are_estimated(word, count):
    assert syllables(word) == count


def test_signs_without_blanks_are_words_of_their_own():
    found, _ = word_times("我爱 you", 0.0, 3.0, [], breathes=False)
    assert [(word.text, word.start_s, word.end_s) for word in found] == [("我", 0, 1), ("爱", 1, 2), ("you", 2, 3)]


SONG = parse("[00:00.00]by someone\n[00:10.00]la la\n[00:12.00]le le le\n[00:13.00]\n[00:20.00]lo\n")


def test_shift_puts_the_first_sung_line_at_the_given_time_and_moves_words_with_it():
    moved = shift(SONG, 12.25)
    assert [line.start_s for line in moved.lines] == [2.25, 12.25, 14.25, 22.25]
    assert moved.offset_s == 2.25
    assert shift(moved, 11.0).offset_s == 1.0
    for line, before in zip(moved.sung, SONG.sung, strict=True):
        assert [word.start_s for word in line.words] == pytest.approx([word.start_s + 2.25 for word in before.words])


def test_shift_never_gives_negative_times():
    moved = shift(parse("[00:10.00]la\n[00:11.00]le\n"), 0.0)
    assert [(line.start_s, line.text) for line in moved.lines] == [(0.0, "la"), (1.0, "le")]
    assert [line.text for line in shift(SONG, 0.0).lines] == ["la la", "le le le", "lo"]
    assert "left out" in shift(SONG, 0.0).warnings[-1]
    for bad in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="first_line"):
            shift(SONG, bad)


def test_lyrics_json_round_trips():
    value = json.loads(json.dumps(lyrics_to_json(shift(SONG, 11.0), "a_song", "en"), allow_nan=False))
    assert value["synchronisation"] == {"method": "stamps", "first_line_s": 11.0}
    assert [key for key in value if key != "synchronisation"] == (
        ["song", "language", "offset_s", "first_line_s", "timing", "lines", "warnings"]
    )
    assert value["first_line_s"] == 11.0
    assert lyrics_from_json(value) == shift(SONG, 11.0)


@pytest.mark.parametrize(
    "value",
    [None, {}, {"lines": 3}, {"lines": []}, {"lines": [3]}, {"lines": [{"start": 2, "end": 1, "text": ""}]},
     {"lines": [{"start": "x", "end": 1, "text": ""}]}, {"lines": [{"start": 0, "end": float("nan"), "text": ""}]},
     {"lines": [{"start": 0, "end": 1, "text": "", "words": 3}]}],
)  # fmt: skip
def test_malformed_lyrics_json_is_an_input_error(value):
    with pytest.raises(InputError, match=r"lyrics\.json"):
        lyrics_from_json(value)


def test_timestamps_round_and_carry():
    assert timestamp(59.9996) == "01:00.000"
    assert timestamp(6185.5) == "103:05.500"


def same_line_times(lyrics):
    return [(line.start_s, line.end_s, line.text, line.alternatives) for line in lyrics.lines]


def test_real_songs_are_read_without_loss(shared_data):
    files = sorted([*shared_data.glob("motion/*/lyrics.lrc"), *shared_data.glob("songs/*/*.lrc")])
    assert len(files) == 6
    for file in files:
        data = file.read_bytes()
        lyrics = parse_lrc(data, file.name)
        with_text = [line for line in raw_lines(data, file.name) if line.text.strip()]
        assert [line.text for line in lyrics.lines] == [line.text.strip() for line in with_text]
        assert [line.start_s for line in lyrics.lines] == pytest.approx([line.start_s for line in with_text])
        assert same_line_times(parse_lrc(write_lrc(lyrics).encode(), "again")) == same_line_times(lyrics)


STAMPS = [
    "[00:01.00]",
    "[00:05.5]",
    "[1:2:3]",
    "<00:02.00>",
    "[00:07.2",
    "<00:0",
    "99999:99",
    "[ti:x]",
    "[offset:-1500]",
]
LETTERS = ["la", "é", "我", " ", "[", "]", ">", ".", ":", "\n", "\r\n", "\ufeff", "\0", "\x85", "\x01"]


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(st.sampled_from(STAMPS + LETTERS), max_size=25).map("".join).map(str.encode),
        st.text(max_size=60).map(lambda text: b"[00:01.00]" + text.encode("utf-16", "replace")),
    )
)
@example(b"[00:01.00]<00:0<00:02.00>1.00>x")
@example(b"[00:01.00]la [00:09.00]le\n[00:02.00]lo")
@example(b"[00:05.00]<00:01.00>la<00:02.00>")
def test_any_bytes_give_lyrics_or_an_input_error_and_lyrics_survive_writing(data):
    try:
        lyrics = parse_lrc(data, "wild.lrc")
    except InputError as error:
        assert str(error).startswith("wild.lrc")
        return
    assert raw_lines(data, "wild.lrc")
    begins = [line.start_s for line in lyrics.lines]
    assert begins == sorted(set(begins))
    for line in lyrics.lines:
        assert 0 <= line.start_s <= line.end_s
        times = [t for word in line.words for t in (word.start_s, word.end_s)]
        assert times == sorted(times)
        assert not times or line.start_s <= times[0] <= times[-1] <= line.end_s
        assert (line.timing == "line") == (not line.words)
    again = parse_lrc(write_lrc(lyrics).encode("utf-8"), "again.lrc")
    assert same_line_times(again) == same_line_times(lyrics)
    for line, before in zip(again.lines, lyrics.lines, strict=True):
        if before.timing == "word":
            assert line.words == before.words
    restored = lyrics_from_json(json.loads(json.dumps(lyrics_to_json(lyrics, "s", "en"), allow_nan=False)))
    assert restored.lines == lyrics.lines
