"""What a failed validation says to the person who wrote the file."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any

from pydantic import BaseModel, ValidationError

from justlmd.core.limits import first_faults

UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")  # of a model, of a dataclass
_WORDS = {
    "a valid tuple": "a list",
    "a valid string": "text",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid boolean": "true or false",
    "a finite number": "a finite number",
}


def fault_lines(error: ValidationError, name: str, kind: type, section: str = "") -> list[str]:
    """One line per fault: ``name``, the key, the value found, what is allowed.

    Parameters
    ----------
    error
        What pydantic found wrong.
    name
        The file that the lines name.
    kind
        The class that was validated, whose fields are the known keys.
    section
        The key of the file under which the validated values stand; empty for a whole file.
    """
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for fault in error.errors(include_url=False, include_context=False):
        # The parts of a union and the keys of a mapping stand in the path, too, but not in the file.
        path = [str(part) for part in fault["loc"] if "[" not in str(part)]
        message = _message(fault["type"], fault["msg"], kind, path) + _hint(fault["type"], fault["input"])
        between = fault["type"] == "value_error" and isinstance(fault["input"], Mapping)  # its message names the values
        shown = "" if between or fault["type"] in ("missing", *UNKNOWN_KEY) else _shown(fault["input"])
        key = ".".join(filter(None, (section, *path)))
        if message not in found[key, shown]:
            found[key, shown].append(message)
    lines = [
        ": ".join(filter(None, (name, key, " ".join(filter(None, (shown, _either(messages)))))))
        for (key, shown), messages in found.items()
    ]
    return first_faults(lines, name)


def _either(messages: list[str]) -> str:
    """What the parts of a union allow, in one sentence."""
    return " or ".join([messages[0], *(message.removeprefix("must be ") for message in messages[1:])])


def _message(kind_of_fault: str, text: str, kind: type, path: list[str]) -> str:
    if kind_of_fault in UNKNOWN_KEY:
        return f"unknown key; the keys are {', '.join(_keys(kind, path[:-1]))}"
    if kind_of_fault == "missing":
        return "is missing"
    if kind_of_fault in ("value_error", "assertion_error"):
        return text.partition(", ")[2]
    if kind_of_fault.startswith(("model", "dataclass", "dict")):
        return "must be keys and values"
    if kind_of_fault == "int_parsing_size":
        return "must be a smaller number"
    text = re.sub(r"^\w+ should ", "must ", text)
    for theirs, ours in _WORDS.items():
        text = text.replace(theirs, ours)
    return text[:1].lower() + text[1:]


def _hint(kind_of_fault: str, value: object) -> str:
    """How to write a number that YAML reads as text: 1e-3 (without a dot) or one in quotes; else nothing."""
    if kind_of_fault in ("float_type", "int_type") and isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return ""
        return f"; write {number:g} in the file, without quotes" if isfinite(number) else ""
    return ""


def _keys(kind: Any, path: list[str]) -> list[str]:
    """The names of the fields of the class that lies at ``path`` in ``kind``."""
    for part in path:
        known = _annotations(kind)
        kind = known[part] if part in known else next(iter(getattr(kind, "__args__", ())[1:]), kind)
    return list(_annotations(kind))


def _annotations(kind: Any) -> dict[str, Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {key: field.annotation for key, field in kind.model_fields.items()}
    return {field.name: field.type for field in fields(kind)} if is_dataclass(kind) else {}


def _shown(value: object) -> str:
    if isinstance(value, BaseModel):
        return ""
    value = list(value) if isinstance(value, tuple) else value  # as it was written
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else _bounded(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _bounded(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # an integer of more digits than Python writes
        return "a number of thousands of digits"
