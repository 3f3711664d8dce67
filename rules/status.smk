# What became of each song: the stages are those of the rules, noted when a run begins, for `make status` too.
from snakemake.io import apply_wildcards

from justlmd.core.files import write_text
from justlmd.project.status import ALL_SONGS, Stage, song_statuses, status_summary, status_table, write_stages
from justlmd.view.gallery import write_gallery

GALLERY = str(rules.gallery.output[0])
REQUIRED = ["download", "standardise", "audio", "fetch_lyrics", "lyrics", "pose", "recovery"]
REQUIRED += ["import_motion", "quality"]
OPTIONAL = ["demo", "mmpose", "audio_features", "lyrics_embeddings", "overlay", "export"]
OPTIONAL += ["thumbnail", "song_page", "page_without_video", "page_without_audio"]
OF_DANCES = ["generate", "choreograph", "generated_export", "generated_preview", "dance_script"]


def stages_of(name, required, /, **wildcards):
    """The stage that a rule is for these wildcards; none where it is not for this song."""
    definition = getattr(rules, name).rule
    if "song" in wildcards and wildcards["song"] not in SONGS_OF.get(name, TABLE):
        return []
    outputs = tuple(apply_wildcards(str(path), wildcards) for path in definition.output)
    log = Path(apply_wildcards(str(definition.log[0]), wildcards))
    return [Stage(name, outputs, str(log.with_suffix(".error")), required)]


def stages_of_song(song):
    """The stages of one song: those that finish it, those that are made beside, and its dances."""
    found = [stage for name in REQUIRED for stage in stages_of(name, True, song=song)]
    found += [stage for name in OPTIONAL for stage in stages_of(name, False, song=song)]
    for sample in PLAN.samples:
        wildcards = dict(song=song, name=config["generate"]["model"], sample=sample)
        found += [stage for name in OF_DANCES for stage in stages_of(name, PLAN.is_asked_for(song), **wildcards)]
    return found


def stages_of_all_songs():
    """The stages of the data set and the models; only their failures are listed."""
    names = ("manifest", "text_states", "dataset", "publish_set", "evaluate", "gallery")
    found = [stage for name in names for stage in stages_of(name, False)]
    return found + [stage for name in config["models"] for stage in stages_of("train", False, name=name)]


def stages():
    """Every stage by song, and those of all songs together."""
    return {song: stages_of_song(song) for song in TABLE} | {ALL_SONGS: stages_of_all_songs()}


def write_status():
    """Write results/status.tsv and return what people should see of it."""
    rows = song_statuses(TABLE, stages(), Path("results"), config["exclude"])
    write_text("results/status.tsv", status_table(rows))
    return f"{status_summary(rows)}\nThe whole table: results/status.tsv"


def write_gallery_so_far():
    """Write the gallery with what there is, failed songs and all, although its own job may not have run."""
    songs, results = [TABLE[name] for name in TABLE if name not in PLAN.danced_to], Path("results")
    statuses = song_statuses([song.id for song in songs], stages(), results, config["exclude"])
    write_gallery(GALLERY, songs, statuses, results, exclude=config["exclude"], keep=config["keep"])
    return f"The songs so far: {GALLERY}"


onstart:
    lift_usual_rate()
    if SONGS:  # those of a data set stay where only other songs are danced to
        write_stages(Path("results"), stages())


onsuccess:
    if SONGS:
        write_status()
    if SONGS and Path(GALLERY).is_file():  # what had failed in the run before may be there now
        write_gallery_so_far()


onerror:
    if SONGS:
        print(write_status(), write_gallery_so_far(), sep="\n", file=sys.stderr)
