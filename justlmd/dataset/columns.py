"""The columns of the Parquet shards: name, Arrow type, what they hold, and whether they may be published."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from justlmd.dataset.storage import LEARNED

T = SEQUENCE_FRAMES


@dataclass(frozen=True)
class Column:
    """One column of the shards.

    ``published`` is its type in what may be published: the same for data derived from a video, None where the column
    holds lyrics, states of a text encoder, or names.
    """

    name: str
    type: pa.DataType
    description: str
    published: pa.DataType | None


def rows(width: int, count: int = -1, kind: pa.DataType | None = None) -> pa.DataType:
    """A list of ``count`` (-1: any number) lists of ``width`` numbers, float32 by default."""
    return pa.list_(pa.list_(kind or pa.float32(), width), count)


def _sung(*with_text: pa.Field) -> pa.DataType:
    """A list of what is sung: start and end in seconds, and a text where there may be one."""
    return pa.list_(pa.struct([pa.field("start_s", pa.float32()), pa.field("end_s", pa.float32()), *with_text]))


def columns(token_dim: int, learned: Mapping[str, int]) -> tuple[Column, ...]:
    """All columns in their order.

    Parameters
    ----------
    token_dim : int
        Width D of the token states.
    learned : mapping of str to int
        Width of each feature from elsewhere, by the name of its array (it begins with :data:`LEARNED`).
    """
    text, real = pa.string(), pa.float32()
    said = _sung(pa.field("text", text))

    def derived(name: str, kind: pa.DataType, description: str) -> Column:
        return Column(name, kind, description, kind)

    def withheld(name: str, kind: pa.DataType, description: str) -> Column:
        return Column(name, kind, description, None)

    return (
        derived("id", text, "<song>_<start in ms of video.mp4>"),
        derived("song", text, "song id"),
        derived("group", text, "songs of one group share lyrics or music and are in one split"),
        withheld("artist", text, "as the song table has it"),
        withheld("title", text, "as the song table has it"),
        derived("language", text, "code of the lyrics' language"),
        derived("url", text, "link to the video, or where the motion comes from"),
        derived("crop", text, "part of the video's frame that the dancer occupies: full, left, center or right"),
        derived("source_s", pa.float64(), "second of the linked video at the first frame"),
        derived("start_s", pa.float64(), "the same of video.mp4, which is the link's video after cutting"),
        derived("start_frame", pa.int32(), "first frame, counted from the first frame of the song's motion"),
        derived("body_model", text, "body model to which betas and rest_joints belong"),
        derived("body_sha256", text, "sha256 of the body model's file"),
        derived("level", text, "how word times are known: word (stamped), aligned (heard), interpolated, line or none"),
        withheld("text", text, "the slice's lyrics"),
        Column("lines", said, "lines sung in the six seconds, seconds from the first frame", _sung()),
        Column("words", said, "words sung in the six seconds, seconds from the first frame", _sung()),
        derived("global_orient", rows(3, T), "root orientation, axis-angle in radians, y-up, about the pelvis"),
        derived("body_pose", rows(69, T), "23 joint rotations of SMPL, axis-angle in radians"),
        derived("transl", rows(3, T), "translation in metres, y-up, floor at 0"),
        derived("betas", pa.list_(real, 10), "shape parameters of the body model"),
        derived("rest_joints", rows(3, 24), "joint centres of the unposed body in metres"),
        derived("log_mel", rows(128, T), "log-mel spectrogram of the song in dB"),
        derived("rhythm", rows(4, T), "onset envelope, beat 0/1, sine and cosine of the beat phase"),
        derived("bar", rows(2, T), "sine and cosine of the bar phase, in bars of four beats; 0 without bars"),
        derived("has_audio", pa.list_(pa.bool_(), T), "whether there is audio; where not, log_mel, rhythm, bar are 0"),
        derived("tempo_bpm", real, "60 / median beat interval of the song; 0 without beats"),
        derived("beat_times", pa.list_(pa.float64()), "beats in the six seconds, seconds from the first frame"),
        withheld("text_encoder", text, "encoder of token_states"),
        withheld("token_states", rows(token_dim), "states of the text encoder for each token sung in the six seconds"),
        withheld("token_times", rows(2), "start and end of each token's word, seconds from the first frame"),
        withheld("token_lines", pa.list_(pa.int32()), "number of each token's line in the song"),
        *(
            derived(name, rows(width, T), f"feature from elsewhere: {name.removeprefix(LEARNED)}")
            for name, width in learned.items()
        ),
    )


def shard_schema(columns: Iterable[Column], about: Mapping[str, Any], *, publish: bool = False) -> pa.Schema:
    """The schema of a shard; descriptions lie with each field and, for readers that drop those, in the file's metadata.

    Parameters
    ----------
    columns : iterable of Column
        What :func:`columns` returned.
    about : mapping
        Facts about the whole data set for the metadata key ``justlmd``, as JSON.
    publish : bool
        Only the columns that may be published, as they may be.
    """
    chosen = [(column, column.published if publish else column.type) for column in columns]
    kept = [(column, kind) for column, kind in chosen if kind is not None]
    facts = {"fps": FPS, "frames": T, **about}
    facts["columns"] = {column.name: column.description for column, _ in kept}
    fields = [pa.field(column.name, kind, metadata={"description": column.description}) for column, kind in kept]
    return pa.schema(fields, metadata={"justlmd": json.dumps(facts, ensure_ascii=False)})


def hub_features(schema: pa.Schema) -> list[dict[str, Any]]:
    """The columns as a data-set card lists them under ``dataset_info: features`` (form of ``datasets`` 4 and 5)."""
    return [{"name": field.name, **_feature(field.type)} for field in schema]


def _feature(kind: pa.DataType) -> dict[str, Any]:
    if not (pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind)):
        return {"dtype": {"double": "float64", "float": "float32"}.get(str(kind), str(kind))}
    inner = kind.value_type
    if pa.types.is_struct(inner):
        found: Any = [{"name": field.name, **_feature(field.type)} for field in inner]
    else:
        found = _feature(inner)
        found = found.get("dtype", found)
    length = {"length": kind.list_size} if pa.types.is_fixed_size_list(kind) else {}
    return {"list": found, **length}
