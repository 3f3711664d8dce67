# The song table and the configuration, checked before any job starts.
import gc
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

# Names this run to its jobs: what people must mend is not tried again in it. Jobs inherit the name.
os.environ.setdefault("JUSTLMD_RUN", f"{os.getpid()}-{time.time():.0f}")

PROJECT = Path(str(workflow.current_basedir)).parent  # also when another workflow uses this one as a module
sys.path.insert(0, str(PROJECT))
gc.set_threshold(100_000, 50, 100)  # a plan keeps every job and path, so that looking for garbage finds little

from justlmd.project.preflight import check_backends, check_files, check_ids
from justlmd.pose.networks import NETWORK_FILES
from justlmd.project.config import CHOREOGRAPHER, parse_config
from justlmd.project.lock import claim_folder
from justlmd.core.device import has_gpu_driver
from justlmd.core.errors import JustLMDError
from justlmd.export.kinds import AUDIO, files_of, made_by_blender
from justlmd.features.text import encoder_for, is_encoded, stored_texts
from justlmd.features.text_languages import check_languages
from justlmd.songs.table import FETCH, ID, check_provider, read_danced_to, read_songs
from model.configuration import check_configs


def project_file(path):
    """A path of the configuration: in the working directory, or else a file of the project itself; empty stays empty."""
    return path if not path or Path(path).exists() else str(PROJECT / path)


try:
    config.update(parse_config(config).model_dump(mode="json"))  # what was left out takes its default
    check_backends(config)
    check_files(config, project_file)
    check_configs(project_file(model["config"]) for model in config["models"].values())
    TABLE = {song.id: song for song in read_songs(project_file(config["songs"]))} if config["songs"] else {}
    SOURCES = {name for name, song in TABLE.items() if song.has_audio}
    DANCED_TO = read_danced_to(project_file(config["generate"]["table"]), TABLE)
    check_ids(config, TABLE, DANCED_TO)
    if config["pose"] == "mediapipe" and any(song.has_video for song in TABLE.values()):
        NETWORK_FILES.installed_folder()
    asked = [song for song in [*TABLE.values(), *DANCED_TO.values()] if song.id not in config["exclude"]]
    check_provider(asked, config["lyrics"]["provider"])
    own = [song for song in asked if not song.lyrics.startswith("results/demo/")]  # the demo has one Spanish song
    check_languages({song.id: song.language for song in own}, config["features"])
except JustLMDError as error:
    raise WorkflowError(str(error)) from None

TABLE |= DANCED_TO  # they have audio and lyrics, and are no part of the data set

# Fetched lyrics become a file; from there on nothing knows that they were fetched.
FETCHED = {name: f"results/songs/{name}/fetched.lrc" for name, song in TABLE.items() if song.lyrics == FETCH}
FETCHED_PATHS = set(FETCHED.values())
TABLE |= {name: replace(TABLE[name], lyrics=path) for name, path in FETCHED.items()}

WITH_VIDEO = {name for name, song in TABLE.items() if song.has_video and name not in DANCED_TO}
SONGS = {name: song for name, song in TABLE.items() if name not in {*config["exclude"], *DANCED_TO}}
WATCHED = [*SONGS, *DANCED_TO]
if config["songs"] and not SONGS:
    raise WorkflowError(f"no song of {config['songs']} is left: config 'exclude' names them all")

# What the choreographer draws from: a repertoire, or where this is empty the dances of the data set.
REPERTOIRE = config["generate"]["repertoire"]
if REPERTOIRE == "shipped" or (REPERTOIRE == "auto" and not SONGS):
    REPERTOIRE = str(PROJECT / "justlmd" / "data" / "repertoire.npz")
elif REPERTOIRE == "auto":
    REPERTOIRE = ""


# The songs of the rules that are not for every song. No constraint lists them: Snakemake compares thousands of paths
# with it.
SONGS_OF = dict(
    demo={name for name, song in TABLE.items() if song.url == f"results/demo/{name}/video.mp4"},
    download=SOURCES,
    standardise=SOURCES,
    audio=set(DANCED_TO),
    fetch_lyrics=set(FETCHED),
    lyrics={name for name, song in TABLE.items() if song.lyrics},
    mmpose=WITH_VIDEO,
    pose=WITH_VIDEO,
    recovery=WITH_VIDEO,
    import_motion=set(TABLE) - WITH_VIDEO - set(DANCED_TO),
    quality=set(SONGS),
    overlay=WITH_VIDEO,
    thumbnail=set(SONGS) - WITH_VIDEO,
    song_page=WITH_VIDEO,
    page_without_video=SOURCES.union(DANCED_TO) - WITH_VIDEO,
    page_without_audio=set(SONGS) - SOURCES,
)


def id_in(rule):
    """The constraint of the song's id in a rule: any id, or nothing where no song of the table is for the rule."""
    return ID if SONGS_OF[rule] else "(?!)"


def of_song(wanted):
    """The input that a song's row asks for; for an id that the table lacks a file that nobody makes, and the reason."""
    missing = f"{config['songs']}: there is no song "
    return lambda wildcards: wanted(TABLE[wildcards.song]) if wildcards.song in TABLE else missing + wildcards.song


def if_for(rule, wanted=()):
    """The input of a rule that is not for every song; for the others a file that nobody makes, which rules it out."""

    def of_row(song):
        if song.id not in SONGS_OF[rule]:
            return f"{config['songs']}: {song.id} is no song for the rule {rule}"
        return wanted(song) if callable(wanted) else wanted

    return wanted if isinstance(wanted, str) and SONGS_OF[rule] >= TABLE.keys() else of_song(of_row)


wildcard_constraints:
    song=ID,
    name="|".join([*config["models"], CHOREOGRAPHER]),
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
    made = path.startswith("results/demo/") or path in FETCHED_PATHS
    return [path] if path and (made or Path(path).is_file()) else []


def among(songs, path):
    """An input that exists only for some songs; the path itself, which is planned faster, where these are all."""
    return path if songs >= TABLE.keys() else lambda wildcards: path if wildcards.song in songs else []


def with_video(path):
    """An input that exists only for songs with a video."""
    return among(WITH_VIDEO, path)


def with_audio(path):
    """An input that exists only for songs with audio."""
    return among(SOURCES | DANCED_TO.keys(), path)


def with_lyrics(path):
    """An input that exists only for songs with lyrics."""
    return among(SONGS_OF["lyrics"], path)


def is_heard(song):
    """Whether the times of the lyrics need the song's audio: the first line, or the words."""
    return song.first_line == "auto" or (song.has_audio and config["lyrics"]["alignment"] != "none")


def kept_songs(split=("train", "val", "test")):
    """Ids of the kept songs of these splits, in the order of the table; known once the manifest is written."""
    from justlmd.dataset.manifest import read_splits  # loads SciPy, which a plan without a manifest does not need

    return [song for song, its in read_splits(checkpoints.manifest.get().output[0]).split.items() if its in split]


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
    return encoder_for(TABLE[song].language, config["features"])


TEXT_STATES = "results/text_states.npz"
STORED = stored_texts(TEXT_STATES)


def states_for_song(song):
    """The stored states, of which an encoded song asks nothing more: the job that adds to them is none of its business.

    ``ancient`` alone would not do: Snakemake (9.27) overlooks other reasons to run of jobs behind an ancient input that
    is about to be written.
    """
    known = is_encoded(song.lyrics, text_encoder(song.id), config["lyrics"]["offset_sign"], STORED)
    return ancient(before_update(TEXT_STATES)) if known else TEXT_STATES


def sample_number(sample):
    """1 for the dance in a model's own folder, 2 for the one in ``sample_2``, ..."""
    return int(sample.rpartition("_")[2] or 1)


def generated_samples():
    """The value of the wildcard ``sample`` for each dance to a song: none for the first, ``/sample_2``, ..."""
    return ["", *(os.sep + f"sample_{number}" for number in range(2, config["generate"]["samples"] + 1))]


def generated_dances(wildcards):
    """Dances of the configured model: for the songs named, or for the first that it was not trained on."""
    names = config["generate"]["songs"]
    return dances_to(held_out_song() if names == "auto" else names)


def dances_to(songs):
    """What is made of the configured model's dances to songs: the video, and the exports."""
    return [
        path
        for song in songs
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


def of_watched(path):
    """An input that exists only for the songs of the data set, not for those that are only danced to."""
    return among(SONGS.keys(), path)


def shown_dances(wildcards):
    """The generated dances beside the recovered ones: of the held-out song by each model, and those asked for."""
    dances = [(name, model, "") for name in held_out_song() for model in config["models"]]
    asked = config["generate"]["songs"]
    songs = held_out_song() if asked == "auto" else [name for name in asked if name not in DANCED_TO]
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

if workflow.is_main_process and not workflow.dryrun and (released := claim_folder()):
    logger.warning(released)
