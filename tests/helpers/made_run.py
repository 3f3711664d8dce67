"""A project of many songs as it lies after a whole run, with stand-ins for what the run would have made."""

import base64
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from project_copy import copied_project

from justlmd.core.files import write_json

MISSING = re.compile(r"Missing output files: ([^;\n]*)")


def snakemake(folder: Path, *arguments: str) -> str:
    """Run Snakemake in a project and return what it says; it must succeed."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--resources", "gpu=1", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout + done.stderr


def made_run(repo: Path, folder: Path, songs: int, content: Callable[[Path], bytes]) -> Path:
    """A copy of the project with a table of ``songs`` videos, none of which was fetched, and all outputs of its rules.

    ``content`` gives the bytes of an output by its path. Snakemake's records say that each took a minute.
    """
    copied_project(repo, folder)
    (folder / "song.lrc").write_text("[00:01.00]here we go\n[00:07.20]round and round\n[00:14.00]\n")
    rows = [f"song_{k:03d}\tA title of number {k}\thttps://example.org/watch?v={k}\tsong.lrc" for k in range(songs)]
    (folder / "songs.tsv").write_text("\n".join(["id\ttitle\turl\tlyrics", *rows]) + "\n")
    made: dict[str, int] = {}  # by output the number of its job
    while jobs := _missing(folder):
        for outputs in jobs:
            for path in map(folder.joinpath, outputs):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content(path))
            made |= dict.fromkeys(outputs, len(made))
        now = time.time()  # of one age, so that nothing is older than what it was made from
        for name in made:
            os.utime(folder / name, (now, now))
    for name, job in made.items():
        record = folder / ".snakemake/metadata" / base64.urlsafe_b64encode(name.encode()).decode()
        record.parent.mkdir(parents=True, exist_ok=True)
        facts = {"rule": "some_rule", "job_hash": job, "conda_env": "", "container_img_url": None}
        facts |= {"starttime": 1.8e9 + 61.7 * job, "endtime": 1.8e9 + 61.7 * job + 60.3}
        write_json(record, {**facts, "input": [], "log": [], "params": [], "record_format_version": 6})
    return folder


def _missing(folder: Path) -> list[list[str]]:
    """The outputs that a run would make, job by job."""
    found = MISSING.findall(snakemake(folder, "--dry-run", "--quiet", "host"))
    jobs = [[name for name in names.split(", ") if not (folder / name).exists()] for names in found]
    return [job for job in jobs if job]
