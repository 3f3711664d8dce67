"""The real Snakefile, end to end: the commands of the README, reruns, songs that fail, identical bytes of two runs."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from chromium import browser
from player_browser import player
from project_copy import copied_project
from toy_songs import write_song

from justlmd.media.video import probe
from justlmd.songs.table import COLUMNS

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

PER_SONG = (
    "source.mp4",
    "source.json",
    "video.mp4",
    "audio.wav",
    "lyrics.json",
    "sliced.json",
    "keypoints2d.npz",
    "smplfull.json",
    "quality.json",
    "overlay.mp4",
    "contact_sheet.jpg",
    "audio_features.npz",
    "lyrics_embeddings.npz",
    "motion.bvh",
    "motion.glb",
    "motion.npz",
    "motion.clock.json",
    "audio.m4a",
)


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=3000,
        check=False,
        env=os.environ | {"COLUMNS": "200"},
    )


def planned(folder: Path, *arguments: str) -> tuple[dict[str, int], str]:
    """What a dry run would run: rules with the number of their jobs, and the messages of these jobs."""
    result = snakemake(folder, *arguments, "--dry-run", "--quiet", "host")
    assert result.returncode == 0, result.stdout
    lines = result.stdout.splitlines()
    if "Job stats:" not in lines:
        return {}, ""
    table = [line.split() for line in lines[lines.index("Job stats:") + 3 :]]
    rules = {row[0]: int(row[1]) for row in table[: table.index([])] if row[0] != "total"}
    return rules, "\n".join(line.partition(": ")[2] for line in lines if line.startswith("Job "))


def shorten_trainings(project: Path, steps: int) -> None:
    """Half of the demo's time is training, of which these tests only ask that it is there."""
    for path in project.glob("model/configs/v?_small.yaml"):
        path.write_text(re.sub(r"\bsteps: \d+", f"steps: {steps}", path.read_text()))


@pytest.fixture(scope="session")
def demo(repo, tmp_path_factory) -> Path:
    """A finished run of the whole embedded demo in a copy of the project, with short trainings."""
    folder = copied_project(repo, tmp_path_factory.mktemp("demo"))
    shorten_trainings(folder, 40)
    result = snakemake(folder, "--resources", "gpu=1")
    (folder / "run.log").write_text(result.stdout)
    assert result.returncode == 0, result.stdout[-6000:]
    return folder


def manifest(folder: Path) -> list[dict[str, str]]:
    with (folder / "results/manifest.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_manifest_lists_every_song_and_drops_the_one_whose_dancer_leaves(demo):
    rows = manifest(demo)
    with (demo / "songs.tsv").open(newline="") as file:
        table = [row["id"] for row in csv.DictReader(file, delimiter="\t")]
    assert [row["song"] for row in rows] == table
    dropped = [row for row in rows if row["verdict"] != "kept"]
    assert len(rows) - len(dropped) >= 6
    assert len(dropped) == 1
    assert dropped[0]["reason"]
    assert sum(int(row["sequences"]) for row in rows) >= 12


def test_every_fixed_path_exists_for_every_kept_song_and_the_rest_of_the_workflow(demo):
    for row in manifest(demo):
        if row["verdict"] == "kept":
            folder = demo / "results/songs" / row["song"]
            assert [name for name in PER_SONG if not (folder / name).stat().st_size] == []
    results = demo / "results"
    for name in ("dataset/index.parquet", "dataset/splits.json", "dataset/README.md", "evaluation/metrics.json"):
        assert (results / name).stat().st_size > 0
    info = probe(results / "evaluation/comparison.mp4")
    assert (info.width, info.has_audio) == (4 * 320, True)  # truth, v2 with and without root, v3
    assert info.duration_s == pytest.approx(12, abs=0.1)
    assert list(results.glob("evaluation/*.svg"))
    assert list(results.glob("models/*/history.csv"))
    for name in ("dance.mp4", "smplfull.json", "motion.bvh", "motion.glb", "motion.npz", "audio.m4a"):
        assert list(results.glob(f"generated/*/*/{name}"))


def test_every_song_has_a_page_and_the_held_out_one_the_models_dances_and_a_file_to_share(demo):
    view = demo / "results/view"
    for row in manifest(demo):
        for name in (f"{row['song']}.html", f"{row['song']}.js", f"{row['song']}.m4a"):
            assert (view / name).stat().st_size > 0
    song = next(row["song"] for row in manifest(demo) if row["split"] == "test")
    listed = (view / "dances.js").read_text()
    for name in ("v2", "v3", "choreographer"):
        assert f'"dances/{song}/{name}.js"' in listed
        assert (view / "dances" / song / f"{name}.js").stat().st_size > 0
    assert snakemake(demo, f"results/view/{song}.share.html", "--resources", "gpu=1").returncode == 0
    assert 1_000_000 < (view / f"{song}.share.html").stat().st_size < 5_000_000
    with browser() as started, player(started, view / f"{song}.html") as tab:
        assert tab.evaluate("player.state().dancers") == ["recovered", "choreographer", "v2", "v3"]


def test_every_finished_job_printed_one_line_with_its_song_and_stage(demo):
    said = (demo / "run.log").read_text().splitlines()
    assert not [line for line in said if line.startswith(("Select jobs", "Execute "))]
    lines = [line for line in said if line.startswith("done ")]
    songs = [row["song"] for row in manifest(demo)]
    for stage in ("download", "pose", "recovery", "quality"):
        assert sorted(line.split()[1] for line in lines if line.split()[2] == stage) == sorted(songs)


def test_twins_stand_in_one_split_and_no_group_stands_in_two(demo):
    groups: dict[str, set[str]] = {}
    for row in manifest(demo):
        if row["verdict"] == "kept":
            groups.setdefault(row["group"], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in groups.values())
    assert len(groups) == sum(row["verdict"] == "kept" for row in manifest(demo)) - 1
    splits = json.loads((demo / "results/dataset/splits.json").read_text())
    assert all(splits[row["split"]].count(row["song"]) == 1 for row in manifest(demo) if row["verdict"] == "kept")


def test_a_second_run_has_nothing_to_do(demo):
    result = snakemake(demo, "--resources", "gpu=1")
    assert result.returncode == 0
    assert "Nothing to be done" in result.stdout
    assert not [line for line in result.stdout.splitlines() if line.startswith("done ")]


def test_editing_one_lrc_reruns_only_that_songs_lyric_stages_and_what_depends_on_them(demo):
    song, *others = [row["song"] for row in manifest(demo)]
    lrc = demo / "results/demo" / song / "lyrics.lrc"
    text, times = lrc.read_bytes(), lrc.stat()
    try:
        lrc.write_bytes(text + b"[99:00.00]one line more\n")
        rules, messages = planned(demo, "--resources", "gpu=1")
    finally:
        lrc.write_bytes(text)
        os.utime(lrc, ns=(times.st_atime_ns, times.st_mtime_ns))
    for rule in ("lyrics", "recovery", "quality", "overlay", "manifest"):
        assert rules[rule] == 1, rules
    assert {"dataset", "train", "evaluate"} <= set(rules)  # what lies behind the checkpoint is listed after it
    assert not set(rules) & {"demo", "download", "standardise", "pose", "audio_features"}
    assert song in messages
    assert not [
        line for line in messages.splitlines() if "Dancing" not in line and any(o in line.split() for o in others)
    ]
    assert planned(demo, "--resources", "gpu=1") == ({}, "")


def test_several_dances_to_a_song_differ_and_lie_beside_each_other(demo):
    song = next(row["song"] for row in manifest(demo) if row["split"] == "test")
    first, second = (f"results/generated/{song}/choreographer{sample}/smplfull.json" for sample in ("", "/sample_2"))
    result = snakemake(demo, second, "--resources", "gpu=1")
    assert result.returncode == 0, result.stdout
    assert (demo / first).read_bytes() != (demo / second).read_bytes()
    (demo / "more.yaml").write_text("generate: {samples: 2}\n")
    rules, _ = planned(demo, "--resources", "gpu=1", "--configfile", "config.yaml", "more.yaml")
    assert rules["generated_preview"] == rules["generated_export"] == 1


def test_a_sound_file_with_lyrics_is_danced_to_and_trains_nothing_anew(demo):
    source = demo / "results/songs" / manifest(demo)[0]["song"] / "audio.wav"
    with wave.open(str(source)) as song, wave.open(str(demo / "new.wav"), "wb") as part:
        part.setparams(song.getparams())
        part.writeframes(song.readframes(9 * song.getframerate()))
    (demo / "new.lrc").write_text("[00:01.00]here we go\n[00:03.50]round and round\n[00:07.20]\n")
    (demo / "dances.tsv").write_text("id\turl\tlyrics\nnew\tnew.wav\tnew.lrc\n")
    (demo / "dance.yaml").write_text("generate: {table: dances.tsv}\n")
    options = ("--resources", "gpu=1", "--configfile", "config.yaml", "dance.yaml")
    rules, messages = planned(demo, *options)
    assert not set(rules) & {"manifest", "dataset", "train", "evaluate", "pose", "download"}
    assert "new" in messages.split()
    result = snakemake(demo, "results/generated/new/choreographer/dance.mp4", *options)
    assert result.returncode == 0, result.stdout
    assert len(json.loads((demo / "results/generated/new/choreographer/smplfull.json").read_text())) == 9 * 30


def test_asking_for_one_deleted_motion_runs_recovery_of_that_song_only(demo):
    song = manifest(demo)[1]["song"]
    target = f"results/songs/{song}/smplfull.json"
    before = (demo / target).read_bytes()
    (demo / target).unlink()
    # The target stands before --resources: an option that takes several values would swallow it.
    rules, messages = planned(demo, target, "--resources", "gpu=1")
    assert rules == {"recovery": 1}
    assert song in messages
    result = snakemake(demo, target, "--resources", "gpu=1")
    assert result.returncode == 0, result.stdout
    assert (demo / target).read_bytes() == before
    assert snakemake(demo, "--touch", "--resources", "gpu=1").returncode == 0


def test_two_runs_from_scratch_give_identical_bytes(demo, repo, tmp_path):
    """Song files in another folder and in another company of songs; the manifest and the data set made twice."""
    again = copied_project(repo, tmp_path)
    rows = (again / "songs.tsv").read_text().splitlines()
    (again / "songs.tsv").write_text("\n".join(rows[:2]) + "\n")
    song = rows[1].split("\t")[0]
    names = ("sliced.json", "keypoints2d.npz", "smplfull.json", "audio_features.npz", "lyrics_embeddings.npz")
    targets = [f"results/songs/{song}/{name}" for name in names]
    result = snakemake(again, *targets, "--resources", "gpu=1")
    assert result.returncode == 0, result.stdout[-3000:]
    for target in targets:
        assert (again / target).read_bytes() == (demo / target).read_bytes(), target

    folder = demo / "results"
    files = [folder / "manifest.tsv", *sorted(path for path in (folder / "dataset").rglob("*") if path.is_file())]
    before = {path: path.read_bytes() for path in files}
    result = snakemake(
        demo, "results/dataset/index.parquet", "--resources", "gpu=1", "--forcerun", "manifest", "dataset"
    )
    assert result.returncode == 0, result.stdout
    assert [path.name for path in files if path.read_bytes() != before[path]] == []
    assert snakemake(demo, "--touch", "--resources", "gpu=1").returncode == 0


def test_what_may_be_published_is_built_when_asked_for_and_a_withdrawn_song_vanishes(demo):
    folder = demo / "results" / "publish"
    kept = {row["song"] for row in manifest(demo) if row["verdict"] == "kept"}
    for withdrawn in ((), ("paper_star",)):
        config = ["--config", f"publish={json.dumps({'withdrawn': withdrawn})}"]
        result = snakemake(demo, "results/publish.tsv", "--resources", "gpu=1", *config)
        assert result.returncode == 0, result.stdout
        with (demo / "results/publish.tsv").open(newline="") as file:
            rows = {row["song"]: row for row in csv.DictReader(file, delimiter="\t")}
        published = {name for name, row in rows.items() if row["verdict"] == "published"}
        assert set(rows) == kept and published == kept - set(withdrawn)
        named = {name for songs in json.loads((folder / "splits.json").read_text()).values() for name in songs}
        assert named == {rows[name]["public"] for name in published}
        assert not [path for path in folder.rglob(".*")]  # nothing of Snakemake's is published with it
    assert json.loads((folder / "withdrawn.json").read_text()) == [rows["paper_star"]["public"]]


def test_the_report_is_one_small_page_of_tables_and_plots_that_leads_to_the_gallery(demo):
    result = snakemake(demo, "--report", "report.html")
    assert result.returncode == 0, result.stdout
    page = (demo / "report.html").read_text()
    for part in ("manifest.tsv", "history.csv", "metrics.svg", "results/view/index.html"):
        assert part in page
    assert "overlay.mp4" not in page.replace("/overlay.mp4", "")  # as a path of the rules' list only
    assert "data:video" not in page and "data:image/jpeg" not in page
    assert (demo / "report.html").stat().st_size < 4_500_000


def test_real_clips_go_all_the_way_and_three_dancers_are_dropped(repo, shared_data, tmp_path):
    folder = copied_project(repo, tmp_path)
    (folder / "words.lrc").write_text("[00:01.00]first you step aside\n[00:04.00]then around\n[00:08.00]\n")
    names = ("musepose_dance", "pzsp_dance", "mpm_dance")
    rows = [{"id": n, "url": str(shared_data / "clips" / f"{n}.mp4"), "lyrics": "words.lrc"} for n in names]
    lines = ["\t".join(COLUMNS), *("\t".join(row.get(column, "") for column in COLUMNS) for row in rows)]
    (folder / "songs.tsv").write_text("\n".join(lines) + "\n")
    overlays = [f"results/songs/{name}/overlay.mp4" for name in names]
    result = snakemake(folder, "results/manifest.tsv", *overlays, "--resources", "gpu=1")
    assert result.returncode == 0, result.stdout[-3000:]
    verdicts = {row["song"]: row for row in manifest(folder)}
    for name in names[:2]:
        assert verdicts[name]["verdict"] == "kept", verdicts[name]["reason"]
        assert float(verdicts[name]["reprojection"]) <= 0.01  # of the dancer's height
    assert verdicts["mpm_dance"]["verdict"] == "dropped"
    assert "several dancers" in verdicts["mpm_dance"]["reason"]


def test_a_ready_made_motion_file_replaces_the_video_stages(demo, repo, tmp_path):
    folder = copied_project(repo, tmp_path)
    source = demo / "results/songs" / manifest(demo)[0]["song"]
    shutil.copy(source / "smplfull.json", folder / "motion.json")
    (folder / "words.lrc").write_text("[00:01.00]here we go\n[00:03.50]round and round\n[00:09.20]\n")
    row = {"id": "ready", "lyrics": "words.lrc", "motion": "motion.json"}
    (folder / "songs.tsv").write_text(
        "\t".join(COLUMNS) + "\n" + "\t".join(row.get(column, "") for column in COLUMNS) + "\n"
    )
    rules, _ = planned(folder, "results/dataset/index.parquet", "--resources", "gpu=1")
    assert not set(rules) & {"download", "standardise", "pose", "recovery"}
    result = snakemake(folder, "results/dataset/index.parquet", "--resources", "gpu=1")
    assert result.returncode == 0, result.stdout[-3000:]
    assert (folder / "results/songs/ready/smplfull.json").read_bytes() == (folder / "motion.json").read_bytes()
    assert not np.load(folder / "results/dataset/has_audio.npy").any()


def test_songs_without_sound_are_compared_without_it_and_one_song_is_compared_with_nothing(repo, tmp_path):
    folder = copied_project(repo, tmp_path / "project")
    for number, words in enumerate(("here we go round and round", "a star of paper falls down")):
        write_song(tmp_path, f"song{number}", frames=420)
        shutil.copy(tmp_path / "smplfull.json", folder / f"song{number}.json")
        (folder / f"song{number}.lrc").write_text(f"[00:01.00]{words}\n[00:08.50]{words[::-1]}\n[00:15.00]\n")
    shorten_trainings(folder, 2)
    config = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(config.replace("keep: []", "keep: [song0, song1]"))
    rows = [f"song{number}\t\tsong{number}.lrc\tsong{number}.json" for number in (0, 1)]
    (folder / "songs.tsv").write_text("\n".join(["id\turl\tlyrics\tmotion", *rows]) + "\n")
    target = "results/evaluation/comparison.mp4"

    result = snakemake(folder, target, "--resources", "gpu=1")
    assert result.returncode == 0, result.stdout[-3000:]
    info = probe(folder / target)
    assert (info.width, info.has_audio) == (4 * 320, False)
    rules, _ = planned(folder, "--resources", "gpu=1")
    assert rules["generated_preview"] == 1
    assert not set(rules) & {"audio_features", "standardise", "download"}

    (folder / "songs.tsv").write_text("\n".join(["id\turl\tlyrics\tmotion", rows[0]]) + "\n")
    (folder / "config.yaml").write_text(config)
    (folder / target).unlink()
    assert snakemake(folder, "results/manifest.tsv", "--config", "keep=[song0]").returncode == 0
    rules, _ = planned(folder, "--resources", "gpu=1", "--config", "keep=[song0]")
    assert "dataset" in rules and not set(rules) & {"comparison", "generate"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--config", "devise=cuda"], ["devise"]),
        (["--config", "device=tpu"], ["device", "tpu", "cuda"]),
        (["--config", "songs=none.tsv"], ["none.tsv", "does not exist"]),
        (["--config", "exclude=[nobody]"], ["nobody"]),
    ],
)
def test_a_wrong_configuration_is_explained_before_any_job(repo, arguments, words):
    result = snakemake(repo, "--dry-run", *arguments)
    assert result.returncode != 0
    for word in words:
        assert word in result.stdout
    assert "Traceback" not in result.stdout


def test_gpu_rules_ask_for_the_gpu_where_there_is_one_and_the_default_profile_caps_it(repo):
    result = snakemake(repo, "--dry-run", "--quiet", "host", "--forceall", "--config", "device=cuda")
    jobs = result.stdout.split("\n\n")
    for rule in ("recovery", "train", "evaluate", "generate"):
        asked = [job for job in jobs if job.lstrip().split("\n")[0] == f"rule {rule}:"]
        assert all("gpu=1" in job for job in asked)
    assert "gpu: 1" in (repo / "profiles/default/config.yaml").read_text()
