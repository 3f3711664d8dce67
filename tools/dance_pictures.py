"""Stills of dances to held-out songs: a contact sheet of each model, and all models side by side at the same moments.

    python -m tools.dance_pictures DATASET MODELS OUT [--songs DIR] [--moves moves.json] [--count 5]

``MODELS`` has a folder for each trained model. ``OUT/<model>.jpg`` shows its dances to the first test songs, a row for
each song; ``OUT/models.jpg`` shows one song, a row for each dancer, as figure 3.9 of the report: V2 with its root and
with the root held still, the real dance, the other models, the choreographer. ``--moves`` (by song the seconds of
``video.mp4`` and names of moves that words trigger) chooses the moments; without it they are a second and a half apart.
``--songs`` holds ``<song>/lyrics.json``, whose words are written below.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from justlmd.body.model import Body, load_body
from justlmd.core.clock import FPS
from justlmd.core.files import read_json, replacing
from justlmd.core.rotations import matrix_to_axis_angle
from justlmd.lyrics.document import Lyrics, read_lyrics
from justlmd.media.fonts import fonts_folder
from justlmd.motion.motion import Motion
from justlmd.preview.dance_video import dance_frames, following_camera
from justlmd.preview.side_by_side import centred, without_root
from model.data import LyricsMusicDance
from model.evaluation.whole_dances import ChoreographedDancer, HeldOutSong, TrainedDancer, WholeDances
from model.generation.choreographer import Choreographer, motion_of
from model.networks.transformer_cvae import TransformerCVAE
from model.training.checkpoint import load_model

MOMENTS, EVERY_S = 8, 1.5
CELL = (140, 170)  # width and height in pixels of one figure
TEXT = 18
INK, SOFT, PAPER = "#1d1c1a", "#6b665f", "#ffffff"

Moments = list[tuple[int, str]]
"""Frames of a dance and what is written below each."""

MakeMotion = Callable[[HeldOutSong], Motion]


def moments_of(song: HeldOutSong, start_s: float, moves: list | None, lyrics: Lyrics | None) -> Moments:
    """The first moments at which a word triggers a move, with its name; else evenly spaced, with the word sung then."""
    if moves is not None:
        found = [(round((seconds - start_s) * FPS), str(name)) for seconds, name in moves]
        return [(frame, name) for frame, name in found if 0 <= frame < song.frames][:MOMENTS]
    frames = [round(FPS * EVERY_S * (number + 0.5)) for number in range(MOMENTS)]
    return [(frame, _word(lyrics, start_s + frame / FPS)) for frame in frames if frame < song.frames]


def _word(lyrics: Lyrics | None, seconds: float) -> str:
    words = lyrics.words if lyrics is not None else ()
    return next((word.text for word in words if word.start_s <= seconds < word.end_s), "")


def real_motion(song: HeldOutSong) -> Motion:
    """The real dance on the common skeleton."""
    pose = matrix_to_axis_angle(song.truth.rotations).reshape(song.frames, 72)
    pelvis = song.truth.joints[:, 0]
    valid = np.ones(song.frames, bool)
    return Motion(pose[:, :3], pose[:, 3:], pelvis - load_body().rest_joints()[0], np.zeros(10), valid)


def stills(motions: list[Motion], body: Body, frames: list[int]) -> list[list[Image.Image]]:
    """Dances of one length at some frames, all seen from equally far."""
    motions = [centred(motion) for motion in motions]
    camera, paths = following_camera(np.stack([motion.joints(body) for motion in motions]), CELL)
    found = []
    for motion, path in zip(motions, paths, strict=True):
        parts = {name: getattr(motion, name)[frames] for name in ("global_orient", "body_pose", "transl", "valid")}
        still, clothes = replace(motion, **parts), np.random.default_rng(0)
        images = dance_frames(still, body, CELL, clothes, seen_by=(camera, path[frames]))
        found.append([Image.fromarray(image) for image in images])
    return found


def sheet(rows: list[list[Image.Image]], names: list[str], captions: list[list[str]]) -> Image.Image:
    """Rows of figures, the name of each row at its left, what is written below each figure."""
    font = ImageFont.truetype(str(fonts_folder() / "DejaVuSans.ttf"), 13, layout_engine=ImageFont.Layout.BASIC)
    left, high = 115, CELL[1] + TEXT
    found = Image.new("RGB", (left + CELL[0] * max(map(len, rows)), high * len(rows)), PAPER)
    draw = ImageDraw.Draw(found)
    for number, (row, name, below) in enumerate(zip(rows, names, captions, strict=True)):
        draw.multiline_text((4, number * high + CELL[1] // 3), name.replace(" ", "\n", 1), INK, font)
        for column, (image, text) in enumerate(zip(row, below, strict=True)):
            found.paste(image, (left + column * CELL[0], number * high))
            draw.text((left + column * CELL[0] + 4, number * high + CELL[1] + 1), text, SOFT, font)
    return found


def save(image: Image.Image, path: Path) -> None:
    with replacing(path) as temporary:
        image.save(temporary, "JPEG", quality=82)
    print(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("models", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--songs", type=Path, help="folder with <song>/lyrics.json")
    parser.add_argument("--moves", type=Path, help="JSON of moves that words trigger")
    parser.add_argument("--count", type=int, default=5, help="songs on a contact sheet")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    body = load_body()
    learned, tested = (LyricsMusicDance(args.dataset, split) for split in ("train", "test"))
    tested.songs = tested.songs[: args.count]
    songs = WholeDances(learned, tested, body, bootstrap=2).songs
    moves = read_json(args.moves) if args.moves else {}
    moments = {}
    for song in songs:
        lyrics = read_lyrics(args.songs / song.name / "lyrics.json") if args.songs else None
        start_s = tested.arrays.songs[song.name].start_frame / FPS
        moments[song.name] = moments_of(song, start_s, moves.get(song.name), lyrics)
    dancers = dancers_of(args.models, learned, tested, body)
    rows: dict[str, list[list[Image.Image]]] = {name: [] for name in dancers}
    for song in songs:
        shown = stills([make(song) for make in dancers.values()], body, [frame for frame, _ in moments[song.name]])
        for name, row in zip(dancers, shown, strict=True):
            rows[name].append(row)
    labels = [[f"{frame / FPS:.1f} s  {text}" for frame, text in moments[song.name]] for song in songs]
    for name, images in rows.items():
        save(sheet(images, [song.name for song in songs], labels), args.out / f"{name.replace(' ', '_')}.jpg")
    captions = [labels[0] if number == len(rows) - 1 else [""] * len(labels[0]) for number in range(len(rows))]
    save(sheet([images[0] for images in rows.values()], list(rows), captions), args.out / "models.jpg")


def dancers_of(folder: Path, learned: LyricsMusicDance, tested: LyricsMusicDance, body: Body) -> dict[str, MakeMotion]:
    """By name what makes a dancer's motion to a song: trained models, V2 also without its root, the real dance."""
    before: dict[str, MakeMotion] = {}
    after: dict[str, MakeMotion] = {}
    for path in sorted(folder.glob("*/model.safetensors")):
        model = load_model(path.parent)[0]
        make, name = partial(trained_motion, TrainedDancer(model, tested, body, "cpu")), path.parent.name
        if isinstance(model, TransformerCVAE):
            before |= {f"{name} with root": make, f"{name} without root": partial(resting_root, make)}
        else:
            after[name] = make
    choreographer = ChoreographedDancer(
        Choreographer.of_dataset(tested.arrays, learned.songs, body.rest_joints()), tested
    )
    after["choreographer"] = lambda song: motion_of(choreographer.made(song, 0), body)
    return before | {"real": real_motion} | after


def trained_motion(dancer: TrainedDancer, song: HeldOutSong) -> Motion:
    return dancer.motion(song, 0)


def resting_root(make: MakeMotion, song: HeldOutSong) -> Motion:
    return without_root(make(song))


if __name__ == "__main__":
    main()
