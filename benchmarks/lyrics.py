"""Lyrics on the clock of the music: the first line, the words, and how fast ``.lrc`` files are read.

    python -m benchmarks.lyrics [--short] [--data DIR] [--songs 20] [--shifts 3]

The first line: songs made of random words (seeds from 100 on, which nothing was tuned with), the demo's songs, and
every song of ``DIR/songs/*/`` with ``audio.*`` and a right ``.lrc``; each with three random shifts of its stamps, with
the lyrics of other songs, with 8 s cut out of its middle, and with lyrics that run 1 % slower. The
words: the same songs where words' times are known (``words.csv``, or syllables in ``lines.json``), from stamps of lines
alone. A folder of a real song may hold ``language.txt`` with its code. Seconds are CPU time. In its long form it also
prints what ``benchmarks.lyrics_files`` does. Writes ``benchmarks/results/lyrics.json``.
"""

import csv
import json
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks import options
from benchmarks.lyrics_files import show_files
from justlmd.core.files import write_json
from justlmd.lyrics.alignment import align, centre, load_whisper, pocketsphinx_aligner
from justlmd.lyrics.document import Lyrics, shift, stretched_line
from justlmd.lyrics.heard_words import hear_words
from justlmd.lyrics.lrc import parse_lrc
from justlmd.lyrics.pieces import in_pieces
from justlmd.lyrics.synchronise import listen
from justlmd.lyrics.vocal_activity import SR, VocalCurves, curves_of, voice_activity, voice_spectrum
from justlmd.lyrics.whisper import Whisper
from justlmd.lyrics.whisper_models import guessed_language
from justlmd.lyrics.witness import Witness
from justlmd.media.audio import read_audio

RESULTS = Path(__file__).parent / "results" / "lyrics.json"
FIRST_SEED = 100  # those below 60 were used for tuning and choosing
LEVELS = (1.0, 0.7, 0.5, 0.35)  # how loud the singer of a made song is
CUT_S = 8.0  # what is taken out of the middle of a song for a cut version
SPEED = 1.01  # of the lyrics against the song for a version at another speed
OTHERS = 3  # songs whose lyrics are tried on each song
CHECKS = ("without_ends_confident", "without_ends_right", "other_lyrics_confident", "false_warning", "cut_confident",
          "cut_warned", "cut_placed", "cut_lines_right", "drift_confident", "drift_warned",
          "drift_lines_right")  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A song: its sound (2, n) at 16 kHz, its right lyrics, and the true starts of its words where they are known."""

    group: str
    name: str
    sound: np.ndarray
    lyrics: Lyrics
    word_starts: list[list[float]]
    language: str = "en"


def made_songs(group: str, songs: list, levels: tuple[float, ...]) -> Iterator[Case]:
    """Songs of the demo's instruments and singer, at changing levels of the voice."""
    import librosa

    from demo.music import SAMPLE_RATE, mix
    from demo.score import lines, lrc

    for number, song in enumerate(songs):
        stereo = mix(song, levels[number % len(levels)]).T.astype(np.float32)
        sound = librosa.resample(stereo, orig_sr=SAMPLE_RATE, target_sr=SR)
        words = [[word.start for word in line.words] for line in lines(song)]
        text = lrc(replace(song, lrc="line"))
        yield Case(group, song.id, sound, parse_lrc(text.encode(), song.id), words, song.language)


def real_songs(folder: Path) -> Iterator[Case]:
    """Songs of ``folder/songs``."""
    for audio in sorted(folder.glob("songs/*/audio.*")):
        path = next(iter(sorted(audio.parent.glob("*.lrc"))), None)
        if path is None:
            continue
        words = true_words(audio.parent)
        lyrics = parse_lrc(path.read_bytes(), path.name)
        told = audio.parent / "language.txt"
        language = told.read_text(encoding="utf-8").strip() if told.is_file() else guessed_language(lyrics.text)
        yield Case("real", audio.parent.name, read_audio(audio, SR, 2), lyrics, words, language)


def whisper_of(case: Case) -> Whisper:
    """The model that hears the song."""
    whisper, _ = load_whisper(case.lyrics, case.language)
    if whisper is None:
        raise SystemExit("no Whisper model is installed: run make setup")
    return whisper


def others_than(number: int, cases: list[Case]) -> list[Lyrics]:
    """The lyrics of a few other songs, spread over all of them; those of another mix of the song are its own."""
    own = cases[number].lyrics.text
    strange = [case.lyrics for case in cases[number + 1 :] + cases[:number] if case.lyrics.text != own]
    places = np.linspace(0, len(strange) - 1, OTHERS).round().astype(int) if strange else []
    return [strange[place] for place in dict.fromkeys(places)]


def without_ends(lyrics: Lyrics) -> Lyrics:
    """The same lines from stamps of their beginnings alone."""
    stamps = (f"[{line.start_s // 60:02.0f}:{line.start_s % 60:06.3f}]{line.text}" for line in lyrics.sung)
    return parse_lrc("\n".join(stamps).encode(), "")


def true_words(folder: Path) -> list[list[float]]:
    """Starts of the words of each line; empty where nobody measured them."""
    if (folder / "words.csv").is_file():
        lines: list[list[float]] = [[]]
        with (folder / "words.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                lines[-1].append(float(row["word_start"]))
                if row["line_end"] not in ("", "nan"):
                    lines.append([])
        return [line for line in lines if line]
    if (folder / "lines.json").is_file():
        entries = json.loads((folder / "lines.json").read_text(encoding="utf-8"))
        if all("syl" in entry for entry in entries):
            return [
                [start for n, (start, _, text) in enumerate(entry["syl"]) if n == 0 or text.startswith(" ")]
                for entry in entries
            ]
    return []


def naive_first_line(heard: np.ndarray) -> float:
    """The first time that silero-vad is above 0.4 for 0.3 s."""
    runs = np.convolve(heard > 0.4, np.ones(10), "valid") > 9.5
    return float(runs.argmax() * 512 / SR) if runs.any() else 0.0


def find_first_lines(case: Case, others: list[Lyrics], shifts: int) -> dict[str, list[dict[str, float]]]:
    """Errors and confidence of each method, for random shifts; of ours also with the lyrics of other songs, without
    stamps of ends, with a cut, and with lyrics at another speed."""
    begin = time.process_time()
    heard = voice_activity(case.sound.mean(axis=0))
    activity_s = time.process_time() - begin
    curves = curves_of(voice_spectrum(case.sound), heard)
    heard_only = replace(
        curves, **{name: np.zeros_like(curves.energy) for name in ("energy", "energy_rise", "activity_rise")}
    )
    curves_s = time.process_time() - begin
    begin = time.process_time()
    witness = Witness(centre(case.sound), whisper_of(case))
    witness_s = time.process_time() - begin
    rng = np.random.default_rng([1, *case.name.encode()])
    true_s = case.lyrics.first_line_s
    rows: dict[str, list[dict[str, float]]] = {"ours": [], "curves_only": [], "silero_mask": [], "naive_onset": []}
    for _ in range(shifts):
        by_s = rng.uniform(-min(20.0, true_s), 20.0)
        shifted = shift(case.lyrics, true_s + by_s)
        for name, lyrics, told in (("ours", shifted, witness), ("curves_only", shifted, None),
                                   ("ours", without_ends(shifted), witness)):  # fmt: skip
            begin = time.process_time()
            found = listen(lyrics, curves, told)
            took_s = curves_s + (witness_s if told else 0.0) + time.process_time() - begin
            values = {"error_s": found.first_line_s - true_s, "confident": float(found.confident)}
            if lyrics is shifted:
                rows[name].append(values | {"confidence": found.confidence or 0.0, "s": took_s})
            else:
                rows[name][-1]["without_ends_confident"] = values["confident"]
                if found.confident:
                    rows[name][-1]["without_ends_right"] = float(abs(values["error_s"]) <= 0.3)
        rows["silero_mask"].append({"error_s": listen(shifted, heard_only).first_line_s - true_s, "s": activity_s})
        rows["naive_onset"].append({"error_s": naive_first_line(heard) - true_s, "s": activity_s})
    strange = float(np.mean([listen(other, curves, witness).confident for other in others]))
    whole = in_pieces(case.lyrics, curves, witness)[0].warnings[len(case.lyrics.warnings) :]
    middle_s = case.sound.shape[1] / SR / 2
    for row in rows["ours"]:
        row |= {"other_lyrics_confident": strange, "false_warning": float(bool(whole))}
        row |= find_cut(case, middle_s, witness.whisper) | find_drift(case, curves, witness)
    return rows


def find_drift(case: Case, curves: VocalCurves, witness: Witness) -> dict[str, float]:
    """What becomes of lyrics that run slower than the song: noticed, and the lines in place."""
    slow = replace(case.lyrics, lines=tuple(stretched_line(line, 0.0, SPEED) for line in case.lyrics.lines))
    placed = listen(slow, curves, witness)
    if not placed.confident:
        return {"drift_confident": 0.0}
    moved = shift(slow, placed.first_line_s)
    mended, _ = in_pieces(moved, curves, witness)
    truth = [line.start_s for line in case.lyrics.sung]
    right = [min(abs(line.start_s - true_s) for true_s in truth) <= 0.3 for line in mended.sung]
    warned = len(mended.warnings) > len(moved.warnings)
    return {"drift_confident": 1.0, "drift_warned": float(warned), "drift_lines_right": float(np.mean(right))}


def find_cut(case: Case, at_s: float, whisper: Whisper) -> dict[str, float]:
    """What becomes of the lyrics when ``CUT_S`` are taken out of the song: noticed, in the right place, lines moved."""
    gone = slice(round(at_s * SR), round((at_s + CUT_S) * SR))
    cut = np.delete(case.sound, gone, axis=1)
    curves = curves_of(voice_spectrum(cut), voice_activity(cut.mean(axis=0)))
    witness = Witness(centre(cut), whisper)
    placed = listen(case.lyrics, curves, witness)
    if not placed.confident:
        return {"cut_confident": 0.0}
    mended, pieces = in_pieces(shift(case.lyrics, placed.first_line_s), curves, witness)
    truth = {line.text: [] for line in case.lyrics.sung}
    for line in case.lyrics.sung:
        if not at_s - 1.0 < line.start_s < at_s + CUT_S:
            truth[line.text].append(line.start_s - (CUT_S if line.start_s > at_s else 0.0))
    after = [line for line in mended.sung if line.start_s > at_s + 3.0]
    right = [min((abs(line.start_s - true_s) for true_s in truth[line.text]), default=9.0) <= 0.5 for line in after]
    near = [abs(piece.at_s - at_s) <= 3.0 for piece in pieces]
    values = {"cut_confident": 1.0, "cut_warned": float(bool(pieces)), "cut_placed": float(any(near))}
    return values | {"cut_lines_right": float(np.mean(right)) if right else 1.0}


def word_errors(lyrics: Lyrics, starts: list[list[float]]) -> np.ndarray:
    """Absolute errors in seconds of all words but the first of each line, whose time is the line's stamp."""
    errors = [
        abs(word.start_s - true_s)
        for line, words in zip(lyrics.sung, starts, strict=True)
        if len(line.words) == len(words)
        for word, true_s in list(zip(line.words, words, strict=True))[1:]
    ]
    return np.array(errors)


def show_first_lines(
    rows: list[tuple[Case, dict[str, list[dict[str, float]]]]], results: dict[str, dict], shifts: int
) -> None:
    print("first line  method       songs  median s  <=0.3 s  confident  right of them  s/song")
    for group in dict.fromkeys(case.group for case, _ in rows):
        for name in rows[0][1]:
            found = [row for case, by in rows if case.group == group for row in by[name]]
            error = np.abs([row["error_s"] for row in found])
            summary = {
                "songs": len(found) // shifts,
                "median_error_s": float(np.median(error)),
                "within_300_ms_share": float((error <= 0.3).mean()),
                "s_per_song": float(np.median([row["s"] for row in found])),
            }
            sure = ""
            if "confident" in found[0]:
                confident = np.array([row["confident"] for row in found]) > 0.5
                summary["confident_share"] = float(confident.mean())
                if confident.any():
                    summary["confident_within_300_ms_share"] = float((error[confident] <= 0.3).mean())
                    summary["confident_median_error_s"] = float(np.median(error[confident]))
                for what in CHECKS:
                    values = [row[what] for row in found if what in row]
                    if values:
                        summary[f"{what}_share"] = float(np.mean(values))
                right = summary.get("confident_within_300_ms_share")
                sure = f"{summary['confident_share']:9.2f}  {'-' if right is None else format(right, '.2f'):>13}"
            results.setdefault(name, {}).update({f"{group}_{k}": round(v, 4) for k, v in summary.items()})
            print(f"{group:11} {name:12} {summary['songs']:5} {summary['median_error_s']:9.2f} "
                  f"{summary['within_300_ms_share']:8.2f} {sure:24} {summary['s_per_song']:7.1f}")  # fmt: skip
        ours = results["ours"]
        for what in CHECKS:
            if f"{group}_{what}_share" in ours:
                print(f"{group:11} {what.replace('_', ' ')}: {ours[f'{group}_{what}_share']:.2f}")
    for case, by in rows:
        if case.group == "real":
            told = ", ".join(f"{row['error_s']:+.2f} s ({'sure' if row['confident'] else 'not sure'})"
                             for row in by["ours"])  # fmt: skip
            print(f"real: {case.name}: {told}")


def show_words(cases: list[Case], results: dict[str, dict]) -> None:
    methods: dict[str, Callable[[Case], Lyrics]] = {
        "interpolated": lambda case: case.lyrics,
        "pocketsphinx": lambda case: align(case.lyrics, centre(case.sound), pocketsphinx_aligner()),
        "ours": lambda case: hear_words(case.lyrics, centre(case.sound), whisper_of(case)),
    }
    print("\nwords       method        words  median s  mean s  <=0.1 s  <=0.3 s  lines heard  s/song")
    for group in dict.fromkeys((case.group if case.group != "real" else case.name) for case in cases):
        chosen = [case for case in cases if group in (case.group, case.name) and case.word_starts]
        for name, method in methods.items():
            heard = [case for case in chosen if name != "pocketsphinx" or case.language == "en"]
            begin = time.process_time()
            timed = [method(case) for case in heard]
            took_s = (time.process_time() - begin) / max(len(heard), 1)
            errors = [word_errors(lyrics, case.word_starts) for lyrics, case in zip(timed, heard, strict=True)]
            error = np.concatenate(errors) if errors else np.zeros(0)
            if not len(error):
                continue
            lines = [line.timing == "aligned" for lyrics in timed for line in lyrics.sung]
            summary = {
                "words": len(error), "median_error_s": float(np.median(error)), "mean_error_s": float(error.mean()),
                "within_100_ms_share": float((error <= 0.1).mean()),
                "within_300_ms_share": float((error <= 0.3).mean()), "lines_aligned_share": float(np.mean(lines)),
                "words_s_per_song": took_s,
            }  # fmt: skip
            results.setdefault(name, {}).update({f"{group}_{k}": round(v, 4) for k, v in summary.items()})
            print(f"{group[:11]:11} {name:12} {len(error):6} {summary['median_error_s']:9.3f} "
                  f"{summary['mean_error_s']:7.3f} {summary['within_100_ms_share']:8.2f} "
                  f"{summary['within_300_ms_share']:8.2f} {summary['lines_aligned_share']:12.2f} "
                  f"{took_s:7.1f}")  # fmt: skip


def show_parsing(folder: Path, results: dict[str, dict]) -> None:
    """Lines per second, and how much of the time to the next line is sung where the true ends are known."""
    files = sorted([*folder.glob("motion/*/lyrics.lrc"), *folder.glob("songs/*/*.lrc")])
    texts = [path.read_bytes() for path in files]
    if texts:
        begin = time.perf_counter()
        count = sum(
            len(parse_lrc(text, path.name).lines) for _ in range(20) for path, text in zip(files, texts, strict=True)
        )
        results["ours"]["parsed_lines_per_s"] = round(count / (time.perf_counter() - begin))
        print(
            f"\nparsing: {results['ours']['parsed_lines_per_s']} lines per second with word times ({len(files)} files)"
        )
    for path in sorted(folder.glob("songs/*/lines.json")):
        lines = json.loads(path.read_text(encoding="utf-8"))
        shares = [(a["end"] - a["start"]) / (b["start"] - a["start"]) for a, b in pairwise(lines)
                  if b["start"] > a["start"]]  # fmt: skip
        print(f"sung share of the time to the next line, median: {path.parent.name} {np.median(shares):.2f}")


def main() -> None:
    parser = options.parser(
        __doc__, short="two made songs, two of the demo, one shift each", data="folder with songs/<name>/audio.*"
    )
    parser.add_argument("--songs", type=int, default=20, help="how many songs are made")
    parser.add_argument("--shifts", type=int, default=3, help="shifts of each song's stamps")
    args = parser.parse_args()
    count, shifts = (2, 1) if args.short else (args.songs, args.shifts)

    from demo.random_songs import random_song
    from demo.song_list import SONGS

    seeds = range(FIRST_SEED, FIRST_SEED + count)
    cases = [*made_songs("made", [random_song(seed) for seed in seeds], LEVELS),
             *made_songs("made_es", [random_song(seed, "es") for seed in seeds[: (count + 3) // 4]], LEVELS),
             *made_songs("demo", list(SONGS)[: 2 if args.short else None], (1.0,)), *real_songs(args.data)]  # fmt: skip
    results: dict[str, dict] = {}
    rows = [(case, find_first_lines(case, others_than(number, cases), shifts)) for number, case in enumerate(cases)]
    show_first_lines(rows, results, shifts)
    show_words(cases, results)
    show_parsing(args.data, results)
    if not args.short:  # by itself: make bench-lyrics_files
        print()
        results["files"] = show_files(args.data)
    results["ours"]["peak_rss_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    write_json(RESULTS, results)


if __name__ == "__main__":
    main()
