"""Speed of the models on the CPU, and whether the lyrics question finds planted links and nothing else.

    python -m benchmarks.models [--short] [--real] [--data DIR]

Training steps of V2 at the report's sizes beside a plain implementation from torch's own transformer layers, and beside
the time that its matrix products alone take at the rate measured in the same run; peak memory of the report's batch of
200; time to the first batch; generation speed; synthetic songs whose words trigger moves, or do not; whole dances to
held-out synthetic songs (:mod:`benchmarks.dances`). ``--real`` instead trains V2 and V3 on the songs of ``DIR/motion``
and tests each on the song left out (up to an hour; ``--short``: one song, one seed, few steps). Prints tables and
writes ``benchmarks/results/models.json`` or ``models_real.json``.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import kstest
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import options
from benchmarks.dances import CONFIGS, RESULTS, flat, planted, real_dataset, show_dances
from demo.planted_dataset import planted_dataset, write_planted_songs
from justlmd.body.model import load_body
from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from justlmd.core.device import choose_precision
from justlmd.core.files import read_json, read_npz, write_json
from justlmd.dataset.build import build_dataset, read_audio
from justlmd.lyrics.document import read_lyrics
from justlmd.motion.motion import to_yup
from justlmd.motion.smplfull import read_smplfull
from model.configuration import read_config
from model.data import BEAT, Batch, Conditions, LyricsMusicDance
from model.evaluation.leave_one_out import MEASURES, compare, leave_one_out
from model.evaluation.lyrics_ablation import WindowErrors, lyrics_question
from model.generation.generate import dance, window_starts
from model.networks.transformer_cvae import position_code
from model.training.checkpoint import build_model, load_model
from model.training.train import train

DANCE_STEPS = {False: 1200, True: 40}
"""Training steps of V3 in the table of whole dances: as many as in the demo; few with ``--short``."""

NEAR_S = 0.5
"""A frame this near to a planted move's peak counts as being at the move."""


class PlainCVAE(nn.Module):
    """The report's network straight from torch's layers, sequence first, as figure 3.8 is usually written down."""

    def __init__(self, d: int = 512) -> None:
        super().__init__()
        sizes: dict[str, Any] = {"d_model": d, "nhead": 4, "dim_feedforward": 1024, "activation": "gelu"}
        self.embed, self.condition = nn.Linear(256 + 78, d), nn.Linear(256, d)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(**sizes), 4, enable_nested_tensor=False)
        self.to_latent, self.to_memory = nn.Linear(SEQUENCE_FRAMES, 2), nn.Linear(SEQUENCE_FRAMES + 1, SEQUENCE_FRAMES)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(**sizes), 4)
        self.output, self.code = nn.Linear(d, 78), position_code(SEQUENCE_FRAMES, d)[:, None]

    def loss(self, motion: Tensor, condition: Tensor) -> Tensor:
        """Loss of motion (T, B, 78) and condition (T, B, 256)."""
        x = self.encoder(self.embed(torch.cat([condition, motion], -1)) + self.code)
        mean, log_variance = self.to_latent(x.permute(1, 2, 0)).unbind(-1)
        z = mean + torch.randn_like(mean) * torch.exp(log_variance / 2)
        steps = torch.cat([z[None], self.condition(condition)])
        memory = self.to_memory(steps.permute(1, 2, 0)).permute(2, 0, 1)
        found = self.output(self.decoder(self.code.expand(-1, motion.shape[1], -1).contiguous(), memory))
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum()
        return nn.functional.mse_loss(found.float(), motion) + 1e-5 * kl


def random_batch(size: int, frames: int = SEQUENCE_FRAMES) -> Batch:
    """Windows of small random motion with music and 60 tokens."""
    g = torch.Generator().manual_seed(0)
    T, rest = frames, torch.from_numpy(load_body().rest_joints().astype(np.float32))
    times = torch.linspace(0, 5.8, 60)[None, :, None].expand(size, -1, 2) + torch.tensor([0.0, 0.1])
    conditions = Conditions(
        torch.randn(size, T, 128, generator=g), torch.rand(size, T, 4, generator=g), torch.ones(size),
        torch.randn(size, 60, 384, generator=g), times, torch.ones(size, 60).bool(),
        torch.zeros(size, T, 2), torch.zeros(size, T, 0), torch.zeros(size),
    )  # fmt: skip
    motion = [0.3 * torch.randn(size, T, n, generator=g) for n in (3, 69, 3)]
    return Batch(*motion, rest.expand(size, 24, 3), conditions, whole=size)


def step_seconds(loss: Callable[[], Tensor], model: nn.Module, bf16: bool, repeats: int, fused: bool = False) -> float:
    """Median wall time of zero_grad, forward, backward and AdamW; the first step is not counted."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=fused)
    found = []
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            value = loss()
        value.backward()
        optimizer.step()
        found.append(time.perf_counter() - begin)
    return float(np.median(found[1:]))


def matmul_rate(dtype: torch.dtype) -> float:
    """Best measured rate in GFLOP/s of the network's largest products, (3600 x 512) by (512 x 1024)."""
    a, b = torch.randn(3600, 512).to(dtype), torch.randn(512, 1024).to(dtype)
    best = np.inf
    for _ in range(30):
        begin = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - begin)
    return 2 * 3600 * 512 * 1024 / best / 1e9


def training_speed(short: bool) -> dict[str, dict[str, float]]:
    """Seconds per step of V2 at the report's sizes, batch 20: ours, the plain one, and the products alone."""
    config, batch, repeats = read_config(CONFIGS / "v2_report.yaml"), random_batch(20), 3 if short else 10
    torch.manual_seed(0)
    model, plain, g = build_model(config), PlainCVAE(), torch.Generator().manual_seed(0)
    with FlopCounterMode(display=False) as counter:
        model.losses(batch, g, 0.0)["loss"].backward()
    flops = counter.get_total_flops()
    motion, condition = torch.randn(SEQUENCE_FRAMES, 20, 78), torch.randn(SEQUENCE_FRAMES, 20, 256)
    results = {}
    chosen = choose_precision("auto", "cpu")
    for name, bf16 in (("fp32", False), ("bf16", True)):
        if bf16 and chosen != "bf16-mixed":
            continue  # emulated here: minutes a step
        floor = flops / matmul_rate(torch.bfloat16 if bf16 else torch.float32) / 1e9
        ours = step_seconds(lambda: model.losses(batch, g, 0.0)["loss"], model, bf16, repeats, fused=True)
        theirs = step_seconds(lambda: plain.loss(motion, condition), plain, bf16, repeats)
        results[f"v2_step_{name}"] = {
            "ours_s": ours, "plain_s": theirs, "floor_s": floor, "fraction_of_floor": floor / ours,
            "times_faster": theirs / ours, "tflop": flops / 1e12,
        }  # fmt: skip
    return results


def large_batch_memory_gb() -> float:
    """Peak memory of a process that does one step of the report's batch of 200 in parts of 20."""
    code = (
        "from benchmarks.models import one_large_step; import resource; one_large_step();"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def one_large_step() -> None:
    """A training step of 200 windows in 10 parts, as ``accumulate: 10`` does it."""
    model, g = build_model(read_config(CONFIGS / "v2_report.yaml")), torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    bf16 = choose_precision("auto", "cpu") == "bf16-mixed"
    for _ in range(10):
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = model.losses(random_batch(20)._replace(whole=200), g, 0.0)["loss"]
        (loss / 10).backward()
    optimizer.step()


def first_batch(folder: Path, songs: int) -> dict[str, float]:
    """Seconds to the first training batch: memory-mapped, and by reading every song's JSON and features."""
    body, files = load_body(), write_planted_songs(folder / "songs", seed=1, n_songs=songs)[0]
    build_dataset(files, folder / "data", body)
    begin = time.perf_counter()
    data = LyricsMusicDance(folder / "data", "train", stride=15)
    data.batch(range(16))
    ours = time.perf_counter() - begin
    wanted = set(data.songs)
    begin = time.perf_counter()
    for song in (song for song in files if song.song in wanted):
        motion = to_yup(read_smplfull(song.motion), body)
        read_audio(song.audio, round(FPS * read_lyrics(song.lyrics).first_line_s), len(motion))
        read_npz(song.embeddings)
    parsed = time.perf_counter() - begin
    return {"mapped_s": ours, "parsed_s": parsed, "times_faster": parsed / ours, "songs": len(wanted)}


def generation_speed(short: bool) -> dict[str, dict[str, float]]:
    """Seconds of dance per second of computing, joined to one dance of two minutes."""
    body, found = load_body(), {}
    frames = (30 if short else 120) * FPS
    starts = window_starts(frames)
    for name, config in (("v2", "v2_report"), ("v3", "v3_small"), ("v4", "v4_small"), ("v5", "v5_small")):
        model, times = build_model(read_config(CONFIGS / f"{config}.yaml")).eval(), []
        windows, length = ([0], frames) if model.whole_song else (starts, SEQUENCE_FRAMES)
        conditions = random_batch(len(windows), length).conditions
        conditions.rhythm[..., BEAT] = (torch.arange(length) % 15 == 0).float()
        for _ in range(4):
            begin = time.perf_counter()
            dance(model, conditions, windows, frames, body, 0, "cpu")
            times.append(time.perf_counter() - begin)
        found[f"generate_{name}"] = {"times_real_time": frames / FPS / min(times)}
    return found


def probed(folder: Path, seed: int, songs: int, shuffled: bool, steps: int) -> dict[str, Any]:
    """Train the probe on synthetic songs and ask the lyrics question of the held-out ones."""
    danced = planted_dataset(folder / "data", seed, songs, shuffled, test_fraction=0.3, val_fraction=0.05)
    config = read_config(CONFIGS / "v3_probe.yaml")
    config = replace(config, training=replace(config.training, steps=steps, eval_every=steps))
    train(folder / "data", folder / "model", config, seed, "cpu")
    model, data = load_model(folder / "model")[0], LyricsMusicDance(folder / "data", "test")
    result = lyrics_question(model, data, seed=seed)
    return result | {"at_move_mm": at_moves(model, data, danced)}


def at_moves(model: Any, data: LyricsMusicDance, danced: dict[str, dict[str, np.ndarray]]) -> dict[str, float]:
    """Error with the sung words minus with those of the song's next window, at the planted moves and elsewhere."""
    errors, songs = WindowErrors(model, data, "cpu"), np.array([window.song for window in data.windows])
    own = np.arange(len(songs))
    other = np.array([np.roll(np.flatnonzero(songs == s), -1)[(songs[:n] == s).sum()] for n, s in enumerate(songs)])
    difference = 1000 * (errors.frames(own, own) - errors.frames(own, other))
    seconds = np.array([w.start_s for w in data.windows])[:, None] + np.arange(SEQUENCE_FRAMES) / FPS
    peaks = [danced[song]["time_s"] for song in songs]
    near = np.array([(np.abs(t[:, None] - p).min(1) <= NEAR_S) for t, p in zip(seconds, peaks, strict=True)])
    return {"near": float(difference[near].mean()), "elsewhere": float(difference[~near].mean())}


def instrument(short: bool) -> dict[str, dict[str, float]]:
    """Planted links, and the p-values of repeats without any."""
    songs, steps, repeats = (20, 170, 2) if short else (48, 300, 12)
    with tempfile.TemporaryDirectory() as scratch:
        link = probed(Path(scratch) / "link", 100, songs, False, steps)
        null = [probed(Path(scratch) / f"{n}", 200 + n, 20, True, 170) for n in range(repeats)]
    p = np.array([result["p_permutation"] for result in null])
    shuffled = link["both_minus"]["shuffled within the song"]
    return {
        "planted_link": {
            "p_permutation": link["p_permutation"], "true_minus_shuffled_mm": shuffled["value"],
            "low_mm": shuffled["low"], "high_mm": shuffled["high"], "best_shift_s": link["time"]["best_s"],
            "at_moves_mm": link["at_move_mm"]["near"], "elsewhere_mm": link["at_move_mm"]["elsewhere"],
            "sequences": link["windows"],
        },
        "shuffled_words": {
            "repeats": repeats, "p_min": p.min(), "p_median": np.median(p), "p_max": p.max(),
            "share_below_005": (p < 0.05).mean(),
            "uniform_ks_p": float(kstest(p, "uniform").pvalue),
        },
    }  # fmt: skip


def real_songs(data: Path, short: bool) -> dict[str, Any]:
    """V2 and V3 on real songs, each left out in turn; the small configurations, without mirroring, 400 steps each."""
    steps, seeds = (60, [0]) if short else (400, [0, 1, 2])
    configs = {}
    for name in ("v2", "v3"):
        config = read_config(CONFIGS / f"{name}_small.yaml")
        configs[name] = replace(config, training=replace(config.training, steps=steps, patience=0))
    with tempfile.TemporaryDirectory() as scratch:
        real_dataset(data / "motion", Path(scratch))
        folder = Path(scratch) / "data"
        groups = sorted(LyricsMusicDance(folder, "train").arrays.songs)[:1] if short else None
        rows = leave_one_out(folder, configs, Path(scratch) / "folds", seeds, groups, "cpu")
        results = [read_json(path) for path in sorted(Path(scratch).glob("folds/*/evaluation_*/metrics.json"))]
    print(f"{'left out':24} {'seed':4} {'model':5} " + " ".join(f"{name:>12}" for name in MEASURES))
    for row in rows:
        values = " ".join(f"{row[name]:12.3f}" for name in MEASURES)
        print(f"{row['group'][:24]:24} {row['seed']:4} {row['model']:5} {values}")
    print("whole dances, means over songs and seeds")
    show_dances(mean_table([result["dances"]["methods"] for result in results]))
    difference = compare(rows, "v2", "v3")
    for name, found in difference.items():
        print(f"v3 minus v2, {name}: {found['value']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}], p {found['p']}")
    return {"steps": steps, "rows": rows, "v3_minus_v2": difference}


def mean_table(tables: list[dict[str, dict[str, dict[str, float | None]]]]) -> dict[str, dict[str, dict[str, float]]]:
    """The mean of every measure of every dancer over evaluations that have it."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name, column in tables[0].items():
        values = {key: [table[name].get(key, {}).get("value") for table in tables] for key in column}
        known = {key: [value for value in row if value is not None] for key, row in values.items()}
        found[name] = {key: {"value": float(np.mean(row)) if row else float("nan")} for key, row in known.items()}
    return found


def show(results: dict[str, dict[str, float]]) -> None:
    for name, row in results.items():
        print(f"{name:20}" + "   ".join(f"{key} {value:.4g}" for key, value in row.items()))


def main() -> None:
    parser = options.parser(__doc__, short="fewer repeats and songs", data="folder with motion/<song>/ (--real)")
    parser.add_argument("--real", action="store_true", help="V2 against V3 on real songs, each left out in turn")
    args = parser.parse_args()
    if args.real:
        write_json(RESULTS / "models_real.json", real_songs(args.data, args.short))
        return
    torch.set_num_threads(2)
    results: dict[str, dict[str, float]] = training_speed(args.short)
    results["v2_batch_200"] = {"peak_memory_gb": large_batch_memory_gb()}
    with tempfile.TemporaryDirectory() as scratch:
        results["first_batch"] = first_batch(Path(scratch), 8 if args.short else 48)
    results |= generation_speed(args.short)
    show(results)
    print("training the probe on synthetic songs")
    found = instrument(args.short)
    show(found)
    print(f"whole dances to synthetic songs, V3 trained for {DANCE_STEPS[args.short]} steps")
    dances = planted(args.short, DANCE_STEPS[args.short])
    show_dances(dances)
    rows = {name: {key: float(value) for key, value in row.items()} for name, row in (results | found).items()}
    write_json(RESULTS / "models.json", rows | flat({"planted": dances}))


if __name__ == "__main__":
    main()
