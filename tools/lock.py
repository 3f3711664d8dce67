"""Write the lock files from pyproject.toml: ``make lock``.

Versions that are locked already stay, unless an option of ``uv pip compile`` says otherwise, as in
``make lock ARGS=--upgrade`` or ``make lock ARGS="--upgrade-package librosa"``.

``requirements.lock``: what the workflow runs with, for Linux and macOS and every supported Python.
``requirements-cuda.lock``: the libraries that only a CUDA build of torch needs.
``requirements-dev.lock``: the tools of development, at the same versions where both need a package.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAIN, CUDA, DEV = (ROOT / f"requirements{part}.lock" for part in ("", "-cuda", "-dev"))
PIN = re.compile(r"^(?=[a-z0-9])", re.MULTILINE)
"""Where the block of a package begins: its pin, its hashes, and what asked for it."""
CUDA_ONLY = re.compile(r"(nvidia|cuda)-|triton==")


def main(options: list[str]) -> None:
    before = _blocks(MAIN) | _blocks(CUDA)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.lock"
        whole.write_text("".join(before.values()), encoding="utf-8")
        _compile("pyproject.toml", "--extra", "workflow", *options, "--output-file", str(whole))
        blocks = _blocks(whole)
    MAIN.write_text("".join(text for pin, text in blocks.items() if not CUDA_ONLY.match(pin)), encoding="utf-8")
    CUDA.write_text("".join(text for pin, text in blocks.items() if CUDA_ONLY.match(pin)), encoding="utf-8")
    _compile("--group", "dev", "--constraints", str(MAIN), *options, "--output-file", str(DEV))


def _compile(*options: str) -> None:
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--fork-strategy=fewest", "--python-version=3.11"]
    command += ["--generate-hashes", "--no-header", "--no-emit-index-url", *options]
    subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True)


def _blocks(path: Path) -> dict[str, str]:
    """The text of each package of a lock file by its pin, without the marker."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return {re.split(r"[ \\]", block)[0]: block for block in PIN.split(text) if block}


if __name__ == "__main__":
    main(sys.argv[1:])
