"""How long each export takes, how big it is, and how far a round trip through our importers moves a joint.

    python -m benchmarks.export [--short] [--data DIR] [--blender-python PATH]

The dances are those of ``DIR/motion/*/smplfull.json``, or of the demo where there are none; the first minute of each.
FBX and USD are measured where a Python with Blender's ``bpy`` is named (or in ``JUSTLMD_BLENDER_PYTHON``); Blender's
start is among their seconds. Prints seconds and megabytes per minute of dance and writes
``benchmarks/results/export.json``.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import options
from demo.build import motion_of
from demo.music import write_wav
from demo.song_list import song_by_id
from justlmd.body.model import Body, load_body
from justlmd.core.clock import FPS
from justlmd.core.files import write_json
from justlmd.export.audio import write_audio_of_clock
from justlmd.export.kinds import AUDIO, BY_BLENDER, CLOCK, FILES
from justlmd.export.song import ExportOptions, clip_of, export_clip
from justlmd.export.through_blender import convert
from justlmd.motion.importers.formats import read_yup_motion
from justlmd.motion.smplfull import read_smplfull
from justlmd.motion.song_motion import SongMotion

RESULTS = Path(__file__).parent / "results" / "export.json"
MINUTE = 60 * FPS


def dances(data: Path, body: Body) -> Iterator[SongMotion]:
    """The first minute of each dance, as a song's motion."""
    paths = sorted(data.glob("motion/*/smplfull.json"))
    for path in paths:
        yield SongMotion.made(read_smplfull(path).cut(0, MINUTE), body, "real", 2.0)
    for name in () if paths else ("paper_star", "corazon"):
        song = SongMotion.without_video(motion_of(song_by_id(name), body), body, "demo")
        yield replace(song, motion=song.motion.cut(0, MINUTE))


def measured(song: SongMotion, folder: Path, blender: str) -> dict[str, dict[str, float]]:
    """Per kind: seconds and bytes of this dance, and the largest distance of a joint after a round trip, in mm."""
    clip = clip_of(song, "dance")
    joints, seen = clip.motion.joints(song.body)[:, :22], clip.motion.valid
    found: dict[str, dict[str, float]] = {}
    for kind in FILES:
        path = folder / FILES[kind]
        begin = time.perf_counter()
        if kind not in BY_BLENDER:
            export_clip({kind: path, "clock": folder / CLOCK}, clip, ExportOptions(), ())
        elif blender:
            export_clip({"glb": folder / FILES["glb"], "clock": folder / CLOCK}, clip, ExportOptions(), ())
            begin = time.perf_counter()  # the GLB is an export of its own
            convert(folder / FILES["glb"], folder / CLOCK, path, blender)
        else:
            continue
        found[kind] = {"s": time.perf_counter() - begin, "bytes": path.stat().st_size}
        if kind not in (*BY_BLENDER, "humanml3d"):
            back = read_yup_motion(path, song.body).joints(song.body)[: len(joints), :22]
            moved = np.linalg.norm(back - joints[: len(back)], axis=-1)[seen[: len(back)]]
            found[kind]["round_trip_max_mm"] = 1000 * float(moved.max())
    noise = np.random.default_rng(0).normal(0, 0.1, (48_000 * (len(joints) // FPS + 3), 2)).cumsum(0)
    write_wav(folder / "song.wav", noise / np.abs(noise).max())
    begin = time.perf_counter()
    write_audio_of_clock(folder / "song.wav", folder / AUDIO, folder / CLOCK)
    found["audio"] = {"s": time.perf_counter() - begin, "bytes": (folder / AUDIO).stat().st_size}
    return found


def main() -> None:
    parser = options.parser(__doc__, short="one dance only", data="folder with motion/*/smplfull.json")
    parser.add_argument("--blender-python", default=os.environ.get("JUSTLMD_BLENDER_PYTHON", ""))
    args = parser.parse_args()
    body, results, minutes = load_body(), [], 0.0
    body.rest_vertices(np.zeros(10))  # what is computed once is no part of an export
    for song in dances(args.data, body):
        with tempfile.TemporaryDirectory() as name:
            results.append(measured(song, Path(name), args.blender_python))
        minutes += len(song.motion.valid) / MINUTE
        if args.short:
            break
    table = {}
    for kind in results[0]:
        rows = [result[kind] for result in results]
        table[kind] = {
            "s_per_minute": round(sum(row["s"] for row in rows) / minutes, 3),
            "mb_per_minute": round(sum(row["bytes"] for row in rows) / minutes / 1e6, 3),
        }
        if "round_trip_max_mm" in rows[0]:
            table[kind]["round_trip_max_mm"] = round(max(row["round_trip_max_mm"] for row in rows), 5)
    print(
        f"{len(results)} dances, {minutes:.1f} minutes\n{'kind':10} {'s/min':>8} {'MB/min':>8} {'round trip, mm':>15}"
    )
    for kind, row in table.items():
        trip = f"{row['round_trip_max_mm']:.5f}" if "round_trip_max_mm" in row else "-"
        print(f"{kind:10} {row['s_per_minute']:8.3f} {row['mb_per_minute']:8.3f} {trip:>15}")
    write_json(RESULTS, table)


if __name__ == "__main__":
    main()
