"""2D pose: 33 MediaPipe landmarks in every frame of a video.

MediaPipe's legacy interface follows one person from frame to frame, so frames must come in order. Decoding runs in its
own thread while the network works on the frame before; the network itself uses one core.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np

from justlmd import FPS
from justlmd.body.model import LANDMARK_NAMES
from justlmd.core.errors import InputError
from justlmd.media.video import probe, read_frames
from justlmd.pose.multi_person import Look, alone, astray, chosen, doubtful_frames, looks_of
from justlmd.pose.people import Detector, other_people
from justlmd.pose.tracking import Track

MODELS = {"lite": 0, "full": 1, "heavy": 2}
"""MediaPipe's ``model_complexity``. The package carries ``full``; the others must be put into its folder."""

LOOK_EVERY, LOOK_FIRST = 10 * FPS, 15
"""Pictures from one look for further people to the next, and the first one."""
_DECODED_AHEAD = 8  # frames that wait for the network: 50 MB of 1080p


def estimate_keypoints2d(
    video: str | Path,
    *,
    model: str = "full",
    dancer: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, np.ndarray]:
    """Find one person's landmarks in every frame.

    Every ten seconds somebody else is looked for. If there is anybody, or ``dancer`` says whom to follow, people are
    followed through the whole video, and the pose is estimated of the chosen one alone
    (:mod:`justlmd.pose.multi_person`).

    Parameters
    ----------
    video : path of a constant 30 fps video, F frames.
    model : ``lite``, ``full`` (in the package) or ``heavy``.
    dancer : "": who is large and central for longest; ``left``, ``center`` or ``right``: the one at that place.
    progress : called as ``progress(frames_done, frames_total)``.

    Returns
    -------
    The arrays of ``keypoints2d.npz``: ``keypoints`` (F, 33, 3) float32 x, y in pixels and visibility 0..1;
    ``world`` (F, 33, 3) float32 metres about the hip centre, axes as the camera's (x right, y down, z forward);
    ``detected`` (F,) bool; ``doubtful`` (F,) bool, from where on it may be another person whom the dancer met;
    ``width``, ``height``, ``fps``, ``backend``. Frames without a person hold NaN.

    Raises
    ------
    InputError : the video has no frame, or the model file is not there.
    """
    info = probe(video)
    found: list[Found] | None = None
    doubtful = None
    with landmark_detector(model, still=True) as look:
        if not dancer:
            found = _of_anybody(video, model, look, _counting(progress, info.frames))
        if found is None:
            looks = looks_of(video, look)
            person = chosen(looks, (info.width, info.height), dancer)
            found = _of_one(video, model, looks, person, _counting(progress, info.frames))
            doubtful = doubtful_frames(person, len(found))
    if not found:
        raise InputError("no frame could be decoded", where=video, next_step="is it a video?")
    keypoints = np.stack([_MISSING if one is None else one[0] for one in found])
    return {
        "keypoints": keypoints,
        "world": np.stack([_MISSING if one is None else one[1] for one in found]),
        "detected": np.isfinite(keypoints[:, 0, 0]),
        "doubtful": np.zeros(len(found), bool) if doubtful is None else doubtful,
        "width": np.asarray(info.width),
        "height": np.asarray(info.height),
        "fps": np.asarray(FPS),
        "backend": np.asarray(f"mediapipe-{model}"),
    }


Found = tuple[np.ndarray, np.ndarray] | None
"""Landmarks (33, 3) and world landmarks (33, 3) of one picture."""


def _of_anybody(video: str | Path, model: str, look: Detector, count: Callable[[int], None]) -> list[Found] | None:
    """The landmarks of whom MediaPipe follows; None as soon as somebody else is seen."""
    found: list[Found] = []
    with landmark_detector(model) as detect:
        for number, frame in enumerate(_decoded_ahead(read_frames(video))):
            one = detect(frame)
            found.append(one)
            if number % LOOK_EVERY == LOOK_FIRST and one is not None:
                height = float(np.ptp(one[0][:, 1]))
                if other_people(frame, one[0], height, look):
                    return None
            count(len(found))
    return found


def _of_one(
    video: str | Path, model: str, looks: list[Look], person: Track, count: Callable[[int], None]
) -> list[Found]:
    """The landmarks of one of several people, where they are not somebody else's."""
    found: list[Found] = []
    with landmark_detector(model) as detect:
        for shown in alone(_decoded_ahead(read_frames(video)), looks, person):
            one = None if shown is None else detect(shown[0])
            found.append(None if one is None or shown is None or astray(one[0], shown[1]) else one)
            count(len(found))
    return found


def _counting(progress: Callable[[int, int], None] | None, frames: int) -> Callable[[int], None]:
    return lambda done: None if progress is None else progress(done, max(frames, done))


_MISSING = np.full((len(LANDMARK_NAMES), 3), np.nan, dtype=np.float32)


@contextmanager
def landmark_detector(model: str = "full", *, still: bool = False) -> Iterator[Detector]:
    """Open MediaPipe; yields ``detect(rgb (H, W, 3) uint8) -> (keypoints (33, 3), world (33, 3)) | None``.

    With ``still`` every picture is searched anew; without, the person of the picture before is followed.
    """
    with _quiet():
        pose = _open_mediapipe(model, still)
        pose.process(np.zeros((64, 64, 3), dtype=np.uint8))  # the networks announce themselves at the first picture
    announced = False

    def detect(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        nonlocal announced
        with nullcontext() if announced else _quiet():  # and once more at the first person
            result = pose.process(frame)
        announced = announced or result.pose_landmarks is not None
        if result.pose_landmarks is None or result.pose_world_landmarks is None:
            return None
        height, width = frame.shape[:2]
        keypoints = [[p.x * width, p.y * height, p.visibility] for p in result.pose_landmarks.landmark]
        world = [[p.x, p.y, p.z] for p in result.pose_world_landmarks.landmark]
        return np.array(keypoints, dtype=np.float32), np.array(world, dtype=np.float32)

    try:
        yield detect
    finally:
        pose.close()


def _open_mediapipe(model: str, still: bool) -> Any:
    import mediapipe

    if model not in MODELS:
        raise InputError(f"pose model {model!r} is unknown", next_step=f"choose one of {', '.join(MODELS)}")
    folder = Path(mediapipe.__file__).parent / "modules" / "pose_landmark"
    file = folder / f"pose_landmark_{model}.tflite"
    if not file.is_file():  # MediaPipe would try to download it
        raise InputError(
            "missing",
            where=file,
            next_step="copy it there (it is in the npm package @mediapipe/pose) or use pose: full",
        )
    return mediapipe.solutions.pose.Pose(
        static_image_mode=still,
        model_complexity=MODELS[model],
        smooth_landmarks=False,
        min_detection_confidence=0.5,
        min_tracking_confidence=0.5,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Send the process's stderr to nowhere: MediaPipe's C++ side greets there, past Python and any log level."""
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(nowhere)
        os.close(saved)


def _decoded_ahead(frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Pass frames on while a thread decodes the next ones; errors of the decoder arrive at the consumer."""
    queue: Queue[np.ndarray | BaseException | None] = Queue(maxsize=_DECODED_AHEAD)
    stop = threading.Event()

    def decode() -> None:
        try:
            for frame in frames:
                if stop.is_set():
                    return
                queue.put(frame)
            queue.put(None)
        except BaseException as error:
            queue.put(error)

    thread = threading.Thread(target=decode, daemon=True)
    thread.start()
    try:
        while (item := queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        while thread.is_alive():  # a decoder blocked on a full queue must be let go
            while not queue.empty():
                queue.get_nowait()
            thread.join(timeout=0.05)
