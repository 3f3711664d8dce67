"""A small software renderer: meshes with a depth buffer, smooth shading and soft shadows, and a room to dance in.

It needs no OpenGL, gives the same bytes on every machine of one kind and releases the interpreter lock. Cameras are
OpenCV's: x right, y down, z forward, metres; a point lands on pixel ``(floor(u), floor(v))`` of ``u = fx x / z + cx``.
"""

import numpy as np

from justlmd.body.camera import Camera
from justlmd.core.compiled import compiled

NEAR = 0.05
"""Triangles with a corner nearer to the camera than this (metres) are left out."""

STEP_M = 0.08
"""Metres between neighbouring pixels from which on one surface passes before another."""


def _plain(array: np.ndarray, dtype: type) -> np.ndarray:
    """The array as the compiled functions take it: of this type, writable, row by row."""
    return np.require(array, dtype, ["C", "W"])


def render_mesh(
    vertices_cam: np.ndarray,
    faces: np.ndarray,
    colors: np.ndarray,
    K: np.ndarray,
    background: np.ndarray,
    *,
    supersample: int = 1,
    alpha: float = 1.0,
    ambient: float = 0.45,
) -> np.ndarray:
    """Draw a closed mesh over an image.

    Parameters
    ----------
    vertices_cam
        (V, 3) camera coordinates, metres
    faces
        (F, 3) vertex numbers, counter-clockwise seen from outside
    colors
        (V, 3) 0..255
    K
        (3, 3) camera matrix of the image
    background
        (H, W, 3) uint8, left unchanged
    supersample
        Edge smoothing: samples per pixel along each axis (1 or 2)
    alpha
        Opacity of the mesh
    ambient
        Share of the light that comes from everywhere

    Returns (H, W, 3) uint8.
    """
    image = background.copy()
    vertices, triangles = _plain(vertices_cam, np.float32), _plain(faces, np.int32)
    shaded = _shade(vertices, triangles, _plain(colors, np.float32), ambient)
    lens = np.array([K[0, 0], K[1, 1], K[0, 2], K[1, 2]], np.float32) * np.float32(supersample)
    _draw(_project(vertices, lens), triangles, shaded, image, supersample, alpha)
    return image


@compiled("f4[:, ::1](f4[:, ::1], i4[:, ::1], f4[:, ::1], f8)")
def _shade(vertices: np.ndarray, faces: np.ndarray, colors: np.ndarray, ambient: float) -> np.ndarray:
    """Colours (V, 3) float32 under a lamp behind the camera's left shoulder and a weak one from the right."""
    normals = np.zeros_like(vertices)
    for face in range(faces.shape[0]):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        ux, uy, uz = (vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2])
        vx, vy, vz = (vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2])
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (a, b, c):
            normals[corner, 0] += nx
            normals[corner, 1] += ny
            normals[corner, 2] += nz
    shaded = np.empty_like(colors)
    diffuse, everywhere = np.float32(1.05 - ambient), np.float32(ambient)
    for vertex in range(vertices.shape[0]):
        nx, ny, nz = normals[vertex]
        length = np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-20)
        key = max((np.float32(-0.36) * nx - np.float32(0.62) * ny - np.float32(0.70) * nz) / length, np.float32(0))
        fill = max((np.float32(0.70) * nx - np.float32(0.10) * ny - np.float32(0.70) * nz) / length, np.float32(0))
        sky = np.float32(0.5) - np.float32(0.5) * ny / length
        light = everywhere * (np.float32(0.7) + np.float32(0.3) * sky)
        light += diffuse * (np.float32(0.85) * key + np.float32(0.3) * fill)
        for channel in range(3):
            shaded[vertex, channel] = min(colors[vertex, channel] * light, np.float32(255))
    return shaded


@compiled("f4[:, ::1](f4[:, ::1], f4[::1])")
def _project(vertices: np.ndarray, lens: np.ndarray) -> np.ndarray:
    """Pixel x, y and 1/depth (V, 3) float32; 1/depth is 0 for what is behind the camera or not a number."""
    corners = np.zeros_like(vertices)
    for vertex in range(vertices.shape[0]):
        x, y, z = vertices[vertex]
        if z > NEAR and np.isfinite(x + y + z):
            corners[vertex, 0] = lens[0] * x / z + lens[2]
            corners[vertex, 1] = lens[1] * y / z + lens[3]
            corners[vertex, 2] = np.float32(1) / z
    return corners


@compiled("UniTuple(i8, 4)(f4[:, ::1], i8, i8, i8)")
def _box(corners: np.ndarray, width: int, height: int, factor: int) -> tuple:
    """Left, right, top and bottom in pixels of what the corners, ``factor`` times finer, cover of an image."""
    left, right, top, bottom = np.float32(1e9), np.float32(-1e9), np.float32(1e9), np.float32(-1e9)
    for vertex in range(corners.shape[0]):
        if corners[vertex, 2] > 0:
            left, right = min(left, corners[vertex, 0]), max(right, corners[vertex, 0])
            top, bottom = min(top, corners[vertex, 1]), max(bottom, corners[vertex, 1])
    if right < left:
        return 0, 0, 0, 0
    return (
        int(max(np.floor(left / factor), np.float32(0))),
        int(min(np.ceil(right / factor), np.float32(width))),
        int(max(np.floor(top / factor), np.float32(0))),
        int(min(np.ceil(bottom / factor), np.float32(height))),
    )


@compiled("Tuple((f4[:, ::1], i4[:, ::1]))(f4[:, ::1], i4[:, ::1], i8, i8, i8, i8)")
def _seen_faces(corners: np.ndarray, faces: np.ndarray, left: int, top: int, columns: int, rows: int) -> tuple:
    """The nearest face of each sample of a box: 1/depth (rows, columns), 0 for none, and its number, -1 for none."""
    depth = np.zeros((rows, columns), np.float32)
    seen = np.full((rows, columns), -1, np.int32)
    shift_x, shift_y = np.float32(left) + np.float32(0.5), np.float32(top) + np.float32(0.5)
    for face in range(faces.shape[0]):
        a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
        wa, wb, wc = corners[a, 2], corners[b, 2], corners[c, 2]
        if wa <= 0 or wb <= 0 or wc <= 0:
            continue
        # Positions relative to the first sample's middle, so that samples lie on whole numbers.
        ax, ay = corners[a, 0] - shift_x, corners[a, 1] - shift_y
        bx, by = corners[b, 0] - shift_x, corners[b, 1] - shift_y
        cx, cy = corners[c, 0] - shift_x, corners[c, 1] - shift_y
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= 0:  # seen from behind (y points down)
            continue
        first_x = max(int(np.ceil(min(ax, bx, cx))), 0)
        last_x = min(int(np.floor(max(ax, bx, cx))), columns - 1)
        first_y = max(int(np.ceil(min(ay, by, cy))), 0)
        last_y = min(int(np.floor(max(ay, by, cy))), rows - 1)
        if first_x > last_x or first_y > last_y:
            continue
        inverse = np.float32(1) / area
        for y in range(first_y, last_y + 1):
            for x in range(first_x, last_x + 1):
                s = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) * inverse
                t = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) * inverse
                r = np.float32(1) - s - t
                if s < 0 or t < 0 or r < 0:
                    continue
                near = r * wa + s * wb + t * wc
                if near > depth[y, x]:
                    depth[y, x] = near
                    seen[y, x] = face
    return depth, seen


@compiled("void(f4[:, ::1], i4[:, ::1], f4[:, ::1], u1[:, :, ::1], i8, f8)")
def _draw(
    corners: np.ndarray, faces: np.ndarray, shaded: np.ndarray, image: np.ndarray, factor: int, alpha: float
) -> None:
    """Rasterise into a buffer of the mesh's own box, ``factor`` times finer than the image, and average it down."""
    x0, x1, y0, y1 = _box(corners, image.shape[1], image.shape[0], factor)
    if x1 <= x0 or y1 <= y0:
        return
    seen = _seen_faces(corners, faces, x0 * factor, y0 * factor, (x1 - x0) * factor, (y1 - y0) * factor)[1]
    shift_x, shift_y = np.float32(x0 * factor) + np.float32(0.5), np.float32(y0 * factor) + np.float32(0.5)
    share = np.float32(alpha / (factor * factor))
    color = np.zeros(3, np.float32)
    for y in range(y1 - y0):
        for x in range(x1 - x0):
            color[:] = 0
            covered = 0
            for dy in range(factor):
                for dx in range(factor):
                    face = seen[y * factor + dy, x * factor + dx]
                    if face < 0:
                        continue
                    covered += 1
                    a, b, c = faces[face, 0], faces[face, 1], faces[face, 2]
                    ax, ay = corners[a, 0] - shift_x, corners[a, 1] - shift_y
                    bx, by = corners[b, 0] - shift_x, corners[b, 1] - shift_y
                    cx, cy = corners[c, 0] - shift_x, corners[c, 1] - shift_y
                    column, row = x * factor + dx, y * factor + dy
                    inverse = np.float32(1) / ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
                    s = ((column - ax) * (cy - ay) - (row - ay) * (cx - ax)) * inverse
                    t = ((bx - ax) * (row - ay) - (by - ay) * (column - ax)) * inverse
                    r = np.float32(1) - s - t
                    for channel in range(3):
                        color[channel] += r * shaded[a, channel] + s * shaded[b, channel] + t * shaded[c, channel]
            if covered:
                rest = np.float32(1) - share * covered
                for channel in range(3):
                    value = image[y0 + y, x0 + x, channel] * rest + color[channel] * share
                    image[y0 + y, x0 + x, channel] = np.uint8(value + np.float32(0.5))


def outline_mesh(
    vertices_cam: np.ndarray, faces: np.ndarray, color: tuple[int, int, int], K: np.ndarray, background: np.ndarray
) -> np.ndarray:
    """Draw where a mesh ends, and where a limb passes before the rest, as a line two pixels wide.

    Parameters are those of :func:`render_mesh`; ``color`` (3,) 0..255. Returns (H, W, 3) uint8.
    """
    image = background.copy()
    corners = _project(_plain(vertices_cam, np.float32), np.array([K[0, 0], K[1, 1], K[0, 2], K[1, 2]], np.float32))
    _outline(corners, _plain(faces, np.int32), image, np.array(color, np.uint8), np.float32(STEP_M))
    return image


@compiled("void(f4[:, ::1], i4[:, ::1], u1[:, :, ::1], u1[::1], f4)")
def _outline(corners: np.ndarray, faces: np.ndarray, image: np.ndarray, color: np.ndarray, step_m: np.float32) -> None:
    x0, x1, y0, y1 = _box(corners, image.shape[1], image.shape[0], 1)
    if x1 <= x0 or y1 <= y0:
        return
    # With one pixel more around it, so that its outermost edges are steps, too.
    x0, y0, x1, y1 = max(x0 - 1, 0), max(y0 - 1, 0), min(x1 + 1, image.shape[1]), min(y1 + 1, image.shape[0])
    depth = _seen_faces(corners, faces, x0, y0, x1 - x0, y1 - y0)[0]
    for y in range(y1 - y0):
        for x in range(x1 - x0):
            # A pixel and its neighbours to the right and below: both sides of a step are drawn.
            for dx, dy in ((1, 0), (0, 1)):
                here = depth[y, x]
                inside = x + dx < x1 - x0 and y + dy < y1 - y0
                there = depth[y + dy, x + dx] if inside else here
                step = here > 0 and there > 0 and abs(1 / here - 1 / there) > step_m
                if step or (here > 0) != (there > 0):
                    image[y0 + y, x0 + x] = color
                    image[y0 + y + dy, x0 + x + dx] = color


def render_room(
    camera: Camera,
    *,
    wall_z: float = -2.0,
    floor_colors: tuple = ((150, 140, 128), (132, 123, 113)),
    wall_color: tuple = (206, 203, 196),
    tile: float = 0.5,
) -> np.ndarray:
    """A chequered floor at y = 0 before a plain wall at z = ``wall_z``: (H, W, 3) uint8, edges of tiles smoothed."""
    image = np.empty((camera.size[1], camera.size[0], 3), np.uint8)
    colors = np.array([*floor_colors, wall_color], np.float32)
    eye = -camera.rotation.T @ camera.translation
    rays = _plain(np.linalg.inv(camera.K @ camera.rotation), np.float64)
    _room(image, rays, _plain(eye, np.float64), wall_z, colors, tile)
    return image


@compiled("f8(f8)")
def _triangle_wave(x: float) -> float:
    """Integral of the square wave that is 1 on even and -1 on odd whole-number intervals."""
    return abs(x - 2.0 * np.floor(x / 2.0) - 1.0)


@compiled("void(u1[:, :, ::1], f8[:, ::1], f8[::1], f8, f4[:, ::1], f8)")
def _room(image: np.ndarray, rays: np.ndarray, eye: np.ndarray, wall_z: float, colors: np.ndarray, tile: float) -> None:
    """Each pixel's ray meets floor or wall; tiles are averaged over the pixel (Quilez, "filtering procedurals")."""
    height, width = image.shape[0], image.shape[1]
    for row in range(height):
        for column in range(width):
            u, v = column + 0.5, row + 0.5
            dx = rays[0, 0] * u + rays[0, 1] * v + rays[0, 2]
            dy = rays[1, 0] * u + rays[1, 1] * v + rays[1, 2]
            dz = rays[2, 0] * u + rays[2, 1] * v + rays[2, 2]
            floor = -eye[1] / dy if dy < 0 else 1e9
            wall = (wall_z - eye[2]) / dz if dz < 0 else 1e9
            if floor < wall and floor < 1e8:
                x, z = (eye[0] + floor * dx) / tile, (eye[2] + floor * dz) / tile
                # One pixel further right and down on the floor gives the pixel's size there.
                below = -eye[1] / (dy + rays[1, 1])
                wide = floor * abs(rays[0, 0]) / tile + 1e-4
                deep = abs((eye[2] + below * (dz + rays[2, 1])) / tile - z) + 1e-4
                across = (_triangle_wave(x + wide / 2) - _triangle_wave(x - wide / 2)) / wide
                along = (_triangle_wave(z + deep / 2) - _triangle_wave(z - deep / 2)) / deep
                mix = 0.5 + 0.5 * max(-1.0, min(1.0, across)) * max(-1.0, min(1.0, along))
                far = 1.0 / (1.0 + 0.004 * (x * x + z * z))
                light = 0.72 + 0.28 * far
                for channel in range(3):
                    value = colors[0, channel] * mix + colors[1, channel] * (1 - mix)
                    image[row, column, channel] = np.uint8(value * light + 0.5)
            elif wall < 1e8:
                high = eye[1] + wall * dy
                light = 0.80 + 0.20 * min(max(high, 0.0) / 2.4, 1.0)
                if high < 0.09:  # skirting board
                    light *= 0.82
                for channel in range(3):
                    image[row, column, channel] = np.uint8(min(colors[2, channel] * light, 255.0) + 0.5)
            else:
                for channel in range(3):
                    image[row, column, channel] = np.uint8(colors[2, channel])


def draw_shadow(
    image: np.ndarray, camera: Camera, points: np.ndarray, radius: float = 0.28, strength: float = 0.55
) -> np.ndarray:
    """Darken the floor softly under world ``points`` (N, 3), less the higher they are; returns a new image."""
    result = image.copy()
    points = np.asarray(points, np.float64)
    around = points[:, None] * [1, 0, 1] + 2 * radius * np.array([[-1, 0, -1], [-1, 0, 1], [1, 0, -1], [1, 0, 1]])
    depth = (around.reshape(-1, 3) @ camera.rotation.T + camera.translation)[:, 2]
    if len(points) == 0 or not np.isfinite(points).all() or depth.min() < NEAR:
        return result
    box = camera.project(around.reshape(-1, 3))
    left, top = np.clip(np.floor(box.min(0)), 0, camera.size).astype(int)
    right, bottom = np.clip(np.ceil(box.max(0)), 0, camera.size).astype(int)
    eye = -camera.rotation.T @ camera.translation
    rays = _plain(np.linalg.inv(camera.K @ camera.rotation), np.float64)
    eye, points = _plain(eye, np.float64), _plain(points, np.float64)
    _shadow(result[top:bottom, left:right], left, top, rays, eye, points, radius, strength)
    return result


@compiled("void(u1[:, :, :], i8, i8, f8[:, ::1], f8[::1], f8[:, ::1], f8, f8)")
def _shadow(
    part: np.ndarray,
    left: int,
    top: int,
    rays: np.ndarray,
    eye: np.ndarray,
    points: np.ndarray,
    radius: float,
    strength: float,
) -> None:
    for row in range(part.shape[0]):
        for column in range(part.shape[1]):
            u, v = left + column + 0.5, top + row + 0.5
            dy = rays[1, 0] * u + rays[1, 1] * v + rays[1, 2]
            if dy >= 0:
                continue
            floor = -eye[1] / dy
            x = eye[0] + floor * (rays[0, 0] * u + rays[0, 1] * v + rays[0, 2])
            z = eye[2] + floor * (rays[2, 0] * u + rays[2, 1] * v + rays[2, 2])
            light = 1.0
            for point in range(points.shape[0]):
                high = max(points[point, 1], 0.0)
                distance = ((x - points[point, 0]) ** 2 + (z - points[point, 2]) ** 2) / (radius * radius)
                if distance < 4.0:
                    soft = 1.0 - distance / 4.0
                    light *= 1.0 - strength / (1.0 + 3.0 * high) * soft * soft * soft
            for channel in range(3):
                part[row, column, channel] = np.uint8(part[row, column, channel] * light + 0.5)
