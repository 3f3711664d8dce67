"""Writes the demo's songs: video with sound, lyrics, and the truth about both for tests and benchmarks."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from demo.choreography import dance
from demo.film import SIZE, camera_of, rendered_frames
from demo.moves import MOVES
from demo.plan import Trigger, plan
from demo.pronunciation import normalise
from demo.score import Song, Word, beats_s, downbeats_s, lines, lrc, words
from demo.song_list import song_by_id
from justlmd.body.model import Body, load_body
from justlmd.core.clock import FPS
from justlmd.core.files import write_json, write_npz, write_text
from justlmd.motion.motion import Motion


def triggers_of(sung: list[Word]) -> tuple[Trigger, ...]:
    """The moves that sung words trigger; the peak of each is at its word's start."""
    return tuple(Trigger(word.start, normalise(word.text)) for word in sung if normalise(word.text) in MOVES)


def motion_of(song: Song, body: Body) -> Motion:
    """The dance of a song: y-up, metres, floor at 0, one frame of motion per frame of the video."""
    beats = beats_s(song)
    planned = plan(beats, triggers_of(words(song)), song.seed, song.duration_s, song.leaves)
    return dance(planned, beats, song.frames, body, np.array(song.look.betas))


def truth_arrays(song: Song, motion: Motion, body: Body) -> dict[str, Any]:
    """Arrays of ``truth.npz``: motion, beats and word times in seconds, joints in both frames, the camera.

    ``joints`` (T, 24, 3) are y-up with the floor at 0, ``joints_camera`` (T, 24, 3) in OpenCV axes; ``K`` (3, 3) is in
    pixels; ``visible`` (T,) says whether every joint is within the frame.
    """
    camera = camera_of(song)
    joints = motion.joints(body)
    pixels = camera.project(joints)
    sung = words(song)
    return {
        "global_orient": motion.global_orient.astype(np.float32),
        "body_pose": motion.body_pose.astype(np.float32),
        "transl": motion.transl.astype(np.float32),
        "betas": motion.betas.astype(np.float32),
        "joints": joints.astype(np.float32),
        "joints_camera": camera.to_camera(joints),
        "visible": ((pixels >= 0) & (pixels < SIZE)).all((1, 2)),
        "K": camera.K,
        "camera_rotation": camera.rotation,
        "camera_translation": camera.translation,
        "beats_s": beats_s(song),
        "downbeats_s": downbeats_s(song),
        "word_times": np.array([(word.start, word.end) for word in sung]),
        "line_times": np.array([(line.start, line.end) for line in lines(song)]),
        "trigger_times": np.array([trigger.time for trigger in triggers_of(sung)]),
    }


def truth_record(song: Song, body: Body) -> dict[str, Any]:
    """The readable part of the truth, ``truth.json``."""
    sung = words(song)
    links = [
        {"word_index": index, "word": word.text, "move": normalise(word.text), "time_s": round(word.start, 6)}
        for index, word in enumerate(sung)
        if normalise(word.text) in MOVES
    ]
    return {
        "song": song.id,
        "title": song.title,
        "artist": song.artist,
        "language": song.language,
        "tempo_bpm": song.bpm,
        "beats_per_bar": 4,
        "first_beat_s": song.lead_in_s,
        "duration_s": song.duration_s,
        "frames": song.frames,
        "fps": FPS,
        "first_line_s": round(lines(song)[0].start, 6),
        "lines": [
            {
                "start": round(line.start, 6),
                "end": round(line.end, 6),
                "text": line.text,
                "words": [
                    {"start": round(word.start, 6), "end": round(word.end, 6), "text": word.text} for word in line.words
                ],
            }
            for line in lines(song)
        ],
        "triggers": links,
        "camera": {
            "width": SIZE[0],
            "height": SIZE[1],
            "focal_px": song.look.focal_px,
            "distance_m": song.look.distance_m,
            "height_m": song.look.camera_height_m,
        },
        "body": {"name": body.name, "sha256": body.sha256, "betas": list(song.look.betas)},
        "leaves_the_frame": song.leaves is not None,
        "seed": song.seed,
    }


def build_song(song_id: str, folder: str | Path, seconds: float | None = None) -> str:
    """Write ``lyrics.lrc``, ``truth.json``, ``truth.npz`` and ``video.mp4`` of one song into ``folder``.

    ``seconds`` cuts the video short, for tests. Returns a line that says what was made. KeyError for an unknown song.
    """
    from demo.music import mix, write_wav
    from justlmd.media.writer import write_video

    song = song_by_id(song_id)
    folder = Path(folder)
    body = load_body()
    motion = motion_of(song, body)
    write_text(folder / "lyrics.lrc", lrc(song))
    write_json(folder / "truth.json", truth_record(song, body))
    write_npz(folder / "truth.npz", **truth_arrays(song, motion, body))
    filmed = motion if seconds is None else motion.cut(0, round(seconds * FPS))
    with tempfile.TemporaryDirectory() as temporary:
        sound = Path(temporary) / "song.wav"
        write_wav(sound, mix(song))
        # Half of the encoding for a larger file; the workflow encodes it again.
        write_video(folder / "video.mp4", rendered_frames(song, filmed, body), audio=sound, preset="ultrafast")
    return f"{song.title}: {len(filmed)} frames, {song.bpm:g} bpm, {len(triggers_of(words(song)))} triggered moves"
