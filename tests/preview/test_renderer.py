"""The renderer puts every point where the camera model says, hides what is behind, and repeats itself exactly."""

import numpy as np
import pytest

from justlmd.body.camera import camera_for, intrinsics, look_at
from justlmd.body.clothing import clothing_colors
from justlmd.body.kinematics import skin
from justlmd.body.model import JOINT_NAMES, load_body
from justlmd.preview.renderer import draw_shadow, render_mesh, render_room

SIZE = (320, 240)
GREY = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)


def quad(corners: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """A rectangle that faces the camera, as two triangles; corners clockwise as the camera sees them."""
    return np.array(corners, np.float32), np.array([[0, 2, 1], [0, 3, 2]], np.int32)


def covered(image: np.ndarray) -> np.ndarray:
    return (image != GREY).any(axis=2)


def square(half: float, depth: float, x: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    return quad([[x - half, -half, depth], [x + half, -half, depth], [x + half, half, depth], [x - half, half, depth]])


def test_a_square_covers_exactly_the_pixels_it_projects_to() -> None:
    vertices, faces = square(0.5, 2.0)
    K = intrinsics(SIZE, focal_px=100)
    image = render_mesh(vertices, faces, np.full((4, 3), 200.0), K, GREY)
    rows, columns = np.nonzero(covered(image))
    # 0.5 m at 2 m is 25 px either side of the middle (160, 120); pixel i reaches from i to i + 1.
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (135, 184, 95, 144)
    assert covered(image).sum() == 50 * 50


def test_the_nearer_of_two_surfaces_is_seen_whatever_their_order() -> None:
    near, faces = square(0.5, 2.0)
    far, _ = square(2.0, 4.0)
    colors = np.repeat([[255.0, 0, 0], [0, 255.0, 0]], 4, axis=0)
    for order in (1, -1):
        stack = [near, far][::order]
        vertices, triangles = np.vstack(stack), np.vstack([faces, faces + 4])
        image = render_mesh(vertices, triangles, colors[::order], intrinsics(SIZE, 100), GREY)
        assert image[120, 160].argmax() == 0
        assert image[120, 120].argmax() == 1


def test_surfaces_seen_from_behind_are_not_drawn() -> None:
    vertices, faces = square(0.5, 2.0)
    assert not covered(render_mesh(vertices, faces[:, ::-1], np.full((4, 3), 200.0), intrinsics(SIZE), GREY)).any()


@pytest.mark.parametrize("z", [-1.0, 0.0, 0.01, np.nan])
def test_what_is_behind_the_camera_or_not_a_number_is_left_out(z: float) -> None:
    vertices, faces = square(0.5, 2.0)
    vertices[0, 2] = z
    vertices[2, 2] = z
    assert not covered(render_mesh(vertices, faces, np.full((4, 3), 200.0), intrinsics(SIZE), GREY)).any()


def test_a_mesh_beside_the_image_leaves_it_as_it_is_and_one_over_its_edge_is_cut() -> None:
    colors = np.full((4, 3), 200.0)
    vertices, faces = square(0.5, 2.0, x=50.0)
    np.testing.assert_array_equal(render_mesh(vertices, faces, colors, intrinsics(SIZE), GREY), GREY)
    vertices, faces = square(0.5, 2.0, x=-3.2)
    assert covered(render_mesh(vertices, faces, colors, intrinsics(SIZE, 100), GREY))[120, 0]


def test_supersampling_mixes_edges_with_the_background() -> None:
    vertices, faces = square(0.505, 2.0)  # 25.25 px: the edge pixels are covered by a quarter
    colors = np.full((4, 3), 200.0)
    plain, smooth = (
        render_mesh(vertices, faces, colors, intrinsics(SIZE, 100), GREY, supersample=factor) for factor in (1, 2)
    )
    np.testing.assert_array_equal(plain[110:130, 150:170], smooth[110:130, 150:170])
    vertices[:, 0] += 0.005
    edge = render_mesh(vertices, faces, colors, intrinsics(SIZE, 100), GREY, supersample=2)[120, 185]
    assert (edge > GREY[0, 0]).all() and (edge < plain[120, 160]).all()


def test_alpha_lets_the_background_shine_through() -> None:
    vertices, faces = square(0.5, 2.0)
    colors = np.full((4, 3), 200.0)
    full = render_mesh(vertices, faces, colors, intrinsics(SIZE), GREY).astype(int)
    half = render_mesh(vertices, faces, colors, intrinsics(SIZE), GREY, alpha=0.5).astype(int)
    np.testing.assert_allclose(half[120, 160], (full[120, 160] + 90) / 2, atol=1)


def test_rendering_twice_gives_the_same_bytes_and_leaves_the_background_alone() -> None:
    body = load_body()
    colors = clothing_colors(body, np.random.default_rng(3))
    camera = look_at([0, 0.3, 3.0], [0, -0.3, 0], SIZE)
    room = render_room(camera)
    before = room.copy()
    images = [
        render_mesh(camera.to_camera(body.v_template), body.faces, colors, camera.K, room, supersample=2)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*images)
    np.testing.assert_array_equal(room, before)
    np.testing.assert_array_equal(render_room(camera), room)


def test_drawn_vertices_land_where_the_camera_projects_them() -> None:
    body = load_body()
    camera = look_at([1.0, 0.5, 3.0], [0, -0.3, 0], SIZE)
    image = render_mesh(
        camera.to_camera(body.v_template), body.faces, np.full(body.v_template.shape, 220.0), camera.K, GREY
    )
    rows, columns = np.nonzero(covered(image))
    pixels = camera.project(body.v_template)
    assert abs(columns.min() - pixels[:, 0].min()) <= 1.5 and abs(columns.max() - pixels[:, 0].max()) <= 1.5
    assert abs(rows.min() - pixels[:, 1].min()) <= 1.5 and abs(rows.max() - pixels[:, 1].max()) <= 1.5


def test_the_room_has_a_wall_above_and_a_chequered_floor_below() -> None:
    camera = look_at([0, 1.2, 3.0], [0, 0.9, 0], SIZE)
    room = render_room(camera, wall_z=-2.0)
    foot_of_wall = camera.project(np.array([0.0, 0, -2.0]))[1]
    tiles = [camera.project(np.array([x, 0, 0.25])).astype(int) for x in (0.25, 0.75, 1.25)]
    levels = [int(room[y, x].sum()) for x, y in tiles]
    assert abs(levels[0] - levels[1]) > 20 and abs(levels[0] - levels[2]) < 12
    assert room[int(foot_of_wall) - 40, 160].sum() > room[int(foot_of_wall) + 20, 160].sum()


def test_the_shadow_darkens_the_floor_under_the_feet_only() -> None:
    camera = look_at([0, 1.2, 3.0], [0, 0.9, 0], SIZE)
    room = render_room(camera)
    shaded = draw_shadow(room, camera, np.array([[0.0, 0.1, 0.0]]))
    x, y = camera.project(np.array([0.0, 0, 0])).astype(int)
    assert shaded[y, x].sum() < 0.7 * room[y, x].sum()
    assert (shaded <= room).all()
    np.testing.assert_array_equal(shaded[:60], room[:60])
    np.testing.assert_array_equal(draw_shadow(room, camera, np.full((1, 3), np.nan)), room)


def test_clothing_dresses_every_part_and_is_the_seeds() -> None:
    body = load_body()
    colors = clothing_colors(body, np.random.default_rng(0))
    np.testing.assert_array_equal(colors, clothing_colors(body, np.random.default_rng(0)))
    assert len(np.unique(colors, axis=0)) >= 8  # skin, hair, shirt, trousers, shoes, brows, eyes, lips
    dominant = body.weights.argmax(1)
    shirt, trousers = (colors[dominant == JOINT_NAMES.index(name)] for name in ("spine3", "left_knee"))
    assert len(np.unique(trousers, axis=0)) == 1 and not (shirt[0] == trousers[0]).all()


@pytest.mark.slow
def test_mediapipe_finds_the_dressed_dancer_where_the_body_is() -> None:
    mediapipe = pytest.importorskip("mediapipe")
    from justlmd.body.kinematics import joint_transforms, landmarks
    from justlmd.body.model import LANDMARK_NAMES

    body = load_body()
    pose = np.zeros((6, 69))
    pose[:, 3 * 15 + 2], pose[:, 3 * 16 + 2] = -1.0, 1.0  # arms down
    pose[:, 3 * 17 + 1], pose[:, 3 * 18 + 1] = np.linspace(-1.2, -0.2, 6), np.linspace(0.2, 1.2, 6)
    orient, transl = np.zeros((6, 3)), np.zeros((6, 3)) - [0, body.v_template[:, 1].min(), 0]
    vertices = skin(body, orient, pose, transl)
    points = landmarks(joint_transforms(body, orient, pose, transl), body.landmark_offsets)
    camera = camera_for(points, (640, 480))
    room = render_room(camera)
    colors = clothing_colors(body, np.random.default_rng(1))
    wanted = [LANDMARK_NAMES.index(f"{side}_{part}") for side in ("left", "right") for part in ("knee", "wrist", "ear")]
    with mediapipe.solutions.pose.Pose(model_complexity=1, smooth_landmarks=False) as detector:
        for frame in range(6):
            image = render_mesh(camera.to_camera(vertices[frame]), body.faces, colors, camera.K, room, supersample=2)
            found = detector.process(image).pose_landmarks
            assert found is not None
            pixels = np.array([[found.landmark[i].x * 640, found.landmark[i].y * 480] for i in wanted])
            assert np.linalg.norm(pixels - camera.project(points[frame, wanted]), axis=1).max() < 0.06 * 480
