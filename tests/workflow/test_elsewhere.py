"""The workflow in another folder than the checkout, and as a module of another workflow."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from toy_songs import write_song

from justlmd.songs.table import COLUMNS

pytestmark = pytest.mark.workflow

TARGET = "results/dataset/index.parquet"
LRC = "[00:02.00]one two\n[00:04.00]three four\n[00:09.00]five six\n[00:15.00]\n"
PARENT = """
configfile: "parent.yaml"


module dance:
    snakefile:
        "{snakefile}"
    config:
        config["dance"]


use rule * from dance as dance_*


rule size:
    default_target: True
    input:
        "{target}",
    output:
        "size.txt",
    shell:
        "wc -c {{input}} > {{output}}"
"""


@pytest.fixture
def work(tmp_path) -> Path:
    """A folder with three songs whose motion is known, and a configuration that says only what differs."""
    rows = []
    for name in ("one", "two", "three"):
        write_song(tmp_path / "motion" / name, name, frames=500)
        (tmp_path / f"{name}.lrc").write_text(LRC.replace("one", name))
        rows.append({"id": name, "lyrics": f"{name}.lrc", "motion": f"motion/{name}/smplfull.json"})
    lines = ["\t".join(COLUMNS), *("\t".join(row.get(column, "") for column in COLUMNS) for row in rows)]
    (tmp_path / "mine.tsv").write_text("\n".join(lines) + "\n")
    (tmp_path / "mine.yaml").write_text("songs: mine.tsv\n")
    return tmp_path


def run(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def test_it_works_in_another_folder_with_a_configuration_of_its_own(work, repo):
    place = ("-s", str(repo / "Snakefile"), "--directory", str(work), "--configfile", str(work / "mine.yaml"))
    run(work.parent, *place, "--", TARGET)
    assert (work / TARGET).stat().st_size
    status = (work / "results/status.tsv").read_text().splitlines()
    assert [line.split("\t")[:2] for line in status[1:]] == [[n, "finished"] for n in ("one", "two", "three")]
    assert "Nothing to be done" in run(work.parent, *place, "--", TARGET)


def test_another_workflow_uses_it_as_a_module(work, repo):
    config = yaml.safe_load((repo / "config.yaml").read_text(encoding="utf-8")) | {"songs": "mine.tsv"}
    (work / "parent.yaml").write_text(yaml.safe_dump({"dance": config}))
    (work / "Snakefile").write_text(PARENT.format(snakefile=repo / "Snakefile", target=TARGET))
    run(work)
    assert int((work / "size.txt").read_text().split()[0]) == (work / TARGET).stat().st_size
