"""How fast the 2D pose is beside its own network, and how near to what mediapipe finds.

    python -m benchmarks.pose [--short] [--data DIR]

A dance of the demo at 720p and every clip of ``DIR/clips``, put on the project's clock. Between two frames of the pose
stage the landmark network as it was published runs once, in the same minute on the same core, so that their ratio does
not depend on what else the computer does; seconds are those of the processor, with one thread in every library. The
stage is everything that a song's job does for each frame: decoding, following the dancer, searching further people,
image signals; the recovery is the fit, and its second fits as often as a long song has them. Start it twice to see two
songs at once. Where mediapipe 0.10.21 is installed, its speed on the same frames and the differences of its landmarks
are given, too; pixels count as if the smaller side of the frame had 720. Prints a table and writes
``benchmarks/results/pose.json``.
"""

import importlib.util
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks import options
from benchmarks.recovery_films.filming import rendered_frames
from benchmarks.recovery_films.takes import CONDITIONS, demo_take
from justlmd.body.model import load_body
from justlmd.core.files import write_json
from justlmd.media.standardise import standardise
from justlmd.media.video import read_frames
from justlmd.media.writer import write_video
from justlmd.pose.inference import Network
from justlmd.pose.landmark_network import PersonTracker, PoseNetworks
from justlmd.pose.landmarks import SECOND_LOOKS, estimate_keypoints2d
from justlmd.pose.networks import LANDMARKS, read_network
from justlmd.quality.image_signals import ImageSignalRecorder
from justlmd.recovery.fit import recover
from justlmd.recovery.uncertainty import PERIOD, RANGE

RESULTS = Path(__file__).parent / "results" / "pose.json"
TARGET_SHARE = 0.85
RECOVERY_TARGET_SHARE = 0.75
"""Of the published network's rate, which the stage, alone and with the recovery, shall reach for one person at 720p
with few second looks."""
FEW_LOOKS = 2
"""A second: what the quality gate needs."""


class BareNetwork:
    """The published landmark network on one crop after another: the bound of every follower of people."""

    def __init__(self) -> None:
        self._network = Network(read_network(LANDMARKS), outputs=range(5))
        self._image = np.random.default_rng(0).random((256, 256, 3), dtype=np.float32)
        self.seconds, self.runs = 0.0, 0

    def run(self) -> None:
        begin = time.process_time()
        self._network.run(self._image)
        self.seconds += time.process_time() - begin
        self.runs += 1


class StageObserver(ImageSignalRecorder):
    """The image signals, and beside them the bare network, whose time is taken apart."""

    def __init__(self) -> None:
        super().__init__()
        self.bare = BareNetwork()
        self.started = 0.0

    def observe(self, number: int, frame: np.ndarray, dancer: np.ndarray, others: Sequence[np.ndarray]) -> None:
        super().observe(number, frame, dancer, others)
        if self.started:
            self.bare.run()
        else:  # opening the networks is over, and with it the first frame
            self.started = time.process_time()


def stage_row(video: Path, second_looks: int = SECOND_LOOKS) -> dict[str, float]:
    """Frames per second of the whole stage, alone and with the recovery, and their shares of the bare network's."""
    begin, observer = time.process_time(), StageObserver()
    found = estimate_keypoints2d(video, second_looks=second_looks, observer=observer)
    bare, frames = observer.bare, len(found.detected) - 1
    seconds = time.process_time() - observer.started - bare.seconds
    body, begin_fit = load_body(), time.process_time()
    recover(found, body)
    with_fit = seconds + (time.process_time() - begin_fit) * (1 + 2 * RANGE / PERIOD)
    return {
        "frames_per_s": frames / seconds,
        "bare_network_per_s": bare.runs / bare.seconds,
        "of_bare_network_share": frames / seconds * bare.seconds / bare.runs,
        "with_recovery_per_s": frames / with_fit,
        "with_recovery_share": frames / with_fit * bare.seconds / bare.runs,
        "start_s": observer.started - begin,
        "frames": frames,
        "frames_found_share": float(found.detected.mean()),
        "searches_with_others_share": len(set(found.other_frames.tolist())) / max(len(found.searched), 1),
    }


Find = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray] | None]


def follow_row(video: Path, find: Find, frames: int) -> tuple[dict[str, float], np.ndarray]:
    """Frames per second of decoding and following one person, without anything else, and the landmarks (F, 33, 5)."""
    found = []
    begin = time.process_time()
    for frame in islice(read_frames(video), frames):
        one = find(frame)
        found.append(np.full((33, 6), np.nan) if one is None else np.concatenate(one, axis=1))
    seconds = time.process_time() - begin
    return {"frames_per_s": len(found) / seconds}, np.array(found)[:, :, [0, 1, 3, 4, 5]]


def our_finder() -> Find:
    track = PersonTracker(PoseNetworks())

    def find(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        landmarks = track(frame)
        return None if landmarks is None else (landmarks.keypoints, landmarks.world)

    return find


def mediapipe_finder(*, still: bool = False) -> Find:
    """What users of mediapipe 0.10.21 call: (33, 3) pixels and visibility, (33, 3) metres; None without a person."""
    import mediapipe

    pose = mediapipe.solutions.pose.Pose(static_image_mode=still, model_complexity=1, smooth_landmarks=False)

    def find(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        result = pose.process(frame)
        if result.pose_landmarks is None:
            return None
        height, width = frame.shape[:2]
        keypoints = [[p.x * width, p.y * height, p.visibility] for p in result.pose_landmarks.landmark]
        return np.array(keypoints), np.array([[p.x, p.y, p.z] for p in result.pose_world_landmarks.landmark])

    return find


def difference_row(ours: np.ndarray, theirs: np.ndarray, side: int) -> dict[str, float]:
    """Between two sets of landmarks (F, 33, 5) of frames whose smaller side has ``side`` pixels."""
    seen = [np.isfinite(found[:, 0, 0]) for found in (ours, theirs)]
    both = seen[0] & seen[1]
    apart = (ours - theirs)[both]
    pixels = np.linalg.norm(apart[..., :2], axis=-1) * 720 / side
    metres = np.linalg.norm(apart[..., 2:], axis=-1)
    return {
        "difference_median_px": float(np.median(pixels)),
        "difference_p95_px": float(np.percentile(pixels, 95)),
        "difference_max_px": float(pixels.max()),
        "world_difference_median_mm": 1000 * float(np.median(metres)),
        "world_difference_p95_mm": 1000 * float(np.percentile(metres, 95)),
        "found_by_one_only_share": float((seen[0] != seen[1]).mean()),
    }


def videos(data: Path, folder: Path, short: bool) -> dict[str, Path]:
    """The videos to measure, by name."""
    body = load_body()
    scene = demo_take("paper_star", 300, 450 if short else 900, CONDITIONS[0], body)
    result = {"demo 720p": folder / "demo.mp4"}
    write_video(result["demo 720p"], rendered_frames(scene, body))
    for clip in [] if short else sorted(data.glob("clips/*.mp4")):
        result[clip.stem] = folder / f"{clip.stem}.mp4"
        standardise(clip, result[clip.stem], folder / f"{clip.stem}.wav")
    return result


def main() -> None:
    parser = options.parser(__doc__, short="5 s of the demo, no clips", data="folder with clips/*.mp4")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    with_mediapipe = importlib.util.find_spec("mediapipe") is not None
    frames = 150 if arguments.short else 300
    result: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        for label, video in videos(arguments.data, Path(name), arguments.short).items():
            result[f"ours, {label}"] = stage_row(video)
            result[f"ours, few second looks, {label}"] = stage_row(video, FEW_LOOKS)
            following, ours = follow_row(video, our_finder(), frames)
            result[f"ours, following alone, {label}"] = following
            if with_mediapipe:
                result[f"mediapipe, {label}"], theirs = follow_row(video, mediapipe_finder(), frames)
                side = min(next(read_frames(video)).shape[:2])
                result[f"ours, {label}"] |= difference_row(ours, theirs, side)
    result["ours"] = result.pop("ours, demo 720p")
    if with_mediapipe:
        result["mediapipe"] = result.pop("mediapipe, demo 720p")
    result = {label: {key: round(value, 4) for key, value in row.items()} for label, row in result.items()}
    for label, row in result.items():
        print(f"{label:36s} " + ", ".join(f"{key} {value:.4g}" for key, value in row.items()))
    print("\nof the published network's rate, the pose stage and the whole way to smplfull.json:")
    for label, row in (
        ("default", "ours"),
        (f"{FEW_LOOKS} second looks a second", "ours, few second looks, demo 720p"),
    ):
        print(f"{label}: {result[row]['of_bare_network_share']:.0%} and {result[row]['with_recovery_share']:.0%}")
    print(f"targets with few second looks: {TARGET_SHARE:.0%} and {RECOVERY_TARGET_SHARE:.0%}")
    write_json(RESULTS, result)


if __name__ == "__main__":
    main()
