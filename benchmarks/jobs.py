"""Where the CPU time of the demo goes, rule by rule, and how much of it is Python starting and importing.

    python -m benchmarks.jobs [--short] [--cores N]

Runs the whole workflow on the demo's songs in an empty folder (``--short``: what is made of one song by itself). Each
job reports its own CPU seconds (user and system, its child processes among them), and of those the ones until Python
had started and the ones spent in import statements, wherever these stand. Snakemake's own process counts as
``planning``. Prints a table and writes ``benchmarks/results/jobs.json``.
"""

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks import options
from justlmd.core.files import write_json

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results" / "jobs.json"
SHORT = ("--", "results/view/paper_star.html")
FIELDS = ("cpu_s", "start_s", "import_s")
OBSERVER = """
import atexit, os, resource, sys, threading, time
from importlib import _bootstrap

began, found, nested = time.process_time(), _bootstrap._find_and_load, threading.local()
spent = [0.0]

def counted(*arguments):
    if getattr(nested, "inside", False):
        return found(*arguments)
    nested.inside, since = True, time.thread_time()
    try:
        return found(*arguments)
    finally:
        nested.inside = False
        spent[0] += time.thread_time() - since

def report():
    job = getattr(sys.modules["__main__"], "snakemake", None)
    rule = getattr(job, "rule", None)
    if rule is None and not any(argument.endswith(("snakemake", "snakemake/__main__.py")) for argument in sys.argv[:1]):
        return  # a child of a job, which counts with the job
    uses = [resource.getrusage(resource.RUSAGE_SELF)]
    if rule:
        uses.append(resource.getrusage(resource.RUSAGE_CHILDREN))
    cpu = sum(use.ru_utime + use.ru_stime for use in uses)
    with open(os.environ["JOBS_MEASURED"], "a") as file:
        file.write(f"{rule or 'planning'} {cpu} {began} {spent[0]}\\n")

_bootstrap._find_and_load = counted
atexit.register(report)
"""
"""What every Python process runs when it starts (``sitecustomize``): it adds up its imports, and a job reports them."""


def measured(folder: Path, targets: tuple[str, ...], cores: int) -> list[tuple[str, tuple[float, ...]]]:
    """Run the workflow in ``folder``: for each job its rule, and its CPU seconds in all, at the start, of imports."""
    observer = folder / "observer"
    observer.mkdir()
    (observer / "sitecustomize.py").write_text(OBSERVER)
    work = folder / "work"
    work.mkdir()
    report = folder / "jobs"
    command = [sys.executable, "-m", "snakemake", "-s", str(PROJECT / "Snakefile"), "--directory", str(work)]
    subprocess.run(
        [*command, "--cores", str(cores), "--resources", "gpu=1", *targets],
        check=True,
        env=os.environ | {"PYTHONPATH": f"{observer}{os.pathsep}{PROJECT}", "JOBS_MEASURED": str(report)},
    )
    lines = [line.split() for line in report.read_text().splitlines()]
    return [(rule, tuple(map(float, seconds))) for rule, *seconds in lines]


def main() -> None:
    parser = options.parser(__doc__, short="one song by itself instead of the whole workflow")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        jobs = measured(Path(name), SHORT if arguments.short else (), arguments.cores)
    rows: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(("jobs", *FIELDS), 0.0))
    for rule, seconds in jobs:
        for row in (rows[rule], rows["all"]):
            row["jobs"] += 1
            for field, value in zip(FIELDS, seconds, strict=True):
                row[field] += value
    ordered = dict(sorted(rows.items(), key=lambda item: -item[1]["cpu_s"]))
    print(f"{'rule':22} {'jobs':>5} {'CPU s':>8} {'start':>7} {'imports':>8} {'share':>6}")
    for rule, row in ordered.items():
        row["start_and_import_share"] = (row["start_s"] + row["import_s"]) / row["cpu_s"]
        print(
            f"{rule:22} {row['jobs']:5.0f} {row['cpu_s']:8.1f} {row['start_s']:7.1f} {row['import_s']:8.1f} "
            f"{row['start_and_import_share']:6.1%}"
        )
    write_json(RESULTS, {rule: {key: round(value, 3) for key, value in row.items()} for rule, row in ordered.items()})


if __name__ == "__main__":
    main()
