"""A copy of the checkout in which the workflow runs."""

import shutil
from pathlib import Path

FOLDERS = ("rules", "workflow_scripts", "envs", "report", "justlmd", "model", "demo", "profiles")


def copied_project(repo: Path, folder: Path) -> Path:
    """Copy what the workflow needs of the checkout ``repo`` into ``folder``, which is returned."""
    for name in FOLDERS:
        shutil.copytree(repo / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "config.yaml"):
        shutil.copy(repo / name, folder / name)
    return folder
