"""The configuration, checked against its schema before any job starts."""

from typing import Any

import jsonschema
import yaml

from justlmd.core.errors import InputError
from justlmd.songs.table import SCHEMAS


def check_config(config: dict[str, Any]) -> None:
    """Check the whole configuration against ``schemas/config.schema.yaml``.

    Raises
    ------
    InputError
        One line per fault: the key, what was found, what is allowed.
    """
    schema = yaml.safe_load((SCHEMAS / "config.schema.yaml").read_text(encoding="utf-8"))
    problems = []
    for error in jsonschema.Draft202012Validator(schema).iter_errors(config):
        key = ".".join(str(part) for part in error.absolute_path)
        hint = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
        problems.append(f"config '{key}': {error.message}. {hint}".rstrip() if key else f"config: {error.message}")
    if config.get("generate", {}).get("model") not in config.get("models", {}) and not problems:
        problems.append(f"config 'generate.model': {config['generate']['model']!r} is not one of the models")
    if problems:
        raise InputError("\n".join(sorted(problems)))
