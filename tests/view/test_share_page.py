"""A shared page is one small file with everything inside it, and never holds a licensed body."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import wait_until
from known_motion import BODY
from player_browser import player
from player_pages import HOSTILE, known_lyrics, known_song, write_sound

from justlmd.core.errors import InputError
from justlmd.motion.smplfull import read_smplfull
from justlmd.motion.song_motion import SongMotion
from justlmd.view.share_page import AUDIO_BITRATE, LARGEST_BYTES, write_share_page
from justlmd.view.song_page import Titles, page_content


def shared(path: Path, song: SongMotion, seconds: float) -> int:
    write_sound(path.with_suffix(".m4a"), seconds, AUDIO_BITRATE)
    content = page_content(Titles("known", HOSTILE), known_lyrics().sung, song, links={"video": "v", "overlay": "o"})
    return write_share_page(path, content, BODY, path.with_suffix(".m4a").read_bytes())


@pytest.mark.slow
def test_it_dances_with_its_audio_far_from_everything_else(chromium: Any, tmp_path: Path) -> None:
    song = known_song()
    size = shared(tmp_path / "share.html", song, 12.0)
    assert size == (tmp_path / "share.html").stat().st_size
    (tmp_path / "share.m4a").unlink()
    with player(chromium, tmp_path / "share.html") as tab:
        assert tab.evaluate("player.state().duration") == pytest.approx(12, abs=0.1)
        tab.evaluate("player.seek(7)")
        frame, joints = tab.evaluate("[player.state().frame, player.jointPositions(0)]")
        ours = song.upright().cut(frame, frame + 1).joints(BODY)[0]
        assert np.linalg.norm(np.array(joints) - ours, axis=1).max() < 1e-3
        tab.keyboard.press(" ")
        wait_until(tab, "player.state().songTime > 7.5")
        assert tab.get_by_role("link").count() == 0
        assert tab.locator("h1").inner_text() == " ".join(HOSTILE.split())


def test_three_minutes_of_a_real_dance_are_at_most_five_megabytes(shared_data: Path, tmp_path: Path) -> None:
    motion = read_smplfull(sorted((shared_data / "motion").glob("*/smplfull.json"))[0])
    longer = {name: np.concatenate([getattr(motion, name)] * 3)[:5400] for name in ("poses", "Rh", "Th", "valid")}
    song = SongMotion.made(replace(motion, **longer), BODY, "real", 0.0, own_shapes=False)
    size = shared(tmp_path / "share.html", song, 180.0)
    # A tone takes less than the bit rate that a song is given: reckon with the whole of it, and 3 % for the container.
    tone = (tmp_path / "share.m4a").stat().st_size
    allowed = 180 * 80_000 / 8
    assert size - 4 / 3 * tone + 4 / 3 * 1.03 * allowed < LARGEST_BYTES


def test_a_song_without_motion_cannot_be_shared(tmp_path: Path) -> None:
    content = page_content(Titles("known"), known_lyrics().sung)
    with pytest.raises(InputError, match="known"):
        write_share_page(tmp_path / "share.html", content, BODY, None)
    assert not (tmp_path / "share.html").exists()
