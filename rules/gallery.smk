# All songs on one page for people: thumbnails, verdicts, curves, and the way to each song's files.


rule thumbnail:
    input:
        motion=if_for("thumbnail", rules.recovery.output.motion),
        meta=rules.recovery.output.meta,
    output:
        "results/view/thumbnails/{song}.jpg",
    log:
        "results/songs/{song}/logs/thumbnail.log",
    benchmark:
        "results/songs/{song}/logs/thumbnail.tsv"
    wildcard_constraints:
        song=id_in("thumbnail"),
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        body_model=config["body_model"],
    message:
        "Drawing the skeleton of {wildcards.song} for the gallery"
    script:
        "../workflow_scripts/thumbnail.py"


rule gallery:
    input:
        songs=project_file(config["songs"]) or [],
        manifest="results/manifest.tsv",
        thumbnails=expand(rules.thumbnail.output, song=SONGS),
        pages=expand(rules.song_page.output.page, song=SONGS),  # linked where they are there
    output:
        "results/view/index.html",
    log:
        "results/logs/gallery.log",
    benchmark:
        "results/logs/gallery.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        exclude=config["exclude"],
        keep=config["keep"],
    message:
        "Putting all songs on one page"
    script:
        "../workflow_scripts/gallery.py"
