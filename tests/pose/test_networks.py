"""Where the network files come from: one published wheel, checked, unpacked whole or not at all."""

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from justlmd.core.errors import InputError
from justlmd.pose import networks
from justlmd.pose.inference import Network
from justlmd.pose.networks import DETECTOR, LANDMARKS, NETWORKS, install_networks, network_folder, read_network


@pytest.fixture
def wheel(tmp_path, monkeypatch) -> Path:
    """A wheel that holds what the published one holds, as far as anybody looks."""
    path = tmp_path / "downloads" / networks.WHEEL
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(networks.LICENSE, "Apache License")
        archive.writestr("mediapipe/__init__.py", "raise SystemExit('nobody runs this')")
        for network in NETWORKS:
            archive.writestr(network.member, read_network(network))
    monkeypatch.setattr(networks, "WHEEL_SHA256", networks.sha256_of(path))
    return path


def test_both_networks_lie_beside_their_licence(wheel, tmp_path):
    folder = install_networks(wheel, tmp_path / "networks")
    assert sorted(file.name for file in folder.iterdir()) == [
        "LICENSE", "NOTICE", "pose_detection.tflite", "pose_landmark_full.tflite",
    ]  # fmt: skip
    assert "Apache License 2.0" in (folder / "NOTICE").read_text()
    assert read_network(DETECTOR, folder) == read_network(DETECTOR)


def test_what_is_there_is_not_fetched_again_and_what_is_damaged_is(wheel, tmp_path, monkeypatch):
    folder = install_networks(wheel, tmp_path / "networks")
    monkeypatch.setattr(networks, "_downloaded", lambda folder: pytest.fail("fetched again"))
    install_networks(folder=folder)
    (folder / LANDMARKS.name).write_bytes(b"half of it")
    with pytest.raises(InputError, match=r"pose_landmark_full\.tflite: the pose network is damaged; delete it and run"):
        read_network(LANDMARKS, folder)
    monkeypatch.setattr(networks, "_downloaded", lambda folder: wheel)
    install_networks(folder=folder)
    assert len(read_network(LANDMARKS, folder)) == 6_440_512


def test_another_wheel_is_refused_and_leaves_nothing(tmp_path):
    other = tmp_path / "mediapipe-9.whl"
    other.write_bytes(b"something else")
    with pytest.raises(InputError, match=r"mediapipe-9\.whl: is not the published mediapipe-0\.10\.21"):
        install_networks(other, tmp_path / "networks")
    with pytest.raises(InputError, match="cannot be read"):
        install_networks(tmp_path / "missing.whl", tmp_path / "networks")
    assert not (tmp_path / "networks").exists()


def test_a_missing_network_names_the_command_that_brings_it(tmp_path, monkeypatch):
    monkeypatch.setenv("JUSTLMD_NETWORKS", str(tmp_path / "none"))
    assert network_folder() == tmp_path / "none"
    with pytest.raises(InputError) as caught:
        read_network(DETECTOR)
    assert str(tmp_path / "none" / "pose_detection.tflite") in str(caught.value)
    assert "python -m justlmd.pose.networks" in str(caught.value)


def test_the_folder_is_the_users_for_all_environments(tmp_path, monkeypatch):
    monkeypatch.delenv("JUSTLMD_NETWORKS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert network_folder() == tmp_path / "justlmd" / "networks"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert network_folder() == Path.home() / ".cache" / "justlmd" / "networks"


def test_a_download_that_fails_is_one_line_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "_DOWNLOAD", ("download", "--no-index", "mediapipe==0.10.21"))
    with pytest.raises(InputError) as caught:
        install_networks(folder=tmp_path / "networks")
    assert "pip could not download it" in str(caught.value) and "--wheel FILE" in str(caught.value)
    assert "\n" not in str(caught.value) and not (tmp_path / "networks").exists()


def test_the_command_says_where_the_networks_are_and_what_is_wrong(tmp_path):
    command = [sys.executable, "-m", "justlmd.pose.networks"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout == f"pose networks: {network_folder()}\n"
    environment = {"JUSTLMD_NETWORKS": str(tmp_path)}
    wrong = subprocess.run(
        [*command, "--wheel", "no.whl"], capture_output=True, text=True, check=False, env=environment
    )
    assert wrong.returncode == 1 and wrong.stderr.startswith("ERROR  no.whl: cannot be read")


def test_outputs_that_nobody_asks_for_change_none_of_the_others():
    content = read_network(LANDMARKS)
    image = np.random.default_rng(0).random((256, 256, 3), dtype=np.float32)
    landmarks, presence, mask, heatmaps, world = Network(content, range(5)).run(image)
    assert mask.shape == (256, 256, 1)
    some = Network(content, (0, 1, 3, 4)).run(image)
    for found, expected in zip(some, (landmarks, presence, heatmaps, world), strict=True):
        np.testing.assert_array_equal(found, expected)
