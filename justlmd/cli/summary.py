"""Print what the workflow made: songs with verdicts, sequences, the evaluation, and where to look.

Usage: python -m justlmd.cli.summary [results folder]
"""

import sys
from pathlib import Path

MEASURES = (
    "joint error",
    "heading error",
    "mean joint speed",
    "mean jerk",
    "share of frozen",
    "beat F-measure",
)
"""What the table shows of the evaluation: the beginnings of the measures' labels."""


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
        "the mesh over each video": "songs/*/overlay.mp4",
        "evaluation": "evaluation/metrics.svg",
        "the models' dances beside the real one": "evaluation/comparison.mp4",
        "a generated dance": "generated/*/*/dance.mp4",
    }
    found = {what: sorted(results.glob(pattern)) for what, pattern in places.items()}
    lines += ["Where to look"] + [f"  {paths[0]}  ({what})" for what, paths in found.items() if paths]
    lines += ["  snakemake --report report.html  makes one page of it all"]
    return "\n".join(lines)


if __name__ == "__main__":
    print(summary(Path(sys.argv[1] if len(sys.argv) > 1 else "results")))
