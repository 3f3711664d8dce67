"""The data set as tensors: six-second windows of motion, music and lyrics, read from memory-mapped arrays.

Nothing is copied or parsed at start, so the first batch comes at once whatever the size of the data set.
"""

import math
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import roma
import torch
from torch import Tensor
from torch.utils.data import Dataset

from justlmd.body.torch_kinematics import slerp
from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from justlmd.core.errors import InputError
from justlmd.dataset.sequences import whole_windows
from justlmd.dataset.storage import LEARNED, open_dataset

MOTION = ("global_orient", "body_pose", "transl")
MUSIC = ("log_mel", "rhythm", "bar", "has_audio")
"""Arrays of the data set that are cut into windows."""

BEAT = 1  # column of ``rhythm`` that is 1 in the frame of a beat


class Conditions(NamedTuple):
    """What a dance is made from; B windows of T = 180 frames or more, L = most tokens in one window (at least 1).

    log_mel (B, T, 128) dB; rhythm (B, T, 4) onset envelope, beat 0/1, sine and cosine of the beat phase; has_music
    (B,) 1 or 0; tokens (B, L, D) states of the text encoder; token_times (B, L, 2) start and end in seconds from the
    window's first frame; token_mask (B, L) true where a token is; bar (B, T, 2) sine and cosine of the bar phase, 0
    without bars; learned (B, T, E) the data set's learned features beside each other, E = 0 without any; mirrored (B,)
    1 where the dance has left and right exchanged, which only training windows have. Missing music or lyrics are zeros
    with a mask; where only a part of a window has music, the rest is silence.
    """

    log_mel: Tensor
    rhythm: Tensor
    has_music: Tensor
    tokens: Tensor
    token_times: Tensor
    token_mask: Tensor
    bar: Tensor
    learned: Tensor
    mirrored: Tensor

    def to(self, device: torch.device | str) -> "Conditions":
        """The same on a device."""
        return Conditions(*(tensor.to(device) for tensor in self))


class Window(NamedTuple):
    """180 frames of one song, or as many as the data set was asked for.

    ``first`` counts from the first frame of its motion, ``start_s`` in video.mp4.
    """

    id: str
    song: str
    first: int
    start_s: float
    text: str = ""


class Batch(NamedTuple):
    """B windows: motion y-up in metres and axis-angle, its conditions, and which windows they are.

    global_orient (B, T, 3), body_pose (B, T, 69), transl (B, T, 3), rest_joints (B, 24, 3). ``whole`` is the number of
    windows of the optimiser step that this is a part of (0: it is all of it).
    """

    global_orient: Tensor
    body_pose: Tensor
    transl: Tensor
    rest_joints: Tensor
    conditions: Conditions
    items: tuple[Window, ...] = ()
    whole: int = 0

    def to(self, device: torch.device | str) -> "Batch":
        """The same on a device."""
        return self._replace(
            global_orient=self.global_orient.to(device),
            body_pose=self.body_pose.to(device),
            transl=self.transl.to(device),
            rest_joints=self.rest_joints.to(device),
            conditions=self.conditions.to(device),
        )


class DanceSequence(NamedTuple):
    """One window, as a default ``DataLoader`` stacks it: with it every field gets a first axis B.

    The fields are those of :class:`Batch` without that axis; the tokens of all windows of a data set are padded to the
    same number. ``Batch(*stacked[:5])`` is what models take.
    """

    global_orient: Tensor
    body_pose: Tensor
    transl: Tensor
    rest_joints: Tensor
    conditions: Conditions
    window: Window


class LyricsMusicDance(Dataset[DanceSequence]):
    """Windows of the songs of one split.

    Parameters
    ----------
    dataset_dir : the folder that :func:`justlmd.dataset.build.build_dataset` wrote.
    split : ``train``, ``val`` or ``test``, or a list of song ids.
    stride : None for the data set's sequences (one per slice of the lyrics); a number of frames for every window that
        starts on a multiple of it and has all its frames (training sees more of each song that way).
    frames : length of the windows; sequences have 180.

    Items are sequences (:class:`DanceSequence`) that a default ``DataLoader`` stacks; :meth:`batch` gathers many at
    once, faster. Raises InputError when there is no such split or song.
    """

    def __init__(
        self,
        dataset_dir: str | Path,
        split: str | list[str],
        stride: int | None = None,
        frames: int = SEQUENCE_FRAMES,
    ) -> None:
        self.path, self.arrays, self.frames = Path(dataset_dir), open_dataset(dataset_dir), frames
        songs = self.arrays.splits.get(split) if isinstance(split, str) else split
        if songs is None:
            raise InputError(
                f"no split {split!r}", where=dataset_dir, next_step=f"there are {', '.join(self.arrays.splits)}"
            )
        wanted = set(songs)
        missing = sorted(wanted - set(self.arrays.songs))
        if missing:
            raise InputError(f"the data set has no songs {', '.join(missing)}", where=dataset_dir)
        self.songs = [song for song in self.arrays.songs if song in wanted]
        self.windows = list(self._sequences() if stride is None else self._sliding(stride))

    def _sequences(self) -> Iterator[Window]:
        index = self.arrays.index
        rows = index[index["song"].isin(self.songs)]
        columns = (rows[name].tolist() for name in ("id", "song", "start_frame", "start_s", "text"))
        yield from (Window(*row) for row in zip(*columns, strict=True))

    def _sliding(self, stride: int) -> Iterator[Window]:
        for song in self.songs:
            row = self.arrays.songs[song]
            valid = self.arrays["valid"][row.rows]
            for first in whole_windows(valid, stride, self.frames):
                start_s = (row.start_frame + first) / FPS
                yield Window(f"{song}_{round(1000 * start_s):06d}", song, first, start_s)

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, number: int) -> DanceSequence:
        batch = self.batch([number])
        conditions = Conditions(*(values[0] for values in batch.conditions))
        missing = self.most_tokens - len(conditions.token_mask)
        padded = {
            name: torch.nn.functional.pad(value, (0, 0) * (value.ndim - 1) + (0, missing))
            for name, value in conditions._asdict().items()
            if name.startswith("token")
        }
        orient, pose, transl, rest = (
            values[0] for values in (batch.global_orient, batch.body_pose, batch.transl, batch.rest_joints)
        )
        return DanceSequence(orient, pose, transl, rest, conditions._replace(**padded), batch.items[0])

    @cached_property
    def most_tokens(self) -> int:
        """Most tokens sung in one of the windows, at least 1."""
        most = 1
        for song, windows in groupby(self.windows, key=attrgetter("song")):
            starts_s = np.array([[window.start_s] for window in windows])  # all of a song at once: there may be many
            times = self.arrays["token_times"][self.arrays.songs[song].token_rows]  # (M, 2)
            begin, end = times.T[:, None] - starts_s[None]  # (windows, M) each
            most = max([most, *((end > 0) & (begin < self.frames / FPS)).sum(-1).tolist()])
        return most

    def batch(self, numbers: Iterable[int], speed: Tensor | None = None) -> Batch:
        """The windows with these numbers as one batch.

        ``speed`` (B,) near 1 makes dance, music and words of each window that many times faster: it begins at the same
        frame, and its frames are interpolated in that many times as many. Where the known frames end before, the
        speed is lower.
        """
        windows = tuple(self.windows[int(number)] for number in numbers)
        a = self.arrays
        rows = [a.songs[window.song] for window in windows]
        firsts = np.array([row.first_frame + window.first for row, window in zip(rows, windows, strict=True)])
        if speed is None:
            spans = [slice(first, first + self.frames) for first in firsts]
            found = {name: _stack(a[name], spans) for name in self._framewise}
            rates = np.ones(len(windows))
        else:
            stops = np.array([row.rows.stop for row in rows])
            found, rates = self._resampled(firsts, stops, speed.numpy().astype(np.float64))
        has_music = found["has_audio"].all(dim=1).float()
        heard = has_music[:, None, None]
        words = [self.tokens(w.song, w.start_s, rate) for w, rate in zip(windows, rates, strict=True)]
        return Batch(
            found["global_orient"],
            found["body_pose"],
            found["transl"],
            rest_joints=torch.from_numpy(a["rest_joints"][[row.number for row in rows]]),
            conditions=Conditions(
                found["log_mel"] * heard,
                found["rhythm"] * heard,
                has_music,
                *pad_tokens(words, a["token_states"].shape[1]),
                found["bar"] * heard if "bar" in found else found["rhythm"].new_zeros(*found["rhythm"].shape[:2], 2),
                self._learned(found),
                torch.zeros_like(has_music),
            ),
            items=windows,
        )

    @cached_property
    def _framewise(self) -> tuple[str, ...]:
        """Arrays of the data set that are cut into windows."""
        learned = sorted(name for name in self.arrays.arrays if name.startswith(LEARNED))
        return (*MOTION, *(name for name in MUSIC if name in self.arrays.arrays), *learned)

    def _learned(self, found: dict[str, Tensor]) -> Tensor:
        parts = [values for name, values in found.items() if name.startswith(LEARNED)]
        return torch.cat([found["rhythm"][..., :0], *parts], dim=-1)

    def _resampled(
        self, firsts: np.ndarray, stops: np.ndarray, speed: np.ndarray
    ) -> tuple[dict[str, Tensor], np.ndarray]:
        """Motion and music of the windows from rows ``firsts`` (B,) on, at ``speed`` (B,), and the speed that was used.

        No row from ``stops`` (B,) on is touched, nor one behind a frame without a body.
        """
        a, last = self.arrays, self.frames - 1
        reach = np.arange(math.ceil(last * max(1.0, speed.max())) + 1)  # (M,) frames that any window may need
        source = np.minimum(firsts[:, None] + reach, stops[:, None] - 1)
        known = np.logical_and.accumulate(a["valid"][source] & (firsts[:, None] + reach < stops[:, None]), axis=1)
        speed = np.minimum(speed, (known.sum(1) - 1) / last)
        place = np.arange(self.frames) * speed[:, None]  # (B, T) in frames of the song from the first on
        before = np.minimum(place.astype(np.int64), known.sum(1, keepdims=True) - 2)
        share = torch.from_numpy(place - before).float()[..., None]
        window = np.arange(len(speed))[:, None]
        found = {}
        for name in self._framewise:
            values = torch.from_numpy(a[name][source])  # (B, M, ...)
            if name in ("global_orient", "body_pose"):
                values = roma.rotvec_to_unitquat(values.float().unflatten(-1, (-1, 3)))
            start, end = values[window, before], values[window, before + 1]
            if name == "has_audio":
                found[name] = start & end
            elif name in ("global_orient", "body_pose"):
                found[name] = roma.unitquat_to_rotvec(slerp(start, end, share[..., None])).flatten(-2)
            else:
                found[name] = torch.lerp(start.float(), end.float(), share)
        # A beat stays one frame: the nearest one.
        number, frame = np.nonzero(a["rhythm"][source, BEAT] * known)
        frame = np.rint(frame / speed[number]).astype(np.int64)
        found["rhythm"][..., BEAT] = 0.0
        found["rhythm"][number[frame <= last], frame[frame <= last], BEAT] = 1.0
        return found, speed

    def tokens(self, song: str, start_s: float, speed: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """States and times of the tokens sung in the window from ``start_s`` on; times count from there, over speed."""
        inside, times = self._sung(song, start_s, speed)
        return self.arrays["token_states"][self.arrays.songs[song].token_rows][inside], times[inside]

    def _sung(self, song: str, start_s: float, speed: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Which of a song's tokens (M,) are sung in the window from ``start_s`` on, and the times (M, 2) of all."""
        times = (self.arrays["token_times"][self.arrays.songs[song].token_rows] - start_s) / speed
        return (times[:, 1] > 0) & (times[:, 0] < self.frames / FPS), times


def pad_tokens(parts: list[tuple[np.ndarray, np.ndarray]], width: int) -> tuple[Tensor, Tensor, Tensor]:
    """States (L_i, D) and times (L_i, 2) of B windows to (B, L, D), (B, L, 2) and the mask (B, L), L >= 1."""
    longest = max([1, *(len(states) for states, _ in parts)])
    tokens = torch.zeros(len(parts), longest, width)
    times = torch.zeros(len(parts), longest, 2)
    mask = torch.zeros(len(parts), longest, dtype=torch.bool)
    for i, (states, spans) in enumerate(parts):
        n = len(states)
        tokens[i, :n] = torch.from_numpy(np.asarray(states, dtype=np.float32))
        times[i, :n] = torch.from_numpy(np.asarray(spans, dtype=np.float32))
        mask[i, :n] = True
    return tokens, times, mask


def _stack(array: np.ndarray, spans: list[slice]) -> Tensor:
    rows = np.stack([array[span] for span in spans])
    return torch.from_numpy(rows if rows.dtype == bool else rows.astype(np.float32, copy=False))


def training_batches(count: int, batch_size: int, seed: int, first_step: int = 0) -> Iterator[np.ndarray]:
    """Endless batches of item numbers, shuffled anew each epoch; step ``n`` is the same whatever came before it.

    Every epoch has ``max(1, count // batch_size)`` steps; items left over by one epoch turn up in another.
    """
    steps = max(1, count // batch_size)
    step = first_step
    while True:
        epoch, within = divmod(step, steps)
        order = np.random.default_rng([seed, epoch]).permutation(count)
        yield order[within * batch_size : (within + 1) * batch_size]
        step += 1


def statistics(data: LyricsMusicDance) -> dict[str, Tensor]:
    """Mean and std of the music over the songs of ``data``; give it the training split only.

    Keys log_mel_mean, log_mel_std (128,), rhythm_mean, rhythm_std (4,), learned_mean, learned_std (E,). Columns that
    never change get std 1; without any music 0 and 1.
    """
    found = {}
    arrays = data.arrays.arrays
    learned = [arrays[name] for name in sorted(arrays) if name.startswith(LEARNED)]
    for name, parts in (("log_mel", [arrays["log_mel"]]), ("rhythm", [arrays["rhythm"]]), ("learned", learned)):
        width = sum(part.shape[1] for part in parts)
        total, squares, count = np.zeros(width), np.zeros(width), 0
        for song in data.songs if parts else ():
            rows = data.arrays.songs[song].rows
            heard = arrays["has_audio"][rows]
            values = np.concatenate([part[rows][heard] for part in parts], axis=1).astype(np.float64)
            total, squares, count = total + values.sum(0), squares + (values**2).sum(0), count + len(values)
        mean = total / max(count, 1)
        std = np.sqrt(np.maximum(squares / max(count, 1) - mean**2, 0))
        found[f"{name}_mean"] = torch.from_numpy(mean).float()
        found[f"{name}_std"] = torch.from_numpy(np.where(std < 1e-3, 1.0, std)).float()
    return found
