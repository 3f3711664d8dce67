"""Beat tracking measured on music with known beats, beside librosa's tracker in the same run.

    python -m benchmarks.audio [--short] [--data DIR]

Synthetic drums from 70 to 180 bpm with off-beat hats, tempo changes, the demo's songs, and every song of
``DIR/songs/*/`` that has its beats in ``beats.txt`` (one time in seconds per line). Songs of DIR without that file are
listed with the tempo that each tracker hears. Prints a table and writes ``benchmarks/results/audio.json``.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demo.drum_songs import PATTERNS, SAMPLE_RATE, beat_times, drum_song
from justlmd.core.files import write_json
from justlmd.features.beats import f_measure, track_beats

RESULTS = Path(__file__).parent / "results" / "audio.json"
SEED = 7  # not the one that the tracker was developed with


@dataclass(frozen=True)
class Case:
    """One piece of music with its true beats."""

    group: str
    name: str
    y: np.ndarray
    beats_s: np.ndarray
    downbeats_s: np.ndarray


def synthetic(short: bool) -> list[Case]:
    """Drums at steady and at changing tempi."""
    cases = []
    tempi = (75, 120, 174) if short else (70, 80, 90, 100, 110, 120, 128, 140, 150, 160, 174, 180)
    changes = {"jump 100-120": (100, 120, True), "jump 140-90": (140, 90, True), "glide 90-130": (90, 130, False),
               "glide 160-110": (160, 110, False)}  # fmt: skip
    for name, pattern in PATTERNS.items():
        rhythms = [("steady", f"{bpm} bpm", beat_times((bpm, bpm), 40)) for bpm in tempi]
        rhythms += [("changing", change, beat_times((a, b), 40, jump)) for change, (a, b, jump) in changes.items()]
        for group, tempo, beats_s in rhythms if not short else rhythms[:4]:
            song = drum_song(f"{name}, {tempo}", pattern, beats_s, SEED)
            group = "no drums" if name == "no drums" else group
            cases.append(Case(group, song.name, song.y, song.beats_s, song.downbeats_s))
    return cases


def demo_songs(short: bool) -> list[Case]:
    """The songs of the embedded demo."""
    import librosa

    from demo import music
    from demo.score import beats_s, downbeats_s
    from demo.song_list import SONGS

    cases = []
    for song in list(SONGS)[: 2 if short else None]:
        mono = music.mix(song).mean(axis=1).astype(np.float32)
        y = librosa.resample(mono, orig_sr=music.SAMPLE_RATE, target_sr=SAMPLE_RATE)
        cases.append(Case("demo", song.id, y, beats_s(song), downbeats_s(song)))
    return cases


def real_songs(folder: Path) -> list[Case]:
    """Songs of ``folder/songs``; without beats.txt their beats are empty."""
    import librosa

    cases = []
    for audio in sorted(folder.glob("songs/*/audio.*")):
        truth = audio.with_name("beats.txt")
        beats_s = np.loadtxt(truth, ndmin=1) if truth.exists() else np.zeros(0)
        cases.append(Case("real", audio.parent.name, librosa.load(audio, sr=SAMPLE_RATE)[0], beats_s, np.zeros(0)))
    return cases


def ours(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = track_beats(y, SAMPLE_RATE)
    return found.beats_s, found.downbeats_s


def librosa_tracker(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import librosa

    return librosa.beat.beat_track(y=y, sr=SAMPLE_RATE, trim=False, units="time")[1], np.zeros(0)


def tempo(beats_s: np.ndarray) -> float:
    return float(60 / np.median(np.diff(beats_s))) if len(beats_s) > 1 else 0.0


def measure(tracker: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], case: Case) -> dict[str, float]:
    """One tracker on one case; without true beats only the tempo and the time."""
    begin = time.perf_counter()
    beats_s, downbeats_s = tracker(case.y)
    row = {
        "s_per_minute": (time.perf_counter() - begin) / (len(case.y) / SAMPLE_RATE / 60),
        "tempo_bpm": tempo(beats_s),
    }
    if len(case.beats_s):
        ratio = row["tempo_bpm"] / tempo(case.beats_s)
        nearest = np.array([min(beats_s - beat, key=abs, default=np.inf) for beat in case.beats_s])
        hits = nearest[np.abs(nearest) <= 0.07]
        row |= {
            "f": f_measure(beats_s, case.beats_s),
            "octave_error": float(abs(np.log2(ratio)) > 0.4) if ratio else 1.0,
            "offset_ms": float(1000 * np.median(hits)) if len(hits) else 0.0,
            "downbeat_f": f_measure(downbeats_s, case.downbeats_s),
        }
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with songs/<name>/audio.* and, if known, beats.txt")
    parser.add_argument("--short", action="store_true", help="fewer tempi and songs")
    args = parser.parse_args()
    cases = synthetic(args.short) + demo_songs(args.short) + (real_songs(args.data) if args.data else [])
    trackers = {"ours": ours, "librosa": librosa_tracker}
    rows = [(case, name, measure(tracker, case)) for case in cases for name, tracker in trackers.items()]

    print("group      tracker  cases  mean F  min F  F>=.95  octave   offset  bars F  s/min")
    results: dict[str, dict[str, float]] = {name: {} for name in trackers}
    for group in dict.fromkeys(case.group for case in cases if len(case.beats_s)):
        for name in trackers:
            found = [row for case, by, row in rows if case.group == group and by == name and "f" in row]
            f = np.array([row["f"] for row in found])
            summary = {
                "f_mean": f.mean(), "f_min": f.min(), "f_at_least_095_share": (f >= 0.95).mean(),
                "octave_error_share": np.mean([row["octave_error"] for row in found]),
                "median_offset_ms": np.median([row["offset_ms"] for row in found]),
                "downbeat_f_mean": np.mean([row["downbeat_f"] for row in found]),
                "s_per_minute": np.median([row["s_per_minute"] for row in found]),
            }  # fmt: skip
            key = group.replace(" ", "_")
            results[name] |= {f"{key}_{what}": round(float(value), 4) for what, value in summary.items()}
            print(f"{group:10} {name:8} {len(found):5} {summary['f_mean']:7.3f} {summary['f_min']:6.2f} "
                  f"{summary['f_at_least_095_share']:7.2f} {summary['octave_error_share']:7.2f} "
                  f"{summary['median_offset_ms']:5.1f} ms {summary['downbeat_f_mean']:7.2f} "
                  f"{summary['s_per_minute']:6.2f}")  # fmt: skip
    for case, name, row in rows:
        if name == "ours" and row.get("f", 1.0) < 0.95:
            heard = "an octave off" if row["octave_error"] else "at the right tempo"
            print(f"ours below 0.95: {case.name}: F {row['f']:.2f}, {heard}")
    for case in (case for case in cases if not len(case.beats_s)):
        heard = ", ".join(f"{name} {row['tempo_bpm']:.1f} bpm" for other, name, row in rows if other is case)
        print(f"without truth: {case.name}: {heard}")
    write_json(RESULTS, results)


if __name__ == "__main__":
    main()
