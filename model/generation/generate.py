"""A dance for a whole song, from its music and lyrics alone.

The song is cut into windows of 180 frames that overlap; every window is decoded from its own noise, and neighbours are
cross-faded: rotations along the shortest arc, positions linearly after the later window has been moved to where the
earlier one stood. The move is undone over the rest of the window, so that the dancer does not drift away. The whole
dance is put on the floor at the end.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d, minimum_filter1d
from scipy.spatial.transform import Rotation

from justlmd.body.model import Body
from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from justlmd.core.device import choose_device
from justlmd.core.errors import InputError
from justlmd.core.rotations import matrix_to_axis_angle, slerp, unit_vectors
from justlmd.dataset.build import read_audio
from justlmd.features.audio import SILENCE_DB
from justlmd.features.external import read_learned
from justlmd.features.stored import read_audio_features, read_lyrics_embeddings
from justlmd.motion.motion import Motion
from model.data import BEAT, Conditions, pad_tokens
from model.generation.choreographer import chorus_returns
from model.generation.foot_lock import ANKLES, TOES, lock_feet, standing_feet
from model.networks.base import DanceModel
from model.networks.heading_features import FEET
from model.networks.layouts import to_arrays
from model.training.checkpoint import load_model

OVERLAP = 30  # frames of cross-fade
HOME_S = 15.0  # of the path of a dance made at once, what is slower than this is left out: it would drift


def generate(
    model_dir: str | Path,
    body: Body,
    audio_features: str | Path | None,
    lyrics_embeddings: str | Path | None,
    *,
    learned: Mapping[str, Path] | None = None,
    start_s: float = 0.0,
    end_s: float | None = None,
    seed: int = 0,
    device: str = "auto",
    guidance: tuple[float, float] = (1.0, 1.0),
) -> Motion:
    """Dance to a song.

    Parameters
    ----------
    model_dir : folder of a trained model.
    body : whose skeleton dances (only its rest pelvis matters).
    audio_features, lyrics_embeddings : the song's ``.npz`` files; None where there are none: the model is told so.
    learned : the song's learned features by name, those that the model's data set had
        (:mod:`justlmd.features.external`).
    start_s, end_s : seconds of ``video.mp4`` between which to dance; the end defaults to that of the music, or of the
        words when there is no music.
    seed : equal seeds give equal dances.
    guidance : how much of what music and what lyrics change (see the model); above 1 exaggerates it.

    Returns
    -------
    Motion y-up whose frame 0 is at ``start_s``, about the origin of the floor. Raises InputError when there is nothing
    to dance to, or when the words were encoded by another text encoder than the model's.
    """
    device = choose_device(device)
    model, facts = load_model(model_dir, device)
    tokens = read_lyrics_embeddings(lyrics_embeddings) if lyrics_embeddings is not None else None
    if tokens is not None and str(tokens["encoder"]) != facts["text_encoder"]:
        found, wanted = str(tokens["encoder"]), facts["text_encoder"]
        raise InputError(
            f"made by text encoder {found!r}, the model was trained with {wanted!r}",
            where=lyrics_embeddings,
            next_step="take a model trained on the song's language, or the choreographer (MODEL=choreographer)",
        )
    first = round(FPS * start_s)
    last = round(FPS * end_s) if end_s is not None else _song_end(audio_features, tokens)
    if last - first < 2:
        raise InputError(f"nothing to dance to between {start_s} s and the end of the music and words")
    frames = last - first
    starts = [0] if model.whole_song else window_starts(frames)
    length = SEQUENCE_FRAMES * math.ceil(frames / SEQUENCE_FRAMES) if model.whole_song else SEQUENCE_FRAMES
    width = int(getattr(model.config, "token_dim", 1))
    known = _learned(learned or {}, first, frames, int(getattr(model.config, "learned_dim", 0)), model_dir)
    conditions = song_conditions(audio_features, tokens, first, starts, width, length, known)
    return dance(model, conditions, starts, frames, body, seed, device, guidance)


def _learned(
    files: Mapping[str, Path], first: int, frames: int, width: int, model_dir: str | Path
) -> np.ndarray | None:
    """The learned features (frames, width) that the model reads, in the order of their names; None for none."""
    if not width:
        return None
    parts = [read_learned(path, first, frames) for _, path in sorted(files.items())]
    found = sum(part.shape[1] for part in parts)
    if found != width:
        raise InputError(
            f"reads {width} learned features, and the song has {found}",
            where=model_dir,
            next_step="name the files that its data set had under features: learned:",
        )
    return np.concatenate(parts, axis=1)


def _song_end(audio_features: str | Path | None, tokens: Mapping[str, np.ndarray] | None) -> int:
    if audio_features is not None:
        return len(read_audio_features(audio_features)["log_mel"])
    return round(FPS * float(tokens["token_times"].max())) if tokens is not None and len(tokens["token_times"]) else 0


def window_starts(frames: int) -> list[int]:
    """First frames of windows that cover ``frames``; each begins OVERLAP frames before the former ends."""
    step = SEQUENCE_FRAMES - OVERLAP
    return list(range(0, max(frames - OVERLAP, 1), step))


def song_conditions(
    audio_features: str | Path | None,
    tokens: Mapping[str, np.ndarray] | None,
    first: int,
    starts: list[int],
    token_dim: int,
    frames: int = SEQUENCE_FRAMES,
    learned: np.ndarray | None = None,
) -> Conditions:
    """Conditions of the windows of ``frames`` frames that start ``starts`` frames after video frame ``first``.

    Music counts as present in a window when at least half of it has sound; beyond the song there is silence.
    ``learned`` (N, E) are the song's learned features from ``first`` on, zeros after its last row.
    """
    count = starts[-1] + frames
    audio = read_audio(audio_features, first, count)
    audio["log_mel"][~audio["has_audio"]] = SILENCE_DB
    more = np.zeros((0, 0), np.float32) if learned is None else learned[:count]
    audio["learned"] = np.pad(more, ((0, count - len(more)), (0, 0)))
    spans = [slice(start, start + frames) for start in starts]
    has_music = torch.tensor([float(audio["has_audio"][span].mean() >= 0.5) for span in spans])
    parts = []
    for start in starts:
        states, times = np.zeros((0, token_dim)), np.zeros((0, 2))
        if tokens is not None:
            times = tokens["token_times"] - (first + start) / FPS
            inside = (times[:, 1] > 0) & (times[:, 0] < frames / FPS)
            states, times = tokens["token_states"][inside], times[inside]
        parts.append((states, times))
    log_mel, rhythm, bar, known = (
        torch.from_numpy(np.stack([audio[name][span] for span in spans])) * has_music[:, None, None]
        for name in ("log_mel", "rhythm", "bar", "learned")
    )
    words = pad_tokens(parts, token_dim)
    return Conditions(log_mel, rhythm, has_music, *words, bar, known, torch.zeros_like(has_music))


@torch.no_grad()
def dance(
    model: DanceModel,
    conditions: Conditions,
    starts: list[int],
    frames: int,
    body: Body,
    seed: int,
    device: str,
    guidance: tuple[float, float] = (1.0, 1.0),
) -> Motion:
    """Decode all windows and join them to one motion of ``frames`` frames."""
    rest = torch.from_numpy(body.rest_joints().astype(np.float32)).expand(len(starts), 24, 3)
    z = model.draw(starts, torch.Generator().manual_seed(seed), conditions.log_mel.shape[1])
    if model.whole_song:
        z = returning_noise(z, conditions, model.noise_width)
    motion = model.generate(conditions.to(device), z.to(device), rest.to(device), guidance)
    orient, pose, transl = (value.double().cpu().numpy() for value in to_arrays(motion))
    return locked(joined_dance(orient, pose, transl, frames, body), body)


def returning_noise(z: torch.Tensor, conditions: Conditions, width: int) -> torch.Tensor:
    """Noise (1, steps x width) of a whole song with that of a chorus repeated where its words return, beat by beat.

    A model makes the same noise to the same dance where music and words are the same, and a similar one where they are
    similar. Without beats or returning words nothing changes.
    """
    frames = conditions.rhythm.shape[1]
    beats = np.flatnonzero(conditions.rhythm[0, :, BEAT].numpy() > 0.5)
    states = conditions.tokens[0][conditions.token_mask[0]].numpy()
    if len(beats) < 2 or not len(states):
        return z
    starts = conditions.token_times[0][conditions.token_mask[0]][:, 0].numpy() * FPS
    returns = chorus_returns(unit_vectors(states - states.mean(0)), starts, beats)
    source = np.arange(frames)
    for beat, earlier in enumerate(returns[:-1]):
        if earlier >= 0:
            first, last = beats[beat : beat + 2]
            place = np.linspace(beats[earlier], beats[earlier + 1], last - first, endpoint=False)
            source[first:last] = source[place.astype(int)]  # a third chorus is that of the second, and so of the first
    noise = z[0].unflatten(0, (-1, width))
    middles = ((np.arange(len(noise)) + 0.5) * frames / len(noise)).astype(int)
    return noise[torch.from_numpy(source[middles] * len(noise) // frames)].flatten()[None]


def joined_dance(orient: np.ndarray, pose: np.ndarray, transl: np.ndarray, frames: int, body: Body) -> Motion:
    """One motion of ``frames`` frames, about the origin of the floor, from windows that overlap.

    Parameters
    ----------
    orient, pose, transl : (W, 180, 3), (W, 180, 69) and (W, 180, 3), axis-angle in radians and metres, y up; the
        windows begin at :func:`window_starts`. One window may be longer: then it is the whole dance.
    frames : length of the dance.
    body : whose feet stand on the floor.
    """
    rotations = np.concatenate([orient, pose], axis=-1).reshape(len(orient), -1, 24, 3)
    joined, places = (values[:frames] for values in join_windows(rotations, transl))
    if len(orient) == 1 and frames > SEQUENCE_FRAMES:
        places = places - gaussian_filter1d(places, HOME_S * FPS, axis=0, mode="nearest") * [1, 0, 1]
    dancer = Motion(
        global_orient=joined[:, 0],
        body_pose=joined[:, 1:].reshape(-1, 69),
        transl=places - places.mean(0) * [1, 0, 1],
        betas=np.zeros(10),
        valid=np.ones(frames, dtype=bool),
    )
    return grounded(dancer, body)


def locked(motion: Motion, body: Body) -> Motion:
    """The motion with standing feet held where they stand, and all feet above the floor."""
    rest = body.rest_joints(motion.betas)
    pose = np.concatenate([motion.global_orient, motion.body_pose], axis=-1).reshape(len(motion), 24, 3)
    rotations = Rotation.from_rotvec(pose.reshape(-1, 3)).as_matrix().reshape(len(motion), 24, 3, 3)
    sole = np.array([rest[list(pair), 1].mean() for pair in (ANKLES, TOES)]) - body.v_template[:, 1].min()
    standing = standing_feet(motion.joints(body))
    rotations, pelvis = lock_feet(rotations, motion.transl + rest[0], standing, rest, sole)
    turned = matrix_to_axis_angle(rotations).reshape(len(motion), 72)
    return replace(motion, global_orient=turned[:, :3], body_pose=turned[:, 3:], transl=pelvis - rest[0])


def grounded(motion: Motion, body: Body) -> Motion:
    """The motion moved up or down, slowly, so that once a second a foot stands on the floor; jumps stay jumps."""
    rest, feet = body.rest_joints(motion.betas), list(FEET)
    sole = rest[feet, 1] - body.v_template[:, 1].min()  # heights of the foot joints in a figure that stands
    above = (motion.joints(body)[:, feet, 1] - sole).min(1)
    floor = gaussian_filter1d(minimum_filter1d(above, FPS, mode="nearest"), FPS / 4, mode="nearest")
    return replace(motion, transl=motion.transl - floor[:, None] * [0, 1, 0])


def join_windows(rotations: np.ndarray, transl: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cross-fade windows of axis-angle rotations (W, 180, J, 3) and positions (W, 180, 3) into one motion."""
    step = SEQUENCE_FRAMES - OVERLAP
    joined, places = rotations[0], transl[0]
    share = (np.arange(OVERLAP) + 1) / (OVERLAP + 1)
    back = np.clip(np.arange(SEQUENCE_FRAMES) - OVERLAP, 0, None) / step  # 0 in the overlap, then up to 1
    for turned, place in zip(rotations[1:], transl[1:], strict=True):
        overlap = places[-OVERLAP:]
        shift = (overlap - place[:OVERLAP]).mean(0) * [1, 0, 1]  # heights are absolute
        place = place + shift * (1 - back)[:, None]
        mixed = slerp(joined[-OVERLAP:], turned[:OVERLAP], share)
        mixed_places = overlap * (1 - share)[:, None] + place[:OVERLAP] * share[:, None]
        joined = np.concatenate([joined[:-OVERLAP], mixed, turned[OVERLAP:]])
        places = np.concatenate([places[:-OVERLAP], mixed_places, place[OVERLAP:]])
    return joined, places
