"""The dancer's vocabulary: poses of the arms, steps, grooves of the trunk, and the moves that words trigger.

Everything is written for one side and mirrored where needed. Lengths are metres unless said otherwise, angles radians,
x points to the dancer's left, z to the front.
"""

from dataclasses import dataclass, field

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class ArmPose:
    """Where a hand is, in the chest's axes with x pointing outwards.

    ``wrist`` is relative to the shoulder in lengths of the straight arm, ``elbow`` is where the elbow points, ``bend``
    turns the hand at the wrist (axis-angle of the left arm).
    """

    wrist: Vector
    elbow: Vector
    bend: Vector = (0.0, 0.0, 0.0)


ARM_POSES: dict[str, ArmPose] = {
    "hang": ArmPose((0.22, -0.94, 0.10), (0.4, 0.0, -1.0)),
    "idle": ArmPose((0.25, -0.85, 0.22), (0.6, 0.0, -1.0)),
    "jog_up": ArmPose((0.10, -0.18, 0.52), (0.6, -0.7, -0.5)),
    "jog_down": ArmPose((0.22, -0.62, 0.28), (0.6, -0.3, -0.8)),
    "swing_front": ArmPose((0.12, -0.60, 0.66), (0.6, -0.2, -0.6)),
    "swing_back": ArmPose((0.34, -0.80, -0.26), (0.6, 0.0, -0.8)),
    "side_low": ArmPose((0.72, -0.62, 0.12), (0.3, -0.2, -1.0)),
    "side": ArmPose((0.96, 0.02, 0.10), (0.0, -0.6, -0.8)),
    "wing_up": ArmPose((0.90, 0.34, 0.05), (0.2, -0.6, -0.7)),
    "wing_down": ArmPose((0.80, -0.48, 0.12), (0.3, -0.1, -1.0)),
    "chest": ArmPose((-0.06, -0.20, 0.46), (1.0, -0.4, 0.0)),
    "cross": ArmPose((-0.28, -0.12, 0.50), (0.9, -0.5, 0.2)),
    "hip": ArmPose((0.10, -0.66, 0.12), (0.9, 0.0, -0.9), (0.0, 0.0, 0.5)),
    "roof": ArmPose((0.24, 0.52, 0.34), (0.9, -0.5, 0.1), (0.0, 0.0, 0.6)),
    "cactus_up": ArmPose((0.58, 0.52, 0.14), (0.7, -0.7, -0.2)),
    "high": ArmPose((0.48, 0.84, 0.12), (0.6, -0.4, -0.8)),
    "across_low": ArmPose((-0.22, -0.66, 0.52), (0.8, -0.1, -0.3)),
    "front": ArmPose((0.16, 0.04, 0.90), (0.6, -0.8, 0.0)),
    "up": ArmPose((0.10, 0.97, 0.10), (0.8, 0.0, -0.6)),
    "low_v": ArmPose((0.50, -0.78, 0.30), (0.5, 0.0, -1.0)),
    "clap": ArmPose((-0.16, -0.12, 0.64), (0.3, -1.0, 0.0)),
    "clap_open": ArmPose((0.30, -0.10, 0.64), (0.4, -1.0, -0.1)),
    "wave_out": ArmPose((0.74, 0.56, 0.12), (0.5, -0.8, -0.5), (0.0, 0.0, 0.3)),
    "wave_in": ArmPose((0.22, 0.66, 0.14), (0.8, -0.5, -0.5), (0.0, 0.0, -0.2)),
    "heart": ArmPose((-0.20, 0.74, 0.22), (1.0, 0.1, -0.1), (0.0, 0.0, -0.5)),
    "point_down": ArmPose((0.06, -0.90, 0.38), (0.7, 0.0, -0.8)),
    "wrap_front": ArmPose((-0.42, -0.28, 0.44), (0.8, -0.6, 0.3)),
    "wrap_back": ArmPose((0.66, -0.40, -0.40), (0.3, -0.5, -0.8)),
}

TORSO_CHANNELS = ("yaw", "pitch", "roll", "turn", "lean", "side", "look", "nod", "tilt", "drop", "sway", "push")
"""Pelvis yaw, pitch and roll; the chest's turn, forward lean and side bend against the pelvis; the head's turn, nod and
tilt; lowering of the pelvis and its shift to the left and to the front (metres)."""
MIRRORED_CHANNELS = frozenset({"yaw", "roll", "turn", "side", "look", "tilt", "sway"})

# One entry per beat: (foot, x, z, kind); the foot arrives on the beat. Kinds: see STEP_KINDS.
StepEntry = tuple[str, float, float, str] | None
FEET: dict[str, tuple[StepEntry, StepEntry, StepEntry, StepEntry]] = {
    "step_touch": (
        ("L", 0.36, 0.0, "step"),
        ("R", 0.12, 0.0, "tap"),
        ("R", -0.16, 0.0, "step"),
        ("L", 0.08, 0.0, "tap"),
    ),
    "march": (("L", 0.13, 0.0, "knee"), ("R", -0.13, 0.0, "knee"), ("L", 0.13, 0.0, "knee"), ("R", -0.13, 0.0, "knee")),
    "v_step": (
        ("L", 0.31, 0.2, "step"),
        ("R", -0.31, 0.2, "step"),
        ("L", 0.13, 0.0, "step"),
        ("R", -0.13, 0.0, "step"),
    ),
    "heel": (
        ("L", 0.22, 0.24, "heel"),
        ("L", 0.13, 0.0, "step"),
        ("R", -0.22, 0.24, "heel"),
        ("R", -0.13, 0.0, "step"),
    ),
    "side_tap": (
        ("L", 0.42, 0.02, "tap"),
        ("L", 0.13, 0.0, "step"),
        ("R", -0.42, 0.02, "tap"),
        ("R", -0.13, 0.0, "step"),
    ),
    "back_tap": (
        ("L", 0.17, -0.28, "toe"),
        ("L", 0.13, 0.0, "step"),
        ("R", -0.17, -0.28, "toe"),
        ("R", -0.13, 0.0, "step"),
    ),
    "slide": (("L", 0.30, 0.0, "step"), ("R", 0.04, 0.0, "step"), ("L", 0.44, 0.0, "step"), ("R", 0.18, 0.0, "tap")),
    "wide": (("L", 0.25, 0.0, "step"), ("R", -0.25, 0.0, "step"), None, None),
    "lunge": (("L", 0.40, 0.1, "step"), ("R", -0.16, 0.0, "toe"), ("R", -0.13, 0.0, "step"), ("L", 0.13, 0.0, "step")),
}

# Lift of the foot on its way (m), share of the weight that it takes, pitch at its place (toes down is positive).
STEP_KINDS: dict[str, tuple[float, float, float]] = {
    "step": (0.06, 0.62, 0.0),
    "tap": (0.06, 0.25, 0.0),
    "knee": (0.20, 0.60, 0.0),
    "heel": (0.08, 0.22, -0.40),
    "toe": (0.07, 0.22, 0.55),
}

# One entry per beat: poses of the left and the right arm, reached on the beat.
ArmEntry = tuple[str, str]
ARMS: dict[str, tuple[ArmEntry, ArmEntry, ArmEntry, ArmEntry]] = {
    "swing": (("swing_back", "swing_front"), ("swing_front", "swing_back")) * 2,
    "jog": (("jog_up", "jog_down"), ("jog_down", "jog_up")) * 2,
    "roof": (("roof", "roof"), ("cactus_up", "cactus_up")) * 2,
    "open": (("chest", "chest"), ("side", "side")) * 2,
    "cross": (("cross", "cross"), ("side_low", "side_low")) * 2,
    "disco": (("hip", "high"), ("hip", "side"), ("hip", "across_low"), ("hip", "side")),
    "cactus": (("cactus_up", "jog_down"), ("jog_down", "cactus_up")) * 2,
    "hips": (("hip", "hip"), ("hip", "hip"), ("low_v", "low_v"), ("low_v", "low_v")),
    "reach": (("side", "hip"), ("high", "hip"), ("side", "hip"), ("side_low", "hip")),
    "push": (("chest", "front"), ("front", "chest")) * 2,
    "breeze": (("high", "roof"), ("roof", "high")) * 2,
    "lasso": (("hip", "wave_out"), ("hip", "wave_in")) * 2,
}

# One entry per beat and channel.
TORSO: dict[str, dict[str, tuple[float, float, float, float]]] = {
    "sway": {"sway": (0.05, -0.05, 0.05, -0.05), "roll": (0.07, -0.07, 0.07, -0.07), "side": (-0.1, 0.1, -0.1, 0.1)},
    "twist": {
        "yaw": (0.22, -0.22, 0.22, -0.22),
        "turn": (-0.36, 0.36, -0.36, 0.36),
        "look": (0.14, -0.14, 0.14, -0.14),
    },
    "nod": {"lean": (0.12, 0.02, 0.12, 0.02), "nod": (0.22, -0.05, 0.22, -0.05), "drop": (0.03, 0.0, 0.03, 0.0)},
    "chest": {"turn": (0.26, 0.0, -0.26, 0.0), "side": (0.08, 0.0, -0.08, 0.0), "tilt": (0.1, 0.0, -0.1, 0.0)},
    "lean": {"side": (0.2, 0.2, -0.2, -0.2), "roll": (-0.06, -0.06, 0.06, 0.06), "tilt": (0.12, 0.12, -0.12, -0.12)},
    "roll": {"lean": (0.22, 0.0, -0.1, 0.08), "push": (-0.04, 0.05, 0.03, -0.02), "nod": (0.1, -0.12, 0.05, 0.0)},
    "hips": {
        "roll": (0.12, -0.12, 0.12, -0.12),
        "sway": (0.07, -0.07, 0.07, -0.07),
        "side": (-0.16, 0.16, -0.16, 0.16),
    },
}


@dataclass(frozen=True)
class Move:
    """A move that a word triggers; its peak is at the word's start.

    ``arms``: ``(seconds from the peak, left pose, right pose)``, None leaves an arm to the groove. The move takes over
    in ``attack_s`` before the first of them, keeps the last for ``hold_s`` and gives back in ``release_s``. ``torso``
    overrides channels, ``feet`` shifts a foot by (x, y, z) and pitches it, ``left_share`` is the left leg's share of
    the weight. ``planted`` moves need both feet where they are; ``flight_s`` is half the time in the air of a jump.
    """

    arms: tuple[tuple[float, str | None, str | None], ...]
    attack_s: float = 0.75
    hold_s: float = 0.2
    release_s: float = 0.7
    torso: dict[str, float] = field(default_factory=dict)
    feet: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    left_share: float | None = None
    planted: bool = False
    flight_s: float = 0.0


MOVES: dict[str, Move] = {
    "jump": Move(((0.0, "roof", "roof"),), torso={"drop": 0.03, "nod": -0.1}, planted=True, flight_s=0.19),
    "turn": Move(
        ((0.0, "wrap_front", "wrap_back"),),
        hold_s=0.3,
        torso={"yaw": -0.3, "turn": -0.55, "look": -0.3, "side": 0.0, "roll": 0.0},
        planted=True,
    ),
    "up": Move(
        ((0.0, "up", "up"),),
        attack_s=0.85,
        hold_s=0.3,
        release_s=0.8,
        torso={"drop": 0.01, "nod": -0.35, "lean": -0.08, "side": 0.0, "turn": 0.0},
        feet={"L": (0.0, 0.0, 0.0, 0.35), "R": (0.0, 0.0, 0.0, 0.35)},
        planted=True,
    ),
    "down": Move(
        ((0.0, "point_down", "point_down"),),
        hold_s=0.3,
        torso={"drop": 0.36, "pitch": 0.22, "lean": 0.4, "nod": 0.3, "push": -0.08, "turn": 0.0, "side": 0.0},
        planted=True,
    ),
    "clap": Move(
        (
            (-0.3, "clap_open", "clap_open"),
            (0.0, "clap", "clap"),
            (0.26, "clap_open", "clap_open"),
            (0.52, "clap", "clap"),
        ),
        attack_s=0.5,
        hold_s=0.05,
        torso={"turn": 0.0, "side": 0.0},
    ),
    "wave": Move(
        (
            (0.0, None, "wave_out"),
            (0.24, None, "wave_in"),
            (0.48, None, "wave_out"),
            (0.72, None, "wave_in"),
            (0.96, None, "wave_out"),
        ),
        hold_s=0.0,
        torso={"side": 0.1, "tilt": 0.15},
    ),
    "heart": Move(((0.0, "heart", "heart"),), hold_s=0.5, torso={"side": 0.0, "tilt": 0.0, "turn": 0.0, "lean": -0.03}),
    "kick": Move(
        ((0.0, "side_low", "side_low"),),
        attack_s=0.5,
        hold_s=0.06,
        torso={"lean": -0.16, "yaw": 0.12, "pitch": -0.15, "drop": 0.05},
        feet={"R": (-0.30, 0.42, 0.48, -0.55)},
        left_share=0.88,
        planted=True,
    ),
    "fly": Move(
        (
            (-0.34, "wing_down", "wing_down"),
            (0.0, "wing_up", "wing_up"),
            (0.34, "wing_down", "wing_down"),
            (0.68, "wing_up", "wing_up"),
        ),
        attack_s=0.55,
        hold_s=0.0,
        torso={"lean": 0.12, "nod": -0.15, "turn": 0.0, "side": 0.0},
    ),
    "star": Move(
        ((0.0, "high", "high"),),
        hold_s=0.25,
        torso={"side": 0.05, "roll": -0.1, "turn": 0.0, "yaw": 0.0, "drop": 0.02},
        feet={"R": (-0.42, 0.34, 0.0, 0.1)},
        left_share=0.92,
        planted=True,
    ),
}
"""The trigger words and their moves."""
