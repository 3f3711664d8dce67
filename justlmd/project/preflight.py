"""What the chosen backends need, checked before any job starts; imports nothing, so that it may run anywhere."""

from collections.abc import Mapping
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
