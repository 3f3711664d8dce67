"""What a model has to beat: standing in the mean pose, and copying the training dance with the nearest conditions."""

import numpy as np
import torch

from justlmd.body.torch_kinematics import from_sixd, to_sixd
from model.data import Batch, LyricsMusicDance
from model.networks.layouts import MotionTensors
from model.networks.windows import chunks, joints_of, real_motion


def mean_pose(train: LyricsMusicDance, test: LyricsMusicDance) -> tuple[np.ndarray, np.ndarray]:
    """Joints and rotations of a dancer who stands in the mean pose at the mean place of the training windows.

    The mean of rotations is that of their 6D form, turned back into a rotation.
    """
    sixd, transl, count = torch.zeros(24, 6), torch.zeros(3), 0
    for batch in chunks(train):
        motion = real_motion(batch)
        sixd += to_sixd(motion.rotations).mean(1).sum(0)
        transl += motion.transl.mean(1).sum(0)
        count += len(batch.transl)
    pose = from_sixd(sixd / count)
    joints, rotations = [], []
    for batch in chunks(test):
        shape = batch.transl.shape[:2]
        still = MotionTensors(pose.expand(*shape, 24, 3, 3), (transl / count).expand(*shape, 3))
        joints.append(joints_of(still, batch.rest_joints))
        rotations.append(still.rotations.numpy())
    return np.concatenate(joints), np.concatenate(rotations)


def condition_vectors(data: LyricsMusicDance) -> tuple[np.ndarray, np.ndarray]:
    """Per window the mean music features (N, 128) and the mean token state of length 1 (N, D); zeros where missing."""
    music, words = [], []
    for batch in chunks(data):
        c = batch.conditions
        music.append(c.log_mel.mean(1).numpy())
        count = c.token_mask.sum(1, keepdim=True).clamp_min(1)
        mean = (c.tokens * c.token_mask[..., None]).sum(1) / count
        words.append(torch.nn.functional.normalize(mean, dim=-1).numpy())
    return np.concatenate(music), np.concatenate(words)


def nearest(train: LyricsMusicDance, test: LyricsMusicDance) -> tuple[np.ndarray, np.ndarray]:
    """Joints and rotations of the training window with the most similar music and words, for every test window.

    Similarity: cosine of the mean token states minus the distance of the mean music features in units of their spread
    over the training windows.
    """
    music, words = condition_vectors(train)
    spread = music.std(0).clip(1e-3)
    test_music, test_words = condition_vectors(test)
    score = test_words @ words.T
    difference = (test_music[:, None] - music[None]) / spread
    score = score - np.sqrt((difference**2).mean(-1))
    chosen = score.argmax(1)
    joints, rotations = [], []
    for first, batch in zip(range(0, len(test), 32), chunks(test), strict=True):
        source: Batch = train.batch(chosen[first : first + 32])
        motion = real_motion(source)
        joints.append(joints_of(motion, batch.rest_joints))
        rotations.append(motion.rotations.numpy())
    return np.concatenate(joints), np.concatenate(rotations)
