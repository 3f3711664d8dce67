"""The demo's tables: what is sung, played and danced stands in YAML files beside this module."""

from pathlib import Path
from typing import Any

import yaml


def read_table(name: str) -> Any:
    """Read a YAML file of this folder; its lists become tuples."""
    return _with_tuples(yaml.safe_load((Path(__file__).parent / name).read_text(encoding="utf-8")))


def _with_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_tuples(each) for key, each in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value
