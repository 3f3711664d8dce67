"""The pose networks: the published files with their licence, and what is said when they are not there."""

import numpy as np
import pytest

from justlmd.core.errors import InputError
from justlmd.pose.inference import Network
from justlmd.pose.networks import DETECTOR, LANDMARKS, NETWORK_FILES, read_network


def test_both_networks_lie_beside_their_licence():
    names = {path.name for path in NETWORK_FILES.installed_folder().iterdir()}
    assert names == {"LICENSE", "NOTICE", "pose_detection.tflite", "pose_landmark_full.tflite"}
    assert "Apache License 2.0" in (NETWORK_FILES.folder / "NOTICE").read_text()
    assert len(read_network(LANDMARKS)) == 6_440_512


def test_a_damaged_network_is_refused(tmp_path, monkeypatch):
    content = {network: read_network(network) for network in (DETECTOR, LANDMARKS)}
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in NETWORK_FILES.files.values():
        (NETWORK_FILES.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (NETWORK_FILES.folder / name).write_bytes(b"half of it")
    (NETWORK_FILES.folder / DETECTOR.name).write_bytes(content[DETECTOR])
    assert read_network(DETECTOR) == content[DETECTOR]
    with pytest.raises(InputError, match=r"pose_landmark_full\.tflite: the pose network is damaged; delete it and run"):
        read_network(LANDMARKS)


def test_a_missing_network_names_the_command_that_brings_it(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(InputError, match="pose-networks is not installed; run justlmd weights or make setup"):
        read_network(DETECTOR)


def test_outputs_that_nobody_asks_for_change_none_of_the_others():
    content = read_network(LANDMARKS)
    image = np.random.default_rng(0).random((256, 256, 3), dtype=np.float32)
    landmarks, presence, mask, heatmaps, world = Network(content, range(5)).run(image)
    assert mask.shape == (256, 256, 1)
    some = Network(content, (0, 1, 3, 4)).run(image)
    for found, expected in zip(some, (landmarks, presence, heatmaps, world), strict=True):
        np.testing.assert_array_equal(found, expected)
