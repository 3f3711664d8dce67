"""Motion of one dancer: ``smplfull.json`` as it is, and the y-up form that the rest of the library uses.

``smplfull.json`` follows EasyMocap: camera axes x right, y down, z forward, and ``x = R(Rh) smpl(poses, shapes) + Th``
turns about the template's ORIGIN. :class:`Motion` follows ``smplx``: y up, the root turns about the pelvis ``J0``.
With ``F = diag(1, -1, -1)``: ``transl = F (R(Rh) J0 + Th) - J0``. This module is the only place that converts.
"""

from dataclasses import dataclass, replace

import numpy as np

from justlmd.body.camera import intrinsics
from justlmd.body.kinematics import forward_kinematics, mirrored_pose
from justlmd.body.model import Body
from justlmd.core.rotations import matrix_to_axis_angle, rotation_matrices

FLIP = np.array([1.0, -1.0, -1.0])
"""Camera axes (y down, z forward) to y up (z backward) and back: half a turn about x."""

Y_TO_Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""A quarter turn about x: what was up (y) becomes z, and who looked along +z looks along -y."""


@dataclass(frozen=True)
class CameraMotion:
    """What ``smplfull.json`` holds, for T frames from frame 0 on.

    ``poses`` (T, 72) axis-angle in radians with the root's three zero, ``Rh`` (T, 3) root orientation, ``Th`` (T, 3)
    metres, ``shapes`` (10,), ``K`` (3, 3) camera matrix in pixels, ``valid`` (T,): False where the file has no such
    frame (its values are then interpolated).
    """

    poses: np.ndarray
    Rh: np.ndarray
    Th: np.ndarray
    shapes: np.ndarray
    K: np.ndarray
    valid: np.ndarray

    @classmethod
    def without_person(cls, frames: int, K: np.ndarray, shapes: np.ndarray | None = None) -> "CameraMotion":
        """A motion of ``frames`` frames in none of which a person was found; ``shapes`` (10,) None means zeros."""
        return cls(
            poses=np.zeros((frames, 72)),
            Rh=np.zeros((frames, 3)),
            Th=np.zeros((frames, 3)),
            shapes=np.zeros(10) if shapes is None else shapes,
            K=K,
            valid=np.zeros(frames, bool),
        )

    def cut(self, start: int, stop: int | None = None) -> "CameraMotion":
        """Frames ``start`` to ``stop`` (exclusive; None: to the end)."""
        return replace(self, **{name: getattr(self, name)[start:stop] for name in ("poses", "Rh", "Th", "valid")})


@dataclass(frozen=True)
class Motion:
    """Motion in the y-up world with the floor at y = 0, metres and radians, as the ``smplx`` package defines it.

    ``global_orient`` (T, 3) and ``body_pose`` (T, 69) axis-angle, ``transl`` (T, 3), ``betas`` (10,), ``valid`` (T,).
    """

    global_orient: np.ndarray
    body_pose: np.ndarray
    transl: np.ndarray
    betas: np.ndarray
    valid: np.ndarray

    def __len__(self) -> int:
        return len(self.transl)

    def cut(self, start: int, stop: int) -> "Motion":
        """Frames ``start`` to ``stop`` (exclusive)."""
        fields = ("global_orient", "body_pose", "transl", "valid")
        return replace(self, **{name: getattr(self, name)[start:stop] for name in fields})

    def joints(self, body: Body) -> np.ndarray:
        """Joint positions (T, 24, 3) in metres."""
        return forward_kinematics(body, self.global_orient, self.body_pose, self.transl, self.betas)


LONGEST_BRIDGED_GAP = 10
"""Frames without a person that recovery may bridge (a third of a second); longer gaps are marked invalid."""


def bridged(seen: np.ndarray, longest_gap: int) -> np.ndarray:
    """True for seen frames and for gaps of at most ``longest_gap`` frames between them; (T,) bool."""
    index = np.arange(len(seen))
    before = np.maximum.accumulate(np.where(seen, index, -len(seen) - longest_gap))
    after = np.minimum.accumulate(np.where(seen, index, 2 * len(seen) + longest_gap)[::-1])[::-1]
    return after - before <= longest_gap + 1


def runs(mask: np.ndarray, start_frame: int = 0) -> list[list[int]]:
    """Stretches [start, stop) of a mask (T,), counted from ``start_frame``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(mask, np.int8), [0]])))
    return [[int(a) + start_frame, int(b) + start_frame] for a, b in edges.reshape(-1, 2)]


def floor_height(motion: CameraMotion, body: Body, own_shapes: bool = True, pitch_deg: float = 0.0) -> float:
    """Height of the floor in metres above the camera (negative: below it), which looks down by ``pitch_deg``.

    The 5th percentile over the valid frames of the lowest joint, less the sole's thickness below it in the rest pose.
    """
    joints = to_yup(motion, body, 0.0, own_shapes, pitch_deg).joints(body)[motion.valid]
    sole = body.rest_joints()[:, 1].min() - float(body.v_template[:, 1].min())
    return float(np.percentile(joints[:, :, 1].min(axis=1), 5) - sole)


def to_yup(
    motion: CameraMotion, body: Body, floor: float | str = "auto", own_shapes: bool = True, pitch_deg: float = 0.0
) -> Motion:
    """Turn camera motion into y-up motion with the floor at 0.

    Parameters
    ----------
    motion
        What :func:`read_smplfull` returns
    body
        The body model whose rest pelvis J0 the conversion needs
    floor
        Height of the floor above the camera in metres, or "auto" for :func:`floor_height`
    own_shapes
        False when ``shapes`` belong to another body model than ``body``; they are then left out (zeros)
    pitch_deg
        Degrees by which the camera looks down; 0 keeps its axes, but for their signs
    """
    height = floor_height(motion, body, own_shapes, pitch_deg) if isinstance(floor, str) else float(floor)
    betas = np.asarray(motion.shapes, float) if own_shapes else np.zeros(10)
    pelvis = body.rest_joints(betas)[0]
    turn = rotation_matrices(motion.Rh)
    position = turn @ pelvis + motion.Th
    axes = _camera_axes(pitch_deg)
    orient = axes @ turn @ rotation_matrices(motion.poses[:, :3])
    return Motion(
        global_orient=matrix_to_axis_angle(orient),
        body_pose=motion.poses[:, 3:].copy(),
        transl=position @ axes.T - pelvis - [0, height, 0],
        betas=betas,
        valid=motion.valid.copy(),
    )


def _camera_axes(pitch_deg: float) -> np.ndarray:
    """From the axes of a camera that looks down by ``pitch_deg`` to the y-up world's: (3, 3)."""
    sin, cos = np.sin(np.radians(pitch_deg)), np.cos(np.radians(pitch_deg))
    return np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]]) * FLIP


def to_camera(
    motion: Motion, body: Body, K: np.ndarray, floor_offset: float = 0.0, pitch_deg: float = 0.0
) -> CameraMotion:
    """The inverse of :func:`to_yup`; ``floor_offset`` is the height that was taken for the floor there."""
    pelvis = body.rest_joints(motion.betas)[0]
    axes = _camera_axes(pitch_deg)
    turn = axes.T @ rotation_matrices(motion.global_orient)
    position = (motion.transl + pelvis + [0, floor_offset, 0]) @ axes
    return CameraMotion(
        poses=np.concatenate([np.zeros((len(motion), 3)), motion.body_pose], axis=1),
        Rh=matrix_to_axis_angle(turn),
        Th=position - turn @ pelvis,
        shapes=np.asarray(motion.betas, float),
        K=np.asarray(K, float),
        valid=motion.valid.copy(),
    )


def before_camera(motion: Motion, body: Body, size: tuple[int, int] = (1280, 720)) -> CameraMotion:
    """The camera motion of a dance without a video: 3.5 m in front of a camera 1 m above the floor.

    ``size`` (width, height) in pixels of the imagined frames gives the :func:`~justlmd.body.camera.intrinsics`.
    """
    return to_camera(replace(motion, transl=motion.transl + [0, 0, -3.5]), body, intrinsics(size), floor_offset=-1.0)


def mirror(motion: Motion) -> Motion:
    """The same dance with left and right exchanged, in the mirror plane x = 0."""
    pose = np.concatenate([motion.global_orient, motion.body_pose], axis=1).reshape(-1, 24, 3)
    flipped = mirrored_pose(pose).reshape(-1, 72)
    return replace(motion, global_orient=flipped[:, :3], body_pose=flipped[:, 3:], transl=motion.transl * [-1, 1, 1])
