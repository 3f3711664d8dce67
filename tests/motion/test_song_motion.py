"""A song's motion with its meta file: one clock, one owner of the shape parameters, through files and back."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.motion.importers.song import import_song_motion
from justlmd.motion.motion import CameraMotion, Motion, to_yup
from justlmd.motion.smplfull import write_smplfull
from justlmd.motion.song_motion import SongMotion, read_motion_meta, read_song_motion, write_song_motion

BODY = load_body()


def camera_motion(frames: int = 60) -> CameraMotion:
    """A body that rises, with shape parameters, before the camera."""
    return CameraMotion(
        poses=np.zeros((frames, 72)),
        Rh=np.tile([np.pi, 0, 0], (frames, 1)),
        Th=np.stack([np.zeros(frames), -np.arange(frames) / 100, np.full(frames, 3.0)], axis=1),
        shapes=np.round(np.linspace(-1, 1, 10), 3),
        K=np.eye(3),
        valid=np.ones(frames, bool),
    )


def files(folder: Path) -> tuple[Path, Path]:
    return folder / "smplfull.json", folder / "smplfull.meta.json"


def test_what_is_written_is_read_again(tmp_path):
    song = SongMotion.made(camera_motion(), BODY, "by hand", 2.5)
    write_song_motion(*files(tmp_path), song)
    back = read_song_motion(*files(tmp_path), BODY)
    assert back.meta == song.meta and back.own_shapes
    np.testing.assert_allclose(back.motion.Th, song.motion.Th, atol=1e-7)
    meta = json.loads(files(tmp_path)[1].read_text())
    assert meta == {
        "body_model": {"name": "free", "sha256": BODY.sha256},
        "method": "by hand",
        "fps": 30,
        "first_frame_s": 2.5,
    }


def test_limbs_that_are_only_guessed_and_the_joints_uncertainty_go_through_files(tmp_path):
    made = SongMotion.made(camera_motion(), BODY, "by hand", 2.5)
    meta = replace(made.meta, unseen_limbs={"left_leg": ((3, 5),)}, uncertainty=((40, 31.5),))
    write_song_motion(*files(tmp_path), replace(made, meta=meta))
    back = read_song_motion(*files(tmp_path), made.body)
    assert back.meta == meta
    guessed = ~back.limbs_seen & back.motion.valid[:, None]
    assert np.argwhere(guessed).tolist() == [[3, 2], [4, 2]]


def test_shapes_of_another_body_model_are_left_out_of_the_upright_motion(tmp_path):
    write_song_motion(*files(tmp_path), SongMotion.made(camera_motion(), BODY, "EasyMocap", 0.0, own_shapes=False))
    song = read_song_motion(*files(tmp_path), BODY)
    assert song.meta.body_model == "smpl" and not song.own_shapes
    assert not song.upright().betas.any() and song.motion.shapes.any()


def test_seconds_of_the_video_lead_to_the_same_frames_everywhere():
    song = SongMotion.made(camera_motion(), BODY, "", first_frame_s=1.0)
    assert song.start_frame == 30 and song.frame_at(1.5) == 15 and song.frame_at(0.9) == -3
    np.testing.assert_array_equal(song.between(1.5, 2.0).transl, song.upright().transl[15:30])


def test_a_dance_without_a_video_begins_with_its_song():
    dance = Motion(np.zeros((5, 3)), np.zeros((5, 69)), np.tile([0, 0.95, 0], (5, 1)), np.zeros(10), np.ones(5, bool))
    song = SongMotion.without_video(dance, BODY, "generated")
    assert song.start_frame == 0 and song.motion.Th[:, 2].min() > 1
    np.testing.assert_allclose(song.upright(floor=-1.0).joints(BODY), dance.joints(BODY) - [0, 0, 3.5], atol=1e-9)


def test_a_motion_of_nobody_is_read_where_it_is_allowed(tmp_path):
    empty = SongMotion.made(CameraMotion.without_person(3, np.eye(3)), BODY, "fit", 0.0)
    write_song_motion(*files(tmp_path), empty)
    assert len(read_song_motion(*files(tmp_path), BODY, allow_empty=True).motion.valid) == 0
    with pytest.raises(InputError, match=r"smplfull\.json"):
        read_song_motion(*files(tmp_path), BODY)


@pytest.mark.parametrize("content", ["{}", '{"body_model": "free"}', "[]", '{"body_model": {"name": "free"}}'])
def test_a_damaged_meta_file_is_named(tmp_path, content):
    (tmp_path / "smplfull.meta.json").write_text(content)
    with pytest.raises(InputError, match=r"smplfull\.meta\.json: lacks .*; delete it and"):
        read_motion_meta(tmp_path / "smplfull.meta.json")


def test_an_imported_smplfull_begins_with_the_first_line_and_other_files_with_the_song(tmp_path):
    write_smplfull(tmp_path / "smplfull.json", camera_motion())
    song = import_song_motion(tmp_path / "smplfull.json", BODY, first_line_s=0.77)
    assert len(song.motion.valid) == 60 and song.meta.first_frame_s == 0.77 and not song.own_shapes
    joints = to_yup(camera_motion(), BODY).joints(BODY)
    np.save(tmp_path / "joints.npy", joints)
    song = import_song_motion(tmp_path / "joints.npy", BODY, first_line_s=0.77)
    assert len(song.motion.valid) == 60 - 23 and song.meta.first_frame_s == 23 / 30 and song.own_shapes
    assert song.meta.method == f"imported from {tmp_path / 'joints.npy'} (joint positions (24, SMPL's order))"
    with pytest.raises(InputError, match=r"joints\.npy: shows nobody from the first line of the lyrics \(5.00 s\) on"):
        import_song_motion(tmp_path / "joints.npy", BODY, first_line_s=5.0)
