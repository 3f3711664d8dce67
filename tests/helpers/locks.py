"""The lock files, read."""

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@dataclass(frozen=True)
class Pin:
    """One package of a lock file."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def locked_pins(path: Path) -> list[Pin]:
    """Every package of a lock file, in its order; raises ValueError for a line that is no pin."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    return [_pin(line) for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _pin(line: str) -> Pin:
    requirement, *hashes = re.split(r" +--hash=", line.strip())
    parsed = Requirement(requirement)
    (specifier,) = parsed.specifier
    if specifier.operator != "==":
        raise ValueError(f"{requirement}: not pinned")
    return Pin(canonicalize_name(parsed.name), specifier.version, str(parsed.marker or ""), tuple(hashes))
