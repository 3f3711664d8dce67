"""Film dances for :mod:`tools.train_lifter`: varied motion, rendered before random cameras and seen by the networks.

    python -m tools.film_takes --mocap DIR --takes 100 --seed 1 --out takes.npz

The dances are the project's own choreographies, random movement, and motion capture of free terms. Some takes keep them
as they were danced; in the others limbs come from other dances and the joints wander.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from demo.build import motion_of
from demo.random_songs import random_song
from justlmd.body.camera import Camera, assumed_focal_px, look_at
from justlmd.body.clothing import clothing_colors
from justlmd.body.kinematics import joint_transforms, skin
from justlmd.body.landmarks import fitted_points, mediapipe_landmarks
from justlmd.body.model import Body, load_body
from justlmd.core.files import write_npz
from justlmd.core.rotations import interpolated_rotations, matrix_to_axis_angle, rotation_matrices, swing
from justlmd.motion.importers.formats import read_yup_motion
from justlmd.motion.motion import Motion, mirror
from justlmd.pose.landmark_network import PersonTracker, PoseNetworks
from justlmd.pose.landmarks import MISSING
from justlmd.preview.renderer import draw_shadow, render_mesh, render_room

OWN_DANCES = 12
JUMP_M = 0.12
"""Metres per frame^2 beyond which a joint of a capture is taken to have jumped."""
SIZES = ((854, 480), (854, 480), (640, 480), (480, 854))
LEFT_ARM, RIGHT_ARM, LEGS = (13, 16, 18, 20, 22), (14, 17, 19, 21, 23), (1, 2, 4, 5, 7, 8, 10, 11)
WANDER = {1: 0.6, 2: 0.6, 3: 0.4, 4: 0.5, 5: 0.5, 6: 0.4, 9: 0.4, 12: 0.5, 13: 0.2, 14: 0.2, 15: 0.5, 16: 1, 17: 1,
          18: 0.7, 19: 0.7}  # fmt: skip
"""Joints that wander, and by how much of the take's amplitude."""


@dataclass(frozen=True)
class Dance:
    """A motion, y-up, and what it comes from: figures are cross-fitted by ``source``."""

    source: str
    motion: Motion


@dataclass(frozen=True)
class Take:
    """What a camera saw of T frames.

    ``joints`` (T, 24, 3) and ``points`` (T, 23, 3) are the true joints and landmarks in camera axes, metres, ``rest``
    (23, 3) landmarks of the unposed body; ``keypoints`` and ``world`` (T, 33, 3) as the networks saw them, NaN where
    nobody was found; ``focal`` in pixels, ``size`` (width, height).
    """

    source: str
    joints: np.ndarray
    points: np.ndarray
    rest: np.ndarray
    focal: float
    size: tuple[int, int]
    keypoints: np.ndarray
    world: np.ndarray


def own_dances(body: Body) -> list[Dance]:
    """Choreographies of random songs, none of which is a song of the demo."""
    return [Dance("demo", motion_of(random_song(seed), body)) for seed in range(OWN_DANCES)]


def captured_dances(folder: Path, body: Body) -> list[Dance]:
    """The motion capture of a folder's BVH files; ``cmu_60_01.bvh`` and ``cmu_60_02.bvh`` are of one source."""
    files = sorted(folder.glob("*.bvh"))
    return [Dance(re.sub(r"_[0-9]+$", "", file.stem), _marked(read_yup_motion(file, body), body)) for file in files]


def random_dances(body: Body) -> list[Dance]:
    """Movement without style: arms point anywhere, legs bend and step, from one random pose to the next."""
    return [Dance("random", _random_motion(np.random.default_rng([7, seed]))) for seed in range(OWN_DANCES)]


def _random_motion(rng: np.random.Generator, frames: int = 1200) -> Motion:
    """Random poses, held and reached within a third of a second to a second; rotation vectors of SMPL's joints."""
    at = np.cumsum(rng.uniform(6, 30, frames // 6))
    keys = np.zeros((len(at), 24, 3))
    keys[:, 0] = rng.normal(0, 1, (len(at), 3)) * [0.12, 0.25, 0.12]
    for joint, spread in {3: 0.1, 6: 0.1, 9: 0.1, 12: 0.15, 15: 0.2, 13: 0.1, 14: 0.1, 7: 0.2, 8: 0.2}.items():
        keys[:, joint] = rng.normal(0, spread, (len(at), 3))
    for side, hip, knee, shoulder, elbow in ((1, 1, 4, 16, 18), (-1, 2, 5, 17, 19)):
        bend = rng.exponential(0.35, len(at)).clip(max=1.6)
        keys[:, hip] = np.stack(
            [0.2 - bend, rng.normal(0, 0.3, len(at)), side * rng.normal(0.1, 0.25, len(at))], axis=1
        )
        keys[:, knee, 0] = (bend * rng.uniform(0.6, 1.8, len(at)) + rng.normal(0, 0.15, len(at))).clip(0, 2.2)
        aim = rng.normal(0, 1, (len(at), 3)) + [0.35 * side, -0.2, 0.5]
        twist = Rotation.from_rotvec(rng.normal(0, 0.6, (len(at), 1)) * [1.0, 0, 0])
        keys[:, shoulder] = (swing(np.tile([float(side), 0, 0], (len(at), 1)), aim) * twist).as_rotvec()
        keys[:, elbow, 1] = -side * rng.triangular(0, 0.4, 2.4, len(at))
        keys[:, elbow, 0] = rng.normal(0, 0.3, len(at))
    vectors = interpolated_rotations(keys.reshape(len(at), 72), at, np.arange(frames))
    matrices = gaussian_filter1d(rotation_matrices(vectors.reshape(frames, 24, 3)), 2.5, axis=0)
    u, _, vt = np.linalg.svd(matrices)
    vectors = matrix_to_axis_angle(u @ vt).reshape(frames, 72)
    place = gaussian_filter1d(rng.normal(0, 1, (frames, 3)), 15, axis=0) * [1.5, 0, 1.5] + [0, 0.9, 0]
    return Motion(vectors[:, :3], vectors[:, 3:], place, np.zeros(10), np.ones(frames, bool))


def _marked(motion: Motion, body: Body) -> Motion:
    """``valid`` is False about frames in which the capture jumped."""
    bend = np.linalg.norm(np.diff(motion.joints(body), n=2, axis=0), axis=-1).max(1)
    jumps = np.flatnonzero(bend > JUMP_M) + 1
    valid = motion.valid.copy()
    for frame in jumps:
        valid[max(frame - 2, 0) : frame + 3] = False
    return replace(motion, valid=valid)


def varied(dances: Sequence[Dance], index: int, frames: int, rng: np.random.Generator, natural: bool) -> Motion:
    """A part of a dance of ``frames`` frames on a random body, at another speed, turned, perhaps mirrored.

    Unless it is to stay ``natural``, limbs come from dances of the same source or the project's own, and joints wander.
    """
    own = dances[index]
    motion = _at_speed(own.motion, frames, rng, natural)
    pose = motion.body_pose.reshape(frames, 23, 3).copy()
    if not natural:
        others = [dance for dance in dances if dance.source in (own.source, "demo", "random")]
        for limb, chance in ((LEFT_ARM, 0.4), (RIGHT_ARM, 0.4), (LEGS, 0.3)):
            if rng.random() < chance:
                other = _at_speed(others[rng.integers(len(others))].motion, frames, rng, natural)
                places = np.array(limb) - 1
                pose[:, places] = other.body_pose.reshape(frames, 23, 3)[:, places]
        amplitude = rng.uniform(0, 0.3)
        for joint, share in WANDER.items():
            way = gaussian_filter1d(rng.normal(size=(frames, 3)), rng.uniform(5, 15), axis=0, mode="wrap")
            way = amplitude * share * (way / way.std() + 0.5 * rng.normal(size=3))
            turned = rotation_matrices(pose[:, joint - 1]) @ rotation_matrices(way)
            pose[:, joint - 1] = matrix_to_axis_angle(turned)
    yaw = rng.normal(0, 0.6) if rng.random() < 0.7 else rng.uniform(-np.pi, np.pi)
    turn = rotation_matrices(np.array([0, yaw, 0]))
    motion = replace(
        motion,
        body_pose=pose.reshape(frames, 69),
        global_orient=matrix_to_axis_angle(turn @ rotation_matrices(motion.global_orient)),
        transl=motion.transl @ turn.T,
        betas=rng.normal(0, 1, 10) * [1.3, *[0.8] * 9],
    )
    return mirror(motion) if rng.random() < 0.5 else motion


def _at_speed(motion: Motion, frames: int, rng: np.random.Generator, natural: bool) -> Motion:
    """``frames`` frames from anywhere in a motion, played faster or slower."""
    speed = 1.0 if natural else float(rng.uniform(0.6, 1.5))
    speed = min(speed, (len(motion) - 2) / frames)
    starts = rng.uniform(0, max(len(motion) - 1 - speed * (frames - 1), 0), 20)
    wrong = [(~motion.valid[int(start) : int(start + speed * frames) + 1]).sum() for start in starts]
    at = starts[int(np.argmin(wrong))] + speed * np.arange(frames)
    low, high = int(at[0]), int(np.ceil(at[-1])) + 1
    times = np.arange(low, min(high, len(motion)))
    vectors = np.concatenate([motion.global_orient, motion.body_pose], axis=1)[low:high]
    turned = interpolated_rotations(vectors, times, at)
    place = np.stack([np.interp(at, times, axis) for axis in motion.transl[low:high].T], axis=1)
    place = place - place.mean(0) * [1, 0, 1]
    return Motion(turned[:, :3], turned[:, 3:], place, np.zeros(10), np.ones(frames, bool))


def random_camera(joints: np.ndarray, rng: np.random.Generator) -> Camera:
    """A camera from 10 degrees below to 20 above, of unknown focal length; the dancer fills 25 to 95 % of it."""
    size = SIZES[rng.integers(len(SIZES))]
    focal = assumed_focal_px(size) * float(np.exp(rng.uniform(np.log(0.8), np.log(1.6))))
    low, high = joints.reshape(-1, 3).min(0) - 0.15, joints.reshape(-1, 3).max(0) + 0.15
    middle, extent = (low + high) / 2, high - low
    away = max(extent[1] / size[1], extent[0] / size[0]) * focal
    away = away / rng.uniform(0.75, 1.05) * (1 if rng.random() < 0.8 else rng.uniform(1, 2))
    pitch = np.deg2rad(rng.uniform(-10, 20)) if rng.random() < 0.7 else 0.0
    distance = away + extent[2] / 2
    position = middle + distance * np.array([0, np.sin(pitch), np.cos(pitch)])
    spare = 1 - min(max(extent[1] * focal / away / size[1], extent[0] * focal / away / size[0]), 1)
    aside = rng.uniform(-0.5, 0.5, 2) * spare * np.array(size) / focal * away * [1, 0.5]
    return look_at(position + [*aside, 0], middle + [*aside, 0], size, focal)


def true_points(motion: Motion, camera: Camera, body: Body) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks (T, 23, 3) in camera axes, and those (23, 3) of the unposed body, metres."""
    transforms = joint_transforms(body, motion.global_orient, motion.body_pose, motion.transl, motion.betas)
    points = mediapipe_landmarks(body, transforms, motion.betas)
    return camera.to_camera(points), fitted_points(body.rest_joints(motion.betas), body.landmark_offsets)[2]


def filmed(motion: Motion, camera: Camera, body: Body, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Frames of the dressed dancer in a room; every third take is dim, noisy or blurred."""
    joints = motion.joints(body)
    wall, floor = rng.integers(60, 230, (2, 3))
    room = render_room(
        camera,
        wall_z=joints[..., 2].min() - rng.uniform(0.5, 2),
        wall_color=tuple(wall),
        floor_colors=(tuple(floor), tuple((0.86 * floor).astype(int))),
    )
    colors = clothing_colors(body, rng)
    light, noise, blur = 1.0, 0.0, 0.0
    if rng.random() < 0.35:
        light, noise, blur = rng.uniform(0.35, 1.0), rng.uniform(0, 14), rng.uniform(0, 1.6)
    for start in range(0, len(motion), 64):
        part = motion.cut(start, start + 64)
        for number, vertices in enumerate(skin(body, part.global_orient, part.body_pose, part.transl, part.betas)):
            frame = draw_shadow(room, camera, joints[start + number, [0, 7, 8, 10, 11]], radius=0.22)
            frame = render_mesh(camera.to_camera(vertices), body.faces, colors, camera.K, frame)
            if blur > 0.3:
                frame = cv2.GaussianBlur(frame, (0, 0), blur)
            if noise > 0 or light < 1:
                shaded = frame * np.float32(light) + noise * rng.standard_normal(frame.shape, np.float32)
                frame = shaded.clip(0, 255).astype(np.uint8)
            yield frame


def taken(dance_source: str, motion: Motion, camera: Camera, body: Body, rng: np.random.Generator) -> Take:
    """Film a motion and follow the dancer through it."""
    points, rest = true_points(motion, camera, body)
    tracker = PersonTracker(PoseNetworks())
    found = [tracker(frame) for frame in filmed(motion, camera, body, rng)]
    keypoints = np.stack([MISSING if one is None else one.keypoints for one in found])
    world = np.stack([MISSING if one is None else one.world for one in found])
    joints = camera.to_camera(motion.joints(body))
    return Take(dance_source, joints, points, rest, float(camera.K[0, 0]), camera.size, keypoints, world)


def write_takes(path: Path, takes: Sequence[Take]) -> None:
    """Keep takes for later training runs."""
    write_npz(path, **{name: np.array([getattr(take, name) for take in takes]) for name in Take.__dataclass_fields__})


def read_takes(path: Path) -> list[Take]:
    """What :func:`write_takes` wrote."""
    with np.load(path, allow_pickle=False) as file:
        fields = {name: file[name] for name in Take.__dataclass_fields__}
    return [
        Take(**{name: values[n] if values[n].ndim else values[n].item() for name, values in fields.items()})
        for n in range(len(fields["source"]))
    ]


def main() -> None:
    """Film takes of all sources in turn."""
    parser = argparse.ArgumentParser(prog="python -m tools.film_takes", description=__doc__.splitlines()[0])
    parser.add_argument("--mocap", type=Path, required=True, help="folder of the motion capture's BVH files")
    parser.add_argument("--takes", type=int, default=100, help="how many (default: %(default)s)")
    parser.add_argument("--frames", type=int, default=120, help="of each (default: %(default)s)")
    parser.add_argument("--natural", type=float, default=0.4, help="share that stays as danced (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    arguments = parser.parse_args()
    body = load_body()
    dances = own_dances(body) + random_dances(body) + captured_dances(arguments.mocap, body)
    sources = sorted({dance.source for dance in dances})
    takes = []
    for number in range(arguments.takes):
        rng = np.random.default_rng([arguments.seed, number])
        source = sources[number % len(sources)]
        index = int(rng.choice([n for n, dance in enumerate(dances) if dance.source == source]))
        motion = varied(dances, index, arguments.frames, rng, natural=rng.random() < arguments.natural)
        takes.append(taken(source, motion, random_camera(motion.joints(body), rng), body, rng))
        print(number, source, f"found in {np.isfinite(takes[-1].keypoints[:, 0, 0]).mean():.0%} of frames", flush=True)
        if number % 10 == 9 or number == arguments.takes - 1:
            write_takes(arguments.out, takes)


if __name__ == "__main__":
    main()
