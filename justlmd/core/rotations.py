"""Rotations in numpy: axis-angle vectors and matrices, interpolation between rotations, rotations from directions.

Axis-angle vectors are in radians; rotations act on column vectors from the left. Callers use scipy's ``Rotation`` where
it has the operation; here stands what it lacks, or what many joints need at once.
"""

import numpy as np
from scipy.spatial.transform import Rotation


def rotation_matrices(axis_angle: np.ndarray) -> np.ndarray:
    """Rotation matrices of axis-angle vectors, by Rodrigues' formula.

    Parameters
    ----------
    axis_angle
        (..., 3) in radians.

    Returns
    -------
    (..., 3, 3) float64.
    """
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


def matrix_to_axis_angle(matrices: np.ndarray) -> np.ndarray:
    """Axis-angle vectors (..., 3) in radians, at most pi long, of rotation matrices (..., 3, 3)."""
    return Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_rotvec().reshape(matrices.shape[:-1])


def slerp(start: np.ndarray, end: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Spherical interpolation along the shortest arc from one rotation to another (Shoemake 1985).

    Parameters
    ----------
    start, end
        (T, J, 3) axis-angle in radians.
    share
        (T,) from 0 (``start``) to 1 (``end``), one for all J rotations of a frame.

    Returns
    -------
    (T, J, 3) axis-angle in radians.
    """
    first = Rotation.from_rotvec(start.reshape(-1, 3))
    arc = (first.inv() * Rotation.from_rotvec(end.reshape(-1, 3))).as_rotvec()
    part = np.repeat(share, start.shape[1])[:, None] * arc
    return (first * Rotation.from_rotvec(part)).as_rotvec().reshape(start.shape)


def interpolated_rotations(values: np.ndarray, times: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Rotations over time by :func:`slerp` between the known ones.

    Parameters
    ----------
    values
        (N, 3 J) axis-angle in radians, known at ``times``.
    times
        (N,) rising.
    at
        (M,) the times that are asked for. Before the first and after the last known time that one's values are held; at
        a known time its values return unchanged.

    Returns
    -------
    (M, 3 J) axis-angle in radians.
    """
    after = np.clip(np.searchsorted(times, at), 0, len(times) - 1)
    before = np.maximum(after - (times[after] > at), 0)
    span = times[after] - times[before]
    share = ((at - times[before]) / np.where(span > 0, span, 1)).clip(0, 1)
    ends = values.reshape(len(values), -1, 3)
    result = slerp(ends[before], ends[after], share).reshape(len(at), -1)
    known = times[after] == at
    result[known] = values[after[known]]
    return result


def continuous_rotation_vectors(vectors: np.ndarray) -> np.ndarray:
    """The same rotations without jumps: of the equal vectors a and a (1 - 2 pi / |a|), the one nearer to the last.

    Parameters
    ----------
    vectors
        (T, 3) axis-angle in radians over time.

    Returns
    -------
    (T, 3) axis-angle in radians; vectors may be longer than pi.
    """
    chosen = vectors.copy()
    for frame in range(1, len(chosen)):
        angle = np.linalg.norm(vectors[frame])
        if angle > 1e-6:
            other = vectors[frame] * (1 - 2 * np.pi / angle)
            last = chosen[frame - 1]
            if np.square(other - last).sum() < np.square(vectors[frame] - last).sum():
                chosen[frame] = other
    return chosen


def unit_vectors(vectors: np.ndarray, instead: np.ndarray | float = 0.0) -> np.ndarray:
    """Directions (..., 3) of vectors (..., 3); ``instead`` (broadcast) where a vector is shorter than 1e-9."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length <= 1e-9, instead, vectors / length.clip(1e-9))


def swing(start: np.ndarray, end: np.ndarray) -> Rotation:
    """The smallest rotations that take one direction to another.

    Parameters
    ----------
    start, end
        (T, 3) or (3,), of any length. A vector of no length, or one opposite to the other, gives no rotation.

    Returns
    -------
    T rotations, or one.
    """
    start, end = unit_vectors(start), unit_vectors(end)
    axis = np.cross(start, end)
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    angle = np.arctan2(sine, (start * end).sum(-1, keepdims=True))
    return Rotation.from_rotvec(angle * axis / sine.clip(1e-12))


def frames_of_axes(across: np.ndarray, up: np.ndarray) -> Rotation:
    """Right-handed frames from two directions.

    Parameters
    ----------
    across
        (T, 3): the x axes; the world's where it has no length.
    up
        (T, 3): the y axes are the part of it square to ``across``, any direction square to it where nothing is left.

    Returns
    -------
    T rotations, from the frames to the world.
    """
    x = unit_vectors(across, instead=np.array([1.0, 0, 0]))
    square = np.cross(np.eye(3)[np.abs(x).argmin(-1)], x)
    y = unit_vectors(up - (up * x).sum(-1, keepdims=True) * x, instead=unit_vectors(square))
    return Rotation.from_matrix(np.stack([x, y, np.cross(x, y)], axis=-1))


def aligning_rotations(vectors: np.ndarray, targets: np.ndarray) -> Rotation:
    """The rotations that bring directions nearest to others, lengths aside (Kabsch 1976).

    Parameters
    ----------
    vectors
        (n, 3), the same for all frames.
    targets
        (T, n, 3).

    Returns
    -------
    T rotations.
    """
    left, _, right = np.linalg.svd(np.einsum("tna,nb->tab", unit_vectors(targets), unit_vectors(vectors)))
    right[:, 2] *= np.linalg.det(left @ right)[:, None]
    return Rotation.from_matrix(left @ right)
