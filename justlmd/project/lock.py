"""Snakemake's lock of a folder, released where the run that took it is gone.

Snakemake locks a folder with files that do not say whose they are, and a killed run leaves them behind. Beside them
this notes which processes run a workflow in the folder; when all of them are gone, the lock is nobody's.
"""

import shutil
import socket
from pathlib import Path

import psutil

from justlmd.core.errors import InputError
from justlmd.core.files import read_json, write_json

LOCKS = Path(".snakemake/locks")
RUNS = Path(".snakemake/justlmd_runs.json")


def claim_folder(folder: str | Path = ".") -> str:
    """Note that this process runs a workflow in ``folder``, and release the lock of runs that are gone.

    Parameters
    ----------
    folder
        The working directory of the workflow.

    Returns
    -------
    str
        What was done, for people; empty if there was nothing to do. A lock of a run that lives, that runs on another
        computer, or that nobody noted stays, and Snakemake says so.
    """
    folder = Path(folder)
    runs = _noted(folder / RUNS)
    living = [run for run in runs if _may_live(run)]
    locked = any((folder / LOCKS).glob("*.lock"))
    released = bool(locked and runs and not living)
    if released:
        shutil.rmtree(folder / LOCKS)
    if locked and not runs:
        return ""  # somebody else's: an entry would make it look like ours
    me = psutil.Process()
    write_json(folder / RUNS, [*living, {"host": socket.gethostname(), "pid": me.pid, "begun": me.create_time()}])
    return "the last run was killed; its lock is released, and this one goes on" if released else ""


def _noted(path: Path) -> list[dict]:
    """The noted runs; a damaged note counts as none."""
    try:
        found = read_json(path)
        return [{"host": str(run["host"]), "pid": int(run["pid"]), "begun": float(run["begun"])} for run in found]
    except (InputError, OSError, ValueError, TypeError, KeyError, OverflowError):
        return []


def _may_live(run: dict) -> bool:
    if run["host"] != socket.gethostname():
        return True  # nobody can ask from here
    try:
        return abs(psutil.Process(run["pid"]).create_time() - run["begun"]) < 1.0  # pids are used again
    except psutil.NoSuchProcess:
        return False
