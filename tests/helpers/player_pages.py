"""A folder as the workflow makes it, with a page of one song whose motion, words and video are known."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import ffmpeg
import numpy as np
from known_motion import BODY, swaying

from justlmd.body.camera import intrinsics
from justlmd.body.kinematics import joint_transforms, landmarks
from justlmd.core.files import write_json, write_text
from justlmd.lyrics.document import Line, Lyrics, write_lyrics
from justlmd.lyrics.word_timing import Word
from justlmd.media.ffmpeg import run
from justlmd.motion.motion import FLIP, Motion, to_camera, to_yup
from justlmd.motion.song_motion import SongMotion
from justlmd.pose.keypoints import Keypoints2D
from justlmd.view.body_script import skinned_body
from justlmd.view.motion_script import dancer
from justlmd.view.packing import script
from justlmd.view.song_page import PLAYER, Titles, page_content, write_song_page

FIRST_S = 38 / 30
FRAMES = 300
AUDIO_S = 12.0
SIZE = (320, 180)
HOSTILE = "</script><img src=x onerror=\"document.title='harmed'\"> & <b>Song</b> \u2028 end"
WORDS = ["<i>Up</i>", "and", "down"]


@dataclass(frozen=True)
class PlayerPage:
    """Where the page lies, and what it should show."""

    page: Path
    song: SongMotion
    motion: Motion
    lyrics: Lyrics

    def joints(self, frame: int) -> np.ndarray:
        """The joints (24, 3) in metres, by our own forward kinematics."""
        return self.motion.cut(frame, frame + 1).joints(BODY)[0]


def known_song(frames: int = FRAMES, first_s: float = FIRST_S) -> SongMotion:
    """A swaying body of its own shape three and a half metres before a camera that looks down by 5 degrees."""
    orient, pose, transl = swaying(frames)
    betas = np.linspace(-1, 1, 10)
    motion = Motion(orient, pose, transl - [0, 0, 3.5], betas, np.ones(frames, bool))
    camera = to_camera(motion, BODY, intrinsics(SIZE), floor_offset=-1.0, pitch_deg=5.0)
    return SongMotion.made(camera, BODY, "made", first_s, pitch_deg=5.0)


def known_lyrics() -> Lyrics:
    """Three lines of three words, a word every half second, a pause of a second between lines."""
    lines = []
    for start in (1.5, 4.0, 6.5):
        words = tuple(Word(start + k / 2, start + (k + 1) / 2, text) for k, text in enumerate(WORDS))
        lines.append(Line(start, start + 1.5, " ".join(WORDS), words, timing="word"))
    return Lyrics(tuple(lines))


def known_keypoints(song: SongMotion) -> Keypoints2D:
    """The landmarks of a motion where its camera sees them, from the video's first frame on."""
    upright = to_yup(song.motion, BODY, floor=0.0)
    transforms = joint_transforms(BODY, upright.global_orient, upright.body_pose, upright.transl, upright.betas)
    seen = (landmarks(transforms, BODY.landmark_offsets) * FLIP) @ song.motion.K.T
    points = np.concatenate([seen[..., :2] / seen[..., 2:], np.ones((*seen.shape[:2], 1))], axis=-1)
    before = np.full((song.start_frame, 33, 3), np.nan)
    keypoints = np.concatenate([before, points])
    return Keypoints2D.made(keypoints, keypoints.copy(), SIZE, "made")


def write_sound(path: Path, seconds: float = AUDIO_S, bitrate: str = "96k") -> None:
    """A quiet tone as m4a."""
    tone = ffmpeg.input(f"sine=frequency=220:duration={seconds}", format="lavfi")
    run(tone.output(str(path), acodec="aac", audio_bitrate=bitrate, ac=2), path)


def write_player_page(results: Path, *, title: str = HOSTILE, audio: bool = True, dances: int = 2) -> PlayerPage:
    """Write ``results/view`` and ``results/songs/known`` and say what the page should show."""
    folder, media = results / "view", results / "songs" / "known"
    folder.mkdir(parents=True)
    media.mkdir(parents=True)
    song, lyrics = known_song(), known_lyrics()
    motion = song.upright()
    links = {"gallery": "index.html", "dances": "dances.js"}
    links |= {name: f"../songs/known/{name}.mp4" for name in ("video", "overlay")}
    for name, color in {"video": "black", "overlay": "navy"}.items():
        plain = ffmpeg.input(f"color={color}:size={SIZE[0]}x{SIZE[1]}:rate=30:duration={AUDIO_S}", format="lavfi")
        run(plain.output(str(media / f"{name}.mp4"), vcodec="libx264", pix_fmt="yuv420p", g=30), media)
    if audio:
        write_sound(folder / "known.m4a")
        links["audio"] = "known.m4a"
    quality = {
        "keep": False,
        "reasons": [f"{HOSTILE} is a reason"],
        "figures": {"motion_jitter": 30.0},
        "thresholds": {"motion_jitter": 25.0, "reprojection": 0.04},
        "ranges": {"motion_jitter": [[60, 90]], "whole_body": [[100, 120]]},
    }
    content = page_content(
        Titles("known", title, HOSTILE),
        lyrics.sung,
        song,
        sliced={"00:01.267": f"{HOSTILE} text", "00:04.267": "second"},
        keypoints2d=known_keypoints(song),
        quality=quality,
        beat_times=np.arange(0.25, AUDIO_S, 0.5),
        links=links,
    )
    write_song_page(folder / "known.html", folder / "known.js", content)
    write_text(folder / "body.js", script("body", skinned_body(BODY)))
    shutil.copy(PLAYER, folder / "player.js")
    listed = []
    for number in range(dances):
        listed.append(f"dances/known/v{number + 2}.js")
        shifted = replace(motion, transl=motion.transl + [0.5, 0, 0])
        write_text(folder / listed[-1], script("dance", dancer(f"v{number + 2}", shifted, BODY, 0.0)))
    write_text(folder / "dances.js", script("dance_list", {"known": listed}))
    write_lyrics(media / "lyrics.json", lyrics, "known", "en")
    write_json(media / "quality.json", quality)
    return PlayerPage(folder / "known.html", song, motion, lyrics)
