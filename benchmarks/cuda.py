"""What a GPU changes: the fit of mesh recovery and training steps of the models, beside the CPU of the same machine.

    python -m benchmarks.cuda [--short]

Prints a table and writes ``benchmarks/results/cuda.json``; without a CUDA device it says so and measures nothing.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmarks import options
from benchmarks.models import CONFIGS, random_batch
from benchmarks.points import dance_of
from justlmd.body.model import load_body
from justlmd.core.files import write_json
from justlmd.recovery.fit import recover
from model.configuration import read_config
from model.training.checkpoint import build_model

RESULTS = Path(__file__).parent / "results" / "cuda.json"
DEVICES = ("cpu", "cuda")


def timed(work: Callable[[], object], repeats: int) -> float:
    """Median wall time in seconds, the first run not counted."""
    found = []
    for _ in range(repeats + 1):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        work()
        torch.cuda.synchronize()
        found.append(time.perf_counter() - begin)
    return float(np.median(found[1:]))


def fit(frames: int, repeats: int) -> dict[str, float]:
    """Frames per second of the fit of one song of that length, a dance of the demo over and over."""
    body = load_body()
    keypoints2d = dance_of(frames, body)
    row: dict[str, float] = {"frames": frames}
    for device in DEVICES:
        row[f"{device}_frames_per_s"] = frames / timed(partial(recover, keypoints2d, body, device=device), repeats)
    return row


def step(config: str, size: int, bf16: bool, repeats: int) -> dict[str, float]:
    """Seconds per training step of ``size`` windows."""
    row: dict[str, float] = {"windows": size}
    for device in DEVICES:
        torch.manual_seed(0)
        model = build_model(read_config(CONFIGS / config)).to(device)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
        batch, generator = random_batch(size).to(device), torch.Generator().manual_seed(0)

        def once(model=model, optimizer=optimizer, batch=batch, generator=generator, device=device) -> None:
            optimizer.zero_grad()
            with torch.autocast(device, torch.bfloat16, enabled=bf16):
                loss = model.losses(batch, generator, 0.5)["loss"]
            loss.backward()
            optimizer.step()

        torch.cuda.reset_peak_memory_stats()
        row[f"{device}_s"] = timed(once, 2 if device == "cpu" else repeats)
    return row | {"cuda_peak_memory_mb": round(torch.cuda.max_memory_allocated() / 2**20)}


def main() -> None:
    parser = options.parser(__doc__, short="shorter songs, fewer repeats")
    short = parser.parse_args().short
    if not torch.cuda.is_available():
        print("no CUDA device: nothing to measure")
        return
    repeats = 3 if short else 20
    result = {"fit": fit(1200 if short else 9000, 2)}
    for config in ("v2_report", "v3_small"):
        for bf16 in (False, True):
            result[f"{config}_{'bf16' if bf16 else 'fp32'}"] = step(f"{config}.yaml", 20, bf16, repeats)
    for row in result.values():
        speeds = [row.get(f"{d}_frames_per_s", 1 / row.get(f"{d}_s", 1)) for d in DEVICES]
        row["times_faster"] = speeds[1] / speeds[0]
    print(f"{torch.cuda.get_device_name()}, {torch.get_num_threads()} CPU threads, torch {torch.__version__}")
    for name, row in result.items():
        print(f"{name:16s} " + ", ".join(f"{key} {value:.4g}" for key, value in row.items()))
    write_json(RESULTS, result)


if __name__ == "__main__":
    main()
