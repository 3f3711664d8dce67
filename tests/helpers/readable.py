"""Every file that the project reads, as a small good one, with what reads it."""

import json
import pickle
import shutil
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from exported import export_into
from known_motion import BODY, FRAMES, joints_of, swaying
from synthetic_media import clicks, constant_rate, write_source_video
from tiny_models import CONFIG
from toy_songs import write_song

import justlmd
from justlmd.body.model import PARENTS, load_body
from justlmd.cli.options import read_config as read_workflow_config
from justlmd.core.errors import read_failure
from justlmd.core.files import read_json, read_npz, write_json
from justlmd.dataset.build import build_dataset, read_audio
from justlmd.dataset.complete import complete_dataset
from justlmd.dataset.manifest import read_candidate, read_quality, read_splits
from justlmd.dataset.storage import open_dataset
from justlmd.download.session import check_cookies
from justlmd.export.kinds import FILES
from justlmd.features.external import read_learned
from justlmd.features.stored import read_lyrics_embeddings
from justlmd.features.text import EncodedLyrics, read_text_states, stored_text_states, write_text_states
from justlmd.lyrics.document import read_lyrics
from justlmd.lyrics.lrc import lrc_bytes, parse_lrc, raw_lines
from justlmd.media.audio import read_audio as read_sound
from justlmd.media.video import verify
from justlmd.motion.importers.formats import read_any_motion
from justlmd.motion.song_motion import read_motion_meta, read_song_motion
from justlmd.pose.keypoints import Keypoints2D, read_keypoints2d, write_keypoints2d
from justlmd.project.status import read_stages, song_statuses
from justlmd.songs.convert import convert_song_list
from justlmd.songs.table import read_songs
from justlmd.view.compare import read_compared_song
from justlmd.view.gallery import read_judged, read_manifest_rows
from justlmd.view.preference import read_answers, read_key
from model.configuration import read_config as read_model_config
from model.generation.beat_graph import dance_on
from model.generation.repertoire import read_repertoire, write_repertoire
from model.generation.word_salience import SungWords
from model.training.checkpoint import build_model, load_model, save_model

TABLE = """id\turl\tcrop\tstart\tend\tlyrics\tfirst_line\theight\tlanguage
one\thttps://video.example/watch?v=1\tfull\t0:01.5\t1:20\tone.lrc\tauto\t\ten
two\ttwo.mp4\tleft\t\t\ttwo.lrc\t12.5\t1.7\tes
"""
LRC = "[ti:A title]\n[offset:+120]\n[00:01.00]here <00:01.50>we go\n[00:03.50][00:07.10]round\n[01:02.03]end\n"
COOKIES = "# Netscape HTTP Cookie File\n.video.example\tTRUE\t/\tTRUE\t1999999999\tname\tvalue\n"
MANIFEST = """song\tverdict\treason\tsequences\twords_used\tgroup\tsplit\tdetection_rate
one\tkept\t\t4\t0.9\tone\ttrain\t0.98
two\tdropped\tno dancer\t0\t0.1\t\t\t0.1
"""


@dataclass(frozen=True)
class Readable:
    """One kind of file: ``file`` within ``folder``, which holds whatever else is needed to read it, by ``read``."""

    kind: str
    folder: Path
    file: str
    read: Callable[[Path], object]
    examples: int = 40
    """How many random damages are tried in every run of the tests."""
    value: Any = None
    """The content as a value of JSON, where it is JSON or YAML."""
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    """The content as arrays, where it is an npz."""

    @property
    def path(self) -> Path:
        return self.folder / self.file


class _Kinds:
    """Gathers the kinds; each gets a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.found = folder, list[Readable]()

    def add(
        self, kind: str, file: str, content: bytes | str | Path, read: Callable[[Path], object], **facts: Any
    ) -> None:
        folder = self.folder / kind.replace(" ", "_")
        if isinstance(content, Path):
            shutil.copytree(content, folder)
        else:
            folder.mkdir(parents=True)
            (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        path = folder / file
        if path.suffix == ".json" and "value" not in facts:
            facts["value"] = json.loads(path.read_text())
        if path.suffix == ".npz":
            facts["arrays"] = read_npz(path)
        self.found.append(Readable(kind, folder, file, read, **facts))


def readable_files(folder: Path) -> list[Readable]:
    """A good file of every kind, below ``folder``."""
    kinds = _Kinds(folder / "kinds")
    _texts(kinds)
    _songs(kinds, folder)
    _motions(kinds, folder)
    _data_sets(kinds, folder)
    _models(kinds, folder)
    _media(kinds, folder)
    _pages(kinds)
    return kinds.found


def _texts(kinds: _Kinds) -> None:
    def lrc(path: Path) -> None:
        data = lrc_bytes(path)
        parse_lrc(data, str(path))
        raw_lines(data, str(path))

    kinds.add("lrc", "song.lrc", LRC, lrc)
    kinds.add("song table", "songs.tsv", TABLE, read_songs)
    kinds.add("song table with commas", "songs.csv", TABLE.replace("\t", ","), read_songs)
    content = yaml.safe_load((Path(__file__).resolve().parents[2] / "config.yaml").read_text())
    small = {name: content[name] for name in ("songs", "keep", "download", "lyrics", "models", "generate", "export")}
    kinds.add(
        "configuration", "config.yaml", yaml.safe_dump(small), lambda path: read_workflow_config(str(path)), value=small
    )
    config = yaml.safe_load((Path(__file__).resolve().parents[2] / "model/configs/v3_small.yaml").read_text())
    kinds.add("model configuration", "v3.yaml", yaml.safe_dump(config), read_model_config, value=config)
    kinds.add("cookies", "cookies.txt", COOKIES, check_cookies)
    kinds.add("song list", "JD.json", json.dumps({"a": ["https://youtu.be/abcdefghijk", "full"]}), convert_song_list)
    kinds.add("manifest", "manifest.tsv", MANIFEST, lambda path: (read_splits(path), read_quality(path)))
    kinds.add("manifest of pages", "manifest.tsv", MANIFEST, read_manifest_rows, examples=15)
    note = {"cause": "input", "where": "a.lrc", "what": "has no lines", "next_step": "", "permanent_in": ""}
    kinds.add("note of a failure", "lyrics.error", json.dumps(note), read_failure, examples=15, value=note)
    stage = {"rule": "lyrics", "outputs": ["a"], "note": "a.error", "required": True}

    def statuses(path: Path) -> None:
        results = path.parents[1]
        song_statuses(["one"], read_stages(results), results)

    (kinds.folder / "logs_of_stages/logs").mkdir(parents=True)
    kinds.found.append(
        Readable("stages", kinds.folder / "logs_of_stages", "logs/stages.json", statuses, 30, {"one": [stage]})
    )
    write_json(kinds.found[-1].path, {"one": [stage]})


def _songs(kinds: _Kinds, folder: Path) -> None:
    write_song(folder / "song", "toy", frames=60)
    texts = {("minilm", "here we go"): (np.zeros((2, 3), np.int32), np.ones((2, 4), np.float32))}
    write_text_states(folder / "song/text_states.npz", texts, ["0" * 64])
    points = np.zeros((5, 33, 3), np.float32)
    write_keypoints2d(folder / "song/keypoints2d.npz", Keypoints2D.made(points, points, (320, 240), "mediapipe"))
    write_json(folder / "song/quality.json", {"keep": True, "reasons": [], "metrics": {"detection_rate": 1.0}})
    song = folder / "song"

    def motion(path: Path) -> object:
        return read_song_motion(path.parent / "smplfull.json", path.parent / "smplfull.meta.json", BODY)

    kinds.add("lyrics.json", "lyrics.json", song, read_lyrics)
    kinds.add("sliced.json", "sliced.json", song, lambda path: read_candidate(path.parent, drop_last=False))
    kinds.add("motion of a song", "smplfull.json", song, motion)
    kinds.add("meta file", "smplfull.meta.json", song, read_motion_meta)
    kinds.add("keypoints2d", "keypoints2d.npz", song, read_keypoints2d)
    kinds.add("audio features", "audio_features.npz", song, lambda path: read_audio(path, 3, 60))
    kinds.add("lyrics embeddings", "lyrics_embeddings.npz", song, read_lyrics_embeddings)
    kinds.add("text states", "text_states.npz", song, _read_store)
    kinds.add("quality.json", "quality.json", song, read_judged, examples=15)
    np.save(folder / "mert.npy", np.zeros((70, 4), np.float32))
    kinds.add(
        "learned features", "mert.npy", (folder / "mert.npy").read_bytes(), lambda path: read_learned(path, 0, 60)
    )
    kinds.add("any json", "a.json", "[1, {}]", read_json, examples=15)


def _read_store(path: Path) -> None:
    encoded = EncodedLyrics(path)
    assert isinstance(encoded.files, set) and isinstance(encoded.texts, set)
    stored_text_states(path)
    read_text_states(path)


def _motions(kinds: _Kinds, folder: Path) -> None:
    made = export_into(folder / "exports", stop=40).folder
    orient, pose, transl = swaying()
    np.save(made / "joints.npy", joints_of(orient, pose, transl))
    smpl = {"global_orient": orient, "body_pose": pose[:, :63], "transl": transl, "betas": np.zeros((FRAMES, 10))}
    tensors = {name: torch.tensor(value, dtype=torch.float32) for name, value in smpl.items()}
    torch.save({"smpl_params_incam": tensors, "K_fullimg": torch.eye(3).repeat(FRAMES, 1, 1)}, made / "gvhmr.pt")

    def read(path: Path) -> object:
        return read_any_motion(path, BODY)

    for kind in ("bvh", "glb", "npz", "aist", "edge"):
        kinds.add(f"motion as {kind}", FILES[kind], (made / FILES[kind]).read_bytes(), read)
    kinds.add("joint positions", "joints.npy", (made / "joints.npy").read_bytes(), read)
    kinds.add("motion as pt", "gvhmr.pt", (made / "gvhmr.pt").read_bytes(), read)
    kinds.add("motion as json", "smplfull.json", (folder / "song/smplfull.json").read_bytes(), read, examples=20)
    first = {
        "pose": np.zeros((4, 72)),
        "trans": np.zeros((4, 3)),
        "frame_ids": np.arange(4),
        "betas": np.zeros((4, 10)),
    }
    kinds.add("motion as pkl", "wham.pkl", pickle.dumps({0: first}, protocol=2), read)


def _data_sets(kinds: _Kinds, folder: Path) -> None:
    songs = [write_song(folder / "songs" / name, name, frames=240) for name in "ab"]
    data = folder / "results/dataset"
    build_dataset(songs, data, load_body())
    complete_dataset(data, songs)
    shard = next(path for path in sorted(data.rglob("*.parquet")) if path.parent != data)

    def arrays(path: Path) -> None:
        found = open_dataset(path.parent)
        for name in ("global_orient", "transl", "log_mel"):
            np.asarray(found[name][:3])

    def shards(path: Path) -> None:
        opened = justlmd.load_dataset(path.parents[1])
        for dance in opened[:2]:
            dict(dance)

    kinds.add("shard", shard.relative_to(data).as_posix(), data, shards, examples=60)
    kinds.add("index of a data set", "index.parquet", data, arrays)
    kinds.add("data set's facts", "dataset.json", data, arrays)
    kinds.add("array of a data set", "transl.npy", data, arrays)


def _models(kinds: _Kinds, folder: Path) -> None:
    save_model(folder / "model", build_model(CONFIG), CONFIG, {"seed": 0})
    kinds.add("weights", "model.safetensors", folder / "model", lambda path: load_model(path.parent))
    kinds.add("configuration of weights", "config.json", folder / "model", lambda path: load_model(path.parent))
    rest, still = load_body().rest_joints(), np.tile(np.eye(3), (30, 24, 1, 1))
    words = SungWords(np.eye(2, 4), np.array([0.2, 0.6]))
    beats, place = np.arange(0.0, 30, 5), np.tile(rest[0], (30, 1))
    dance = dance_on(rest, "one", still, place, rest, np.ones(30, bool), beats, words, even=False)
    write_repertoire(folder / "repertoire.npz", [dance], rest, {"toy": [words.states]}, {"terms": "none"})
    kinds.add(
        "repertoire",
        "repertoire.npz",
        (folder / "repertoire.npz").read_bytes(),
        lambda path: read_repertoire(path, rest, "toy"),
    )
    body, few = load_body(), slice(0, 60)
    content = {
        "v_template": body.v_template[few],
        "shapedirs": body.shapedirs[few],
        "weights": body.weights[few],
        "J_regressor": np.full((24, 60), 1 / 60, np.float32),
        "kintree_table": np.stack([PARENTS, np.arange(24)]),
        "f": np.arange(9).reshape(3, 3),
    }
    kinds.add("body model", "SMPL.pkl", pickle.dumps(content, protocol=2), load_body)


def _media(kinds: _Kinds, folder: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 255, (12, 48, 64, 3), dtype=np.uint8)
    write_source_video(folder / "film.mp4", constant_rate(30, 0.4), clicks(0.4, [0.1]), frames=frames)
    kinds.add("video", "film.mp4", (folder / "film.mp4").read_bytes(), verify, examples=60)
    with wave.open(str(folder / "sound.wav"), "wb") as file:
        file.setparams((2, 2, 48_000, 0, "NONE", ""))
        file.writeframes(bytes(4 * 4_800))
    kinds.add(
        "sound", "sound.wav", (folder / "sound.wav").read_bytes(), lambda path: read_sound(path, 16_000, 1), examples=30
    )


def _pages(kinds: _Kinds) -> None:
    song = {"song": "one", "clips": {"aa0": "real", "aa1": "v3"}, "seconds": 9.0, "lines": []}
    kinds.add("compared song", "one.json", json.dumps(song), read_compared_song)
    clips = {"aa0": {"song": "one", "dance": "real"}, "aa1": {"song": "one", "dance": "v3"}}
    kinds.add("key of a comparison", "key.json", json.dumps({"study": "0123456789abcdef", "clips": clips}), read_key)
    answers = [{"question": "song", "left": "aa0", "right": "aa1", "answer": "left", "seconds": 3.5}]
    content = {"study": "0123456789abcdef", "rater": "ab", "seed": 1, "answers": answers}
    key = ("0123456789abcdef", {"aa0": ("one", "real"), "aa1": ("one", "v3")})
    kinds.add("answers", "answers.json", json.dumps(content), lambda path: read_answers([path], key))
