"""Motion of other skeletons on ours: known motion comes back, real files keep the directions of their limbs."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from other_skeletons import NAMES, UPSIDE_DOWN, X_UP, Z_UP, Written, any_frames, arms_down, standing, written
from scipy.spatial.transform import Rotation

from benchmarks.retarget import errors
from demo.build import motion_of
from demo.song_list import song_by_id
from justlmd.body.kinematics import joint_transforms
from justlmd.body.model import JOINT_NAMES, MIRRORED_JOINTS, load_body
from justlmd.core.errors import InputError
from justlmd.core.rotations import unit_vectors
from justlmd.motion.importers.bvh import read_bvh
from justlmd.motion.importers.bvh_file import parse_bvh
from justlmd.motion.importers.formats import read_any_motion, read_yup_motion
from justlmd.motion.importers.human_skeleton import human_skeleton
from justlmd.motion.importers.skeleton_names import side_and_word
from justlmd.motion.motion import Motion

BODY = load_body()
LIMBS = [
    (f"{side}_{near}", f"{side}_{far}")
    for side in ("left", "right")
    for near, far in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
]


def known(seconds: float = 6.0) -> Motion:
    """A demo dance: its arms and legs bend, its feet stand."""
    dance = motion_of(song_by_id("paper_star"), BODY).cut(300, 300 + int(30 * seconds))
    return replace(dance, betas=np.zeros(10))


DANCE = known()


def read(text: str, tmp_path: Path, names: dict[str, str] | None = None) -> Motion:
    (tmp_path / "other.bvh").write_text(text)
    if names:
        (tmp_path / "other.joints.json").write_text(json.dumps(names))
    return read_yup_motion(tmp_path / "other.bvh", BODY)


def turns_of(motion: Motion) -> np.ndarray:
    return joint_transforms(BODY, motion.global_orient, motion.body_pose, motion.transl, motion.betas)[..., :3, :3]


def apart_mm(found: np.ndarray, expected: np.ndarray) -> float:
    """Mean distance of joints (T, 24, 3) but for one shift of the whole motion: no camera saw where it was."""
    a, b = (joints[:, :22] - joints[:, 0].mean(0) for joints in (found, expected))
    return float(1000 * np.linalg.norm(a - b, axis=-1).mean())


def degrees_between(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Angles (T, J) between rotations (T, J, 3, 3)."""
    apart = Rotation.from_matrix((found.swapaxes(-1, -2) @ expected).reshape(-1, 3, 3))
    return np.degrees(apart.magnitude()).reshape(found.shape[:2])


def limb_degrees(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest angle between the limbs of joints (T, 24, 3)."""
    worst = 0.0
    for near, far in LIMBS:
        a, b = (unit_vectors(x[:, JOINT_NAMES.index(far)] - x[:, JOINT_NAMES.index(near)]) for x in (found, expected))
        worst = max(worst, float(np.degrees(np.arccos((a * b).sum(-1).clip(-1, 1))).max()))
    return worst


def test_the_known_dance_bends_its_limbs():
    assert np.abs(DANCE.body_pose.reshape(-1, 23, 3)[:, 17:19]).max() > 0.5  # elbows: the tests below can fail


@pytest.mark.parametrize("names", [names for names in NAMES if names != "numbers"])
def test_names_of_other_programs_are_known(tmp_path, names):
    text, _ = written(DANCE, BODY, Written(NAMES[names], unit_m=1.0))
    found = read(text, tmp_path)
    assert apart_mm(found.joints(BODY), DANCE.joints(BODY)) < 3
    turned = degrees_between(turns_of(found)[:, :22], turns_of(DANCE)[:, :22])
    assert float(np.percentile(turned, 95)) < 3


@pytest.mark.parametrize("rest", [standing, arms_down, any_frames], ids=lambda rest: rest.__name__)
@pytest.mark.parametrize("names", ["Mixamo, no prefix", "numbers"])
def test_rest_poses_and_unnamed_joints(tmp_path, rest, names):
    text, places = written(DANCE, BODY, Written(NAMES[names], rest))
    found = read(text, tmp_path)
    assert limb_degrees(found.joints(BODY), places) < 0.1
    assert apart_mm(found.joints(BODY), DANCE.joints(BODY)) < 8
    turned = degrees_between(turns_of(found), turns_of(DANCE))
    limbs = [JOINT_NAMES.index(near) for near, _ in LIMBS]
    # Where the rest pose says nothing twists come from the bends; the demo's elbows bend 18 degrees beside real ones.
    assert float(turned[:, limbs].mean()) < (20 if rest is any_frames else 2)


@pytest.mark.parametrize(
    "how",
    [
        Written(axes=Z_UP, unit_m=1.0),
        Written(axes=X_UP, unit_m=0.0254, rest=any_frames),
        Written(axes=UPSIDE_DOWN, unit_m=0.0564, order="YXZ"),
        Written(above=2, order="XYZ", without=("left_hand", "right_hand", "left_foot", "right_foot")),
        Written(without=("spine1", "spine2", "left_collar", "right_collar", "left_hand", "right_hand")),
    ],
    ids=["z up, m", "x up, inches, no rest pose", "upside down, CMU's unit", "no hands and toes", "no spine"],
)
def test_axes_units_orders_and_missing_joints(tmp_path, how):
    if "spine1" in how.without:  # what hung on a missing joint hangs on its parent then
        text, places = without_joints(DANCE, how), DANCE.joints(BODY)
    else:
        text, places = written(DANCE, BODY, how)
    found = read(text, tmp_path)
    assert limb_degrees(found.joints(BODY), places) < 0.1
    assert apart_mm(found.joints(BODY), places) < 15


def without_joints(motion: Motion, how: Written) -> str:
    """The same file after joints were taken out, their children hung one joint higher."""
    text, _ = written(motion, BODY, replace(how, without=()))
    file = parse_bvh(text)
    turns, places = file.posed(file.values)
    gone = {how.names[JOINT_NAMES.index(name)] for name in how.without}
    lines, columns = ["HIERARCHY"], []

    def parent_of(number: int) -> int:
        parent = file.joints[number].parent
        return parent_of(parent) if parent >= 0 and file.joints[parent].name in gone else parent

    def write(number: int) -> None:
        parent, joint = parent_of(number), file.joints[number]
        above = turns[:, parent].swapaxes(1, 2) if parent >= 0 else np.eye(3)
        offset = (
            ((above @ (places[:, number] - places[:, parent])[..., None])[..., 0]).mean(0)
            if parent >= 0
            else np.zeros(3)
        )
        lines.append(f"{'JOINT' if parent >= 0 else 'ROOT'} {joint.name}\n{{\nOFFSET {' '.join(map(str, offset))}")
        kinds = "Zrotation Xrotation Yrotation"
        lines.append(
            f"CHANNELS {3 if parent >= 0 else 6} {'' if parent >= 0 else 'Xposition Yposition Zposition '}{kinds}"
        )
        if parent < 0:
            columns.append(places[:, number])
        columns.append(Rotation.from_matrix(above @ turns[:, number]).as_euler("ZXY", degrees=True))
        for child, other in enumerate(file.joints):
            if not other.end and other.name not in gone and parent_of(child) == number:
                write(child)
        lines.append("}")

    write(0)
    lines += ["MOTION", f"Frames: {len(turns)}", "Frame Time: 0.0333333"]
    return "\n".join(lines + [" ".join(f"{v:.6f}" for v in row) for row in np.concatenate(columns, axis=1)])


def test_other_proportions_keep_directions_and_feet_on_the_floor(tmp_path):
    how = Written(longer={"elbow": 0.8, "wrist": 1.2, "knee": 1.1, "ankle": 0.9, "spine3": 1.3}, unit_m=1.0)
    text, places = written(DANCE, BODY, how)
    found = read(text, tmp_path).joints(BODY)
    assert limb_degrees(found, places) < 0.1
    assert abs(np.percentile(found[..., 1].min(1), 5)) < 0.03
    travelled = [np.ptp(x[:, 0, [0, 2]], axis=0) for x in (found, places)]
    np.testing.assert_allclose(travelled[0], travelled[1], atol=0.1)  # the legs are as long together


def test_the_rate_becomes_thirty_frames(tmp_path):
    text, _ = written(DANCE, BODY, Written(fps=120))
    assert len(read(text, tmp_path)) == 1 + (len(DANCE) - 1) // 4


def test_sides_follow_the_bends_where_names_say_otherwise(tmp_path):
    text, places = written(DANCE, BODY, Written([NAMES["Mixamo"][other] for other in MIRRORED_JOINTS]))
    assert limb_degrees(read(text, tmp_path).joints(BODY), places) < 0.1


def test_given_names_win_and_wrong_ones_are_named(tmp_path):
    names = [f"Part{number}" for number in range(24)]
    text, places = written(DANCE, BODY, Written(names))
    swapped = {name: names[JOINT_NAMES.index(name.replace("left", "right"))] for name in JOINT_NAMES if "left" in name}
    swapped |= {
        name: names[JOINT_NAMES.index(name.replace("right", "left"))] for name in JOINT_NAMES if "right" in name
    }
    found = read(text, tmp_path, swapped).joints(BODY)
    mirrored = places[:, MIRRORED_JOINTS]
    assert limb_degrees(found, mirrored) < 0.1  # the wish is obeyed although knees bend forwards
    with pytest.raises(InputError, match=r"left_hip is 'nobody'"):
        read(text, tmp_path, {"left_hip": "nobody"})


def test_frames_that_are_not_finite_are_bridged_and_marked(tmp_path):
    text, _ = written(DANCE, BODY, Written())
    lines = text.splitlines()
    lines[-100] = " ".join(["nan"] * len(lines[-100].split()))
    found = read("\n".join(lines), tmp_path)
    assert found.valid.sum() == len(DANCE) - 1 and np.isfinite(found.joints(BODY)).all()


def test_what_is_no_person_is_refused(tmp_path):
    on_fours = replace(DANCE, body_pose=DANCE.body_pose.copy())
    on_fours.body_pose.reshape(-1, 23, 3)[:, [0, 1]] = [-1.6, 0, 0]  # hips bent, knees straight: legs at right angles
    on_fours.body_pose.reshape(-1, 23, 3)[:, [3, 4]] = 0
    for text, words in (
        (written(on_fours, BODY, Written())[0], "as on four feet"),
        (written(DANCE, BODY, Written(longer={"elbow": 2.5}))[0], r"upper arm / forearm is 2\.89"),
        (written(DANCE, BODY, Written(without=("left_elbow",)))[0], "left_elbow, left_wrist not found"),
        ("HIERARCHY ROOT a { OFFSET 0 0 0 CHANNELS 1 Xrotation }\nMOTION\nFrames: 1\nFrame Time: 1\n0\n", "left_hip"),
    ):
        with pytest.raises(InputError, match=rf"other\.bvh: no human skeleton: .*{words}"):
            read(text, tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("LHipJoint", ("left", "hip")), ("lShldr", ("left", "shldr")), ("rForeArm", ("right", "forearm")),
        ("LeftForeArmTwist", ("", "")), ("Bip01 R Toe0", ("right", "toe")), ("mixamorig:LeftUpLeg", ("left", "upleg")),
        ("DEF-upper_arm.L.001", ("left", "upperarm")), ("HipLeft", ("left", "hip")), ("RIGHTUPLEG", ("right", "upleg")),
        ("HeadTop_End", ("", "")), ("J_Bip_R_LowerLeg", ("right", "lowerleg")), ("Character1_Head", ("", "head")),
        ("LeftHandThumb1", ("left", "")), ("l_upleg_JNT", ("left", "upleg")), ("IK_hand_l", ("", "")),
    ],
)  # fmt: skip
def test_words_in_names(name, expected):
    assert side_and_word(name) == expected


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_hostile_files_are_read_or_refused(data):
    text = SHORT
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        stop = at + data.draw(st.integers(0, 60))
        text = (
            text[:at]
            + data.draw(st.sampled_from(["", "{", "}", "nan", "-1e300", "End", "JOINT x {", "OFFSET", "\0", "9" * 30]))
            + text[stop:]
        )
    try:
        found = read_bvh(text, BODY)
    except InputError:
        return
    assert found.poses.shape[1] == 72 and np.isfinite(found.poses[found.valid]).all()


SHORT = written(known(0.2), BODY, Written())[0]


def test_real_files_keep_every_limb(shared_data):
    paths = sorted((shared_data / "mocap").glob("*.bvh"))
    for path in (paths[0], paths[1], paths[-1]):
        file = parse_bvh(path.read_text())
        found = errors(human_skeleton(replace(file, values=file.values[::20]), BODY), BODY)
        assert found["worst_part_p95_deg"] < 6 and found["same_lengths_mm"] < 10, path.name
        moved = read_any_motion(path, BODY)
        assert moved.motion.valid.all() and abs(len(moved.motion.valid) - len(file.values) / file.fps * 30) < 2
