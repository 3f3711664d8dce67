# What people look at: captioned videos.


rule preview:
    input:
        motion=rules.recovery.output.motion,
        meta=rules.recovery.output.meta,
        lyrics=rules.lyrics.output.lyrics,
        sliced=rules.lyrics.output.sliced,
        audio=with_audio(rules.standardise.output.audio),
    output:
        "results/songs/{song}/preview/{sequence}.mp4",
    log:
        "results/songs/{song}/logs/preview.{sequence}.log",
    benchmark:
        "results/songs/{song}/logs/preview.{sequence}.tsv"
    wildcard_constraints:
        sequence="all|[0-9]+",
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        body_model=config["body_model"],
    message:
        "Rendering sequence {wildcards.sequence} of {wildcards.song}"
    script:
        "../workflow_scripts/preview.py"


rule generated_preview:
    input:
        motion=rules.generate.output.motion,
        meta=rules.generate.output.meta,
        lyrics=with_lyrics(rules.lyrics.output.lyrics),
        audio=with_audio(rules.standardise.output.audio),
    output:
        "results/generated/{song}/{name}{sample}/dance.mp4",
    log:
        "results/generated/{song}/{name}{sample}/logs/generated_preview.log",
    benchmark:
        "results/generated/{song}/{name}{sample}/logs/generated_preview.tsv"
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        body_model=config["body_model"],
    message:
        "Rendering the dance of {wildcards.name} to {wildcards.song}"
    script:
        "../workflow_scripts/preview.py"


rule comparison:
    input:
        motion=of_held_out_song(rules.recovery.output.motion),
        meta=of_held_out_song(rules.recovery.output.meta),
        lyrics=of_held_out_song(rules.lyrics.output.lyrics),
        audio=of_held_out_song(rules.standardise.output.audio, lambda song: song.has_audio),
        configs=expand(rules.train.output.config, name=config["models"]),
        generated=lambda wildcards: expand(
            rules.generate.output.motion, song=held_out_song(), name=config["models"], sample=""
        ),
        generated_meta=lambda wildcards: expand(
            rules.generate.output.meta, song=held_out_song(), name=config["models"], sample=""
        ),
    output:
        "results/evaluation/comparison.mp4",
    log:
        "results/logs/comparison.log",
    benchmark:
        "results/logs/comparison.tsv"
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        body_model=config["body_model"],
    message:
        "Showing a held-out dance beside those of the models"
    script:
        "../workflow_scripts/comparison.py"


dances_side_by_side = of_held_out_song(rules.comparison.output[0])
