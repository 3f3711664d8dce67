"""What a song's page holds: marks at their seconds, titles as text, the body model, nothing that ends a script."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from known_motion import BODY
from player_pages import FIRST_S, FRAMES, HOSTILE, known_keypoints, known_lyrics, known_song, write_player_page

from justlmd.core.errors import InputError
from justlmd.motion.motion import CameraMotion
from justlmd.project.preflight import check_ids
from justlmd.view import timeline
from justlmd.view.body_script import skinned_body
from justlmd.view.packing import unpack
from justlmd.view.song_page import Titles, page_content


def test_a_foot_stands_while_it_rests_and_not_while_it_moves_or_is_unknown() -> None:
    joints = np.zeros((60, 24, 3))
    moving = np.arange(60) * 0.05
    joints[20:, [7, 10], 0] = (moving[20:] - moving[20])[:, None]  # the left foot walks from frame 20 on
    joints[:, [8, 11], 0] = moving[:, None]
    joints[30:, [8, 11], 0] = moving[29]  # the right one stands from frame 30 on
    valid = np.ones(60, bool)
    valid[50:] = False
    found = timeline.foot_contacts(joints, valid, 2.0)
    np.testing.assert_allclose(found["left"], [[2.0, 2.0 + 21 / 30]], atol=1e-3)
    np.testing.assert_allclose(found["right"], [[2.0 + 30 / 30, 2.0 + 50 / 30]], atol=0.034)


def test_the_error_is_zero_for_points_of_the_body_itself_and_grows_with_a_shift() -> None:
    song = known_song()
    points = known_keypoints(song)
    exact = timeline.error_series(song, points, 0.04)
    assert exact["start_s"] == pytest.approx(FIRST_S, abs=1e-3)
    assert len(exact["values"]) == FRAMES and max(exact["values"]) * exact["scale"] < 4
    keypoints = points.keypoints.copy()
    height = np.ptp(keypoints[100, :, 1])
    keypoints[100, :, 0] += 0.2 * height
    keypoints[110] = np.nan
    shifted = timeline.error_series(song, replace(points, keypoints=keypoints), 0.04)
    frame = 100 - song.start_frame
    assert shifted["values"][frame] * shifted["scale"] > 15  # % of the height
    assert shifted["values"][frame + 10] is None
    assert shifted["limit"] == pytest.approx(4)


def test_jitter_shows_at_the_frame_that_jumps() -> None:
    song = known_song()
    joints = song.upright().joints(BODY)
    joints[120] += 0.1
    shown = timeline.jitter_series(joints, song.motion.valid, FIRST_S, 25.0)
    values = np.array([np.nan if value is None else value * shown["scale"] for value in shown["values"]])
    assert np.nanargmax(values) == 120
    assert values[120] == pytest.approx(2 * 1000 * 0.1 * np.sqrt(3), rel=0.1)
    assert shown["values"][0] is None


def test_sequences_are_those_of_the_data_set() -> None:
    song = known_song()
    sliced = {"00:00.500": "before", "00:01.267": "first", "00:04.267": "second", "00:09.000": "too late"}
    found = timeline.sequences(sliced, song, False, "sliced.json")
    assert [text for _, _, text in found] == ["first", "second"]
    np.testing.assert_allclose([span[:2] for span in found], [[1.2667, 7.2667], [4.2667, 10.2667]], atol=1e-3)
    assert timeline.sequences(sliced, song, True, "sliced.json") == found  # only the last slice is left out


def test_what_dropped_the_song_is_told_from_what_is_within_its_limit() -> None:
    quality = {
        "figures": {"motion_jitter": 30.0, "whole_body": 0.95},
        "thresholds": {"motion_jitter": 25.0, "whole_body": 0.9},
        "ranges": {"motion_jitter": [[60, 90]], "whole_body": [[30, 45]], "cuts": []},
    }
    assert timeline.marked(quality) == [
        {"name": "motion jitter", "failed": True, "spans": [[2.0, 3.0]]},
        {"name": "whole body", "failed": False, "spans": [[1.0, 1.5]]},
    ]


def test_no_text_from_outside_ends_a_script_or_begins_an_element(tmp_path: Path) -> None:
    known = write_player_page(tmp_path / "results", audio=False)
    page = known.page.read_text(encoding="utf-8")
    assert page.count("<script") == page.count("</script>") == 3
    assert "<img" not in page and "<b>" not in page
    data = known.page.with_suffix(".js").read_text(encoding="utf-8")
    assert data.isascii() and not set("<>&") & set(data)
    content = json.loads(data[data.index("justlmd.page=") + len("justlmd.page=") : data.rindex(";")])
    assert content["title"] == " ".join(HOSTILE.split())
    assert content["timeline"]["sequences"][0][2] == f"{HOSTILE} text"


def test_a_song_in_which_nobody_was_found_has_a_page() -> None:
    song = known_song()
    empty = replace(song, motion=CameraMotion.without_person(50, song.motion.K))
    quality = {"keep": False, "reasons": ["nobody was found"], "figures": {}, "thresholds": {}, "ranges": {}}
    content = page_content(Titles("known"), known_lyrics().sung, empty, sliced={}, quality=quality)
    assert content["dancers"] == [] and content["title"] == "known"
    assert content["verdict"] == {"keep": False, "reasons": ["nobody was found"]}


def test_the_body_of_the_page_is_the_body_model() -> None:
    content = skinned_body(BODY)
    positions = unpack(content["positions"], 3, 1, signed=False) * content["step"] + content["low"]
    shape = unpack(content["shape"], 30, 1).reshape(-1, 3, 10) * content["shape_step"]
    assert np.abs(positions - BODY.v_template).max() < 1e-4
    betas = np.linspace(-1, 1, 10)
    assert np.abs(positions + shape @ betas - BODY.rest_vertices(betas)).max() < 3e-3
    np.testing.assert_array_equal(unpack(content["faces"], 3, 1), BODY.faces)
    assert (unpack(content["skin_weights"], 4, 1).sum(1) == 255).all()
    shaped = skinned_body(BODY, betas)
    positions = unpack(shaped["positions"], 3, 1, signed=False) * shaped["step"] + shaped["low"]
    assert np.abs(positions - BODY.rest_vertices(betas)).max() < 1e-4
    assert "shape" not in shaped


def test_a_mesh_that_is_too_large_is_refused() -> None:
    large = replace(BODY, v_template=np.zeros((70_000, 3), np.float32))
    with pytest.raises(InputError, match="70000 vertices"):
        skinned_body(large)


def test_no_song_may_take_the_name_of_a_file_of_the_pages() -> None:
    config = {"songs": "songs.tsv", "exclude": [], "keep": [], "generate": {"songs": "auto"}}
    with pytest.raises(InputError, match="song 'index'"):
        check_ids(config, ["index", "a"], [])
    check_ids(config, ["a"], ["b"])
