"""A program for a Python with Blender's module ``bpy``: ``blender.py MOTION.glb MOTION.clock.json TARGET.fbx|.usd``.

Nothing of this library is imported, because that Python has only Blender's packages. Frame k of the motion becomes
frame k of the scene, at the frame rate of the GLB, and the song's clock becomes custom properties of the skeleton.
"""

import json
import sys
from pathlib import Path
from typing import Any

import bpy

CLOCK_FIELDS = ("song", "first_frame_s", "fps", "duration_s")


def load(glb: str, clock: dict[str, Any]) -> Any:
    """Read the GLB into an empty scene at its own frame rate; returns the skeleton."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene, about = bpy.context.scene, clock["files"][Path(glb).name]
    scene.render.fps, scene.render.fps_base = int(about["fps"]), 1.0
    bpy.ops.import_scene.gltf(filepath=glb)
    scene.frame_start, scene.frame_end = 0, max(int(about["frames"]) - 1, 0)
    skeleton = next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")
    for field in CLOCK_FIELDS:
        skeleton[field] = clock[field]
    skeleton["fps"] = float(about["fps"])
    for thing in list(bpy.data.objects):  # the shape that the importer draws for bones
        if thing.type == "MESH" and not thing.vertex_groups:
            bpy.data.objects.remove(thing)
    return skeleton


def save(target: str) -> None:
    """Write the scene as FBX (metres, y up, no bones at the tips) or USD."""
    if target.endswith(".fbx"):
        bpy.ops.export_scene.fbx(
            filepath=target,
            object_types={"ARMATURE", "MESH"},
            add_leaf_bones=False,
            use_custom_props=True,
            bake_anim_use_all_bones=True,
            bake_anim_use_nla_strips=False,
            bake_anim_use_all_actions=False,
            bake_anim_force_startend_keying=True,
            bake_anim_simplify_factor=0.0,
        )
    else:
        bpy.ops.wm.usd_export(
            filepath=target, export_animation=True, export_armatures=True, export_custom_properties=True
        )


def main(glb: str, clock: str, target: str) -> None:
    load(glb, json.loads(Path(clock).read_text(encoding="utf-8")))
    save(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
