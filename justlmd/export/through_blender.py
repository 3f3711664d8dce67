"""FBX and USD: Blender reads the GLB and writes them, as a program in a Python that has Blender's module ``bpy``."""

import os
import subprocess
import sys
from pathlib import Path

from justlmd.core.errors import InputError, one_line
from justlmd.core.files import replacing

PROGRAM = Path(__file__).with_name("blender.py")
NEXT_STEP = "run with --sdm conda, or name a Python with bpy in config 'export.blender_python' (docs/exports.md)"


def convert(glb: str | Path, clock: str | Path, target: str | Path, python: str = "") -> str:
    """Write ``target`` (``.fbx`` or ``.usd``) from an exported GLB and its ``motion.clock.json``.

    Parameters
    ----------
    glb, clock
        What the rule ``export`` wrote.
    target
        The file; its suffix says which kind.
    python
        A Python that can import ``bpy``; empty for the one that runs this.

    Returns
    -------
    What Blender said, for the log.

    Raises
    ------
    InputError
        ``bpy`` is not there, or Blender could not convert the file.
    """
    python = python or sys.executable
    quiet = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    try:
        found = subprocess.run(
            [python, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('bpy') is None)"],
            capture_output=True,
            check=False,
            env=quiet,
        )
    except OSError as error:
        raise InputError(f"cannot be run ({error.strerror})", where=python, next_step=NEXT_STEP) from error
    if found.returncode:
        raise InputError("this Python lacks Blender's module bpy", where=python, next_step=NEXT_STEP)
    with replacing(target) as temporary:
        arguments = [str(Path(path).absolute()) for path in (PROGRAM, glb, clock, temporary)]
        done = subprocess.run([python, *arguments], capture_output=True, text=True, check=False, env=quiet)
        if done.returncode or not temporary.is_file():
            last = one_line(next(iter(done.stderr.strip().splitlines()[::-1]), "it gave no reason"))
            raise InputError(f"Blender could not convert it ({last})", where=glb, next_step="export the GLB again")
    return done.stdout + done.stderr
