"""What we export comes back as the same motion: the same second of the song, the same floor, the same place."""

import json

import numpy as np
import pytest
from exported import BODY, FIRST_S, K, dancing, export_into

from justlmd.core.errors import InputError
from justlmd.export.song import ExportOptions
from justlmd.motion.importers.formats import motion_files, read_any_motion, read_yup_motion
from justlmd.motion.importers.song import import_song_motion
from justlmd.motion.motion import Motion
from justlmd.motion.song_motion import read_song_motion, write_song_motion

CHOSEN = {
    "default": ExportOptions(),
    "z up, Mixamo, metres": ExportOptions(up="z", joint_names="mixamo", unit="m"),
    "60 frames/s": ExportOptions(fps=60),
}
LIMIT_MM = {"glb": 0.2}  # rotations of 16 bits
LOSSLESS_MM = 0.1


def seen_joints(motion: Motion) -> np.ndarray:
    """Joints of the frames in which the dancer was seen, without the hands, which SMPL-H lacks."""
    return motion.joints(BODY)[motion.valid, :22]


def distance_mm(found: np.ndarray, expected: np.ndarray) -> float:
    return float(1000 * np.linalg.norm(found - expected, axis=-1).max())


@pytest.mark.parametrize("options", CHOSEN.values(), ids=CHOSEN)
@pytest.mark.parametrize("kind", ["bvh", "npz", "glb", "aist", "edge"])
def test_a_round_trip_moves_nothing(tmp_path, kind, options):
    one = export_into(tmp_path, options)
    back = import_song_motion(one.path(kind), BODY, FIRST_S)
    original = dancing()
    assert back.meta.first_frame_s == 2.0 and back.start_frame == original.start_frame and back.own_shapes
    np.testing.assert_array_equal(back.motion.valid, original.motion.valid)
    np.testing.assert_allclose(back.motion.K, K)
    np.testing.assert_allclose(back.motion.shapes, original.motion.shapes, atol=1e-6)
    assert distance_mm(seen_joints(back.upright()), seen_joints(original.upright())) < LIMIT_MM.get(kind, LOSSLESS_MM)
    valid = original.motion.valid
    np.testing.assert_allclose(back.motion.Th[valid], original.motion.Th[valid], atol=1e-4)  # before the camera, too
    again = seen_joints(read_yup_motion(one.path(kind), BODY))
    assert distance_mm(again, seen_joints(original.upright())) < LIMIT_MM.get(kind, LOSSLESS_MM)


@pytest.mark.parametrize("kind", ["bvh", "npz", "glb"])
def test_a_sequence_comes_back_at_its_second_on_the_songs_floor(tmp_path, kind):
    one = export_into(tmp_path, start=90, stop=150)
    back = import_song_motion(one.path(kind), BODY, FIRST_S)
    assert back.meta.first_frame_s == 5.0 and back.meta.floor_m == dancing().floor_m
    assert distance_mm(seen_joints(back.upright()), one.joints[:, :22]) < LIMIT_MM.get(kind, LOSSLESS_MM)
    write_song_motion(tmp_path / "smplfull.json", tmp_path / "smplfull.meta.json", back)
    again = read_song_motion(tmp_path / "smplfull.json", tmp_path / "smplfull.meta.json", BODY)
    assert distance_mm(seen_joints(again.upright()), one.joints[:, :22]) < LIMIT_MM.get(kind, LOSSLESS_MM)


def test_what_comes_before_the_first_line_is_cut_off(tmp_path):
    one = export_into(tmp_path)
    back = import_song_motion(one.path("npz"), BODY, 3.0)
    assert back.meta.first_frame_s == 3.0 and len(back.motion.valid) == 150
    np.testing.assert_allclose(back.motion.Th[30:], dancing().motion.Th[60:], atol=1e-4)


def test_joints_of_humanml3d_come_back_to_their_place_and_second(tmp_path):
    one = export_into(tmp_path)
    back = import_song_motion(one.path("humanml3d"), BODY, FIRST_S)
    assert back.meta.first_frame_s == 2.0 and len(back.motion.valid) == 179
    hips = back.upright().joints(BODY)[:, 0]
    valid = back.motion.valid
    assert np.linalg.norm(hips - one.joints[:179, 0], axis=1)[valid].max() < 0.01  # 20 frames/s bridge 50 ms


def test_without_its_clock_a_bvh_stands_before_an_imagined_camera(tmp_path):
    one = export_into(tmp_path)
    one.path("clock").unlink()
    found = read_any_motion(one.path("bvh"), BODY)
    assert found.first_frame_s is None and found.floor_m is None
    moved = read_yup_motion(one.path("bvh"), BODY).joints(BODY)[:, 0]
    assert distance_mm(moved, one.joints[:, 0]) > 100  # so the round trips above can fail


def test_a_clock_is_no_motion_and_damaged_ones_are_named(tmp_path):
    one = export_into(tmp_path)
    assert one.path("clock") not in motion_files(tmp_path) and one.path("bvh") in motion_files(tmp_path)
    good = json.loads(one.path("clock").read_text())
    for key, wrong in (
        ("first_frame_s", -1), ("first_frame_s", "soon"), ("floor_m", 1e9), ("pitch_deg", 400), ("camera_K", [1]),
        ("body_model_betas", "x"), ("missing", [[1]]), ("fps", None), ("first_frame_s", [1, 2]),
    ):  # fmt: skip
        content = good | {key: wrong}
        if key == "fps":
            content["files"] = good["files"] | {"motion.bvh": {"fps": None, "up": "y"}}
        one.path("clock").write_text(json.dumps(content))
        with pytest.raises(InputError, match=r"motion\.clock\.json: its clock (is damaged|holds no times)"):
            read_any_motion(one.path("bvh"), BODY)
    one.path("clock").write_text('{"files": [1]}')
    assert read_any_motion(one.path("bvh"), BODY).first_frame_s is None


def test_a_foreign_or_broken_glb_is_refused_by_name(tmp_path):
    one = export_into(tmp_path)
    data = one.path("glb").read_bytes()
    for name, content, words in (
        ("foreign", data.replace(b'"generator":"justlmd"', b'"generator":"another"'), "not written by this library"),
        ("short", data[:5000], "cut off or damaged"),
        ("empty", b"glTF", "cut off or damaged"),
        ("far", data.replace(b'"byteOffset":', b'"byteOffset":9'), "cut off or damaged"),
    ):
        path = tmp_path / f"{name}.glb"
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"{name}\.glb.*{words}"):
            read_any_motion(path, BODY)
