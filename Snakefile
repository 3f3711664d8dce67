# From links and .lrc lyrics to a lyrics-music-dance data set and evaluated models. One song is one folder under
# results/songs/; the README shows the commands, docs/ the details of each stage.
from snakemake.utils import min_version

min_version("9.10")


configfile: f"{workflow.basedir}/config.yaml"


include: "rules/songs.smk"
include: "rules/demo.smk"
include: "rules/download.smk"
include: "rules/lyrics.smk"
include: "rules/pose.smk"
include: "rules/recovery.smk"
include: "rules/quality.smk"
include: "rules/features.smk"
include: "rules/dataset.smk"
include: "rules/model.smk"
include: "rules/preview.smk"
include: "rules/export.smk"
include: "rules/view.smk"
include: "rules/gallery.smk"
include: "rules/compare.smk"
include: "rules/status.smk"


report: "report/workflow.rst"


localrules:
    all,
    danced,
    songs,


rule danced:
    # The songs that are only danced to, which need no data set: videos, exports, pages, and each page in one file.
    input:
        shown_and_exported(PLAN.dances_to(DANCED_TO)),
        rules.player_assets.output,
        pages_of_dances,
        expand(rules.share.output[0], song=DANCED_TO),


DATA_SET = [
    rules.manifest.output,
    rules.dataset.output.index,
    rules.evaluate.output,
    kept_songs_exports,
    generated_dances,
    dances_side_by_side,
    rules.dance_list.output[0],
    rules.gallery.output[0],  # and all songs' pages
]


rule all:
    default_target: True
    input:
        *(DATA_SET if SONGS else []),
        rules.danced.input,


rule songs:
    # What is made of each song by itself. A table of thousands is done in parts: --batch songs=1/10 (docs/scale.md).
    input:
        pages_of_songs,
