"""Where torch computes, and in which number format."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from justlmd.core.errors import InputError

PROBE_SIZE = 256  # rows and columns of the timed products
PROBE_SECONDS = 0.025  # spent on each number format
BF16_GAIN = 1.25  # bf16 is taken when it is this much faster: a near tie must not be decided by noise


def choose_device(device: str) -> str:
    """Turn ``auto``, ``cpu`` or ``cuda`` into a torch device that exists; raises InputError for a GPU that does not."""
    if device == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise InputError(
            "config 'device' is cuda, but torch finds no CUDA device", next_step="use auto or cpu, or mend the driver"
        )
    return "cpu"


def has_gpu_driver() -> bool:
    """Whether this machine has an NVIDIA driver; cheap, because torch is not asked."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def choose_precision(precision: str, device: str) -> str:
    """Turn ``auto`` into ``32-true`` or ``bf16-mixed``, whichever is faster on ``device``; other values stay.

    On a GPU bf16 is taken where it is native. CPUs differ by a factor of a hundred (without bf16 instructions torch
    emulates them), so on a CPU matrix products of both types are timed, 50 ms in all.
    """
    if precision != "auto":
        return precision
    import torch

    if device == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return "bf16-mixed" if native else "32-true"
    a, b = torch.ones(PROBE_SIZE, PROBE_SIZE), torch.ones(PROBE_SIZE, PROBE_SIZE)
    a16, b16 = a.bfloat16(), b.bfloat16()
    gain = _best_seconds(lambda: a @ b) / _best_seconds(lambda: a16 @ b16)
    return "bf16-mixed" if gain >= BF16_GAIN else "32-true"


def _best_seconds(work: Callable[[], object]) -> float:
    """Shortest wall time of ``work`` within the probe's time; the first run, which sets things up, does not count."""
    work()
    best, end = float("inf"), time.perf_counter() + PROBE_SECONDS
    while True:
        begin = time.perf_counter()
        work()
        now = time.perf_counter()
        best = min(best, now - begin)
        if now >= end:
            return best
