"""The rule that fetches lyrics, by itself and in the workflow."""

import csv
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
import yaml
from lyrics_server import track
from project_copy import copied_project
from synthetic_media import clicks, constant_rate, write_source_video

from justlmd.songs.table import COLUMNS


def run_rule(monkeypatch, repo, output, **song):
    monkeypatch.syspath_prepend(str(repo / "workflow_scripts"))
    import fetch_lyrics as script

    source = output.with_name("source.json")
    source.write_text('{"duration": 130.0}')
    return script.main(
        SimpleNamespace(
            input=[str(source)],
            output=[str(output)],
            params=SimpleNamespace(
                song={"artist": "Lil Nas X", "title": "Panini", "start": 10.0, "end": 125.0} | song,
                lyrics={"provider": song.pop("base", ""), "duration_tolerance": 3},
                download={"attempts": 1, "proxy": ""},
            ),
        )
    )


def test_the_rule_asks_once_and_keeps_what_it_has(server, tmp_path, monkeypatch, repo):
    """The length asked for is that of the part of the video that is used."""
    server.tracks = [track()]
    output = tmp_path / "fetched.lrc"
    assert run_rule(monkeypatch, repo, output, base=server.base) == "2 lines"
    assert server.asked[0][1]["duration"] == "115"
    output.write_text("[00:01.00]mended by hand\n")
    assert "kept as it is" in run_rule(monkeypatch, repo, output, base=server.base)
    assert output.read_text() == "[00:01.00]mended by hand\n"
    assert len(server.asked) == 1


@pytest.mark.workflow
@pytest.mark.slow
def test_in_the_workflow_lyrics_are_fetched_once_and_failures_stand_in_the_table_of_states(server, tmp_path, repo):
    copied_project(repo, tmp_path)
    write_source_video(tmp_path / "film.mp4", constant_rate(30, 4), clicks(4, [1]))
    row = {"url": "film.mp4", "lyrics": "fetch", "artist": "Lil Nas X"}
    rows = [row | {"id": "known", "title": "Panini"}, row | {"id": "unknown", "title": "Nobody sang this"}]

    def write_songs() -> None:
        lines = ["\t".join(one.get(column, "") for column in COLUMNS) for one in rows]
        (tmp_path / "songs.tsv").write_text("\n".join(["\t".join(COLUMNS), *lines]) + "\n")

    def snakemake(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)

    def configure(provider: str) -> None:
        config = yaml.safe_load((repo / "config.yaml").read_text(encoding="utf-8"))
        config["download"] |= {"attempts": 1, "pause": 0}
        config["lyrics"]["provider"] = provider
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))

    configure(server.base)
    server.tracks = [track(duration=4.0)]
    targets = [f"results/songs/{one['id']}/lyrics.json" for one in rows]
    write_songs()
    result = snakemake(*targets)
    printed = result.stdout + result.stderr
    assert result.returncode == 1
    assert "done   known  fetch_lyrics" in printed
    (error,) = [line for line in printed.splitlines() if line.startswith("ERROR ")]
    assert error.startswith("ERROR  unknown  fetch_lyrics: 'Nobody sang this' by Lil Nas X: the provider has no lyrics")
    assert "Traceback" not in printed
    assert json.loads((tmp_path / targets[0]).read_text())["first_line_s"] == 12.0
    assert "--config 'exclude=[unknown]'" in printed
    with (tmp_path / "results/status.tsv").open(newline="") as file:
        states = {line["song"]: line for line in csv.DictReader(file, delimiter="\t")}
    assert states["unknown"]["stage"] == "fetch_lyrics"
    assert states["unknown"]["cause"] == "not_found"
    assert states["unknown"]["next_step"].startswith("correct artist and title in the song table")
    assert (states["known"]["status"], states["known"]["reached"]) == ("waiting", "lyrics")

    # An edited table does not ask again, nor touch what a person has mended.
    fetched = tmp_path / "results/songs/known/fetched.lrc"
    fetched.write_text("[00:01.00]mended by hand\n")
    rows[0]["title"] = "PANINI"
    rows[1]["lyrics"] = "own.lrc"
    (tmp_path / "own.lrc").write_text("[00:02.00]my own\n")
    server.asked.clear()
    write_songs()
    result = snakemake(*targets)
    assert result.returncode == 0, result.stderr
    assert fetched.read_text() == "[00:01.00]mended by hand\n"
    assert [json.loads((tmp_path / target).read_text())["first_line_s"] for target in targets] == [1.0, 2.0]
    assert server.asked == []
    assert "Nothing to be done" in snakemake(*targets).stderr

    fetched.unlink()
    (tmp_path / targets[0]).unlink()
    assert snakemake(*targets).returncode == 0
    assert [question["track_name"] for _, question in server.asked][:1] == ["PANINI"]
    assert "here we go" in fetched.read_text()

    configure("")
    result = snakemake(*targets, "--dry-run")
    assert result.returncode == 1
    assert (
        "config 'lyrics.provider' is empty, but the lyrics of known are to be fetched" in result.stdout + result.stderr
    )
