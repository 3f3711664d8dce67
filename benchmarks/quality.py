"""The quality gate on films whose faults are known, and on real clips: every figure beside its threshold.

    python -m benchmarks.quality [--short] [--data DIR]

Five seconds of the demo's dances without fault and with each fault of ``demo/video_faults.py``, then every clip of
``DIR/clips``. Every video goes the whole way from its pixels: 2D pose with image signals, fit, verdict. Prints the
verdicts and the table of figures, and writes ``benchmarks/results/quality.json``.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from demo.song_list import SONGS
from demo.video_faults import FAULTS, Frames, dance
from justlmd.body.model import load_body
from justlmd.core.files import write_json
from justlmd.media.standardise import standardise
from justlmd.media.writer import write_video
from justlmd.pose.landmarks import estimate_keypoints2d
from justlmd.quality.criteria import CRITERIA
from justlmd.quality.gate import assess
from justlmd.quality.image_signals import ImageSignalRecorder
from justlmd.recovery.fit import recover

RESULTS = Path(__file__).parent / "results" / "quality.json"


def judge(video: Path) -> dict[str, Any]:
    """The verdict on one video, with the processor's seconds for pose and image signals, and for the verdict."""
    body, recorder = load_body(), ImageSignalRecorder()
    begin = time.process_time()
    keypoints2d = estimate_keypoints2d(video, observer=recorder)
    pose_s = time.process_time() - begin
    motion = recover(keypoints2d, body)
    begin = time.process_time()
    verdict = assess(motion, body, keypoints2d=keypoints2d, image_signals=recorder.signals)
    return verdict | {"pose_s": pose_s, "verdict_s": time.process_time() - begin}


def judge_video(frames: Frames, folder: Path) -> dict[str, Any]:
    write_video(folder / "video.mp4", frames)
    return judge(folder / "video.mp4")


def judge_clip(clip: Path, folder: Path) -> dict[str, Any]:
    standardise(clip, folder / "video.mp4", folder / "audio.wav")
    return judge(folder / "video.mp4")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with clips/*.mp4")
    parser.add_argument("--short", action="store_true", help="one demo song, no clips")
    args = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        good = {"good": dance()}
        for fault, (spoil, criterion, _) in FAULTS.items():
            found[fault] = judge_video(spoil(good["good"]), folder)
            found[fault]["expected"] = criterion
        if not args.short:
            good = {song.id: dance(song.id) for song in SONGS if song.id != "gone_for_tea"}
        for song, frames in good.items():
            found[song] = judge_video(frames, folder) | {"expected": ""}
        for clip in [] if args.short else sorted(args.data.glob("clips/*.mp4")):
            found[clip.stem] = judge_clip(clip, folder)

    for name, judged in found.items():
        right = ""
        if "expected" in judged:
            criterion = next((c for c in CRITERIA if c.name == judged["expected"]), None)
            named = criterion is None or any(r.startswith(criterion.reason.split("{")[0]) for r in judged["reasons"])
            judged["right"] = named and judged["keep"] is (criterion is None)
            right = "right" if judged["right"] else "WRONG"
        print(f"{name:16} {right:6} {'kept' if judged['keep'] else 'dropped: ' + '; '.join(judged['reasons'])}")
    print(f"\n{'':16} {'limit':>7} " + " ".join(f"{name[:9]:>9}" for name in found))
    for c in CRITERIA:
        values = (judged["figures"].get(c.name) for judged in found.values())
        limit = f"{'>=' if c.at_least else '<='}{c.limit:g}"
        print(f"{c.name:16} {limit:>7} " + " ".join(f"{'-' if v is None else f'{v:.4g}':>9}" for v in values))
    known = [judged["right"] for judged in found.values() if "right" in judged]
    frames = sum(judged["figures"]["frames"] for judged in found.values())
    rates = {key: frames / sum(judged[key] for judged in found.values()) for key in ("pose_s", "verdict_s")}
    print(
        f"\n{sum(known)} of {len(known)} rendered films judged right; pose with image signals at "
        f"{rates['pose_s']:.0f} frames/s, verdict at {rates['verdict_s']:.0f}"
    )
    units = {c.name: {"/s": "per_s", "": "count"}.get(c.unit, c.unit) for c in CRITERIA}
    write_json(
        RESULTS,
        {
            name: {f"{key}_{unit}": judged["figures"][key] for key, unit in units.items() if key in judged["figures"]}
            | {"kept": judged["keep"], "reasons": judged["reasons"]}
            | ({"judged_right": judged["right"]} if "right" in judged else {})
            for name, judged in found.items()
        }
        | {"gate": {"judged_right_share": sum(known) / len(known), "pose_frames_per_s": round(rates["pose_s"], 1)}},
    )


if __name__ == "__main__":
    main()
