"""The audio of a page keeps the song's clock."""

import wave
from pathlib import Path

import numpy as np
import pytest
from synthetic_media import RATE, clicks

from justlmd.core.errors import InputError
from justlmd.media.audio import read_audio
from justlmd.view.audio import write_m4a


def test_a_click_stays_at_its_second(tmp_path: Path) -> None:
    at_s = [0.5, 3.25, 9.0]
    with wave.open(str(tmp_path / "audio.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(clicks(10.0, at_s).T.tobytes())
    write_m4a(tmp_path / "page.m4a", tmp_path / "audio.wav")
    samples = np.abs(read_audio(tmp_path / "page.m4a", RATE, 1)[0])
    assert len(samples) / RATE == pytest.approx(10, abs=0.05)
    for second in at_s:
        around = samples[round((second - 0.1) * RATE) : round((second + 0.1) * RATE)]
        assert np.argmax(around > 0.3 * around.max()) / RATE - 0.1 == pytest.approx(0, abs=0.003)
    write_m4a(tmp_path / "again.m4a", tmp_path / "audio.wav")
    assert (tmp_path / "again.m4a").read_bytes() == (tmp_path / "page.m4a").read_bytes()


def test_what_is_no_audio_is_refused(tmp_path: Path) -> None:
    (tmp_path / "audio.wav").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"audio\.wav"):
        write_m4a(tmp_path / "page.m4a", tmp_path / "audio.wav")
    assert not (tmp_path / "page.m4a").exists()
