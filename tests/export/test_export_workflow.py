"""The rules of the export stage on songs whose motion is imported: no video, no network, no model."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from known_motion import swaying
from project_copy import copied_project

from justlmd.body.model import load_body
from justlmd.core.files import read_json
from justlmd.export.amass import write_amass
from justlmd.export.origin import Origin
from justlmd.motion.motion import Motion
from justlmd.motion.smplfull import read_smplfull

pytestmark = [pytest.mark.workflow, pytest.mark.slow]
BODY = load_body()


def snakemake(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=300, check=False)


def test_a_song_and_its_sequence_are_exported_and_come_back_as_another_song(repo, tmp_path):
    project = copied_project(repo, tmp_path / "project")
    (project / "words.lrc").write_text("[00:02.00]here we go\n[00:09.50]round and round\n[00:16.00]\n")
    orient, pose, transl = swaying(600, hands=False)
    moving = Motion(orient, pose, transl, np.zeros(10), np.ones(600, bool))
    write_amass(project / "dance.npz", moving, BODY, origin=Origin(2.0, -1.0, np.diag([900.0, 900, 1])))
    rows = ["id\turl\tlyrics\tmotion", "dance\t\twords.lrc\tdance.npz"]
    again = "results/songs/dance/motion.bvh"
    (project / "songs.tsv").write_text("\n".join(rows) + "\n")
    chosen = "{kinds: [bvh, npz, humanml3d, usd], fps: 60, blender_python: nowhere}"
    (project / "more.yaml").write_text(f"export: {chosen}\n")
    options = ("--configfile", "config.yaml", "more.yaml")
    sequence = "results/songs/dance/export/1/motion.npz"
    done = snakemake(project, again, sequence, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    clock = read_json(project / "results/songs/dance/motion.clock.json")
    assert (clock["first_frame_s"], clock["duration_s"]) == (2.0, 20.0)
    assert clock["files"]["motion.bvh"]["fps"] == 60
    with np.load(project / sequence) as file:
        assert file["first_frame_s"] == 9.5 and len(file["trans"]) == 359  # six seconds at 60 frames/s
    (project / "songs.tsv").write_text("\n".join([*rows, f"back\t\twords.lrc\t{again}"]) + "\n")
    done = snakemake(project, "results/songs/back/smplfull.json", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = (read_smplfull(project / f"results/songs/{song}/smplfull.json") for song in ("dance", "back"))
    np.testing.assert_allclose(second.Th, first.Th, atol=1e-4)
    np.testing.assert_allclose(second.K, first.K)
    done = snakemake(project, "results/songs/dance/motion.usd", *options)
    assert done.returncode == 1 and "nowhere: cannot be run" in done.stderr
    assert not (project / "results/songs/dance/motion.usd").exists()
