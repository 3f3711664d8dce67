"""The export stage: what is chosen is what is written, on the song's clock, with the audio that belongs to it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bvh_reader import joints_read_by_bvhio
from exported import BODY, FIRST_S, K, dancing, export_into, lag_samples, song_audio
from node_programs import run_node

from justlmd.body.model import JOINT_NAMES, MIXAMO_NAMES
from justlmd.core.errors import InputError
from justlmd.core.files import read_json
from justlmd.export.audio import write_audio_of_clock, write_clip_audio
from justlmd.export.kinds import FILES, files_of, made_by_blender
from justlmd.export.shaping import resampled
from justlmd.export.song import ExportOptions, clip_of, export_clip
from justlmd.media.audio import read_audio
from justlmd.motion.motion import mirror
from justlmd.project.config import parse_config


def glb_scene(path: Path) -> dict:
    """The scene in the JSON part of a GLB."""
    data = path.read_bytes()
    length = int.from_bytes(data[12:16], "little")
    return json.loads(data[20 : 20 + length])["scenes"][0]


def read_in_node(one) -> tuple[np.ndarray, np.ndarray, dict]:
    """Joints and seconds that three.js reads from the GLB, and the whole answer."""
    read = run_node("read_glb.mjs", one.path("glb"), "0")
    return np.array(read["frames"]), np.array(read["times"]), read


def test_the_clock_names_the_second_of_the_first_frame_and_the_lines_from_there_on(tmp_path):
    one = export_into(tmp_path)
    clock = read_json(one.path("clock"))
    assert (clock["first_frame_s"], clock["fps"], clock["frames"], clock["duration_s"]) == (2.0, 30, 180, 6.0)
    assert clock["missing"] == [[40, 46]] and clock["camera_K"] == K.tolist()
    assert clock["lyrics"] == [
        {"start_s": 0.01, "end_s": 2.0, "text": "Hello </script>"},
        {"start_s": 3.0, "end_s": 5.0, "text": "100% {brace} café"},
    ]
    assert clock["files"]["motion.bvh"] == {
        "fps": 30, "frames": 180, "up": "y", "unit_m": 0.01, "joint_names": "smpl"
    }  # fmt: skip
    assert set(clock["files"]) == set(FILES.values()) - {"motion.fbx", "motion.usd"}


def test_the_clock_stands_in_every_file_that_has_room_for_it(tmp_path):
    one = export_into(tmp_path, ExportOptions(fps=24))
    with np.load(one.path("npz")) as npz:
        assert npz["first_frame_s"] == 2.0 and npz["fps"] == 24 and str(npz["up_axis"]) == "z"
    extras = glb_scene(one.path("glb"))["extras"]
    assert (extras["first_frame_s"], extras["fps"], extras["frames"]) == (2.0, 24, 144)
    for kind, fps in (("aist", 60), ("edge", 30)):
        content = np.load(one.path(kind), allow_pickle=True)
        assert (content["first_frame_s"], content["fps"]) == (2.0, fps)


def test_a_sequence_begins_at_its_own_second_on_the_floor_of_the_song(tmp_path):
    one = export_into(tmp_path, start=60, stop=96)
    clock = read_json(one.path("clock"))
    assert (clock["first_frame_s"], clock["frames"]) == (4.0, 36)
    assert [line["start_s"] for line in clock["lyrics"]] == [1.0]  # one line has ended, one comes at 5 s
    np.testing.assert_array_equal(one.joints, dancing().upright().joints(BODY)[60:96])


@pytest.mark.parametrize("fps", [20, 24, 30, 60])
def test_every_frame_rate_shows_the_same_seconds(tmp_path, fps):
    one = export_into(tmp_path, ExportOptions(fps=fps))
    joints, times, read = read_in_node(one)
    assert (read["issues"]["numErrors"], read["issues"]["numWarnings"]) == (0, 0), read["issues"]["messages"]
    np.testing.assert_allclose(times, np.arange(len(times)) / fps, atol=1e-6)
    assert 179 / 30 - 1 / fps < times[-1] <= 179 / 30 + 1e-6
    order = [read["names"].index(name) for name in JOINT_NAMES]
    whole = np.flatnonzero(np.isclose(times * 30, np.round(times * 30), atol=1e-4))
    at = np.round(times[whole] * 30).astype(int)
    assert len(at) >= 36
    np.testing.assert_allclose(joints[whole][:, order], one.joints[at], atol=3e-4)


def test_frames_between_lie_on_the_shortest_arc():
    motion = dancing().upright()
    motion.global_orient[:2] = [[0, 3.0, 0], [0, -3.0, 0]]  # 0.28 radians apart, across the back
    between = resampled(motion.cut(0, 2), 60).global_orient[1]
    assert np.linalg.norm(between) == pytest.approx(np.pi, abs=1e-6)


def test_in_place_keeps_the_heights_and_mirror_exchanges_left_and_right(tmp_path):
    one = export_into(tmp_path, ExportOptions(in_place=True, mirror=True))
    joints, _, read = read_in_node(one)
    expected = mirror(one.clip.motion).joints(BODY)
    expected = expected - (expected[:, :1] - expected[:1, :1]) * [1, 0, 1]
    order = [read["names"].index(name) for name in JOINT_NAMES]
    np.testing.assert_allclose(joints[:, order], expected, atol=3e-4)
    clock = read_json(one.path("clock"))
    assert clock["in_place"] and clock["mirror"]


def test_joint_names_axis_and_unit_are_those_asked_for(tmp_path):
    one = export_into(tmp_path, ExportOptions(joint_names="mixamo", up="z", unit="m"))
    found = joints_read_by_bvhio(one.path("bvh"), MIXAMO_NAMES)
    np.testing.assert_allclose(found[..., [0, 2]], one.joints[..., [0, 1]], atol=1e-5)
    np.testing.assert_allclose(found[..., 1], -one.joints[..., 2], atol=1e-5)
    # three.js drops the colons, which separate its paths
    _, _, glb = read_in_node(one)
    assert {name.replace(":", "") for name in MIXAMO_NAMES} == set(glb["names"])


def test_the_audio_begins_with_the_first_frame_and_is_as_long_as_the_motion(tmp_path):
    one = export_into(tmp_path, start=15, audio=True)
    samples = song_audio(tmp_path / "again.wav")[round(2.5 * 48_000) : 8 * 48_000]
    found = read_audio(tmp_path / "audio.m4a", 48_000, 1)[0]
    assert len(found) == len(samples) == round(one.joints.shape[0] / 30 * 48_000)
    assert lag_samples(found, samples) == 0
    assert lag_samples(found[5:], samples) == -5  # so the measure can fail


def test_audio_that_ends_early_is_followed_by_silence(tmp_path):
    song_audio(tmp_path / "song.wav", seconds=2)
    write_clip_audio(tmp_path / "song.wav", tmp_path / "audio.m4a", 1.0, 3.0)
    found = read_audio(tmp_path / "audio.m4a", 48_000, 1)[0]
    assert len(found) == 3 * 48_000 and np.abs(found[50_000:]).max() < 1e-3 < np.abs(found[:40_000]).max()


def test_equal_input_gives_equal_bytes(tmp_path):
    for name in ("a", "b"):
        export_into(tmp_path / name, audio=True)
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_a_motion_without_frames_writes_nothing(tmp_path):
    clip = clip_of(dancing(), "song", 500)
    with pytest.raises(InputError, match="without frames"):
        export_clip(
            {"clock": tmp_path / "motion.clock.json", "bvh": tmp_path / "motion.bvh"}, clip, ExportOptions(), ()
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", ["{}", "[]", '{"first_frame_s": "x", "duration_s": 1}', "nothing"])
def test_a_damaged_clock_is_named(tmp_path, content):
    (tmp_path / "motion.clock.json").write_text(content)
    song_audio(tmp_path / "song.wav", seconds=1)
    with pytest.raises(InputError, match=r"motion\.clock\.json"):
        write_audio_of_clock(tmp_path / "song.wav", tmp_path / "audio.m4a", tmp_path / "motion.clock.json")
    with pytest.raises(InputError, match="no such audio"):
        write_clip_audio(tmp_path / "none.wav", tmp_path / "audio.m4a", 0, 1)


def test_kinds_of_the_configuration_are_those_of_the_stage_and_blender_needs_the_glb():
    chosen = parse_config({"export": {"kinds": list(FILES)}}).export
    assert chosen.kinds == tuple(FILES)
    assert replace(ExportOptions(), fps=chosen.fps) == ExportOptions()
    options = parse_config({}).export.model_dump(exclude={"kinds", "blender_python"})
    assert ExportOptions(**options) == ExportOptions()
    assert files_of("x", ["fbx"]) == {"glb": "x/motion.glb", "clock": "x/motion.clock.json"}
    assert made_by_blender("x", ["fbx", "bvh"]) == ["x/motion.fbx"]
    assert FIRST_S == 2.01  # a second between frames: what the clock says is the frame's
