"""bvhio, an independent reader of BVH files."""

from pathlib import Path

import numpy as np

from justlmd.body.model import JOINT_NAMES


def joints_read_by_bvhio(path: Path, names: list[str] = JOINT_NAMES) -> np.ndarray:
    """Joints (T, 24, 3) in the file's unit."""
    import bvhio

    root = bvhio.readAsHierarchy(str(path))
    by_name = {joint.Name: joint for joint, _, _ in root.layout()}
    frames = bvhio.readAsBvh(str(path)).FrameCount
    result = np.empty((frames, 24, 3))
    for frame in range(frames):
        root.loadPose(frame)
        result[frame] = [list(by_name[name].PositionWorld) for name in names]
    return result
