"""A character of the user's own dances on the page: a VRM, and a .glb with Mixamo's names and another rest pose."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from characters import SOLE, limb_directions, write_mixamo, write_old_vrm, write_vrm
from chromium import wait_until
from known_motion import BODY
from player_browser import player
from player_pages import PlayerPage, write_player_page

from justlmd.body.model import JOINT_NAMES

pytestmark = pytest.mark.slow

DROP = """(bytes) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(bytes), (sign) => sign.charCodeAt(0))], "own.vrm"));
  dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> PlayerPage:
    return write_player_page(tmp_path_factory.mktemp("results"), dances=0)


def scaled(known: PlayerPage, pelvis: np.ndarray, size: float) -> np.ndarray:
    """Where the pelvis of a free body ``size`` times as tall belongs: steps are longer as the legs are."""
    betas = known.motion.betas
    height = BODY.rest_joints(betas)[0, 1] - BODY.rest_vertices(betas)[:, 1].min()
    scale = size * (BODY.rest_joints()[0, 1] + SOLE) / height
    path = known.motion.joints(BODY)[:, 0]
    middle = (path.min(0) + path.max(0)) / 2 * [1, 0, 1]
    return middle + scale * (pelvis - middle)


def danced(tab: Any, seconds: float) -> tuple[dict[str, list[float]], int]:
    """Where the character's bones are at a second, and the frame."""
    found = tab.evaluate(
        "(t) => player.seek(t).then(() => [player.characterPositions(), player.state().frame])", seconds
    )
    return found[0], found[1]


def chosen(tab: Any, path: Path) -> None:
    """Give the page a file with the button, and wait until it dances."""
    tab.locator("#character").set_input_files(path)
    wait_until(tab, "player.characterPositions() || /skeleton|read/.test(document.querySelector('.note').textContent)")


@pytest.mark.parametrize("write", [write_vrm, write_old_vrm, write_mixamo], ids=["vrm", "vrm0", "mixamo"])
def test_its_limbs_point_where_the_dancers_do(
    chromium: Any, known: PlayerPage, tmp_path: Path, write: Callable[[Path], None]
) -> None:
    path = tmp_path / ("own.glb" if write is write_mixamo else "own.vrm")
    write(path)
    with player(chromium, known.page) as tab:
        chosen(tab, path)
        for seconds in (1.5, 4.0, 8.5):
            bones, frame = danced(tab, seconds)
            ours = dict(zip(JOINT_NAMES, known.joints(frame), strict=True))
            cosine = (limb_directions(bones) * limb_directions(ours)).sum(1)
            assert np.degrees(np.arccos(cosine.clip(-1, 1))).max() < 0.5
            np.testing.assert_allclose(bones["pelvis"], scaled(known, ours["pelvis"], 1.0), atol=0.015)
        tab.get_by_role("button", name="Remove character").click()
        assert tab.evaluate("player.characterPositions()") is None


def test_a_dropped_file_dances_and_a_taller_one_makes_longer_steps(
    chromium: Any, known: PlayerPage, tmp_path: Path
) -> None:
    write_vrm(tmp_path / "tall.vrm", scale=1.5)
    with player(chromium, known.page) as tab:
        tab.evaluate(DROP, base64.b64encode((tmp_path / "tall.vrm").read_bytes()).decode())
        wait_until(tab, "player.characterPositions()")
        first, frame = danced(tab, 1.5)
        later, later_frame = danced(tab, 6.0)
        np.testing.assert_allclose(first["pelvis"], scaled(known, known.joints(frame)[0], 1.5), atol=3e-3)
        np.testing.assert_allclose(later["pelvis"], scaled(known, known.joints(later_frame)[0], 1.5), atol=3e-3)
        assert first["head"][1] > 1.3 * known.joints(frame)[JOINT_NAMES.index("head")][1]


def test_a_file_that_is_no_character_is_told_in_words(chromium: Any, known: PlayerPage, tmp_path: Path) -> None:
    (tmp_path / "bad.vrm").write_bytes(b"glTF nothing")
    with player(chromium, known.page) as tab:
        chosen(tab, tmp_path / "bad.vrm")
        assert "cannot be read" in tab.get_by_role("status").inner_text()
        assert tab.evaluate("player.state().frame") >= 0
