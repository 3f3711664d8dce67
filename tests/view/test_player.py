"""The player in Chromium, from disk and without a network: it shows the known dance, words and marks at their times."""

import math
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import wait_until
from known_motion import BODY
from player_browser import player
from player_pages import AUDIO_S, FIRST_S, FRAMES, HOSTILE, SIZE, WORDS, PlayerPage, write_player_page

from justlmd.body.kinematics import skin
from justlmd.motion.motion import FLIP, to_yup

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> PlayerPage:
    return write_player_page(tmp_path_factory.mktemp("results"))


def frame_at(seconds: float) -> int:
    return min(max(math.floor((seconds - FIRST_S) * 30 + 1e-3), 0), FRAMES - 1)


def state(tab: Any) -> dict[str, Any]:
    return tab.evaluate("player.state()")


def seek(tab: Any, seconds: float) -> dict[str, Any]:
    return tab.evaluate("(t) => player.seek(t).then(() => player.state())", seconds)


def joint_errors_mm(tab: Any, known: PlayerPage) -> float:
    """Largest distance of the drawn dancer's joints from ours at the time of the drawn frame."""
    now, joints = tab.evaluate("[player.state(), player.jointPositions(0)]")
    assert abs(now["frame"] - frame_at(now["songTime"])) <= 1
    return 1000 * float(np.linalg.norm(np.array(joints) - known.joints(now["frame"]), axis=1).max())


def test_after_two_seconds_of_playing_the_joints_are_where_ours_are(chromium: Any, known: PlayerPage) -> None:
    with player(chromium, known.page) as tab:
        before = state(tab)
        assert (before["playing"], before["dancers"]) == (False, ["recovered", "v2", "v3"])
        assert before["duration"] == pytest.approx(AUDIO_S, abs=0.05)
        tab.get_by_role("button", name="Play or pause").click()
        errors = []
        for _ in range(8):
            tab.wait_for_timeout(250)
            errors.append(joint_errors_mm(tab, known))
        after = state(tab)
        assert after["playing"] and 1.5 < after["songTime"] < 5
        assert max(errors) < 1
        tab.keyboard.press(" ")
        assert not state(tab)["playing"]


def test_a_sought_second_shows_its_frame(chromium: Any, known: PlayerPage) -> None:
    with player(chromium, known.page) as tab:
        for seconds in (0.5, FIRST_S, FIRST_S + 1 / 30, 4.5666667, 9.9, 11.9):
            assert seek(tab, seconds)["frame"] == frame_at(seconds)
            assert joint_errors_mm(tab, known) < 1
        others = np.array(tab.evaluate("player.jointPositions(1)"))
        assert np.linalg.norm(others - known.joints(FRAMES - 1) - [0.5, 0, 0], axis=1).max() < 1e-3


def test_the_word_that_is_sung_is_lit(chromium: Any, known: PlayerPage) -> None:
    with player(chromium, known.page) as tab:
        for seconds in (0.4, 1.6, 2.1, 2.75, 3.4, 5.2, 6.5):
            sung = [
                (line.text, word.text)
                for line in known.lyrics.sung
                for word in line.words
                if word.start_s <= seconds < word.end_s
            ]
            seek(tab, seconds)
            lit = tab.evaluate("player.litWord()")
            assert (lit["line"], lit["word"]) == (sung[0] if sung else (None, None)), seconds


def test_hostile_titles_words_and_names_stay_text(chromium: Any, known: PlayerPage) -> None:
    with player(chromium, known.page) as tab:
        shown = " ".join(HOSTILE.split())
        assert tab.locator("h1").inner_text() == shown
        assert tab.title() != "harmed"
        assert tab.locator("img").count() == 0
        assert tab.locator(".line i").count() == 0
        assert tab.locator(".word").first.inner_text() == WORDS[0]
        assert HOSTILE.split("\u2028")[0] in tab.locator(".reasons").inner_text()


def test_a_click_on_the_timeline_and_on_a_line_seeks(chromium: Any, known: PlayerPage) -> None:
    with player(chromium, known.page) as tab:
        track = tab.get_by_role("slider", name="Position in the song")
        box = track.bounding_box()
        track.click(position={"x": box["width"] * 0.5, "y": 5})
        wait_until(tab, "Math.abs(player.state().songTime - 6) < 0.1")
        assert track.get_attribute("aria-valuenow") == "6.0"
        assert state(tab)["frame"] == frame_at(state(tab)["songTime"])
        tab.locator(".line").nth(1).click()
        wait_until(tab, "Math.abs(player.state().songTime - 4) < 0.01")


def test_the_address_says_where_to_begin_and_the_page_leads_back(chromium: Any, known: PlayerPage) -> None:
    with player(chromium, known.page, fragment="#t=5.5") as tab:
        assert state(tab)["songTime"] == pytest.approx(5.5, abs=1e-3)
        seek(tab, 2.25)
        assert tab.evaluate("location.hash") == "#t=2.25"
        assert tab.get_by_role("link", name="All songs").get_attribute("href") == "index.html"


def test_everything_works_from_the_keyboard(chromium: Any, known: PlayerPage) -> None:
    with player(chromium, known.page) as tab:
        seek(tab, 3.0)
        frame = state(tab)["frame"]
        for key, step in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
            tab.keyboard.press(key)
            wait_until(tab, f"player.state().frame === {frame + step}")
        tab.keyboard.press("Shift+ArrowRight")
        wait_until(tab, f"player.state().frame === {frame + 31}")
        tab.keyboard.press("l")
        assert state(tab)["loop"] == pytest.approx([FIRST_S, FIRST_S + 6], abs=0.001)
        tab.keyboard.press("l")
        assert state(tab)["loop"] is None
        tab.keyboard.press("[")
        assert state(tab)["rate"] == 0.75
        tab.keyboard.press("]")
        tab.keyboard.press("m")
        assert tab.get_by_role("button", name="Stick figure").get_attribute("aria-pressed") == "true"
        tab.keyboard.press("2")
        assert tab.get_by_role("button", name="Show v2").get_attribute("aria-pressed") == "false"
        tab.keyboard.press("?")
        assert tab.get_by_role("dialog").is_visible()
        tab.keyboard.press("Escape")
        assert not tab.get_by_role("dialog").is_visible()
        tab.keyboard.press("End")
        wait_until(tab, "player.state().songTime > 11.9")


def test_a_loop_begins_again(chromium: Any, known: PlayerPage) -> None:
    with player(chromium, known.page) as tab:
        tab.get_by_label("What is repeated").select_option("0")
        wait_until(tab, "player.state().songTime > 1.2")
        seek(tab, FIRST_S + 5.5)
        tab.keyboard.press("]")
        tab.keyboard.press(" ")
        wait_until(tab, f"player.state().songTime < {FIRST_S + 2}")
        assert state(tab)["playing"]


def test_on_a_phone_nothing_is_wider_than_the_screen(chromium: Any, known: PlayerPage) -> None:
    with player(chromium, known.page, size=(390, 844)) as tab:
        tab.keyboard.press("v")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        room = tab.locator(".room").bounding_box()
        assert room["width"] > 350 and room["height"] > 300
        small = (
            "[...document.querySelectorAll('.controls button, .controls select')].filter((b) => b.offsetHeight < 40)"
        )
        assert tab.evaluate(f"{small}.length") == 0
        seek(tab, 4.2)
        assert joint_errors_mm(tab, known) < 1


def test_every_control_has_a_name(chromium: Any, known: PlayerPage) -> None:
    with player(chromium, known.page) as tab:
        nameless = """[...document.querySelectorAll('button, select, input, [role=slider]')].filter(
            (node) => !(node.getAttribute('aria-label') || node.textContent.trim()))"""
        assert tab.evaluate(f"{nameless}.length") == 0


def test_the_outline_lies_where_the_camera_of_the_video_sees_the_body(chromium: Any, known: PlayerPage) -> None:
    from PIL import Image

    with player(chromium, known.page, size=(1300, 800)) as tab:
        tab.get_by_label("Source video").select_option("video")
        tab.get_by_role("button", name="Outline").click()
        tab.get_by_label("Opacity of the body over the video").fill("1")
        now = seek(tab, 4.0)
        wait_until(tab, "Math.abs(player.state().video - 4) < 0.04")
        tab.wait_for_timeout(300)
        image = np.asarray(Image.open(BytesIO(tab.locator(".film").screenshot())).convert("RGB")).astype(int)
    red, green, blue = image[..., 0], image[..., 1], image[..., 2]
    rows, columns = np.nonzero((red > 150) & (green < 140) & (blue > 90))
    upright = to_yup(known.song.motion, BODY, floor=0.0).cut(now["frame"], now["frame"] + 1)
    vertices = skin(BODY, upright.global_orient, upright.body_pose, upright.transl, upright.betas)[0] * FLIP
    pixels = vertices @ known.song.motion.K.T
    pixels = pixels[:, :2] / pixels[:, 2:] * image.shape[1] / SIZE[0]
    found = [columns.min(), columns.max(), rows.min(), rows.max()]
    expected = [pixels[:, 0].min(), pixels[:, 0].max(), pixels[:, 1].min(), pixels[:, 1].max()]
    np.testing.assert_allclose(found, expected, atol=6)
    inside = np.median(pixels, axis=0).astype(int)
    assert image[inside[1], inside[0]].max() < 60  # the outline is hollow


def test_without_audio_or_dances_the_page_still_dances(chromium: Any, tmp_path: Path) -> None:
    alone = write_player_page(tmp_path / "results", audio=False, dances=0)
    with player(chromium, alone.page) as tab:
        assert state(tab)["dancers"] == ["recovered"]
        tab.keyboard.press(" ")
        wait_until(tab, "player.state().songTime > 1.5")
        assert joint_errors_mm(tab, alone) < 1


def test_audio_that_cannot_be_decoded_does_not_stop_the_dance(chromium: Any, tmp_path: Path) -> None:
    """Its length is read before a decoder fails, or is found missing (Firefox without its system's codecs)."""
    known = write_player_page(tmp_path / "results", dances=0)
    (audio,) = known.page.parent.glob("*.m4a")
    content = bytearray(audio.read_bytes())
    begin = content.index(b"mdat") + 4
    end = content.index(b"moov") if content.index(b"moov") > begin else len(content)
    content[begin : end - 4] = b"\xff" * (end - 4 - begin)
    audio.write_bytes(content)
    with player(chromium, known.page) as tab:
        wait_until(tab, "document.body.innerText.includes('audio could not be loaded')")
        assert seek(tab, 3.0)["songTime"] == pytest.approx(3) and joint_errors_mm(tab, known) < 1
        assert state(tab)["duration"] == pytest.approx(AUDIO_S, abs=0.1)
        tab.keyboard.press(" ")
        wait_until(tab, "player.state().songTime > 3.2")
