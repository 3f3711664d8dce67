"""Rotations in all their forms: axis-angle vectors, matrices, 6D, unit quaternions, and ways between them."""

import numpy as np
from scipy.spatial.transform import Rotation


def interpolated_rotations(values: np.ndarray, times: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Spherical interpolation of axis-angle vectors (N, 3 n), known at rising ``times`` (N,), at the times ``at`` (M,).

    Times before the first and after the last known one repeat it; at a known time its values return unchanged.
    """
    result = np.empty((len(at), values.shape[1]))
    after = np.clip(np.searchsorted(times, at), 0, len(times) - 1)
    before = np.maximum(after - (times[after] > at), 0)
    span = times[after] - times[before]
    share = ((at - times[before]) / np.where(span > 0, span, 1)).clip(0, 1)[:, None]
    for column in range(0, values.shape[1], 3):
        start = Rotation.from_rotvec(values[before, column : column + 3])
        end = Rotation.from_rotvec(values[after, column : column + 3])
        step = (start.inv() * end).as_rotvec()
        result[:, column : column + 3] = (start * Rotation.from_rotvec(share * step)).as_rotvec()
    known = times[after] == at
    result[known] = values[after[known]]
    return result


def matrix_to_axis_angle(matrices: np.ndarray) -> np.ndarray:
    """Axis-angle vectors (..., 3) of rotation matrices (..., 3, 3)."""
    return Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_rotvec().reshape(matrices.shape[:-1])


def axis_angle_to_6d(axis_angle: np.ndarray) -> np.ndarray:
    """6D rotations (..., 6): the first two columns of the matrix, one after the other (Zhou et al. 2019)."""
    matrices = rotation_matrices(axis_angle)
    return np.concatenate([matrices[..., 0], matrices[..., 1]], axis=-1)


def sixd_to_matrix(sixd: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) of any six numbers (..., 6) that span a plane, by Gram-Schmidt."""
    first, second = np.asarray(sixd[..., :3], float), np.asarray(sixd[..., 3:], float)
    x = first / np.linalg.norm(first, axis=-1, keepdims=True)
    y = second - (x * second).sum(-1, keepdims=True) * x
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def sixd_to_axis_angle(sixd: np.ndarray) -> np.ndarray:
    """Axis-angle vectors (..., 3) of 6D rotations (..., 6)."""
    return matrix_to_axis_angle(sixd_to_matrix(sixd))


def rotation_matrices(axis_angle: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) of axis-angle vectors (..., 3) in radians (Rodrigues' formula)."""
    axis_angle = np.asarray(axis_angle, np.float64)
    angle2 = (axis_angle**2).sum(-1)[..., None, None]
    angle = np.sqrt(angle2)
    small = angle2 < 1e-8
    safe = np.where(small, 1.0, angle)
    sine = np.where(small, 1 - angle2 / 6, np.sin(safe) / safe)
    cosine = np.where(small, 0.5 - angle2 / 24, (1 - np.cos(safe)) / safe**2)
    x, y, z = np.moveaxis(axis_angle, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    return np.eye(3) + sine * cross + cosine * (cross @ cross)


def continuous_rotation_vectors(vectors: np.ndarray) -> np.ndarray:
    """Of the equal vectors a and a (1 - 2 pi / |a|), choose in each frame (T, 3) the one nearer to the last."""
    chosen = vectors.copy()
    for frame in range(1, len(chosen)):
        angle = np.linalg.norm(vectors[frame])
        if angle > 1e-6:
            other = vectors[frame] * (1 - 2 * np.pi / angle)
            last = chosen[frame - 1]
            if np.square(other - last).sum() < np.square(vectors[frame] - last).sum():
                chosen[frame] = other
    return chosen


def slerp(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Rotations ``share`` (T,) of the way along the shortest arc from ``a`` to ``b``, axis-angle (T, J, 3)."""
    start = Rotation.from_rotvec(a.reshape(-1, 3))
    arc = (start.inv() * Rotation.from_rotvec(b.reshape(-1, 3))).as_rotvec()
    way = np.repeat(share, a.shape[1])[:, None]
    return (start * Rotation.from_rotvec(way * arc)).as_rotvec().reshape(a.shape)
