"""A project's folder with songs and a configuration, and the programs that are called by hand in it."""

import subprocess
import sys
from pathlib import Path

import yaml

from justlmd.songs.table import COLUMNS

REPO = Path(__file__).resolve().parents[2]


def program(command: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run ``justlmd COMMAND ...`` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "justlmd.cli", command, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def write_songs(folder: Path, *rows: dict[str, str], **config: dict) -> None:
    """A project folder with a song table and a configuration that does not wait, and asks servers of the tests."""
    lines = ["\t".join(row.get(column, "") for column in COLUMNS) for row in rows]
    (folder / "songs.tsv").write_text("\n".join(["\t".join(COLUMNS), *lines]) + "\n", encoding="utf-8")
    settings = yaml.safe_load((REPO / "config.yaml").read_text(encoding="utf-8"))
    settings["download"] |= {"pause": 0, "attempts": 1, "allow_private_addresses": True}
    for section, values in config.items():
        settings[section] = settings[section] | values if isinstance(values, dict) else values
    (folder / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


# Lists
