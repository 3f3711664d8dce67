"""The audit finds a locked version in a database of advisories on the disk, and nothing in others."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


def advisory(name: str, *events: dict[str, str], **more: object) -> dict:
    package = {"package": {"ecosystem": "PyPI", "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": [*events]}]}
    return {"id": f"TEST-{name}", "summary": "a fault\nat length", "affected": [package], **more}


def audited(repo: Path, database: Path, lock: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(repo / "tools/audit.py"), str(database), "--locks", str(lock)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text(f"some-package==2.5.0 \\\n    --hash=sha256:{'0' * 64}\ntorch==2.1+cpu --hash=sha256:{'1' * 64}\n")
    return path


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (advisory("Some_Package", {"introduced": "0"}, {"fixed": "2.5.1"}), 1),
        (advisory("some.package", {"introduced": "2.0"}, {"last_affected": "2.5.0"}), 1),
        (advisory("torch", {"introduced": "2.1"}), 1),
        (advisory("some-package", {"introduced": "0"}, {"fixed": "2.5.0"}), 0),
        (advisory("some-package", {"introduced": "0"}, {"fixed": "2.0"}, {"introduced": "3.0"}), 0),
        (advisory("some-package", {"introduced": "0"}, withdrawn="2026-01-01"), 0),
        (advisory("another", {"introduced": "0"}), 0),
    ],
)
def test_a_locked_version_is_found_where_it_is_affected(
    repo: Path, tmp_path: Path, lock: Path, made: dict, code: int
) -> None:
    folder, archive = tmp_path / "advisories", tmp_path / "all.zip"
    folder.mkdir()
    (folder / "one.json").write_text(json.dumps(made))
    with zipfile.ZipFile(archive, "w") as file:
        file.write(folder / "one.json", "one.json")
    for database in (folder, archive):
        result = audited(repo, database, lock)
        assert result.returncode == code, result.stdout + result.stderr
        assert result.stdout.endswith(f"2 packages, 1 advisories: {code} findings\n")


def test_something_else_is_no_database(repo: Path, tmp_path: Path, lock: Path) -> None:
    (tmp_path / "all.zip").write_text("nothing")
    result = audited(repo, tmp_path / "all.zip", lock)
    assert result.returncode == 2
    assert "not a database" in result.stderr and "Traceback" not in result.stderr
