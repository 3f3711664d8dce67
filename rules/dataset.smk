# The manifest decides which songs are kept; the kept songs become the data set.


checkpoint manifest:
    input:
        songs=project_file(config["songs"]) or [],
        quality=expand(rules.quality.output, song=SONGS),  # which has seen the song's other files, too
    output:
        report(
            "results/manifest.tsv",
            caption="../report/manifest.rst",
            category="Data set",
            labels={"what": "songs kept and dropped"},
        ),
    log:
        "results/logs/manifest.log",
    benchmark:
        "results/logs/manifest.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        drop_last=config["lyrics"]["slicing"] == "compat",
        exclude=config["exclude"],
        keep=config["keep"],
        split=config["dataset"],
    message:
        "Listing which songs are kept and why"
    script:
        "../workflow_scripts/manifest.py"


rule dataset:
    input:
        manifest="results/manifest.tsv",
        motion=of_kept_songs(rules.recovery.output.motion),
        meta=of_kept_songs(rules.recovery.output.meta),
        lyrics=of_kept_songs(rules.lyrics.output.lyrics),
        sliced=of_kept_songs(rules.lyrics.output.sliced),
        lyrics_embeddings=of_kept_songs(rules.lyrics_embeddings.output),
        audio_features=of_kept_songs(rules.audio_features.output, lambda song: song.has_audio),
        learned=learned_features,
    output:
        index="results/dataset/index.parquet",
        splits="results/dataset/splits.json",
        card="results/dataset/README.md",
    log:
        "results/logs/dataset.log",
    benchmark:
        "results/logs/dataset.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        options=config["dataset"],
        learned=config["features"]["learned"],
        drop_last=config["lyrics"]["slicing"] == "compat",
        body_model=config["body_model"],
        songs={
            song.id: dict(
                group=song.group,
                artist=song.artist,
                title=song.title,
                language=song.language,
                source=song.url or song.motion,
                source_start_s=song.start or 0.0,
                crop=song.crop,
            )
            for song in SONGS.values()
        },
    message:
        "Building the data set"
    script:
        "../workflow_scripts/dataset.py"


rule publish_set:
    input:
        rules.dataset.output.card,
    output:
        card="results/publish/README.md",
        checksums="results/publish/SHA256SUMS",
        table="results/publish.tsv",
    log:
        "results/logs/publish_set.log",
    benchmark:
        "results/logs/publish_set.tsv"
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        licences={song.id: song.licence for song in SONGS.values()},
        publish=config["publish"],
    message:
        "Building what may be published of the data set"
    script:
        "../workflow_scripts/publish_set.py"
