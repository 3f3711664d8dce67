"""Changed training windows: the same dance at another speed or heading, its beats and words with it, and repeatable."""

import math
from dataclasses import replace

import numpy as np
import pytest
import roma
import torch
from tiny_models import NETWORK, TRAINING, KilledError, kill_at, results
from toy_songs import write_song

from justlmd.body.kinematics import forward_kinematics
from justlmd.body.model import load_body
from justlmd.body.torch_kinematics import slerp
from justlmd.core.files import read_npz, write_npz
from justlmd.core.rotations import interpolated_rotations
from justlmd.dataset.build import build_dataset
from model.configuration import ModelConfig
from model.data import Batch, LyricsMusicDance
from model.networks.heading_features import CONTACT, HEIGHT, ROOT, VELOCITY, encode_heading
from model.networks.windows import joints_of, real_motion
from model.training.augmentation import augmented_batch, turned
from model.training.train import train

torch.set_num_threads(1)
BEATS = np.arange(7, 400, 14)  # frames of the video
SPEEDS = torch.tensor([0.93, 1.0, 1.07])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    songs = [write_song(folder / name, name, frames=300) for name in "abcde"]
    songs.append(write_song(folder / "hole", "hole", frames=300, missing=range(183, 190)))
    for song in songs:
        audio = read_npz(song.audio)
        audio["beat"][BEATS[0] :: 14] = 1
        write_npz(song.audio, **audio)
    build_dataset(songs, folder / "dataset", load_body())
    return folder / "dataset"


def song(dataset, name: str = "a") -> LyricsMusicDance:
    return LyricsMusicDance(dataset, [name], stride=20)


def joints(batch: Batch) -> np.ndarray:
    return joints_of(real_motion(batch), batch.rest_joints)


def test_a_stretched_window_has_the_joints_of_the_true_motion_at_the_stretched_times(dataset):
    data = song(dataset)
    arrays, window = data.arrays, data.windows[2]
    found = joints(data.batch([2, 2, 2], SPEEDS))
    rows = arrays.songs["a"].rows
    poses = np.concatenate([arrays["global_orient"][rows], arrays["body_pose"][rows]], axis=1).astype(float)
    times = np.arange(len(poses))
    for number, speed in enumerate(SPEEDS.double().numpy()):
        at = window.first + speed * np.arange(180)
        pose = interpolated_rotations(poses, times, at)
        transl = np.stack([np.interp(at, times, axis) for axis in arrays["transl"][rows].T], axis=1)
        truth = forward_kinematics(load_body(), pose[:, :3], pose[:, 3:], transl)
        np.testing.assert_allclose(found[number], truth, atol=1e-5)


def test_the_toy_dancer_turns_that_many_times_faster(dataset):
    batch = song(dataset).batch([0, 0, 0], SPEEDS)
    front = real_motion(batch).rotations[:, :, 0, :, 2]
    heading = np.unwrap(torch.atan2(front[..., 0], front[..., 2]).numpy(), axis=1)
    # write_song turns the body by 0.3 rad/s.
    np.testing.assert_allclose(np.abs(heading[:, -1] - heading[:, 0]), 0.3 * SPEEDS * 179 / 30, rtol=1e-3)


def test_music_is_stretched_with_the_dance_and_beats_stay_single_frames(dataset):
    data = song(dataset)
    plain, stretched = data.batch([1]), data.batch([1, 1, 1], SPEEDS)
    first = float(plain.conditions.log_mel[0, 0, 0])  # the toy music counts frames of the video
    for number, speed in enumerate(SPEEDS.double().numpy()):
        counted = stretched.conditions.log_mel[number, :, 0]
        np.testing.assert_allclose(counted, first + speed * np.arange(180), rtol=1e-6)
        expected = np.rint((BEATS - first) / speed)
        beats = np.flatnonzero(stretched.conditions.rhythm[number, :, 1])
        assert beats.tolist() == expected[(expected >= 0) & (expected < 180)].tolist()
    assert set(stretched.conditions.rhythm[..., 1].unique().tolist()) == {0.0, 1.0}
    assert torch.equal(stretched.conditions.rhythm[1], plain.conditions.rhythm[0])


def test_words_are_sung_when_the_stretched_dance_hears_them(dataset):
    data = song(dataset)
    start_s = data.windows[1].start_s
    conditions = data.batch([1, 1, 1], SPEEDS).conditions
    for number, speed in enumerate(SPEEDS.double().numpy()):
        mask = conditions.token_mask[number]
        seconds = conditions.tokens[number, mask, 0].numpy()  # token n of the toy is sung in second n
        expected = (np.stack([seconds, seconds + 1], axis=1) - start_s) / speed
        np.testing.assert_allclose(conditions.token_times[number, mask], expected, atol=1e-5)
        inside = [n for n in range(12) if (n + 1) > start_s and n < start_s + 6 * speed]
        assert seconds.tolist() == inside


def test_no_frame_behind_the_end_or_without_a_body_is_used(dataset):
    for name, last in (("a", 300), ("hole", 183)):
        data = song(dataset, name)
        number = max(n for n, window in enumerate(data.windows) if window.first + 180 <= last)
        window = data.windows[number]
        counted = data.batch([number], torch.tensor([1.5])).conditions.log_mel[0, :, 0]
        assert counted[0] == 60 + window.first
        assert counted[-1].item() == pytest.approx(60 + last - 1, abs=1e-3)


def test_interpolated_rotations_are_the_librarys_also_across_half_a_turn():
    generator = torch.Generator().manual_seed(0)
    a, b = 2 * torch.randn(2, 50, 24, 3, generator=generator)
    b[:10] = a[:10]
    a[10], b[10] = torch.tensor([0, 3.1, 0]), torch.tensor([0, -3.1, 0])  # a mean of the numbers would be no turn
    share = torch.rand(50, 1, generator=generator)
    share[10] = 0.5
    found = slerp(roma.rotvec_to_unitquat(a), roma.rotvec_to_unitquat(b), share[..., None])
    torch.testing.assert_close(found.norm(dim=-1), torch.ones(50, 24))
    assert roma.unitquat_to_rotvec(found[10]).norm(dim=-1).min().item() == pytest.approx(math.pi, abs=1e-4)
    for x, y, s, rotations in zip(a, b, share, roma.unitquat_to_rotmat(found), strict=True):
        ends = np.stack([x.numpy(), y.numpy()]).reshape(2, 72).astype(float)
        expected = interpolated_rotations(ends, np.array([0.0, 1.0]), s.numpy()).reshape(24, 3)
        np.testing.assert_allclose(rotations, roma.rotvec_to_rotmat(torch.from_numpy(expected)), atol=2e-6)


def test_a_turn_about_the_vertical_moves_the_joints_rigidly_about_the_start(dataset):
    batch = song(dataset).batch([0, 1])
    angle = torch.tensor([0.5, -1.2])
    before, after = joints(batch), joints(turned(batch, angle))
    for number, a in enumerate(angle.tolist()):
        turn = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])
        start = before[number, 0, 0]
        np.testing.assert_allclose(after[number], (before[number] - start) @ turn.T + start, atol=1e-5)


def test_a_turn_changes_the_absolute_heading_and_nothing_that_is_relative_to_it(dataset):
    batch = song(dataset).batch([0])
    values = [encode_heading(real_motion(b), b.rest_joints) for b in (batch, turned(batch, torch.tensor([0.8])))]
    for group in (slice(6, 144), VELOCITY, HEIGHT, CONTACT):
        torch.testing.assert_close(values[0][..., group], values[1][..., group], atol=1e-4, rtol=0)
    assert (values[0][..., ROOT] - values[1][..., ROOT]).abs().max() > 0.3


def test_windows_are_as_in_the_data_set_unless_asked_and_the_same_from_equal_chance(dataset):
    data = song(dataset)

    def made(seed: int, **settings) -> Batch:
        return augmented_batch(data, range(4), torch.Generator().manual_seed(seed), **settings)

    def same(a: Batch, b: Batch) -> bool:
        return np.array_equal(joints(a), joints(b)) and all(
            torch.equal(x, y) for x, y in zip(a.conditions, b.conditions, strict=True)
        )

    plain = data.batch(range(4))
    assert same(made(0), plain)
    for settings in ({"tempo": 0.05}, {"yaw": 20.0}, {"mirror": True, "tempo": 0.05, "yaw": 20.0}):
        assert same(made(1, **settings), made(1, **settings)) and not same(made(1, **settings), made(2, **settings))
        assert not same(made(1, **settings), plain)
    longest = made(3, tempo=0.05).conditions.log_mel[:, -1, 0] - plain.conditions.log_mel[:, 0, 0]
    assert ((longest >= 0.95 * 179 - 0.01) & (longest <= 1.05 * 179 + 0.01)).all() and longest.std() > 1


def test_a_killed_training_with_changed_windows_continues_to_the_same_bytes(dataset, tmp_path):
    settings = replace(TRAINING, mirror=True, tempo=0.05, yaw=10.0, accumulate=2)
    config = ModelConfig("transformer_cvae", NETWORK, settings)
    train(dataset, tmp_path / "whole", config, device="cpu")
    with pytest.raises(KilledError):
        train(dataset, tmp_path / "parts", config, device="cpu", progress=kill_at(6))
    train(dataset, tmp_path / "parts", config, device="cpu")
    assert results(tmp_path / "whole") == results(tmp_path / "parts")
