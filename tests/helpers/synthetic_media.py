"""Small videos of which every frame says its own number, and whose sound says its own second; for tests only."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS = 12
BLOCK = 16
WIDTH, HEIGHT = BITS * BLOCK, 64
RATE = 48_000


def numbered_frame(number: int) -> np.ndarray:
    """(64, 192, 3) uint8: the number as white and black blocks, low bit at the left; below, its complement."""
    bits = (number >> np.arange(BITS)) & 1
    row = np.repeat(bits * 255, BLOCK).astype(np.uint8)
    half = np.repeat(row[None], HEIGHT // 2, axis=0)
    return np.repeat(np.concatenate([half, 255 - half])[:, :, None], 3, axis=2)


def read_number(frame: np.ndarray) -> int:
    """Inverse of numbered_frame, for any even enlargement."""
    line = frame[frame.shape[0] // 4, :, 1].reshape(BITS, -1).mean(axis=1)
    return int(((line > 127) << np.arange(BITS)).sum())


def clicks(duration_s: float, at_s: Iterable[float], channels: int = 1, rate: int = RATE) -> np.ndarray:
    """(channels, samples) int16: silence with a click of 2 ms at each given second."""
    sound = np.zeros((channels, round(duration_s * rate)), dtype=np.int16)
    for second in at_s:
        first = round(second * rate)
        sound[:, first : first + rate // 500] = 20_000
    return sound


def write_source_video(
    path: Path,
    times: Sequence[Fraction],
    sound: np.ndarray | None = None,
    sound_starts: Fraction = Fraction(0),
    frames: Iterable[np.ndarray] | None = None,
    time_base: Fraction = Fraction(1, 90_000),
    codec: str = "libx264",
    audio_codec: str = "aac",
    rate: int = RATE,
    options: dict[str, str] | None = None,
) -> Path:
    """Write frame i (numbered or given) at exactly ``times[i]`` seconds, and sound from ``sound_starts`` on."""
    frames = iter(frames if frames is not None else (numbered_frame(i) for i in range(len(times))))
    with av.open(str(path), "w") as container:
        mean = Fraction(len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else Fraction(30)
        video = container.add_stream(codec, rate=mean.limit_denominator(1001))
        video.codec_context.time_base = time_base
        video.time_base = time_base
        video.pix_fmt = "yuv420p"
        if codec == "libx264":
            video.options = options or {"preset": "veryfast", "crf": "12", "g": "50"}
        audio = None
        if sound is not None:
            audio = container.add_stream(audio_codec, rate=rate, layout="mono" if len(sound) == 1 else "stereo")
        for index, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(next(frames), format="rgb24")
            if index == 0:
                video.width, video.height = frame.width, frame.height
            frame.pts, frame.time_base = round(time / time_base), time_base
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None and sound is not None:
            for first in range(0, sound.shape[1], 1024):
                block = np.ascontiguousarray(sound[:, first : first + 1024])
                interleaved = np.ascontiguousarray(block.T.reshape(1, -1))
                layout = "mono" if len(sound) == 1 else "stereo"
                piece = av.AudioFrame.from_ndarray(interleaved, format="s16", layout=layout)
                piece.sample_rate, piece.time_base = rate, Fraction(1, rate)
                piece.pts = first + round(sound_starts * rate)
                container.mux(audio.encode(piece))
            container.mux(audio.encode(None))
    return path


def constant_rate(rate: Fraction | int, duration_s: float) -> list[Fraction]:
    """Time stamps of a film of constant rate."""
    return [index / Fraction(rate) for index in range(round(duration_s * rate))]
