"""What a model has to beat: the mean pose, the training dance with the nearest conditions, and pieces of them all."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from justlmd.body.model import Body
from justlmd.body.torch_kinematics import from_sixd, to_sixd
from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from justlmd.features.stored import read_audio_features, read_lyrics_embeddings
from justlmd.motion.motion import Motion
from model.data import Batch, Conditions, LyricsMusicDance
from model.generation.beat_graph import TOKENS
from model.generation.choreographer import Choreographer
from model.generation.generate import joined_dance, song_conditions, window_starts
from model.generation.word_salience import sung_words
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


def condition_vectors(parts: Iterable[Conditions]) -> tuple[np.ndarray, np.ndarray]:
    """Per window the mean music features (N, 128) and the mean token state of length 1 (N, D); zeros where missing."""
    music, words = [], []
    for c in parts:
        music.append(c.log_mel.mean(1).numpy())
        count = c.token_mask.sum(1, keepdim=True).clamp_min(1)
        mean = (c.tokens * c.token_mask[..., None]).sum(1) / count
        words.append(torch.nn.functional.normalize(mean, dim=-1).numpy())
    return np.concatenate(music), np.concatenate(words)


def most_similar(train: LyricsMusicDance, wanted: Iterable[Conditions]) -> np.ndarray:
    """The training window (N,) with the most similar music and words, for each of N windows.

    Similarity: cosine of the mean token states minus the distance of the mean music features in units of their spread
    over the training windows.
    """
    music, words = condition_vectors(batch.conditions for batch in chunks(train))
    spread = music.std(0).clip(1e-3)
    wanted_music, wanted_words = condition_vectors(wanted)
    difference = (wanted_music[:, None] - music[None]) / spread
    return (wanted_words @ words.T - np.sqrt((difference**2).mean(-1))).argmax(1)


def nearest(train: LyricsMusicDance, test: LyricsMusicDance) -> tuple[np.ndarray, np.ndarray]:
    """Joints and rotations of the :func:`most_similar` training window, for every test window."""
    chosen = most_similar(train, (batch.conditions for batch in chunks(test)))
    joints, rotations = [], []
    for first, batch in zip(range(0, len(test), 32), chunks(test), strict=True):
        source: Batch = train.batch(chosen[first : first + 32])
        motion = real_motion(source)
        joints.append(joints_of(motion, batch.rest_joints))
        rotations.append(motion.rotations.numpy())
    return np.concatenate(joints), np.concatenate(rotations)


def copied_dance(
    train: LyricsMusicDance, body: Body, audio_features: str | Path, lyrics_embeddings: str | Path
) -> Motion:
    """A dance to a whole song that is copied, window by window, from the :func:`most_similar` ones of training songs.

    Parameters
    ----------
    train : what is copied from.
    body : whose feet stand on the floor.
    audio_features, lyrics_embeddings : the song's ``.npz`` files, of the text encoder of the data set.

    Returns
    -------
    Motion y-up from the song's beginning on; neighbouring windows are joined as a model's are
    (:func:`~model.generation.generate.joined_dance`).
    """
    tokens = read_lyrics_embeddings(lyrics_embeddings)
    frames = len(read_audio_features(audio_features)["log_mel"])
    starts = window_starts(frames)
    wanted = song_conditions(audio_features, tokens, 0, starts, train.arrays["token_states"].shape[1])
    source = train.batch(most_similar(train, [wanted]))
    orient, pose, transl = (
        values.double().numpy() for values in (source.global_orient, source.body_pose, source.transl)
    )
    return joined_dance(orient, pose, transl, frames, body)


def choreographed(choreographer: Choreographer, test: LyricsMusicDance, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Joints and rotations of the test windows, cut from a choreographer's whole dances to their songs."""
    arrays = test.arrays
    dances = {}
    for song in test.songs:
        row = arrays.songs[song]
        start_s = row.start_frame / FPS
        words = sung_words(*(arrays[name][row.token_rows] for name in TOKENS)).from_second(start_s)
        dances[song] = choreographer.dance(arrays.beats(song) - start_s, words, row.frames, seed)
    joints, rotations = [], []
    for first, batch in zip(range(0, len(test), 32), chunks(test), strict=True):
        turned, placed = [], []
        for window in test.windows[first : first + 32]:
            span, dance = slice(window.first, window.first + SEQUENCE_FRAMES), dances[window.song]
            turned.append(dance.rotations[span])
            placed.append(dance.pelvis[span] - choreographer.rest_joints[0])
        motion = MotionTensors(*(torch.from_numpy(np.stack(values)).float() for values in (turned, placed)))
        joints.append(joints_of(motion, batch.rest_joints))
        rotations.append(motion.rotations.numpy())
    return np.concatenate(joints), np.concatenate(rotations)
