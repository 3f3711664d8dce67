"""Downloads that must succeed or be refused, without waiting between attempts; for tests only."""

from pathlib import Path

import pytest
from pauses import Pauses

from justlmd.download.failures import CAUSES, DownloadError
from justlmd.download.fetch import DownloadOptions, download

FAST = DownloadOptions(attempts=3, backoff_s=1.0, timeout_s=5.0, allow_private_addresses=True)


def fetch(tmp_path: Path, url: str, options: DownloadOptions = FAST) -> tuple[dict, Pauses]:
    pauses = Pauses()
    record = download(url, tmp_path / "source.mp4", tmp_path / "source.json", options=options, sleep=pauses)
    return record, pauses


def refused(tmp_path: Path, url: str, options: DownloadOptions = FAST) -> tuple[DownloadError, Pauses]:
    pauses = Pauses()
    with pytest.raises(DownloadError) as caught:
        download(url, tmp_path / "source.mp4", tmp_path / "source.json", options=options, sleep=pauses)
    message = str(caught.value)
    assert "\n" not in message
    assert "\x1b" not in message
    assert message.endswith(CAUSES[caught.value.cause][1])
    assert not (tmp_path / "source.mp4").exists()
    assert not (tmp_path / "source.json").exists()
    return caught.value, pauses
