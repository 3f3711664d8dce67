"""MediaPipe's landmarks on the body: which bone carries each, and where; they are not SMPL's joints."""

import numpy as np

from justlmd.body.model import LANDMARK_JOINTS, MIRRORED_JOINTS, Body

# MediaPipe landmark: (bone that carries it, weight, offset in mm for the left side in the bone's rest axes x left,
# y up, z front). The offset is what MediaPipe's point adds to the body's own point; the right side mirrors x.
_FITTED = {
    0: (15, 0.6, (3, 8, -12)),  # nose, on the head
    7: (15, 0.5, (-23, -7, 15)),  # ear
    11: (13, 1.0, (-11, 19, -5)),  # shoulder, on the collar bone
    13: (16, 1.0, (-18, 0, -3)),  # elbow, on the upper arm
    15: (18, 1.0, (9, 9, 2)),  # wrist, on the forearm
    17: (20, 0.2, (-14, 0, 24)),  # little finger, on the hand
    19: (20, 0.2, (-21, -15, -12)),  # index finger
    23: (0, 0.7, (13, -4, 40)),  # hip, on the pelvis
    25: (1, 1.0, (1, -2, -9)),  # knee, on the thigh
    27: (4, 1.0, (3, 15, 7)),  # ankle, on the shank
    29: (7, 0.6, (-1, -9, 26)),  # heel, on the foot
    31: (7, 0.7, (21, 6, -30)),  # toe
}
LANDMARKS = tuple(sorted({*_FITTED, *(left + 1 for left in _FITTED if left != 0)}))
"""The 23 of MediaPipe's 33 landmarks that the fit uses."""


def mediapipe_landmarks(body: Body, transforms: np.ndarray, betas: np.ndarray) -> np.ndarray:
    """Positions (T, 23, 3) in metres of the body's :data:`LANDMARKS`, given joint transforms (T, 24, 4, 4)."""
    rest = body.rest_joints(betas)
    bones, _, points = fitted_points(rest, body.landmark_offsets)
    carriers = transforms[:, bones]
    return carriers[..., :3, 3] + (carriers[..., :3, :3] @ (points - rest[bones])[..., None])[..., 0]


def fitted_points(rest: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bones (23,), weights (23,) and rest positions (23, 3) in metres of :data:`LANDMARKS`."""
    own = rest[LANDMARK_JOINTS] + offsets
    bones, weights, points = [], [], []
    for landmark in LANDMARKS:
        left = landmark if landmark in _FITTED else landmark - 1
        bone, weight, offset = _FITTED[left]
        mirrored = landmark != left
        bones.append(MIRRORED_JOINTS[bone] if mirrored else bone)
        weights.append(weight)
        side = np.array([0.0 if landmark == 0 else -1.0 if mirrored else 1.0, 1.0, 1.0])
        points.append(own[landmark] + side * np.array(offset) / 1000)
    return np.array(bones), np.array(weights), np.array(points)
