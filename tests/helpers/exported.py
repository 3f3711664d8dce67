"""A known dance as the files of the export stage, with its audio, and what it should look like to their readers."""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from known_motion import swaying

from justlmd.body.model import load_body
from justlmd.export.audio import write_audio_of_clock
from justlmd.export.kinds import BY_BLENDER, CLOCK, FILES
from justlmd.export.song import Clip, ExportOptions, clip_of, export_clip
from justlmd.lyrics.document import Line
from justlmd.motion.motion import CameraMotion, Motion, to_camera
from justlmd.motion.song_motion import SongMotion

BODY = load_body()
FIRST_S = 2.01
"""The first line; the frame that the video shows then is number 60, at 2 s."""

LINES = (Line(2.01, 4.0, "Hello </script>"), Line(5.0, 7.0, "100% {brace} café"), Line(20.0, 21.0, "later"))
K = np.array([[900.0, 0, 600], [0, 900, 350], [0, 0, 1]])


def dancing(frames: int = 180) -> SongMotion:
    """A body with a shape of its own that sways before a camera above it, hands at rest, unseen for six frames."""
    orient, pose, transl = swaying(frames, hands=False)
    valid = np.ones(frames, bool)
    valid[40:46] = False
    moving = Motion(orient, pose, transl + [0.4, 0, -3], np.linspace(-1, 1, 10), valid)
    camera: CameraMotion = to_camera(moving, BODY, K, floor_offset=-1.3, pitch_deg=8.0)
    return SongMotion.made(camera, BODY, "made", FIRST_S, pitch_deg=8.0)


def song_audio(path: Path, seconds: float = 12.0) -> np.ndarray:
    """A rising tone that swells and fades, so that every moment is told from the others; returns its samples."""
    at = np.arange(round(seconds * 48_000)) / 48_000
    samples = 8000 * np.sin(2 * np.pi * (200 * at + 100 * at**2)) * (1 + np.sin(2 * np.pi * 3.1 * at)) / 2
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(samples[:, None].repeat(2, 1).astype("<i2").tobytes())
    return samples


@dataclass(frozen=True)
class Exported:
    """The folder, the clip that was written, and the joints (T, 24, 3) of what the options make of it (y up)."""

    folder: Path
    clip: Clip
    joints: np.ndarray

    def path(self, kind: str) -> Path:
        return self.folder / (CLOCK if kind == "clock" else FILES[kind])


def export_into(
    folder: Path, options: ExportOptions | None = None, start: int = 0, stop: int | None = None, audio: bool = False
) -> Exported:
    """Export :func:`dancing` as every kind that needs no Blender."""
    folder.mkdir(parents=True, exist_ok=True)
    clip = clip_of(dancing(), "a_song", start, stop)
    outputs = {kind: folder / name for kind, name in FILES.items() if kind not in BY_BLENDER}
    export_clip(outputs | {"clock": folder / CLOCK}, clip, options or ExportOptions(), LINES)
    if audio:
        song_audio(folder / "song.wav")
        write_audio_of_clock(folder / "song.wav", folder / "audio.m4a", folder / CLOCK)
    return Exported(folder, clip, clip.motion.joints(BODY))


def lag_samples(found: np.ndarray, expected: np.ndarray) -> int:
    """By how many samples ``found`` comes later than ``expected``, from their cross-correlation."""
    count = min(len(found), len(expected))
    spectra = np.fft.rfft(found[:count], 2 * count) * np.conj(np.fft.rfft(expected[:count], 2 * count))
    best = int(np.argmax(np.fft.irfft(spectra)))
    return best if best < count else best - 2 * count
