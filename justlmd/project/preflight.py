"""Files, songs and programs that the configuration names, checked before any job starts.

Imports nothing beyond the standard library, so that it may run anywhere.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from justlmd.core.errors import InputError
from justlmd.recovery.easymocap_setup import _easymocap_problems


def check_backends(config: Mapping[str, Any]) -> None:
    """Check that programs, models and weights of the configured backends are there.

    Raises
    ------
    InputError
        One line per missing file: which key of the configuration, which file, what it is and where it comes from.
    """
    problems: list[str] = []
    if config["recovery"] == "easymocap":
        problems += _easymocap_problems(config["easymocap"])
    if config["pose"] == "mmpose":
        problems += _mmpose_problems(config["mmpose"])
    if problems:
        raise InputError("\n".join([*problems, "What each backend needs: docs/gpu-backends.md"]))


def check_files(config: Mapping[str, Any], find: Callable[[str], str] = str) -> None:
    """Check that the files and folders that the configuration names are there.

    Parameters
    ----------
    config
        The checked configuration.
    find
        Where the path of a table or of a model's configuration leads to: the shipped ones lie in the project.

    Raises
    ------
    InputError
        One line per missing file: the key and the path.
    """
    found = {"songs": config["songs"], "generate.table": config["generate"]["table"]}
    found |= {f"models.{name}.config": model["config"] for name, model in config["models"].items()}
    files = {key: find(path) if path else "" for key, path in found.items()}
    files |= {"body_model": config["body_model"], "download.cookies": config["download"]["cookies"]}
    files["generate.character"] = config["generate"]["character"]
    if config["generate"]["repertoire"] not in ("auto", "shipped"):
        files["generate.repertoire"] = config["generate"]["repertoire"]
    problems = [
        f"config '{key}': {found.get(key, path)} does not exist; correct the path, relative to the folder where you run"
        for key, path in files.items()
        if path and not Path(path).expanduser().is_file()
    ]
    alignment = config["lyrics"]["alignment"]
    if alignment not in ("auto", "none", "pocketsphinx") and not Path(alignment).expanduser().is_dir():
        problems.append(
            f"config 'lyrics.alignment': {alignment} is no folder; allowed are auto, none, pocketsphinx and the "
            "folder of a CTC model"
        )
    if problems:
        raise InputError("\n".join(problems))


NAMED = 20
"""Songs that an error names at most."""

RESERVED_IDS = {"index", "player", "body", "dances", "compare"}
"""Files of these names lie beside the songs' pages in ``results/view``."""


def check_ids(config: Mapping[str, Any], songs: Iterable[str], danced_to: Iterable[str]) -> None:
    """Check that the songs that the configuration names stand in the table, and that no id is :data:`RESERVED_IDS`.

    Raises InputError, one line per id.
    """
    known, danced_to = set(songs), set(danced_to)
    asked = config["generate"]["songs"]
    named = {option: config[option] for option in ("exclude", "keep")}
    problems = [
        f"config '{option}': there is no song '{name}' in {config['songs']}"
        for option, names in named.items()
        for name in names
        if name not in known
    ]
    problems += [
        f"config 'generate.songs': there is no song '{name}' in {config['songs']}"
        for name in ([] if asked == "auto" else asked)
        if name not in known | danced_to
    ]
    problems += [
        f"song '{name}': this id is taken by a file of the pages; give the song another one"
        for name in sorted(RESERVED_IDS & (known | danced_to))
    ]
    if problems:
        raise InputError("\n".join(problems))


def check_made(songs: Iterable[str], page: str) -> None:
    """Check that the page of every song is there, the last that is made of a song by itself.

    ``page`` is its path with ``{song}`` in it. Raises InputError that names the first songs without one.
    """
    missing = [song for song in songs if not Path(page.format(song=song)).is_file()]
    if missing:
        named = ", ".join(missing[:NAMED]) + (", ..." if len(missing) > NAMED else "")
        raise InputError(
            f"config 'plan_songs' is false, but songs are not made yet ({len(missing)}): {named}",
            next_step="make them first (snakemake --cores all -- songs), or leave them out (exclude); "
            "make status says why they are missing",
        )


def _mmpose_problems(options: Mapping[str, Any]) -> list[str]:
    problems = []
    for key in ("weights", "detector_weights"):
        value = options[key]
        if value and "://" not in value and not Path(value).expanduser().is_file():
            problems.append(
                f"config 'mmpose.{key}': there is no file {value}; leave it empty to let MMPose download its own"
            )
    for key in ("model", "detector"):
        value = options[key]
        if value.endswith(".py") and not Path(value).expanduser().is_file():
            problems.append(f"config 'mmpose.{key}': there is no file {value}; it is a model's configuration")
    return problems
