"""The page of one song in the player: a short HTML file, and a script with everything that it shows."""

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.body.model import FREE_BODY_PATH, Body
from justlmd.core.errors import one_line
from justlmd.core.files import read_json, read_npz, write_text
from justlmd.lyrics.document import Line, read_lyrics
from justlmd.motion.motion import Motion
from justlmd.motion.song_motion import SongMotion, read_song_motion
from justlmd.pose.keypoints import Keypoints2D, read_keypoints2d
from justlmd.view import timeline
from justlmd.view.motion_script import dancer
from justlmd.view.packing import script
from justlmd.view.page import page_start

PLAYER = FREE_BODY_PATH.with_name("player.js")
"""The player, built from the folder ``player`` of the project (``make player``)."""

NO_NETWORK = "default-src 'self' file: data: blob: 'unsafe-inline'; form-action 'none'; base-uri 'none'"
"""What a page may load: files beside it and what it makes itself, nothing from elsewhere."""

SELF_CONTAINED = "default-src data: blob: 'unsafe-inline'; form-action 'none'; base-uri 'none'"
"""What a page with everything inside it may load: nothing but that."""

JITTER_LIMIT = 25.0
"""Millimetres per frame squared: the quality gate's limit where nothing else is known."""


@dataclass(frozen=True)
class Titles:
    """What people read of a song: ``song`` (its id in the table), ``title`` and ``artist``, which may be empty."""

    song: str
    title: str = ""
    artist: str = ""

    @property
    def shown(self) -> str:
        """The title, or the id of a song without one."""
        return one_line(self.title)[:300] or self.song


def page_content(
    titles: Titles,
    lines: Sequence[Line],
    song: SongMotion | None = None,
    *,
    sliced: dict[str, str] | None = None,
    keypoints2d: Keypoints2D | None = None,
    quality: Mapping[str, Any] | None = None,
    beat_times: np.ndarray | None = None,
    drop_last: bool = False,
    links: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Everything that the page of one song shows.

    Parameters
    ----------
    titles, lines
        What the song is called, and its sung lines, seconds of ``video.mp4``.
    song
        The recovered or imported motion; None, or a motion without any body, for a page without it.
    sliced
        The contents of ``sliced.json``, for the data set's sequences; ``drop_last`` as the data set has it.
    keypoints2d
        The dancer in the video, for the error over time and the camera; None without a video.
    quality
        The contents of ``quality.json``.
    beat_times
        (B,) seconds.
    links
        Addresses, relative to the page, of ``audio``, ``video``, ``overlay``, ``gallery``, ``dances`` (the script that
        lists generated dances) and ``character`` (:func:`character_script`), as far as there are any.

    Returns
    -------
    What JSON can hold.
    """
    links = links or {}
    shown = song if song is not None and song.motion.valid.any() else None
    content = bare_content(titles, lines, beat_times)
    timed = content["timeline"]
    video = None
    limits = quality["thresholds"] if quality else {}
    if shown is not None:
        floor = shown.floor_m
        add_dance(
            content,
            "recovered",
            shown.upright(floor),
            shown.body,
            shown.meta.first_frame_s,
            limits.get("motion_jitter", JITTER_LIMIT),
        )
        if sliced is not None:
            timed["sequences"] = timeline.sequences(sliced, shown, drop_last, "sliced.json")
        if keypoints2d is not None:
            timed["error"] = timeline.error_series(shown, keypoints2d, limits.get("reprojection", 0.04))
        if keypoints2d is not None and "video" in links:
            video = {
                "video": links["video"],
                "overlay": links["overlay"],
                "width": keypoints2d.width,
                "height": keypoints2d.height,
                "K": shown.motion.K.tolist(),
                "camera_height": -floor,
                "pitch_deg": shown.meta.pitch_deg,
            }
    if quality:
        timed["ranges"] = timeline.marked(quality)
        content["verdict"] = {"keep": bool(quality["keep"]), "reasons": list(quality["reasons"])}
    return content | {name: links.get(name) for name in ("audio", "gallery", "dances", "character")} | {"video": video}


def bare_content(titles: Titles, lines: Sequence[Line], beat_times: np.ndarray | None = None) -> dict[str, Any]:
    """What :func:`page_content` returns of a song of which only title, lyrics and perhaps beats are known."""
    beats = [] if beat_times is None else timeline.beats(beat_times)
    return {
        "id": titles.song,
        "title": titles.shown,
        "artist": one_line(titles.artist)[:300],
        "verdict": None,
        "audio": None,
        "gallery": None,
        "dances": None,
        "character": None,
        "video": None,
        "lines": [_line(line) for line in lines],
        "dancers": [],
        "timeline": {"sequences": [], "beats": beats, "contacts": {}, "error": None, "jitter": None, "ranges": []},
    }


def add_dance(
    content: dict[str, Any], name: str, motion: Motion, body: Body, first_frame_s: float, jitter_limit: float
) -> None:
    """Put a dance (y up, floor at 0, its shape that of ``body``) on a page, with its foot contacts and its jitter."""
    content["dancers"].append(dancer(name, motion, body, first_frame_s))
    joints = motion.joints(body)
    content["timeline"] |= {
        "contacts": timeline.foot_contacts(joints, motion.valid, first_frame_s),
        "jitter": timeline.jitter_series(joints, motion.valid, first_frame_s, jitter_limit),
    }


def read_page_content(
    song: str, files: Any, body: Body, options: Any, links: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """:func:`page_content` from a song's files.

    Parameters
    ----------
    song
        Its id in the table.
    files
        Has the paths, each empty where the song has none, ``lyrics``, ``info`` (``source.json``), ``motion``,
        ``meta``, ``sliced``, ``quality``, ``audio_features``; ``keypoints2d`` if the page shows the video.
    body
        The body model that dances.
    options
        Has ``title`` and ``artist`` of the table, and ``drop_last``.
    links
        As of :func:`page_content`.

    Raises
    ------
    InputError
        Names the file that is unusable.
    """
    title = options.title
    if not title and files.info:
        source = read_json(files.info)
        title = str(source.get("title") or "") if isinstance(source, dict) else ""
    keypoints2d = getattr(files, "keypoints2d", None)
    return page_content(
        Titles(song, title, options.artist),
        read_lyrics(files.lyrics).sung if files.lyrics else (),
        read_song_motion(files.motion, files.meta, body, allow_empty=True) if files.motion else None,
        sliced=read_json(files.sliced) if files.sliced else None,
        keypoints2d=read_keypoints2d(keypoints2d) if keypoints2d else None,
        quality=read_json(files.quality) if files.quality else None,
        beat_times=read_npz(files.audio_features, ["beat_times"])["beat_times"] if files.audio_features else None,
        drop_last=options.drop_last,
        links=links,
    )


def _line(line: Line) -> dict[str, Any]:
    words = [[word.start_s, word.end_s, word.text] for word in line.words]
    return {"start": line.start_s, "end": line.end_s, "text": line.text, "words": words}


def character_script(path: str | Path) -> str:
    """The script that gives a page a character of the user's own, a ``.vrm`` or ``.glb``."""
    path = Path(path)
    return script("character", {"name": path.name, "data": base64.b64encode(path.read_bytes()).decode("ascii")})


def page_html(title: str, scripts: Sequence[str], policy: str = NO_NETWORK) -> str:
    """The HTML of a page with a title (any text), elements ``<script>``, ready made, in their order, and a policy."""
    lines = [f"<title>{html.escape(title)}</title>", "</head>", "<body>", *scripts, "</body>", "</html>", ""]
    return page_start(policy) + "\n".join(lines)


def write_song_page(page: str | Path, data: str | Path, content: dict[str, Any]) -> None:
    """Write a page, and beside it the script ``data`` with the content; ``player.js`` and ``body.js`` lie there too."""
    write_text(data, script("page", content))
    names = ["body.js", Path(data).name, "player.js"]
    write_text(page, page_html(content["title"], [f'<script src="{html.escape(name)}"></script>' for name in names]))
