"""2D points without depth, made fit for the fit: what is missing is guessed and marked as unseen.

Depth comes from foreshortening (Taylor 2000): a bone of known length that looks shorter leans towards the camera or
away from it. Which of the two follows from how people are built: knees and hands lie before the body rather than
behind it, and the nose tells where the body faces. The guess only has to be good enough to start from.
"""

from dataclasses import replace

import numpy as np
from scipy.ndimage import median_filter

from justlmd.body.model import LANDMARK_JOINTS, LANDMARK_NAMES, Body
from justlmd.pose.keypoints import Keypoints2D

_AT = {name: index for index, name in enumerate(LANDMARK_NAMES)}
# Landmark: (the one it hangs on, leans to the front (1), to the back (-1) or with what it hangs on (0)).
_TREE = {
    "knee": ("hip", 1), "ankle": ("knee", -1), "heel": ("ankle", 0), "foot_index": ("ankle", 1),
    "elbow": ("shoulder", 1), "wrist": ("elbow", 1), "pinky": ("wrist", 0), "index": ("wrist", 0),
    "thumb": ("wrist", 0),
}  # fmt: skip


def with_every_landmark(keypoints2d: Keypoints2D, body: Body) -> Keypoints2D:
    """The same 2D points with a place for every landmark of a frame.

    Parameters
    ----------
    keypoints2d
        Keypoints in which single landmarks of a frame may be NaN.
    body
        Its proportions stand for the dancer's.

    Returns
    -------
    A copy in which guessed landmarks have visibility 0. Frames without both hips and both shoulders are NaN and not
    ``detected``.
    """
    keypoints = keypoints2d.keypoints.astype(np.float64)
    torso = [_AT[f"{side}_{part}"] for part in ("shoulder", "hip") for side in ("left", "right")]
    usable = np.asarray(np.isfinite(keypoints[:, torso]).all((1, 2)))
    seen = keypoints[usable]
    _fill_unseen(seen, _rest(body))
    keypoints[usable], keypoints[~usable] = seen, np.nan
    return replace(keypoints2d, keypoints=keypoints.astype(np.float32), detected=usable)


def completed(keypoints2d: Keypoints2D, body: Body) -> Keypoints2D:
    """:func:`with_every_landmark`, and with guessed ``world`` coordinates where a frame has none (metres about the
    hips, camera axes).
    """
    keypoints2d = with_every_landmark(keypoints2d, body)
    world = keypoints2d.world.astype(np.float64)
    without = keypoints2d.detected & ~np.isfinite(world).all((1, 2))
    if without.any():
        world[without] = _lifted(keypoints2d.keypoints[without].astype(np.float64), _rest(body))
    return replace(keypoints2d, world=world.astype(np.float32))


def _rest(body: Body) -> np.ndarray:
    """Landmarks (33, 3) of the unposed body in metres."""
    return body.rest_joints()[LANDMARK_JOINTS] + body.landmark_offsets


def _fill_unseen(points: np.ndarray, rest: np.ndarray) -> None:
    """Give landmarks of (N, 33, 3) that are NaN a likely place, by the torso's size, and visibility 0; in place."""
    left, right = [_AT["left_hip"], _AT["left_shoulder"]], [_AT["right_hip"], _AT["right_shoulder"]]
    middle = (points[:, left, :2] + points[:, right, :2]) / 2
    rest_middle = (rest[left] + rest[right]) / 2
    scale = np.linalg.norm(middle[:, 1] - middle[:, 0], axis=-1) / (rest_middle[1, 1] - rest_middle[0, 1])
    facing = np.sign(points[:, left[1], 0] - points[:, right[1], 0])
    axes = np.stack([facing * scale, -scale], axis=1)[:, None]  # the body's left and up, in pixels
    guess = middle.mean(1)[:, None] + axes * (rest - rest_middle.mean(0))[:, :2]
    for side in ("left", "right"):
        for part, (near, _) in _TREE.items():  # what hangs on a landmark that was seen goes where that one is
            here, above = _AT[f"{side}_{part}"], _AT[f"{side}_{near}"]
            known = np.isfinite(points[:, above]).all(1)[:, None]
            guess[:, here] += np.where(known, points[:, above, :2] - guess[:, above], 0)
    unseen = ~np.isfinite(points).all(-1)
    points[unseen, :2], points[unseen, 2] = guess[unseen], 0


def _lifted(points: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """World landmarks (N, 33, 3) in metres about the hips from pixels (N, 33, 3)."""
    flat = points[..., :2]
    edges = [(_AT["left_shoulder"], _AT["right_shoulder"]), (_AT["left_hip"], _AT["right_hip"])]
    edges += [(_AT[f"{side}_shoulder"], _AT[f"{side}_hip"]) for side in ("left", "right")]
    edges += [(_AT[f"{s}_{part}"], _AT[f"{s}_{near}"]) for s in ("left", "right") for part, (near, _) in _TREE.items()]
    edges = [edge for edge in edges if np.linalg.norm(rest[edge[0]] - rest[edge[1]]) > 0.15]
    ends, starts = (np.array(part) for part in zip(*edges, strict=True))
    length = np.linalg.norm(rest[ends] - rest[starts], axis=-1)
    seen = np.linalg.norm(flat[:, ends] - flat[:, starts], axis=-1) / length
    # Nothing looks longer than it is: the scale is that of the bones that look longest, and changes slowly.
    scale = np.percentile(seen, 85, axis=1)
    scale = median_filter(scale, size=min(31, len(scale)), mode="nearest").clip(min=1e-3)
    flat = flat / scale[:, None, None]
    world = np.concatenate([flat, np.zeros((*flat.shape[:2], 1))], axis=-1)

    def lean(far: int, near: int) -> np.ndarray:
        apparent = np.linalg.norm(flat[:, far] - flat[:, near], axis=-1)
        return np.sqrt(np.clip(np.linalg.norm(rest[far] - rest[near]) ** 2 - apparent**2, 0, None))

    # The nose points to where the body faces; seen from behind, left is on the left.
    left_right = flat[:, _AT["left_shoulder"], 0] - flat[:, _AT["right_shoulder"], 0]
    ears = (flat[:, _AT["left_ear"], 0] + flat[:, _AT["right_ear"], 0]) / 2
    nose = median_filter(flat[:, _AT["nose"], 0] - ears, size=min(5, len(ears)), mode="nearest")
    for part in ("hip", "shoulder"):
        left, right = _AT[f"left_{part}"], _AT[f"right_{part}"]
        # Facing the frame's left, the left side is nearer to the camera.
        depth = np.sign(nose) * lean(left, right)
        world[:, left, 2], world[:, right, 2] = depth / 2, -depth / 2
    front = -np.where(left_right >= 0, 1.0, -1.0)  # sign of z of the body's front
    for side in ("left", "right"):
        for part, (near, way) in _TREE.items():
            here, above = _AT[f"{side}_{part}"], _AT[f"{side}_{near}"]
            world[:, here, 2] = world[:, above, 2] + way * front * lean(here, above)
    shoulders = world[:, [_AT["left_shoulder"], _AT["right_shoulder"]], 2].mean(1)
    for index, name in enumerate(LANDMARK_NAMES[:11]):
        world[:, index, 2] = shoulders + front * (0.1 if name == "nose" else 0.05)
    return world - world[:, [_AT["left_hip"], _AT["right_hip"]]].mean(1, keepdims=True)
