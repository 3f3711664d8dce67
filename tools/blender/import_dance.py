"""Bring an exported dance into Blender together with its song, its lyrics, and a character of yours.

In Blender: open this file in the tab Scripting, write the path of a ``motion.glb`` or ``motion.bvh`` into ``DANCE``
below (and the name of your character's armature into ``CHARACTER``), and press the triangle. Or from a terminal:

    blender my_scene.blend --python import_dance.py -- results/songs/paper_star/motion.glb --character Armature

What it does, in the scene that is open:

1. sets the scene's frame rate to the dance's and its range to the dance's frames; frame 0 is the first one,
2. puts ``audio.m4a``, which lies beside the dance, as a sound strip at frame 0, and lets playback follow the sound,
3. sets a marker at each sung line,
4. loads the dance (a BVH at its right size and with its feet down),
5. with a character: copies the dance onto its armature, whose bones have SMPL's names (``left_hip``) or Mixamo's
   (``mixamorig:LeftUpLeg``, also without the prefix or with another one), and hides the loaded dance.

The character may have other proportions, another rest pose (arms down) and another scale: each bone gets the rotation
that the dancer's bone has against its own rest pose, arms and legs are first brought to the dancer's rest pose, and the
path over the floor is scaled by the height of the hips. It should stand on the floor and look along -y, as Blender's
characters do. Fingers, face and twist bones keep their rest pose. Needs Blender 4.2 or newer; tried with 5.0.1.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

Arrays = dict[str, np.ndarray]

DANCE = ""  # path of a motion.glb or motion.bvh; its folder also holds audio.m4a and motion.clock.json
CHARACTER = ""  # name of the armature that shall dance; empty: only the dance itself is loaded

SMPL = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
)  # fmt: skip
MIXAMO = (
    "Hips", "LeftUpLeg", "RightUpLeg", "Spine", "LeftLeg", "RightLeg", "Spine1", "LeftFoot", "RightFoot", "Spine2",
    "LeftToeBase", "RightToeBase", "Neck", "LeftShoulder", "RightShoulder", "Head", "LeftArm", "RightArm",
    "LeftForeArm", "RightForeArm", "LeftHand", "RightHand",
)  # fmt: skip
LIMBS = {
    "left_hip": "left_knee", "left_knee": "left_ankle", "right_hip": "right_knee", "right_knee": "right_ankle",
    "left_shoulder": "left_elbow", "left_elbow": "left_wrist", "right_shoulder": "right_elbow",
    "right_elbow": "right_wrist",
}  # fmt: skip
"""Bones whose direction at rest differs between characters, and the joint at their other end."""

FOLLOWS = {"left_wrist": "left_elbow", "right_wrist": "right_elbow"}
"""Bones that are turned at rest together with the limb that they end."""


def read_clock(dance: Path) -> dict[str, Any]:
    """The clock beside a dance, with what it says about this very file; a complaint when there is none."""
    path = dance.with_name("motion.clock.json")
    if not path.is_file():
        raise SystemExit(f"{path} is missing: it lies beside the exported dance and belongs to it")
    clock = json.loads(path.read_text(encoding="utf-8"))
    if dance.name not in clock["files"]:
        raise SystemExit(f"{path} does not describe {dance.name}; it knows {', '.join(clock['files'])}")
    return clock | clock["files"][dance.name]


def add_sound(scene: Any, path: Path) -> Any:
    """A sound strip that begins at frame 0; None when the dance has no audio."""
    if not path.is_file():
        return None
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences  # Blender 4.4 renamed them
    channel = max((strip.channel for strip in strips), default=0) + 1
    return strips.new_sound(name="song", filepath=str(path), channel=channel, frame_start=0)


def add_markers(scene: Any, clock: dict[str, Any]) -> None:
    """A marker at the beginning of each sung line (a name in Blender holds 63 bytes)."""
    for line in clock["lyrics"]:
        text = str(line["text"]).encode()[:60].decode(errors="ignore")
        scene.timeline_markers.new(text, frame=max(round(float(line["start_s"]) * clock["fps"]), 0))


def load_dance(path: Path, clock: dict[str, Any]) -> Any:
    """Load the file; returns its armature."""
    before = set(bpy.data.objects)
    if path.suffix.lower() == ".glb":
        bpy.ops.import_scene.gltf(filepath=str(path))
    elif path.suffix.lower() == ".bvh":
        upright = (
            {"axis_forward": "-Z", "axis_up": "Y"} if clock["up"] == "y" else {"axis_forward": "Y", "axis_up": "Z"}
        )
        bpy.ops.import_anim.bvh(
            filepath=str(path),
            global_scale=float(clock["unit_m"]),
            frame_start=1,  # Blender takes no earlier one
            use_fps_scale=False,
            update_scene_fps=False,
            update_scene_duration=False,
            rotate_mode="QUATERNION",
            **upright,
        )
    else:
        raise SystemExit(f"{path.name}: give the motion.glb or the motion.bvh")
    new = set(bpy.data.objects) - before
    armature = next(thing for thing in new if thing.type == "ARMATURE")
    for thing in [thing for thing in new if thing.type == "MESH" and not thing.vertex_groups]:
        bpy.data.objects.remove(thing)  # the shape that the glTF importer draws for bones
    if path.suffix.lower() == ".bvh":
        move_keys(armature.animation_data.action, -1)
    armature.name = f"{clock['song']} dance"
    for key in ("song", "first_frame_s", "fps", "duration_s"):
        armature[key] = clock[key]
    return armature


def move_keys(action: Any, frames: int) -> None:
    """Move all keys of an action by a number of frames."""
    if hasattr(action, "fcurves"):
        curves = list(action.fcurves)
    else:  # since Blender 5 the curves lie in layers
        bags = [bag for layer in action.layers for strip in layer.strips for bag in strip.channelbags]
        curves = [curve for bag in bags for curve in bag.fcurves]
    for curve in curves:
        points = np.empty(2 * len(curve.keyframe_points))
        curve.keyframe_points.foreach_get("co", points)
        points[::2] += frames
        curve.keyframe_points.foreach_set("co", points)
        curve.update()


def bones_of(armature: Any) -> dict[str, str]:
    """The armature's bones by SMPL's names; SMPL's or Mixamo's names are looked for, prefixes left aside."""
    plain = {bone.name.split(":")[-1].split("|")[-1].lower(): bone.name for bone in armature.data.bones}
    for names in (SMPL, MIXAMO):
        found = {joint: plain[name.lower()] for joint, name in zip(SMPL, names, strict=True) if name.lower() in plain}
        if len(found) >= 15 and "pelvis" in found:
            return found
    raise SystemExit(
        f"the armature {armature.name} has neither SMPL's nor Mixamo's bone names (it begins with "
        f"{', '.join(bone.name for bone in armature.data.bones[:4])}): rename its bones"
    )


def rest_matrices(armature: Any) -> Arrays:
    """World matrices (4, 4) of the bones at rest."""
    return {bone.name: np.array(armature.matrix_world @ bone.matrix_local) for bone in armature.data.bones}


def rotation_of(matrices: np.ndarray) -> np.ndarray:
    """The rotations (..., 3, 3) of matrices with scale."""
    turn = matrices[..., :3, :3]
    return turn / np.linalg.norm(turn, axis=-2, keepdims=True)


def swing(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The smallest rotation (3, 3) from one direction to another."""
    return np.array(Vector(start).rotation_difference(Vector(end)).to_matrix())


def sampled(scene: Any, armature: Any, names: list[str]) -> np.ndarray:
    """World matrices (T, bones, 4, 4) of an armature's bones in every frame of the scene."""
    result = []
    for frame in range(scene.frame_start, scene.frame_end + 1):
        scene.frame_set(frame)
        result.append([np.array(armature.matrix_world @ armature.pose.bones[name].matrix) for name in names])
    return np.array(result)


def wanted_rotations(dancer_rest: Arrays, rest: Arrays, pairs: dict[str, tuple[str, str]], moved: Arrays) -> Arrays:
    """World rotations (T, 3, 3) of the character's bones, by name; ``pairs`` are (dancer's, character's) names."""
    bring: Arrays = {}
    for joint, end in LIMBS.items():
        if joint in pairs and end in pairs:
            (source, target), (source_end, target_end) = pairs[joint], pairs[end]
            theirs = dancer_rest[source_end][:3, 3] - dancer_rest[source][:3, 3]
            bring[joint] = swing(rest[target_end][:3, 3] - rest[target][:3, 3], theirs)
    bring |= {joint: bring[limb] for joint, limb in FOLLOWS.items() if limb in bring}
    return {
        target: rotation_of(moved[source])
        @ (rotation_of(dancer_rest[source]).T @ bring.get(joint, np.eye(3)) @ rotation_of(rest[target]))
        for joint, (source, target) in pairs.items()
    }


def retarget(scene: Any, dancer: Any, character: Any) -> None:
    """Copy the dance onto another armature, as an action of its own."""
    bones = bones_of(character)
    pairs = {joint: (name, bones[joint]) for joint, name in bones_of(dancer).items() if joint in bones}
    names = [source for source, _ in pairs.values()]
    hidden = [thing for thing in bpy.data.objects if thing.type == "MESH" and thing.parent == dancer]
    for mesh in hidden:
        mesh.hide_viewport = True  # nothing to skin while the frames are walked through
    moved = dict(zip(names, np.moveaxis(sampled(scene, dancer, names), 1, 0), strict=True))
    dancer_rest, rest = rest_matrices(dancer), rest_matrices(character)
    turns = wanted_rotations(dancer_rest, rest, pairs, moved)

    hips, root = pairs["pelvis"]
    floor = min(matrix[2, 3] for matrix in rest.values())
    ratio = (rest[root][2, 3] - floor) / (dancer_rest[hips][2, 3] - min(m[2, 3] for m in dancer_rest.values()))
    # The lowest joint of the dancer who stands becomes the lowest of the character at rest.
    ground = np.percentile(np.min([moved[name][:, 2, 3] for name in names], axis=0), 5)
    path = (moved[hips][:, :3, 3] - [0, 0, ground]) * ratio + [0, 0, floor]

    inverse = np.linalg.inv(np.array(character.matrix_world))
    pose: Arrays = {}  # in the space of the armature
    basis: Arrays = {}
    for bone in character.data.bones:  # parents stand before their children
        local = np.array(bone.matrix_local)
        above = np.eye(4)[None]
        if bone.parent:
            above = pose[bone.parent.name] @ np.linalg.inv(np.array(bone.parent.matrix_local))
        unmoved = above @ local
        pose[bone.name] = unmoved
        if bone.name in turns:
            wanted = np.tile(np.eye(4), (len(path), 1, 1))
            wanted[:, :3, :3] = rotation_of(inverse) @ turns[bone.name]
            wanted[:, :3, 3] = unmoved[:, :3, 3]
            if bone.name == root:
                wanted[:, :3, 3] = path @ inverse[:3, :3].T + inverse[:3, 3]
            pose[bone.name] = wanted
            basis[bone.name] = np.linalg.inv(unmoved) @ wanted
    write_action(scene, character, basis, root)
    for thing in [dancer, *hidden]:
        thing.hide_viewport = thing.hide_render = True


def write_action(scene: Any, character: Any, basis: Arrays, root: str) -> None:
    """Keys on every frame: rotations as quaternions, and the location of the root."""
    character.animation_data_create()
    action = bpy.data.actions.new(f"{character.name} dance")
    character.animation_data.action = action
    if hasattr(action, "fcurves"):
        curves = action.fcurves
    else:  # since Blender 5 the curves lie in a slot
        from bpy_extras import anim_utils

        slot = action.slots.new("OBJECT", character.name)
        character.animation_data.action_slot = slot
        curves = anim_utils.action_ensure_channelbag_for_slot(action, slot).fcurves
    frames = np.arange(scene.frame_start, scene.frame_end + 1, dtype=float)
    for name, matrices in basis.items():
        character.pose.bones[name].rotation_mode = "QUATERNION"
        turns = np.array([Matrix(matrix[:3, :3].tolist()).to_quaternion() for matrix in matrices])
        flips = np.where((turns[1:] * turns[:-1]).sum(1) < 0, -1.0, 1.0)
        turns[1:] *= np.cumprod(flips)[:, None]  # q and -q are one rotation; keep to one side between frames
        parts = [("rotation_quaternion", turns), ("location", matrices[:, :3, 3])][: 1 + (name == root)]
        path = character.pose.bones[name].path_from_id()
        for what, values in parts:
            for index in range(values.shape[1]):
                curve = curves.new(f"{path}.{what}", index=index)
                curve.keyframe_points.add(len(frames))
                curve.keyframe_points.foreach_set("co", np.stack([frames, values[:, index]], axis=1).ravel())
                curve.update()


def import_dance(dance: str | Path, character: str = "") -> Any:
    """Everything; returns the armature that dances."""
    path = Path(bpy.path.abspath(str(dance))).absolute()
    if not path.is_file():
        raise SystemExit(f"there is no file {path}")
    if character and (character not in bpy.data.objects or bpy.data.objects[character].type != "ARMATURE"):
        known = [thing.name for thing in bpy.data.objects if thing.type == "ARMATURE"]
        raise SystemExit(f"there is no armature {character!r} in the scene; there are: {', '.join(known) or 'none'}")
    scene, clock = bpy.context.scene, read_clock(path)
    scene.render.fps, scene.render.fps_base = round(clock["fps"]), 1.0
    scene.frame_start, scene.frame_end = 0, max(int(clock["frames"]) - 1, 0)
    scene.sync_mode = "AUDIO_SYNC"
    sound = add_sound(scene, path.with_name(Path(clock["audio"]).name))
    add_markers(scene, clock)
    armature = load_dance(path, clock)
    if character:
        retarget(scene, armature, bpy.data.objects[character])
        armature = bpy.data.objects[character]
    scene.frame_set(0)
    print(f"{armature.name}: {clock['frames']} frames at {scene.render.fps}/s, {'with' if sound else 'without'} sound")
    return armature


def main() -> None:
    parser = argparse.ArgumentParser(prog="import_dance.py", description="Load a dance with its song.")
    parser.add_argument("dance", nargs="?", default=DANCE, help="motion.glb or motion.bvh")
    parser.add_argument("--character", default=CHARACTER, help="name of the armature that shall dance")
    parser.add_argument("--save", default="", help="write the scene to this .blend file")
    options = parser.parse_args(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else [])
    if not options.dance:
        raise SystemExit("which dance? Write its path into DANCE at the top of this script, or give it behind --")
    import_dance(options.dance, options.character)
    if options.save:
        bpy.ops.wm.save_as_mainfile(filepath=str(Path(options.save).absolute()))


if __name__ == "__main__":
    main()
