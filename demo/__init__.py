"""What generates the embedded demo: songs, choreography and rendered dancers, and cheap songs for statistical tests."""

from demo.planted import SyntheticSong, synthetic

__all__ = ["SyntheticSong", "synthetic"]
