"""A comparison gives nothing away but the dances, and its answers say what was clicked."""

import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import opened, wait_until
from known_motion import swaying

from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.lyrics.document import Line, Lyrics
from justlmd.media.video import probe, read_frames
from justlmd.media.writer import write_video
from justlmd.motion.motion import Motion, before_camera
from justlmd.motion.song_motion import SongMotion
from justlmd.view.compare import (
    COPIED,
    MIRRORED,
    REAL,
    ComparedSong,
    clip_order,
    hidden_code,
    lines_within,
    pairs_of,
    read_compared_song,
    write_compare_page,
    write_compared_song,
)
from justlmd.view.compared_dances import SIZE, comparable_dances, write_clips
from justlmd.view.preference import read_answers, read_key, win_rates

BODY = load_body()
HOSTILE = "</script><img src=x onerror=\"document.title='broken'\"> & words"


def song_of(frames: int, first_frame_s: float = 0.0, *, tall: float = 0.0, gap: range = range(0)) -> SongMotion:
    orient, pose, transl = swaying(frames, hands=False)
    valid = np.ones(frames, bool)
    valid[list(gap)] = False
    motion = Motion(orient, pose, transl + [3.0, 0.2, -1.0], np.eye(10)[0] * tall, valid)
    return SongMotion.made(before_camera(motion, BODY), BODY, "made", first_frame_s)


def test_the_dances_are_alike_in_all_but_the_dance():
    real = song_of(500, 2.0, tall=2.0, gap=range(30, 50))
    models = {"v2": song_of(560), "v3": song_of(900)}
    motions, start_s = comparable_dances(real, song_of(700), models, BODY)
    assert list(motions) == [REAL, MIRRORED, COPIED, "v2", "v3"]
    assert start_s == pytest.approx(2 + 50 / 30), "the first stretch without a gap"
    assert {len(motion) for motion in motions.values()} == {360}
    for motion in motions.values():
        joints = motion.joints(BODY)
        assert motion.valid.all() and not motion.betas.any()
        assert np.abs(motion.transl.mean(0)[[0, 2]]).max() < 1e-9
        left_to_right = joints[:30, 2] - joints[:30, 1]
        assert abs(np.arctan2(left_to_right[:, 2].mean(), -left_to_right[:, 0].mean())) < 0.3, "faces the camera"
        assert 0 < np.percentile(joints[:, :, 1].min(1), 5) < 0.1, "stands on the floor"
    # A model's dance is taken from the same second of the song on.
    np.testing.assert_allclose(motions["v3"].body_pose, models["v3"].motion.poses[110:470, 3:])


@pytest.mark.parametrize("name", [REAL, COPIED])
def test_a_model_with_the_name_of_another_dance_is_refused(name):
    with pytest.raises(InputError, match=f"may not be called '{name}'"):
        comparable_dances(song_of(90), song_of(90), {name: song_of(90)}, BODY)


def test_clips_have_one_room_one_length_and_one_sound(tmp_path):
    sound = (3000 * np.random.default_rng(0).standard_normal(48_000 * 4)).astype(np.int16)
    with wave.open(str(tmp_path / "audio.wav"), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(sound.tobytes())
    motions, start_s = comparable_dances(song_of(20, 1.0), song_of(70), {"v3": song_of(60)}, BODY)
    paths = {name: tmp_path / f"{place}.mp4" for place, name in enumerate(motions)}
    write_clips(paths, motions, BODY, tmp_path / "audio.wav", start_s)
    infos = [probe(path) for path in paths.values()]
    assert {(info.width, info.height, info.frames, info.has_audio) for info in infos} == {(*SIZE, 20, True)}
    images = [next(read_frames(path)).astype(int) for path in paths.values()]
    border = np.ones(SIZE[::-1], bool)
    border[20:-20, 60:-60] = False
    for image in images[1:]:
        assert np.abs(image - images[0])[border].max() < 12, "the room, apart from the dancer"
    assert len({path.read_bytes() for path in paths.values()}) == 3  # of four: here the copied dance is the model's


def test_codes_and_orders_hide_the_names_and_differ_between_songs():
    assert hidden_code(0, "a") == hidden_code(0, "a") != hidden_code(1, "a")
    assert len({hidden_code(0, name) for name in "abcdefgh"}) == 8
    orders = {tuple(clip_order([REAL, MIRRORED, "v2", "v3"], 0, song)) for song in map(str, range(30))}
    assert len(orders) > 10 and {order[0] for order in orders} == {REAL, MIRRORED, "v2", "v3"}


def test_every_two_dances_meet_and_the_mirror_image_only_its_original():
    song = ComparedSong("x", {"a0": "v3", "a1": REAL, "a2": MIRRORED, "a3": "v2"}, 6.0, [])
    pairs = [{song.clips[clip] for clip in pair} for pair in pairs_of(song)]
    assert len(pairs) == 4 and {REAL, MIRRORED} in pairs
    assert all(pair in pairs for pair in ({REAL, "v2"}, {REAL, "v3"}, {"v2", "v3"}))


def test_lines_are_those_of_the_stretch_on_its_own_clock():
    lyrics = Lyrics(
        (Line(1, 2, "before"), Line(9, 12, "in"), Line(14, 15, " "), Line(15, 30, "into"), Line(40, 41, "x"))
    )
    found = lines_within(lyrics, 10.0, 6.0)
    assert [(line["start"], line["end"], line["text"]) for line in found] == [(-1, 2, "in"), (5, 20, "into")]


def test_a_comparison_of_nothing_and_a_damaged_song_are_refused_in_one_line(tmp_path):
    with pytest.raises(InputError, match="no song with sound that the models were not trained on"):
        write_compare_page(tmp_path / "p.html", tmp_path / "k.json", [], "compare")
    (tmp_path / "song.json").write_text('{"clips": {}}')
    with pytest.raises(InputError, match=r"song\.json: not a song of a comparison"):
        read_compared_song(tmp_path / "song.json")


@pytest.fixture(scope="module")
def comparison(tmp_path_factory) -> tuple[Path, Path]:
    """A page with five pairs of dances of two songs, one of them without words; and its key."""
    folder = tmp_path_factory.mktemp("comparison")
    songs = []
    for song, dances in (("hostile<song>", [REAL, MIRRORED, "secret_v2"]), ("quiet", [REAL, MIRRORED, "secret_v2"])):
        order = clip_order(dances, 0, song)
        clips = {f"{hidden_code(0, song)}{place}": dance for place, dance in enumerate(order)}
        for place, clip in enumerate(clips):
            image = np.full((90, 80, 3), 60 * place + 40, np.uint8)
            write_video(folder / "view/compare" / f"{clip}.mp4", [image] * 60)
        lines = [{"start": 0.0, "end": 2.0, "text": HOSTILE}] if song != "quiet" else []
        write_compared_song(folder / f"{song[:3]}.json", ComparedSong(song, clips, 2.0, lines))
        songs.append(read_compared_song(folder / f"{song[:3]}.json"))
    page, key = folder / "view/compare.html", folder / "key.json"
    assert write_compare_page(page, key, songs, "compare") == 4
    return page, key


def clip_at(page: Any, side: str) -> str:
    return page.evaluate(f"document.getElementById('{side}').src.split('/').pop().replace('.mp4', '')")


def saved(page: Any, button: str, folder: Path, name: str) -> Path:
    with page.expect_download() as download:
        page.locator(button).click()
    assert download.value.suggested_filename == "answers.json"
    download.value.save_as(folder / name)
    return folder / name


def test_what_people_answer_is_what_the_file_says(comparison, tmp_path):
    path, key = comparison
    clips = json.loads(key.read_text())["clips"]
    expected = {}
    with opened(path) as page:
        page.get_by_role("button", name="Start").click()
        for number in range(1, 5):
            page.get_by_text(f"Pair {number} of 4").wait_for()
            left, right = (clips[clip_at(page, side)] for side in ("left", "right"))
            # Real wins by the song, always by the key; by the words nobody does, by a click.
            key_name = "ArrowLeft" if left["dance"] == REAL else "ArrowRight"
            page.keyboard.press(key_name)
            expected[left["song"], left["dance"], right["dance"]] = key_name
            if left["song"] != "quiet":
                page.locator("fieldset.now").get_by_role("button", name="No difference").click()
        page.get_by_text("Thank you").wait_for()
        file = saved(page, "#save", tmp_path, "answers.json")
    assert len(expected) == 4
    answers = read_answers([file], read_key(key))
    assert len(answers) == 4 + 2  # the song of each, the words of two
    rates = {(rate.question, rate.dance, rate.other): rate for rate in win_rates(answers, resamples=50)}
    assert rates["song", REAL, "secret_v2"].wins == 2 and rates["song", REAL, "secret_v2"].rate == 1
    assert rates["song", REAL, MIRRORED].wins == 2
    assert (rates["words", REAL, "secret_v2"].ties, rates["words", REAL, "secret_v2"].rate) == (1, 0.5)


def test_neither_page_nor_source_names_a_dance_or_a_song_and_words_stay_text(comparison):
    path, _ = comparison
    source = path.read_text(encoding="utf-8")
    for name in ("secret_v2", "hostile", "quiet", REAL + '"', "mirrored"):
        assert name not in source
    with opened(path) as page:
        page.get_by_role("button", name="Start").click()
        for _ in range(4):
            if page.locator("#questions fieldset").count() == 2:
                wait_until(page, "document.getElementById('words').textContent.length > 0")
                assert page.locator("#words").inner_text() == HOSTILE
            for clip in ("left", "right"):
                assert page.locator(f"#{clip}").get_attribute("src").startswith("compare/")
            page.keyboard.press("ArrowDown")
            page.keyboard.press("ArrowDown")
            page.wait_for_timeout(400)
        assert page.title() == "Which dances better?"


def test_both_dances_play_together_the_right_one_silently(comparison):
    with opened(comparison[0]) as page:
        page.get_by_role("button", name="Start").click()
        wait_until(page, "left.currentTime > 0.5")
        times = page.evaluate("[left.currentTime, right.currentTime]")
        assert abs(times[0] - times[1]) < 0.2
        assert page.evaluate("[left.muted, right.muted]") == [False, True]
        page.keyboard.press("Space")
        wait_until(page, "left.paused && right.paused")


def test_an_interrupted_person_goes_on_and_another_one_gets_another_order(comparison, tmp_path):
    with opened(comparison[0], width=390, height=844) as page:
        page.get_by_role("button", name="Start").click()
        order = page.evaluate("order.map(trial => trial.left + trial.right)")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        page.reload()
        page.get_by_role("button", name="Go on").click()
        page.get_by_text("Pair 2 of 4").wait_for()
        assert page.evaluate("order.map(trial => trial.left + trial.right)") == order
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.keyboard.press("Backspace")
        page.get_by_text("Pair 1 of 4").wait_for()
        first = json.loads(saved(page, "#save_now", tmp_path, "one.json").read_text())
        assert 1 <= len(first["answers"]) <= 2 and {answer["answer"] for answer in first["answers"]} == {"left"}
        orders = {tuple(order)}
        for _ in range(8):
            page.evaluate("person = newPerson(); begin()")
            orders.add(tuple(page.evaluate("order.map(trial => trial.left + trial.right)")))
        assert len(orders) > 4
        second = json.loads(saved(page, "#save_now", tmp_path, "two.json").read_text())
        assert second["rater"] != first["rater"] and second["answers"] == []
