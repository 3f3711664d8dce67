"""Which of the locked packages have known vulnerabilities, by a database of advisories on this disk: ``make audit``.

    python tools/audit.py all.zip
    python tools/audit.py advisory-folder/

The database is in OSV's format (https://ossf.github.io/osv-schema), one JSON file for each advisory, in a folder or a
zip: osv.dev offers that of PyPI as ``PyPI/all.zip``, and the Python Packaging Advisory Database is a folder. Nothing
is asked of a network. Exit code 1 when a locked version is affected.
"""

import argparse
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/helpers"))

from locks import locked_pins  # noqa: E402


def advisories(database: Path) -> Iterator[dict[str, Any]]:
    """Every advisory of a zip or a folder."""
    if database.is_dir():
        for path in sorted(database.rglob("*.json")):
            yield json.loads(path.read_text(encoding="utf-8"))
        return
    with zipfile.ZipFile(database) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".json"):
                yield json.loads(archive.read(name))


def is_affected(version: str, affected: dict[str, Any]) -> bool:
    """Whether a version is named, or lies between an event ``introduced`` and the next that ends it."""
    if version in affected.get("versions", []):
        return True
    for part in affected.get("ranges", []):
        if part.get("type") != "ECOSYSTEM":
            continue
        inside = False
        for event in part.get("events", []):
            if "introduced" in event and _at_least(version, event["introduced"]):
                inside = True
            if "fixed" in event and _at_least(version, event["fixed"]):
                inside = False
            if "last_affected" in event and not _at_least(event["last_affected"], version):
                inside = False
        if inside:
            return True
    return False


def _at_least(version: str, other: str) -> bool:
    try:
        return other == "0" or Version(version) >= Version(other)
    except InvalidVersion:
        return False


def found_in(database: Path, pins: dict[str, str]) -> list[tuple[str, str, str, str]]:
    """Package, version, id and summary of each advisory that a pinned version is affected by, sorted."""
    found = set()
    for advisory in advisories(database):
        if advisory.get("withdrawn"):
            continue
        for affected in advisory.get("affected", []):
            package = affected.get("package", {})
            name = canonicalize_name(str(package.get("name", "")))
            if package.get("ecosystem") == "PyPI" and name in pins and is_affected(pins[name], affected):
                text = str(advisory.get("summary") or advisory.get("details") or "").strip()
                found.add((name, pins[name], str(advisory["id"]), text.splitlines()[0][:100] if text else ""))
    return sorted(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path, help="zip or folder of advisories in OSV's format")
    parser.add_argument("--locks", type=Path, nargs="+", default=sorted(ROOT.glob("requirements*.lock")))
    arguments = parser.parse_args()
    pins = {pin.name: pin.version.partition("+")[0] for path in arguments.locks for pin in locked_pins(path)}
    try:
        found = found_in(arguments.database, pins)
        count = sum(1 for _ in advisories(arguments.database))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        print(f"{arguments.database}: not a database in OSV's format ({error})", file=sys.stderr)
        return 2
    for row in found:
        print("\t".join(row))
    print(f"{len(pins)} packages, {count} advisories: {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
