"""From a downloaded video to ``video.mp4`` (cropped, constant 30 fps) and ``audio.wav`` on the same clock."""

import math
from pathlib import Path
from typing import Any

import ffmpeg

from justlmd.core.clock import FPS
from justlmd.core.errors import InputError
from justlmd.core.files import replacing
from justlmd.media.ffmpeg import ENCODING, FORMATS, SAMPLE_RATE, file_url, run
from justlmd.media.probe import read_timeline

CROPS = {"full": (0.0, 1.0), "left": (0.0, 0.5), "center": (0.25, 0.5), "right": (0.5, 0.5)}
"""Crop name -> (left edge, width) as fractions of the frame's width; the full height is kept."""


def standardise(
    source: str | Path,
    video: str | Path,
    audio: str | Path,
    crop: str = "full",
    start_s: float = 0.0,
    end_s: float | None = None,
) -> None:
    """Cut, crop and resample a video to constant 30 frames/s, and its audio to a wav on the same clock.

    Frame ``k`` of ``video`` shows the source frame whose time stamp is nearest to ``start_s + k/30`` (of two equally
    near, the earlier, which is the one on the screen at that moment); sample ``i`` of ``audio`` is at
    ``start_s + i/48000`` s. Both have the same length: ``audio`` holds 1600 samples for each frame. Everything is
    decoded, so that the cut does not depend on key frames. Rotation metadata and non-square pixels are made real.

    Parameters
    ----------
    source
        Any video that ffmpeg reads, with an audio track.
    video
        H.264 mp4 to write (yuv420p, 30 frames/s, no audio, no B-frames).
    audio
        16-bit stereo wav of 48 kHz to write.
    crop
        Which part of the frame the dancer occupies: "full", or "left", "center", "right" half of the width (the
        full height is kept). Sizes are rounded down to even numbers.
    start_s, end_s
        The part to keep, in seconds of the source; None: to its last frame.

    Raises
    ------
    InputError
        The source is unusable or has no audio, the crop is unknown, or the part lies outside the source. Neither
        output exists then.
    """
    source = Path(source)
    if crop not in CROPS:
        raise InputError(f"crop is '{crop}', not one of {', '.join(CROPS)}", where=source)
    timeline = read_timeline(source)
    if timeline.audio_index is None:
        raise InputError(
            "has no audio, so there is no music to dance to", where=source, next_step="use a video with sound"
        )
    frames = _frames_to_write(source, timeline.info.duration_s, start_s, end_s)

    # A frame is the nearest one from half way to its predecessor on. The finer time base keeps that half exact, and
    # the one tick more gives a tie to the predecessor; fps(round=up) then shows the last frame that has begun.
    half_way = f"if(isnan(PREV_INPTS),PTS,(PTS+PREV_INPTS)/2)+1-round({float(start_s)!r}/TB)"
    inputs = _input(source)
    frames_30 = (
        inputs[str(timeline.video_index)]
        .filter("settb", "intb/16")
        .filter("setpts", half_way)
        .filter("fps", fps=FPS, round="up", start_time=0)
        # The last frame stays until its end; only a file that decodes short comes out short, and is refused below.
        .filter("tpad", stop=math.ceil(timeline.last_frame_s * FPS) + 1, stop_mode="clone")
    )
    if not timeline.square_pixels:
        frames_30 = frames_30.filter("scale", "iw*sar", "ih").filter("setsar", 1)
    left, width = CROPS[crop]
    frames_30 = frames_30.filter("crop", f"floor(iw*{width}/2)*2", "floor(ih/2)*2", f"floor(iw*{left}/2)*2", 0)
    frames_30 = frames_30.filter("scale", out_range="tv").filter("format", "yuv420p")

    samples = frames * SAMPLE_RATE // FPS
    first_sample = round(start_s * SAMPLE_RATE)
    samples_48k = (
        inputs[str(timeline.audio_index)]
        # async=1 fills gaps with silence and never stretches; first_pts=0 keeps a late start late.
        .filter("aresample", SAMPLE_RATE, **{"async": 1, "first_pts": 0})
        .filter("aformat", sample_fmts="s16", channel_layouts="stereo")
        .filter("atrim", start_sample=first_sample, end_sample=first_sample + samples)
        .filter("asetpts", "PTS-STARTPTS")
        .filter("apad", whole_len=samples)
    )
    with replacing(video) as new_video, replacing(audio) as new_audio:
        outputs = ffmpeg.merge_outputs(
            ffmpeg.output(frames_30, file_url(new_video), **ENCODING, crf=18, **{"frames:v": frames}),
            ffmpeg.output(samples_48k, file_url(new_audio), acodec="pcm_s16le", map_metadata=-1, fflags="+bitexact"),
        )
        run(outputs, source)
        written = read_timeline(new_video).info.frames
        if written != frames:
            raise InputError(
                f"damaged: only {written / FPS:.2f} s of {frames / FPS:.2f} s decode",
                where=source,
                next_step="get it again",
            )


def _frames_to_write(source: Path, duration_s: float, start_s: float, end_s: float | None) -> int:
    if not 0 <= start_s < duration_s:
        raise InputError(f"start {start_s:g} s is not inside the video, which lasts {duration_s:.2f} s", where=source)
    if end_s is not None and not start_s < end_s <= duration_s + 1:
        raise InputError(
            f"end {end_s:g} s must lie after the start ({start_s:g} s) and within the video ({duration_s:.2f} s)",
            where=source,
        )
    length_s = min(duration_s, math.inf if end_s is None else end_s) - start_s
    # A frame for every k/30 s at which a source frame is still on; a rest below a quarter of one (29.97) is none.
    return max(1, math.ceil(length_s * FPS - 0.25))


def _input(path: Path) -> Any:
    return ffmpeg.input(file_url(path), format_whitelist=FORMATS, protocol_whitelist="file", threads=1)
