"""Items of a data set and generated dances: what they hold, watched, exported and animated, without torch."""

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from synthetic_media import clicks
from toy_songs import write_song

import justlmd
from justlmd.body.model import JOINT_NAMES, load_body
from justlmd.core.errors import InputError
from justlmd.dances import load
from justlmd.dataset.build import build_dataset
from justlmd.dataset.complete import complete_dataset
from justlmd.dataset.storage import open_dataset
from justlmd.motion.song_motion import read_song_motion

HOSTILE = "a </script> title"
RATE = 48_000
SMALL = (160, 96)


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """A folder of results: a data set, audio of song a with a click at 4 s, and a dance generated to it."""
    folder = tmp_path_factory.mktemp("load")
    songs = [write_song(folder / "songs" / name, name, frames=500, title=HOSTILE) for name in "abc"]
    build_dataset(songs, folder / "dataset", load_body())
    complete_dataset(folder / "dataset", songs)
    soundfile.write(folder / "songs" / "a" / "audio.wav", clicks(20, [4.0], rate=RATE).T, RATE)
    made = folder / "generated" / "a" / "v3"
    made.mkdir(parents=True)
    for name in ("smplfull.json", "smplfull.meta.json"):
        shutil.copy(folder / "songs" / "a" / name, made)
    return folder


@pytest.fixture(scope="module")
def data(results):
    return justlmd.load_dataset(results / "dataset")


def loudest_second(video: Path) -> float:
    """When the audio track of a video is loudest; fails when there is none."""
    import av

    with av.open(str(video)) as container:
        stream = container.streams.audio[0]
        parts = [
            (float(f.pts * f.time_base), np.abs(f.to_ndarray()).max(0), f.sample_rate) for f in container.decode(stream)
        ]
    start, levels, rate = max(parts, key=lambda part: part[1].max())
    return start + float(levels.argmax()) / rate


def frames_of(video: Path) -> tuple[int, bool]:
    """Number of frames, and whether there is an audio track."""
    import av

    with av.open(str(video)) as container:
        sound = bool(container.streams.audio)
        return sum(1 for _ in container.decode(container.streams.video[0])), sound


# ---------------------------------------------------------------- items


def test_an_item_is_a_mapping_of_the_arrays_of_its_frames(data, results):
    arrays = open_dataset(results / "dataset")
    row = arrays.index.iloc[0]
    dance = data[row["id"]]
    first = arrays.songs[row["song"]].first_frame + row["start_frame"]
    for name in ("global_orient", "body_pose", "transl", "log_mel", "rhythm", "has_audio"):
        assert np.array_equal(dance[name], arrays[name][first : first + 180]), name
    assert dance["token_states"].shape == (row["n_tokens"], 8) and dance["beat_times"].shape == (12,)
    assert (dance.song, dance["text"], dance["split"]) == (row["song"], row["text"], row["split"])
    assert dance.title == HOSTILE and set(dance) == set(dict(dance)) and len(dance) == len(dict(dance))
    assert dance.joints.shape == (180, 24, 3)


def test_numbers_ids_slices_and_splits(data):
    assert len(data) == 9 == sum(data.splits.values()) and data[-1]["id"] == data.ids[-1]
    assert data[2:5].ids == data.ids[2:5] and data[::-1][0]["id"] == data.ids[-1]
    assert [dance["id"] for dance in data[:2]] == data.ids[:2]
    for split, count in data.splits.items():
        part = data.split(split)
        assert len(part) == count and {dance["split"] for dance in part} == {split}
    with pytest.raises(KeyError, match="nobody_000000"):
        data["nobody_000000"]
    with pytest.raises(IndexError):
        data[9]
    with pytest.raises(InputError, match="no split 'dev'"):
        data.split("dev")


def test_lines_carry_their_words_in_seconds_of_the_song(data):
    lines = data["a_003000"].lines
    assert [(line.text, line.start_s, line.end_s) for line in lines] == [("a 1", 3, 4), ("a 2", 8.5, 9.5)]
    assert [[word.text for word in line.words] for line in lines] == [["a 1"], ["a 2"]]


# ---------------------------------------------------------------- what people do with them


def test_a_video_has_the_audio_of_its_seconds(data, tmp_path):
    path = data["a_003000"].export(tmp_path / "a.mp4", SMALL)
    assert frames_of(path) == (180, True)
    assert loudest_second(path) == pytest.approx(1.0, abs=0.03)  # the click is at 4 s of the song
    assert frames_of(data["b_002000"].export(tmp_path / "b.mp4", SMALL)) == (180, False)
    with pytest.raises(InputError, match=r"a video is an \.mp4 file"):
        data[0].export(tmp_path / "a.avi")


def bvh_joints(path: Path, frame: int) -> np.ndarray:
    import bvhio

    root = bvhio.readAsHierarchy(str(path))
    root.loadPose(frame)
    found = {joint.Name: list(joint.PositionWorld) for joint, _, _ in root.layout()}
    return np.array([found[name] for name in JOINT_NAMES]) / 100


def test_a_bvh_holds_the_joints(data, results, tmp_path):
    for number, dance in enumerate((data["a_003000"], justlmd.load_dance(results / "generated" / "a" / "v3"))):
        path = dance.to_bvh(tmp_path / f"{number}.bvh")
        for frame in (0, 99):
            np.testing.assert_allclose(bvh_joints(path, frame), dance.joints[frame], atol=1e-5)


def test_a_generated_dance_finds_its_songs_audio_and_lyrics(results, tmp_path):
    dance = justlmd.load_dance(results / "generated" / "a" / "v3")
    body = load_body()
    folder = results / "songs" / "a"
    truth = read_song_motion(folder / "smplfull.json", folder / "smplfull.meta.json", body).upright()
    assert np.array_equal(dance["transl"], truth.transl) and (dance.song, dance.start_s) == ("a", 2.0)
    assert [line.text for line in dance.lines] == ["a 0", "a 1", "a 2", "a 3"]
    assert dance.audio == folder / "audio.wav" and "500 frames from 2.000 s on, with audio" in repr(dance)
    same = justlmd.load_dance(folder / "smplfull.json")
    assert same.song == "a" and np.array_equal(same["body_pose"], dance["body_pose"])
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(folder / "smplfull.json", tmp_path / "elsewhere")
    alone = justlmd.load_dance(tmp_path / "elsewhere")
    assert (alone.song, alone.audio, alone.lines, alone.start_s) == ("elsewhere", None, (), 0)
    assert not alone["betas"].any()  # without a meta file they are SMPL's


WITHOUT_TORCH = """
    import sys

    class Blocked:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in {"torch", "roma", "smplx", "datasets", "librosa"}:
                raise ModuleNotFoundError(f"{name} is blocked")

    sys.meta_path.insert(0, Blocked())
    import justlmd
    data = justlmd.load_dataset(sys.argv[1] + "/dataset")
    dance = data[0]
    dance.to_bvh(sys.argv[2] + "/a.bvh")
    dance.export(sys.argv[2] + "/a.mp4", (160, 96))
    assert "<script>" in dance.page()
    justlmd.load_dance(sys.argv[1] + "/generated/a/v3").to_bvh(sys.argv[2] + "/b.bvh")
    assert not {"torch", "IPython"} & set(sys.modules)
"""


def test_none_of_it_needs_torch(results, tmp_path, repo):
    command = [sys.executable, "-c", textwrap.dedent(WITHOUT_TORCH), str(results), str(tmp_path)]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"a.bvh", "a.mp4", "b.bvh"}


# ---------------------------------------------------------------- faults


def test_faults_are_named(results, tmp_path):
    with pytest.raises(InputError, match="no data set: there are no sequences"):
        justlmd.load_dataset(tmp_path)
    with pytest.raises(InputError, match=r"nowhere\.json: no such motion file"):
        justlmd.load_dance(tmp_path / "nowhere.json")
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "00000.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(InputError, match=r"00000\.parquet: not a shard of a data set"):
        justlmd.load_dataset(tmp_path)


def changed(results: Path, folder: Path, column: str, values: pa.Array | None) -> Path:
    """A data set of one shard, with another column (None: without it)."""
    table = pq.read_table(next((results / "dataset" / "train").glob("*.parquet"))).slice(0, 1)
    number = table.column_names.index(column)
    table = table.remove_column(number)
    if values is not None:
        table = table.append_column(column, values)
    (folder / "train").mkdir(parents=True)
    pq.write_table(table, folder / "train" / "00000.parquet")
    return folder


@pytest.mark.parametrize("values", [None, pa.array(["text"]), pa.array([[1.0, 2.0]])])
def test_a_shard_without_motion_is_refused(results, tmp_path, values):
    data = justlmd.load_dataset(changed(results, tmp_path / "d", "transl", values))
    with pytest.raises(InputError, match="the column transl is no array"):
        data[0]


def test_a_song_cannot_lead_out_of_the_results(results, tmp_path):
    (tmp_path / "secret").mkdir()
    shutil.copy(results / "songs" / "a" / "audio.wav", tmp_path / "secret")
    (tmp_path / "results" / "songs").mkdir(parents=True)
    folder = changed(results, tmp_path / "results" / "dataset", "song", pa.array(["../../secret"]))
    assert (tmp_path / "results" / "songs" / "../../secret/audio.wav").is_file()
    assert justlmd.load_dataset(folder)[0].audio is None


def test_another_body_model_is_refused_where_it_matters(results, tmp_path):
    folder = changed(results, tmp_path / "d", "body_model", pa.array(["smpl"]))
    dance = justlmd.load_dataset(folder)[0]
    assert dance["transl"].shape == (180, 3)
    with pytest.raises(InputError, match="belong to the body model 'smpl', not to 'free'"):
        dance.to_bvh(tmp_path / "a.bvh")


def test_a_row_group_beyond_the_limit_is_not_read(results, monkeypatch):
    monkeypatch.setattr(load, "MAX_GROUP_BYTES", 1000)
    data = justlmd.load_dataset(results / "dataset")
    with pytest.raises(InputError, match=r"limit MAX_GROUP_BYTES: 1000"):
        data[0]
