"""What a video file holds and when each of its frames is shown, read with PyAV without decoding it all."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.limits import LONGEST_VIDEO_S, MOST_PIXELS
from justlmd.media.ffmpeg import FORMATS, file_url


@dataclass(frozen=True)
class VideoInfo:
    """What a video file holds, as it is shown (rotation metadata applied)."""

    width: int
    height: int
    fps: float
    """Mean frame rate in 1/s."""
    frames: int
    duration_s: float
    """End of the last frame on the file's clock in seconds."""
    rotation: int
    """Counter-clockwise turn in degrees (0, 90, 180, 270) that the file asks its player for."""
    has_audio: bool


@dataclass(frozen=True)
class Timeline:
    """What the packets of a file say, without decoding more than one frame."""

    info: VideoInfo
    video_index: int
    audio_index: int | None
    square_pixels: bool
    last_frame_s: float
    times: list[int]
    """Presentation time of every frame in order, in the stream's time base."""


def read_timeline(path: Path) -> Timeline:
    """Read every packet and decode one frame.

    Raises
    ------
    InputError
        The file is missing, no video, without frames, or shorter than its own index or header says.
    """
    with open_video(path) as container:
        stream = video_stream(container, path)
        if stream.width * stream.height > MOST_PIXELS:
            raise InputError(
                f"has frames of {stream.width} x {stream.height} pixels; {MOST_PIXELS / 1e6:.0f} million are allowed",
                where=path,
                next_step="scale it down",
            )
        try:
            first = next(container.decode(stream), None)
        except av.error.FFmpegError:
            first = None
        if first is None:
            raise InputError("holds no frame that decodes", where=path, next_step="get the file again")
        ratio = stream.sample_aspect_ratio
        stretch = float(ratio) if ratio else 1.0
        width, height, rotation = round(first.width * stretch), first.height, first.rotation % 360
    with open_video(path) as container:
        stream = video_stream(container, path)
        audio = container.streams.best("audio")
        zero = Fraction(container.start_time or 0, av.time_base)
        spans: list[tuple[int, int]] = []
        read = 0
        end = Fraction(0)
        last_is_whole = True
        try:
            for packet in container.demux():
                time = packet.dts if packet.pts is None else packet.pts
                if time is None or packet.time_base is None:
                    continue
                last_is_whole = not packet.is_corrupt
                end = max(end, (time + (packet.duration or 0)) * packet.time_base)
                if packet.stream == stream:
                    read += 1
                    if not packet.is_discard:
                        spans.append((time, packet.duration or 0))
        except av.error.FFmpegError as error:
            raise InputError(
                f"cannot be read to its end ({error.strerror})", where=path, next_step="get the file again"
            ) from error
        declared_s = (container.duration or 0) / av.time_base
        # Only the mp4 family has an index that counts frames; other headers tell at best a duration.
        if container.format.name.startswith("mov") and stream.frames:
            short = read < stream.frames - max(2, 0.01 * stream.frames)
        else:
            short = end - zero < declared_s - max(0.5, 0.01 * declared_s)
        if short or not (last_is_whole or container.format.name == "mpegts"):
            raise InputError(
                f"is cut short: it claims {declared_s:.1f} s, but {float(end - zero):.1f} s are there",
                where=path,
                next_step="get the file again",
            )
        spans.sort()
        times = [time for time, _ in spans]
        assert stream.time_base is not None
        lasts_s = float((times[-1] - times[0]) * stream.time_base)
        if lasts_s > LONGEST_VIDEO_S:
            raise InputError(
                f"shows its last frame {lasts_s / 3600:.1f} hours after its first",
                where=path,
                next_step=f"give a video of at most {LONGEST_VIDEO_S / 3600:.0f} hours",
            )
        mean_step = Fraction(times[-1] - times[0], len(times) - 1) if len(times) > 1 else Fraction(0)
        last_s = (spans[-1][1] or mean_step) * stream.time_base or Fraction(1, FPS)
        fps = 1 / (mean_step * stream.time_base) if mean_step else 1 / last_s
        info = VideoInfo(
            width=height if rotation % 180 else width,
            height=width if rotation % 180 else height,
            fps=float(fps),
            frames=len(times),
            duration_s=float(times[-1] * stream.time_base + last_s - zero),
            rotation=rotation,
            has_audio=audio is not None,
        )
        return Timeline(info, stream.index, audio.index if audio else None, stretch == 1.0, float(last_s), times)


def open_video(path: Path) -> av.container.InputContainer:
    """Open a local video, and nothing that it could point to."""
    if path.exists() and not path.is_file():
        raise InputError("is no file", where=path, next_step="give a video file")
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise InputError(f"cannot be opened ({error.strerror})", where=path, next_step="check the path") from error
    try:
        return av.open(file_url(path), options={"format_whitelist": FORMATS, "protocol_whitelist": "file"})
    except (av.error.FFmpegError, OSError) as error:
        if not head:
            what = "is empty"
        elif head.isascii() and b"\0" not in head:
            what = "is text, not a video" if b"<html" not in head.lower() else "is a web page, not a video"
        else:
            what = f"is not a video that can be read ({error.strerror})"
        raise InputError(f"{what}", where=path, next_step="get the file again or give another one") from error


def video_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """Return the first video track of a file."""
    # A cover image inside a music file is a video stream too, marked as attached.
    covers = av.stream.Disposition.attached_pic
    video = next((stream for stream in container.streams.video if not stream.disposition & covers), None)
    if video is None and not container.streams.audio:
        raise InputError(
            "is not a video that can be read: its index is cut short", where=path, next_step="get the file again"
        )
    if video is None:
        raise InputError("holds no video track", where=path, next_step="give a video, not only its audio")
    return video
