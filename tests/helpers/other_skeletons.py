"""BVH files of the same known motion as other programs write it: other names, rest poses, axes, units, rates, bones."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import Rotation

from justlmd.body.kinematics import joint_transforms
from justlmd.body.model import JOINT_NAMES, MIXAMO_NAMES, PARENTS, Body
from justlmd.motion.motion import Motion

Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
X_UP = np.array([[0, 1.0, 0], [-1, 0, 0], [0, 0, 1]])
UPSIDE_DOWN = np.diag([1.0, -1, -1])


def sided(left: str, right: str, names: str) -> list[str]:
    """Names of SMPL's 24 joints in its order from ``part=name`` pairs, in which % stands for the side."""
    words = dict(word.split("=") for word in names.split())
    found = []
    for joint in JOINT_NAMES:
        side, _, part = joint.rpartition("_")
        found.append(words[part].replace("%", left if side == "left" else right))
    return found


NAMES = {
    "Mixamo": MIXAMO_NAMES,
    "Mixamo, no prefix": [name.removeprefix("mixamorig:") for name in MIXAMO_NAMES],
    "3ds Max": sided(
        "L",
        "R",
        "pelvis=Bip01_Pelvis spine1=Bip01_Spine spine2=Bip01_Spine1 spine3=Bip01_Spine2 neck=Bip01_Neck "
        "head=Bip01_Head hip=Bip01_%_Thigh knee=Bip01_%_Calf ankle=Bip01_%_Foot foot=Bip01_%_Toe0 "
        "collar=Bip01_%_Clavicle shoulder=Bip01_%_UpperArm elbow=Bip01_%_Forearm wrist=Bip01_%_Hand "
        "hand=Bip01_%_Finger2",
    ),
    "Bandai-Namco": sided(
        "L",
        "R",
        "pelvis=Hips spine1=Spine spine2=Spine1 spine3=Chest neck=Neck head=Head hip=UpperLeg_% knee=LowerLeg_% "
        "ankle=Foot_% foot=Toes_% collar=Shoulder_% shoulder=UpperArm_% elbow=LowerArm_% wrist=Hand_% hand=Mid_%",
    ),
    "Unreal": sided(
        "l",
        "r",
        "pelvis=pelvis spine1=spine_01 spine2=spine_02 spine3=spine_03 neck=neck_01 head=head hip=thigh_% "
        "knee=calf_% ankle=foot_% foot=ball_% collar=clavicle_% shoulder=upperarm_% elbow=lowerarm_% wrist=hand_% "
        "hand=middle_01_%",
    ),
    "Xsens": sided(
        "Left",
        "Right",
        "pelvis=Hips spine1=Chest spine2=Chest2 spine3=Chest4 neck=Neck head=Head hip=%Hip knee=%Knee ankle=%Ankle "
        "foot=%Toe collar=%Collar shoulder=%Shoulder elbow=%Elbow wrist=%Wrist hand=%Middle",
    ),
    "ASF": sided(
        "l",
        "r",
        "pelvis=root spine1=lowerback spine2=upperback spine3=thorax neck=lowerneck head=head hip=%femur knee=%tibia "
        "ankle=%foot foot=%toes collar=%clavicle shoulder=%humerus elbow=%radius wrist=%wrist hand=%fingers",
    ),
    "numbers": [f"Bone{(7 * number) % 24:02d}" for number in range(24)],
}
"""Names of SMPL's joints in its order."""


def standing(joint: str) -> Rotation:
    """SMPL's own rest pose."""
    return Rotation.identity()


def arms_down(joint: str) -> Rotation:
    """A rest pose whose arms hang: what turns SMPL's rest pose into it, for joints from the shoulders down."""
    side, _, part = joint.partition("_")
    angle = {"left": -80, "right": 80}.get(side, 0) if part in ("shoulder", "elbow", "wrist", "hand") else 0
    return Rotation.from_euler("z", angle, degrees=True)


def any_frames(joint: str) -> Rotation:
    """No pose at all: every joint has a frame of its own, as files have whose bones all lie along x."""
    return Rotation.random(random_state=np.random.RandomState(JOINT_NAMES.index(joint) + 5))


@dataclass(frozen=True)
class Written:
    """How a file is written; ``rest`` turns a joint of SMPL's rest pose to the file's, ``longer`` scales bones."""

    names: list[str] = field(default_factory=lambda: NAMES["Mixamo"])
    rest: Callable[[str], Rotation] = standing
    axes: np.ndarray = field(default_factory=lambda: np.eye(3))
    unit_m: float = 0.01
    fps: float = 30.0
    order: str = "ZXY"
    without: tuple[str, ...] = ()
    longer: dict[str, float] = field(default_factory=dict)
    above: int = 0  # joints without motion above the pelvis


def written(motion: Motion, body: Body, how: Written) -> tuple[str, np.ndarray]:
    """The file's text, and the places (T, 24, 3) in metres, y up, that its joints have in it."""
    turns = joint_transforms(body, motion.global_orient, motion.body_pose, motion.transl, motion.betas)[..., :3, :3]
    rest, frames = body.rest_joints(motion.betas), len(motion)
    offsets = np.array([rest[joint] - rest[PARENTS[joint]] if joint else rest[0] for joint in range(24)])
    offsets *= np.array([how.longer.get(name.split("_")[-1], 1.0) for name in JOINT_NAMES])[:, None]
    places = np.empty((frames, 24, 3))
    places[:, 0] = rest[0] + motion.transl
    for joint in range(1, 24):
        parent = PARENTS[joint]
        places[:, joint] = places[:, parent] + turns[:, parent] @ offsets[joint]
    zero = [how.rest(name).as_matrix() for name in JOINT_NAMES]
    frame_of = [how.axes @ turns[:, joint] @ zero[joint].T @ how.axes.T for joint in range(24)]
    lines, columns = ["HIERARCHY"], []

    def write(joint: int) -> None:
        parent = PARENTS[joint]
        offset = (zero[parent] @ offsets[joint] if joint else np.zeros(3)) @ how.axes.T / how.unit_m
        kinds = " ".join(f"{axis}rotation" for axis in how.order)
        lines.append(f"{'JOINT' if joint or how.above else 'ROOT'} {how.names[joint]}\n{{")
        lines.append(f"OFFSET {' '.join(f'{value:.8f}' for value in offset)}")
        lines.append(f"CHANNELS {3 if joint else 6} {'' if joint else 'Xposition Yposition Zposition '}{kinds}")
        if joint == 0:
            columns.append(places[:, 0] @ how.axes.T / how.unit_m)
        local = frame_of[joint] if joint == 0 else frame_of[parent].swapaxes(1, 2) @ frame_of[joint]
        columns.append(Rotation.from_matrix(local).as_euler(how.order, degrees=True))
        children = [n for n in range(24) if PARENTS[n] == joint and JOINT_NAMES[n] not in how.without]
        for child in children:
            write(child)
        if not children:
            beyond = next((n for n in range(24) if PARENTS[n] == joint), joint)
            tip = zero[joint] @ offsets[beyond] @ how.axes.T / how.unit_m
            lines.append(f"End Site\n{{\nOFFSET {' '.join(f'{value:.8f}' for value in tip)}\n}}")
        lines.append("}")

    for number in range(how.above):
        lines.append(f"{'JOINT' if number else 'ROOT'} above{number}\n{{\nOFFSET 0 0 0\nCHANNELS 0")
    write(0)
    lines += ["}"] * how.above + ["MOTION", f"Frames: {frames}", f"Frame Time: {1 / how.fps:.7f}"]
    lines += [" ".join(f"{value:.6f}" for value in row) for row in np.concatenate(columns, axis=1)]
    return "\n".join(lines) + "\n", places
