"""What planning costs: seconds and memory of Snakemake's dry run for large song tables.

    python -m benchmarks.planning [--short] [--songs N ...]

Each table is planned with nothing done (once with a line for each job, once with their counts alone, as a run does) and
with every output there (a run whose jobs write empty files, so that Snakemake's own records are there as well):
everything, one song's motion, and what comes after the songs (``plan_songs=false``). What Snakemake needs to run a
hundred songs of empty jobs stands beside. From 5,000 songs on the first tenth of the songs is planned by ``--batch
songs=1/10`` in place of everything, and only its jobs are run; of the other songs there are the files alone.
CPU seconds are user and system time of the run and its children; the peak is its resident memory. Writes
``benchmarks/results/planning.json``.
"""

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import options
from justlmd.core.files import write_json
from justlmd.dataset.manifest import KEPT, write_manifest
from justlmd.features.text import sung_texts, write_text_states

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results" / "planning.json"
WORDS = ("here", "we", "go", "round", "and", "a", "star", "of", "paper", "falls", "down", "tonight", "my", "heart")
LINES = 40
STUBS = """
import sys
from pathlib import Path
from shutil import copyfile
from snakemake.cli import main
from snakemake.executors.local import Executor
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

def run_job(self, job):
    for name in [*job.output, *filter(None, [job.benchmark])]:
        path, prepared = Path(name), Path("prepared", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        copyfile(prepared, path) if prepared.exists() else path.touch()
    self.report_job_submission(SubmittedJobInfo(job=job))
    self.report_job_success(SubmittedJobInfo(job=job))

Executor.run_job = run_job
main()
"""
"""Snakemake, whose jobs write empty files, or copies of what lies in ``prepared/``, and so are done at once."""

STUBBED_AT_ONCE = 100
"""Songs whose stubs are written by one run."""

BATCHED_FROM = 5000
BATCH = "--batch", "songs=1/10", "--", "songs"
AFTER_SONGS = "--config", "plan_songs=false"


def write_table(folder: Path, count: int) -> None:
    """A table of ``count`` songs on video sites, each with lyrics of its own."""
    rows = []
    (folder / "lyrics").mkdir(parents=True)
    for number in range(count):
        name = f"song_{number:05d}"
        lines = [
            f"[{line // 12:02d}:{line % 12 * 5:02d}.00]{number} {line} " + " ".join(WORDS[line % 5 : line % 5 + 6])
            for line in range(1, LINES + 1)
        ]
        (folder / f"lyrics/{name}.lrc").write_text("\n".join(lines) + "\n", encoding="utf-8")
        rows.append([name, f"https://video.example/watch/{number}", f"lyrics/{name}.lrc", "Somebody", f"Song {number}"])
    with (folder / "songs.tsv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerows([["id", "url", "lyrics", "artist", "title"], *rows])


def snakemake(
    folder: Path, *arguments: str, start: tuple[str, ...] = ("-m", "snakemake")
) -> tuple[str, float, float, float]:
    """Run Snakemake in ``folder``: what it printed, CPU seconds, wall seconds and peak memory in MB."""
    command = [sys.executable, *start, "-s", str(PROJECT / "Snakefile"), "--directory", str(folder)]
    with tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--cores", "1", *arguments], stdout=said, stderr=subprocess.STDOUT, cwd=PROJECT
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begin
        said.seek(0)
        text = said.read().decode()
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{text[-3000:]}")
    return text, usage.ru_utime + usage.ru_stime, seconds, usage.ru_maxrss / 1024


EVERY_JOB, COUNTS = ("--quiet", "all"), ("--quiet", "rules", "progress")
"""A dry run prints each job for the first, although it says otherwise, and their numbers for the second."""


def planned(folder: Path, *arguments: str, quiet: tuple[str, ...] = EVERY_JOB) -> dict[str, float]:
    """The figures of one dry run."""
    return figures(snakemake(folder, "--dry-run", *quiet, *arguments))


def figures(run: tuple[str, float, float, float]) -> dict[str, float]:
    """CPU seconds, wall seconds and peak memory of a run, rounded."""
    _, cpu_s, wall_s, peak_mb = run
    return {"cpu_s": round(cpu_s, 2), "wall_s": round(wall_s, 2), "peak_mb": round(peak_mb)}


def write_stubs(folder: Path, tenth: bool) -> dict[str, float]:
    """Run the workflow, or its first tenth, with jobs that write stubs; Snakemake's own records are then there, too.

    Returns the figures of running the first songs, :data:`STUBBED_AT_ONCE` of them.
    """
    songs = pd.read_csv(folder / "songs.tsv", sep="\t", dtype=str)["id"]
    splits = ["test", "val", *["train"] * 4]
    kept = {"verdict": KEPT, "reason": "", "sequences": 12, "group": songs}
    manifest = pd.DataFrame(
        {"song": songs, **kept, "split": [splits[number % len(splits)] for number in range(len(songs))]}
    )
    prepared = folder / "prepared/results"
    prepared.mkdir(parents=True)
    write_manifest(prepared / "manifest.tsv", manifest)
    write_states(prepared / "text_states.npz", sorted(folder.glob("lyrics/*.lrc")))
    quickly = "--quiet", "all"
    parts = len(songs) // STUBBED_AT_ONCE
    runs = [
        snakemake(folder, *quickly, "--batch", f"songs={part}/{parts}", "--", "songs", start=("-c", STUBS))
        for part in range(1, (parts // 10 if tenth else parts) + 1)  # scheduling takes the square of a run's jobs
    ]
    if tenth:
        made = folder / "results/songs" / songs[0]
        own = filter(Path.is_file, [*made.rglob("*"), *folder.glob(f"results/view/**/{songs[0]}.*")])
        for path, song in product(own, songs):
            other = Path(str(path).replace(songs[0], song))
            if not other.exists():
                other.parent.mkdir(parents=True, exist_ok=True)
                other.touch()
    return figures(runs[0])


def run_after_songs(folder: Path) -> None:
    """Run what comes after the songs in the same way."""
    few = "--scheduler-subsample", "20"  # else each of thousands of jobs that are ready is looked at after each job
    snakemake(folder, "--quiet", "all", *few, *AFTER_SONGS, start=("-c", STUBS))


def write_states(path: Path, lyrics: list[Path]) -> None:
    """The store of encoded lines, as if every line were encoded; the states themselves are not read for planning."""
    texts = sung_texts(lyrics, ["minilm"] * len(lyrics), -1)
    state = np.zeros((1, 3), np.int32), np.zeros((1, 1), np.float32)
    write_text_states(path, dict.fromkeys(sorted(set().union(*texts.values())), state), texts)


def measured(count: int, folder: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """Every plan of a table of ``count`` songs, one after the other."""
    write_table(folder, count)
    large = count >= BATCHED_FROM
    one_song = f"results/songs/song_{count // 20:05d}/smplfull.json"  # in the first tenth
    whole, arguments = ("a tenth", BATCH) if large else ("everything", ())
    yield f"{whole}, nothing there", planned(folder, *arguments)
    yield f"{whole}, nothing there, counts", planned(folder, *arguments, quiet=COUNTS)
    yield "one song, nothing there", planned(folder, "--", one_song)
    yield f"{STUBBED_AT_ONCE} songs, run by empty jobs", write_stubs(folder, large)
    yield "after the songs, these there", planned(folder, *AFTER_SONGS)
    run_after_songs(folder)
    yield f"{whole}, there", planned(folder, *arguments)
    yield "one song, there", planned(folder, "--", one_song)
    yield "after the songs, all there", planned(folder, *AFTER_SONGS)


def main() -> None:
    parser = options.parser(__doc__, short="100 songs only")
    parser.add_argument("--songs", type=int, nargs="+", help="sizes of the tables")
    args = parser.parse_args()
    table: dict[str, dict[str, float]] = {}
    print(f"{'songs':>6}  {'plan':34} {'CPU s':>8} {'wall s':>8} {'peak MB':>8}")
    for count in args.songs or ([100] if args.short else [100, 1000]):
        with tempfile.TemporaryDirectory() as name:
            for what, row in measured(count, Path(name)):
                table[f"{count} songs, {what}"] = row
                print(
                    f"{count:6}  {what:34} {row['cpu_s']:8.2f} {row['wall_s']:8.2f} {row['peak_mb']:8.0f}", flush=True
                )
    write_json(RESULTS, table)


if __name__ == "__main__":
    main()
