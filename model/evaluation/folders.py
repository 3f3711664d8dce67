"""Other people's models by the same measures: a folder of generated dances against a folder of real ones.

    python -m model.evaluation.folders GENERATED REFERENCE [--beats DIR] [--output metrics.json]

Every motion file that :func:`justlmd.motion.importers.formats.read_any_motion` knows is read (AIST++ and EDGE
``.pkl``, AMASS ``.npz``, ``smplfull.json`` and others), put on one body at 30 frames/s, y-up, and cut into clips of
six seconds.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.body.model import Body, load_body
from justlmd.core.clock import SEQUENCE_FRAMES
from justlmd.core.errors import InputError
from justlmd.core.files import write_json
from justlmd.core.rotations import rotation_matrices
from justlmd.dataset.sequences import whole_windows
from justlmd.motion.importers.formats import motion_files, read_yup_motion
from model.evaluation import metrics
from model.evaluation import window_metrics as measures
from model.evaluation.motion_features import kinetic_features
from model.evaluation.statistics import half_samples, song_bootstrap


def evaluate_folders(
    generated_dir: str | Path,
    reference_dir: str | Path,
    beats_dir: str | Path | None = None,
    *,
    body: Body | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure generated dances beside real ones.

    Parameters
    ----------
    generated_dir, reference_dir : folders that are searched for motion files, also in their sub-folders.
    beats_dir : folder of ``<name>.txt``, the beats of the music of the dance ``<name>`` in seconds, one per line.
    body : on which all dances are put; the free body by default.
    bootstrap, seed : resamplings of the intervals over files, and their seed.

    Returns
    -------
    ``generated`` and ``reference``: value with interval of each measure of
    :data:`model.evaluation.window_metrics.LABELS` that needs no truth, and for files of equal names the errors;
    ``fid_kinetic_legacy`` is in the published, faulty form. ``floor``: the distances between two random halves of the
    reference. ``clips`` counts clips, ``left_out`` names files shorter than a clip. Raises InputError when a folder
    has no clip or a file cannot be read.
    """
    body = body or load_body()
    sides = {"generated": _Clips(generated_dir, body), "reference": _Clips(reference_dir, body)}
    real = sides["reference"]
    result: dict[str, Any] = {name: side.summary(real, beats_dir, bootstrap, seed) for name, side in sides.items()}
    order = np.random.default_rng(seed).permutation(len(real.joints))
    half = len(order) // 2
    floor = _distances(real.features(order[:half]), real.features(order[half:]), bootstrap, seed) if half > 1 else {}
    counts = {name: len(side.joints) for name, side in sides.items()}
    left_out = [path for side in sides.values() for path in side.left_out]
    return result | {"floor": floor, "clips": counts, "left_out": left_out, "body": body.name}


class _Clips:
    """The six-second clips of a folder: joints (N, 180, 24, 3), rotations (N, 180, 24, 3, 3), names and starts."""

    def __init__(self, folder: str | Path, body: Body) -> None:
        folder = Path(folder)
        paths = motion_files(folder)
        joints, rotations, names, firsts = [], [], [], []
        self.left_out: list[str] = []
        for path in paths:
            motion = read_yup_motion(path, body)
            pose = np.concatenate([motion.global_orient, motion.body_pose], axis=1).reshape(-1, 24, 3)
            everything, turns = motion.joints(body), rotation_matrices(pose)
            name = str(path.relative_to(folder).with_suffix(""))
            starts = whole_windows(motion.valid)
            if not starts:
                self.left_out.append(str(path))
            for first in starts:
                joints.append(everything[first : first + SEQUENCE_FRAMES])
                rotations.append(turns[first : first + SEQUENCE_FRAMES])
                names.append(name)
                firsts.append(first)
        if not joints:
            raise InputError(f"no motion file of six seconds or more there ({len(paths)} files found)", where=folder)
        self.joints, self.rotations = np.array(joints), np.array(rotations)
        self.names, self.firsts = np.array(names), np.array(firsts)

    def features(self, which: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Kinetic, geometric and faulty kinetic features of the clips."""
        joints = self.joints if which is None else self.joints[which]
        legacy = np.array([kinetic_features(clip, legacy=True) for clip in joints])
        return measures.motion_features(joints) | {"legacy": legacy}

    def summary(
        self, real: "_Clips", beats_dir: str | Path | None, bootstrap: int, seed: int
    ) -> dict[str, dict[str, float | None]]:
        """All measures of these clips with intervals."""
        rows = [self._clip(number, real, beats_dir) for number in range(len(self.joints))]
        names = dict.fromkeys(name for row in rows for name in row)
        values = {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}
        found = {name: song_bootstrap(value, self.names, bootstrap, seed) for name, value in values.items()}
        return found | _distances(self.features(), real.features(), bootstrap, seed)

    def _clip(self, number: int, real: "_Clips", beats_dir: str | Path | None) -> dict[str, float]:
        joints, rotations, first = self.joints[number], self.rotations[number], self.firsts[number]
        row = measures.movement(joints, rotations)
        if beats_dir is not None:
            path = Path(beats_dir) / f"{self.names[number]}.txt"
            if path.is_file():
                beats = np.loadtxt(path, ndmin=1) - first / measures.FPS
                inside = beats[(beats >= 0) & (beats < SEQUENCE_FRAMES / measures.FPS)]
                row |= {name: v for name, v in measures.rhythm(joints, inside, []).items() if "shuffled" not in name}
        same = np.flatnonzero((real.names == self.names[number]) & (real.firsts == first))
        if real is not self and len(same):
            row |= measures.errors(joints, rotations, real.joints[same[0]], real.rotations[same[0]])
        return row


def _distances(
    features: dict[str, np.ndarray], real: dict[str, np.ndarray], bootstrap: int, seed: int
) -> dict[str, dict[str, float | None]]:
    """Distances between sets of clips; None where there are too few clips."""
    table = measures.SET_MEASURES | {"fid_kinetic_legacy": ("legacy", lambda a, b: metrics.fid(a, b, min_std=0.0))}
    found = {}
    for name, (kind, measure) in table.items():
        a, b = features[kind], real[kind]
        enough = 2 * measures.MIN_FOR_FID if name.startswith("fid") else 2
        if min(len(a), len(b)) < enough:
            found[name] = dict.fromkeys(("value", "low", "high"))
        else:
            found[name] = half_samples(measure, a, b, min(bootstrap, 100), seed)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("generated", type=Path)
    parser.add_argument("reference", type=Path)
    parser.add_argument("--beats", type=Path, help="folder of <name>.txt: seconds of the music's beats")
    parser.add_argument("--output", type=Path, help="JSON file for the result")
    args = parser.parse_args()
    try:
        result = evaluate_folders(args.generated, args.reference, args.beats)
    except InputError as error:
        raise SystemExit(str(error)) from error
    print(f"{result['clips']['generated']} generated clips, {result['clips']['reference']} real ones")
    for name in result["generated"]:
        cells = [result[side].get(name, {}) for side in ("generated", "reference", "floor")]
        texts = ["" if cell.get("value") is None else f"{cell['value']:.4g}" for cell in cells]
        label = measures.LABELS.get(name, "FID, kinetic features, published form")
        print(f"{label:42}" + "".join(f"{text:>12}" for text in texts))
    for path in result["left_out"]:
        print(f"left out, shorter than six seconds: {path}")
    if args.output is not None:
        write_json(args.output, result)


if __name__ == "__main__":
    main()
