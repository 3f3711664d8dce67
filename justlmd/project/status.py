"""What became of each song: finished, dropped, failed or still waiting, with the cause and the next step.

Everything is read from the songs' folders: the outputs that are there, and the ``<rule>.error`` notes that failed jobs
leave beside their logs.
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from justlmd.core.errors import InputError, one_line, read_failure
from justlmd.core.files import read_json
from justlmd.songs.table import FETCH, Song

FINISHED, DROPPED, FAILED, WAITING, EXCLUDED = "finished", "dropped", "failed", "waiting", "excluded"
ALL_SONGS = "all songs"

OUTPUTS = {
    "download": "source.mp4",
    "standardise": "video.mp4",
    "fetch_lyrics": "fetched.lrc",
    "lyrics": "lyrics.json",
    "slices": "sliced.json",
    "pose": "keypoints2d.npz",
    "recovery": "smplfull.json",
    "import_motion": "smplfull.json",
    "quality": "quality.json",
}
"""The stages that a song goes through, as far as they apply to it, in order, and what shows that one is done."""


@dataclass(frozen=True)
class Status:
    """One row of the table: a song, or one of the things that went wrong with it."""

    song: str
    status: str
    reached: str
    """Last stage that is done with all before it."""
    stage: str
    """Where it failed or was dropped, or what comes next."""
    cause: str = ""
    message: str = ""
    next_step: str = ""


def song_statuses(songs: Sequence[Song], results: Path, excluded: Iterable[str] = ()) -> list[Status]:
    """Every song of the table in its order, one row per failure; then what failed for all songs together.

    Parameters
    ----------
    songs
        All rows of the song table.
    results
        The workflow's folder ``results``.
    excluded
        Ids that the configuration leaves out.
    """
    excluded = set(excluded)
    verdicts = _verdicts(results / "manifest.tsv")
    rows: list[Status] = []
    for song in songs:
        rows += _song(song, results, song.id in excluded, verdicts)
    for pattern in ("logs/*.error", "models/*/logs/*.error"):
        rows += [_failed(ALL_SONGS, "", path) for path in sorted(results.glob(pattern))]
    return rows


def _song(song: Song, results: Path, excluded: bool, verdicts: dict[str, tuple[str, str]]) -> list[Status]:
    folder = results / "songs" / song.id
    stages = _stages(song)
    missing = [stage for stage in stages if not (folder / OUTPUTS[stage]).is_file()]
    reached = ["", *stages][stages.index(missing[0]) if missing else -1]
    if excluded:
        return [Status(song.id, EXCLUDED, reached, "", "excluded", "excluded by configuration")]
    patterns = (f"demo/{song.id}/*.error", f"songs/{song.id}/logs/*.error", f"generated/{song.id}/*/logs/*.error")
    notes = [path for pattern in patterns for path in results.glob(pattern) if _counts(path, folder, stages)]
    if notes:
        order = {stage: number for number, stage in enumerate(stages)}
        notes.sort(key=lambda path: (order.get(path.stem, len(order)), path))
        return [_failed(song.id, reached, path) for path in notes]
    if missing:
        return [Status(song.id, WAITING, reached, missing[0], next_step="run the workflow")]
    kept, reasons = _judged(folder / "quality.json")
    judged_since = (results / "manifest.tsv").is_file() and _age(folder / "quality.json") <= _age(
        results / "manifest.tsv"
    )
    if judged_since and song.id in verdicts:
        verdict, reason = verdicts[song.id]
        kept, reasons = verdict == "kept", reason
    if kept:
        return [Status(song.id, FINISHED, reached, "", message=reasons)]
    step = f"look at overlay.mp4; if the gate is wrong, put {song.id} under `keep` in config.yaml"
    return [Status(song.id, DROPPED, reached, "quality", "quality", reasons, step)]


def _stages(song: Song) -> list[str]:
    """The names of the stages in OUTPUTS that apply to a song."""
    left_out = {"import_motion"} if song.has_video else {"pose", "recovery"}
    if not song.has_audio:
        left_out |= {"download", "standardise"}
    if song.lyrics != FETCH:
        left_out.add("fetch_lyrics")
    return [stage for stage in OUTPUTS if stage not in left_out]


def _counts(note: Path, folder: Path, stages: Sequence[str]) -> bool:
    """Whether a note still holds: not of a stage that no longer applies, or whose output was put there since."""
    if note.stem not in OUTPUTS:
        return True
    output = folder / OUTPUTS[note.stem]
    return note.stem in stages and not (output.is_file() and _age(output) >= _age(note))


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns


def _failed(song: str, reached: str, note: Path) -> Status:
    error = read_failure(note)
    step = error.next_step or f"see {note.with_suffix('.log').as_posix()}"
    return Status(song, FAILED, reached, note.stem, error.cause, error.place_and_fault, step)


def _judged(path: Path) -> tuple[bool, str]:
    """What ``quality.json`` says: kept or not, and why."""
    try:
        judged = read_json(path)
    except InputError as error:
        return False, one_line(error)
    if not isinstance(judged, dict) or not isinstance(judged.get("reasons", []), list):
        return False, f"{path}: not a verdict"
    return bool(judged.get("keep")), one_line("; ".join(map(str, judged.get("reasons", []))))


def _verdicts(path: Path) -> dict[str, tuple[str, str]]:
    """Verdict and reason by song, as far as there is a manifest."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {
        str(row["song"]): (str(row["verdict"]), one_line(row.get("reason")))
        for row in rows
        if row.get("song") and row.get("verdict")
    }


def status_table(rows: Iterable[Status]) -> str:
    """The text of ``status.tsv``."""
    names = [field.name for field in fields(Status)]
    return "".join("\t".join(one_line(cell) for cell in row) + "\n" for row in [names, *map(astuple, rows)])


def status_summary(rows: Sequence[Status]) -> str:
    """For people: how many songs are where, and a line for each that is not finished."""
    of_songs = {row.song: row.status for row in rows if row.song != ALL_SONGS}
    counts = [
        f"{list(of_songs.values()).count(status)} {status}"
        for status in (FINISHED, DROPPED, FAILED, WAITING, EXCLUDED)
        if status in of_songs.values()
    ]
    lines = [f"{len(of_songs)} songs: {', '.join(counts)}"]
    told = [row for row in rows if row.status not in (FINISHED, EXCLUDED)]
    if told:
        table = [("song", "status", "stage", "cause", "what happened -> what to do")]
        table += [
            (row.song, row.status, row.stage, row.cause, " -> ".join(filter(None, (row.message, row.next_step))))
            for row in told
        ]
        lines += columns(table)
    if FAILED in of_songs.values():
        names = ",".join(song for song, status in of_songs.items() if status in (FAILED, EXCLUDED))
        lines.append(f"To go on without the songs that failed: --config 'exclude=[{names}]'")
    return "\n".join(lines)


def columns(table: Sequence[Sequence[str]]) -> list[str]:
    """Lines with the cells of each column one below the other; the last column is as long as it is."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
