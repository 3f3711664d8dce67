"""Turns a plan into motion of the body: arms and legs by closed-form reaching, everything smooth, feet on the floor."""

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import CubicHermiteSpline
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from demo import inverse_kinematics as limbs
from demo.inverse_kinematics import axis_rotations
from demo.moves import ARM_POSES, TORSO_CHANNELS, ArmPose
from demo.plan import STANCE, Plan, Trigger
from justlmd.body.model import Body
from justlmd.core.clock import FPS
from justlmd.core.rotations import matrix_to_axis_angle
from justlmd.motion.motion import Motion

OVERSAMPLING = 4
"""Controls are computed at this multiple of 30 Hz, so that smoothing acts between frames too."""
RATE = FPS * OVERSAMPLING
GRAVITY = 9.81
STANDING_DROP = 0.035
"""The pelvis's lowering in relaxed standing, metres."""


def ease(progress: np.ndarray) -> np.ndarray:
    """Minimum-jerk course from 0 to 1 (Flash & Hogan 1985); zero speed and acceleration at both ends."""
    x = np.clip(progress, 0.0, 1.0)
    return x**3 * (10 - 15 * x + 6 * x**2)


def progress_between(times: np.ndarray, t: np.ndarray, share: float = 0.85) -> tuple[np.ndarray, np.ndarray]:
    """For every ``t`` the index of the key before it and the eased way (0..1) to the next one.

    The dancer rests at a key for the first ``1 - share`` of an interval and arrives exactly at the next key.
    """
    index = np.clip(np.searchsorted(times, t, side="right") - 1, 0, len(times) - 2)
    gap = times[index + 1] - times[index]
    return index, ease(1 - (times[index + 1] - t) / (share * gap))


def follow(keys: Sequence[tuple[float, object]], t: np.ndarray, sigma_s: float = 0.03) -> np.ndarray:
    """Values (len(t), ...) of eased keys ``(seconds, value)``, smoothed by a Gaussian."""
    times = np.array([key[0] for key in keys], float)
    values = np.array([key[1] for key in keys], float)
    index, way = progress_between(times, t)
    way = way.reshape(-1, *[1] * (values.ndim - 1))
    return gaussian_filter1d(
        values[index] * (1 - way) + values[index + 1] * way, sigma_s * RATE, axis=0, mode="nearest"
    )


def window(trigger: Trigger, t: np.ndarray) -> np.ndarray:
    """Weight (0..1) of a triggered move over time: up before its first pose, down after its last."""
    rise = ease((t - trigger.start) / trigger.move.attack_s)
    fall = ease((trigger.end - t) / trigger.move.release_s)
    return np.minimum(rise, fall)


# ------------------------------------------------------------------------------------------------------------- arms


def sweep(start: np.ndarray, end: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Wrist targets (T, 3) from ``start`` to ``end`` (T, 3): an arc about the shoulder, elbow bent on long ways."""
    a, b = limbs.unit(start), limbs.unit(end)
    angle = np.arccos(np.clip((a * b).sum(-1), -1.0, 1.0))
    sine = np.maximum(np.sin(angle), 1e-6)
    near = angle < 1e-3
    first = np.where(near, 1 - way, np.sin((1 - way) * angle) / sine)
    second = np.where(near, way, np.sin(way * angle) / sine)
    radius = np.linalg.norm(start, axis=-1) * (1 - way) + np.linalg.norm(end, axis=-1) * way
    radius = radius * (1 - 0.3 * (angle / np.pi) ** 2 * np.sin(np.pi * way) ** 2)
    return limbs.unit(first[:, None] * a + second[:, None] * b) * radius[:, None]


def arm_course(keys: Sequence[tuple[float, str]], t: np.ndarray) -> np.ndarray:
    """Targets, elbow directions and wrist bends (T, 3, 3) of one arm along eased keys ``(seconds, pose name)``."""
    poses: list[ArmPose] = [ARM_POSES[name] for _, name in keys]
    values = np.array([(pose.wrist, pose.elbow, pose.bend) for pose in poses])
    if len(keys) == 1:
        return np.repeat(values, len(t), axis=0)
    index, way = progress_between(np.array([key[0] for key in keys], float), t)
    course = values[index] * (1 - way[:, None, None]) + values[index + 1] * way[:, None, None]
    course[:, 0] = sweep(values[index, 0], values[index + 1, 0], way)
    return course


def arm_control(plan: Plan, side: int, t: np.ndarray) -> np.ndarray:
    """The course (T, 3, 3) of one arm: the groove, with the triggered moves laid over it."""
    keys = [(time, (left, right)[side]) for time, left, right in plan.arms]
    course = gaussian_filter1d(arm_course(keys, t), 0.03 * RATE, axis=0, mode="nearest")
    for trigger in plan.triggers:
        moves = [(trigger.time + after, (left, right)[side]) for after, left, right in trigger.move.arms]
        taken = [(time, name) for time, name in moves if name is not None]
        if not taken:
            continue
        weight = window(trigger, t)
        over = arm_course(taken, t)
        blended = course * (1 - weight[:, None, None]) + over * weight[:, None, None]
        blended[:, 0] = sweep(course[:, 0], over[:, 0], weight)
        course = blended
    return course


# ------------------------------------------------------------------------------------------------------------- trunk


def trunk_control(plan: Plan, beats_s: np.ndarray, t: np.ndarray) -> dict[str, np.ndarray]:
    """Channels of the trunk over time, with ``heading`` and the bounce on the beat (lowest on it) added to ``drop``."""
    values = follow(plan.torso, t)
    beat = np.interp(t, beats_s, np.arange(len(beats_s)))
    bounce = follow(plan.bounce, t, 0.15) * (1 + np.cos(2 * np.pi * beat)) / 2
    values[:, TORSO_CHANNELS.index("drop")] += STANDING_DROP + bounce
    for trigger in plan.triggers:
        weight = window(trigger, t)
        for name, value in trigger.move.torso.items():
            column = TORSO_CHANNELS.index(name)
            values[:, column] += weight * (value - values[:, column])
    channels = {name: values[:, column] for column, name in enumerate(TORSO_CHANNELS)}
    channels["heading"] = follow(plan.heading, t, 0.08)
    return channels


def jump_height(t: np.ndarray, flight_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Rise of the pelvis and of the feet (m) over time: the top of the jump is at 0, the landing at ``flight_s``."""
    speed = GRAVITY * flight_s
    crouch = 2 * 0.15 / speed
    before = CubicHermiteSpline([-flight_s - crouch - 0.3, -flight_s - crouch, -flight_s], [0, -0.15, 0], [0, 0, speed])
    after = CubicHermiteSpline([flight_s, flight_s + crouch, flight_s + crouch + 0.4], [0, -0.15, 0], [-speed, 0, 0])
    flight = GRAVITY / 2 * (flight_s**2 - t**2)
    rise = np.where(np.abs(t) <= flight_s, flight, 0.0)
    rise = np.where((t > before.x[0]) & (t < -flight_s), before(t), rise)
    rise = np.where((t > flight_s) & (t < after.x[-1]), after(t), rise)
    return rise, np.where(np.abs(t) <= flight_s, flight, 0.0)


# -------------------------------------------------------------------------------------------------------------- feet


def foot_control(plan: Plan, side: int, t: np.ndarray, start: tuple[float, float, float]) -> dict[str, np.ndarray]:
    """Course of one foot over time: ``x``, ``z`` of the flat foot's ankle, its ``lift``, ``yaw`` and ``pitch``."""
    course = {name: np.zeros(len(t)) for name in ("x", "z", "lift", "yaw", "pitch")}
    place = dict(zip(("x", "z", "yaw"), start, strict=True)) | {"pitch": 0.0}
    for name, value in place.items():
        course[name][:] = value
    for step in plan.steps:
        if step.side != side:
            continue
        way = ease((t - step.start) / (step.end - step.start))
        phase = np.clip((t - step.start) / (step.end - step.start), 0, 1)
        for name in ("x", "z", "yaw", "pitch"):
            course[name] += (getattr(step, name) - place[name]) * way
            place[name] = getattr(step, name)
        course["lift"] += step.lift * np.sin(np.pi * phase) ** 2
        # The heel leaves the floor first, and the toes hang while the foot is in the air.
        course["pitch"] += (0.35 + step.lift) * np.sin(np.pi * phase**0.8) ** 2 * (phase < 1)
    return course


def left_share(plan: Plan, t: np.ndarray) -> np.ndarray:
    """The left leg's share of the weight (0..1): on the standing leg while the other steps."""
    keys = [(min(plan.heading[0][0], 0.0) - 1.0, 0.5)]
    for step in plan.steps:
        keys.append((step.start + 0.3 * (step.end - step.start), 0.28 if step.side == 0 else 0.72))
        keys.append((step.end + 0.12, step.left_share))
    keys.append((t[-1] + 1.0, 0.5))
    keys.sort()
    share = gaussian_filter1d(
        np.interp(t, [key[0] for key in keys], [key[1] for key in keys]), 0.09 * RATE, mode="nearest"
    )
    for trigger in plan.triggers:
        if trigger.move.left_share is not None:
            share = share + window(trigger, t) * (trigger.move.left_share - share)
        elif trigger.move.planted:
            share = share + window(trigger, t) * (0.5 - share)
    return share


def ankle_course(
    rest: np.ndarray, sole: np.ndarray, side: int, course: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """World position (T, 3) of an ankle and rotation (T, 3, 3) of its foot.

    ``sole`` (N, 3) are the foot's vertices relative to its ankle: the lowest of them is ``lift`` above the floor. A
    foot pitched downwards turns about its ball, one pitched upwards about its heel.
    """
    heading = axis_rotations(course["yaw"], 1)
    turn = axis_rotations(course["pitch"], 0)
    ball = rest[10 + side] - rest[7 + side]
    pivot = np.where(course["pitch"][:, None] > 0, ball * [0, 1, 1], [0.0, ball[1], -0.05])
    shift = pivot - np.einsum("tab,tb->ta", turn, pivot)
    # The height of the ankle above the lowest point depends on the pitch alone.
    pitches = np.linspace(-1.5, 1.5, 121)
    heights = -(axis_rotations(pitches, 0) @ sole.T)[:, 1].min(1)
    shift[:, 1] = np.interp(course["pitch"], pitches, heights)
    flat = np.stack([course["x"], course["lift"], course["z"]], axis=-1)
    return flat + np.einsum("tab,tb->ta", heading, shift), heading @ turn


def soles(body: Body, betas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (N, 3) of the left and the right foot relative to their ankles in the rest pose."""
    vertices, rest = body.rest_vertices(betas), body.rest_joints(betas)
    return tuple(vertices[body.weights[:, [7 + side, 10 + side]].sum(1) > 0.9] - rest[7 + side] for side in (0, 1))


def _reachable(pelvis: np.ndarray, hips: list[np.ndarray], ankles: list[np.ndarray], length: float) -> np.ndarray:
    """Pelvis heights (T,) lowered so that both feet can be reached; a soft minimum keeps the course smooth."""
    highest = []
    for hip, ankle in zip(hips, ankles, strict=True):
        flat = ((ankle - hip)[:, [0, 2]] ** 2).sum(-1)
        highest.append(ankle[:, 1] + np.sqrt(np.maximum((0.997 * length) ** 2 - flat, 0.01)) - (hip - pelvis)[:, 1])
    softness = 0.008
    stacked = np.stack([pelvis[:, 1], *highest])
    lowest = stacked.min(0)
    return lowest - softness * np.log(np.exp(-(stacked - lowest) / softness).sum(0))


# -------------------------------------------------------------------------------------------------------------- body


def dance(plan: Plan, beats_s: np.ndarray, frame_count: int, body: Body, betas: np.ndarray) -> Motion:
    """The motion of a plan: ``frame_count`` frames at 30 fps, y-up, metres, the floor at y = 0."""
    t = np.arange(frame_count * OVERSAMPLING) / RATE
    rest = body.rest_joints(betas)
    sole_vertices = soles(body, betas)
    sole = rest[7, 1] + float(sole_vertices[0][:, 1].min())
    trunk = trunk_control(plan, beats_s, t)

    feet = [foot_control(plan, side, t, ((STANCE, -STANCE)[side], 0.0, (0.12, -0.12)[side])) for side in (0, 1)]
    share = left_share(plan, t)
    ground = share[:, None] * np.stack([feet[0]["x"], feet[0]["z"]], -1)
    ground += (1 - share[:, None]) * np.stack([feet[1]["x"], feet[1]["z"]], -1)
    ground = gaussian_filter1d(ground, 0.07 * RATE, axis=0, mode="nearest")
    rise = np.zeros(len(t))
    for trigger in plan.triggers:
        weight = window(trigger, t)
        if trigger.move.flight_s:
            up, feet_up = jump_height(t - trigger.time, trigger.move.flight_s)
            rise += gaussian_filter1d(up, 0.012 * RATE)
            for foot in feet:
                foot["lift"] += gaussian_filter1d(feet_up, 0.012 * RATE)
                foot["pitch"] += 0.5 * np.clip(gaussian_filter1d(feet_up, 0.02 * RATE) / 0.15, 0, 1)
        for name, (x, y, z, pitch) in trigger.move.feet.items():
            foot = feet["LR".index(name)]
            facing = trunk["heading"]
            foot["x"] += weight * (x * np.cos(facing) + z * np.sin(facing))
            foot["z"] += weight * (z * np.cos(facing) - x * np.sin(facing))
            foot["lift"] += weight * y
            foot["pitch"] += weight * pitch

    heading = axis_rotations(trunk["heading"], 1)
    pelvis_turn = heading @ (
        axis_rotations(trunk["yaw"], 1) @ axis_rotations(trunk["pitch"], 0) @ axis_rotations(trunk["roll"], 2)
    )
    shift = np.einsum("tab,tb->ta", heading, np.stack([trunk["sway"], 0 * t, trunk["push"]], -1))
    height = rest[0, 1] - sole - trunk["drop"] + rise
    pelvis = np.stack([ground[:, 0], height, ground[:, 1]], -1) + shift
    ankles, foot_turns = zip(
        *[ankle_course(rest, sole_vertices[side], side, feet[side]) for side in (0, 1)], strict=True
    )
    offsets = [np.einsum("tab,b->ta", pelvis_turn, rest[1 + side] - rest[0]) for side in (0, 1)]
    length = float(np.linalg.norm(rest[4] - rest[1]) + np.linalg.norm(rest[7] - rest[4]))
    pelvis[:, 1] = _reachable(pelvis, [pelvis + offset for offset in offsets], list(ankles), length)

    local = np.tile(np.eye(3), (len(t), 24, 1, 1))
    local[:, 0] = pelvis_turn
    bend = (
        axis_rotations(trunk["turn"] / 3, 1)
        @ axis_rotations(trunk["lean"] / 3, 0)
        @ axis_rotations(trunk["side"] / 3, 2)
    )
    local[:, [3, 6, 9]] = bend[:, None]
    head = axis_rotations(trunk["look"] / 2 - trunk["heading"] / 5, 1) @ axis_rotations(trunk["nod"] / 2, 0)
    local[:, [12, 15]] = (head @ axis_rotations(trunk["tilt"] / 2, 2))[:, None]
    for side in (0, 1):
        _set_leg(
            local, rest, side, pelvis_turn, pelvis + offsets[side], ankles[side], foot_turns[side], feet[side]["yaw"]
        )
        _set_arm(local, rest, side, arm_control(plan, side, t))

    pose = matrix_to_axis_angle(local[::OVERSAMPLING]).reshape(frame_count, 72)
    return Motion(
        global_orient=pose[:, :3],
        body_pose=pose[:, 3:],
        transl=pelvis[::OVERSAMPLING] - rest[0],
        betas=np.asarray(betas, float),
        valid=np.ones(frame_count, bool),
    )


def _set_leg(
    local: np.ndarray,
    rest: np.ndarray,
    side: int,
    pelvis_turn: np.ndarray,
    hip: np.ndarray,
    ankle: np.ndarray,
    foot_turn: np.ndarray,
    foot_yaw: np.ndarray,
) -> None:
    """Write hip, knee and ankle of one leg into ``local`` (T, 24, 3, 3); the knee points between pelvis and foot."""
    forward = pelvis_turn[:, :, 2] + np.stack([np.sin(foot_yaw), 0 * foot_yaw, np.cos(foot_yaw)], -1)
    thigh, shank = limbs.leg(rest, side, pelvis_turn, hip, ankle, forward * [1, 0, 1])
    local[:, 1 + side] = np.swapaxes(pelvis_turn, -1, -2) @ thigh
    local[:, 4 + side] = np.swapaxes(thigh, -1, -2) @ shank
    local[:, 7 + side] = np.swapaxes(shank, -1, -2) @ foot_turn


def _set_arm(local: np.ndarray, rest: np.ndarray, side: int, course: np.ndarray) -> None:
    """Write collar, shoulder, elbow and wrist of one arm into ``local``; a raised arm raises its collar."""
    shoulder, elbow = limbs.arm(rest, side, course[:, 0], course[:, 1])
    mirror = 1.0 - 2.0 * side
    elevation = limbs.unit(course[:, 0])[:, 1]
    collar = axis_rotations(mirror * (0.08 + 0.16 * elevation), 2)
    local[:, 13 + side] = collar
    local[:, 16 + side] = np.swapaxes(collar, -1, -2) @ shoulder
    local[:, 18 + side] = elbow
    bends = course[:, 2] * [1.0, mirror, mirror]
    local[:, 20 + side] = Rotation.from_rotvec(bends).as_matrix()
