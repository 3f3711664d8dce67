"""The fit against known motion: landmarks are projected from it, without any network."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from projected import seen

from justlmd.body.kinematics import joint_transforms
from justlmd.body.landmarks import LANDMARKS, mediapipe_landmarks
from justlmd.body.model import Body
from justlmd.core.errors import InputError
from justlmd.core.files import write_npz
from justlmd.core.rotations import rotation_matrices
from justlmd.lyrics.document import Line, Lyrics
from justlmd.motion.motion import FLIP, LONGEST_BRIDGED_GAP, CameraMotion, Motion, before_camera, to_yup
from justlmd.quality.motion_checks import reprojection_metrics
from justlmd.recovery import fit
from justlmd.recovery.backends import RecoverySettings, recover_song
from justlmd.recovery.camera import Pitch
from justlmd.recovery.fit import recover
from justlmd.recovery.ground import FEET, floor_plane, standing_points
from justlmd.recovery.pose_prior import load_pose_prior
from justlmd.recovery.skeleton import FREE_JOINTS, FitBody
from model.evaluation import pose_errors as metrics3d

FRAMES = 700


@pytest.fixture(scope="module")
def truth(dance) -> Motion:
    return dance.cut(100, 100 + FRAMES)


@pytest.fixture(scope="module")
def keypoints2d(truth, body) -> dict[str, np.ndarray]:
    return seen(truth, body)


@pytest.fixture(scope="module")
def recovered(keypoints2d, body) -> CameraMotion:
    return recover(keypoints2d, body)


def without(keypoints2d, start, stop):
    """The same with nobody found in frames [start, stop)."""
    copy = deepcopy(keypoints2d)
    copy.keypoints[start:stop] = copy.world[start:stop] = np.nan
    copy.detected[start:stop] = False
    return copy


def joints(motion: CameraMotion, body: Body) -> np.ndarray:
    return to_yup(motion, body).joints(body)


def test_known_motion_is_recovered_from_its_landmarks(recovered, truth, body):
    pair = [metrics3d.evaluated_joints(x) for x in (joints(recovered, body), truth.joints(body))]
    assert recovered.valid.all()
    assert metrics3d.mpjpe(*pair) < 45
    assert metrics3d.pa_mpjpe(*pair) < 30
    assert metrics3d.acceleration_error(*pair) < 6


def test_the_fit_is_better_than_the_start_it_is_given(recovered, keypoints2d, truth, body):
    start = recover(keypoints2d, body, steps=(0, 0))
    error = {
        name: metrics3d.mpjpe(*(metrics3d.evaluated_joints(x) for x in (joints(motion, body), truth.joints(body))))
        for name, motion in (("start", start), ("fit", recovered))
    }
    assert error["fit"] < error["start"]


def test_the_body_lies_on_its_points(recovered, keypoints2d, body):
    figures, _ = reprojection_metrics(recovered, body, keypoints2d, 0, True)
    assert figures["reprojection"] < 0.03


def test_the_dancer_stands_on_the_floor_and_faces_the_right_way(recovered, truth, body):
    motion = to_yup(recovered, body)
    assert abs(motion.joints(body)[..., 1].min() - truth.joints(body)[..., 1].min()) < 0.08
    front = [rotation_matrices(x.global_orient)[:, :, 2] for x in (motion, truth)]
    assert np.rad2deg(np.arccos(np.clip((front[0] * front[1]).sum(-1), -1, 1))).mean() < 12


def test_windows_join_without_a_seam(keypoints2d, truth, body, monkeypatch):
    monkeypatch.setattr(fit, "WINDOW_FRAMES", 300)
    recovered = recover(keypoints2d, body)
    bend = np.linalg.norm(np.diff(joints(recovered, body), n=2, axis=0), axis=-1).max(1)
    true = np.linalg.norm(np.diff(truth.joints(body), n=2, axis=0), axis=-1).max(1)
    assert len(recovered.valid) > 2 * fit.WINDOW_FRAMES
    assert bend.max() < 1.5 * true.max()


@pytest.mark.parametrize("rejected", [False, True])
def test_windows_fitted_at_once_are_those_fitted_alone(keypoints2d, body, monkeypatch, rejected):
    """As on a GPU; also where the first step of one window alone is taken back."""
    passes, whole = [], fit._pass
    monkeypatch.setattr(fit, "_pass", lambda *given: passes.append(given) or whole(*given))
    recover(keypoints2d, body, stop_frame=300)
    objective, pose, seen, _, floor = passes[-1]
    evaluate = fit.evaluate

    def fitted(starts: tuple[int, ...]) -> np.ndarray:
        calls = []

        def costed(*given):
            cost, equations = evaluate(*given)
            calls.append(given)
            if rejected and len(calls) == 2 and 200 in starts:
                cost = cost + torch.where(torch.tensor(starts) == 200, torch.inf, 0.0)
            return cost, equations

        monkeypatch.setattr(fit, "evaluate", costed)
        index = torch.cat([torch.arange(start, start + 80) for start in starts])
        found = fit._fit_windows(objective, pose.frames(index), fit._indexed(seen, index), len(starts), 3, floor)
        return torch.cat([found.pelvis, found.joints.flatten(1)], dim=1).numpy()

    alone = np.concatenate([fitted((0,)), fitted((200,))])
    # In single precision the order of sums shows in the fourth decimal, in one more or fewer on other processors.
    np.testing.assert_allclose(fitted((0, 200)), alone, atol=1e-3)


def test_the_root_pose_is_exactly_zero_and_the_shape_one_per_song(recovered):
    assert not recovered.poses[:, :3].any()
    assert recovered.shapes.shape == (10,)


def test_a_short_gap_is_bridged_and_a_long_one_marked(keypoints2d, body):
    short, long = LONGEST_BRIDGED_GAP, LONGEST_BRIDGED_GAP + 1
    gappy = without(without(keypoints2d, 100, 100 + short), 200, 200 + long)
    motion = recover(gappy, body, stop_frame=300)
    assert np.flatnonzero(~motion.valid).tolist() == list(range(200, 200 + long))
    step = np.linalg.norm(np.diff(joints(motion, body)[95:120], axis=0), axis=-1)
    assert step.max() < 0.25, "the bridge jumps"


@pytest.mark.parametrize("gap", [(0, 30), (270, 300)])
def test_nobody_is_invented_before_the_first_and_after_the_last_sight(keypoints2d, body, gap):
    motion = recover(without(keypoints2d, *gap), body, stop_frame=300)
    assert np.flatnonzero(~motion.valid).tolist() == list(range(*gap))


def test_a_video_without_a_person_gives_no_motion_and_no_error(keypoints2d, body):
    motion = recover(without(keypoints2d, 0, FRAMES), body)
    assert not motion.valid.any()
    assert np.isfinite(motion.poses).all()


def test_only_the_asked_frames_are_recovered(keypoints2d, body):
    assert len(recover(keypoints2d, body, start_frame=10, stop_frame=61).valid) == 51
    assert len(recover(keypoints2d, body, start_frame=FRAMES - 20, stop_frame=FRAMES + 100).valid) == 20
    assert len(recover(keypoints2d, body, start_frame=50, stop_frame=50).valid) == 0


def test_the_same_points_give_the_same_bytes(keypoints2d, body):
    first, second = (recover(keypoints2d, body, stop_frame=120) for _ in range(2))
    assert first.poses.tobytes() == second.poses.tobytes()
    assert first.Th.tobytes() == second.Th.tobytes()


@pytest.mark.parametrize("frames", [2, 3, 40, 41])
def test_short_videos_are_recovered(keypoints2d, body, frames):
    motion = recover(keypoints2d, body, stop_frame=frames)
    assert motion.valid.all() and len(motion.valid) == frames and np.isfinite(motion.poses).all()


def test_a_given_height_becomes_the_bodys(keypoints2d, body):
    motion = recover(keypoints2d, body, stop_frame=60, height_m=1.62)
    assert np.ptp(body.rest_vertices(motion.shapes)[:, 1]) == pytest.approx(1.62, abs=0.01)


def test_a_longer_lens_moves_the_dancer_away_and_keeps_the_pose(keypoints2d, body):
    near, far = (recover(keypoints2d, body, stop_frame=120, focal=focal) for focal in (864, 1296))
    assert far.Th[:, 2].mean() / near.Th[:, 2].mean() == pytest.approx(1.5, rel=0.06)
    assert np.abs(far.poses - near.poses).mean() < 0.05


def test_points_without_depth_give_a_body_that_projects_onto_them(keypoints2d, body):
    flat = replace(keypoints2d, world=np.full_like(keypoints2d.world, np.nan))
    motion = recover(flat, body, stop_frame=200)
    figures, _ = reprojection_metrics(motion, body, replace(flat, keypoints=flat.keypoints[:200]), 0, True)
    assert motion.valid.all()
    assert figures["reprojection"] < 0.03


def test_wild_points_never_give_numbers_that_are_not_finite(keypoints2d, body):
    wild = deepcopy(keypoints2d)
    rng = np.random.default_rng(1)
    wild.keypoints[::7, :, :2] = rng.uniform(-1e4, 1e4, wild.keypoints[::7, :, :2].shape)
    wild.world[::5] = 0.0
    motion = recover(wild, body, stop_frame=150)
    assert all(np.isfinite(part).all() for part in (motion.poses, motion.Rh, motion.Th))


def test_the_prior_is_a_gaussian_that_knows_how_knees_and_elbows_bend():
    prior = load_pose_prior("cpu")
    assert np.linalg.eigvalsh(prior.precision.numpy()).min() > 0
    knee, elbow = 3 * FREE_JOINTS.index(4), 3 * FREE_JOINTS.index(18) + 1
    assert -0.1 < float(prior.lower[knee]) < 0 and float(prior.upper[knee]) == np.inf
    assert 0 < float(prior.upper[elbow]) < 0.1 and float(prior.lower[elbow]) == -np.inf


def test_a_file_that_is_no_prior_is_named(tmp_path):
    write_npz(tmp_path / "other.npz", mean=np.zeros(3), precision=np.eye(3))
    with pytest.raises(InputError, match=r"other\.npz: not a pose prior"):
        load_pose_prior("cpu", tmp_path / "other.npz")


def test_a_mirrored_dance_is_recovered_as_the_mirrored_motion(truth, body):
    from justlmd.motion.motion import mirror

    part = truth.cut(0, 120)
    plain = to_yup(recover(seen(part, body, noise=0), body), body)
    other = to_yup(recover(seen(mirror(part), body, noise=0), body), body)
    flipped = mirror(replace(other, betas=np.zeros(10)))
    difference = np.linalg.norm(
        metrics3d.evaluated_joints(flipped.joints(body)) - metrics3d.evaluated_joints(plain.joints(body)), axis=-1
    )
    assert 1000 * difference.mean() < 8


def test_standing_feet_do_not_slide(recovered, truth, body):
    from model.evaluation.metrics import foot_sliding

    found, true = foot_sliding(joints(recovered, body)), foot_sliding(truth.joints(body))
    assert found.speed < 0.05 + 2 * true.speed, (found, true)


def test_the_floor_is_found_where_the_feet_stand(truth, body):
    keypoints2d = seen(truth, body)
    fit_body = FitBody(body, np.zeros(10), "cpu")
    camera = before_camera(truth, body)
    placed = to_yup(camera, body, floor=0.0)
    transforms = joint_transforms(body, placed.global_orient, placed.body_pose, placed.transl, placed.betas)
    points = torch.as_tensor(mediapipe_landmarks(body, transforms, placed.betas) * FLIP)
    pixels = torch.as_tensor(keypoints2d.keypoints[:, LANDMARKS, :2], dtype=torch.float64)
    standing = standing_points(pixels, torch.ones(pixels.shape[:2], dtype=torch.float64), torch.full((FRAMES,), 350.0))
    assert 0.1 < float((standing[:, list(FEET)] > 0.5).double().mean()) < 0.95
    assert not standing[:, [n for n in range(len(LANDMARKS)) if n not in FEET]].any()
    level, known = Pitch(0.0, 9.0), Pitch(25.0, 0.6)
    plane, pitch = floor_plane(fit_body, points, standing, level)
    assert float(plane[1]) > 0.995, "level"
    assert float(plane[3]) == pytest.approx(1.0, abs=0.06), "the imagined camera stands 1 m above the floor"
    assert abs(pitch.deg) < 2 and pitch.spread_deg < level.spread_deg
    sine, cosine = np.sin(np.deg2rad(25)), np.cos(np.deg2rad(25))
    turned = points @ torch.tensor([[1.0, 0, 0], [0, cosine, sine], [0, -sine, cosine]], dtype=torch.float64)
    for told, miss_deg in ((known, 1), (Pitch(15.0, 5.0), 3)):  # the camera looks down
        plane, pitch = floor_plane(fit_body, turned, standing, told)
        assert pitch.deg == pytest.approx(25, abs=2 * pitch.spread_deg) and pitch.spread_deg < told.spread_deg
        assert float(plane[:3] @ torch.tensor([0, cosine, sine], dtype=torch.float64)) > np.cos(np.deg2rad(miss_deg))
        assert float(plane[3]) == pytest.approx(1.0, abs=0.06 + 3.5 * abs(np.deg2rad(pitch.deg - 25)))


def test_a_song_is_recovered_from_its_first_line_to_the_end_of_its_last_slice(keypoints2d, recovered, body):
    lyrics = Lyrics((Line(1.0, 2.0, "one"), Line(3.0, 4.0, "two")))
    sliced = {"00:01.000": "one", "00:03.000": "two"}
    song = recover_song(keypoints2d, lyrics, sliced, body, RecoverySettings(device="cpu"))
    assert song.start_frame == 30 and len(song.motion.valid) == 8 * 30 and song.own_shapes
    assert song.meta.method.startswith("fit to projected landmarks on cpu, camera of 864 px ± 20 % looking down by ")
    assert song.meta.method.endswith("°, stature of the body ± 6 %")
    whole = to_yup(recovered.cut(30, 270), body).joints(body)
    assert np.linalg.norm(song.upright().joints(body) - whole, axis=-1).mean() < 0.03
    assert song.meta.pitch_deg == 0, "an estimated pitch levels nothing"


def test_a_given_pitch_levels_the_dance(keypoints2d, body):
    """As if the camera had been tipped down by 10 degrees: what stood upright before it leans back by as much."""
    lyrics = Lyrics((Line(0.0, 1.0, "one"),))
    settings = RecoverySettings(device="cpu", pitch_deg=10.0)
    song = recover_song(keypoints2d, lyrics, {"00:00.000": "one"}, body, settings)
    assert song.meta.pitch_deg == 10 and " looking down by 10 ± " in song.meta.method
    along = to_yup(song.motion, body).joints(body)
    upward = [(joints[:, 12] - joints[:, 0]).mean(0) for joints in (along, song.upright().joints(body))]
    lean = [np.degrees(np.arctan2(up[2], up[1])) for up in upward]
    assert lean[0] - lean[1] == pytest.approx(10, abs=0.1)
