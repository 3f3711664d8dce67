"""Train ``justlmd/data/lifter.npz``, the network of :mod:`justlmd.recovery.lifter`.

    python -m tools.train_lifter --takes takes.npz ... [--without SOURCE ...] [--steps N] [--seed N] [--out FILE]

It learns from takes that MediaPipe's networks saw (``python -m tools.film_takes``), and from many more that were only
projected: there MediaPipe's metres are guessed by a linear map of the true points, and the differences that the real
takes show are replayed, a second at a time. ``--without`` leaves a source of motion out, for figures on it.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from justlmd.body.camera import assumed_focal_px
from justlmd.body.landmarks import LANDMARKS
from justlmd.body.model import Body, load_body
from justlmd.core.files import write_npz
from justlmd.recovery.lifter import (
    DILATIONS,
    FEATURES,
    LIFTER_PATH,
    OUTPUTS,
    Lifter,
    features,
    load_lifter,
    mirrored_features,
    mirrored_segments,
    views,
)
from justlmd.recovery.skeleton import SEGMENTS, segment_matrix
from tools.film_takes import (
    Dance,
    Take,
    captured_dances,
    own_dances,
    random_camera,
    random_dances,
    read_takes,
    true_points,
    varied,
)

FRAMES = 64
BATCH = 32
WIDTH = 96
REAL_SHARE = 0.3
"""Of a batch: takes that the networks really saw."""
LEARNING_RATE = 2e-3
_HIPS = [LANDMARKS.index(23), LANDMARKS.index(24)]


@dataclass(frozen=True)
class Errors:
    """What MediaPipe makes of true points, by the view: ``map`` (70, 69) of its metres, and residuals of N seconds:
    ``rays`` (N, T, 23, 2) in spreads of the body, ``world`` (N, T, 23, 3), ``confidence`` (N, T, 23), ``facing``
    (N, 2) the mean direction of the hips in the view's x and z."""

    map: np.ndarray
    rays: np.ndarray
    world: np.ndarray
    confidence: np.ndarray
    facing: np.ndarray


@dataclass(frozen=True)
class Seconds:
    """N pieces of FRAMES frames: what was seen (focal length true, about the middle of the frame), and the truth.

    ``rays``, ``confidence``, ``world`` as for :func:`justlmd.recovery.lifter.features`, ``segments`` (N, T, S, 3) in
    camera axes in rest lengths, ``focal`` (N,) true over assumed focal length.
    """

    rays: np.ndarray
    confidence: np.ndarray
    world: np.ndarray
    segments: np.ndarray
    focal: np.ndarray

    def __len__(self) -> int:
        return len(self.rays)


def parts_of(points: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Segments (..., S, 3) in rest lengths of points (..., 23, 3)."""
    matrix = segment_matrix()
    return (matrix @ points) / np.linalg.norm(matrix @ rest, axis=-1)[:, None]


def seconds_of(takes: Sequence[Take], step: int) -> Seconds:
    """Pieces of takes, every ``step`` frames, without frames where nobody was found."""
    rows = []
    for take in takes:
        rays = (take.keypoints[:, LANDMARKS, :2] - np.array(take.size) / 2) / take.focal
        confidence = np.clip(take.keypoints[:, LANDMARKS, 2], 0, 1)
        segments = parts_of(take.points, take.rest)
        for start in range(0, len(rays) - FRAMES + 1, step):
            piece = slice(start, start + FRAMES)
            if np.isfinite(rays[piece]).all():
                world = take.world[piece][:, LANDMARKS]
                factor = take.focal / assumed_focal_px(take.size)
                rows.append((rays[piece], confidence[piece], world, segments[piece], factor))
    return Seconds(*(np.stack([np.asarray(row[n], np.float32) for row in rows]) for n in range(5)))


def projected_points(dances: Sequence[Dance], count: int, rng: np.random.Generator, body: Body) -> Seconds:
    """``count`` pieces of varied dances as a perfect detector would see them; ``world`` are the true points, metres."""
    sources = sorted({dance.source for dance in dances})
    rows = []
    for _ in range(count):
        source = "random" if "random" in sources and rng.random() < 0.3 else rng.choice(sources)
        index = int(rng.choice([n for n, dance in enumerate(dances) if dance.source == source]))
        motion = varied(dances, index, FRAMES, rng, natural=rng.random() < 0.25)
        camera = random_camera(motion.joints(body), rng)
        points, rest = true_points(motion, camera, body)
        rays = points[..., :2] / points[..., 2:]
        factor = camera.K[0, 0] / assumed_focal_px(camera.size)
        rows.append((rays, np.ones(rays.shape[:2]), points, parts_of(points, rest), factor))
    return Seconds(*(np.stack([np.asarray(row[n], np.float32) for row in rows]) for n in range(5)))


def measured_errors(takes: Sequence[Take]) -> Errors:
    """How MediaPipe's points differ from the true ones in real takes."""
    seen, truth = seconds_of(takes, FRAMES // 2), _truth_of(takes)
    about, spread = _in_view(truth)
    design = np.concatenate([about.reshape(-1, 69), np.ones((about[..., 0, 0].size, 1))], axis=1)
    target = seen.world.reshape(-1, 69)
    gram = design.T @ design + 1e-3 * len(design) * np.eye(70)
    map_ = np.linalg.solve(gram, design.T @ target)
    residual = (target - design @ map_).reshape(seen.world.shape)
    rays = (seen.rays - truth[..., :2] / truth[..., 2:]) / spread[..., None, None]
    return Errors(map_, rays.astype(np.float32), residual.astype(np.float32), seen.confidence, _facing(about))


def _truth_of(takes: Sequence[Take]) -> np.ndarray:
    rows = []
    for take in takes:
        found = np.isfinite(take.keypoints[:, 0, 0])
        starts = range(0, len(found) - FRAMES + 1, FRAMES // 2)
        rows += [take.points[start : start + FRAMES] for start in starts if found[start : start + FRAMES].all()]
    return np.stack(rows)


def _in_view(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points about the hips in the view's axes, in units of half a metre by the body's own spread, and the spread of
    the rays (..., T)."""
    rays = points[..., :2] / points[..., 2:]
    about = points - points[..., _HIPS, :].mean(-2, keepdims=True)
    about = about @ np.swapaxes(views(rays), -1, -2)
    usual = np.sqrt(np.square(about).sum(-1).mean(-1)).mean(-1)[..., None, None, None]
    centred = rays - rays[..., _HIPS, :].mean(-2, keepdims=True)
    return about / usual * 0.5, np.sqrt(np.square(centred).sum(-1).mean(-1))


def _facing(about: np.ndarray) -> np.ndarray:
    across = (about[..., _HIPS[0], :] - about[..., _HIPS[1], :])[..., [0, 2]].mean(-2)
    return across / np.linalg.norm(across, axis=-1, keepdims=True).clip(1e-6)


def with_errors(truth: Seconds, errors: Errors, rng: np.random.Generator) -> Seconds:
    """Pieces as MediaPipe might see them: the linear map of its metres, and errors of takes that face alike."""
    about, spread = _in_view(truth.world)
    alike = _facing(about) @ errors.facing.T + 0.5 * rng.gumbel(size=(len(truth), len(errors.facing)))
    choice = alike.argmax(1)
    world = (about.reshape(-1, 69) @ errors.map[:-1] + errors.map[-1]).reshape(about.shape) + errors.world[choice]
    rays = truth.rays + errors.rays[choice] * spread[..., None, None]
    return Seconds(
        rays.astype(np.float32), errors.confidence[choice], world.astype(np.float32), truth.segments, truth.focal
    )


def batch(seconds: Seconds, index: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Features and true segments in the view of some pieces, as the fit would see them.

    The focal length is mostly the assumed one; some pieces lack metres, some landmarks; half are mirrored.
    """
    count = len(index)
    known = rng.random(count) < 0.25
    rays = seconds.rays[index] * np.where(known, 1, seconds.focal[index])[:, None, None, None]
    confidence, world = seconds.confidence[index].copy(), seconds.world[index].copy()
    world[rng.random(count) < 0.12] = np.nan
    for piece in np.flatnonzero(rng.random(count) < 0.15):
        hidden = rng.choice(len(LANDMARKS), rng.integers(1, 8), replace=False)
        hidden = hidden[~np.isin(hidden, _HIPS)]
        start = rng.integers(FRAMES)
        confidence[piece, start : start + rng.integers(5, FRAMES), hidden] = 0
    for piece in np.flatnonzero(rng.random(count) < 0.1):  # nobody found for some frames
        first = int(rng.integers(FRAMES))
        gap = slice(first, first + int(rng.integers(1, 10)))
        confidence[piece, gap], world[piece, gap] = 0, np.nan
    rays = rays + rng.normal(0, 1, rays.shape) * rng.exponential(0.002, (count, 1, 1, 1))
    seen, view = features(rays, confidence, world)
    segments = seconds.segments[index] @ np.swapaxes(view, -1, -2)
    flip = rng.random(count) < 0.5
    seen[flip], segments[flip] = mirrored_features(seen[flip]), mirrored_segments(segments[flip])
    return seen, segments.astype(np.float32)


class Network(nn.Module):
    """The network as it is trained; :meth:`lifter` gives what is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, OUTPUTS, bias=False)
        self.first = nn.Conv1d(FEATURES, WIDTH, 1)
        self.taps = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, 3, dilation=step, padding=step, padding_mode="replicate") for step in DILATIONS
        )
        self.mix = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 1) for _ in DILATIONS)
        self.last = nn.Conv1d(WIDTH, OUTPUTS, 1)
        nn.init.zeros_(self.linear.weight)
        for layer in (self.last, *self.mix):
            nn.init.zeros_(layer.bias)
            layer.weight.data *= 0.1

    def forward(self, seen: Tensor, dropout: float = 0.0) -> Tensor:
        """Outputs (B, T, OUTPUTS) of features (B, T, FEATURES)."""
        hidden = self.first(nn.functional.dropout(seen, dropout, self.training).mT).relu()
        for taps, mix in zip(self.taps, self.mix, strict=True):
            hidden = hidden + mix(nn.functional.dropout(taps(hidden).relu(), dropout, self.training))
        return self.linear(seen) + self.last(hidden).mT

    def start_linear(self, seen: np.ndarray, segments: np.ndarray) -> None:
        """Begin with the ridge regression of the segments by the features of the frame itself."""
        design, target = seen.reshape(-1, FEATURES), segments.reshape(-1, len(SEGMENTS), 3)
        gram = design.T @ design + 0.02 * len(design) * np.eye(FEATURES)
        weight = np.zeros((FEATURES, len(SEGMENTS), 5))
        weight[..., :3] = np.linalg.solve(gram, design.T @ target.reshape(len(design), -1)).reshape(FEATURES, -1, 3)
        self.linear.weight.data = torch.as_tensor(weight.reshape(FEATURES, OUTPUTS).T, dtype=torch.float32)
        bias: Any = self.last.bias
        bias.data.view(-1, 5)[:, 3:] = -1.5

    def lifter(self) -> Lifter:
        """The weights in the layout of :class:`~justlmd.recovery.lifter.Lifter`, rounded to half precision."""

        def kept(values: Any) -> np.ndarray:
            return values.detach().numpy().astype(np.float16).astype(np.float32)

        taps: Any = self.taps
        mix: Any = self.mix
        return Lifter(
            linear=kept(self.linear.weight.T),
            first=kept(self.first.weight[..., 0].T),
            first_bias=kept(self.first.bias),
            taps=np.stack([kept(layer.weight.permute(2, 1, 0)) for layer in taps]),
            taps_bias=np.stack([kept(layer.bias) for layer in taps]),
            mix=np.stack([kept(layer.weight[..., 0].T) for layer in mix]),
            mix_bias=np.stack([kept(layer.bias) for layer in mix]),
            last=kept(self.last.weight[..., 0].T),
            last_bias=kept(self.last.bias),
        )

    def go_on_from(self, lifter: Lifter) -> None:
        """Take over the weights of an earlier training."""

        def taken(layer: Any, weight: np.ndarray, bias: np.ndarray) -> None:
            layer.weight.data = torch.as_tensor(np.ascontiguousarray(weight).reshape(layer.weight.shape))
            layer.bias.data = torch.as_tensor(bias)

        self.linear.weight.data = torch.as_tensor(np.ascontiguousarray(lifter.linear.T))
        taken(self.first, lifter.first.T, lifter.first_bias)
        taken(self.last, lifter.last.T, lifter.last_bias)
        for number in range(len(DILATIONS)):
            taken(self.taps[number], lifter.taps[number].transpose(2, 1, 0), lifter.taps_bias[number])
            taken(self.mix[number], lifter.mix[number].T, lifter.mix_bias[number])


def loss_of(outputs: Tensor, segments: Tensor) -> Tensor:
    """Negative log likelihood of a Gaussian across and along the line of sight, each term weighted by its own standard
    deviation (Seitzer et al., "On the pitfalls of heteroscedastic uncertainty estimation", ICLR 2022), and of how the
    segments change from frame to frame."""
    parts = outputs.unflatten(-1, (len(SEGMENTS), 5))
    miss, logarithm = parts[..., :3] - segments, parts[..., 3:].clamp(-4.5, 1)
    squared = torch.stack([miss[..., :2].square().sum(-1) / 2, miss[..., 2].square()], dim=-1)
    weight = logarithm.detach().exp() * torch.tensor([2.0, 1.0])
    likelihood = weight * (squared * torch.exp(-2 * logarithm) / 2 + logarithm)
    return likelihood.mean() + 2 * miss.diff(dim=1).square().mean()


def trained(
    seconds: Seconds, real: Seconds, steps: int, seed: int, errors: Errors, start: Lifter | None = None
) -> Network:
    """Train on projected pieces ``seconds`` and ``real`` ones, from ``start`` on where there is one."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Network()
    if start is None:
        network.start_linear(*batch(with_errors(seconds, errors, rng), np.arange(len(seconds)), rng))
    else:
        network.go_on_from(start)
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.1)
    some = round(REAL_SHARE * BATCH)
    for step in range(steps):
        index = rng.choice(len(seconds), BATCH - some, replace=False)
        picked = Seconds(*(getattr(seconds, name)[index] for name in Seconds.__dataclass_fields__))
        first = batch(with_errors(picked, errors, rng), np.arange(len(index)), rng)
        second = batch(real, rng.choice(len(real), some), rng)
        seen, segments = (torch.as_tensor(np.concatenate(pair)) for pair in zip(first, second, strict=True))
        loss = loss_of(network(seen, dropout=0.1), segments)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 200 == 0:
            print(f"{step:5d} {loss.item():.4f}", flush=True)
    return network


def main() -> None:
    """Train, and write the weights."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_lifter", description=__doc__.splitlines()[0])
    parser.add_argument("--takes", type=Path, nargs="+", required=True, help="files of tools.film_takes")
    parser.add_argument("--mocap", type=Path, required=True, help="folder of the motion capture's BVH files")
    parser.add_argument("--without", nargs="*", default=[], help="sources that are left out")
    parser.add_argument("--pieces", type=int, default=2500, help="projected seconds (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=3000, help="of training (default: %(default)s)")
    parser.add_argument("--start", type=Path, help="weights of an earlier training to go on from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=LIFTER_PATH, help="file to write (default: %(default)s)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    body = load_body()
    takes = [take for path in arguments.takes for take in read_takes(path) if take.source not in arguments.without]
    dances = own_dances(body) + random_dances(body) + captured_dances(arguments.mocap, body)
    dances = [dance for dance in dances if dance.source not in arguments.without]
    rng = np.random.default_rng([arguments.seed, 1])
    projected = projected_points(dances, arguments.pieces, rng, body)
    print(f"{len(takes)} takes, {len(projected)} projected seconds", flush=True)
    start = load_lifter(arguments.start) if arguments.start else None
    real, errors = seconds_of(takes, 16), measured_errors(takes)
    network = trained(projected, real, arguments.steps, arguments.seed, errors, start)
    write_npz(arguments.out, **{name: half(values) for name, values in vars(network.lifter()).items()})


def half(values: np.ndarray) -> np.ndarray:
    """As the file keeps it."""
    return values.astype(np.float16)


if __name__ == "__main__":
    main()
