"""A copy of the project in which the workflow runs."""

import shutil
import subprocess
from pathlib import Path


def copied_project(repo: Path, folder: Path) -> Path:
    """Copy the project's own files, as a fresh clone has them, into ``folder``, which is returned."""
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    names = subprocess.run(command, cwd=repo, check=True, capture_output=True, text=True).stdout.split("\n")
    for name in filter(None, names):
        if (repo / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repo / name, folder / name)
    return folder
