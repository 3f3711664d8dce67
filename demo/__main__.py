"""Command line of the demo: ``python -m demo --out results/demo [--song ID ...] [--workers 2]``."""

import argparse
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from demo.build import build_song
from demo.songs import SONGS, song_by_id


def main() -> None:
    """Build the songs that were asked for, some at a time, and print one line for each."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="Generate the songs of the embedded demo.")
    parser.add_argument(
        "--out", type=Path, default=Path("results/demo"), help="folder of the songs (default: %(default)s)"
    )
    parser.add_argument(
        "--song", action="append", choices=[song.id for song in SONGS], help="only this song (repeatable)"
    )
    parser.add_argument("--workers", type=int, default=2, help="songs at a time (default: %(default)s)")
    arguments = parser.parse_args()
    if arguments.workers < 1:
        parser.error("--workers must be at least 1")
    songs = [song_by_id(song_id) for song_id in arguments.song] if arguments.song else list(SONGS)
    if arguments.workers == 1 or len(songs) == 1:
        for song in songs:
            _report(build_song(song, arguments.out))
        return
    # Fresh processes: forking a process that already runs threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.workers, mp_context=context) as pool:
        for job in as_completed([pool.submit(build_song, song, arguments.out) for song in songs]):
            _report(job.result())


def _report(build: object) -> None:
    print("{song}: {frames} frames in {seconds:.1f} s, peak {peak_rss_mb:.0f} MB".format(**vars(build)), flush=True)


if __name__ == "__main__":
    main()
