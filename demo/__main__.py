"""Command line of the demo: ``python -m demo --out results/demo [--song ID ...] [--workers 2] [--seconds S]``."""

import argparse
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from demo.build import build_song
from demo.song_list import SONGS


def main() -> None:
    """Build the songs that were asked for, some at a time, and print one line for each."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="Generate the songs of the embedded demo.")
    parser.add_argument("--out", type=Path, default=Path("results/demo"), help="folder of the songs (%(default)s)")
    ids = [song.id for song in SONGS]
    parser.add_argument("--song", action="append", choices=ids, help="only this song; may be repeated")
    parser.add_argument("--workers", type=int, default=2, help="songs at a time (%(default)s)")
    parser.add_argument("--seconds", type=float, help="cut the videos short, to try things out")
    arguments = parser.parse_args()
    if arguments.workers < 1:
        parser.error("--workers must be at least 1")
    # Fresh processes: forking a process that already runs threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.workers, mp_context=context) as pool:
        # The workers cannot import this module (it is __main__), so they run the library's function as it is.
        jobs = [
            pool.submit(build_song, song_id, arguments.out / song_id, arguments.seconds)
            for song_id in arguments.song or ids
        ]
        for job in as_completed(jobs):
            print(job.result(), flush=True)


if __name__ == "__main__":
    main()
