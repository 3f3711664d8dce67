"""The dancer's vocabulary: poses of the arms, steps, grooves of the trunk, and the moves that words trigger.

Everything is written for one side and mirrored where needed. Lengths are metres unless said otherwise, angles radians,
x points to the dancer's left, z to the front.
"""

from dataclasses import dataclass, field

from demo.tables import read_table

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


_TABLES = read_table("moves.yaml")
ARM_POSES: dict[str, ArmPose] = {name: ArmPose(**fields) for name, fields in _TABLES["arm_poses"].items()}

TORSO_CHANNELS = ("yaw", "pitch", "roll", "turn", "lean", "side", "look", "nod", "tilt", "drop", "sway", "push")
"""Pelvis yaw, pitch and roll; the chest's turn, forward lean and side bend against the pelvis; the head's turn, nod and
tilt; lowering of the pelvis and its shift to the left and to the front (metres)."""
MIRRORED_CHANNELS = frozenset({"yaw", "roll", "turn", "side", "look", "tilt", "sway"})

# One entry per beat: (foot, x, z, kind); the foot arrives on the beat. Kinds: see STEP_KINDS.
StepEntry = tuple[str, float, float, str] | None
FEET: dict[str, tuple[StepEntry, StepEntry, StepEntry, StepEntry]] = _TABLES["feet"]

# Lift of the foot on its way (m), share of the weight that it takes, pitch at its place (toes down is positive).
STEP_KINDS: dict[str, tuple[float, float, float]] = _TABLES["step_kinds"]

# One entry per beat: poses of the left and the right arm, reached on the beat.
ArmEntry = tuple[str, str]
ARMS: dict[str, tuple[ArmEntry, ArmEntry, ArmEntry, ArmEntry]] = _TABLES["arms"]

# One entry per beat and channel.
TORSO: dict[str, dict[str, tuple[float, float, float, float]]] = _TABLES["torso"]


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


MOVES: dict[str, Move] = {name: Move(**fields) for name, fields in _TABLES["moves"].items()}
"""The trigger words and their moves."""

MORE_MOVES: dict[str, Move] = {name: Move(**fields) for name, fields in _TABLES["more_moves"].items()}
"""Moves of the repertoire (:mod:`demo.repertoire`) that no song of the demo asks for."""

WORDS_OF_MOVES: dict[str, list[str]] = _TABLES["words_of_moves"]
"""The words to which the repertoire dances each move."""
