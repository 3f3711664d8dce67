"""The contact sheet shows the worst moments first and says what is wrong with each."""

import numpy as np
import pytest

from justlmd.core.errors import InputError
from justlmd.lyrics.document import Line, Lyrics
from justlmd.lyrics.word_timing import Word
from justlmd.media.writer import write_video
from justlmd.quality.contact_sheet import (
    COLUMNS,
    GAP,
    MOMENTS,
    WIDTH,
    heading,
    moments,
    sung_words,
    telling_frame,
    write_contact_sheet,
)
from justlmd.quality.criteria import thresholds_of


def judged(**ranges: list[list[int]]) -> dict:
    """A song in which the image freezes for long and the camera moves a little."""
    figures = {"frozen": 4.0, "camera_moves": 0.01, "motion_valid": 1.0}
    return {
        "keep": False,
        "reasons": ["the image is frozen for 4 s (limit 1 s)"],
        "figures": figures,
        "thresholds": thresholds_of(),
        "ranges": ranges,
    }


def test_failed_criteria_come_first_then_the_others_then_frames_spread_evenly():
    quality = judged(camera_moves=[[100, 110]], frozen=[[300, 310], [400, 460], [500, 520], [600, 612]])
    found = moments(quality, 0, 900)
    assert found[:3] == [(430, ["frozen"], []), (510, ["frozen"], []), (606, ["frozen"], [])]
    assert found[3] == (105, [], ["camera_moves"])
    assert len(found) == MOMENTS and all(not failed and not met for _, failed, met in found[4:])


def test_what_shows_at_the_same_moment_shares_one_picture():
    found = moments(judged(camera_moves=[[100, 110]], frozen=[[98, 118]]), 0, 900)
    assert found[0] == (108, ["frozen"], ["camera_moves"])
    frames = [frame for frame, _, _ in found]
    assert len(set(frames)) == len(frames) == MOMENTS


def test_only_the_judged_part_is_shown_also_of_a_very_short_song():
    assert all(60 <= frame < 80 for frame, _, _ in moments(judged(frozen=[[0, 40], [62, 70]]), 60, 80))
    assert moments(judged(), 0, 3) == [(0, [], [])]
    assert moments(judged(), 5, 5) == []


def test_the_sheet_holds_the_pictures_of_these_moments_and_is_the_same_bytes_twice(tmp_path):
    cv2 = pytest.importorskip("cv2")
    overlay = tmp_path / "overlay.mp4"
    write_video(overlay, (np.full((48, 64, 3), [0, 2 * k, 200], np.uint8) for k in range(120)))
    quality = judged(frozen=[[50, 70]])
    for name in ("a.jpg", "b.jpg"):
        write_contact_sheet(tmp_path / name, overlay, quality, 0, 120)
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()
    sheet = cv2.imread(str(tmp_path / "a.jpg"))[:, :, ::-1]
    columns = [GAP + WIDTH // 2 + place * (WIDTH + GAP) for place in range(COLUMNS)]
    row = int(np.flatnonzero(np.abs(sheet[:, columns[0]].astype(int) - 255).max(-1) > 100)[60])
    first_row = sheet[row, columns].astype(int)
    shown = [frame for frame, _, _ in moments(quality, 0, 120)][:COLUMNS]
    assert np.abs(first_row - [[0, 2 * frame, 200] for frame in shown]).max() < 25, "colours of other frames"


def test_a_song_without_any_frame_to_show_still_has_a_sheet_with_its_verdict(tmp_path):
    overlay = tmp_path / "overlay.mp4"
    write_video(overlay, [np.zeros((48, 64, 3), np.uint8)] * 5)
    write_contact_sheet(tmp_path / "sheet.jpg", overlay, judged(), 3, 3)
    assert (tmp_path / "sheet.jpg").stat().st_size > 1000


def test_an_overlay_that_does_not_decode_is_named(tmp_path):
    (tmp_path / "overlay.mp4").write_text("no video")
    with pytest.raises(InputError, match=r"overlay\.mp4"):
        write_contact_sheet(tmp_path / "sheet.jpg", tmp_path / "overlay.mp4", judged(), 0, 5)


def test_the_words_of_a_moment_are_those_that_are_sung_then():
    line = Line(2.0, 4.0, "one two", (Word(2.0, 3.0, "one"), Word(3.0, 4.0, "two\n{x}")))
    lyrics = Lyrics((line, Line(5.0, 6.0, "no times")))
    assert [(text, bold) for text, _, bold in sung_words(lyrics, 3.5)] == [("one", False), ("two {x}", True)]
    assert [text for text, _, _ in sung_words(lyrics, 5.5)] == ["no times"]
    assert sung_words(lyrics, 4.5) == []


def test_the_sheet_says_name_figures_and_words_whatever_they_are(tmp_path):
    image = pytest.importorskip("PIL.Image")
    write_video(tmp_path / "overlay.mp4", [np.full((48, 64, 3), 90, np.uint8)] * 40)
    lyrics = Lyrics((Line(0, 9, "漢字 \x00 <b> " + "w" * 5000, (Word(0, 9, "漢字"), Word(9, 9, "w" * 5000))),))

    def sheet(**options) -> np.ndarray:
        write_contact_sheet(tmp_path / "sheet.jpg", tmp_path / "overlay.mp4", judged(), 0, 40, **options)
        return np.asarray(image.open(tmp_path / "sheet.jpg")).astype(int)

    plain, named, sung = sheet(), sheet(name="Artist – Title"), sheet(lyrics=lyrics)
    assert plain.shape == named.shape == sung.shape
    heading = np.abs(named - plain).max(-1) > 100
    assert heading[:32].sum() > 50 and not heading[32:].any()
    words = np.abs(sung - plain).max(-1) > 60
    assert words.sum() > 200 and not words[:100].any()
    assert sheet(name="word " * 400).shape[0] > plain.shape[0], "a long name takes more lines"


def test_figures_beyond_their_limits_come_first_in_words_for_people():
    _, _, figures = heading("name", judged())
    plain = [text.replace("\u00a0", " ").strip() for text, _, _ in figures]
    assert plain[0].startswith("frozen 4 s") and any(text.startswith("camera moves 1 %") for text in plain[1:])
    assert not any("_" in text for text in plain)


def test_the_picture_of_a_song_is_of_a_moment_with_a_body():
    assert telling_frame(judged(), 100, 200) == 150
    assert telling_frame(judged(detection_rate=[[140, 160]], motion_valid=[[160, 165]]), 100, 200) == 139
    assert telling_frame(judged(motion_valid=[[0, 500]]), 100, 200) == 150
