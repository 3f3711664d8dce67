"""What becomes of lyrics files: credits, and which share of the sung words the slices of each mode hold.

    python -m benchmarks.lyrics_files [--short] [--data DIR]

Reads the ``.lrc`` files of ``DIR/*/*/`` and of the demo's songs. Also printed by ``benchmarks.lyrics``. Prints tables
and writes ``benchmarks/results/lyrics_files.json``.
"""

import argparse
from itertools import pairwise
from pathlib import Path

from justlmd.core.errors import InputError
from justlmd.core.files import write_json
from justlmd.lyrics.lrc import parse_lrc, raw_lines
from justlmd.lyrics.slices import WINDOW_S, read_sliced, sliced_json, words_in

RESULTS = Path(__file__).parent / "results" / "lyrics_files.json"
MODES = {"phrases": ("phrases", 3.0), "windows, 3 s": ("windows", 3.0), "windows, 6 s": ("windows", WINDOW_S),
         "compat": ("compat", 3.0)}  # fmt: skip


def lyrics_files(folder: Path) -> dict[str, dict[str, bytes]]:
    """Contents of the files by group and name."""
    from demo.score import lrc
    from demo.song_list import SONGS

    real = {f"{path.parent.name}/{path.name}": path.read_bytes() for path in sorted(folder.glob("*/*/*.lrc"))}
    return {"real": real, "demo": {song.id: lrc(song).encode() for song in SONGS}}


def show_slices(files: dict[str, dict[str, bytes]], results: dict[str, dict[str, float]]) -> None:
    """Sung words in the slices of each mode, and up to where motion is recovered, from which training takes windows."""
    print("slices  mode           files  words  slices  words in slices  up to the last slice  overlap")
    for group, named in files.items():
        for mode, (slicing, stride_s) in MODES.items():
            words, used, reached, slices, shared_s = 0, 0, 0, 0, 0.0
            for name, data in named.items():
                try:
                    lyrics = parse_lrc(data, name)
                except InputError as error:
                    print(f"left out: {error}")
                    continue
                pieces = read_sliced(sliced_json(slicing, lyrics, raw_lines(data, name), stride_s))
                pieces = pieces[:-1] if slicing == "compat" else pieces  # as the original's data set
                end_s = pieces[-1].end_s if pieces else 0.0
                words += len(lyrics.words)
                used += words_in(lyrics, [piece.start_s for piece in pieces])
                reached += sum((word.start_s + word.end_s) / 2 < end_s for word in lyrics.words)
                slices += len(pieces)
                shared_s += sum(max(0.0, one.end_s - other.start_s) for one, other in pairwise(pieces))
            if not words:
                continue
            row = {"slices": slices, "words_in_slices_share": used / words, "words_reached_share": reached / words,
                   "overlap_share": shared_s / (WINDOW_S * max(slices, 1))}  # fmt: skip
            results.setdefault(mode, {}).update({f"{group}_{key}": round(value, 4) for key, value in row.items()})
            print(f"{group:7} {mode:13} {len(named):6} {words:6} {slices:7} {row['words_in_slices_share']:16.1%} "
                  f"{row['words_reached_share']:21.1%} {row['overlap_share']:8.2f}")  # fmt: skip


def show_credits(files: dict[str, dict[str, bytes]]) -> None:
    """The lines that are taken as credits, for people to judge, and the first sung line of files that have any."""
    for name, data in files["real"].items():
        try:
            lyrics = parse_lrc(data, name)
        except InputError:
            continue
        credited = [line.text for line in lyrics.lines if line.credit]
        if credited:
            print(f"credits: {name}: {credited}; first sung line at {lyrics.first_line_s:.2f} s")


def show_files(folder: Path) -> dict[str, dict[str, float]]:
    """Print everything, and return it as ``results`` holds it."""
    files = lyrics_files(folder)
    results: dict[str, dict[str, float]] = {}
    show_slices(files, results)
    show_credits(files)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with */*/*.lrc")
    parser.add_argument("--short", action="store_true", help="the same: it takes a second")
    args = parser.parse_args()
    write_json(RESULTS, show_files(args.data))


if __name__ == "__main__":
    main()
