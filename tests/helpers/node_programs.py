"""Independent readers in Node (three.js, Khronos' glTF validator) for the tests of exported files."""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "node"


def run_node(program: str, *arguments: str | Path) -> Any:
    """What ``tests/node/<program>`` prints as JSON; skips the test where Node or its packages cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs node and npm, which are not installed")
    with (FOLDER / "package.json").open() as description:
        fcntl.flock(description, fcntl.LOCK_EX)  # another process of the tests may be installing them
        _install(json.load(description)["dependencies"])
    command = ["node", program, *map(str, arguments)]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _install(wanted: dict[str, str]) -> None:
    if all((FOLDER / "node_modules" / name / "package.json").exists() for name in wanted):
        return
    command = ["npm", "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=240, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm could not install three.js within four minutes")
    if done.returncode:
        pytest.skip(f"npm could not install three.js: {done.stderr.strip()[-200:]}")
