"""Which of a server's recordings is taken, and the ``.lrc`` file that it becomes."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lyrics_server import NOT_FOUND, SYNCED, fetch, refused, reply, track

from justlmd.lyrics.lrc import parse_lrc
from justlmd.lyrics.lrclib import CAUSES, LyricsError, ProviderOptions
from justlmd.lyrics.names import first_artist, plain_title
from justlmd.lyrics.provider import fetch_lyrics


def test_the_recording_of_the_right_length_becomes_an_lrc_file_that_names_its_origin(server):
    server.tracks = [track(7, duration=190.0), track(42)]
    found, pauses = fetch(server)
    assert (found.artist, found.title, found.lines, found.note) == ("Lil Nas X", "Panini", 2, "")
    lyrics = parse_lrc(found.text.encode(), "fetched.lrc")
    assert [(line.start_s, line.text) for line in lyrics.lines] == [(12.0, "here we go"), (15.5, "round and round")]
    assert lyrics.lines[-1].end_s == 19.0
    assert lyrics.metadata == {"ar": "Lil Nas X", "ti": "Panini", "al": "7", "length": "01:55"} | {
        "#": "from 127.0.0.1, id 42"
    }
    assert lyrics.warnings == ()
    assert "\r" not in found.text
    assert pauses == []
    assert server.asked == [
        ("/api/get", {"artist_name": "Lil Nas X", "track_name": "Panini", "duration": "115"}),
    ]
    (agent,) = server.agents
    assert re.match(r"JustLMD/\d+\.\d+", agent)


@pytest.mark.parametrize("suffix", ["/", "/api", "/api/"])
def test_the_address_may_end_in_several_ways(server, suffix):
    server.tracks = [track()]
    server.base += suffix
    assert fetch(server)[0].lines == 2


def test_an_unknown_song_is_searched_and_then_named_with_the_next_step(server):
    error, pauses = refused(server)
    assert error.cause == "not_found"
    assert "write the .lrc yourself" in str(error)
    assert [path for path, _ in server.asked] == ["/api/get", "/api/search"]
    assert "duration" not in server.asked[1][1]
    assert pauses == []


def test_of_the_recordings_found_by_search_the_length_decides_within_the_tolerance(server):
    near = [
        track(number, trackName="Panini (Remix)", duration=length) for number, length in ((1, 121), (2, 113), (3, 117))
    ]
    server.tracks = [*near, track(4, trackName="Panini (Live)", duration=117.5)]
    found, _ = fetch(server, 115.2)
    assert (found.title, found.note) == ("Panini (Remix)", "found as 'Panini (Remix)' by Lil Nas X")
    assert "id 3" in found.text
    error, _ = refused(server, 125.0)
    assert error.cause == "not_found"
    assert "the nearest is 'Panini (Remix)' by Lil Nas X, 02:01 long" in str(error)
    assert fetch(server, 125.0, tolerance_s=4.0)[0].title == "Panini (Remix)"


@pytest.mark.parametrize(
    ("changed", "taken"),
    [
        ({"trackName": "Another song"}, False),
        ({"artistName": "Nobody"}, False),
        ({"artistName": "DaBaby & Lil Nas X", "trackName": "Panini - DaBaby Remix"}, True),
        ({"artistName": "LilNasX"}, False),
    ],
)
def test_a_recording_of_the_right_length_must_be_of_this_song(server, changed, taken):
    server.lax = True
    server.tracks = [track(**changed)]
    if taken:
        assert "found as" in fetch(server)[0].note
    else:
        assert refused(server)[0].cause == "not_found"


@pytest.mark.parametrize(
    ("artist", "title"), [("Lil Nas X", "Panini"), ("LIL NAS X", "Pánini!"), ("lil nas x", "panini")]
)
def test_a_video_of_another_length_takes_the_exact_song_and_says_so(server, artist, title):
    server.lax = True
    server.tracks = [
        track(1, trackName="Panini (Remix)", duration=150.0),
        track(2, trackName=title, artistName=artist, duration=180.0),
        track(3, trackName=title, artistName=artist, duration=120.0),
    ]
    found, _ = fetch(server, 140.0)
    assert found.note == ("the recording lasts 02:00 and the song here 02:20: check the times and set `first_line`")
    assert f"id 3; {found.note}]" in found.text
    assert parse_lrc(found.text.encode(), "x").lines[0].start_s == 12.0


@pytest.mark.parametrize(
    ("artist", "title"),
    [
        ("Lil Nas X feat. DaBaby", "Panini (DaBaby Version)"),
        ("Lil Nas X & DaBaby", "Panini [Official Video]"),
        ("Lil Nas X", "Panini (Just Dance 2021)"),
        ("Lil Nas X", "Panini ft. DaBaby | Just Dance 2022"),
        ("Lil Nas X", "Lil Nas X - Panini (Official Video) [4K]"),
        ("Lil Nas X", "Just Dance 2020 | Panini by Lil Nas X"),
    ],
)
def test_a_third_question_asks_for_the_names_without_what_videos_add(server, artist, title):
    server.tracks = [track(1, duration=150.0), track(2), track(3, trackName="Panini Sandwich")]
    server.faults = [reply(404, NOT_FOUND), reply(200, [])]
    found, _ = fetch(server, title=title, artist=artist)
    assert "id 2" in found.text
    assert found.note == "found as 'Panini' by Lil Nas X"
    assert server.asked[1:] == [
        ("/api/search", {"artist_name": artist, "track_name": title}),
        ("/api/search", {"artist_name": "Lil Nas X", "track_name": "Panini"}),
    ]


def test_what_the_third_question_finds_must_have_the_title_and_the_length(server):
    server.lax = True
    asked = {"title": "Panini (Extreme Version)", "artist": "Lil Nas X"}
    server.tracks = [track(duration=150.0), track(2, trackName="Panini Bread"), track(3, artistName="Nobody")]
    for duration in (115.2, None):
        server.faults = [reply(404, NOT_FOUND), reply(200, [])]
        with pytest.raises(LyricsError) as caught:
            fetch(server, duration, **asked)
        assert caught.value.cause == "not_found"
    server.faults = [reply(404, NOT_FOUND), reply(200, [])]
    server.tracks.append(track(4, trackName="Panini - Radio Edit", artistName="Lil Nas X, DaBaby"))
    assert "id 4" in fetch(server, **asked)[0].text


@pytest.mark.parametrize(
    ("title", "artist", "plain"),
    [
        ("Panini", "Lil Nas X", "Panini"),
        ("(I Can't Get No) Song", "The Band", "(I Can't Get No) Song"),
        ("Levitating (Extreme Version)", "Dua Lipa", "Levitating"),
        ("Don't Start Now - Official Music Video", "Dua Lipa", "Don't Start Now"),
        ("Live Forever", "The Band", "Live Forever"),
        ("Video", "The Band", "Video"),
        ("| Just Dance 2022", "The Band", "| Just Dance 2022"),
        ("Sushi【MV】", "Merk", "Sushi"),
        ("Stand by Me", "The Band", "Stand by Me"),
        ("7 Rings - Alternate", "Ariana Grande", "7 Rings"),
    ],
)
def test_a_title_loses_only_what_is_no_part_of_it(title, artist, plain):
    assert plain_title(title, artist) == plain


@pytest.mark.parametrize(
    ("artist", "first"),
    [("Lil Nas X", "Lil Nas X"), ("A-ha", "A-ha"), ("Ann ft. Bo", "Ann"), ("Ann x Bo", "Ann"), ("Ann, Bo & Cy", "Ann"),
     ("& Friends", "& Friends"), ("Xavier", "Xavier"), ("Andy Lee", "Andy Lee")],
)  # fmt: skip
def test_the_artist_who_is_named_first(artist, first):
    assert first_artist(artist) == first


def test_a_song_of_unknown_length_takes_the_exact_song_and_says_so(server):
    server.tracks = [track(5)]
    found, _ = fetch(server, None)
    assert "the song here an unknown time" in found.note
    assert "duration" not in server.asked[0][1]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"syncedLyrics": None}, "no time stamps"),
        ({"syncedLyrics": ""}, "no time stamps"),
        ({"syncedLyrics": " \n"}, "no time stamps"),
        ({"syncedLyrics": None, "plainLyrics": None, "instrumental": True}, "instrumental"),
        ({"syncedLyrics": "only words"}, "no line has a time stamp"),
        ({"syncedLyrics": "[00:12.00]\n[00:13.00]"}, "without any text"),
        ({"syncedLyrics": ["[00:12.00]x"]}, "no time stamps"),
    ],
)
def test_lyrics_without_times_are_not_taken(server, changed, words):
    server.tracks = [track(**changed)]
    error, _ = refused(server)
    assert error.cause == "not_synced"
    assert words in str(error)
    server.tracks.append(track(2))
    assert "id 2" in fetch(server)[0].text


def test_hostile_names_and_texts_stay_inside_their_tags(server):
    server.tracks = [
        track(
            trackName="Panini\n[00:00.00]x\u001b[31m",
            albumName="\ud800[offset:5000]",
            syncedLyrics="\x00[00:12.00]here \ud800 we\u202e go\n",
            duration=10**400,
        ),
        track(9, trackName="Panini", duration=True, syncedLyrics=None),
    ]
    found, _ = fetch(server, title="Panini 00 00 00 x")
    lyrics = parse_lrc(found.text.encode(), "x")
    assert [line.start_s for line in lyrics.lines] == [12.0]
    assert lyrics.offset_s == 0.0
    assert "\x1b" not in found.text
    assert "\x00" not in found.text


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault of the strategy
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["id", "trackName", "artistName", "albumName", "duration", "instrumental", "syncedLyrics"]),
            st.one_of(json_values, st.sampled_from(["Panini", "Lil Nas X", 115, SYNCED])),
        ),
        max_size=4,
    )
)
def test_any_json_gives_lyrics_or_a_named_failure(changes):
    answers = {"get": track(**changes[0]) if changes else None, "search": [track(**change) for change in changes]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("justlmd.lyrics.provider.ask", lambda song, method, *_: answers[method])
        try:
            found = fetch_lyrics("Lil Nas X", "Panini", 115.0, ProviderOptions(url="http://127.0.0.1"))
        except LyricsError as error:
            assert error.cause in CAUSES
        else:
            assert found.lines == len(parse_lrc(found.text.encode(), "x").sung) > 0
