"""What may be published: no lyrics, titles or audio in any byte; refused and withdrawn songs vanish; stable hashes."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from toy_songs import write_song

import justlmd
from justlmd.body.model import load_body
from justlmd.core.errors import InputError
from justlmd.dataset.build import build_dataset
from justlmd.dataset.complete import complete_dataset
from justlmd.dataset.publish import Terms, public_link, public_name, publish_set, refusal

SPLITS = ("train", "val", "test")
NAMES = ("purple_walrus", "silver_kettle", "tango_of_moths", "velvet_comet", "zigzag_lantern")
LYRICS = "Xylophone moonbeams quiver"
FORBIDDEN = re.compile(
    "purple|walrus|kettle|tango|moths|velvet|comet|zigzag|lantern|xylophone|moonbeams|quiver|orchestra|hunter2|secret",
    re.IGNORECASE,
)
"""Words of titles, lyrics, artists, ids, passwords and local paths of the toy songs; none is a word of the card."""


def links(name: str) -> str:
    return {
        "purple_walrus": "https://www.youtube.com/watch?v=abcDEF_-123&ab_channel=PurpleWalrus&t=4",
        "silver_kettle": "https://user:hunter2@video.example:8443/v/77?token=secret&title=Silver+Kettle#kettle",
        "tango_of_moths": "/home/secret/Tango of Moths.mp4",
    }.get(name, "https://youtu.be/ZZZDEF_-123")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    scratch = tmp_path_factory.mktemp("publish")
    songs = [
        write_song(
            scratch / "songs" / name,
            name,
            frames=500,
            text=LYRICS,
            title=name.replace("_", " ").title(),
            artist="The Orchestra",
            language="en",
            group=name,
            source=links(name),
            source_start_s=1.5,
            quality={"detection_rate": 0.97},
        )
        for name in NAMES
    ]
    build_dataset(songs, scratch / "dataset", load_body(), val_fraction=0.2, test_fraction=0.2)
    complete_dataset(scratch / "dataset", songs)
    return scratch / "dataset"


def terms(**changes) -> Terms:
    return Terms(**{"licences": {name: "CC-BY-4.0" for name in NAMES}} | changes)


@pytest.fixture(scope="module")
def published(folder) -> Path:
    publish_set(folder, folder.parent / "publish", terms(contact="data@example.org"))
    return folder.parent / "publish"


def said(folder: Path) -> dict[str, str]:
    """Everything in a folder as text: names, bytes of text files, and values and metadata of Parquet files."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            texts = [str(value) for column in table.columns for value in strings(column.to_pylist())]
            schema = [str(table.schema.metadata), *(str(field.metadata) for field in table.schema)]
            found[str(path.relative_to(folder))] = " ".join([*texts, *schema, *table.column_names])
            found[str(path.relative_to(folder)) + " bytes"] = path.read_bytes().decode("latin-1")
        elif path.is_file():
            found[str(path.relative_to(folder))] = path.read_bytes().decode("latin-1")
    return found | {"names": " ".join(found)}


def strings(value) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in strings(part)]


def rows(folder: Path) -> list[dict]:
    return [row for split in SPLITS for path in (folder / split).glob("*") for row in pq.read_table(path).to_pylist()]


def test_the_search_finds_the_words_in_the_data_set_itself(folder):
    """That the next test finds nothing means something."""
    found = {word.lower() for text in said(folder).values() for word in FORBIDDEN.findall(text)}
    assert {"purple", "tango", "moonbeams", "xylophone", "orchestra", "secret", "hunter2"} <= found


def test_no_published_byte_holds_lyrics_titles_artists_ids_or_paths(published):
    texts = said(published)
    assert {"README.md", "WITHDRAWAL.md", "SHA256SUMS", "songs.parquet", "splits.json"} <= set(texts)
    assert {name: FORBIDDEN.findall(text) for name, text in texts.items() if FORBIDDEN.search(text)} == {}


def test_nothing_else_is_published(published):
    kinds = {path.suffix for path in published.rglob("*") if path.is_file()}
    assert kinds == {".parquet", ".md", ".json", ".svg", ""}  # "": SHA256SUMS
    schema = pq.read_schema(next((published / "train").glob("*")))
    withheld = {"text", "title", "artist", "token_states", "token_times", "token_lines", "text_encoder"}
    assert not withheld & set(schema.names)
    assert [field.name for field in schema.field("lines").type.value_type] == ["start_s", "end_s"]
    assert set(json.loads(schema.metadata[b"justlmd"])["columns"]) == set(schema.names)


def test_motion_features_and_times_are_those_of_the_data_set(folder, published):
    truth = {row["id"]: row for row in rows(folder)}
    public = {public_name("song", name): name for name in NAMES}
    found = rows(published)
    assert len(found) == len(truth) == 15
    for row in found:
        own = truth[f"{public[row['song']]}_{row['id'].rpartition('_')[2]}"]
        for name in ("global_orient", "body_pose", "transl", "betas", "log_mel", "rhythm", "beat_times", "source_s"):
            assert row[name] == own[name], name
        assert row["words"] == [{"start_s": w["start_s"], "end_s": w["end_s"]} for w in own["words"]] != []
    assert all(row["source_s"] == row["start_s"] + 1.5 for row in found)


def test_songs_splits_and_links(folder, published):
    songs = pd.read_parquet(published / "songs.parquet").set_index("song")
    own = pd.read_parquet(folder / "songs.parquet").set_index("song")
    splits = json.loads((published / "splits.json").read_text())
    for name in NAMES:
        row = songs.loc[public_name("song", name)]
        assert row["split"] == own.loc[name, "split"] and row.name in splits[row["split"]]
        assert row["licence"] == "CC-BY-4.0" and row["quality_detection_rate"] == 0.97
    assert songs.loc[public_name("song", "purple_walrus"), "url"] == "https://www.youtube.com/watch?v=abcDEF_-123"
    assert songs.loc[public_name("song", "tango_of_moths"), "url"] == ""


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://youtu.be/abcDEF_-123?si=x", "https://www.youtube.com/watch?v=abcDEF_-123"),
        ("https://m.youtube.com/shorts/abcDEF_-123", "https://www.youtube.com/watch?v=abcDEF_-123"),
        ("https://www.youtube.com/watch?list=x&v=abcDEF_-123", "https://www.youtube.com/watch?v=abcDEF_-123"),
        ("https://www.youtube.com/watch?v=<script>", ""),
        ("https://a:b@site.example/v/1?t=2#c", "https://site.example/v/1"),
        ("file:///home/me/a.mp4", ""),
        ("videos/a.mp4", ""),
        ("", ""),
    ],
)
def test_links_keep_what_finds_the_video_and_no_more(url, link):
    assert public_link(url) == link


@pytest.mark.parametrize("licence", ["private", "Private", "CC-BY-ND-4.0", "cc-by-nc-nd-3.0", "all-rights-reserved"])
def test_terms_that_forbid_it_are_refused_with_the_reason(folder, tmp_path, licence):
    assert refusal(licence)
    table = publish_set(folder, tmp_path / "out", terms(licences={"velvet_comet": licence})).set_index("song")
    assert (
        table.loc["velvet_comet", "verdict"] == "refused"
        and licence.lower() in table.loc["velvet_comet", "reason"].lower()
    )
    assert public_name("song", "velvet_comet") not in " ".join(said(tmp_path / "out").values())
    assert len(rows(tmp_path / "out")) == 12


@pytest.mark.parametrize("licence", ["", "CC-BY-4.0", "CC0-1.0", "cc-by-nc-sa-4.0", "WTFPL", "Brandnd"])
def test_other_terms_are_not_refused(licence):
    assert refusal(licence) == ""


def test_a_withdrawn_song_leaves_its_name_and_nothing_else(folder, published, tmp_path):
    gone = public_name("song", "purple_walrus")
    publish_set(folder, tmp_path / "out", terms())
    assert any(gone in text for text in said(tmp_path / "out").values())
    before = pd.read_parquet(tmp_path / "out" / "songs.parquet").set_index("song")["split"]
    table = publish_set(folder, tmp_path / "out", terms(withdrawn=("purple_walrus", "left_the_table")))
    assert table.set_index("song")["verdict"].to_dict() == {
        **dict.fromkeys(NAMES, "published"),
        "purple_walrus": "withdrawn",
        "left_the_table": "withdrawn",
    }
    assert table.set_index("song")["reason"]["left_the_table"] == "the data set has no such song"  # or it is misspelt
    texts = said(tmp_path / "out")
    assert {name for name, text in texts.items() if gone in text} == {"withdrawn.json"}
    assert json.loads(texts["withdrawn.json"]) == sorted([gone, public_name("song", "left_the_table")])
    assert "abcDEF_-123" not in " ".join(texts.values()) and "Withdrawn so far: 2" in texts["README.md"]
    after = pd.read_parquet(tmp_path / "out" / "songs.parquet").set_index("song")["split"]
    assert after.equals(before.drop(gone))  # the others stay where they were


def test_hashes_are_stable_and_say_what_is_there(folder, published, tmp_path):
    publish_set(folder, tmp_path / "again", terms(contact="data@example.org"))
    one, two = ((root / "SHA256SUMS").read_text() for root in (published, tmp_path / "again"))
    assert one == two
    sums = dict(reversed(line.split("  ")) for line in one.splitlines())
    files = {path.relative_to(published).as_posix(): path for path in published.rglob("*") if path.is_file()}
    assert sums.keys() == files.keys() - {"SHA256SUMS"}
    assert all(hashlib.sha256(files[name].read_bytes()).hexdigest() == found for name, found in sums.items())


def test_the_published_set_opens_in_datasets_and_in_justlmd(published, tmp_path, monkeypatch):
    import datasets
    import huggingface_hub.constants

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True, raising=False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    found = datasets.load_dataset(str(published), cache_dir=str(tmp_path / "cache"))
    assert sorted(found) == sorted(SPLITS) and sum(map(len, found.values())) == 15
    assert "lyrics" not in found["train"].column_names
    dance = justlmd.load_dataset(published)[0]
    assert dance.lines == () and dance.audio is None and dance.title == dance.song
    assert dance.to_bvh(tmp_path / "a.bvh").is_file()


def test_the_card_and_the_procedure(published):
    from huggingface_hub import DatasetCard

    data = DatasetCard.load(published / "README.md").data.to_dict()
    assert data["license"] == "other" and data["dataset_info"]["download_size"] == sum(
        path.stat().st_size for split in SPLITS for path in (published / split).iterdir()
    )
    procedure = (published / "WITHDRAWAL.md").read_text(encoding="utf-8")
    assert "data\\@example\\.org" in procedure and "withdrawn.json" in procedure


def test_a_hostile_contact_stays_text(folder, tmp_path):
    publish_set(folder, tmp_path / "out", terms(contact="<img src=x onerror=1>\n# me [x](javascript:y)"))
    procedure = (tmp_path / "out" / "WITHDRAWAL.md").read_text(encoding="utf-8")
    assert "<img" not in procedure and "\n# me" not in procedure and "](javascript" not in procedure


def test_faults_leave_the_earlier_folder_as_it_was(folder, published, tmp_path):
    publish_set(folder, tmp_path / "out", terms())
    before = said(tmp_path / "out")
    with pytest.raises(InputError, match="none of the songs may be published"):
        publish_set(folder, tmp_path / "out", terms(withdrawn=NAMES))
    with pytest.raises(InputError, match="not a complete data set"):
        publish_set(tmp_path, tmp_path / "out", terms())
    assert said(tmp_path / "out") == before and [path.name for path in tmp_path.iterdir()] == ["out"]


def test_arrays_are_not_mixed_up_between_songs_when_some_are_left_out(folder, tmp_path):
    publish_set(folder, tmp_path / "out", terms(withdrawn=NAMES[::2]))
    truth = {(row["song"], row["start_s"]): row for row in rows(folder)}
    found = rows(tmp_path / "out")
    public = {public_name("song", name): name for name in NAMES}
    assert {public[row["song"]] for row in found} == set(NAMES[1::2])
    for row in found:
        own = truth[public[row["song"]], row["start_s"]]
        assert np.array_equal(row["transl"], own["transl"]) and len(row["words"]) == len(own["words"])
    assert isinstance(pq.read_schema(next((tmp_path / "out" / "train").glob("*"))), pa.Schema)
