"""Dances side by side: a panel and a name for each, all seen from equally far, and one whose root really rests."""

import wave
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.lyrics.document import Line
from justlmd.lyrics.word_timing import Word
from justlmd.media.video import probe, read_frames
from justlmd.motion.motion import Motion
from justlmd.motion.song_motion import SongMotion
from justlmd.preview.dance_video import following_camera
from justlmd.preview.side_by_side import (
    GeneratedDance,
    centred,
    compared_dances,
    export_comparison,
    side_by_side,
    without_root,
)

BODY = load_body()
PANEL = (160, 180)


def dance(frames: int, walk_m: float = 0.0, turn: float = 0.0) -> Motion:
    """A dancer with hanging arms who walks to the right and turns to and fro by ``turn`` radians, knees bending."""
    swing = np.sin(np.arange(frames) / 5)[:, None]
    pose = np.zeros((frames, 69))
    pose[:, 3 * 15 + 2], pose[:, 3 * 16 + 2] = -1.0, 1.0
    pose[:, 3 * 3 : 3 * 3 + 1] = 0.3 * swing
    transl = np.tile([0.0, -float(BODY.v_template[:, 1].min()), 0.0], (frames, 1))
    transl[:, 0] += np.linspace(0, walk_m, frames)
    return Motion(swing * [0, turn, 0], pose, transl, np.zeros(10), np.ones(frames, bool))


def frames_of(path: Path) -> np.ndarray:
    return np.stack(list(read_frames(path))).astype(int)


def test_every_dance_has_a_panel_of_its_own_with_its_name(tmp_path: Path) -> None:
    dances = [dance(4), dance(4), dance(4)]
    export_comparison(tmp_path / "a.mp4", dict(zip(("truth", "v2", "v3"), dances, strict=True)), BODY, panel=PANEL)
    export_comparison(tmp_path / "b.mp4", dict(zip(("WWW", "v2", "WWWWW"), dances, strict=True)), BODY, panel=PANEL)
    info = probe(tmp_path / "a.mp4")
    assert (info.width, info.height, info.frames) == (3 * PANEL[0], 224, 4)
    one, other = frames_of(tmp_path / "a.mp4"), frames_of(tmp_path / "b.mp4")
    changed = (np.abs(one - other).max(-1) > 60).sum(0)
    top = 180 // 6
    assert changed[top:].sum() == 0
    names = [changed[:top, x : x + PANEL[0]] for x in range(0, 3 * PANEL[0], PANEL[0])]
    assert names[0].sum() > 50 and names[1].sum() == 0 and names[2].sum() > 50
    for name in (names[0], names[2]):
        assert name[:, :4].sum() == name[:, -4:].sum() == 0  # no name runs into the next panel


def test_equal_dances_look_equal_in_every_panel_and_different_ones_do_not() -> None:
    standing, turned = dance(2), dance(2, turn=3.0)
    frame = list(side_by_side([standing, standing, turned], BODY, PANEL, 200))[1]
    assert frame.shape == (200, 3 * PANEL[0], 3)
    first, second, third = (frame[:180, x + 1 : x + PANEL[0]] for x in range(0, 3 * PANEL[0], PANEL[0]))
    assert np.array_equal(first, second)
    assert (np.abs(first.astype(int) - third).max(-1) > 30).sum() > 50
    assert np.ptp(frame[180:]) == 0  # the strip for the words


def test_all_are_seen_from_equally_far_and_nobody_is_cut_off() -> None:
    motions = [centred(dance(300, walk_m=way)) for way in (0.0, 1.0, 10.0)]
    joints = np.stack([motion.joints(BODY) for motion in motions])
    camera, trajectories = following_camera(joints, PANEL)
    assert trajectories.shape == (3, 300, 3)
    pixels = camera.project(joints - trajectories[:, :, None])
    assert (pixels >= 0).all() and (pixels < PANEL).all()
    heights = np.ptp(pixels[..., 1], axis=2).mean(1)
    assert heights.min() > 0.5 * PANEL[1]
    assert np.ptp(heights) < 0.02 * PANEL[1]


def test_without_its_root_a_dancer_stays_where_he_is_and_moves_as_before() -> None:
    motion = dance(63, walk_m=2.0, turn=0.8)
    still = without_root(motion)
    assert np.ptp(still.global_orient, axis=0).max() == np.ptp(still.transl, axis=0).max() == 0
    assert np.array_equal(still.body_pose, motion.body_pose)
    assert np.array_equal(still.transl[0], motion.transl.mean(0))
    angles = Rotation.from_rotvec(still.global_orient[:1]).inv() * Rotation.from_rotvec(motion.global_orient)
    assert abs(angles.as_rotvec()[:, 1].mean()) < 0.01  # the middle of his turning
    assert np.ptp(still.joints(BODY)[:, 0], axis=0).max() < 1e-12 < np.ptp(still.joints(BODY)[:, 7], axis=0).max()
    assert motion.global_orient.any()  # the dance itself is as it was


def test_dances_are_compared_from_the_truths_beginning_on_and_the_reports_network_also_without_its_root() -> None:
    from justlmd.motion.motion import before_camera

    dances = [dance(600, walk_m=1.0, turn=0.5) for _ in range(3)]
    truth = SongMotion.made(before_camera(dances[0], BODY), BODY, "fit", first_frame_s=2.0)
    generated = [
        GeneratedDance(name, network, SongMotion.without_video(motion, BODY, "generated"))
        for name, network, motion in zip(("v2", "v3"), ("transformer_cvae", "latent_cvae"), dances[1:], strict=True)
    ]
    compared = compared_dances(truth, generated)
    assert list(compared) == ["truth", "v2 with root", "v2 without root", "v3"]
    assert {len(motion) for motion in compared.values()} == {360}
    np.testing.assert_allclose(compared["truth"].body_pose, dances[0].body_pose[:360], atol=1e-9)
    np.testing.assert_allclose(compared["v3"].body_pose, dances[2].body_pose[60:420], atol=1e-9)
    assert np.ptp(compared["v2 without root"].transl, axis=0).max() == 0


def test_the_sound_and_the_words_are_those_of_the_stretch_and_the_shortest_dance_ends_it(tmp_path: Path) -> None:
    import av

    with wave.open(str(tmp_path / "audio.wav"), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        time = np.arange(48_000 * 4) / 48_000  # silence for two seconds, then a tone
        file.writeframes((8000 * (time >= 2) * np.sin(2 * np.pi * 440 * time)).astype(np.int16).tobytes())
    line = Line(2.0, 2.5, "WWWWWW", (Word(2.0, 2.5, "WWWWWW"),))
    dances = {"truth": dance(45), "v3": dance(60)}
    path = tmp_path / "comparison.mp4"
    assert export_comparison(path, dances, BODY, tmp_path / "audio.wav", 1.0, [line], PANEL) == []
    frames = frames_of(path)
    assert len(frames) == 45
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(stream)])
        assert len(sound) / stream.rate == pytest.approx(1.5, abs=0.05)
        loud = np.flatnonzero(np.abs(sound) > 0.1)
        assert loud[0] / stream.rate == pytest.approx(1.0, abs=0.05)
    # The waiting line is small and grey; sung, it is big, and turns from white to gold, which has little blue.
    strip = frames[:, PANEL[1] :]
    assert (strip[31].min(-1) > 200).sum() > 1.3 * (strip[10].min(-1) > 170).sum() > 0
    assert (strip[44].min(-1) > 200).sum() < 0.3 * (strip[31].min(-1) > 200).sum()


def test_the_same_dances_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        export_comparison(tmp_path / name, {"truth": dance(5), "v3": dance(5, turn=1.0)}, BODY, panel=PANEL)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_dance_without_frames_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"comparison\.mp4: the motion has no frames"):
        export_comparison(tmp_path / "comparison.mp4", {"truth": dance(5), "v3": dance(0)}, BODY, panel=PANEL)
    assert not list(tmp_path.iterdir())
