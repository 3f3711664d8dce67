"""What every script of a rule shares: the log file, one line when done, one line when something is wrong."""

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

# Inside a rule's own conda environment the library is not installed; it lies beside this folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"
)  # fmt: skip
"""What torch, numpy, scipy, numba and OpenCV read when they are imported."""

_terminal = sys.stderr


def run(main: Callable[[Any], str], snakemake: Any) -> None:
    """Run ``main(snakemake)`` with all output in the rule's log; print what it returns as the job's one line.

    An error that the user can mend is printed as one line that names the song and the stage; anything else is a defect
    of the program, and the line points to the log that holds the traceback. Both end the job with exit code 1. The
    error stays beside the log (``<rule>.error``) until the job succeeds, for the table of states.
    """
    global _terminal
    # Songs run side by side: no library may start more threads than the rule asks for.
    os.environ |= dict.fromkeys(THREAD_VARIABLES, str(snakemake.threads))
    # Threads that spin while they wait take the core from the job beside: a training step of two threads took 2.6 s
    # instead of 0.6 s on two busy cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    stage = snakemake.rule
    wildcards = dict(snakemake.wildcards.items())
    song = wildcards.get("song") or wildcards.get("name") or "all songs"  # a model has a name
    log = Path(snakemake.log[0]).open("w", encoding="utf-8", buffering=1)  # noqa: SIM115 (open until the process ends)
    _terminal = os.fdopen(os.dup(2), "w", encoding="utf-8", buffering=1)
    os.dup2(log.fileno(), 1)  # also what C++ libraries print
    os.dup2(log.fileno(), 2)
    from justlmd.core.errors import INTERRUPTED, JustLMDError, failed_for_good, of_system, one_line, write_failure
    from justlmd.core.files import cache_folder
    from justlmd.core.limits import limit_memory

    # librosa's functions are compiled for whatever types they meet, which breaks Numba's cache when processes do it for
    # different ones at once. The jobs of a rule all compile the same, as make setup did (tools/compile_once.py);
    # our own functions are apart (core/compiled.py).
    os.environ.setdefault("NUMBA_CACHE_DIR", str(cache_folder() / "numba" / stage))
    note = Path(snakemake.log[0]).with_suffix(".error")

    workflow_run = os.environ.get("JUSTLMD_RUN", "")

    def fail(error: JustLMDError) -> None:
        print(f"ERROR  {song}  {stage}: {one_line(error)}", file=_terminal)
        with suppress(OSError):
            write_failure(note, error, workflow_run)
        sys.exit(1)

    if earlier := failed_for_good(note, workflow_run):  # Snakemake tries every failed job again
        print(f"not tried again: {earlier}")
        fail(earlier)
    with suppress(OSError):
        write_failure(note, INTERRUPTED)  # a killed job cannot say so itself
    # A driver of a GPU maps as much as the whole computer has, so that its jobs are left alone.
    allowed_mb = 0 if snakemake.resources.get("gpu") else int(snakemake.resources.get("mem_mb") or 0)
    limited = allowed_mb > 0 and limit_memory(allowed_mb)
    start = time.monotonic()
    try:
        result = main(snakemake)
    except JustLMDError as error:
        with suppress(OSError):  # the log's disk may be full
            print(error)
        fail(error)
    except Exception as error:
        with suppress(OSError):
            traceback.print_exc()
        known = of_system(error)
        if known and known.cause == "memory" and limited:
            what = f"it needs more than the {allowed_mb} MB that its rule asks for (mem_mb)"
            step = f"allow more: --set-resources {stage}:mem_mb={2 * allowed_mb}; or shorten the song"
            known = JustLMDError(what, next_step=step, cause=known.cause)
        if known:
            fail(known)
        what = f"{type(error).__name__}: {error} (a defect of the program)"
        fail(JustLMDError(what, next_step=f"report it with {snakemake.log[0]}", cause="defect"))
    note.unlink(missing_ok=True)
    seconds = time.monotonic() - start
    print(f"done   {song}  {stage}  {seconds:.1f} s  {result}".rstrip(), file=_terminal)


@contextmanager
def progress_bar(unit: str) -> Iterator[Callable[[int, int], None]]:
    """Yield ``progress(done, total)``, which draws a bar when a person watches on a terminal."""
    from tqdm import tqdm

    with tqdm(unit=unit, file=_terminal, disable=not _terminal.isatty(), leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress
