"""Library of the lyrics-music-dance workflow: pure functions on arrays and files.

Nothing here knows Snakemake, and nothing here imports :mod:`model`.
"""

__version__ = "0.1.0"

FPS = 30
"""Frames per second of every song's timeline: frame ``k`` is at ``k / FPS`` seconds of ``video.mp4``."""

SEQUENCE_FRAMES = 180
"""Frames of one sequence of the data set (6 s)."""
