"""Colours that dress a body in hair, shirt, trousers and shoes and give it a face, so that it looks like a person."""

import numpy as np

from justlmd.body.model import JOINT_NAMES, LANDMARK_JOINTS, LANDMARK_NAMES, Body

SKIN = ((240, 205, 180), (224, 178, 146), (198, 146, 112), (150, 104, 76), (106, 72, 54))
HAIR = ((38, 28, 24), (74, 48, 32), (112, 76, 44), (52, 42, 40))
SHIRT = ((196, 52, 58), (36, 108, 176), (40, 140, 96), (226, 160, 44), (128, 66, 152), (232, 232, 228))
TROUSERS = ((38, 44, 66), (52, 52, 54), (74, 84, 110), (92, 74, 56))
SHOES = ((235, 235, 232), (30, 30, 32), (150, 40, 44))
LIPS, BROWS, EYE_WHITE, IRIS = (176, 88, 88), 0.55, (246, 244, 240), (44, 34, 30)


def clothing_colors(body: Body, rng: np.random.Generator) -> np.ndarray:
    """Vertex colours (V, 3) float32, 0..255, of a dressed dancer; ``rng`` chooses the colours and the sleeves."""
    joints = dict(zip(JOINT_NAMES, body.rest_joints(), strict=True))
    points = dict(zip(LANDMARK_NAMES, body.rest_joints()[LANDMARK_JOINTS] + body.landmark_offsets, strict=True))
    x, y, z = body.v_template.T
    skin, hair, shirt, trousers, shoes = (
        np.array(palette[rng.integers(len(palette))], float) for palette in (SKIN, HAIR, SHIRT, TROUSERS, SHOES)
    )
    colors = np.tile(skin, (len(x), 1))
    arm = np.abs(x)
    shoulder, elbow, wrist = (joints[f"left_{name}"][0] for name in ("shoulder", "elbow", "wrist"))
    sleeve = shoulder + (elbow - shoulder) * 0.6 if rng.random() < 0.5 else wrist - 0.04
    waist = joints["pelvis"][1] + 0.08
    neckline = joints["neck"][1] - 0.015 - 0.25 * np.maximum(z - joints["neck"][2], 0) + 0.12 * np.minimum(arm, 0.1)
    colors[(y > waist) & (y < neckline) & (arm < sleeve)] = shirt
    colors[y <= waist] = trousers
    colors[y < joints["left_ankle"][1] + 0.01] = shoes
    if points["nose"][1] > joints["head"][1] - 0.1:  # a mesh whose face is known
        _face(colors, body, points, skin, hair)
    return colors.astype(np.float32)


def _face(colors: np.ndarray, body: Body, points: dict[str, np.ndarray], skin: np.ndarray, hair: np.ndarray) -> None:
    """Paint hair, brows, eyes and lips into ``colors``."""
    x, y, z = body.v_template.T
    side = np.abs(x)
    eye, ear, mouth, nose = (points[name] for name in ("left_eye", "left_ear", "mouth_left", "nose"))
    head = body.weights[:, JOINT_NAMES.index("head")] > 0.5
    above_eye = y - eye[1]
    hairline = (above_eye > 0.062 - 0.25 * np.maximum(ear[2] + 0.06 - z, 0)) & (z > ear[2] + 0.01)
    behind = (z < ear[2] + 0.012) & (y > mouth[1] - 0.01)
    is_ear = (
        (side > ear[0] - 0.012) & (np.abs(z - ear[2]) < 0.022) & (np.abs(y - ear[1]) < 0.04) & (side > ear[0] - 0.004)
    )
    colors[head & (hairline | behind) & ~is_ear] = hair
    front = z > eye[2] - 0.035
    brow = (above_eye > 0.020) & (above_eye < 0.030) & (side > 0.010) & (side < eye[0] + 0.022)
    colors[head & front & brow] = hair * BROWS
    distance = np.hypot((side - eye[0]) / 1.35, (y - eye[1]) / 0.75)
    colors[head & front & (distance < 0.0115)] = EYE_WHITE
    colors[head & front & (np.hypot(side - eye[0], y - eye[1]) < 0.0065)] = IRIS
    lips = (side < mouth[0]) & (np.abs(y - mouth[1] - 0.002) < 0.011 * (1 - (side / mouth[0]) ** 2) + 0.002)
    colors[head & lips & (z > mouth[2] - 0.01)] = LIPS
    colors[head & (side < 0.012) & (np.abs(y - nose[1] + 0.012) < 0.004) & (z > mouth[2])] = skin * 0.8
