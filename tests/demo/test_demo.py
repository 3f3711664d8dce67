"""The demo's songs keep their promises: beats, words, moves, bodies and files agree with their truth."""

import re
import subprocess
import sys

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from demo.build import build_song, motion_of, triggers_of, truth_arrays, truth_record
from demo.choreography import RATE, dance
from demo.film import SIZE, rendered_frames
from demo.inverse_kinematics import arm, axis_rotations, leg
from demo.moves import ARM_POSES, ARMS, FEET, MOVES, STEP_KINDS, TORSO, TORSO_CHANNELS
from demo.music import SAMPLE_RATE, melody, mix
from demo.plan import Plan, Trigger, plan
from demo.planted import synthetic
from demo.pronunciation import VOWELS, phones, syllables
from demo.score import beats_s, downbeats_s, lines, lrc, place_line, stamp, words
from demo.song_list import SONGS, song_by_id
from demo.voice import sing
from justlmd.body.kinematics import joint_transforms, skin
from justlmd.body.model import JOINT_NAMES, Body, load_body
from justlmd.core.files import read_json, read_npz
from justlmd.lyrics.lrc import parse_lrc
from justlmd.motion.motion import Motion

JOINT = {name: index for index, name in enumerate(JOINT_NAMES)}
KEPT = [song for song in SONGS if song.leaves is None]


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


@pytest.fixture(scope="module")
def motions(body: Body) -> dict[str, Motion]:
    return {song.id: motion_of(song, body) for song in SONGS}


def wrists(motion: Motion, body: Body, frames: np.ndarray) -> np.ndarray:
    """Wrists (len(frames), 2, 3) relative to their shoulders in the chest's frame, in arm lengths, x outwards."""
    turns = joint_transforms(body, motion.global_orient, motion.body_pose, motion.transl, motion.betas)[frames]
    rest = body.rest_joints(motion.betas)
    length = np.linalg.norm(rest[18] - rest[16]) + np.linalg.norm(rest[20] - rest[18])
    positions = turns[:, :, :3, 3]
    chest = turns[:, JOINT["spine3"], :3, :3]
    relative = positions[:, [20, 21]] - positions[:, [16, 17]]
    return np.einsum("tba,tsb->tsa", chest, relative) / length * np.array([[1, 1, 1], [-1, 1, 1]])


def pose_error(motion: Motion, body: Body, trigger: Trigger) -> float:
    """Distance in arm lengths between the arms at a trigger's time and the pose that its move has there."""
    _, left, right = next(key for key in trigger.move.arms if key[0] == 0.0)
    reached = wrists(motion, body, np.array([min(round(trigger.time * 30), len(motion) - 1)]))[0]
    errors = [
        np.linalg.norm(reached[side] - ARM_POSES[name].wrist)
        for side, name in enumerate((left, right))
        if name is not None
    ]
    return float(max(errors))


# ------------------------------------------------------------------------------------------------------------- songs


def test_six_songs_of_half_a_minute_stay_in_the_frame_and_a_seventh_dancer_leaves_it():
    assert len(KEPT) == 6
    assert len(SONGS) == 7
    assert all(30 <= song.duration_s <= 45 for song in SONGS)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", song.id) for song in SONGS)
    assert len({song.bpm for song in SONGS}) == 7
    assert all(max(abs(beta) for beta in song.look.betas) <= 1.5 for song in SONGS)


def test_the_twins_sing_the_same_words_to_other_music():
    one, other = song_by_id("paper_star"), song_by_id("paper_star_club")
    assert [line.text for line in lines(one)] == [line.text for line in lines(other)]
    assert (one.bpm, one.style, one.tonic) != (other.bpm, other.style, other.tonic)


def test_every_trigger_word_returns_in_several_songs():
    heard = [(trigger.name, song.id) for song in KEPT for trigger in triggers_of(words(song))]
    assert len(MOVES) >= 8
    for name in MOVES:
        assert sum(word == name for word, _ in heard) >= 4, name
        assert len({song for word, song in heard if word == name}) >= 3, name


@pytest.mark.parametrize("song", SONGS, ids=lambda song: song.id)
def test_words_follow_each_other_within_their_lines_and_triggers_are_on_the_beat(song):
    sung = lines(song)
    for line, following in zip(sung, [*sung[1:], None], strict=True):
        times = [time for word in line.words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert line.start == times[0] > 2 and line.end == times[-1]
        assert line.end <= (following.start if following else song.duration_s) + 1e-9
    beats = beats_s(song)
    assert np.allclose(np.diff(beats), 60 / song.bpm)
    assert np.array_equal(downbeats_s(song), beats[::4])
    assert beats[-1] < song.duration_s and song.frames == round(song.duration_s * 30)
    for trigger in triggers_of(words(song)):
        assert np.abs(beats - trigger.time).min() < 1e-9, trigger
    times = [trigger.time for trigger in triggers_of(words(song))]
    assert np.diff(times).min() > 0.9


def test_a_line_that_does_not_fill_its_bar_is_refused():
    with pytest.raises(ValueError, match="7 eighths"):
        place_line("Morning sun I jump*2 to", 0.0, 0.25)


def test_words_are_split_into_syllables_with_one_vowel_each():
    assert syllables("evening,") == [("IY", "V"), ("N", "IH", "NG")]
    assert syllables("music") == [("M", "Y", "UW"), ("Z", "IH", "K")]
    assert [len(syllables(word, "es")) for word in ("corazón", "fiesta", "viejo", "niños")] == [3, 2, 2, 2]
    for song in SONGS:
        for word in words(song):
            parts = syllables(word.text, song.language)
            assert sum(parts, ()) == phones(word.text, song.language)
            assert all(sum(phone in VOWELS for phone in part) == 1 for part in parts)


@pytest.mark.parametrize("song", SONGS, ids=lambda song: song.id)
def test_the_lrc_file_parses_to_the_true_times(song):
    parsed = parse_lrc(lrc(song).encode(), "lyrics.lrc").sung
    assert [line.text for line in parsed] == [line.text for line in lines(song)]
    for read, true in zip(parsed, lines(song), strict=True):
        assert read.start_s == pytest.approx(true.start, abs=0.0051)
        if song.lrc == "words":
            assert [word.start_s for word in read.words] == pytest.approx([w.start for w in true.words], abs=0.0051)


def test_the_lrc_files_differ_in_form():
    forms = {song.lrc: lrc(song) for song in SONGS}
    assert set(forms) == {"line", "words", "tags"}
    assert "\r\n" in forms["tags"] and "[ti:" in forms["tags"] and "\r" not in forms["line"]
    assert "<00:" in forms["words"] and "<" not in forms["line"]
    assert stamp(61.239) == "01:01.24"
    assert stamp(59.999) == "01:00.00"


# ------------------------------------------------------------------------------------------------------------- music


def test_onsets_are_strongest_on_the_beat_and_the_mix_is_as_long_as_the_video():
    song = song_by_id("kitchen_parade")
    stereo = mix(song)
    assert stereo.shape == (round(song.duration_s * SAMPLE_RATE), 2)
    assert 0.5 < np.abs(stereo).max() <= 1
    hop = SAMPLE_RATE // 100
    mono = stereo.mean(1)[: len(stereo) // hop * hop]
    spectra = np.abs(np.fft.rfft(np.lib.stride_tricks.sliding_window_view(mono, 1024)[::hop] * np.hanning(1024)))
    flux = np.maximum(np.diff(np.log1p(10 * spectra), axis=0), 0).sum(1)
    # Strongest flux within 40 ms of a time; the window's middle is 512 samples after its start.
    at = np.array([flux[max(round(t * 100) - 5, 0) : round(t * 100) + 4].max() for t in beats_s(song)])
    between = beats_s(song) + song.beat_s / 2
    off = np.array([flux[round(t * 100) - 5 : round(t * 100) + 4].max() for t in between[:-1]])
    assert np.median(at) > 1.5 * np.median(off)


def test_the_voice_sounds_while_words_are_sung_and_only_then():
    song = song_by_id("corazon")
    voice = sing(melody(song), song.duration_s, SAMPLE_RATE, song.seed)
    time = np.arange(voice.size) / SAMPLE_RATE
    sung = np.zeros(voice.size, bool)
    for line in lines(song):
        sung |= (time > line.start - 0.03) & (time < line.end + 0.03)
    assert np.abs(voice[~sung]).max() < 1e-3
    for word in words(song):
        inside = (time > word.start) & (time < word.end)
        assert np.sqrt(np.mean(voice[inside] ** 2)) > 0.05, word


# ------------------------------------------------------------------------------------------------------------ motion


def test_moves_and_patterns_name_only_poses_channels_and_steps_that_exist():
    for pattern in ARMS.values():
        assert {name for entry in pattern for name in entry} <= set(ARM_POSES)
    assert {entry[3] for pattern in FEET.values() for entry in pattern if entry} <= set(STEP_KINDS)
    assert {name for groove in TORSO.values() for name in groove} <= set(TORSO_CHANNELS)
    for move in MOVES.values():
        assert {name for _, *pair in move.arms for name in pair} - {None} <= set(ARM_POSES)
        assert set(move.torso) <= set(TORSO_CHANNELS)
        assert any(offset == 0 for offset, _, _ in move.arms)


def test_limbs_reach_what_they_are_asked_to_reach(body):
    rest = body.rest_joints()
    rng = np.random.default_rng(0)
    for side in (0, 1):
        target = np.array([0.1, 0, 0.2]) + rng.uniform(-0.5, 0.5, (50, 3))
        shoulder, elbow = arm(rest, side, target, rng.uniform(-1, 1, (50, 3)))
        upper, lower = rest[18 + side] - rest[16 + side], rest[20 + side] - rest[18 + side]
        end = (shoulder @ (upper + elbow @ lower)[..., None])[..., 0]
        length = np.linalg.norm(upper) + np.linalg.norm(lower)
        wanted = target * [1 - 2 * side, 1, 1] * length
        reachable = (np.linalg.norm(wanted, axis=1) < 0.99 * length) & (np.linalg.norm(target, axis=1) > 0.3)
        assert np.abs(end - wanted)[reachable].max() < 1e-9
        hip = np.array([0, 0.9, 0]) + rng.uniform(-0.1, 0.1, (50, 3))
        ankle = hip - np.array([0, 0.6, 0]) + rng.uniform(-0.15, 0.15, (50, 3))
        pelvis = axis_rotations(rng.uniform(-0.4, 0.4, 50), 1)
        thigh, shank = leg(rest, side, pelvis, hip, ankle, np.tile([0.0, 0, 1], (50, 1)))
        reached = hip + thigh @ (rest[4 + side] - rest[1 + side]) + shank @ (rest[7 + side] - rest[4 + side])
        assert np.abs(reached - ankle).max() < 1e-9
        knee = hip + thigh @ (rest[4 + side] - rest[1 + side])
        assert (knee[:, 2] > (hip[:, 2] + ankle[:, 2]) / 2 - 0.05).all(), "knees point forwards"


@pytest.mark.parametrize("song", KEPT, ids=lambda song: song.id)
def test_every_trigger_reaches_its_pose_at_its_time(song, motions, body):
    for trigger in triggers_of(words(song)):
        assert pose_error(motions[song.id], body, trigger) < 0.12, trigger


def test_the_poses_of_the_moves_can_be_told_apart(body):
    song = song_by_id("morning_jump")
    seen = {}
    for name in MOVES:
        dancer = dance(
            Plan((), ((-1.0, "hang", "hang"), (9.0, "hang", "hang")), ((-1.0, (0.0,) * 12), (9.0, (0.0,) * 12)),
                 ((-1.0, 0.0), (9.0, 0.0)), ((-1.0, 0.0), (9.0, 0.0)), (Trigger(2.0, name),)),
            np.arange(0, 5, 0.5), 120, body, np.array(song.look.betas),
        )  # fmt: skip
        joints = dancer.joints(body)[60]
        seen[name] = joints - joints[0] * [1, 0, 1]
    names = list(seen)
    for index, name in enumerate(names):
        for other in names[:index]:
            assert np.linalg.norm(seen[name] - seen[other], axis=1).max() > 0.25, (name, other)


def test_jumps_leave_the_floor_at_their_word_and_crouches_are_lowest_there(motions, body):
    for song in KEPT:
        motion = motions[song.id]
        joints = motion.joints(body)
        for trigger in triggers_of(words(song)):
            frame = round(trigger.time * 30)
            around = slice(frame - 9, frame + 10)
            ankles = joints[:, [JOINT["left_ankle"], JOINT["right_ankle"]], 1]
            standing = np.percentile(ankles, 20)
            if trigger.name == "jump":
                assert ankles[frame].min() > standing + 0.12
                assert abs(int(joints[around, 0, 1].argmax()) - 9) <= 2
            elif trigger.name == "down":
                assert joints[frame, 0, 1] < np.median(joints[:, 0, 1]) - 0.2
            elif trigger.name in ("kick", "star"):
                assert ankles[frame, 1] > standing + 0.25 and ankles[frame, 0] < standing + 0.05


@pytest.mark.parametrize("song", SONGS, ids=lambda song: song.id)
def test_motion_is_continuous_and_as_fast_as_a_person(song, motions, body):
    motion = motions[song.id]
    assert len(motion) == song.frames and motion.valid.all()
    pose = Rotation.from_rotvec(np.concatenate([motion.global_orient, motion.body_pose], 1).reshape(-1, 3))
    turns = pose.as_matrix().reshape(len(motion), 24, 3, 3)
    steps = Rotation.from_matrix((np.swapaxes(turns[:-1], -1, -2) @ turns[1:]).reshape(-1, 3, 3)).magnitude()
    assert np.degrees(steps.max()) < 30
    speed = np.linalg.norm(np.diff(motion.joints(body), axis=0), axis=-1) * 30
    hands, feet = [22, 23], [10, 11]
    assert speed[:, hands].max() < 6
    assert np.delete(speed, hands + feet, axis=1).max() < 4.6
    assert speed[:, feet].max() < 5.5
    assert 0.3 < speed.mean() < 1.0


@pytest.mark.parametrize("song", SONGS, ids=lambda song: song.id)
def test_joints_stay_within_human_limits(song, motions):
    motion = motions[song.id]
    angles = np.concatenate([motion.global_orient, motion.body_pose], 1).reshape(-1, 24, 3)
    for side in ("left", "right"):
        knee, elbow = angles[:, JOINT[f"{side}_knee"]], angles[:, JOINT[f"{side}_elbow"]]
        assert np.abs(knee[:, 1:]).max() < 1e-6 and knee[:, 0].min() > -1e-6 and knee[:, 0].max() < 2.6
        assert np.abs(elbow[:, [0, 2]]).max() < 1e-6
        bend = elbow[:, 1] * (-1 if side == "left" else 1)
        assert bend.min() > -1e-6 and bend.max() < 2.65
    size = np.degrees(np.linalg.norm(angles, axis=-1))
    limits = {"hip": 110, "ankle": 65, "collar": 30, "shoulder": 140, "wrist": 45, "foot": 1, "hand": 1}
    limits |= {"spine1": 30, "spine2": 30, "spine3": 30, "neck": 35, "head": 35}
    for name, limit in limits.items():
        for joint in [index for full, index in JOINT.items() if full in (name, f"left_{name}", f"right_{name}")]:
            assert size[:, joint].max() < limit, (name, size[:, joint].max())


@pytest.mark.parametrize("song", SONGS, ids=lambda song: song.id)
def test_feet_stay_on_the_floor_without_sliding(song, motions, body):
    motion = motions[song.id]
    sampled = np.arange(0, len(motion), 12)
    part = Motion(motion.global_orient[sampled], motion.body_pose[sampled], motion.transl[sampled], motion.betas,
                  motion.valid[sampled])  # fmt: skip
    lowest = skin(body, part.global_orient, part.body_pose, part.transl, part.betas)[..., 1].min(1)
    assert lowest.min() > -0.02
    airborne = np.zeros(len(motion), bool)
    for trigger in triggers_of(words(song)):
        if trigger.name == "jump":
            airborne[round((trigger.time - 0.3) * 30) : round((trigger.time + 0.3) * 30)] = True
    assert np.abs(lowest[~airborne[sampled]]).max() < 0.02
    # The ball of a foot that is down in two frames running has not moved.
    rest = body.rest_joints(motion.betas)
    ball_height = rest[10, 1] - body.rest_vertices(motion.betas)[:, 1].min()
    balls = motion.joints(body)[:, [10, 11]]
    down = balls[..., 1] < ball_height + 0.003
    both = down[1:] & down[:-1]
    slide = np.linalg.norm(np.diff(balls[..., [0, 2]], axis=0), axis=-1)[both]
    assert np.mean(slide < 0.003) > 0.97
    assert both.any(1).mean() > 0.6


def test_the_dancer_is_wholly_in_the_frame_but_for_the_one_who_leaves(motions, body):
    for song in SONGS:
        visible = truth_arrays(song, motions[song.id], body)["visible"]
        if song.leaves is None:
            assert visible.all(), song.id
        else:
            away = np.flatnonzero(~visible)
            assert len(away) > 6 * 30 and np.all(np.diff(away) == 1)


def test_speed_is_lowest_on_the_beat(motions, body):
    gains = []
    for song in KEPT:
        speed = np.linalg.norm(np.diff(motions[song.id].joints(body), axis=0), axis=-1).mean(1)
        phase = (np.arange(len(speed)) + 0.5) / 30
        phase = (phase - song.lead_in_s) / song.beat_s % 1
        gains.append(speed[(phase > 0.4) & (phase < 0.8)].mean() / speed[(phase < 0.12) | (phase > 0.94)].mean())
    assert min(gains) > 1.2


def test_a_plan_never_moves_both_feet_at_once():
    for song in SONGS:
        planned = plan(beats_s(song), triggers_of(words(song)), song.seed, song.duration_s, song.leaves)
        for before, after in zip(planned.steps, planned.steps[1:], strict=False):
            assert after.start > before.end - 0.05, song.id
    assert RATE % 30 == 0


# ------------------------------------------------------------------------------------------------------------- files


def test_two_builds_of_a_song_are_equal_bytes_and_carry_the_truth(tmp_path):
    from justlmd.media.video import verify

    for name in ("one", "other"):
        build_song("morning_jump", tmp_path / name, seconds=1.0)
    for file in ("lyrics.lrc", "truth.json", "truth.npz", "video.mp4"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes(), file
    info = verify(tmp_path / "one" / "video.mp4")
    assert (info.width, info.height, info.frames, info.has_audio) == (*SIZE, 30, True)
    song = song_by_id("morning_jump")
    arrays, record = read_npz(tmp_path / "one" / "truth.npz"), read_json(tmp_path / "one" / "truth.json")
    assert arrays["joints"].shape == (song.frames, 24, 3)
    in_camera = arrays["joints"] @ arrays["camera_rotation"].T + arrays["camera_translation"]
    assert np.abs(in_camera - arrays["joints_camera"]).max() < 1e-5
    assert arrays["joints_camera"][..., 2].min() > 1.5
    assert len(arrays["word_times"]) == sum(len(line["words"]) for line in record["lines"])
    links = record["triggers"]
    assert [link["time_s"] for link in links] == pytest.approx(
        arrays["word_times"][[k["word_index"] for k in links], 0]
    )
    assert record["first_line_s"] == record["lines"][0]["start"]
    assert {path.name for path in (tmp_path / "one").iterdir()} == {
        "lyrics.lrc",
        "truth.json",
        "truth.npz",
        "video.mp4",
    }


def test_the_command_builds_the_songs_asked_for_and_refuses_others(tmp_path, repo):
    command = [sys.executable, "-m", "demo", "--out", str(tmp_path), "--seconds", "0.2"]
    done = subprocess.run([*command, "--song", "harbour_lights"], cwd=repo, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"harbour_lights"}
    assert "Harbour Lights: 6 frames, 88 bpm" in done.stdout
    refused = subprocess.run([*command, "--song", "nobody"], cwd=repo, capture_output=True, text=True, timeout=120)
    assert refused.returncode == 2 and "invalid choice: 'nobody'" in refused.stderr


def test_an_unknown_song_is_refused_by_name(tmp_path):
    with pytest.raises(KeyError, match="no demo song 'nobody'"):
        build_song("nobody", tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_truth_names_the_body_it_belongs_to(body):
    record = truth_record(SONGS[0], body)
    assert record["body"]["name"] == body.name and record["body"]["sha256"] == body.sha256


def test_mediapipe_finds_the_rendered_dancer(motions, body):
    from justlmd.pose.landmark_network import PersonTracker, PoseNetworks

    song = song_by_id("harbour_lights")
    start = round(triggers_of(words(song))[0].time * 30) - 20
    track = PersonTracker(PoseNetworks())
    found = [track(frame) for frame in rendered_frames(song, motions[song.id].cut(start, start + 40), body)]
    assert all(landmarks is not None for landmarks in found)


def test_the_song_table_lists_the_demo_in_the_order_of_the_songs(repo):
    rows = [line.split("\t") for line in (repo / "songs.tsv").read_text(encoding="utf-8").splitlines()]
    table = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert [row["id"] for row in table] == [song.id for song in SONGS]
    for row, song in zip(table, SONGS, strict=True):
        assert row["url"] == f"results/demo/{song.id}/video.mp4"
        assert row["lyrics"] == f"results/demo/{song.id}/lyrics.lrc"
        assert (row["title"], row["artist"], row["language"]) == (song.title, song.artist, song.language)


# --------------------------------------------------------------------------------------------------- synthetic songs


def test_synthetic_songs_plant_the_link_from_word_to_move(body):
    songs = synthetic(5, 3)
    for song in songs:
        assert [w.text for w in song.words if w.text in MOVES] == [trigger.name for trigger in song.triggers]
        sung = [word.start for word in song.words if word.text in MOVES]
        assert sung == pytest.approx([trigger.time for trigger in song.triggers])
        assert max(pose_error(song.motion, body, trigger) for trigger in song.triggers) < 0.12
        assert all(line.end - line.start == pytest.approx(4 * np.diff(song.beats_s)[0]) for line in song.lines)
    assert len({song.id for song in songs}) == 3


def test_synthetic_songs_of_one_seed_are_equal_and_of_two_differ():
    one, same, other = synthetic(7, 2), synthetic(7, 2), synthetic(8, 2)
    assert all(np.array_equal(a.motion.body_pose, b.motion.body_pose) for a, b in zip(one, same, strict=True))
    assert [song.lines for song in one] == [song.lines for song in same]
    assert one[0].lines != other[0].lines


def test_with_shuffled_words_the_moves_do_not_follow_the_words(body):
    linked, control = synthetic(9, 4), synthetic(9, 4, shuffled_words=True)
    hits = 0
    for song, free in zip(linked, control, strict=True):
        assert song.lines == free.lines and np.array_equal(song.beats_s, free.beats_s)
        sung = [Trigger(word.start, word.text) for word in free.words if word.text in MOVES]
        assert [trigger.name for trigger in sung] != [trigger.name for trigger in free.triggers]
        hits += sum(pose_error(free.motion, body, trigger) < 0.12 for trigger in sung)
    assert hits <= 0.3 * sum(len(song.triggers) for song in control)
