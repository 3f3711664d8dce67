"""Decides what the dancer does when: steps, arm poses and grooves on the beat, drawn by a seeded generator."""

from dataclasses import dataclass

import numpy as np

from demo.moves import (
    ARM_POSES,
    ARMS,
    FEET,
    MIRRORED_CHANNELS,
    MORE_MOVES,
    MOVES,
    STEP_KINDS,
    TORSO,
    TORSO_CHANNELS,
    Move,
    StepEntry,
)

STANCE = 0.13
"""Distance of a foot from the dancer's midline in the neutral stance, metres."""
WIDEST = 0.62
NARROWEST = 0.1
"""The feet never stand farther apart than the one, nor closer side by side than the other, metres."""
ARM_LENGTH = 0.55
FASTEST_HAND = 3.2
"""Peak speed of a hand between two poses of a groove, m/s; the trunk's motion comes on top."""
PHRASE_BARS = 2
HEADINGS = (-0.45, -0.25, 0.0, 0.0, 0.25, 0.45)
"""Directions that the dancer faces in a phrase, radians to the left of the camera."""
STRIDE = 0.5
WALK_HEADING = 1.25
STAGE_EXIT = 3.1


@dataclass(frozen=True)
class Step:
    """One foot (0 left, 1 right) leaves the floor at ``start`` and lands at ``end`` (s) at world ``x, z`` with ``yaw``.

    ``lift`` is how high it comes on its way (m), ``pitch`` how it stands (toes down is positive), ``left_share`` the
    left leg's share of the weight afterwards.
    """

    start: float
    end: float
    side: int
    x: float
    z: float
    yaw: float
    lift: float
    pitch: float
    left_share: float


@dataclass(frozen=True)
class Trigger:
    """A move and the time of its peak in seconds."""

    time: float
    name: str

    @property
    def move(self) -> Move:
        return MOVES.get(self.name) or MORE_MOVES[self.name]

    @property
    def start(self) -> float:
        return self.time + self.move.arms[0][0] - self.move.attack_s

    @property
    def end(self) -> float:
        return self.time + self.move.arms[-1][0] + self.move.hold_s + self.move.release_s


@dataclass(frozen=True)
class Plan:
    """Keys of the whole dance: ``(seconds, ...)`` in order of time; trunk keys follow ``TORSO_CHANNELS``."""

    steps: tuple[Step, ...]
    arms: tuple[tuple[float, str, str], ...]
    torso: tuple[tuple[float, tuple[float, ...]], ...]
    heading: tuple[tuple[float, float], ...]
    bounce: tuple[tuple[float, float], ...]
    triggers: tuple[Trigger, ...]


def _mirrored_step(entry: StepEntry) -> StepEntry:
    if entry is None:
        return None
    side, x, z, kind = entry
    return ("R" if side == "L" else "L", -x, z, kind)


def _draw(rng: np.random.Generator, names: list[str], last: str | None) -> str:
    """A name that differs from the last one."""
    choices = [name for name in names if name != last]
    return choices[int(rng.integers(len(choices)))]


def _phrase_steps(
    times: np.ndarray, first_beat: int, name: str, flip: bool, centre: tuple[float, float], heading: float
) -> list[Step]:
    """The steps of one phrase: the pattern and its mirror image, turned to the heading."""
    beat_s = times[1] - times[0]
    steps = []
    for bar in range(PHRASE_BARS):
        for beat, original in enumerate(FEET[name]):
            entry = _mirrored_step(original) if flip != (bar == 1) else original
            index = first_beat + 4 * bar + beat
            if entry is None or index >= len(times):
                continue
            foot, x, z, kind = entry
            side = 0 if foot == "L" else 1
            lift, share, pitch = STEP_KINDS[kind]
            world_x = centre[0] + x * np.cos(heading) + z * np.sin(heading)
            world_z = centre[1] - x * np.sin(heading) + z * np.cos(heading)
            end = times[index]
            # Toes point slightly outwards.
            yaw = heading + (0.12 if side == 0 else -0.12)
            left_share = share if side == 0 else 1 - share
            duration = min(0.85 * beat_s, 0.5)
            steps.append(Step(end - duration, end, side, world_x, world_z, yaw, lift, pitch, left_share))
    return steps


def _walk(times: np.ndarray, first_beat: int, start_x: float, end_x: float, heading: float) -> list[Step]:
    """Steps from one place to another, one per beat; the last two stand beside each other."""
    beat_s = times[1] - times[0]
    count = int(np.ceil(abs(end_x - start_x) / STRIDE))
    direction = np.sign(end_x - start_x)
    steps = []
    for index in range(count + 1):
        side = index % 2 if direction > 0 else (index + 1) % 2
        x = end_x if index >= count - 1 else start_x + direction * STRIDE * (index + 1)
        offset = STANCE if side == 0 else -STANCE
        world_x = x + offset * np.cos(heading)
        world_z = -offset * np.sin(heading)
        end = times[first_beat + index]
        steps.append(
            Step(end - 0.95 * beat_s, end, side, world_x, world_z, heading, 0.07, 0.0, 0.6 if side == 0 else 0.4)
        )
    return steps


def _apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


def _stands(step: Step, other: tuple[float, float]) -> bool:
    """Whether the feet neither straddle nor cross after a step; ``other`` is the place of the other foot."""
    across = (step.x - other[0]) * np.cos(step.yaw) - (step.z - other[1]) * np.sin(step.yaw)
    return _apart((step.x, step.z), other) < WIDEST and (across if step.side == 0 else -across) > NARROWEST


def _performable(
    steps: list[Step], walks: list[Step], triggers: tuple[Trigger, ...], heading: list[tuple[float, float]]
) -> tuple[Step, ...]:
    """The steps in order that can be danced, and before moves that need both feet a step into a narrow stance.

    A foot does not start before the other has landed, and stays where a triggered move wants it; walks are kept whole.
    """
    kept: list[Step] = []
    feet = [(STANCE, 0.0), (-STANCE, 0.0)]
    planted = [trigger for trigger in triggers if trigger.move.planted]
    pending = list(planted)

    def close_stance(trigger: Trigger) -> None:
        facing = float(np.interp(trigger.time, [key[0] for key in heading], [key[1] for key in heading]))
        x, z = feet[1][0] + 2 * STANCE * np.cos(facing), feet[1][1] - 2 * STANCE * np.sin(facing)
        if _apart(feet[0], (x, z)) > 0.06:
            end = trigger.start + 0.12
            kept.append(Step(end - 0.4, end, 0, x, z, facing + 0.12, 0.05, 0.0, 0.5))
            feet[0] = (x, z)

    for step in sorted([*steps, *walks], key=lambda step: step.end):
        while pending and pending[0].start + 0.12 < step.end:
            close_stance(pending.pop(0))
        busy = any(step.start < t.end - 0.1 and step.end > t.start - 0.28 for t in planted)
        moving = bool(kept) and kept[-1].end > step.start + 1e-9
        if step in walks or (not busy and not moving and _stands(step, feet[1 - step.side])):
            kept.append(step)
            feet[step.side] = (step.x, step.z)
    for trigger in pending:
        close_stance(trigger)
    return tuple(kept)


def _reachable_arms(
    keys: list[tuple[float, str, str]], triggers: tuple[Trigger, ...]
) -> tuple[tuple[float, str, str], ...]:
    """The arm keys that can be danced: none while a move has both arms, none faster than ``FASTEST_HAND`` to reach."""
    both = [trigger for trigger in triggers if trigger.move.arms[0][1] is not None]
    kept = keys[:1]
    for key in keys[1:]:
        if any(trigger.start + 0.1 < key[0] < trigger.end - 0.1 for trigger in both):
            continue
        before = kept[-1]
        way = max(
            float(np.linalg.norm(np.subtract(ARM_POSES[new].wrist, ARM_POSES[old].wrist)))
            for new, old in zip(key[1:], before[1:], strict=True)
        )
        # A minimum-jerk course peaks at 1.875 times its mean speed; it takes 0.85 of the interval.
        if 1.875 * way * ARM_LENGTH / (0.85 * (key[0] - before[0])) <= FASTEST_HAND:
            kept.append(key)
    return tuple(kept)


def plan(
    beats_s: np.ndarray,
    triggers: tuple[Trigger, ...],
    seed: int,
    end_s: float,
    leaves: tuple[int, int] | None = None,
    room: float = 1.0,
) -> Plan:
    """Plan a dance on ``beats_s`` (4 per bar): two-bar phrases of steps, arms and grooves, each with its mirror image.

    ``leaves`` = (first bar, end bar) sends the dancer out of the frame to the right of the body and back. ``room``
    multiplies how far from the middle a phrase may stand.
    """
    rng = np.random.default_rng([seed, 4])
    triggers = tuple(sorted(triggers, key=lambda trigger: trigger.time))
    beat_s = float(beats_s[1] - beats_s[0])
    steps: list[Step] = []
    walks: list[Step] = []
    neutral = (0.0,) * len(TORSO_CHANNELS)
    start = float(beats_s[0]) - beat_s
    arms: list[tuple[float, str, str]] = [(start, "idle", "idle")]
    torso: list[tuple[float, tuple[float, ...]]] = [(start, neutral)]
    heading_keys: list[tuple[float, float]] = [(start, 0.0)]
    bounce: list[tuple[float, float]] = [(start, 0.0)]
    feet_name = arms_name = torso_name = None
    for phrase in range(0, len(beats_s) // 4, PHRASE_BARS):
        first_beat = 4 * phrase
        feet_name = _draw(rng, list(FEET), feet_name)
        arms_name = _draw(rng, list(ARMS), arms_name)
        torso_name = _draw(rng, list(TORSO), torso_name)
        heading = float(rng.choice(HEADINGS))
        centre = (room * float(rng.uniform(-0.12, 0.12)), room * float(rng.uniform(-0.15, 0.1)))
        flip = bool(rng.integers(2))
        energy = float(rng.uniform(1.0, 1.35))
        away = leaves is not None and leaves[0] <= phrase < leaves[1]
        if away:
            arms_name, torso_name, heading, flip = "swing", "chest", 0.0, False
        else:
            steps += _phrase_steps(beats_s, first_beat, feet_name, flip, centre, heading)
            heading_keys.append((float(beats_s[first_beat]) + 0.5 * beat_s, heading))
        bounce.append((float(beats_s[first_beat]), 0.02 if away else 0.055 * energy))
        for beat in range(first_beat, min(first_beat + 4 * PHRASE_BARS, len(beats_s))):
            mirrored = flip != (beat - first_beat >= 4)
            left, right = ARMS[arms_name][beat % 4]
            arms.append((float(beats_s[beat]), *((right, left) if mirrored else (left, right))))
            values = [
                TORSO[torso_name].get(name, (0.0,) * 4)[beat % 4]
                * energy
                * (-1.0 if mirrored and name in MIRRORED_CHANNELS else 1.0)
                for name in TORSO_CHANNELS
            ]
            torso.append((float(beats_s[beat]), tuple(values)))
    if leaves is not None:
        first, back = 4 * leaves[0], 4 * leaves[1] - int(np.ceil(STAGE_EXIT / STRIDE)) - 3
        walks += _walk(beats_s, first, 0.0, -STAGE_EXIT, -WALK_HEADING)
        walks += _walk(beats_s, back, -STAGE_EXIT, 0.0, WALK_HEADING)
        # The body turns while the feet step, not before.
        turns = [(first - 1, 0.0), (first + 1, -WALK_HEADING), (back - 2, -WALK_HEADING), (back, 0.0)]
        turns += [(back + 2, WALK_HEADING), (4 * leaves[1] - 3, WALK_HEADING)]
        heading_keys += [(float(beats_s[beat]), heading) for beat, heading in turns]
    heading_keys.sort()
    last = float(beats_s[-1]) + beat_s
    arms.append((min(last, end_s), "high", "hip"))
    torso.append((min(last, end_s), neutral))
    bounce.append((last, 0.0))
    return Plan(
        steps=_performable(steps, walks, triggers, heading_keys),
        arms=_reachable_arms(arms, triggers),
        torso=tuple(torso),
        heading=tuple(heading_keys),
        bounce=tuple(bounce),
        triggers=triggers,
    )
