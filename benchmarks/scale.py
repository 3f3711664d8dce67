"""Large data sets and tables: memory and time of building, opening, reading, and of what lists all songs.

    python -m benchmarks.scale [--short] [--sequences N ...] [--songs N]

Synthetic songs (one motion under other names) become a data set of ``--sequences`` sequences, which is opened and
read in random order; and a folder of ``--songs`` finished songs gets its manifest, table of states, gallery and data
card. Each step runs in a process of its own: CPU seconds are its user and system time, the peak is its resident
memory, and both include 1 to 4 s and about 150 MB of imports. Rates count CPU seconds, too; files come from the page
cache where the machine has room for them. Writes ``benchmarks/results/scale.json``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.core.clock import FPS
from justlmd.core.files import read_json, write_json
from justlmd.core.limits import limit_memory
from justlmd.lyrics.document import Line, Lyrics, write_lyrics
from justlmd.lyrics.word_timing import Word

RESULTS = Path(__file__).parent / "results" / "scale.json"
PER_SONG = 12
STRIDE_S = 3
FRAMES = FPS * (STRIDE_S * (PER_SONG - 1) + 6)
WHOLE_SONG_S = 200
READS = 4000
BUILD_MB = 1000
"""Beyond it the build would fail. The peak of resident memory grows with the arrays on the disk, which are mapped."""


def write_words(folder: Path, seconds: int) -> None:
    """``lyrics.json`` and ``sliced.json`` of a song with a line every three seconds."""
    lines = []
    for start in range(0, seconds, STRIDE_S):
        words = tuple(Word(start + 0.4 * k, start + 0.4 * k + 0.3, f"word{k}") for k in range(6))
        lines.append(Line(start, start + 2.7, " ".join(word.text for word in words), words, timing="line"))
    write_lyrics(folder / "lyrics.json", Lyrics(tuple(lines)), "song", "en")
    last = seconds - 6
    write_json(folder / "sliced.json", {f"{s // 60:02d}:{s % 60:06.3f}": "words" for s in range(0, last + 1, STRIDE_S)})


def build(folder: Path, sequences: int) -> dict[str, float]:
    """Arrays, shards, figures and card of ``sequences`` sequences, in :data:`BUILD_MB` of memory of its own."""
    from justlmd.body.model import Body, load_body
    from justlmd.dataset.build import build_dataset
    from justlmd.dataset.complete import complete_dataset
    from justlmd.dataset.song_files import SongFiles
    from justlmd.motion.motion import Motion

    limit_memory(BUILD_MB)
    pose = np.random.default_rng(0).normal(0, 0.2, (FRAMES, 69))
    motion = Motion(np.zeros((FRAMES, 3)), pose, np.zeros((FRAMES, 3)), np.zeros(10), np.ones(FRAMES, bool))

    def made(_: Body) -> Motion:
        return motion

    write_words(folder, FRAMES // FPS)
    files = {"lyrics": folder / "lyrics.json", "sliced": folder / "sliced.json"}
    names = [f"song_{number:06d}" for number in range(sequences // PER_SONG)]
    songs = [SongFiles(name, made, group=name, title=name, **files) for name in names]
    summary = build_dataset(songs, folder / "dataset", load_body())
    complete_dataset(folder / "dataset", songs)
    size = sum(path.stat().st_size for path in (folder / "dataset").rglob("*") if path.is_file())
    return {"sequences": summary["sequences"], "disk_gb": round(size / 1e9, 2)}


def read(folder: Path, _: int) -> dict[str, float]:
    """Open the data set in both ways, and read sequences in random order."""
    import justlmd
    from justlmd.dances import load  # noqa: F401 (its imports are no part of opening)
    from model.data import LyricsMusicDance

    start = time.process_time()
    train = LyricsMusicDance(folder / "dataset", "train")
    opened = time.process_time() - start
    chosen = np.random.default_rng(0).integers(0, len(train), READS).tolist()
    start = time.process_time()
    for number in chosen:
        train[number]
    rate = READS / (time.process_time() - start)
    start = time.process_time()
    dances = justlmd.load_dataset(folder / "dataset")
    loaded = time.process_time() - start
    start = time.process_time()
    for dance in dances[: READS // 4]:
        dance["body_pose"].sum()
    return {
        "open_s": round(opened, 2),
        "random_reads_per_s": round(rate),
        "load_dataset_s": round(loaded, 2),
        "dances_in_order_per_s": round(READS // 4 / (time.process_time() - start)),
    }


def write_songs(folder: Path, count: int) -> None:
    """A table of ``count`` songs, each with the finished files of one song of :data:`WHOLE_SONG_S` seconds."""
    from justlmd.body.model import load_body
    from justlmd.motion.motion import CameraMotion
    from justlmd.motion.song_motion import SongMotion, write_song_motion
    from justlmd.project.status import Stage, write_stages
    from justlmd.quality.gate import known_frames

    one = folder / "one"
    one.mkdir(parents=True)
    frames = WHOLE_SONG_S * FPS
    poses = np.random.default_rng(0).normal(0, 0.2, (frames, 72))
    motion = CameraMotion(
        poses, np.zeros((frames, 3)), np.ones((frames, 3)), np.zeros(10), np.eye(3), np.ones(frames, bool)
    )
    write_song_motion(
        one / "smplfull.json", one / "smplfull.meta.json", SongMotion.made(motion, load_body(), "made", 0.0)
    )
    write_words(one, WHOLE_SONG_S)
    curves = {name: [0.5] * 200 for name in ("speed", "reprojection")}
    figures = {"frames": frames, "reprojection": 0.01, "detection_rate": 0.99}
    verdict = {"keep": True, "reasons": [], "figures": figures, "thresholds": {}, "series": curves}
    write_json(one / "quality.json", verdict | {"motion": known_frames(motion.valid, 0)})
    names = [f"song_{number:05d}" for number in range(count)]
    made = [path for path in one.iterdir()]
    stages = {}
    for name in names:
        place = folder / "results/songs" / name
        place.mkdir(parents=True)
        for path in made:
            os.link(path, place / path.name)
        outputs = [(path.stem, f"results/songs/{name}/{path.name}") for path in made]
        stages[name] = [
            Stage(rule, (output,), f"results/songs/{name}/logs/{rule}.error") for rule, output in outputs
        ] * 3
    rows = [f"{name}\thttps://video.example/{name}\tlyrics.lrc\tA title of {name}" for name in names]
    (folder / "songs.tsv").write_text("\n".join(["id\turl\tlyrics\ttitle", *rows]) + "\n")
    write_stages(folder / "results", stages)


def manifest(folder: Path, _: int) -> dict[str, float]:
    """What the rule ``manifest`` does."""
    from justlmd.dataset.manifest import manifest as listed
    from justlmd.dataset.manifest import read_candidate, write_manifest
    from justlmd.songs.table import read_songs

    songs = read_songs(folder / "songs.tsv")
    candidates = {song.id: read_candidate(folder / "results/songs" / song.id, drop_last=False) for song in songs}
    table = listed(songs, candidates)
    write_manifest(folder / "results/manifest.tsv", table)
    return {"kept": int((table.verdict == "kept").sum())}


def status(folder: Path, _: int) -> dict[str, float]:
    """What ``justlmd status`` does."""
    from justlmd.project.status import read_stages, song_statuses, status_summary, status_table
    from justlmd.songs.table import read_songs

    os.chdir(folder)
    rows = song_statuses([song.id for song in read_songs("songs.tsv")], read_stages(Path("results")), Path("results"))
    return {"rows": len(rows), "characters": len(status_table(rows) + status_summary(rows))}


def gallery(folder: Path, _: int) -> dict[str, float]:
    """What the rule ``gallery`` does."""
    from justlmd.songs.table import read_songs
    from justlmd.view.gallery import write_gallery

    page = folder / "results/view/index.html"
    count = write_gallery(page, read_songs(folder / "songs.tsv"), [], folder / "results", exclude=[], keep=[])
    return {"songs": count, "page_mb": round(page.stat().st_size / 1e6, 1)}


def table_of_faults(folder: Path, rows: int) -> dict[str, float]:
    """Refuse a table with a fault in each row."""
    from justlmd.core.errors import InputError
    from justlmd.songs.table import read_songs

    faulty = folder / "faulty.tsv"
    faulty.write_text("id\turl\tlyrics\n" + "a b\tftp:x\t\n" * rows)
    try:
        read_songs(faulty)
    except InputError as error:
        return {"lines": str(error).count("\n") + 1}
    raise SystemExit("the faulty table was accepted")


STEPS: dict[str, Callable[[Path, int], dict[str, float]]] = {
    "build": build, "read": read, "manifest": manifest, "status": status, "gallery": gallery, "faults": table_of_faults
}  # fmt: skip


def measured(step: str, folder: Path, count: int) -> dict[str, Any]:
    """Run one step in a process of its own: what it found, CPU seconds and peak memory in MB."""
    command = [sys.executable, "-m", "benchmarks.scale", "--step", step, str(folder), str(count)]
    answer = folder / f"{step}.json"
    process = subprocess.Popen([*command, str(answer)])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{step} failed")
    figures = {"cpu_s": round(usage.ru_utime + usage.ru_stime, 1), "peak_mb": round(usage.ru_maxrss / 1024)}
    return figures | read_json(answer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, nargs="+", help="sizes of the data sets (default: 10,000 and 100,000)")
    parser.add_argument("--songs", type=int, help="size of the table (default: 5,000)")
    parser.add_argument("--short", action="store_true", help="1,200 sequences and 50 songs")
    parser.add_argument("--step", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        step, folder, count, answer = arguments.step
        write_json(answer, STEPS[step](Path(folder), int(count)))
        return
    found: dict[str, dict[str, Any]] = {}

    def report(what: str, row: dict[str, Any]) -> None:
        found[what] = row
        print(f"{what:32} {json.dumps(row)}", flush=True)

    for count in arguments.sequences or ([1200] if arguments.short else [10_000, 100_000]):
        with tempfile.TemporaryDirectory() as name:
            report(f"{count} sequences, build", measured("build", Path(name), count))
            report(f"{count} sequences, read", measured("read", Path(name), count))
    count = arguments.songs or (50 if arguments.short else 5000)
    with tempfile.TemporaryDirectory() as name:
        write_songs(Path(name), count)
        for step in ("manifest", "status", "gallery"):
            report(f"{count} songs, {step}", measured(step, Path(name), count))
        report("100000 faulty rows", measured("faults", Path(name), 100_000))
    write_json(RESULTS, found)


if __name__ == "__main__":
    main()
