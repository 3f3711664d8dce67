"""What may be published of a data set: links, times, motion, features, splits and a card.

No audio, video, lyrics, titles, artists or states of a text encoder. Ids of songs are often made of titles, so songs
and groups get names that say nothing. Withdrawn songs leave only their name.
"""

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from justlmd.core.errors import InputError
from justlmd.core.files import read_json, write_json, write_text
from justlmd.dataset.build import QUALITY
from justlmd.dataset.columns import columns, shard_schema
from justlmd.dataset.complete import statistics_of
from justlmd.dataset.figures import write_figures
from justlmd.dataset.publish_card import publish_card, withdrawal
from justlmd.dataset.shards import Shards, writing_shards
from justlmd.dataset.splits import SPLITS
from justlmd.dataset.storage import LEARNED, write_table

PUBLISHED, REFUSED, WITHDRAWN = "published", "refused", "withdrawn"

FORBIDDING = ("private", "proprietary", "all-rights-reserved")
"""Licences under which nothing derived from a song may be published, beside those without derivatives (ND)."""

SONG_COLUMNS = (
    "song", "group", "split", "url", "licence", "language", "crop", "source_start_s", "start_frame", "frames",
    "valid_frames", "sequences", "has_audio", "level", "foreign_shape",
)  # fmt: skip
"""Columns of the published ``songs.parquet``, beside the metrics of the quality gate."""

YOUTUBE = ("youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com", "youtu.be", "www.youtu.be")


@dataclass(frozen=True)
class Terms:
    """What decides about publishing.

    ``licences``: licence of each song, as the song table has it; ``withdrawn``: ids of songs that were withdrawn;
    ``licence``: the Hub's name of the licence of the whole; ``contact``: whom to ask.
    """

    licences: Mapping[str, str]
    withdrawn: tuple[str, ...] = ()
    licence: str = "other"
    contact: str = ""


def public_name(kind: str, name: str) -> str:
    """The published name of a ``song`` or ``group``: always the same, and without the words of a title."""
    return f"{kind[0]}{hashlib.sha256(f'justlmd {kind} {name}'.encode()).hexdigest()[:12]}"


def public_link(url: str) -> str:
    """A link without names, passwords, tokens and titles; empty for a local file.

    Of YouTube links only the video's id is kept, of others host and path.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    if parts.hostname in YOUTUBE:
        found = parse_qs(parts.query).get("v") or [parts.path.rpartition("/")[2]]
        return f"https://www.youtube.com/watch?v={found[0]}" if re.fullmatch(r"[\w-]{11}", found[0]) else ""
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def refusal(licence: str) -> str:
    """Why nothing derived from a song with this licence may be published; empty where it may."""
    name = licence.strip().lower()
    if name in FORBIDDING:
        return f"its licence is {name}"
    if {"nd", "noderivatives", "noderivs"} & set(re.split(r"[^a-z]+", name)):
        return f"its licence {licence.strip()} allows no derivatives"
    return ""


def verdicts(songs: Iterable[str], terms: Terms) -> pd.DataFrame:
    """Every song of the data set, and every withdrawn one: what is published of it, under which name, and why not.

    Columns ``song``, ``public``, ``verdict``, ``reason``. This table stays with you: it says who is who.
    """
    rows = []
    known = set(songs)
    for song in sorted(known | set(terms.withdrawn)):
        reason = refusal(terms.licences.get(song, ""))
        verdict = REFUSED if reason else PUBLISHED
        if song in terms.withdrawn:
            verdict, reason = WITHDRAWN, "" if song in known else "the data set has no such song"
        rows.append((song, public_name("song", song), verdict, reason))
    return pd.DataFrame(rows, columns=["song", "public", "verdict", "reason"])


def publish_set(dataset: str | Path, out_dir: str | Path, terms: Terms) -> pd.DataFrame:
    """Write the folder that may be published; it is replaced as a whole, so that nothing withdrawn stays.

    Parameters
    ----------
    dataset : path
        The complete data set (:func:`justlmd.dataset.complete.complete_dataset`).
    out_dir : path
        Folder to write.
    terms : Terms
        Licences, withdrawn songs, contact.

    Returns
    -------
    What :func:`verdicts` says of each song. Equal inputs give equal bytes.

    Raises
    ------
    InputError
        The data set is not complete, or no song of it may be published.
    """
    dataset, out_dir = Path(dataset), Path(out_dir)
    if not (dataset / "README.md").is_file():
        raise InputError("not a complete data set: it has no card", where=dataset, next_step="build it again")
    songs = pd.read_parquet(dataset / "songs.parquet")
    decided = verdicts(songs["song"], terms)
    chosen = decided[decided["verdict"] == PUBLISHED]
    names = dict(zip(chosen["song"].tolist(), chosen["public"].tolist(), strict=True))
    songs = _public_songs(songs[songs["song"].isin(names)], names, terms)
    if songs.empty:
        raise InputError("none of the songs may be published", where=dataset, next_step="see licences and withdrawn")
    scratch = out_dir.with_name(f".{out_dir.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        _write(dataset, scratch, songs, names, decided, terms)
        shutil.rmtree(out_dir, ignore_errors=True)
        scratch.rename(out_dir)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return decided


def _write(
    dataset: Path, out: Path, songs: pd.DataFrame, names: dict[str, str], decided: pd.DataFrame, terms: Terms
) -> None:
    """Everything in the folder, the checksums last."""
    shards = _write_shards(dataset, out, names)
    write_table(out / "songs.parquet", songs)
    splits = {split: sorted(songs.loc[songs["split"] == split, "song"]) for split in SPLITS}
    write_json(out / "splits.json", splits)
    gone = sorted(decided.loc[decided["verdict"] == WITHDRAWN, "public"])
    write_json(out / "withdrawn.json", gone)
    shown = write_figures(out / "figures", songs, statistics_of(out))
    write_text(out / "WITHDRAWAL.md", withdrawal(terms.contact))
    write_text(out / "README.md", publish_card(songs, shards, shown, terms.licence, len(gone)))
    files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    sums = [f"{hashlib.sha256((out / name).read_bytes()).hexdigest()}  {name}\n" for name in files]
    write_text(out / "SHA256SUMS", "".join(sums))


def _public_songs(songs: pd.DataFrame, names: dict[str, str], terms: Terms) -> pd.DataFrame:
    """Rows of the published ``songs.parquet``, in the order of their new names."""
    table = songs.assign(
        licence=[terms.licences.get(song, "") for song in songs["song"]],
        song=[names[song] for song in songs["song"]],
        group=[public_name("group", group) for group in songs["group"]],
        url=[public_link(source) for source in songs["source"]],
    )
    metrics = [name for name in table if str(name).startswith(QUALITY)]
    return table[[*SONG_COLUMNS, *metrics]].sort_values("song").reset_index(drop=True)


def _write_shards(dataset: Path, out: Path, names: dict[str, str]) -> Shards:
    """The shards with the published columns and songs, read and written one row group at a time."""
    info = read_json(dataset / "dataset.json")
    groups = _row_groups(dataset)
    first = pq.read_schema(next(iter(sorted(dataset.glob("*/*.parquet")))))
    learned = {field.name: field.type.value_type.list_size for field in first if str(field.name).startswith(LEARNED)}
    schema = shard_schema(columns(info["token_dim"], learned), {"body_model": info["body_model"]}, publish=True)
    with writing_shards(out, schema) as shards:
        for split, group in groups:
            part = _public_rows(group.select(schema.names), schema, names)
            if len(part):
                shards.add(split, part)
    return shards


def _row_groups(dataset: Path) -> Iterator[tuple[str, pa.Table]]:
    for split in SPLITS:
        for path in sorted((dataset / split).glob("*.parquet")):
            with pq.ParquetFile(path) as file:
                for number in range(file.num_row_groups):
                    yield split, file.read_row_group(number)


def _public_rows(table: pa.Table, schema: pa.Schema, names: dict[str, str]) -> pa.Table:
    """The rows of published songs with published names, links without titles, and times without words."""
    table = table.filter(pc.is_in(table["song"], pa.array(list(names), pa.string()))).combine_chunks()
    found = {name: table[name].combine_chunks() for name in table.column_names}
    songs, ids = table["song"].to_pylist(), table["id"].to_pylist()
    found["song"] = pa.array([names[song] for song in songs], pa.string())
    found["id"] = pa.array([f"{names[song]}_{name.rpartition('_')[2]}" for song, name in zip(songs, ids, strict=True)])
    found["group"] = pa.array([public_name("group", group) for group in table["group"].to_pylist()], pa.string())
    found["url"] = pa.array([public_link(url) for url in table["url"].to_pylist()], pa.string())
    for name in ("lines", "words"):
        times = [[(part["start_s"], part["end_s"]) for part in row] for row in table[name].to_pylist()]
        kind = schema.field(name).type
        found[name] = pa.array([[{"start_s": a, "end_s": b} for a, b in row] for row in times], kind)
    return pa.table([found[name] for name in schema.names], schema=schema)
