"""``justlmd summary``: what the workflow made, in one page of text."""

import argparse
from pathlib import Path
from typing import Any

from justlmd.cli.options import add_command
from justlmd.core.errors import InputError

EXAMPLES = """\
  justlmd summary
  justlmd summary /data/project/results
"""

MEASURES = (
    "joint error",
    "heading error",
    "mean joint speed",
    "mean jerk",
    "share of frozen",
    "beat F-measure",
)
"""What the table shows of the evaluation: the beginnings of the measures' labels."""


def add_parser(commands: Any) -> None:
    parser = add_command(
        commands, "summary", "Show songs with verdicts, sequences, the evaluation, and where to look.", EXAMPLES
    )
    parser.add_argument(
        "results", type=Path, nargs="?", default=Path("results"), help="the folder of results (default: results)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the summary."""
    if not arguments.results.is_dir():
        raise InputError("there are no results", where=arguments.results, next_step="run snakemake, or name its folder")
    print(summary(arguments.results))
    return 0


def summary(results: Path) -> str:
    """The closing table of ``make demo``; stages that have not run are left out."""
    import pandas as pd

    lines = []
    if (results / "manifest.tsv").is_file():
        songs = pd.read_csv(results / "manifest.tsv", sep="\t", keep_default_na=False)
        columns = [name for name in ("song", "verdict", "split", "sequences", "reason") if name in songs]
        lines += ["Songs", songs[columns].to_string(index=False, justify="left"), ""]
        kept = songs[songs.verdict == "kept"]
        lines += [f"{len(kept)} of {len(songs)} songs kept, {kept.sequences.sum()} sequences of 6 s", ""]
    if (results / "evaluation/metrics.csv").is_file():
        metrics = pd.read_csv(results / "evaluation/metrics.csv", dtype=str, keep_default_na=False).set_index("measure")
        chosen = metrics[metrics.index.str.startswith(MEASURES)].map(lambda cell: cell.partition(" [")[0])
        lines += ["Evaluation on held-out songs (all measures with their intervals: evaluation/metrics.csv)"]
        lines += [chosen.rename_axis(None).to_string(justify="right"), ""]
    places = {
        "the data set": "dataset/README.md",
        "the body over each video": "songs/*/overlay.mp4",
        "evaluation": "evaluation/metrics.svg",
        "the models' dances beside the real one": "evaluation/comparison.mp4",
        "a generated dance": "generated/*/*/dance.mp4",
    }
    found = {what: sorted(results.glob(pattern)) for what, pattern in places.items()}
    lines += ["Where to look"] + [f"  {paths[0]}  ({what})" for what, paths in found.items() if paths]
    lines += ["  snakemake --report report.html  makes one page of all tables and plots"]
    gallery = results / "view/index.html"
    if gallery.is_file():  # the last line, so that it is what people see
        lines += ["", f"Every song on one page, for a double click: {gallery.resolve()}"]
    return "\n".join(lines)
