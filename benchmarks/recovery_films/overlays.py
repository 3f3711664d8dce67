"""An image of a take: what was recovered over the video, and both skeletons from the side, where depth shows."""

from pathlib import Path

import cv2
import numpy as np

from benchmarks.recovery_films.takes import Take
from justlmd.body.kinematics import skin
from justlmd.body.model import PARENTS, Body
from justlmd.media.video import read_chosen_frames
from justlmd.motion.motion import FLIP, CameraMotion, to_yup
from justlmd.preview.renderer import outline_mesh

PANEL = (480, 300)
LINE, TRUE, FOUND = (70, 225, 255), (60, 60, 60), (235, 60, 60)


def write_overlay_image(path: Path, video: Path, scene: Take, found: CameraMotion, body: Body, count: int = 4) -> None:
    """Write ``count`` frames in columns: the film with the recovered body's outline, and below it truth (grey) and
    result (red) seen from the dancer's left, hips on hips."""
    numbers = np.linspace(0, len(scene.motion) - 1, count + 2)[1:-1].astype(int)
    frames = read_chosen_frames(video, numbers.tolist())
    motion = to_yup(found, body, floor=0.0)
    joints = motion.joints(body)
    columns = []
    for number in numbers:
        part = motion.cut(number, number + 1)
        vertices = skin(body, part.global_orient, part.body_pose, part.transl, part.betas)[0] * FLIP
        drawn = outline_mesh(vertices.astype(np.float32), body.faces, LINE, found.K, frames[int(number)])
        side = np.full((PANEL[1], PANEL[0], 3), 255, np.uint8)
        for points, color in ((scene.truth[number], TRUE), (joints[number], FOUND)):
            about = points - points[1:3].mean(0)
            at = np.array([PANEL[0] / 2, PANEL[1] / 2]) + 130 * np.stack([-about[:, 2], -about[:, 1]], axis=1)
            for joint in range(1, 24):
                ends = [tuple(at[n].round().astype(int).tolist()) for n in (joint, PARENTS[joint])]
                cv2.line(side, *ends, color, 2, cv2.LINE_AA)
        columns.append(np.concatenate([_fitted(drawn), side]))
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.concatenate(columns, axis=1)[..., ::-1])


def _fitted(image: np.ndarray) -> np.ndarray:
    """The image made as large as a panel's frame allows, on grey."""
    share = min(PANEL[0] / image.shape[1], PANEL[1] / image.shape[0])
    small = cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    panel = np.full((PANEL[1], PANEL[0], 3), 40, np.uint8)
    top, left = (PANEL[1] - small.shape[0]) // 2, (PANEL[0] - small.shape[1]) // 2
    panel[top : top + small.shape[0], left : left + small.shape[1]] = small
    return panel
