"""Evaluation on songs that no model has seen: every number beside that of real dances and of simple baselines.

docs/evaluation.md explains the measures and what may not be concluded from them.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from justlmd.body.model import Body, load_body
from justlmd.core.clock import FPS, SEQUENCE_FRAMES
from justlmd.core.device import choose_device
from justlmd.core.errors import InputError
from justlmd.core.files import replacing, write_json
from model.data import LyricsMusicDance
from model.evaluation import baselines
from model.evaluation import window_metrics as measures
from model.evaluation.lyrics_ablation import lyrics_question
from model.evaluation.plots import plot_dances, plot_history, plot_lyrics, plot_metrics
from model.evaluation.statistics import half_samples, song_bootstrap
from model.evaluation.two_samples import FEWEST_SONGS
from model.evaluation.whole_dances import DANCE_LABELS, MOVED, ChoreographedDancer, TrainedDancer, WholeDances
from model.generation.choreographer import Choreographer
from model.generation.sampling import generated_windows, latent_use, real_windows, reconstructed_windows
from model.networks.base import AblatableModel
from model.training.checkpoint import load_model

STRIDE = 30  # frames between evaluated windows
SAMPLES = 4  # dances generated for each window
NULL_WINDOWS = 5  # windows of other songs whose beats form the null

Dances = tuple[np.ndarray, np.ndarray]
"""Joints (N, samples, T, 24, 3) and rotations (N, samples, T, 24, 3, 3)."""


def evaluate(
    dataset_dir: str | Path,
    models: Mapping[str, str | Path],
    out_dir: str | Path,
    *,
    body: Body | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
    device: str = "auto",
) -> dict[str, Any]:
    """Evaluate trained models on the test songs; write ``metrics`` as json, csv and svg, ``dances`` and ``lyrics`` as
    csv and svg, and ``history.svg``.

    Parameters
    ----------
    models : folder of each trained model by name.
    body : with whose skeleton whole dances are danced; the free body by default.
    bootstrap, seed : resamplings of the intervals; seed of the generated dances and of the resampling.

    Returns
    -------
    What ``metrics.json`` holds. Raises InputError when the data set has no test song.
    """
    out_dir, device = Path(out_dir), choose_device(device)
    train, test = (LyricsMusicDance(dataset_dir, split, stride=STRIDE) for split in ("train", "test"))
    if not len(test):
        raise InputError("no test song has a window of six seconds, so nothing can be evaluated", where=dataset_dir)
    truth, train_truth = real_windows(test), real_windows(train)
    beats, null_beats = _beats(test), _null_beats(test, seed)
    evaluation = _Evaluation(test, truth, train_truth[0], beats, null_beats, bootstrap, seed)
    body = body or load_body()
    whole = WholeDances(train, test, body, bootstrap=bootstrap, seed=seed)
    methods = {
        name: evaluation.summary(_one_sample(dances), dances)
        for name, dances in (
            ("real", truth),
            ("nearest", baselines.nearest(train, test)),
            ("mean_pose", baselines.mean_pose(train, test)),
        )
    }
    left_out = []
    try:
        choreographer = Choreographer.of_dataset(train.arrays, train.songs, body.rest_joints())
        joined = baselines.choreographed(choreographer, test, seed)
        methods["choreographer"] = evaluation.summary(_one_sample(joined), joined)
        whole.add_dancer("choreographer", ChoreographedDancer(choreographer, test))
    except InputError as error:  # training songs too short or too broken to be joined say nothing against the models
        left_out.append(f"The choreographer is left out: {error.what}.")
    described, lyrics = {}, {}
    for name, folder in models.items():
        model, facts = load_model(folder, device)
        generated = generated_windows(model, test, device, SAMPLES, seed)
        methods[name] = evaluation.summary(generated, reconstructed_windows(model, test, device))
        whole.add_dancer(name, TrainedDancer(model, test, body, device))
        kept = ("parameters", "steps", "best_step", "held_out_loss", "seed")
        described[name] = {key: facts.get(key) for key in kept} | latent_use(model, test, device)
        if isinstance(model, AblatableModel):
            sequences = LyricsMusicDance(dataset_dir, "test")
            lyrics[name] = lyrics_question(model, sequences, device, bootstrap=bootstrap, seed=seed)
    songs = sorted({window.song for window in test.windows})
    dances = whole.result()
    result = {
        "test_songs": songs,
        "windows": len(test),
        "stride_frames": STRIDE,
        "samples_per_window": SAMPLES,
        "bootstrap": bootstrap,
        "seed": seed,
        "measures": measures.LABELS,
        "methods": methods,
        "dances": dances,
        "models": described,
        "floor": evaluation.floor(),
        "lyrics": lyrics,
        "notes": notes(methods, described, songs, len(test))
        + dance_notes(dances)
        + left_out
        + [f"{name}: {found['sentence']}" for name, found in lyrics.items()],
    }
    write_json(out_dir / "metrics.json", result)
    write_table(out_dir / "metrics.csv", measures.LABELS, methods)
    write_table(out_dir / "dances.csv", DANCE_LABELS, dances["methods"])
    write_lyrics_table(out_dir / "lyrics.csv", lyrics)
    plot_metrics(out_dir / "metrics.svg", result)
    plot_dances(out_dir / "dances.svg", dances)
    plot_lyrics(out_dir / "lyrics.svg", lyrics)
    plot_history(out_dir / "history.svg", {name: Path(folder) / "history.csv" for name, folder in models.items()})
    return result


class _Evaluation:
    """The test windows and what every method is measured against."""

    def __init__(
        self,
        test: LyricsMusicDance,
        truth: Dances,
        train_joints: np.ndarray,
        beats: list[np.ndarray],
        null_beats: list[list[np.ndarray]],
        bootstrap: int,
        seed: int,
    ) -> None:
        self.songs = np.array([window.song for window in test.windows])
        self.truth, self.beats, self.null_beats, self.bootstrap, self.seed = truth, beats, null_beats, bootstrap, seed
        self.real_features = measures.motion_features(truth[0])
        self.train_features = measures.motion_features(train_joints)

    def summary(self, dances: Dances, compared: Dances | None) -> dict[str, dict[str, float | None]]:
        """All measures of one method with intervals; errors are those of ``compared`` (N, T, ...), None: empty."""
        joints, rotations = dances
        windows = [self._window(n, joints[n], rotations[n]) for n in range(len(joints))]
        for n, window in enumerate(windows):
            if compared is None:
                window |= dict.fromkeys(measures.ERRORS, float("nan"))
            else:
                window |= measures.errors(compared[0][n], compared[1][n], self.truth[0][n], self.truth[1][n])
        values = {name: np.array([window[name] for window in windows]) for name in windows[0]}
        result = {name: song_bootstrap(v, self.songs, self.bootstrap, self.seed) for name, v in values.items()}
        return result | self._sets(measures.motion_features(joints[:, 0]))

    def _window(self, number: int, joints: np.ndarray, rotations: np.ndarray) -> dict[str, float]:
        """Measures of one window, averaged over its samples."""
        samples = [
            measures.movement(j, r) | measures.rhythm(j, self.beats[number], self.null_beats[number])
            for j, r in zip(joints, rotations, strict=True)
        ]
        mean = {name: float(np.mean([sample[name] for sample in samples])) for name in samples[0]}
        if len(joints) > 1:
            relative = joints - joints[:, :, :1]
            pairs = [(i, j) for i in range(len(joints)) for j in range(i)]
            distances = [np.linalg.norm(relative[i] - relative[j], axis=-1).mean() for i, j in pairs]
            mean["multimodality_mm"] = float(1000 * np.mean(distances))
        return mean

    def _sets(self, features: dict[str, np.ndarray]) -> dict[str, dict[str, float | None]]:
        """Distances to the real test dances, each with its spread over random halves."""
        result = {}
        for name, (kind, measure) in measures.SET_MEASURES.items():
            a, b = features[kind], self.real_features[kind]
            if min(len(a), len(b)) < (2 * measures.MIN_FOR_FID if name.startswith("fid") else 2):
                result[name] = dict.fromkeys(("value", "low", "high"))
            else:
                result[name] = half_samples(measure, a, b, min(self.bootstrap, 100), self.seed)
        return result

    def floor(self) -> dict[str, dict[str, float | None]]:
        """The same distances for real dances of the training songs: what another real dance costs."""
        return self._sets(self.train_features)


def _one_sample(dances: Dances) -> Dances:
    return dances[0][:, None], dances[1][:, None]


def _beats(data: LyricsMusicDance) -> list[np.ndarray]:
    """Beats of the music in each window, in seconds from its start."""
    found = []
    for window in data.windows:
        beats = data.arrays.beats(window.song) - window.start_s
        found.append(beats[(beats >= 0) & (beats < SEQUENCE_FRAMES / FPS)])
    return found


def _null_beats(data: LyricsMusicDance, seed: int) -> list[list[np.ndarray]]:
    """For each window the beats of windows of other groups' songs (of any split), drawn with ``seed``."""
    rows = data.arrays.songs
    everything = LyricsMusicDance(data.path, list(rows), stride=STRIDE)
    beats = _beats(everything)
    groups = np.array([rows[window.song].group for window in everything.windows])
    random, null = np.random.default_rng(seed), []
    for window in data.windows:
        others = np.flatnonzero(groups != rows[window.song].group)
        drawn = random.choice(others, min(NULL_WINDOWS, len(others)), replace=False)
        null.append([beats[n] for n in drawn])
    return null


def notes(methods: Mapping, described: Mapping, songs: list[str], windows: int) -> list[str]:
    """Sentences on what the numbers do and do not say."""
    found = [
        f"Measured on {windows} windows of {len(songs)} song{'s' * (len(songs) != 1)} that no model has seen "
        f"({', '.join(songs)}). Numbers of other papers use other lengths, rates and joints and do not compare."
    ]
    if len(songs) < 6:
        found.append(
            f"With {len(songs)} test song{'s' * (len(songs) != 1)} no difference between models can be significant at "
            ".05 over songs; the intervals mostly describe windows of the same songs."
        )
    if methods["real"]["fid_kinetic"]["value"] is None:
        found.append(
            f"FID is left out: it needs {2 * measures.MIN_FOR_FID} windows (more than features, also in halves)."
        )
    for name, facts in described.items():
        own, still, copied = (methods[method]["mpjpe_mm"]["value"] for method in (name, "mean_pose", "nearest"))
        if own is not None:
            found.append(
                f"{name}: reconstructs held-out dances with {own:.0f} mm joint error; standing in the mean pose has "
                f"{still:.0f} mm, copying the nearest training dance {copied:.0f} mm."
            )
        speed, jerk = (methods[name][m]["value"] / methods["real"][m]["value"] for m in ("speed", "jerk"))
        found.append(
            f"{name}: generated dances move at {speed:.0%} of the real speed with {jerk:.0%} of the real jerk; "
            f"{methods[name]['frozen_share']['value']:.0%} of their frames are frozen."
        )
        spread = methods[name]["multimodality_mm"]["value"]
        latent = "it has no posterior, so nothing is reconstructed"
        if facts["kl_nat"] is not None:
            latent = f"the latent holds {facts['kl_nat']:.2f} nat per window, {facts['active_units']:.0%} of its units "
            latent += "are active"
        found.append(f"{name}: {latent}; two samples for the same music and words differ by {spread:.0f} mm.")
        beat = methods[name]["beat_f_minus_shuffled"]
        if beat["value"] is not None:
            clear = beat["low"] > 0
            found.append(
                f"{name}: dances {'follow' if clear else 'do not measurably follow'} the beat of their own song more "
                f"than that of others (F-measure difference {beat['value']:+.3f}, 95 % {beat['low']:+.3f} to "
                f"{beat['high']:+.3f}; real dances {methods['real']['beat_f_minus_shuffled']['value']:+.3f})."
            )
    return found


def dance_notes(dances: Mapping[str, Any]) -> list[str]:
    """Sentences on whole dances: movement and tempo beside the real ones, and what changes a dance."""
    found, methods = [], dances["methods"]
    real = methods["real"]
    for name in [name for name in methods if "moved_by_noise" in methods[name] and name != "real"]:
        column = methods[name]
        speed, jerk, feet = (column[key]["value"] / real[key]["value"] for key in ("speed", "jerk", "feet"))
        words, music, noise = (1000 * column[key]["value"] for key in MOVED)
        sentence = (
            f"{name}, whole dances: {speed:.0%} of the real speed, {jerk:.0%} of the real jerk, feet {feet:.0%} as "
            f"far; another song's words move the dance by {words:.0f} mm, its music by {music:.0f} mm, another seed by "
            f"{noise:.0f} mm (two real dances: {1000 * real[MOVED[0]]['value']:.0f} mm)"
        )
        apart = column["told_apart"]
        if apart["value"] is not None:
            sentence += (
                f"; a classifier tells {apart['value']:.0%} of its stretches from real ones "
                f"(95 % {apart['low']:.0%} to {apart['high']:.0%}; 50 % is chance)"
            )
        found.append(sentence + ".")
    if real["told_apart"]["value"] is None:
        found.append(
            f"No classifier was asked to tell real from generated dances: that takes {FEWEST_SONGS} test songs, there "
            f"{'is' if len(dances['songs']) == 1 else 'are'} {len(dances['songs'])}."
        )
    return found


def write_table(
    path: Path, labels: Mapping[str, str], methods: Mapping[str, Mapping[str, Mapping[str, float | None]]]
) -> None:
    """Write a table: one row per measure of ``labels``, one column of "value [low, high]" per method."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["measure", *methods])
        for name, label in labels.items():
            table.writerow([label, *(_cell(method.get(name)) for method in methods.values())])


def write_lyrics_table(path: Path, lyrics: Mapping[str, Mapping[str, Any]]) -> None:
    """Write ``lyrics.csv``: for every model and arm of the lyrics question its error and the difference to ``both``."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(
            ["model", "what the model sees", "joint error, mm", "both minus this, mm", "p over songs", "Holm"]
        )
        for model, found in lyrics.items():
            for arm, entry in found["arms"].items():
                other = found["both_minus"].get(arm, {})
                ps = [other.get(name) for name in ("p_songs", "p_holm")]
                p_cells = ["" if p is None else f"{p:.3g}" for p in ps]
                table.writerow([model, arm, _cell(entry), _cell(other), *p_cells])


def _cell(entry: Mapping[str, float | None] | None) -> str:
    if not entry or entry.get("value") is None:
        return ""
    if entry["low"] is None:
        return f"{entry['value']:.4g}"
    return f"{entry['value']:.4g} [{entry['low']:.4g}, {entry['high']:.4g}]"
