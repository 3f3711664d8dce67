"""Known motion as a detector would report it, without any network."""

import numpy as np

from justlmd.body.kinematics import joint_transforms, landmarks
from justlmd.body.landmarks import LANDMARKS, mediapipe_landmarks
from justlmd.body.model import Body
from justlmd.motion.motion import FLIP, Motion, before_camera, to_yup
from justlmd.pose.keypoints import Keypoints2D


def seen(motion: Motion, body: Body, noise: float = 0.002) -> Keypoints2D:
    """``keypoints2d`` as a detector would find them before EasyMocap's camera whose points lie where MediaPipe's do."""
    camera = before_camera(motion, body)
    placed = to_yup(camera, body, floor=0.0)
    transforms = joint_transforms(body, placed.global_orient, placed.body_pose, placed.transl, placed.betas)
    points = landmarks(transforms, body.landmark_offsets)
    points[:, LANDMARKS] = mediapipe_landmarks(body, transforms, placed.betas)
    points = points * FLIP
    pixels = points[..., :2] / points[..., 2:] * camera.K[0, 0] + camera.K[:2, 2]
    box = np.ptp(pixels[..., 1], axis=1).mean()
    rng = np.random.default_rng(0)
    pixels = pixels + rng.normal(0, noise * box, pixels.shape)
    world = points + rng.normal(0, 15 * noise, points.shape)  # metres: depth is what a network knows least
    sure = np.full((*pixels.shape[:2], 1), 0.95)
    keypoints = np.concatenate([pixels, sure], axis=-1)
    return Keypoints2D.made(keypoints, world - world[:, 23:25].mean(1, keepdims=True), (1280, 720), "projected")
