"""The two network files of the 2D pose: MediaPipe's person detector and landmark network, taken out of its wheel."""

import hashlib
from dataclasses import dataclass

from justlmd.core.errors import InputError
from justlmd.core.wheel_files import INSTALL_COMMAND, WheelFiles


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
NETWORK_FILES = WheelFiles(
    name="pose-networks",
    # The last release that carries the networks; a zip like any other, whatever this computer and its Python are.
    wheel="mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
    sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    files={network.member: network.name for network in (DETECTOR, LANDMARKS)}
    | {"mediapipe-0.10.21.dist-info/LICENSE": "LICENSE"},
    notice=f"{DETECTOR.name} and {LANDMARKS.name} are copyright The MediaPipe Authors and licensed under the\n"
    "Apache License 2.0 (LICENSE). Taken unchanged out of the package mediapipe 0.10.21.\n",
)


def read_network(network: NetworkFile) -> bytes:
    """The content of a network's file.

    Raises
    ------
    InputError
        The file is missing or is not the published one.
    """
    path = NETWORK_FILES.installed_folder() / network.name
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != network.sha256:
        raise InputError("the pose network is damaged", where=path, next_step=f"delete it and run {INSTALL_COMMAND}")
    return content
