"""The sound of a song that is only danced to: which stretch of which file, and what is said when there is none."""

import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from justlmd.core.errors import InputError
from justlmd.media.audio import read_audio, write_audio
from justlmd.media.ffmpeg import SAMPLE_RATE, ffmpeg_exe


@pytest.fixture(scope="module")
def song(tmp_path_factory) -> Path:
    """Four seconds at 44.1 kHz, mono: a tone that begins at second 2."""
    path = tmp_path_factory.mktemp("song") / "song.wav"
    t = np.arange(4 * 44100) / 44100
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes((20000 * np.sin(2 * np.pi * 440 * t) * (t >= 2)).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize("suffix", ["wav", "mp3", "flac", "m4a", "ogg"])
def test_the_stretch_of_any_sound_file_is_taken(song, tmp_path, suffix):
    source, target = tmp_path / f"song.{suffix}", tmp_path / "audio.wav"
    subprocess.run([ffmpeg_exe(), "-v", "error", "-i", str(song), str(source)], check=True)
    assert write_audio(source, target, 1.0, 3.0) == pytest.approx(2.0, abs=1 / SAMPLE_RATE)
    with wave.open(str(target)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (SAMPLE_RATE, 2, 2 * SAMPLE_RATE)
    loud = np.abs(read_audio(target, SAMPLE_RATE, 1)[0]) > 0.1
    assert np.flatnonzero(loud)[0] / SAMPLE_RATE == pytest.approx(1.0, abs=0.06)  # mp3 and AAC begin with padding


def test_without_an_end_all_of_it_is_taken_and_equal_input_gives_equal_bytes(song, tmp_path):
    assert write_audio(song, tmp_path / "a.wav") == pytest.approx(4.0, abs=1e-3)
    write_audio(song, tmp_path / "b.wav")
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_what_holds_no_sound_is_named_and_leaves_nothing(song, tmp_path):
    (tmp_path / "text.mp3").write_text("no sound at all")
    for source, start, words in ((tmp_path / "text.mp3", 0.0, "no audio"), (tmp_path / "none.mp3", 0.0, "not exist"),
                                 (song, 9.0, "after second 9")):  # fmt: skip
        with pytest.raises(InputError, match=words):
            write_audio(source, tmp_path / "audio.wav", start)
    assert not (tmp_path / "audio.wav").exists()
