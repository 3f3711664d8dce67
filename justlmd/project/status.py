"""What became of each song: finished, dropped, failed or still waiting, with the cause and the next step.

The workflow hands over the stages of each song as its rules define them (:func:`write_stages`). Everything else is
read from the songs' folders: the outputs that are there, and the notes that failed jobs leave beside their logs.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path

from justlmd.core.errors import InputError, one_line, read_failure
from justlmd.core.files import read_json, write_json

FINISHED, DROPPED, FAILED, WAITING, EXCLUDED = "finished", "dropped", "failed", "waiting", "excluded"
ALL_SONGS = "all songs"
STAGES = "logs/stages.json"
"""Where the workflow notes the stages, under ``results/``."""


@dataclass(frozen=True)
class Stage:
    """One job of a song, or of all songs together."""

    rule: str
    outputs: tuple[str, ...]
    """Paths whose presence shows that the job is done."""
    note: str
    """Where the job leaves the reason when it fails."""
    required: bool = True
    """Whether the song is unfinished without it; of other stages only failures count."""


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


def write_stages(results: Path, stages: Mapping[str, Sequence[Stage]]) -> None:
    """Note the stages of each song in order, and those of all songs together under :data:`ALL_SONGS`."""
    write_json(results / STAGES, {song: [asdict(stage) for stage in its] for song, its in stages.items()})


def read_stages(results: Path) -> dict[str, list[Stage]]:
    """The stages by song that the last run of the workflow noted; empty where it has not run."""
    path = results / STAGES
    if not path.is_file():
        return {}
    content = read_json(path)
    try:
        return {
            str(song): [
                Stage(str(s["rule"]), tuple(map(str, s["outputs"])), str(s["note"]), bool(s["required"])) for s in its
            ]
            for song, its in content.items()
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise InputError("is damaged", where=path, next_step="delete it and run the workflow again") from error


def song_statuses(
    songs: Iterable[str], stages: Mapping[str, Sequence[Stage]], results: Path, excluded: Iterable[str] = ()
) -> list[Status]:
    """Every song in the order of ``songs``, one row per failure; then what failed for all songs together.

    Parameters
    ----------
    songs
        Ids of all rows of the song table, and of the songs to dance to.
    stages
        The stages of each song; a song without any is waiting for the first run.
    results
        The workflow's folder ``results``.
    excluded
        Ids that the configuration leaves out.
    """
    excluded = set(excluded)
    verdicts = _verdicts(results / "manifest.tsv")
    rows: list[Status] = []
    for song in songs:
        rows += _song(song, stages.get(song, []), results, song in excluded, verdicts)
    rows += [_failed(ALL_SONGS, "", stage) for stage in stages.get(ALL_SONGS, []) if _has_failed(stage)]
    return rows


def _song(
    song: str, stages: Sequence[Stage], results: Path, excluded: bool, verdicts: dict[str, tuple[str, str]]
) -> list[Status]:
    required = [stage for stage in stages if stage.required]
    missing = [stage.rule for stage in required if not _is_done(stage)]
    names = ["", *(stage.rule for stage in required)]
    reached = names[names.index(missing[0]) - 1] if missing else names[-1]
    if excluded:
        return [Status(song, EXCLUDED, reached, "", "excluded", "excluded by configuration")]
    failed = [stage for stage in stages if _has_failed(stage)]
    if failed:
        return [_failed(song, reached, stage) for stage in failed]
    if missing or not stages:
        return [Status(song, WAITING, reached, missing[0] if missing else "", next_step="run the workflow")]
    quality = results / "songs" / song / "quality.json"
    if "quality" not in names:  # a song to dance to is not judged
        return [Status(song, FINISHED, reached, "")]
    kept, reasons = _judged(quality)
    manifest = results / "manifest.tsv"
    if song in verdicts and _age(quality) <= _age(manifest):
        verdict, reason = verdicts[song]
        kept, reasons = verdict == "kept", reason
    if kept:
        return [Status(song, FINISHED, reached, "", message=reasons)]
    step = f"look at overlay.mp4; if the gate is wrong, put {song} under `keep` in config.yaml"
    return [Status(song, DROPPED, reached, "quality", "quality", reasons, step)]


def _is_done(stage: Stage) -> bool:
    return all(Path(output).is_file() for output in stage.outputs)


def _has_failed(stage: Stage) -> bool:
    """Whether a job left a note, and its outputs were not put there since, by hand."""
    note = Path(stage.note)
    if not note.is_file():
        return False
    return not (_is_done(stage) and all(_age(Path(output)) >= _age(note) for output in stage.outputs))


def _age(path: Path) -> int:
    return path.stat().st_mtime_ns


def _failed(song: str, reached: str, stage: Stage) -> Status:
    error = read_failure(stage.note)
    step = error.next_step or f"see {Path(stage.note).with_suffix('.log').as_posix()}"
    return Status(song, FAILED, reached, stage.rule, error.cause, error.place_and_fault, step)


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
    unfinished = [row for row in rows if row.status not in (FINISHED, EXCLUDED)]
    if unfinished:
        table = [("song", "status", "stage", "cause", "what happened -> what to do")]
        table += [
            (row.song, row.status, row.stage, row.cause, " -> ".join(filter(None, (row.message, row.next_step))))
            for row in unfinished
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
