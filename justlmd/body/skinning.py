"""Linear blend skinning, compiled because it runs for every vertex of every frame."""

import numpy as np

from justlmd.core.compiled import compiled


@compiled("f4[:, :, ::1](f4[:, :, ::1], f4[:, :, :, ::1], i4[:, ::1], f4[:, ::1])")
def blend(vertices: np.ndarray, transforms: np.ndarray, joints: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Posed vertices (T, V, 3) float32.

    ``vertices`` (T, V, 3) in the rest pose, ``transforms`` (T, 24, 3, 4) from rest to pose, ``joints`` and ``weights``
    (V, K): the joints that move a vertex and how much.
    """
    frames, count = vertices.shape[0], vertices.shape[1]
    result = np.empty((frames, count, 3), np.float32)
    for frame in range(frames):
        for vertex in range(count):
            x, y, z = vertices[frame, vertex, 0], vertices[frame, vertex, 1], vertices[frame, vertex, 2]
            for axis in range(3):
                value = np.float32(0.0)
                for slot in range(joints.shape[1]):
                    weight = weights[vertex, slot]
                    if weight > 0.0:
                        row = transforms[frame, joints[vertex, slot], axis]
                        value += weight * (row[0] * x + row[1] * y + row[2] * z + row[3])
                result[frame, vertex, axis] = value
    return result
