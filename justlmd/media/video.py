"""Videos in and out: one clock, whole files, exact frames.

Reading and probing go through PyAV, conversion through ffmpeg (:mod:`justlmd.media.writer`). Times are seconds on the
file's own clock, whose zero is the start of its earliest stream, as players count.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import numpy as np

from justlmd.core.errors import InputError
from justlmd.media.probe import VideoInfo, open_video, read_timeline, video_stream

DAMAGED_SHARE = 0.001
"""Of the frames that may be damaged; whatever is predicted from a damaged frame counts, up to the next key frame."""


def probe(path: str | Path) -> VideoInfo:
    """Measure a video: its packets are read, one frame is decoded.

    Raises
    ------
    InputError
        The file is missing, is no video, holds no frame, or is cut short.
    """
    return read_timeline(Path(path)).info


def verify(path: str | Path) -> VideoInfo:
    """Decode a whole video with its audio, and check that everything its index declares is there.

    Raises
    ------
    InputError
        The file is no video, is cut short although it claims its full duration, or does not decode.
    """
    path = Path(path)
    timeline = read_timeline(path)
    info = timeline.info
    decoded = damaged = 0
    spoilt = False  # what is predicted from a damaged frame looks as bad, although its own bytes are right
    with open_video(path) as container:
        streams = [container.streams[timeline.video_index]]
        if timeline.audio_index is not None:
            streams.append(container.streams[timeline.audio_index])
        streams[0].codec_context.thread_count = 1
        for packet in container.demux(streams):
            try:
                for frame in packet.decode():
                    if isinstance(frame, av.VideoFrame):
                        decoded += 1
                        spoilt = (spoilt and not frame.key_frame) or frame.is_corrupt
                        damaged += spoilt
            except av.error.FFmpegError:
                damaged += 1
                spoilt = spoilt or isinstance(packet.stream, av.VideoStream)
    # An open GOP at the start of a file may hold one or two frames that no decoder can show.
    if damaged > max(2, DAMAGED_SHARE * info.frames) or decoded < info.frames - max(2, 0.01 * info.frames):
        raise InputError(
            f"damaged: {decoded} of {info.frames} frames decode, {damaged} with errors",
            where=path,
            next_step="get the file again",
        )
    return info


def read_frames(
    path: str | Path, start: int = 0, stop: int | None = None, size: tuple[int, int] | None = None
) -> Iterator[np.ndarray]:
    """Decode frames ``start`` to ``stop`` (exclusive; None: to the end) in order of presentation.

    Parameters
    ----------
    path
        The video.
    start, stop
        Numbers of frames.
    size
        Width and height, upright, to which the frames are scaled; None: as they are.

    Yields
    ------
    numpy.ndarray
        (height, width, 3) uint8, RGB, upright (rotation metadata applied). Only one is in memory at a time.

    Raises
    ------
    InputError
        The file is no video or does not decode.
    """
    path = Path(path)
    first_time = None
    if start > 0:
        times = read_timeline(path).times
        if start >= len(times):
            return
        first_time = times[start]
    index = start
    with open_video(path) as container:
        stream = video_stream(container, path)
        stream.codec_context.thread_count = 1
        if first_time is not None:
            container.seek(first_time, stream=stream)
        try:
            for frame in container.decode(stream):
                if first_time is not None and frame.pts is not None and frame.pts < first_time:
                    continue
                if stop is not None and index >= stop:
                    return
                yield _upright(frame, size)
                index += 1
        except av.error.FFmpegError as error:
            raise InputError(
                f"frame {index} does not decode ({error.strerror})", where=path, next_step="get the file again"
            ) from error


def read_chosen_frames(path: str | Path, chosen: Iterable[int]) -> dict[int, np.ndarray]:
    """The frames with these numbers, as :func:`read_frames` gives them.

    Numbers that the video does not have are left out. Only what lies between each of them and the key frame before it
    is decoded.
    """
    path = Path(path)
    times = read_timeline(path).times
    found: dict[int, np.ndarray] = {}
    with open_video(path) as container:
        stream = video_stream(container, path)
        stream.codec_context.thread_count = 1
        try:
            for number in sorted({number for number in chosen if 0 <= number < len(times)}):
                container.seek(times[number], stream=stream)
                frame = next((f for f in container.decode(stream) if f.pts is None or f.pts >= times[number]), None)
                if frame is not None:
                    found[number] = _upright(frame, None)
        except av.error.FFmpegError as error:
            raise InputError(
                f"frame {number} does not decode ({error.strerror})", where=path, next_step="get the file again"
            ) from error
    return found


def _upright(frame: av.VideoFrame, size: tuple[int, int] | None) -> np.ndarray:
    """The image (height, width, 3) uint8 RGB of a decoded frame, turned as its metadata say, and scaled to ``size``."""
    width, height = size or (None, None)
    if frame.rotation % 180:
        width, height = height, width
    rgb = frame.reformat(width, height, format="rgb24", interpolation="AREA" if size else None, threads=1).to_ndarray()
    return np.ascontiguousarray(np.rot90(rgb, frame.rotation // 90)) if frame.rotation else rgb
