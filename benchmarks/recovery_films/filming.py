"""The film of a take: a dressed dancer in a room, and what cameras, encoders and furniture do to it."""

import hashlib
import inspect
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

import justlmd.pose.landmark_network
import justlmd.pose.landmarks
import justlmd.pose.tracking
import justlmd.preview.renderer
from benchmarks.recovery_films.takes import Condition, Take
from justlmd.body.clothing import clothing_colors
from justlmd.body.kinematics import skin
from justlmd.body.model import JOINT_NAMES, Body
from justlmd.media.writer import write_video
from justlmd.pose.keypoints import Keypoints2D, read_keypoints2d, write_keypoints2d
from justlmd.pose.landmarks import estimate_keypoints2d
from justlmd.preview.renderer import draw_shadow, render_mesh, render_room

CACHE = Path(__file__).parents[1] / ".cache"
"""Films and their 2D landmarks, named by the hash of everything that they are made from; may be deleted."""


def film(scene: Take, body: Body) -> tuple[Path, Keypoints2D]:
    """The take's video and its 2D landmarks at default settings, made once."""
    about = json.dumps([asdict(scene.condition), scene.camera.K.tolist(), scene.camera.rotation.tolist()])
    sources = [inspect.getsource(module) for module in (justlmd.preview.renderer, sys.modules[__name__])]
    arrays = [scene.motion.global_orient, scene.motion.body_pose, scene.motion.transl, scene.camera.translation]
    name = _digest(about, body.sha256, *sources, *(array.tobytes() for array in map(np.ascontiguousarray, arrays)))
    video = CACHE / f"{name}.mp4"
    if not video.is_file():
        CACHE.mkdir(exist_ok=True)
        write_video(video, filmed_frames(scene, body), crf=scene.condition.crf)
    pose_sources = (justlmd.pose.landmarks, justlmd.pose.landmark_network, justlmd.pose.tracking)
    landmarks = CACHE / f"{_digest(video.read_bytes(), *(inspect.getsource(module) for module in pose_sources))}.npz"
    if not landmarks.is_file():
        write_keypoints2d(landmarks, estimate_keypoints2d(video))
    return video, read_keypoints2d(landmarks)


def _digest(*parts: str | bytes) -> str:
    whole = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        whole.update(len(content).to_bytes(8, "big") + content)
    return whole.hexdigest()[:24]


def filmed_frames(scene: Take, body: Body) -> Iterator[np.ndarray]:
    """Frames (H, W, 3) uint8 of the video, with everything that the condition asks for."""
    condition, rng = scene.condition, np.random.default_rng(scene.condition.seed)
    occluder = _occluder(condition, scene, rng)
    for frame in rendered_frames(scene, body):
        if occluder is not None:
            left, top, right, bottom = occluder
            frame[top:bottom, left:right] = (92, 70, 52)
        values = frame.astype(np.float32) * condition.light
        if condition.blur:
            values = cv2.GaussianBlur(values, (0, 0), condition.blur)
        if condition.noise:
            values += rng.normal(0, condition.noise, (*values.shape[:2], 1)).astype(np.float32)
        frame = values.clip(0, 255).astype(np.uint8)[:, condition.crop_x :]
        if condition.frame is not None:
            whole = np.zeros((condition.frame[1], condition.frame[0], 3), np.uint8)
            left, top = ((np.array(condition.frame) - condition.size) // 2).tolist()
            whole[top : top + frame.shape[0], left : left + frame.shape[1]] = frame
            frame = whole
        yield frame


def rendered_frames(scene: Take, body: Body) -> Iterator[np.ndarray]:
    """The dressed dancer in a room, frame by frame."""
    rng = np.random.default_rng(scene.condition.seed)
    wall, floor = rng.integers(90, 230, (2, 3))
    room = render_room(
        scene.camera,
        wall_z=scene.joints[..., 2].min() - 0.8,
        wall_color=tuple(wall),
        floor_colors=(tuple(floor), tuple((0.86 * floor).astype(int))),
    )
    colors = clothing_colors(body, rng)
    clothed = _clothed(body)
    for start in range(0, len(scene.motion), 64):
        part = scene.motion.cut(start, start + 64)
        vertices = skin(body, part.global_orient, part.body_pose, part.transl, part.betas)
        for frame, points in enumerate(vertices):
            if scene.condition.loose_m:
                points = points + scene.condition.loose_m * clothed[:, None] * _normals(points, body.faces)
            shaded = draw_shadow(room, scene.camera, scene.joints[start + frame, [0, 7, 8, 10, 11]], radius=0.22)
            yield render_mesh(scene.camera.to_camera(points), body.faces, colors, scene.camera.K, shaded)


def _clothed(body: Body) -> np.ndarray:
    """How far (V,) from 0 to 1 each vertex is under loose clothes: all but head, hands and feet."""
    bare = [JOINT_NAMES.index(name) for name in ("head", "neck")]
    bare += [n for n, name in enumerate(JOINT_NAMES) if name.endswith(("ankle", "foot", "wrist", "hand"))]
    return 1 - body.weights[:, bare].sum(1).clip(0, 1)


def _normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Outward directions (V, 3) at the vertices."""
    edges = vertices[faces]
    of_faces = np.cross(edges[:, 1] - edges[:, 0], edges[:, 2] - edges[:, 0])
    total = np.stack(
        [np.bincount(faces.ravel(), np.repeat(of_faces[:, k], 3), len(vertices)) for k in range(3)], axis=1
    )
    return total / np.linalg.norm(total, axis=1, keepdims=True).clip(1e-12)


def _occluder(condition: Condition, scene: Take, rng: np.random.Generator) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom in pixels of the thing that stands before the dancer."""
    if not condition.occluder:
        return None
    seen = scene.camera.project(scene.joints)
    x, knees = float(np.median(seen[:, 0, 0])), float(np.median(seen[:, 4:6, 1]))
    tall = float(np.median(seen[:, 7:9, 1].max(1) - seen[:, 15, 1]))
    if condition.occluder == "table":
        box = (x - 0.35 * tall, knees - 0.02 * tall, x + 0.35 * tall, knees + 0.5 * tall)
    else:
        middle = x + rng.uniform(-0.15, 0.15) * tall
        box = (middle - 0.04 * tall, 0, middle + 0.04 * tall, condition.size[1])
    low = np.array([0, 0, 0, 0])
    return tuple(np.clip(np.array(box), low, [*condition.size] * 2).astype(int).tolist())
