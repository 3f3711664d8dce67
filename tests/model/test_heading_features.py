"""V3's features of motion: they return the motion, ignore the place on the floor, and know when a foot stands."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d

from justlmd.body.model import load_body
from justlmd.body.torch_kinematics import forward_kinematics, rotation_matrices
from model.networks.heading_features import CONTACT, HEIGHT, VELOCITY, decode_heading, encode_heading, foot_contacts
from model.networks.layouts import MotionTensors

REST = torch.from_numpy(load_body().rest_joints())[None]


def smooth_motion(frames: int = 60, seed: int = 0) -> MotionTensors:
    random = np.random.default_rng(seed)

    def wander(width: int, size: float) -> torch.Tensor:
        return torch.from_numpy(size * gaussian_filter1d(random.standard_normal((1, frames, width)), 4, axis=1))

    return MotionTensors(rotation_matrices(wander(3, 4.0), wander(69, 1.0)), wander(3, 0.5))


def turned(motion: MotionTensors, angle: float, shift: tuple[float, float, float]) -> MotionTensors:
    """The whole scene turned about y and moved."""
    turn = torch.tensor(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]], dtype=torch.float64
    )
    rotations = motion.rotations.clone()
    rotations[:, :, 0] = turn @ rotations[:, :, 0]
    pelvis = (motion.transl + REST[:, None, 0]) @ turn.T + torch.tensor(shift, dtype=torch.float64)
    return MotionTensors(rotations, pelvis - REST[:, None, 0])


def test_features_return_the_motion_but_for_its_place_on_the_floor():
    motion = smooth_motion()
    back = decode_heading(encode_heading(motion, REST), REST)
    torch.testing.assert_close(back.rotations, motion.rotations)
    moved = back.transl - motion.transl
    torch.testing.assert_close(moved, moved[:, :1].expand_as(moved))
    assert moved[0, 0, 1].abs() < 1e-9  # the height is kept


def test_velocity_height_and_contacts_do_not_depend_on_place_and_heading():
    motion = smooth_motion()
    a, b = (encode_heading(m, REST) for m in (motion, turned(motion, 1.1, (3.0, 0.0, -2.0))))
    for group in (VELOCITY, HEIGHT, CONTACT):
        torch.testing.assert_close(a[..., group], b[..., group])
    assert (a[..., :6] - b[..., :6]).abs().max() > 0.1


def test_walking_forward_is_forward_velocity_whatever_the_heading():
    frames = torch.arange(30, dtype=torch.float64)
    still = MotionTensors(torch.eye(3).double().expand(1, 30, 24, 3, 3).clone(), torch.zeros(1, 30, 3).double())
    walking = MotionTensors(still.rotations, torch.stack([0 * frames, 0 * frames, frames / 30], dim=-1)[None])
    for angle in (0.0, 2.0, -3.0):
        velocity = encode_heading(turned(walking, angle, (0, 0, 0)), REST)[..., VELOCITY]
        torch.testing.assert_close(velocity, torch.tensor([0.0, 1.0]).double().expand(1, 30, 2))


def test_a_root_that_passes_the_half_turn_makes_no_step_in_the_features():
    angle = torch.linspace(2.9, 3.4, 40, dtype=torch.float64)
    orient = torch.stack([0 * angle, angle, 0 * angle], dim=-1)[None]
    motion = MotionTensors(rotation_matrices(orient, torch.zeros(1, 40, 69).double()), torch.zeros(1, 40, 3).double())
    values = encode_heading(motion, REST)
    assert torch.diff(values[..., :147], dim=1).abs().max() < 0.03


def test_a_foot_that_stops_for_three_frames_stands_and_a_shorter_stop_does_not_count():
    joints = torch.zeros(1, 40, 24, 3)
    joints[:, :, 7, 0] = torch.arange(40) * 0.05
    joints[:, 10:16, 7, 0] = 0.5  # five still steps
    joints[:, 25:28, 7, 0] = 1.3  # two still steps
    contacts = foot_contacts(joints)[0, :, 0]
    assert contacts.nonzero().flatten().tolist() == [11, 12, 13, 14, 15]
    assert foot_contacts(joints)[0, :, 1].all()


def test_a_standing_figure_keeps_its_feet_where_they_are():
    motion = smooth_motion()
    joints = forward_kinematics(motion.rotations, motion.transl, REST[:, None])
    assert foot_contacts(joints).mean() < 0.5
    frozen = MotionTensors(motion.rotations[:, :1].expand(1, 20, 24, 3, 3), motion.transl[:, :1].expand(1, 20, 3))
    assert encode_heading(frozen, REST)[..., CONTACT].all()
