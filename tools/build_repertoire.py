"""Build ``justlmd/data/repertoire.npz``, the dances that the choreographer knows without any data set.

By default they are choreographies of this project, whose terms are the project's own. ``--motion FOLDER`` adds motion
files (BVH, AMASS and others, docs/gpu-backends.md) to a file of one's own: their terms are then those of the result.
Run ``python -m tools.build_repertoire``; the same code gives the same bytes.
"""

import argparse
from pathlib import Path

import numpy as np

from demo.repertoire import choreographies
from justlmd.body.model import Body, load_body
from justlmd.core.clock import FPS
from justlmd.core.rotations import rotation_matrices
from justlmd.features.text import MINILM, MULTILINGUAL
from justlmd.features.text_encoder import embed
from justlmd.lyrics.document import Line, Lyrics
from justlmd.lyrics.word_timing import Word
from justlmd.motion.importers.formats import motion_files, read_yup_motion
from justlmd.motion.motion import Motion
from model.generation.beat_graph import TOKENS, SourceDance, dance_on
from model.generation.repertoire import SHIPPED, write_repertoire
from model.generation.word_salience import SungWords, sung_words

COUNT, SEED = 56, 2000  # neither the demo's seeds nor those that benchmarks measure with
ENCODERS = (MINILM, MULTILINGUAL)


def main() -> None:
    """Write a repertoire and say how much is in it."""
    parser = argparse.ArgumentParser(prog="python -m tools.build_repertoire", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=SHIPPED, help="file to write (default: %(default)s)")
    parser.add_argument("--count", type=int, default=COUNT, help="choreographies (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the choreographies (default: %(default)s)")
    parser.add_argument("--motion", type=Path, metavar="FOLDER", help="motion files to add, by dancers of their own")
    arguments = parser.parse_args()
    body = load_body()
    songs = list(choreographies(arguments.seed, arguments.count, body))
    lyrics = [_lyrics(song.lines) for song in songs]
    states: dict[str, list[np.ndarray]] = {}
    for encoder in ENCODERS:
        encoded = embed(lyrics, encoder)
        words = [sung_words(*(tokens[name] for name in TOKENS)) for tokens in encoded]
        states[str(encoded[0]["encoder"])] = [found.states for found in words]
    dances = [_dance(song.id, song.motion, song.beats_s, found, body) for song, found in zip(songs, words, strict=True)]
    made = len(dances)
    for path in motion_files(arguments.motion) if arguments.motion else []:
        motion = read_yup_motion(path, body)
        if not motion.valid.all():
            print(f"left out: {path}: its motion has gaps")
            continue
        dances.append(_dance(path.stem, motion, np.zeros(0), SungWords(np.zeros((0, 1)), np.zeros(0)), body))
        for of_dances in states.values():
            of_dances.append(np.zeros((0, of_dances[0].shape[1])))
    card = {
        "made_by": "python -m tools.build_repertoire",
        "choreographies": f"{made} of this project, seed {arguments.seed} (MIT)",
        "motion": [dance.song for dance in dances[made:]],
        "minutes": round(sum(len(dance.joints) for dance in dances) / FPS / 60, 1),
    }
    write_repertoire(arguments.out, dances, body.rest_joints(), states, card)
    size = arguments.out.stat().st_size / 1e6
    print(f"{arguments.out}: {len(dances)} dances, {card['minutes']} minutes, {size:.1f} MB")


def _lyrics(lines: tuple) -> Lyrics:
    timed = []
    for line in lines:
        words = tuple(Word(word.start, word.end, word.text) for word in line.words)
        timed.append(Line(words[0].start_s, words[-1].end_s, " ".join(word.text for word in words), words, "word"))
    return Lyrics(tuple(timed))


def _dance(name: str, motion: Motion, beats_s: np.ndarray, words: SungWords, body: Body) -> SourceDance:
    rest = body.rest_joints()
    pose = np.concatenate([motion.global_orient, motion.body_pose], axis=1).reshape(-1, 24, 3)
    return dance_on(
        rest,
        name,
        rotation_matrices(pose),
        motion.transl + rest[0],
        rest,
        motion.valid,
        beats_s * FPS,
        words,
        even=False,
    )


if __name__ == "__main__":
    main()
