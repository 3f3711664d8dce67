"""The configuration as typed, bounded values, checked before any job starts.

One class per section of ``config.yaml``; the comments there say what each key does. Keys and sections that a user's
file leaves out take the defaults below, which are those of ``config.yaml``.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from justlmd.core.errors import InputError
from justlmd.core.invalid import fault_lines
from justlmd.quality.criteria import thresholds_of


def _matches(pattern: str, what: str) -> AfterValidator:
    """A check that a text fits ``pattern``, which ``what`` describes."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"must be {what}")
        return value

    return AfterValidator(check)


def _known_thresholds(values: dict[str, float]) -> dict[str, float]:
    try:
        thresholds_of(values)
    except InputError as error:
        raise ValueError(f"{error.what}; {error.next_step}") from None
    return values


def _sign(value: int) -> int:
    if value not in (-1, 1):
        raise ValueError("must be -1 or 1")
    return value


Text = Annotated[str, Field(max_length=4096)]
NonEmpty = Annotated[str, Field(min_length=1, max_length=4096)]
Ids = tuple[NonEmpty, ...]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Name = Annotated[str, _matches(r"[A-Za-z0-9_-]{1,40}", "a name of at most 40 letters, digits, _ and -")]
Language = Annotated[str, _matches(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", "a language code such as en or pt-BR")]
Address = Annotated[
    str,
    _matches(r"|https?://[^\s/?#]+\S*", "the address of a server that begins with http:// or https://, or empty"),
]
CHOREOGRAPHER = "choreographer"
"""What ``generate.model`` calls the generator that joins training dances; it is not trained, so it is in no list."""

NpyPattern = Annotated[str, _matches(r".*\{song\}.*\.npy", "the path of .npy files with {song} in it")]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Download(_Section):
    max_height: int = Field(default=720, ge=144, le=4320)
    attempts: int = Field(default=4, ge=1, le=100)
    pause: float = Field(default=5, ge=0, le=3600)
    allow_private_addresses: bool = False
    cookies: Text = ""
    proxy: Text = ""


class Lyrics(_Section):
    offset_sign: Annotated[int, AfterValidator(_sign)] = -1
    slicing: Literal["phrases", "windows", "compat"] = "phrases"
    stride: float = Field(default=3.0, gt=0, le=3600)
    alignment: NonEmpty = "auto"
    whisper_model: Text = ""
    provider: Address = ""
    duration_tolerance: float = Field(default=3, ge=0, le=3600)


class MMPose(_Section):
    model: NonEmpty = "rtmpose-m_8xb512-700e_body8-halpe26-256x192"
    weights: Text = ""
    detector: Text = ""
    detector_weights: Text = ""


class EasyMocap(_Section):
    root: Text = ""
    python: Text = ""
    command: tuple[Text, ...] = ()


class Overlay(_Section):
    style: Literal["outline", "transparent"] = "outline"


class Features(_Section):
    text_encoder: NonEmpty = "minilm"
    text_encoders: dict[Language, NonEmpty] = {}
    learned: dict[Annotated[str, _matches(r"[A-Za-z0-9_]{1,40}", "a name of letters, digits and _")], NpyPattern] = {}
    edge35: bool = False


class Dataset(_Section):
    seed: Seed = 0
    val_fraction: float = Field(default=0.15, ge=0, le=0.5)
    test_fraction: float = Field(default=0.15, ge=0, le=0.5)

    @model_validator(mode="after")
    def _leaves_songs_to_train_on(self) -> "Dataset":
        if self.val_fraction + self.test_fraction >= 1:
            raise ValueError(
                f"val_fraction {self.val_fraction} and test_fraction {self.test_fraction} must leave songs to train "
                "on; allowed is a sum below 1"
            )
        return self


class Model(_Section):
    config: NonEmpty
    seed: Seed = 0


class Evaluation(_Section):
    bootstrap: int = Field(default=1000, ge=10, le=1_000_000)
    seed: Seed = 0


class Guidance(_Section):
    music: float = Field(default=1.0, ge=0, le=100)
    lyrics: float = Field(default=1.0, ge=0, le=100)


class Generate(_Section):
    model: Name = CHOREOGRAPHER
    songs: Literal["auto"] | Ids = "auto"
    table: Text = ""
    repertoire: NonEmpty = "auto"
    character: Text = ""
    seed: Seed = 0
    samples: int = Field(default=1, ge=1, le=1000)
    guidance: Guidance = Guidance()


class Export(_Section):
    kinds: tuple[Literal["bvh", "glb", "npz", "aist", "edge", "humanml3d", "fbx", "usd"], ...] = ("bvh", "glb", "npz")
    fps: Literal[20, 24, 30, 60] = 30
    up: Literal["auto", "y", "z"] = "auto"
    unit: Literal["cm", "m"] = "cm"
    in_place: bool = False
    mirror: bool = False
    joint_names: Literal["smpl", "mixamo"] = "smpl"
    blender_python: Text = ""


class Publish(_Section):
    licence: Literal["other", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0"] = "other"
    contact: Text = ""
    withdrawn: Ids = ()


class Config(_Section):
    """The whole configuration."""

    songs: Text = "songs.tsv"
    exclude: Ids = ()
    keep: Ids = ()
    plan_songs: bool = True
    device: Literal["auto", "cpu", "cuda"] = "auto"
    body_model: Text = ""
    download: Download = Download()
    lyrics: Lyrics = Lyrics()
    pose: Literal["mediapipe", "mmpose"] = "mediapipe"
    second_looks: int = Field(default=15, ge=2, le=30)
    mmpose: MMPose = MMPose()
    recovery: Literal["fit", "easymocap"] = "fit"
    focal: float = Field(default=0, ge=0, le=1_000_000)
    pitch: Literal["auto"] | Annotated[float, Field(ge=-60, le=60)] = "auto"
    easymocap: EasyMocap = EasyMocap()
    quality: Annotated[dict[str, Annotated[float, Field(ge=0)]], AfterValidator(_known_thresholds)] = {}
    overlay: Overlay = Overlay()
    features: Features = Features()
    dataset: Dataset = Dataset()
    models: dict[Name, Model] = Field(
        default={
            "v2": Model(config="model/configs/v2_small.yaml"),
            "v3": Model(config="model/configs/v3_small.yaml"),
        },
        min_length=1,
    )
    evaluation: Evaluation = Evaluation()
    generate: Generate = Generate()
    export: Export = Export()
    publish: Publish = Publish()

    @model_validator(mode="after")
    def _fits_together(self) -> "Config":
        if not (self.songs or self.generate.table):
            raise ValueError("songs: the song table is missing; it may be empty only where generate.table names songs")
        if CHOREOGRAPHER in self.models:
            raise ValueError(
                f"models: the name {CHOREOGRAPHER} is taken by the generator without training; choose another"
            )
        if self.generate.model not in (*self.models, CHOREOGRAPHER):
            known = ", ".join(self.models)
            raise ValueError(
                f"generate.model: {self.generate.model!r} is not one of the models {known}, nor {CHOREOGRAPHER}"
            )
        return self


def parse_config(
    content: Mapping[str, Any] | None, name: str = "config", *, on_command_line: Mapping[str, Any] | None = None
) -> Config:
    """Check and type a configuration.

    Parameters
    ----------
    content
        The configuration, as YAML or Snakemake gave it.
    name
        The file that errors name.
    on_command_line
        The part of ``content`` that was given as ``--config``. Of ``quality={uncertainty: 80}`` Snakemake makes text;
        here, and only here, text is read as the number or switch that the key wants.

    Raises
    ------
    InputError
        One line per fault: the key, the value found, what is allowed.
    """
    content = _without_tuples(dict(content or {}))
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        faults = error
    for fault in faults.errors(include_url=False, include_context=False) if on_command_line else ():
        path = [part for part in fault["loc"] if "[" not in str(part)]
        content = _with_number(content, on_command_line, path)
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        raise InputError("\n".join(fault_lines(error, name, Config))) from None


def _with_number(content: Any, on_command_line: Any, path: list[Any]) -> Any:
    """``content`` with the text at ``path`` as a number or switch, if it is one and stands on the command line, too."""
    if not path:
        return _number(content) if isinstance(content, str) and content == on_command_line else content
    key, *rest = path
    if not (isinstance(content, Mapping) and isinstance(on_command_line, Mapping) and key in on_command_line):
        return content
    return {**content, key: _with_number(content[key], on_command_line[key], rest)}


def _number(text: str) -> Any:
    """The switch or number that ``text`` is; else the text itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _without_tuples(value: Any) -> Any:
    """The same values with lists as tuples, which strict validation wants; YAML and Snakemake give lists."""
    if isinstance(value, Mapping):
        return {key: _without_tuples(item) for key, item in value.items()}
    return tuple(map(_without_tuples, value)) if isinstance(value, list | tuple) else value
