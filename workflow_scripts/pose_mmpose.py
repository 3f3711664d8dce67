"""Find everybody in every frame with MMPose; runs in MMPose's own environment, which has another Python.

It imports nothing of the library but its errors, and writes what ``MMPoseInferencer`` itself dumps for a video: a list
of ``{"frame_id", "instances"}``.
"""

import argparse
import json
import os
from pathlib import Path
from types import SimpleNamespace

from job import run


def main(job) -> str:
    options = job.params
    inferencer = open_inferencer(options)
    frames = []
    for result in inferencer(options.video):
        (instances,) = result["predictions"]
        frames.append({"frame_id": len(frames), "instances": instances})
    partial = Path(options.output).with_suffix(".partial.json")
    partial.write_text(json.dumps(frames, default=plain), encoding="utf-8")
    os.replace(partial, options.output)  # noqa: PTH105 (as atomic on every Python)
    people = sum(len(frame["instances"]) for frame in frames)
    return f"{people} people in {len(frames)} frames, found by MMPose's {options.model}"


def open_inferencer(options):
    from justlmd.core.errors import InputError

    try:
        from mmpose.apis import MMPoseInferencer
    except ImportError as error:
        raise InputError(
            f"MMPose cannot be imported ({error})", next_step="its environment is envs/mmpose.yaml"
        ) from error
    arguments = {"pose2d": options.model, "pose2d_weights": options.weights or None}
    if options.detector:
        arguments |= {
            "det_model": options.detector,
            "det_weights": options.detector_weights or None,
            "det_cat_ids": [0],
        }
    if options.device != "auto":
        arguments["device"] = options.device
    try:
        return MMPoseInferencer(**arguments)
    except (ValueError, OSError, KeyError) as error:
        raise InputError(f"{error}", where=f"MMPose cannot open the model {options.model!r}") from error


def plain(value):
    """numpy's numbers and arrays as JSON's."""
    return value.tolist()


def parsed():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("video", "output", "log", "song", "model"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("weights", "detector", "detector-weights"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    options = parsed()
    wildcards = {"song": options.song}
    run(
        main,
        SimpleNamespace(
            rule="mmpose",
            wildcards=wildcards,
            log=[options.log],
            threads=options.threads,
            params=options,
            resources={},
        ),
    )
