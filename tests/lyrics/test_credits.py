"""Which lines are credits: by their words and their place, not by standing at 0.00."""

import pytest

from justlmd.core.errors import InputError
from justlmd.lyrics.lrc import parse_lrc


def judged(*rows):
    """Texts of the credits and of the sung lines."""
    lyrics = parse_lrc("\n".join(rows).encode(), "song.lrc")
    credited = [text for line in lyrics.lines if line.credit for text in (line.text, *line.alternatives)]
    return credited, [line.text for line in lyrics.sung]


SUNG = ("[00:15.00]paper star, unfolding slowly", "[00:19.00]round and round")

HEADS = {
    "Chinese": ("[00:00.00]作词 : 林一", "[00:00.38]作曲：林一", "[00:00.76]编曲 : Ann Lee/林二"),
    "one letter": ("[00:00.00]词：林一", "[00:01.00]曲：林二"),
    "joined": ("[00:00.00]词曲：林一", "[00:01.00]录音/混音室：一号工作室", "[00:02.00]录音工程& MIDI制作：林二"),
    "labels that no list knows, between known ones": (
        "[00:00.000] 作词 : 林一",
        "[00:00.450]Midi Program: 石头",
        "[00:00.750]E Bow：怪兽",
        "[00:01.150]和声演唱：林二",
        "[00:01.250]OP：某工作室",
        "[00:01.450]ISRC TW-A00-08-016-11",
    ),
    "a title among them": (
        "[00:00.00]作词 : A/B",
        "[00:03.57]雪 Distance",
        "[00:04.78]作词 : A/B",
        "[00:06.34]作曲 : A",
    ),
    "Japanese": ("[00:00.00]作詞：森一", "[00:00.20]録音・混音：森三", "[00:00.50]作曲：森二"),
    "Korean": ("[00:00.00]작사: 김하나", "[00:00.50]작곡: 김둘"),
    "English": ("[00:00.00]Lyrics by：Ann Lee/Bo Ray", "[00:04.00]Composed by：Bo Ray", "[00:08.00]Produced by: C."),
    "English without colons": ("[00:00.00]Lyrics by Ann Lee", "[00:01.00]Music by Bo Ray"),
    "small letters at 0.00": ("[00:00.00]words by someone",),
    "Spanish": ("[00:00.00]Letra: Ana Ruiz", "[00:02.00]Música: Juan Paz"),
    "tags as lines": ("[00:00.00]Artist: The Lanterns", "[00:00.01]Title: Paper Star", "[00:00.02]Album: Best Of"),
    "title and artist before credits": ("[00:00.00]Paper Star - The Lanterns (纸灯)", "[00:00.00]Lyrics by：Ann Lee"),
    "artist and title alone": ("[00:00.00]The Lanterns - Paper Star",),
    "a title alone": ("[00:00.00]Paper Star (Ann's Version)",),
    "a title before credits": ("[00:00.00]纸星星 (Live)", "[00:00.40]作词：林一"),
    "an address": ("[00:00.00]www.example.com", "[00:02.00]LRC by Ann"),
}


@pytest.mark.parametrize("name", HEADS)
def test_credits_before_the_first_sung_line_are_not_sung(name):
    credited, sung = judged(*HEADS[name], *SUNG)
    assert len(credited) == len(HEADS[name])
    assert sung == ["paper star, unfolding slowly", "round and round"]


FIRST_LINES = [
    "[00:00.00]I dream in static",
    "[00:00.00]Oh Baby",
    "[00:00.33]Dancing All Night Long",
    "[00:00.00]Yeah",
    "[00:00.00]You know my name is Lee",
    "[00:00.00]Hey - ho - let's go",
    "[00:00.00]第一句歌词",
    "[00:01.00]Written by the stars above",
    "[00:01.00]By The River Side",
    "[00:01.00]Music: what a racket",
    "[00:01.00]and the lyrics by heart",
    "[00:05.00]Música: suena la noche",
    "[00:05.00]男：你好吗",
    "[00:05.00]Ann: where were you",
    "[00:05.00]Paper Star - Round And Round",
]


@pytest.mark.parametrize("row", FIRST_LINES)
def test_a_first_line_that_is_sung_stays_sung_wherever_it_stands(row):
    credited, sung = judged(row, *SUNG)
    assert credited == []
    assert sung[0] == row.split("]")[1]


def test_what_is_sung_at_the_time_of_the_credits_is_kept_and_begins_there():
    rows = [
        "[00:00.00]Paper Star - The Lanterns",
        "[00:00.00]Lyrics by：Ann Lee",
        "[00:00.00]Tonight",
        "[00:05.00]we go",
    ]
    lyrics = parse_lrc("\n".join(rows).encode(), "song.lrc")
    assert next((line.text, line.start_s, line.end_s) for line in lyrics.sung) == ("Tonight", 0.0, 3.0)
    assert lyrics.first_line_s == 0.0
    assert "2 line(s) taken as credits" in lyrics.warnings[0]


def test_the_files_tags_tell_a_heading_from_a_sung_title():
    tags = ("[ti:Paper Star]", "[ar:The Lanterns]")
    assert judged(*tags, "[00:01.00]the lanterns", *SUNG)[0] == ["the lanterns"]
    assert judged(*tags, "[00:02.00]Paper Star / The Lanterns", *SUNG)[0] == ["Paper Star / The Lanterns"]
    assert judged(*tags, "[00:00.00]paper star", *SUNG)[0] == ["paper star"]
    assert judged(*tags, "[00:00.00]Paper star", "[00:02.00]paper star, unfolding", *SUNG)[0] == []  # sung at once
    assert judged(*tags, "[00:09.00]paper star", *SUNG)[0] == []


def test_capitals_say_nothing_in_a_file_that_is_full_of_them():
    rows = ("[00:00.00]Walking Down The Street", "[00:04.00]Feeling All Right", "[00:08.00]Like A Sunday Morning")
    assert judged(*rows)[0] == []


def test_credits_may_stand_behind_the_last_line_and_clear_ones_anywhere():
    tail = ("[03:00.00]封面设计 : 林二", "[03:04.00]Logo: 林三", "[03:08.00]混音：林四")
    assert len(judged("[00:00.00]作词：林一", *SUNG, *tail)[0]) == 4
    assert judged(*SUNG, "[03:00.00]Transcribed by A. Listener")[0] == ["Transcribed by A. Listener"]
    assert judged(*SUNG, "[01:00.00]Composer: Bo Ray", "[01:05.00]and on")[0] == ["Composer: Bo Ray"]
    assert judged(*SUNG, "[01:00.00]Lyrics by Heart", "[01:05.00]and on")[0] == []


def test_a_file_of_nothing_but_credits_is_refused():
    for text in ("[00:00.00]作词：林一\n[00:01.00]作曲：林一", "[00:00.00]纯音乐，请欣赏"):
        with pytest.raises(InputError, match=r"song\.lrc: only credits, no sung line"):
            parse_lrc(text.encode(), "song.lrc")
