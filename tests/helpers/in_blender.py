"""What Blender makes of exported files: run by a Python that has ``bpy``, never by pytest itself.

    python in_blender.py JOBS.json

``JOBS.json`` is a list of objects: ``file`` (an exported motion), ``result`` (an npz that is written), and optionally
``character`` (rest joints as .npy, with ``arms_down`` in degrees and ``object_scale``): a rig with Mixamo's names that
shall dance. The npz holds the joints in every frame (T, 22, 3), and what the scene says about time, sound and markers.
"""

import importlib.util
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)


def load_program() -> ModuleType:
    """``tools/blender/import_dance.py`` as a module."""
    path = Path(__file__).resolve().parents[2] / "tools" / "blender" / "import_dance.py"
    spec = importlib.util.spec_from_file_location("import_dance", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PROGRAM = load_program()


def character(rest: np.ndarray, arms_down: float, object_scale: float) -> Any:
    """A rig with Mixamo's names at rest joints (22, 3) in Blender's axes; bones have rolls, the object a scale."""
    rest = rest.copy()
    for joints, sign in (((16, 18, 20), 1), ((17, 19, 21), -1)):
        turn = np.array(Matrix.Rotation(math.radians(sign * arms_down), 3, "Y"))
        rest[list(joints[1:])] = rest[joints[0]] + (rest[list(joints[1:])] - rest[joints[0]]) @ turn.T
    armature = bpy.data.armatures.new("Rig")
    thing = bpy.data.objects.new("Hero", armature)
    bpy.context.scene.collection.objects.link(thing)
    thing.scale = [object_scale] * 3
    thing.rotation_euler = (math.radians(90 if object_scale != 1 else 0), 0, 0)  # as FBX files from Mixamo come in
    bpy.context.view_layer.update()
    inverse = thing.matrix_world.inverted()
    bpy.context.view_layer.objects.active = thing
    bpy.ops.object.mode_set(mode="EDIT")
    bones: list[Any] = []
    for joint, parent in enumerate(PARENTS):
        bone = armature.edit_bones.new(f"mixamorig:{PROGRAM.MIXAMO[joint]}")
        child = next((index for index in range(22) if PARENTS[index] == joint), None)
        tail = rest[child] if child is not None else rest[joint] * 1.5 - rest[parent] * 0.5
        bone.head, bone.tail, bone.roll = inverse @ Vector(rest[joint]), inverse @ Vector(tail), 0.3 * joint
        bone.parent = bones[parent] if parent >= 0 else None
        bones.append(bone)
    bpy.ops.object.mode_set(mode="OBJECT")
    return thing


def joints_of(armature: Any, frames: range) -> np.ndarray:
    """World positions (T, 22, 3) of the bones' heads."""
    scene, names = bpy.context.scene, PROGRAM.bones_of(armature)
    scene.frame_start, scene.frame_end = frames.start, frames.stop - 1
    return PROGRAM.sampled(scene, armature, [names[joint] for joint in PROGRAM.SMPL])[:, :, :3, 3]


def skin_at(frame: int) -> np.ndarray:
    """Corners (2, 3) of the box about the skinned bodies in the world, at one frame."""
    bpy.context.scene.frame_set(frame)
    graph = bpy.context.evaluated_depsgraph_get()
    points = []
    for thing in bpy.data.objects:
        if thing.type == "MESH" and thing.vertex_groups:
            body = thing.evaluated_get(graph)
            points += [body.matrix_world @ vertex.co for vertex in body.to_mesh().vertices]
    return np.array([np.min(points, axis=0), np.max(points, axis=0)])


def measure(job: dict[str, Any]) -> dict[str, Any]:
    """Load one file and measure it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    path, scene = Path(job["file"]), bpy.context.scene
    if path.suffix in (".fbx", ".usd"):
        scene.render.fps = 30
        if path.suffix == ".fbx":
            bpy.ops.import_scene.fbx(filepath=str(path), anim_offset=0)
        else:
            bpy.ops.wm.usd_import(filepath=str(path), set_frame_range=True)
        armature = next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")
        first, last = armature.animation_data.action.frame_range
        fields = next(dict(thing.items()) for thing in bpy.data.objects if "first_frame_s" in thing)
        return {
            "joints": joints_of(armature, range(int(first), int(last) + 1)),
            "range": [first, last],
            "first_frame_s": fields["first_frame_s"],
            "fps": fields["fps"],
            "duration_s": fields["duration_s"],
            "skin": skin_at(90),
        }
    if path.suffix == ".blend":
        bpy.ops.wm.open_mainfile(filepath=str(path))
        scene = bpy.context.scene
        armature = next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")
    elif "character" in job:
        character(np.load(job["character"]), job["arms_down"], job["object_scale"])
        armature = PROGRAM.import_dance(path, "Hero")
    else:
        armature = PROGRAM.import_dance(path)
    import aud  # is there only once bpy is loaded

    strip = next(iter(scene.sequence_editor.strips))
    sound = aud.Sound(bpy.path.abspath(strip.sound.filepath))
    result = {
        "fps": scene.render.fps / scene.render.fps_base,
        "range": [scene.frame_start, scene.frame_end],
        "strip": [strip.frame_final_start, strip.frame_final_duration],
        "sync": scene.sync_mode,
        "markers": [f"{marker.frame} {marker.name}" for marker in scene.timeline_markers],
        "sound": sound.data()[:, 0],
        "sound_rate": sound.specs[0],
    }
    if path.suffix == ".glb" and "character" not in job:
        result["skin"] = skin_at(90)
    return result | {"joints": joints_of(armature, range(scene.frame_start, scene.frame_end + 1))}


if __name__ == "__main__":
    for task in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        np.savez(task["result"], **measure(task))
