"""A repertoire: dances in one small file, for a choreographer who has seen no dancer of the user's own.

The file (``.npz``) holds S dances of T frames together, of one body. Rotations and places are whole numbers of
:data:`STEP`, as differences from frame to frame, which compress well. Words are there as each text encoder states them.

===================  ==================  ============================================================================
``songs``            (S,)                names
``frames``           (S,)                how many frames each dance has, at 30 frames/s
``turns``            (T, 24, 3) int16    rotation vectors of the joints, :data:`STEP` rad
``places``           (T, 3) int16        the pelvis, y up, the floor at 0, :data:`STEP` m
``rest_joints``      (24, 3)             of the body that danced, m
``beats``            (K,) float64        beats in frames of each dance; ``beat_counts`` (S,) how many
``word_starts``      (W,) float64        seconds of each dance; ``word_counts`` (S,) how many
``<encoder>_rows``   (W,)                by the name in ``lyrics_embeddings.npz``, the row of each word in
``<encoder>_states`` (U, D) int8         the different states, to be multiplied with
``<encoder>_scale``  (U,) float32
``card``             text                JSON: what it was made of, and its terms
===================  ==================  ============================================================================
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.body.model import FREE_BODY_PATH
from justlmd.core.errors import InputError
from justlmd.core.files import read_npz, write_npz
from justlmd.core.rotations import matrix_to_axis_angle, rotation_matrices
from model.generation.beat_graph import SourceDance, dance_on
from model.generation.word_salience import SungWords

SHIPPED = FREE_BODY_PATH.with_name("repertoire.npz")
"""The project's own, made by ``python -m tools.build_repertoire``."""

STEP = 1e-4


def write_repertoire(
    path: str | Path,
    dances: list[SourceDance],
    rest_joints: np.ndarray,
    states: Mapping[str, list[np.ndarray]],
    card: Mapping[str, Any],
) -> None:
    """Write dances on the skeleton ``rest_joints`` (24, 3).

    ``states`` holds by text encoder the states (W, D) of each dance's words, in the order of their ``start_s``.
    """
    turns = [matrix_to_axis_angle(dance.rotations).reshape(-1, 24, 3) for dance in dances]
    arrays: dict[str, np.ndarray | str] = {
        "songs": np.array([dance.song for dance in dances]),
        "frames": np.array([len(dance.joints) for dance in dances]),
        "turns": np.concatenate([_differences(values) for values in turns]),
        "places": np.concatenate([_differences(dance.joints[:, 0]) for dance in dances]),
        "rest_joints": rest_joints,
        "beats": np.concatenate([dance.beats for dance in dances]).round(3),
        "beat_counts": np.array([len(dance.beats) for dance in dances]),
        "word_starts": np.concatenate([dance.words.start_s for dance in dances]).round(3),
        "word_counts": np.array([len(dance.words.start_s) for dance in dances]),
        "card": json.dumps(dict(card), indent=2),
    }
    for encoder, of_dances in states.items():
        different, rows = np.unique(np.concatenate(of_dances).astype(np.float32), axis=0, return_inverse=True)
        scale = np.abs(different).max(1).clip(1e-9) / 127
        arrays[f"{encoder}_states"] = np.rint(different / scale[:, None]).astype(np.int8)
        arrays[f"{encoder}_scale"] = scale.astype(np.float32)
        arrays[f"{encoder}_rows"] = rows.reshape(-1).astype(np.int32)
    write_npz(path, **arrays)


def _differences(values: np.ndarray) -> np.ndarray:
    """Whole steps (T, ...) from frame to frame; sums wrap around as the differences do."""
    return np.diff(np.rint(values / STEP).astype(np.int64), axis=0, prepend=0).astype(np.int16)


def read_repertoire(path: str | Path, rest_joints: np.ndarray, encoder: str = "") -> list[SourceDance]:
    """The dances of a repertoire on the skeleton ``rest_joints`` (24, 3), words as ``encoder`` states them.

    Without an encoder nothing is known of words. Raises InputError for what is no repertoire or lacks the encoder.
    """
    found = read_npz(path)
    if not _fits(found, encoder if f"{encoder}_states" in found else ""):
        raise InputError(
            "is no repertoire", where=path, next_step="make one with python -m tools.build_repertoire (docs/dance.md)"
        )
    if encoder and f"{encoder}_states" not in found:
        raise InputError(
            f"knows no words of the text encoder {encoder!r}",
            where=path,
            next_step="set features.text_encoder to minilm, or to multilingual",
        )
    if encoder:
        states = found[f"{encoder}_states"] * found[f"{encoder}_scale"][:, None].astype(np.float64)
        states = states[found[f"{encoder}_rows"]]
    else:
        states = np.zeros((len(found["word_starts"]), 1))
    own_rest, dances = np.asarray(found["rest_joints"], np.float64), []
    frame, beat, word = (np.r_[0, found[name].cumsum()] for name in ("frames", "beat_counts", "word_counts"))
    for number, song in enumerate(found["songs"]):
        of_frames, of_beats, of_words = (slice(*ends[number : number + 2]) for ends in (frame, beat, word))
        turns, places = (found[name][of_frames].cumsum(0, dtype=np.int16) * STEP for name in ("turns", "places"))
        words = SungWords(states[of_words], found["word_starts"][of_words])
        if not encoder:
            words = SungWords(np.zeros((0, 1)), np.zeros(0))
        valid = np.ones(len(turns), bool)
        beats = found["beats"][of_beats]
        rotations = rotation_matrices(turns)
        dances.append(dance_on(rest_joints, str(song), rotations, places, own_rest, valid, beats, words, even=False))
    return dances


def _fits(found: Mapping[str, np.ndarray], encoder: str) -> bool:
    """Whether the arrays are those that the head of this module lists, and of lengths that belong together."""
    shapes: dict[str, tuple[int | None, ...]] = {"songs": (None,), "frames": (None,), "turns": (None, 24, 3)}
    shapes |= {"places": (None, 3), "rest_joints": (24, 3), "beats": (None,), "beat_counts": (None,)}
    shapes |= {"word_starts": (None,), "word_counts": (None,)}
    if encoder:
        shapes |= {f"{encoder}_states": (None, None), f"{encoder}_scale": (None,), f"{encoder}_rows": (None,)}
    for name, shape in shapes.items():
        if name not in found or len(found[name].shape) != len(shape):
            return False
        if any(size not in (None, own) for own, size in zip(found[name].shape, shape, strict=True)):
            return False
        if name != "songs" and (found[name].dtype.kind not in "iuf" or not np.isfinite(found[name]).all()):
            return False
    counts = {"frames": "turns", "beat_counts": "beats", "word_counts": "word_starts"}
    if any(found[name].dtype.kind not in "iu" or (found[name] < 0).any() for name in counts):
        return False
    fits = len(found["turns"]) == len(found["places"]) and found["turns"].dtype == found["places"].dtype == np.int16
    fits &= all(len(found[name]) == len(found["songs"]) for name in counts)
    fits &= all(found[name].sum() == len(found[of]) for name, of in counts.items())
    if not encoder:
        return bool(fits)
    rows, different = found[f"{encoder}_rows"], len(found[f"{encoder}_states"])
    fits &= rows.dtype.kind in "iu" and len(rows) == len(found["word_starts"])
    return bool(fits and len(found[f"{encoder}_scale"]) == different and (rows >= 0).all() and (rows < different).all())


def read_card(path: str | Path) -> dict[str, Any]:
    """What a repertoire was made of."""
    card: dict[str, Any] = json.loads(str(read_npz(path, ["card"])["card"]))
    return card
