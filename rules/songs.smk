# The song table and the configuration, checked before any job starts.
import csv
import os
import sys
from dataclasses import replace
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

PROJECT = Path(str(workflow.current_basedir)).parent  # also when another workflow uses this one as a module
sys.path.insert(0, str(PROJECT))

from justlmd.project.preflight import check_backends, check_files, check_ids
from justlmd.pose.networks import NETWORK_FILES
from justlmd.project.config import CHOREOGRAPHER, parse_config
from justlmd.core.device import has_gpu_driver
from justlmd.core.errors import JustLMDError
from justlmd.export.kinds import AUDIO, files_of, made_by_blender
from justlmd.features.text import is_encoded, stored_texts
from justlmd.songs.table import FETCH, check_provider, read_danced_to, read_songs
from model.configuration import check_configs


def project_file(path):
    """A path of the configuration: in the working directory, or else a file of the project itself; empty stays empty."""
    return path if not path or Path(path).exists() else str(PROJECT / path)


try:
    config.update(parse_config(config).model_dump(mode="json"))  # what was left out takes its default
    check_backends(config)
    check_files(config, project_file)
    check_configs(project_file(model["config"]) for model in config["models"].values())
    TABLE = {song.id: song for song in read_songs(project_file(config["songs"]))}
    SOURCES = [name for name, song in TABLE.items() if song.has_audio]
    DANCED_TO = read_danced_to(project_file(config["generate"]["table"]), TABLE)
    check_ids(config, TABLE, DANCED_TO)
    if config["pose"] == "mediapipe" and any(song.has_video for song in TABLE.values()):
        NETWORK_FILES.installed_folder()
    asked = [song for song in [*TABLE.values(), *DANCED_TO.values()] if song.id not in config["exclude"]]
    check_provider(asked, config["lyrics"]["provider"])
except JustLMDError as error:
    raise WorkflowError(str(error)) from None

TABLE |= DANCED_TO  # they have audio and lyrics, and are no part of the data set

# Fetched lyrics become a file; from there on nothing knows that they were fetched.
FETCHED = {name: f"results/songs/{name}/fetched.lrc" for name, song in TABLE.items() if song.lyrics == FETCH}
TABLE |= {name: replace(TABLE[name], lyrics=path) for name, path in FETCHED.items()}

WITH_VIDEO = [name for name, song in TABLE.items() if song.has_video and name not in DANCED_TO]
SONGS = {name: song for name, song in TABLE.items() if name not in [*config["exclude"], *DANCED_TO]}
WATCHED = [*SONGS, *DANCED_TO]
if not SONGS:
    raise WorkflowError(f"no song of {config['songs']} is left: config 'exclude' names them all")


def one_of(names):
    """A wildcard constraint that matches these names and nothing else."""
    return "|".join(names) or "(?!)"


wildcard_constraints:
    song=one_of(TABLE),
    name=one_of([*config["models"], CHOREOGRAPHER]),
    sample=r"(/sample_\d+)?",


def gpu(wildcards):
    """The resource of jobs that use the GPU: 1, or 0 where there is none, so that they run side by side on the CPU."""
    here = workflow.local_exec and not has_gpu_driver()
    return 0 if config["device"] == "cpu" or (config["device"] == "auto" and here) else 1


def training_threads(wildcards):
    """The cores, shared by the models that are trained side by side; two for each where a cluster hands them out."""
    cores = workflow.resource_settings.cores
    return 2 if cores is None else max(1, cores // len(config["models"]))


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
    """An input that exists only for songs with audio."""
    return lambda wildcards: path if TABLE[wildcards.song].has_audio else []


def is_heard(song):
    """Whether the times of the lyrics need the song's audio: the first line, or the words."""
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


def text_encoder(song):
    """The text encoder for the language of a song."""
    return config["features"]["text_encoders"].get(TABLE[song].language, config["features"]["text_encoder"])


TEXT_STATES = "results/text_states.npz"
STORED = stored_texts(TEXT_STATES)


def states_for_song(wildcards):
    """The stored states, of which an encoded song asks nothing more: the job that adds to them is none of its business.

    ``ancient`` alone would not do: Snakemake (9.27) overlooks other reasons to run of jobs behind an ancient input that
    is about to be written.
    """
    path, encoder = TABLE[wildcards.song].lyrics, text_encoder(wildcards.song)
    known = is_encoded(path, encoder, config["lyrics"]["offset_sign"], STORED)
    return ancient(before_update(TEXT_STATES)) if known else TEXT_STATES


def sample_number(sample):
    """1 for the dance in a model's own folder, 2 for the one in ``sample_2``, ..."""
    return int(sample.rpartition("_")[2] or 1)


def generated_samples():
    """The value of the wildcard ``sample`` for each dance to a song: none for the first, ``/sample_2``, ..."""
    return ["", *(os.sep + f"sample_{number}" for number in range(2, config["generate"]["samples"] + 1))]


def generated_dances(wildcards):
    """Dances of the configured model: for the songs named, or for the first that it was not trained on; for new ones."""
    names = config["generate"]["songs"]
    if names == "auto":
        names = held_out_song()
    names = [*names, *DANCED_TO]
    return [
        path
        for song in names
        for path in expand(
            [rules.generated_preview.output[0], *exports(EXPORTED_DANCE, TABLE[song].has_audio)],
            song=song,
            name=config["generate"]["model"],
            sample=generated_samples(),
        )
    ]


def exports(folder, has_audio):
    """All that is exported into a folder: the clock, the chosen kinds, and the audio where there is any."""
    files = [*files_of(folder, KINDS).values(), *made_by_blender(folder, KINDS)]
    return [*files, f"{folder}/{AUDIO}"] if has_audio else files


def kept_songs_exports(wildcards):
    """The exports of every kept song."""
    return [path for name in kept_songs() for path in expand(exports(EXPORTED, SONGS[name].has_audio), song=name)]


def of_watched(path, condition=lambda name: name in SONGS):
    """An input that exists only for songs that meet ``condition``; by default for those of the data set."""
    return lambda wildcards: path if condition(wildcards.song) else []


def shown_dances(wildcards):
    """The generated dances beside the recovered ones: of the held-out song by each model, and those asked for."""
    dances = [(name, model, "") for name in held_out_song() for model in config["models"]]
    asked = config["generate"]["songs"]
    songs = [*(held_out_song() if asked == "auto" else asked), *DANCED_TO]
    dances += [(name, config["generate"]["model"], sample) for name in songs for sample in generated_samples()]
    path = rules.dance_script.output[0]
    return [path.format(song=song, name=name, sample=sample) for song, name, sample in dict.fromkeys(dances)]


def shared_dance(output):
    """The file of the dance that is passed on: the recovered one, or for a song without one the first generated."""
    generated = getattr(rules.generate.output, output)
    return lambda wildcards: (
        getattr(rules.recovery.output, output)
        if wildcards.song in SONGS
        else generated.format(song=wildcards.song, name=config["generate"]["model"], sample="")
    )


def is_news(record):
    """Whether people should see what Snakemake says: each job says itself when it is done, so not that one begins."""
    return not str(record.msg).startswith(("Select jobs to execute", "Execute "))


logger.addFilter(is_news)
