"""Renders the dancer: the dressed body in a room, one image for each frame of the motion."""

from collections.abc import Iterator

import numpy as np

from demo.score import Song
from justlmd.body.camera import Camera, intrinsics
from justlmd.body.clothing import clothing_colors
from justlmd.body.kinematics import skin
from justlmd.body.model import Body
from justlmd.motion.motion import Motion
from justlmd.preview.renderer import draw_shadow, render_mesh, render_room

SIZE = (640, 480)
"""Width and height of the demo's videos in pixels."""
SHADOWED = [0, 7, 8, 10, 11]
"""Joints that darken the floor below them: pelvis, ankles and feet."""
CHUNK = 64
"""Frames that are skinned at a time; bounds the memory."""


def camera_of(song: Song) -> Camera:
    """The level camera of a song, before the dancer and looking along -z."""
    position = np.array([0.0, song.look.camera_height_m, song.look.distance_m])
    turn = np.diag([1.0, -1.0, -1.0])
    return Camera(intrinsics(SIZE, song.look.focal_px), turn, -turn @ position, SIZE)


def rendered_frames(song: Song, motion: Motion, body: Body) -> Iterator[np.ndarray]:
    """The frames (height, width, 3) uint8 of a motion in the y-up world, dressed and lit as the song's look says."""
    camera = camera_of(song)
    dark = tuple(round(0.86 * channel) for channel in song.look.floor)
    room = render_room(camera, wall_z=-1.6, wall_color=song.look.wall, floor_colors=(song.look.floor, dark))
    colors = clothing_colors(body, np.random.default_rng(song.look.clothes))
    joints = motion.joints(body)
    for start in range(0, len(motion), CHUNK):
        part = motion.cut(start, start + CHUNK)
        vertices = skin(body, part.global_orient, part.body_pose, part.transl, part.betas)
        for frame, points in enumerate(vertices):
            shaded = draw_shadow(room, camera, joints[start + frame, SHADOWED], radius=0.22, strength=0.35)
            yield render_mesh(camera.to_camera(points), body.faces, colors, camera.K, shaded, supersample=2)
