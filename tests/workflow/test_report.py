"""The report carries tables and plots, which stay small; everything to look at or listen to is in the gallery."""

import re
from pathlib import Path

import numpy as np
import pytest
from made_run import made_run, snakemake

from justlmd.dataset.manifest import DECIDED

IN_THE_REPORT = {
    "results/manifest.tsv",
    "results/models/{name}/history.csv",
    "results/evaluation/metrics.csv",
    "results/evaluation/metrics.svg",
    "results/evaluation/dances.csv",
    "results/evaluation/dances.svg",
    "results/evaluation/history.svg",
    "results/evaluation/lyrics.csv",
    "results/evaluation/lyrics.svg",
}
"""None of them exists once per song, so that the report of a hundred songs is hardly larger than that of one."""


def marked_outputs(repo) -> dict[str, str]:
    """Outputs that a rule gives to the report, and their captions."""
    found = {}
    for path in (repo / "rules").glob("*.smk"):
        for body in re.findall(r"\breport\((.*?)\n {8,12}\)", path.read_text(encoding="utf-8"), re.DOTALL):
            (output,) = re.findall(r'^\s*"([^"]+)"', body)
            (caption,) = re.findall(r'caption="\.\./report/(\w+\.rst)"', body)
            found[output] = caption
    return found


def test_tables_and_plots_only_and_none_of_them_per_song(repo):
    assert set(marked_outputs(repo)) == IN_THE_REPORT
    text = "".join(path.read_text(encoding="utf-8") for path in (repo / "rules").glob("*.smk"))
    assert len(re.findall(r"\breport\(", text)) == len(IN_THE_REPORT), "one that the pattern above does not find"
    assert all(output.endswith((".tsv", ".csv", ".svg")) and "{song}" not in output for output in IN_THE_REPORT)


def test_every_caption_is_there_and_used_and_the_first_page_leads_to_the_gallery(repo):
    captions = {path.name for path in (repo / "report").glob("*.rst")}
    assert captions == set(marked_outputs(repo).values()) | {"workflow.rst"}
    for name in ("workflow.rst", "manifest.rst"):
        assert "<results/view/index.html>`__" in (repo / "report" / name).read_text(encoding="utf-8")


SONGS = 100
PLOT_BYTES = 100_000
"""Of each plot here; those of the demo have 13 to 99 kB, and none has a mark for each song."""


def stand_in(path: Path) -> bytes:
    """What lies at the path of an output: rows for all songs or steps, plots that no compression makes smaller."""
    if path.name == "manifest.tsv":
        split = ("train", "train", "train", "val", "test")
        figures = [f"figure_{k}" for k in range(20)]
        rows = [
            [
                f"song_{k:03d}",
                "kept",
                "",
                "20",
                "1.0",
                f"song_{k:03d}",
                split[k % 5],
                "an artist",
                f"a title {k}",
                *["0.123456789012345"] * 20,
            ]
            for k in range(SONGS)
        ]
        header = [*DECIDED, *figures]
        return "\n".join("\t".join(row) for row in [header, *rows]).encode() + b"\n"
    if path.name == "history.csv":
        return b"step,seconds,loss,held_out\n" + b"\n".join(b"%d,%d,%d,%d" % (k, 7 * k, k**3, k**4) for k in range(400))
    if path.suffix == ".svg":
        noise = np.random.default_rng(len(path.name)).bytes(PLOT_BYTES // 2).hex()
        return f'<svg xmlns="http://www.w3.org/2000/svg"><!--{noise}--></svg>'.encode()
    return b"{}" if path.suffix == ".json" else b""


@pytest.mark.slow
@pytest.mark.workflow
def test_the_report_of_a_hundred_songs_has_at_most_five_megabytes(repo, tmp_path):
    folder = made_run(repo, tmp_path / "project", SONGS, stand_in)
    said = snakemake(folder, "--report", "report.html")
    assert said.count("Missing metadata") < 5 * SONGS, "but for what jobs make beside, and no rule asks for"
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert all(f"songs/song_{k:03d}/" in page for k in range(SONGS)), "each song's jobs are in the report"
    assert all(name in page for name in ("manifest.tsv", "history.csv", "metrics.svg", "lyrics.svg"))
    size = (folder / "report.html").stat().st_size
    print(f"report of {SONGS} songs: {size / 1e6:.2f} MB")
    assert size <= 5_000_000
