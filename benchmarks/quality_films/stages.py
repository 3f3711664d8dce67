"""From a case of the quality benchmark to its verdict, each stage kept by the content of what it depends on.

A change of the gate alone judges again and decodes nothing; a change of the pose's code finds all poses anew.
"""

import ast
import hashlib
import inspect
import time
from functools import partial
from pathlib import Path

import numpy as np

import justlmd.media.standardise
from benchmarks.quality_films import scenes, screens
from benchmarks.quality_films.cases import Case
from benchmarks.quality_films.scenes import Scene
from justlmd.body.model import load_body
from justlmd.core.files import read_npz, write_npz
from justlmd.media.writer import write_video
from justlmd.motion.motion import CameraMotion
from justlmd.pose.keypoints import Keypoints2D, read_keypoints2d, write_keypoints2d
from justlmd.pose.landmarks import estimate_keypoints2d
from justlmd.quality.image_signals import ImageSignals, measure_image_signals, read_image_signals, write_image_signals
from justlmd.recovery.fit import recover
from justlmd.recovery.uncertainty import joint_uncertainty

CACHE = Path(__file__).parents[1] / "results" / "quality_cache"
ROOMS = Path(justlmd.media.standardise.__file__).parents[1]


class Stages:
    """The stages of one case after the other; ``data`` is the folder with clips and motions."""

    def __init__(self, data: Path, cache: Path = CACHE) -> None:
        self.data, self.cache = data, cache
        self._scene: Scene | None = None
        cache.mkdir(parents=True, exist_ok=True)

    def video(self, case: Case) -> Path:
        """The film of a case."""
        path = self.cache / f"{_digest(recipe(case).encode())}.mp4"
        if not path.is_file():
            if self._scene is None or self._scene.source != case.source:
                self._scene = Scene(case.source, self.data)
            write_video(path, case.change(self._scene))
        return path

    def keypoints(self, video: Path) -> tuple[Keypoints2D, float]:
        """The 2D pose of a film, and the processor's seconds for it."""
        path = self._place(video.read_bytes(), "pose", "keypoints.npz")
        if not path.is_file():
            begin = time.process_time()
            found = estimate_keypoints2d(video)
            seconds = time.process_time() - begin
            write_npz(path.with_suffix(".time.npz"), seconds=seconds)
            write_keypoints2d(path, found)
        return read_keypoints2d(path), float(read_npz(path.with_suffix(".time.npz"))["seconds"])

    def signals(self, video: Path, keypoints2d: Keypoints2D) -> ImageSignals:
        """The image signals of a film."""
        sources = ("quality/image_signals.py", "quality/camera.py")
        path = self._place(video.read_bytes() + keypoints2d.keypoints.tobytes(), sources, "signals.npz")
        if not path.is_file():
            write_image_signals(path, measure_image_signals(video, keypoints2d))
        return read_image_signals(path)

    def motion(self, keypoints2d: Keypoints2D) -> CameraMotion:
        """The motion that is recovered from a pose."""
        path = self._place(keypoints2d.keypoints.tobytes() + keypoints2d.world.tobytes(), "recovery", "motion.npz")
        if not path.is_file():
            write_npz(path, **vars(recover(keypoints2d, load_body())))
        return CameraMotion(**read_npz(path))

    def uncertainty(self, keypoints2d: Keypoints2D) -> np.ndarray:
        """The second fits' difference from the first over time, (n, 2)."""
        path = self._place(keypoints2d.keypoints.tobytes() + keypoints2d.mirrored.tobytes(), "recovery", "second.npz")
        if not path.is_file():
            body = load_body()
            found = joint_uncertainty(keypoints2d, body, partial(recover, body=body), 0, len(keypoints2d))
            write_npz(path, values=np.array(found).reshape(-1, 2))
        return np.asarray(read_npz(path)["values"])

    def _place(self, content: bytes, code: str | tuple[str, ...], name: str) -> Path:
        late = {"limbs.py", "backends.py"}  # nothing of theirs is kept
        room = sorted((ROOMS / code).glob("*.py")) if isinstance(code, str) else [ROOMS / one for one in code]
        files = [file for file in room if file.name not in late]
        text = b"".join(file.read_bytes() for file in files if file.is_file())
        return self.cache / f"{_digest(content + text)}.{name}"


def recipe(case: Case) -> str:
    """All that a case's film depends on, as text: its source, and its change with its code, however formatted."""
    change = case.change if isinstance(case.change, partial) else partial(case.change)
    code = [ast.dump(ast.parse(inspect.getsource(part))) for part in (change.func, scenes, screens)]
    return f"{case.source} {change.keywords} {code}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:24]


def joints_between(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mean distance (T,) in metres of two motions' joints (T, 24, 3) about the pelvis."""
    return np.asarray(np.linalg.norm((first - first[:, :1]) - (second - second[:, :1]), axis=-1).mean(1))
