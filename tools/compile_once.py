"""Compile at set-up what else the first jobs would compile, each for itself and side by side.

    python -m tools.compile_once

Python's modules, for all that the workflow's scripts import, and librosa's functions, by Numba: those of one stage,
from which the other takes them over. Each stage has its own (``workflow_scripts/job.py`` says why).
"""

import ast
import os
import shutil
import sys
from contextlib import suppress
from multiprocessing import Process
from pathlib import Path

from justlmd.core.files import cache_folder

SCRIPTS = Path(__file__).resolve().parents[1] / "workflow_scripts"
STAGES = "audio_features", "lyrics"
"""The rules that use librosa."""


def import_all(script: Path) -> None:
    """Run every import statement of a script, also those inside functions."""
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            with suppress(ImportError):  # of an environment of its own (mmpose), or of the folder of the scripts
                exec(compile(ast.Module([node], []), str(script), "exec"), {})


def compile_librosa() -> None:
    """Have all of librosa compiled that :func:`audio_features` needs."""
    caches = [cache_folder() / "numba" / stage for stage in STAGES]
    os.environ["NUMBA_CACHE_DIR"] = str(caches[0])
    import numpy as np

    from justlmd.features.audio import audio_features

    clicks = np.tile(np.geomspace(0.5, 1e-4, 11025, dtype=np.float32), 20)  # one each half second
    audio_features((clicks, 22050))
    for cache in caches[1:]:
        shutil.copytree(caches[0], cache, dirs_exist_ok=True)


def compile_modules() -> None:
    """Import all that the scripts import, and load the text encoder, which no script does by an import."""
    from justlmd.features.text_encoder import encode_missing

    for script in sorted(SCRIPTS.glob("*.py")):
        import_all(script)
    encode_missing([("minilm", "paper star")], {})


def main() -> None:
    beside = Process(target=compile_librosa)
    beside.start()
    compile_modules()
    beside.join()
    sys.exit(beside.exitcode)


if __name__ == "__main__":
    main()
