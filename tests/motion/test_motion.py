"""Motion keeps its place through every conversion, and a damaged smplfull.json is refused with frame and reason."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_motion import swaying
from scipy.spatial.transform import Rotation

from justlmd.body.camera import look_at
from justlmd.body.kinematics import smplx_model
from justlmd.body.model import JOINT_NAMES, MIRRORED_JOINTS, load_body
from justlmd.core.errors import InputError
from justlmd.motion.motion import CameraMotion, Motion, before_camera, floor_height, mirror, to_camera, to_yup
from justlmd.motion.smplfull import read_smplfull, write_smplfull

BODY = load_body()
K = np.array([[864.0, 0, 640], [0, 864, 360], [0, 0, 1]])
SONGS = [
    "BuildABBellaPoarchJustDance2022",
    "MONTEROCallMebyYourNamebyLilNasXJustDance2022",
    "PaniniLilNasXJustDanceUnlimited",
    "TheWayIAreTimbalandftKeriHilsonDOESebastianJustDanceUnlimited",
]


def camera_motion(frames: int = 6, seed: int = 0) -> CameraMotion:
    rng = np.random.default_rng(seed)
    poses = np.round(rng.normal(0, 0.5, (frames, 72)), 7)
    poses[:, :3] = 0
    return CameraMotion(
        poses=poses,
        Rh=np.round(rng.normal([np.pi - 0.3, 0, 0], 0.2, (frames, 3)), 7),
        Th=np.round(rng.normal([0, 0, 2.5], 0.2, (frames, 3)), 7),
        shapes=np.round(rng.normal(0, 1, 10), 7),
        K=K,
        valid=np.ones(frames, bool),
    )


def easymocap_joints(motion: CameraMotion) -> np.ndarray:
    """Camera-frame joints by EasyMocap's formula x = R(Rh) smpl(poses, shapes) + Th, with the smplx package as smpl."""
    import torch

    with torch.no_grad():
        unturned = smplx_model(BODY)(
            global_orient=torch.tensor(motion.poses[:, :3], dtype=torch.float32),
            body_pose=torch.tensor(motion.poses[:, 3:], dtype=torch.float32),
            betas=torch.tensor(np.tile(motion.shapes, (len(motion.Th), 1)), dtype=torch.float32),
            transl=torch.zeros(len(motion.Th), 3),
        ).joints[:, :24]
    turned = Rotation.from_rotvec(motion.Rh).as_matrix() @ unturned.numpy().astype(float).transpose(0, 2, 1)
    return turned.transpose(0, 2, 1) + motion.Th[:, None]


def test_y_up_motion_has_easymocaps_joints_turned_half_about_x() -> None:
    motion = camera_motion()
    upright = to_yup(motion, BODY, floor=-1.0)
    expected = easymocap_joints(motion) * [1, -1, -1] + [0, 1.0, 0]
    np.testing.assert_allclose(upright.joints(BODY), expected, atol=1e-5)


def test_a_root_pose_that_is_not_zero_is_kept() -> None:
    motion = camera_motion()
    motion.poses[:, :3] = np.random.default_rng(1).normal(0, 0.5, (6, 3))
    expected = easymocap_joints(motion) * [1, -1, -1]
    np.testing.assert_allclose(to_yup(motion, BODY, floor=0.0).joints(BODY), expected, atol=1e-5)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), floor=st.floats(-2, 2), pitch_deg=st.floats(-60, 60))
def test_the_round_trip_keeps_every_joint(seed: int, floor: float, pitch_deg: float) -> None:
    motion = camera_motion(4, seed)
    there = to_yup(motion, BODY, floor, pitch_deg=pitch_deg)
    back = to_camera(there, BODY, K, floor, pitch_deg)
    np.testing.assert_allclose(back.Th, motion.Th, atol=1e-9)
    np.testing.assert_allclose(
        to_yup(back, BODY, floor, pitch_deg=pitch_deg).joints(BODY), there.joints(BODY), atol=1e-9
    )


@pytest.mark.parametrize("height_m", [0.2, 1.0, 3.4])
def test_a_known_pitch_is_taken_out(height_m: float) -> None:
    """Filmed by a camera 4 m away that looks at a point 1 m above the floor, from below, level and from above."""
    orient, pose, transl = swaying(20)
    motion = Motion(orient, pose, transl - [0, 0, 4], np.zeros(10), np.ones(20, bool))
    camera = look_at(np.array([0, height_m, 0]), np.array([0, 1.0, -4]))
    pitch_deg = float(np.degrees(np.arctan2(height_m - 1, 4)))
    filmed = to_camera(motion, BODY, K, -height_m, pitch_deg)
    np.testing.assert_allclose(easymocap_joints(filmed), camera.to_camera(motion.joints(BODY)), atol=1e-5)
    np.testing.assert_allclose(
        to_yup(filmed, BODY, -height_m, pitch_deg=pitch_deg).joints(BODY), motion.joints(BODY), atol=1e-5
    )
    level = floor_height(to_camera(motion, BODY, K, -height_m), BODY)
    assert floor_height(filmed, BODY, pitch_deg=pitch_deg) == pytest.approx(level, abs=1e-6)


def test_the_automatic_floor_lies_under_the_soles() -> None:
    still = Motion(np.zeros((5, 3)), np.zeros((5, 69)), np.zeros((5, 3)), np.zeros(10), np.ones(5, bool))
    motion = to_camera(still, BODY, K)
    assert floor_height(motion, BODY) == pytest.approx(BODY.v_template[:, 1].min(), abs=1e-6)
    from justlmd.body.kinematics import skin

    standing = to_yup(motion, BODY)
    vertices = skin(BODY, standing.global_orient, standing.body_pose, standing.transl, standing.betas)
    assert vertices[..., 1].min() == pytest.approx(0, abs=1e-5)


def test_shapes_of_another_body_model_are_left_out() -> None:
    motion = to_yup(camera_motion(), BODY, own_shapes=False)
    assert not motion.betas.any()


def test_writing_and_reading_gives_the_same_values(tmp_path: Path) -> None:
    motion = camera_motion()
    write_smplfull(tmp_path / "smplfull.json", motion)
    read = read_smplfull(tmp_path / "smplfull.json")
    for name in ("poses", "Rh", "Th", "shapes", "K", "valid"):
        np.testing.assert_array_equal(getattr(read, name), getattr(motion, name))


@pytest.mark.parametrize("song", SONGS)
def test_the_originals_files_are_reproduced_byte_for_byte(shared_data: Path, tmp_path: Path, song: str) -> None:
    original = shared_data / "motion" / song / "smplfull.json"
    motion = read_smplfull(original)
    write_smplfull(tmp_path / "smplfull.json", motion)
    assert (tmp_path / "smplfull.json").read_bytes() == original.read_bytes()
    upright = to_yup(motion, BODY, own_shapes=False)
    joints = upright.joints(BODY)
    assert (joints[:, JOINT_NAMES.index("head"), 1] > joints[:, JOINT_NAMES.index("left_ankle"), 1]).all()
    back = to_camera(upright, BODY, motion.K, floor_height(motion, BODY, own_shapes=False))
    np.testing.assert_allclose(back.Th, motion.Th, atol=1e-9)


def test_missing_frames_are_absent_keys_and_come_back_interpolated(tmp_path: Path) -> None:
    motion = camera_motion(8)
    motion = replace(motion, valid=np.array([0, 1, 1, 0, 0, 1, 1, 0], bool))
    write_smplfull(tmp_path / "smplfull.json", motion)
    assert sorted(json.loads((tmp_path / "smplfull.json").read_text())) == ["000001", "000002", "000005", "000006"]
    read = read_smplfull(tmp_path / "smplfull.json")
    np.testing.assert_array_equal(read.valid, motion.valid[:7])
    np.testing.assert_allclose(read.Th[3], motion.Th[2] * 2 / 3 + motion.Th[5] / 3)
    np.testing.assert_allclose(read.Th[0], motion.Th[1])
    whole = Rotation.from_rotvec(motion.Rh[2]).inv() * Rotation.from_rotvec(motion.Rh[5])
    third = Rotation.from_rotvec(motion.Rh[2]).inv() * Rotation.from_rotvec(read.Rh[3])
    assert third.magnitude() == pytest.approx(whole.magnitude() / 3)


def test_a_turned_camera_moves_the_person_instead(tmp_path: Path) -> None:
    motion = camera_motion(1)
    path = tmp_path / "smplfull.json"
    write_smplfull(path, motion)
    content = json.loads(path.read_text())
    R, T = Rotation.from_rotvec([0.1, 0.5, -0.2]).as_matrix(), np.array([[0.3], [0.1], [1.0]])
    content["000000"]["R"], content["000000"]["T"] = R.tolist(), T.tolist()
    path.write_text(json.dumps(content))
    expected = easymocap_joints(motion)[0] @ R.T + T[:, 0]
    np.testing.assert_allclose(easymocap_joints(read_smplfull(path))[0], expected, atol=1e-5)


def test_of_several_people_the_one_with_id_0_is_read(tmp_path: Path) -> None:
    motion = camera_motion(1)
    path = tmp_path / "smplfull.json"
    write_smplfull(path, motion)
    content = json.loads(path.read_text())
    person = content["000000"]["annots"][0]
    other = person | {"id": 4, "Th": [[9.0, 9.0, 9.0]]}
    for people, expected in (([other, person], motion.Th[0]), ([other], np.full(3, 9.0))):
        content["000000"]["annots"] = people
        path.write_text(json.dumps(content))
        np.testing.assert_array_equal(read_smplfull(path).Th[0], expected)


def damaged(change: object) -> str:
    values = {
        "K": K.tolist(),
        "R": np.eye(3).tolist(),
        "T": [[0.0], [0.0], [0.0]],
        "annots": [
            {"id": 0, "shapes": [[0.0] * 10], "poses": [[0.0] * 72], "Rh": [[3.0, 0.0, 0.0]], "Th": [[0.0, 0.0, 2.0]]}
        ],
    }
    frames: dict = {"000000": values, "000001": json.loads(json.dumps(values))}
    change(frames["000001"], frames)  # type: ignore[operator]
    return json.dumps(frames)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame, _: frame.pop("K"), "frame 000001: K is missing"),
        (lambda frame, _: frame.pop("annots"), "frame 000001: annots is missing"),
        (lambda frame, _: frame["annots"][0].pop("poses"), "frame 000001: poses is missing"),
        (lambda frame, _: frame["annots"][0].update(poses=[[0.0] * 69]), "frame 000001: poses is not 1 x 72 numbers"),
        (lambda frame, _: frame["annots"][0].update(poses=[["0"] * 72]), "frame 000001: poses is not 1 x 72 numbers"),
        (lambda frame, _: frame["annots"][0].update(Rh=[[0, 1], [2]]), "frame 000001: Rh is not 1 x 3 numbers"),
        (lambda frame, _: frame["annots"][0].update(Th=[[10**400, 0, 0]]), "frame 000001: Th is not 1 x 3 numbers"),
        (lambda frame, _: frame["annots"][0].update(Th=None), "frame 000001: Th is not 1 x 3 numbers"),
        (lambda frame, _: frame["annots"][0].update(Th=[[float("nan"), 0, 0]]), "frame 000001: Th holds NaN"),
        (lambda frame, _: frame.update(annots={"id": 0}), "frame 000001: annots is missing or not a list"),
        (lambda frame, _: frame.update(R=[[2.0, 0, 0], [0, 1, 0], [0, 0, 1]]), "frame 000001: R is not a rotation"),
        (lambda _, frames: frames.update(abc={}), "'abc' is not a frame number"),
        (lambda _, frames: frames.update({"999999": {}}), "'999999' is not a frame number"),
        (lambda _, frames: frames.update({"000001": 3}), "frame 000001: expected an object"),
        (lambda _, frames: frames.clear(), "expected an object of frames"),
        (lambda _, frames: [frame.update(annots=[]) for frame in frames.values()], "no frame holds a person"),
    ],
)
def test_damaged_files_are_refused_with_frame_and_reason(tmp_path: Path, change: object, message: str) -> None:
    path = tmp_path / "smplfull.json"
    path.write_text(damaged(change))
    with pytest.raises(InputError, match=message) as caught:
        read_smplfull(path)
    assert str(path) in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
def test_any_other_file_is_refused_by_name(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("wild") / "smplfull.json"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"smplfull\.json"):
        read_smplfull(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.json: no such motion file"):
        read_smplfull(tmp_path / "nothing.json")


def test_values_that_json_cannot_hold_are_not_written(tmp_path: Path) -> None:
    motion = camera_motion()
    motion.Th[2, 0] = np.nan
    with pytest.raises(InputError, match="Th holds NaN"):
        write_smplfull(tmp_path / "smplfull.json", motion)
    assert not list(tmp_path.iterdir())


def test_mirroring_exchanges_left_and_right_joints() -> None:
    motion = to_yup(camera_motion(), BODY)
    expected = motion.joints(BODY)[:, MIRRORED_JOINTS] * [-1, 1, 1]
    np.testing.assert_allclose(mirror(motion).joints(BODY), expected, atol=1e-6)
    np.testing.assert_allclose(mirror(mirror(motion)).joints(BODY), motion.joints(BODY), atol=1e-9)


def test_a_cut_keeps_the_frames_asked_for() -> None:
    motion = to_yup(camera_motion(), BODY)
    np.testing.assert_array_equal(motion.cut(2, 5).transl, motion.transl[2:5])
    assert len(motion.cut(2, 5)) == 3


def test_a_dance_without_a_video_stands_in_the_frame_and_keeps_its_movement() -> None:
    rng = np.random.default_rng(0)
    dance = Motion(
        global_orient=rng.normal(0, 0.3, (5, 3)),
        body_pose=rng.normal(0, 0.2, (5, 69)),
        transl=rng.normal([0, 0.95, 0], 0.1, (5, 3)),
        betas=np.zeros(10),
        valid=np.ones(5, bool),
    )
    placed = before_camera(dance, BODY)
    pixels = easymocap_joints(placed) @ placed.K.T
    pixels = pixels[..., :2] / pixels[..., 2:]
    assert ((pixels > 0) & (pixels < [1280, 720])).all()
    back = to_yup(placed, BODY, floor=-1.0).joints(BODY) + [0, 0, 3.5]
    np.testing.assert_allclose(back, dance.joints(BODY), atol=1e-9)
