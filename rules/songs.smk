# The song table and the configuration, checked before any job starts.
import gc
import os
import sys
import time
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

# Names this run to its jobs: what people must mend is not tried again in it. Jobs inherit the name.
os.environ.setdefault("JUSTLMD_RUN", f"{os.getpid()}-{time.time():.0f}")

PROJECT = Path(str(workflow.current_basedir)).parent  # also when another workflow uses this one as a module
sys.path.insert(0, str(PROJECT))
gc.set_threshold(100_000, 50, 100)  # a plan keeps every job and path, so that looking for garbage finds little

from justlmd.core.device import has_gpu_driver
from justlmd.core.errors import JustLMDError
from justlmd.export.kinds import exported_paths
from justlmd.features.text import EncodedLyrics
from justlmd.project.config import CHOREOGRAPHER, parse_config
from justlmd.project.lock import claim_folder
from justlmd.project.plan import plan_songs
from justlmd.project.preflight import check_backends, check_files, check_made
from justlmd.songs.table import ID
from model.configuration import check_configs


def project_file(path):
    """A path of the configuration: in the working directory, or else a file of the project itself; empty stays empty."""
    return path if not path or Path(path).exists() else str(PROJECT / path)


try:
    typed = parse_config(config, on_command_line=workflow.config_settings.config)
    config.update(typed.model_dump(mode="json"))  # what was left out takes its default
    check_backends(config)
    check_files(config, project_file)
    check_configs(project_file(model["config"]) for model in config["models"].values())
    PLAN = plan_songs(config, project_file)
except JustLMDError as error:
    raise WorkflowError(str(error)) from None

TABLE, SONGS, SONGS_OF = PLAN.table, PLAN.songs, PLAN.songs_of
DANCED_TO = [name for name in TABLE if name in PLAN.danced_to and config["plan_songs"]]
REPERTOIRE = PLAN.repertoire(str(PROJECT / "justlmd" / "data" / "repertoire.npz"))


PLANNED_ID = ID if config["plan_songs"] else "(?!)"  # in the rules that make something of one song by itself


def id_in(rule):
    """The constraint of the song's id in such a rule: any id, or nothing where no song of the table is for the rule.

    The songs are not listed in it: Snakemake compares thousands of paths with a constraint.
    """
    return PLANNED_ID if SONGS_OF[rule] else "(?!)"


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


def among(songs, path):
    """An input that exists only for some songs; the path itself, which is planned faster, where these are all."""
    return path if songs >= TABLE.keys() else lambda wildcards: path if wildcards.song in songs else []


def with_video(path):
    """An input that exists only for songs with a video."""
    return among(PLAN.with_video, path)


def with_audio(path):
    """An input that exists only for songs with audio."""
    return among(PLAN.with_audio, path)


def with_lyrics(path):
    """An input that exists only for songs with lyrics."""
    return among(SONGS_OF["lyrics"], path)


def kept_songs(split=("train", "val", "test")):
    """Ids of the kept songs of these splits, in the order of the table; known once the manifest is written."""
    manifest = checkpoints.manifest.get().output[0]
    from justlmd.dataset.manifest import read_splits  # loads SciPy, which a plan without a manifest does not need

    return [song for song, its in read_splits(manifest).split.items() if its in split]


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
    """Files of features from elsewhere of the kept songs."""
    return PLAN.learned_features(kept_songs())


def learned_of_song(wildcards):
    """Files of features from elsewhere of one song; a model that reads one that is missing says so itself."""
    return PLAN.learned_features([wildcards.song])


TEXT_STATES = "results/text_states.npz"
ENCODED_LYRICS = EncodedLyrics(TEXT_STATES)


def states_for_song(song):
    """The stored states, of which an encoded song asks nothing more: the job that adds to them is none of its business.

    ``ancient`` alone would not do: Snakemake (9.27) overlooks other reasons to run of jobs behind an ancient input that
    is about to be written.
    """
    known = ENCODED_LYRICS.have(song.lyrics, PLAN.text_encoder(song.id), config["lyrics"]["offset_sign"])
    return ancient(before_update(TEXT_STATES)) if known else TEXT_STATES


def generated_dances(wildcards):
    """Dances of the configured model, as videos and exports; those to named songs need no manifest to be planned."""
    held_out = held_out_song() if config["generate"]["songs"] == "auto" else []
    return shown_and_exported(PLAN.generated_dances(held_out))


def shown_and_exported(dances):
    """Videos and exports of generated dances."""
    return [
        path.format(song=song, name=name, sample=sample)
        for song, name, sample in dances
        for path in [
            rules.generated_preview.output[0],
            *exported_paths(EXPORTED_DANCE, KINDS, with_audio=TABLE[song].has_audio),
        ]
    ]


def kept_songs_exports(wildcards):
    """The exports of every kept song."""
    return [
        path.format(song=name)
        for name in kept_songs()
        for path in exported_paths(EXPORTED, KINDS, with_audio=SONGS[name].has_audio)
    ]


def of_watched(path):
    """An input that exists only for the songs of the data set, not for those that are only danced to."""
    return among(SONGS.keys(), path)


def shown_dances(wildcards):
    """The generated dances that pages show beside the recovered ones."""
    path = rules.dance_script.output[0]
    return [
        path.format(song=song, name=name, sample=sample) for song, name, sample in PLAN.shown_dances(held_out_song())
    ]


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


def lift_usual_rate():
    """Lift Snakemake's limit of 100 started jobs a second; a limit of your own (--max-jobs-per-timespan) stays.

    To keep to it, Snakemake (9.27) looks at all ready jobs again a second after every look, whatever made it look: once
    a second more for each job that has ended, until it takes a core of its own. No run starts so many jobs.
    """
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


if workflow.is_main_process and not workflow.dryrun and (released := claim_folder()):
    logger.warning(released)
