"""Known dances, and how each is filmed: the takes on which recovery is judged.

Two kinds of truth: songs (``DIR/motion/*/smplfull.json``, recovered by EasyMocap from real dancers) and motion capture
(``DIR/mocap/*.bvh``, retargeted). Each kind is split: weights are tuned on one half and figures reported on the other.
Songs are split by song; of motion capture, subject 60's clips with odd numbers are for tuning, and everything else,
among it subjects of whom nothing is in the first half, is for reporting.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from justlmd.body.camera import Camera, assumed_focal_px, look_at
from justlmd.body.model import Body
from justlmd.core.rotations import matrix_to_axis_angle, rotation_matrices
from justlmd.motion.importers.formats import read_yup_motion
from justlmd.motion.motion import Motion

SIZE = (1280, 720)
TUNED_SONGS = ("Panini", "TheWayIAre")


@dataclass(frozen=True)
class Condition:
    """How a dance is filmed and what becomes of the film; 1.75 m tall, seen level from the front where nothing is said.

    ``share``: stature in parts of the frame's height; ``focal``: times the one that the fit assumes; ``eye_m``: height
    of the camera, which looks at the dancer's middle, or straight ahead when ``level``; ``size`` of what is filmed and
    ``frame`` of the video, which is wider or higher by black bars; ``crop_x``: so many pixels are cut off at the left;
    ``shape``: spread of the shape parameters; ``loose_m``: clothes off the body. ``blur`` and ``noise`` in
    pixels and grey levels, ``light``: share of it, ``crf`` of the encoding, ``occluder``: "", "table" or "pole".
    """

    name: str
    seed: int = 1
    yaw_deg: float = 0.0
    height_m: float = 1.75
    shape: float = 0.5
    loose_m: float = 0.0
    focal: float = 1.0
    share: float = 0.6
    eye_m: float | None = None
    level: bool = False
    size: tuple[int, int] = SIZE
    frame: tuple[int, int] | None = None
    crop_x: int = 0
    blur: float = 0.0
    noise: float = 0.0
    light: float = 1.0
    crf: int = 20
    occluder: str = ""


PORTRAIT = (406, 720)
CONDITIONS = (
    Condition("plain", 1),
    Condition("turned 40", 2, yaw_deg=40),
    Condition("side, 75", 3, yaw_deg=75),
    Condition("from behind", 4, yaw_deg=180),
    Condition("1.50 m tall", 5, height_m=1.50),
    Condition("1.95 m tall", 6, height_m=1.95),
    Condition("other shape", 7, shape=1.5),
    Condition("focal 0.8", 8, focal=0.8),
    Condition("focal 1.6", 9, focal=1.6),
    Condition("camera 2.4 m high", 10, eye_m=2.4),
    Condition("camera 0.3 m low", 11, eye_m=0.3),
    Condition("camera 1.7 m, level", 12, eye_m=1.7, level=True),
    Condition("far, 20 %", 13, share=0.2),
    Condition("near, 90 %", 14, share=0.9),
    Condition("portrait in bars", 15, size=PORTRAIT, frame=SIZE),
    Condition("wide in bars", 16, size=(1280, 544), frame=SIZE),
    Condition("cut off centre", 17, crop_x=300),
    Condition("loose clothes", 18, loose_m=0.035),
    Condition("blurred", 19, blur=3.0),
    Condition("noisy", 20, noise=25.0),
    Condition("low light", 21, light=0.18, noise=6.0),
    Condition("compressed", 22, crf=42),
    Condition("behind a table", 23, occluder="table"),
    Condition("behind a pole", 24, occluder="pole"),
    Condition("mixed 1", 25, 35, 1.6, 1.0, 0.0, 1.3, 0.35, 1.9, blur=1.5, crf=32),
    Condition("mixed 2", 26, -50, 1.9, 1.0, 0.02, 0.85, 0.7, 0.5, noise=10),
    Condition("mixed 3", 27, -20, 1.55, 0.8, 0.02, 1.5, 0.5, 1.4, size=PORTRAIT, frame=SIZE, crf=30),
    Condition("mixed 4", 28, 15, 1.83, 1.2, 0.0, 1.15, 0.8, 1.6, True, occluder="table", light=0.5),
)
SHORT = (
    "plain",
    "turned 40",
    "1.95 m tall",
    "focal 1.6",
    "camera 2.4 m high",
    "portrait in bars",
    "mixed 1",
    "mixed 2",
)
"""The conditions of the short form."""


@dataclass(frozen=True)
class Dance:
    """A dance of known motion: ``kind`` song or mocap, ``subject`` or song, ``half`` tune or report."""

    kind: str
    name: str
    subject: str
    half: str
    motion: Motion


@dataclass(frozen=True)
class Take:
    """One dance as it was filmed; motion in the y-up world, floor at 0."""

    dance: str
    kind: str
    subject: str
    condition: Condition
    motion: Motion
    camera: Camera
    joints: np.ndarray

    @property
    def truth(self) -> np.ndarray:
        """Joints (T, 24, 3) along the camera's axes, y up: what recovery, which knows no world, is compared with."""
        return self.joints @ self.camera.rotation.T * [1, -1, -1]


def dances(data: Path, body: Body) -> list[Dance]:
    """All dances of a folder laid out as DIR/motion/SONG/smplfull.json and DIR/mocap/*.bvh."""
    found = []
    for path in sorted(data.glob("motion/*/smplfull.json")):
        motion = read_yup_motion(path, body)
        half = "tune" if path.parent.name.startswith(TUNED_SONGS) else "report"
        found.append(Dance("song", path.parent.name[:10], path.parent.name[:10], half, motion))
    for path in sorted(data.glob("mocap/*.bvh")):
        numbers = re.findall(r"\d+", path.stem)
        subject = f"subject {numbers[0]}" if numbers else path.stem[:12]
        half = "tune" if numbers[:1] == ["60"] and int(numbers[-1]) % 2 else "report"
        found.append(Dance("mocap", path.stem[:12], subject, half, read_yup_motion(path, body)))
    return found


def takes(
    data: Path,
    body: Body,
    half: str,
    frames: int,
    conditions: tuple[Condition, ...] = CONDITIONS,
    only: str | None = None,
) -> Iterator[Take]:
    """One take of every condition from each kind of truth (or ``only`` one); dances and their seconds take turns."""
    known = dances(data, body)
    for kind in ("song", "mocap") if only is None else (only,):
        ours = [dance for dance in known if dance.kind == kind and dance.half == half]
        if kind == "mocap":  # one clip of each subject in turn, so that a subject with many does not stand for all
            subjects = sorted({dance.subject for dance in ours})
            clips = [[dance for dance in ours if dance.subject == subject] for subject in subjects]
            ours = [group[turn % len(group)] for turn in range(max(map(len, clips), default=0)) for group in clips]
        for number, condition in enumerate(CONDITIONS) if ours else ():
            if condition not in conditions:
                continue
            dance = ours[number % len(ours)]
            places = np.random.default_rng([condition.seed, half == "tune"]).random()
            start = int(places * max(len(dance.motion) - frames, 0))
            yield take(dance, condition, dance.motion.cut(start, start + frames), body)


def demo_take(song_id: str, start: int, stop: int, condition: Condition, body: Body) -> Take:
    """Frames ``start`` to ``stop`` of a dance of the demo, which needs no data."""
    from demo.build import motion_of
    from demo.song_list import song_by_id

    motion = motion_of(song_by_id(song_id), body).cut(start, stop)
    return take(Dance("demo", song_id, song_id, "", motion), condition, motion, body)


def take(dance: Dance, condition: Condition, motion: Motion, body: Body) -> Take:
    """Shape, turn and place a dance, and put up a camera that has it in view."""
    betas = shape_of(condition, body)
    turn = rotation_matrices(np.array([0, np.deg2rad(condition.yaw_deg), 0]))
    pelvis = body.rest_joints(betas)[0]
    size = pelvis[1] - body.rest_vertices(betas)[:, 1].min()
    usual = body.rest_joints()[0, 1] - body.v_template[:, 1].min()
    place = motion.transl + body.rest_joints()[0]
    place = (place - place.mean(0) * [1, 0, 1]) * (size / usual)  # longer legs make longer steps
    motion = replace(
        motion,
        global_orient=matrix_to_axis_angle(turn @ rotation_matrices(motion.global_orient)),
        transl=place @ turn.T - pelvis,
        betas=betas,
    )
    joints = motion.joints(body)
    return Take(dance.name, dance.kind, dance.subject, condition, motion, camera_of(condition, joints), joints)


def shape_of(condition: Condition, body: Body) -> np.ndarray:
    """Shape parameters (10,) by the condition's seed, the first such that the body is as tall as it asks."""
    betas = np.random.default_rng(condition.seed).normal(0, condition.shape, 10).clip(-2, 2)
    for _ in range(3):
        stature = np.ptp(body.rest_vertices(betas)[:, 1])
        taller = np.ptp(body.rest_vertices(betas + np.eye(10)[0])[:, 1])
        betas[0] += (condition.height_m - stature) / (taller - stature)
    return betas


def camera_of(condition: Condition, joints: np.ndarray) -> Camera:
    """As near as the condition asks, farther where the dance would leave the frame by more than a little.

    The principal point is that of the video with its bars and cuts.
    """
    focal = assumed_focal_px(condition.size) * condition.focal
    middle = np.array([0, 0.53 * condition.height_m, 0])
    distance = focal * condition.height_m / (condition.share * condition.size[1])
    for _ in range(60):
        eye = np.array([0, middle[1] if condition.eye_m is None else condition.eye_m, distance])
        camera = look_at(eye, middle * [1, 0, 1] + [0, eye[1], 0] if condition.level else middle, condition.size, focal)
        seen = camera.project(joints)
        inside = ((seen >= 0) & (seen <= np.array(condition.size))).all(-1).mean()
        if inside >= 0.95 and camera.to_camera(joints)[..., 2].min() > 0.5:
            break
        distance *= 1.06
    return camera


def video_camera(condition: Condition, camera: Camera) -> np.ndarray:
    """Camera matrix (3, 3) of the video that is made of what the camera filmed."""
    K = camera.K.copy()
    if condition.frame is not None:
        K[:2, 2] += (np.array(condition.frame) - condition.size) // 2
    K[0, 2] -= condition.crop_x
    return K
