"""What a job gains from two threads, alone and beside another: frames/s of the fit of mesh recovery.

    python -m benchmarks.threads [--short]

Processes with one or two threads in every library fit the same projected dance, one process alone and two side by side
that begin together, as Snakemake runs songs. Each arrangement is run several times in turn with the others, so that
what else the computer does meets all of them; figures are medians. CPU seconds are user and system time of all
processes, memory is the largest that one of them had resident. At the end one process fits a song of five minutes.
Prints a table and writes ``benchmarks/results/threads.json``.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks import options
from justlmd.core.files import write_json

FIVE_MINUTES = 9000  # frames
RESULTS = Path(__file__).parent / "results" / "threads.json"
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
ARRANGEMENTS = [(jobs, threads) for jobs in (1, 2) for threads in (1, 2)]


def work(frames: int) -> None:
    """Fit once to load everything; then, at a word from outside, fit ``frames`` frames and say the seconds and MB."""
    from benchmarks.points import dance_of
    from justlmd.body.model import load_body
    from justlmd.recovery.fit import recover

    body = load_body()
    recover(dance_of(64, body), body)
    keypoints2d = dance_of(frames, body)
    print("ready", flush=True)
    sys.stdin.readline()
    before = resource.getrusage(resource.RUSAGE_SELF)
    recover(keypoints2d, body)
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(seconds, after.ru_maxrss / 1024, flush=True)


def measured(jobs: int, threads: int, frames: int) -> tuple[float, float, float]:
    """Frames per second of all jobs together, CPU seconds per 1,000 frames, and the most MB of one job."""
    command = [sys.executable, "-m", "benchmarks.threads", "--work", str(frames)]
    environment = os.environ | dict.fromkeys(VARIABLES, str(threads)) | {"OMP_WAIT_POLICY": "PASSIVE"}
    processes = [
        subprocess.Popen(command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(jobs)
    ]
    for process in processes:
        if process.stdout.readline().strip() != "ready":
            raise SystemExit("a job ended before it began")
    begin = time.perf_counter()
    for process in processes:
        process.stdin.write("begin\n")
        process.stdin.flush()
    used = np.array([process.stdout.readline().split() for process in processes], float)
    seconds = time.perf_counter() - begin
    for process in processes:
        process.communicate()
    return jobs * frames / seconds, 1000 * used[:, 0].sum() / (jobs * frames), used[:, 1].max()


def main() -> None:
    parser = options.parser(__doc__, short="300 frames once instead of 900 five times")
    parser.add_argument("--work", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work)
        return
    found: dict[tuple[int, int, int], list[tuple[float, float, float]]] = defaultdict(list)
    usual = 300 if arguments.short else 900
    for _ in range(1 if arguments.short else 5):
        for jobs, threads in ARRANGEMENTS:
            found[jobs, threads, usual].append(measured(jobs, threads, usual))
    if not arguments.short:
        found[1, 1, FIVE_MINUTES].append(measured(1, 1, FIVE_MINUTES))
    table = {}
    print(f"{'jobs at once':>12} {'threads each':>12} {'frames':>7} {'frames/s':>9} {'CPU s/1,000':>12} {'MB':>6}")
    for (jobs, threads, frames), rows in found.items():
        rate, cpu, peak_mb = np.median(rows, axis=0).tolist()
        print(f"{jobs:12} {threads:12} {frames:7} {rate:9.1f} {cpu:12.1f} {peak_mb:6.0f}")
        name = f"{jobs} at once, {threads} thread{'s' * (threads > 1)} each, {frames} frames"
        table[name] = {
            "frames_per_s": round(rate, 1),
            "cpu_s_per_1000_frames": round(cpu, 2),
            "peak_mb": round(peak_mb),
        }
    write_json(RESULTS, table)


if __name__ == "__main__":
    main()
