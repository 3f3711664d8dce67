"""Windows of the data set as tensors: shapes, masks, times, statistics, and the order of training."""

from itertools import islice

import numpy as np
import pytest
import torch
from tiny_models import NETWORK
from torch.utils.data import DataLoader
from toy_songs import write_song

from justlmd.body.kinematics import forward_kinematics as reference_kinematics
from justlmd.body.model import load_body
from justlmd.body.torch_kinematics import axis_angles, forward_kinematics, from_sixd, rotation_matrices, to_sixd
from justlmd.core.errors import InputError
from justlmd.core.files import write_json
from justlmd.dataset.build import build_dataset
from justlmd.dataset.storage import open_dataset
from justlmd.motion.motion import Motion, mirror
from model.data import Batch, DanceSequence, LyricsMusicDance, pad_tokens, statistics, training_batches
from model.networks.layouts import FEATURES, decode, encode
from model.networks.transformer_cvae import TransformerCVAE
from model.networks.windows import mirrored


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    songs = [write_song(folder / name, name, frames=300) for name in "abcd"]
    songs.append(write_song(folder / "mute", "mute", audio=None, embeddings=None))
    songs.append(write_song(folder / "hole", "hole", missing=range(190, 200)))
    build_dataset(songs, folder / "dataset", load_body())
    return folder / "dataset"


def test_a_batch_has_the_documented_shapes(dataset):
    data = LyricsMusicDance(dataset, ["a", "mute"])
    batch = data.batch(range(len(data)))
    n = len(data)
    shapes = {name: tuple(value.shape) for name, value in batch._asdict().items() if isinstance(value, torch.Tensor)}
    assert shapes == {
        "global_orient": (n, 180, 3),
        "body_pose": (n, 180, 69),
        "transl": (n, 180, 3),
        "rest_joints": (n, 24, 3),
    }
    conditions = {name: tuple(value.shape) for name, value in batch.conditions._asdict().items()}
    longest = conditions["tokens"][1]
    assert conditions == {
        "log_mel": (n, 180, 128),
        "rhythm": (n, 180, 4),
        "has_music": (n,),
        "tokens": (n, longest, 8),
        "token_times": (n, longest, 2),
        "token_mask": (n, longest),
        "bar": (n, 180, 2),
        "learned": (n, 180, 0),
        "mirrored": (n,),
    }
    assert all(value.dtype == torch.float32 for value in batch.conditions[:5])


def test_what_models_train_on_does_not_depend_on_how_lyrics_are_sliced(tmp_path):
    """The shipped configurations have a stride: every window of a song, whatever the slices leave out."""
    seen = []
    for name, slices in (("phrases", None), ("other", {"00:02.000": "a 0", "00:05.000": "a 1", "00:08.500": "a 2"})):
        songs = [write_song(tmp_path / name / song, song, frames=300) for song in "ab"]
        for song in songs if slices else ():
            write_json(song.sliced, slices)
        build_dataset(songs, tmp_path / name / "data", load_body())
        data = LyricsMusicDance(tmp_path / name / "data", list("ab"), stride=10)
        seen.append((LyricsMusicDance(data.path, list("ab")).windows, data.windows, data.batch(range(len(data)))))
    (sequences, windows, batch), (other_sequences, other_windows, other_batch) = seen
    assert sequences != other_sequences and windows == other_windows
    assert all(torch.equal(a, b) for a, b in zip(batch[:4], other_batch[:4], strict=True))
    assert all(torch.equal(a, b) for a, b in zip(batch.conditions, other_batch.conditions, strict=True))


def test_music_and_tokens_of_a_window_are_those_of_its_seconds(dataset):
    data = LyricsMusicDance(dataset, ["a"])
    second = data.windows[1]
    assert second.start_s == pytest.approx(3.0)
    batch = data.batch([1])
    assert batch.conditions.log_mel[0, :3, 0].tolist() == [90, 91, 92]  # the toy music counts frames of the video
    assert batch.conditions.tokens[0, :, 0].tolist() == [3, 4, 5, 6, 7, 8]  # and its token n is sung in second n
    assert batch.conditions.token_times[0, 0].tolist() == [0, 1]
    assert batch.conditions.token_mask.all() and batch.conditions.has_music.tolist() == [1]


def test_missing_music_and_lyrics_are_masked(dataset):
    conditions = LyricsMusicDance(dataset, ["mute"]).batch([0]).conditions
    assert conditions.has_music.tolist() == [0] and not conditions.log_mel.any() and not conditions.rhythm.any()
    assert conditions.token_mask.shape == (1, 1) and not conditions.token_mask.any()


def loaded(data: LyricsMusicDance, size: int) -> DanceSequence:
    """The first batch of a default DataLoader."""
    return next(iter(DataLoader(data, batch_size=size)))


def test_a_default_loader_stacks_sequences(dataset):
    data = LyricsMusicDance(dataset, ["a", "mute"])
    one, many = data[1], loaded(data, 4)
    assert one.body_pose.shape == (180, 69) and one.conditions.log_mel.shape == (180, 128)
    assert one.window == data.windows[1] and one.conditions.has_music.shape == ()
    assert many.body_pose.shape == (4, 180, 69) and many.rest_joints.shape == (4, 24, 3)
    assert many.conditions.tokens.shape == (4, data.most_tokens, 8) and many.conditions.token_mask.dtype == torch.bool
    assert list(many.window.id) == [window.id for window in data.windows[:4]]
    assert many.window.first.tolist() == [window.first for window in data.windows[:4]]


def test_stacked_sequences_are_the_batch_but_for_padding(dataset):
    data = LyricsMusicDance(dataset, ["a", "b", "mute", "hole"], stride=20)
    whole, stacked = data.batch(range(len(data))), loaded(data, len(data))
    assert len(data) > 20 and data.most_tokens == whole.conditions.tokens.shape[1]
    for name in ("global_orient", "body_pose", "transl", "rest_joints"):
        assert torch.equal(getattr(stacked, name), getattr(whole, name)), name
    for name, value in whole.conditions._asdict().items():
        assert torch.equal(getattr(stacked.conditions, name), value), name
    part = data.batch([0, 1])
    longest = part.conditions.tokens.shape[1]
    padded = loaded(data, 2).conditions
    assert torch.equal(padded.tokens[:, :longest], part.conditions.tokens) and not padded.tokens[:, longest:].any()
    assert not padded.token_mask[:, longest:].any()


def test_a_model_learns_the_same_from_a_loader(dataset):
    data = LyricsMusicDance(dataset, ["a", "mute"])
    model = TransformerCVAE(NETWORK)
    model.fit_normalisers(data)
    gradients = []
    for batch in (data.batch(range(len(data))), Batch(*loaded(data, len(data))[:5])):
        model.zero_grad()
        with torch.random.fork_rng():
            torch.manual_seed(0)  # of dropout
            model.losses(batch, torch.Generator().manual_seed(0), 0.5)["loss"].backward()
        gradients.append([parameter.grad.clone() for parameter in model.parameters()])
    assert all(map(torch.equal, *gradients)) and any(gradient.any() for gradient in gradients[0])


def test_sliding_windows_avoid_missing_frames(dataset):
    data = LyricsMusicDance(dataset, ["hole"], stride=5)
    assert [window.first for window in data.windows] == [0, 5, 10, 200, 205, 210, 215, 220]


def test_splits_are_disjoint_and_an_unknown_one_is_named(dataset):
    songs = [set(LyricsMusicDance(dataset, split).songs) for split in ("train", "val", "test")]
    assert len(set.union(*songs)) == sum(map(len, songs)) == 6
    with pytest.raises(InputError, match="no split 'dev'; there are train, val, test"):
        LyricsMusicDance(dataset, "dev")
    with pytest.raises(InputError, match="no songs nobody"):
        LyricsMusicDance(dataset, ["nobody"])


def test_statistics_come_from_the_given_songs_and_from_sound_only(dataset):
    arrays = open_dataset(dataset)
    found = statistics(LyricsMusicDance(dataset, ["a", "b", "mute"]))
    truth = np.concatenate([arrays["log_mel"][arrays.songs[song].rows] for song in "ab"]).astype(np.float64)
    np.testing.assert_allclose(found["log_mel_mean"], truth.mean(0), rtol=1e-6)
    np.testing.assert_allclose(found["log_mel_std"], truth.std(0), rtol=1e-5)
    silent = statistics(LyricsMusicDance(dataset, ["mute"]))
    assert not silent["log_mel_mean"].any() and (silent["log_mel_std"] == 1).all()


def test_the_first_batch_reads_no_more_than_its_rows(dataset):
    data = LyricsMusicDance(dataset, "train")
    assert all(isinstance(array, np.memmap) for array in data.arrays.arrays.values())


def test_training_order_is_the_same_from_any_step_and_visits_everything():
    whole = list(islice(training_batches(10, 3, seed=1), 9))
    resumed = list(islice(training_batches(10, 3, seed=1, first_step=4), 5))
    assert all(np.array_equal(a, b) for a, b in zip(whole[4:], resumed, strict=True))
    assert all(len(np.unique(np.concatenate(whole[i : i + 3]))) == 9 for i in (0, 3, 6))
    assert not np.array_equal(whole[0], whole[3])
    assert next(training_batches(2, 8, seed=0)).tolist() in ([0, 1], [1, 0])


def test_padding_keeps_tokens_in_front_and_marks_them():
    tokens, times, mask = pad_tokens([(np.ones((2, 3)), np.ones((2, 2))), (np.zeros((0, 3)), np.zeros((0, 2)))], 3)
    assert tokens.shape == (2, 2, 3) and times.shape == (2, 2, 2) and mask.tolist() == [[True, True], [False, False]]


# ---------------------------------------------------------------- kinematics and representations


def random_motion(frames: int = 20, seed: int = 0):
    random = np.random.default_rng(seed)
    return (
        random.standard_normal((frames, 3)),
        0.4 * random.standard_normal((frames, 69)),
        random.standard_normal((frames, 3)),
    )


def as_tensors(*arrays):
    return [torch.from_numpy(array).double()[None] for array in arrays]


def test_joints_equal_the_librarys():
    body, motion = load_body(), random_motion()
    betas = np.linspace(-1, 1, 10)
    orient, pose, transl = as_tensors(*motion)
    rest = torch.from_numpy(body.rest_joints(betas))
    found = forward_kinematics(rotation_matrices(orient, pose), transl, rest[None, None])
    np.testing.assert_allclose(found[0], reference_kinematics(body, *motion, betas), atol=1e-12)


def test_sixd_rotations_return_and_any_six_numbers_give_a_rotation():
    orient, pose, _ = as_tensors(*random_motion())
    rotations = rotation_matrices(orient, pose)
    torch.testing.assert_close(from_sixd(to_sixd(rotations)), rotations)
    wild = from_sixd(torch.randn(50, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    torch.testing.assert_close(wild @ wild.mT, torch.eye(3).double().expand(50, 3, 3))
    torch.testing.assert_close(torch.linalg.det(wild), torch.ones(50).double())


def test_axis_angles_return():
    orient, pose, _ = as_tensors(*random_motion())
    found = axis_angles(rotation_matrices(0.5 * orient, pose))
    torch.testing.assert_close(found[0], 0.5 * orient)
    torch.testing.assert_close(found[1], pose)


@pytest.mark.parametrize("layout", ["axis_angle_26", "sixd"])
def test_a_layout_returns_the_motion_it_was_given(layout):
    orient, pose, transl = as_tensors(*random_motion())
    pelvis = torch.tensor([[0.0, -0.22, 0.03]]).double()
    values = encode(layout, orient, pose, transl, pelvis)
    assert values.shape == (1, 20, FEATURES[layout])
    motion = decode(layout, values, pelvis)
    torch.testing.assert_close(motion.rotations, rotation_matrices(orient, pose))
    torch.testing.assert_close(motion.transl, transl)


def test_the_layout_without_translation_keeps_the_rotations():
    orient, pose, transl = as_tensors(*random_motion())
    pelvis = torch.tensor([[0.0, -0.22, 0.03]]).double()
    motion = decode("axis_angle_24", encode("axis_angle_24", orient, pose, transl, pelvis), pelvis)
    torch.testing.assert_close(motion.rotations, rotation_matrices(orient, pose))
    assert not motion.transl.any()


def test_the_26_row_layout_is_the_originals_on_real_motion(shared_data):
    from justlmd.motion.motion import to_yup
    from justlmd.motion.smplfull import read_smplfull

    path = next((shared_data / "motion").glob("Panini*")) / "smplfull.json"
    body, camera = load_body(), read_smplfull(path)
    motion = to_yup(camera, body, floor=0.0, own_shapes=False)
    arrays = as_tensors(motion.global_orient, motion.body_pose, motion.transl)
    values = encode("axis_angle_26", *arrays, torch.from_numpy(body.rest_joints()[:1]))[0].numpy()
    np.testing.assert_allclose(values[:, 72:75], camera.Th, atol=1e-6)
    np.testing.assert_allclose(values[:, 3:72], camera.poses[:, 3:], atol=1e-9)
    assert np.array_equal(values[:, :3], values[:, 75:])
    # The camera's root rotation jumps by 2 pi although the body hardly turns; the 6D form never does. (The file itself
    # has 179 jumps: its norms may exceed pi, those of the data set do not.)
    jumps = np.linalg.norm(np.diff(values[:, :3], axis=0), axis=1) > 3
    assert jumps.sum() > 10
    steps = np.diff(encode("sixd", *arrays, torch.zeros(1, 3).double())[0, :, :6].numpy(), axis=0)
    assert np.linalg.norm(steps, axis=1).max() < 0.25


def test_mirrored_windows_are_the_librarys_mirrored_motion_and_the_others_stay(dataset):
    data = LyricsMusicDance(dataset, "train")
    batch = data.batch([0, 0])
    turned = mirrored(batch, torch.tensor([False, True]))
    assert torch.equal(turned.body_pose[0], batch.body_pose[0]) and torch.equal(turned.transl[0], batch.transl[0])
    assert turned.conditions.mirrored.tolist() == [0, 1] and batch.conditions.mirrored.tolist() == [0, 0]
    parts = [getattr(batch, name)[1].numpy() for name in ("global_orient", "body_pose", "transl")]
    expected = mirror(Motion(*parts, betas=np.zeros(10), valid=np.ones(len(parts[0]), bool)))
    for name in ("global_orient", "body_pose", "transl"):
        np.testing.assert_allclose(getattr(turned, name)[1].numpy(), getattr(expected, name), atol=1e-6)
