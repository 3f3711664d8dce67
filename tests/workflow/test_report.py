"""The report carries tables and plots, which stay small; everything to look at or listen to is in the gallery."""

import re

IN_THE_REPORT = {
    "results/manifest.tsv",
    "results/models/{name}/history.csv",
    "results/evaluation/metrics.csv",
    "results/evaluation/metrics.svg",
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
