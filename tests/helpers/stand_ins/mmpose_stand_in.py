"""Plays the package ``mmpose`` in tests: an inferencer with MMPose's signature and results, that finds what it is told.

``MMPOSE_STAND_IN`` names a JSON file: ``{"expected": {argument: value}, "frames": [[instance, ...], ...]}``.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

MAKE_PACKAGE = {"mmpose/__init__.py": "", "mmpose/apis.py": Path(__file__).read_text(encoding="utf-8")}
"""The files of a package that does the same."""


class MMPoseInferencer:
    def __init__(
        self,
        pose2d: str | None = None,
        pose2d_weights: str | None = None,
        pose3d: str | None = None,
        pose3d_weights: str | None = None,
        device: str | None = None,
        scope: str = "mmpose",
        det_model: str | None = None,
        det_weights: str | None = None,
        det_cat_ids: int | list | None = None,
        show_progress: bool = False,
    ) -> None:
        self.told = json.loads(Path(os.environ["MMPOSE_STAND_IN"]).read_text())
        given = {"pose2d": pose2d, "pose2d_weights": pose2d_weights, "device": device, "det_model": det_model,
                 "det_weights": det_weights, "det_cat_ids": det_cat_ids, "pose3d": pose3d}  # fmt: skip
        if pose2d == "nonsense":
            raise ValueError(f'Cannot find model "{pose2d}" in mmpose')
        expected = self.told["expected"]
        assert {key: value for key, value in given.items() if value is not None} == expected, (given, expected)

    def __call__(self, inputs: Any, **_options: Any) -> Iterator[dict[str, Any]]:
        assert Path(inputs).is_file() and inputs.endswith(".mp4"), inputs
        for instances in self.told["frames"]:
            yield {
                "visualization": [],
                "predictions": [
                    # as split_instances() leaves it: a box in a tuple, a score that is numpy's
                    [one | {"bbox": (one["bbox"],), "bbox_score": np.float32(0.9)} for one in instances]
                ],
            }
