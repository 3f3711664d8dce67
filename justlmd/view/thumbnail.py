"""The thumbnail of a song in the gallery: the dancer with the recovered body, or a drawn skeleton."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from justlmd.body.model import PARENTS, Body
from justlmd.core.files import replacing
from justlmd.media.video import probe, read_chosen_frames
from justlmd.motion.motion import Motion

SIZE = (320, 200)
"""Largest width and height in pixels."""

GROUND, BONE, JOINT, FLOOR = "#23272f", "#5cc4cd", "#ffffff", "#3a414d"
FINE = 3
"""Times that the skeleton is drawn larger, for smooth edges."""


def write_thumbnail(path: str | Path, image: np.ndarray) -> None:
    """Write an image (H, W, 3) uint8 as a small ``.jpg``; what is taller than :data:`SIZE` loses its top and bottom."""
    thumbnail = Image.fromarray(image)
    share = SIZE[0] / thumbnail.width
    thumbnail = thumbnail.resize((SIZE[0], max(1, round(thumbnail.height * share))), Image.Resampling.BILINEAR)
    if thumbnail.height > SIZE[1]:
        top = (thumbnail.height - SIZE[1]) // 2
        thumbnail = thumbnail.crop((0, top, SIZE[0], top + SIZE[1]))
    with replacing(path) as temporary:
        thumbnail.save(temporary, "JPEG", quality=80)


def skeleton_image(motion: Motion, body: Body) -> np.ndarray:
    """The skeleton of the middle frame that holds a body, seen from the front: (200, 320, 3) uint8.

    Only the ground and the floor where no frame holds one.
    """
    width, height = SIZE[0] * FINE, SIZE[1] * FINE
    thumbnail = Image.new("RGB", (width, height), GROUND)
    draw = ImageDraw.Draw(thumbnail)
    floor = round(0.9 * height)
    draw.line([(0, floor), (width, floor)], fill=FLOOR, width=2 * FINE)
    valid = np.flatnonzero(motion.valid)
    if len(valid):
        middle = int(valid[len(valid) // 2])
        joints = motion.cut(middle, middle + 1).joints(body)[0]
        joints = joints - joints[0] * [1, 0, 0]
        scale = 0.78 * height / max(1.8, float(np.ptp(joints[:, 1])))
        places = [(width / 2 + scale * float(x), floor - scale * float(y - joints[:, 1].min())) for x, y, _ in joints]
        for joint, parent in enumerate(PARENTS):
            if parent >= 0:
                draw.line([places[parent], places[joint]], fill=BONE, width=3 * FINE, joint="curve")
        for x, y in places:
            draw.ellipse([x - 2 * FINE, y - 2 * FINE, x + 2 * FINE, y + 2 * FINE], fill=JOINT)
    return np.asarray(thumbnail.resize(SIZE, Image.Resampling.LANCZOS))


def write_overlay_thumbnail(path: str | Path, overlay: str | Path, frame: int) -> None:
    """Write the thumbnail of a song from a frame of its ``overlay.mp4``: the half with the body.

    The last frame stands in for one behind the end. Raises InputError when the overlay does not decode.
    """
    number = max(0, min(frame, probe(overlay).frames - 1))
    image = read_chosen_frames(overlay, [number])[number]
    write_thumbnail(path, image[:, image.shape[1] // 2 :])
