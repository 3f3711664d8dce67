"""Videos with the faults that dance videos have, made of the demo's dances: what the quality gate is measured on."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from demo.build import motion_of
from demo.film import camera_of, rendered_frames
from demo.song_list import song_by_id
from justlmd.body.clothing import clothing_colors
from justlmd.body.kinematics import joint_transforms, landmarks, skin
from justlmd.body.model import load_body
from justlmd.preview.renderer import render_mesh

Frames = list[np.ndarray]
FRAMES = 150
BEGIN = 150
"""Frame of the demo song at which its five seconds begin."""
WALKS_IN = 75
"""Picture in which the second person begins to walk in."""


def dance(song_id: str = "morning_jump") -> Frames:
    """Five seconds of a demo song without any fault, 640 x 480."""
    body, song = load_body(), song_by_id(song_id)
    return list(rendered_frames(song, motion_of(song, body).cut(BEGIN, BEGIN + FRAMES), body))


def panned(video: Frames) -> Frames:
    """The camera turns slowly to the right for three seconds; 480 x 480."""
    return [frame[:, (x := int(np.clip(2 * (k - 40), 0, 160))) : x + 480] for k, frame in enumerate(video)]


def cut(video: Frames) -> Frames:
    """From the middle on another camera, nearer and mirrored."""
    return [frame if k < 75 else _enlarged(frame[:, ::-1], 1.2) for k, frame in enumerate(video)]


def frozen(video: Frames) -> Frames:
    """One and a half seconds of one still frame."""
    return [video[60] if 60 <= k < 105 else frame for k, frame in enumerate(video)]


def faded(video: Frames) -> Frames:
    """To black and back."""
    return [(frame * np.clip(abs(k - 75) / 30, 0, 1)).astype(np.uint8) for k, frame in enumerate(video)]


def left(video: Frames) -> Frames:
    """The dancer walks out: the frame slides away, the wall stays."""
    wall = video[0][:, :1]
    shifts = [int(np.clip(8 * (k - 50), 0, 640)) for k in range(len(video))]
    return [np.hstack([np.repeat(wall, n, 1), frame])[:, :640] for n, frame in zip(shifts, video, strict=True)]


def upside_down(video: Frames) -> Frames:
    """A phone's video without a note of how it was held."""
    return [np.ascontiguousarray(frame[::-1, ::-1]) for frame in video]


def joined(video: Frames) -> Frames:
    """A second person walks in from the right; ``video`` is morning_jump's."""
    body, camera = load_body(), camera_of(song_by_id("morning_jump"))
    other = motion_of(song_by_id("corazon"), body).cut(BEGIN, BEGIN + FRAMES)
    transl = other.transl.copy()
    transl[:, 0] += np.interp(np.arange(FRAMES), [WALKS_IN, WALKS_IN + 40], [3.2, 1.05])
    vertices = skin(body, other.global_orient, other.body_pose, transl, other.betas)
    colors = clothing_colors(body, np.random.default_rng(5))
    return [
        frame if k < WALKS_IN else render_mesh(camera.to_camera(vertices[k]), body.faces, colors, camera.K, frame)
        for k, frame in enumerate(video)
    ]


def company(paths: dict[str, np.ndarray]) -> tuple[Frames, dict[str, np.ndarray]]:
    """Several people in one room, each with the dance of a demo song, moved along a path (F, 2) of x and z in metres.

    Returns the frames and, by song, the true pixels (F, 33, 2) of the landmarks.
    """
    body, song = load_body(), song_by_id("morning_jump")
    camera = camera_of(song)
    frames = len(next(iter(paths.values())))
    away = replace(motion_of(song, body).cut(0, 1), transl=np.array([[50.0, 0, 0]]))
    room = next(rendered_frames(song, away, body))
    meshes, true = {}, {}
    for number, (name, path) in enumerate(paths.items()):
        own = motion_of(song_by_id(name), body).cut(BEGIN, BEGIN + frames)
        moved = replace(own, transl=own.transl + np.insert(path, 1, 0.0, axis=1))
        transforms = joint_transforms(body, moved.global_orient, moved.body_pose, moved.transl, moved.betas)
        true[name] = camera.project(landmarks(transforms, body.landmark_offsets))
        vertices = skin(body, moved.global_orient, moved.body_pose, moved.transl, moved.betas)
        meshes[name] = (vertices, clothing_colors(body, np.random.default_rng(number)), path[:, 1])
    video = []
    for k in range(frames):
        frame = room
        for vertices, colors, _ in sorted(meshes.values(), key=lambda mesh: mesh[2][k]):  # the nearest one last
            frame = render_mesh(camera.to_camera(vertices[k]), body.faces, colors, camera.K, frame)
        video.append(frame)
    return video, true


FAULTS: dict[str, tuple[Callable[[Frames], Frames], str, int]] = {
    "second person": (joined, "other_people", 130),
    "camera pans": (panned, "camera_moves", 80),
    "cut": (cut, "cuts", 75),
    "freeze": (frozen, "frozen", 80),
    "fade": (faded, "faded", 75),
    "person leaves": (left, "detection_rate", 148),
    "upside down": (upside_down, "upright", 75),
}
"""Name of the fault: what puts it into a video, the criterion that must find it, and a frame at which it shows."""


def _enlarged(frame: np.ndarray, scale: float) -> np.ndarray:
    rows, columns = (((np.arange(n) - n / 2) / scale + n / 2).astype(int) for n in frame.shape[:2])
    return frame[rows][:, columns]
