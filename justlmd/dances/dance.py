"""One dance with its song, as people work with it: a mapping of arrays that can be watched, exported and animated."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.body.model import Body
from justlmd.core.errors import InputError
from justlmd.lyrics.document import Line
from justlmd.motion.motion import Motion


class Dance(Mapping[str, Any]):
    """A dance: a read-only mapping of arrays, text and facts, with methods.

    Motion is y-up, in metres and radians: ``global_orient`` (T, 3), ``body_pose`` (T, 69), ``transl`` (T, 3), ``betas``
    (10,). A sequence of a data set has all columns that its card lists; a generated dance has those of the motion,
    ``song``, ``text``, ``lines``, ``words`` and ``start_s``.

    Parameters
    ----------
    values : mapping
        What the mapping holds.
    motion : Motion
        The motion.
    load_body : callable
        Gives the body model that ``motion`` belongs to; called when it is first needed.
    lines : sequence of Line
        Lyrics, in seconds of the song.
    audio : path, optional
        The song's audio; None where it is not at hand.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        motion: Motion,
        load_body: Callable[[], Body],
        lines: Sequence[Line] = (),
        audio: Path | None = None,
    ) -> None:
        self._values, self._load_body = dict(values), load_body
        self.motion, self.lines, self.audio = motion, tuple(lines), audio

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        sound = "with audio" if self.audio else "without audio"
        return f"<Dance to {self.song!r}: {len(self.motion)} frames from {self.start_s:.3f} s on, {sound}>"

    @property
    def song(self) -> str:
        """Id of the song."""
        return str(self._values["song"])

    @property
    def start_s(self) -> float:
        """Second of the song at the first frame."""
        return float(self._values["start_s"])

    @property
    def title(self) -> str:
        """Title of the song for people; its id where there is none."""
        return str(self._values.get("title") or self.song)

    @property
    def body(self) -> Body:
        """The body model of the motion."""
        return self._load_body()

    @property
    def joints(self) -> np.ndarray:
        """Joint positions (T, 24, 3) in metres."""
        return self.motion.joints(self.body)

    def export(self, path: str | Path, size: tuple[int, int] = (960, 540)) -> Path:
        """Write an mp4 of the dance, with the song's audio where it is found and the lyrics as they are sung.

        Parameters
        ----------
        path : path
            The video; it ends in ``.mp4``.
        size : (int, int)
            Width and height in pixels.

        Raises
        ------
        InputError
            The name does not end in ``.mp4``, or the motion cannot be shown.
        """
        from justlmd.preview.dance_video import export_mp4

        path = Path(path)
        if path.suffix.lower() != ".mp4":
            raise InputError("a video is an .mp4 file", where=path, next_step="use to_bvh for a BVH file")
        export_mp4(path, self.motion, self.body, self.audio, self.start_s, self.lines, self.title, size)
        return path

    def to_bvh(self, path: str | Path) -> Path:
        """Write the motion as BVH for animation programs; raises InputError for values that are not finite."""
        from justlmd.export.bvh import write_bvh

        write_bvh(path, self.motion, self.body)
        return Path(path)

    def page(self) -> str:
        """The player with the dance, its words and its audio as one self-contained HTML page.

        A body model of your own is not shown: the free body dances, because an SMPL file may not be passed on.
        """
        from justlmd.dances.page import dance_page
        from justlmd.view.song_page import Titles

        titles = Titles(self.song, self.title, str(self.get("artist") or ""))
        return dance_page(titles, self.motion, self.body, self.start_s, self.lines, self.audio, self.get("beat_times"))

    def visualize(self) -> None:
        """Play the dance: inside a notebook below the cell, elsewhere in the browser."""
        from justlmd.dances.page import show

        show(self.page())
