# The song table and the configuration, checked before any job starts.
import csv
import os
import sys
from dataclasses import replace
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

sys.path.insert(0, workflow.basedir)

from justlmd.project.preflight import check_backends
from justlmd.project.config import check_config
from justlmd.core.errors import JustLMDError
from justlmd.songs.table import FETCH, check_provider, read_danced_to, read_songs

try:
    check_config(config)
    check_backends(config)
    TABLE = {song.id: song for song in read_songs(config["songs"])}
    SOURCES = [name for name, song in TABLE.items() if song.has_audio]
    DANCED_TO = read_danced_to(config["generate"]["table"], TABLE)
    for option in ("exclude", "keep"):
        for name in config[option]:
            if name not in TABLE:
                raise JustLMDError(f"config '{option}': there is no song '{name}' in {config['songs']}")
    asked = [song for song in [*TABLE.values(), *DANCED_TO.values()] if song.id not in config["exclude"]]
    check_provider(asked, config["lyrics"]["provider"])
except JustLMDError as error:
    raise WorkflowError(str(error)) from None

TABLE |= DANCED_TO  # they have sound and lyrics, and are no part of the data set

# Fetched lyrics become a file; from there on nothing knows that they were fetched.
FETCHED = {name: f"results/songs/{name}/fetched.lrc" for name, song in TABLE.items() if song.lyrics == FETCH}
TABLE |= {name: replace(TABLE[name], lyrics=path) for name, path in FETCHED.items()}

SONGS = {name: song for name, song in TABLE.items() if name not in [*config["exclude"], *DANCED_TO]}
if not SONGS:
    raise WorkflowError(f"no song of {config['songs']} is left: config 'exclude' names them all")


def one_of(names):
    """A wildcard constraint that matches these names and nothing else."""
    return "|".join(names) or "(?!)"


wildcard_constraints:
    song=one_of(TABLE),
    name=one_of(config["models"]),
    sample=r"(/sample_\d+)?",


def if_present(path):
    """A path as an input, if it is there or a rule makes it; a missing file is the song's own error, not the workflow's."""
    path = str(path or "")
    made = path.startswith("results/demo/") or path in FETCHED.values()
    return [path] if path and (made or Path(path).is_file()) else []


def with_video(**paths):
    """Inputs that exist only for songs with a video."""
    return {
        name: (lambda wildcards, path=path: path if TABLE[wildcards.song].has_video else [])
        for name, path in paths.items()
    }


def with_audio(path):
    """An input that exists only for songs with sound."""
    return lambda wildcards: path if TABLE[wildcards.song].has_audio else []


def is_heard(song):
    """Whether the times of the lyrics need the song's sound: the first line, or the words."""
    return song.first_line == "auto" or (song.has_audio and config["lyrics"]["alignment"] != "none")


def kept_songs(split=("train", "val", "test")):
    """Ids of the kept songs of these splits, in the order of the table; known once the manifest is written."""
    with open(checkpoints.manifest.get().output[0], encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return [row["song"] for row in rows if row["verdict"] == "kept" and row["split"] in split]


def of_kept_songs(path, condition=lambda song: True):
    """An input function: ``path`` for each kept song that meets ``condition``."""
    return lambda wildcards: expand(path, song=[name for name in kept_songs() if condition(SONGS[name])])


def held_out_song():
    """A list with the id of the first song that no model is trained on; empty when there is none."""
    return kept_songs(split=("test",))[:1]


def of_held_out_song(path, condition=lambda song: True):
    """An input function: ``path`` for the first held-out song; nothing without one, or if it misses ``condition``."""
    return lambda wildcards: next((path.format(song=name) for name in held_out_song() if condition(SONGS[name])), [])


def learned_features(wildcards):
    """Files of features from elsewhere of the kept songs; one that is missing is the data set's own error."""
    patterns = config["features"]["learned"].values()
    return [
        path for name in kept_songs() for pattern in patterns for path in if_present(pattern.replace("{song}", name))
    ]


def sample_number(sample):
    """1 for the dance in a model's own folder, 2 for the one in ``sample_2``, ..."""
    return int(sample.rpartition("_")[2] or 1)


def generated_dances(wildcards):
    """Dances of the configured model: for the songs named, or for the first that it was not trained on; for new ones."""
    names = config["generate"]["songs"]
    if names == "auto":
        names = held_out_song()
    names = [*names, *DANCED_TO]
    samples = ["", *(os.sep + f"sample_{number}" for number in range(2, config["generate"]["samples"] + 1))]
    files = [rules.generated_preview.output[0], *rules.generated_files.output]
    return expand(files, song=names, name=config["generate"]["model"], sample=samples)


def is_news(record):
    """Whether people should see what Snakemake says: each job says itself when it is done, so not that one begins."""
    return not str(record.msg).startswith(("Select jobs to execute", "Execute "))


logger.addFilter(is_news)


def write_status():
    """Write results/status.tsv and return what people should see of it."""
    from justlmd.core.files import write_text
    from justlmd.project.status import song_statuses, status_summary, status_table

    rows = song_statuses(read_songs(config["songs"]), Path("results"), config["exclude"])
    write_text("results/status.tsv", status_table(rows))
    return f"{status_summary(rows)}\nThe whole table: results/status.tsv"


onsuccess:
    write_status()


onerror:
    print(write_status(), file=sys.stderr)
