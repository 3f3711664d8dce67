"""What ``visualize`` shows: the player with the dance, its words and audio, in a browser and below a cell."""

import html
import re
import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from chromium import tab, wait_until
from known_motion import BODY, swaying
from player_browser import player
from player_pages import HOSTILE, known_lyrics
from synthetic_media import clicks

from justlmd.dances.dance import Dance
from justlmd.dances.page import notebook_frame
from justlmd.motion.motion import Motion

START_S, FRAMES, RATE = 2.0, 90, 48_000


def known_dance(audio: Path | None = None, body: Any = BODY) -> Dance:
    """Three seconds of a swaying body from second 2 of a song on, whose lines begin at 1.5 and 4 s."""
    orient, pose, transl = swaying(FRAMES)
    motion = Motion(orient, pose, transl, np.linspace(-1, 1, 10), np.ones(FRAMES, bool))
    values = {"song": "known", "title": HOSTILE, "start_s": START_S, "beat_times": np.arange(0.25, 3, 0.5)}
    return Dance(values, motion, lambda: body, known_lyrics().sung, audio)


@pytest.fixture(scope="module")
def dance(tmp_path_factory) -> Dance:
    """The same with a song of ten seconds."""
    path = tmp_path_factory.mktemp("song") / "audio.wav"
    soundfile.write(path, clicks(10, [4.0], rate=RATE).T, RATE)
    return known_dance(path)


def check_it_dances(page: Any, dance: Dance) -> None:
    """``page`` (a page or a frame of one) shows the dance on its own clock, and moves when it is played."""
    assert page.evaluate("player.state().duration") == pytest.approx(FRAMES / 30, abs=0.05)
    for second, line in ((0.2, 0), (2.1, 1)):
        page.evaluate(f"player.seek({second})")
        frame, joints = page.evaluate("[player.state().frame, player.jointPositions(0)]")
        assert frame == round(second * 30)
        assert np.linalg.norm(np.array(joints) - dance.joints[frame], axis=1).max() < 1e-3
        assert page.evaluate("player.litWord().line") == " ".join(dance.lines[line].text.split())
    page.evaluate("player.seek(0)")
    page.locator("button.play").click()
    wait_until(page, "player.state().songTime > 0.5 && player.state().playing")
    assert page.evaluate("player.state().frame") >= 15
    assert page.locator("h1").inner_text() == " ".join(HOSTILE.split())


@pytest.mark.slow
def test_outside_of_a_notebook_a_page_opens_and_dances(chromium, dance, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    dance.visualize()
    (address,) = opened
    path = Path(address.removeprefix("file://"))
    with player(chromium, path) as page:
        check_it_dances(page, dance)
    path.unlink()
    path.parent.rmdir()


@pytest.mark.slow
def test_below_a_cell_it_dances_and_cannot_reach_the_notebook(chromium, dance, monkeypatch, tmp_path):
    shown: list[str] = []
    kernel = types.SimpleNamespace(kernel=None)
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: kernel
    display = types.ModuleType("IPython.display")
    display.HTML, display.display = str, shown.append
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    dance.visualize()
    (frame,) = shown
    (tmp_path / "notebook.html").write_text(f"<!doctype html><title>notebook</title>{frame}", encoding="utf-8")
    with tab(chromium, tmp_path / "notebook.html", viewport={"width": 900, "height": 760}) as page:
        inner = page.frames[1]
        wait_until(inner, "window.ready || window.failed", seconds=60)
        assert inner.evaluate("window.failed || ''") == ""
        check_it_dances(inner, dance)
        assert inner.evaluate("origin") == "null"
        assert inner.evaluate("try { parent.document.title } catch (error) { error.name }") == "SecurityError"
        assert page.title() == "notebook"


def test_a_frame_is_one_element_whatever_the_page_holds():
    frame = notebook_frame('<p title="x">&amp;</p></iframe><script>')
    assert re.fullmatch(r'<iframe [^<>]*sandbox="allow-scripts"[^<>]*></iframe>', frame)
    assert html.unescape(re.search('srcdoc="([^"]*)"', frame)[1]) == '<p title="x">&amp;</p></iframe><script>'


def test_a_page_holds_everything_and_may_load_nothing_else(dance):
    page = dance.page()
    assert "default-src data: blob: 'unsafe-inline'" in page and "<img" not in page.partition("<script>")[0]
    assert len(page) < 1_700_000
    assert not re.findall(r"<(?:script|link|video|audio|img)[^>]* (?:src|href)=\"(?!data:)", page)


def test_on_another_body_model_the_free_body_dances_in_the_same_place(chromium, tmp_path):
    other = replace(BODY, name="smpl")
    dance = known_dance(body=other)
    (tmp_path / "page.html").write_text(dance.page(), encoding="utf-8")
    with player(chromium, tmp_path / "page.html") as page:
        page.evaluate("player.seek(1)")
        joints = np.array(page.evaluate("player.jointPositions(0)"))
    np.testing.assert_allclose(joints[0], dance.joints[30, 0], atol=1e-3)
    assert np.linalg.norm(joints - dance.joints[30], axis=1).max() > 0.01  # the mean shape, not the other body's
