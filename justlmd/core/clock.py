"""The one clock of a song: seconds of ``video.mp4``, whose frame k is at k / 30 s."""

FPS = 30
"""Frames per second of every song's timeline: frame ``k`` is at ``k / FPS`` seconds of ``video.mp4``."""

SEQUENCE_FRAMES = 180
"""Frames of one sequence of the data set (6 s)."""


def frame_index(seconds: float, first_s: float = 0.0) -> int:
    """Return the frame at ``seconds`` since ``first_s`` (0 for the video, the first line for ``smplfull.json``)."""
    return round(FPS * round(seconds - first_s, 3))
