# Links become a video at constant 30 fps and its audio on the same clock; songs that are only danced to are audio alone.


rule download:
    input:
        if_for("download", lambda song: PLAN.if_present(song.local_source)),
    output:
        video=protected("results/songs/{song}/source.mp4"),  # videos vanish from the network
        info="results/songs/{song}/source.json",
    log:
        "results/songs/{song}/logs/download.log",
    benchmark:
        "results/songs/{song}/logs/download.tsv"
    wildcard_constraints:
        song=id_in("download"),
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        downloads=1,
        mem_mb=1000,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        url=lambda wildcards: TABLE[wildcards.song].url,
    message:
        "Downloading {wildcards.song}"
    script:
        "../workflow_scripts/download.py"


rule standardise:
    input:
        if_for("standardise", rules.download.output.video),
    output:
        video="results/songs/{song}/video.mp4",
        audio="results/songs/{song}/audio.wav",
    log:
        "results/songs/{song}/logs/standardise.log",
    benchmark:
        "results/songs/{song}/logs/standardise.tsv"
    wildcard_constraints:
        song=id_in("standardise"),
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        crop=lambda wildcards: TABLE[wildcards.song].crop,
        start=lambda wildcards: TABLE[wildcards.song].start,
        end=lambda wildcards: TABLE[wildcards.song].end,
    message:
        "Cropping {wildcards.song} and decoding it to constant 30 fps"
    script:
        "../workflow_scripts/standardise.py"


rule audio:
    input:
        if_for("audio", lambda song: PLAN.if_present(song.local_source)),
    output:
        "results/songs/{song}/audio.wav",
    log:
        "results/songs/{song}/logs/audio.log",
    benchmark:
        "results/songs/{song}/logs/audio.tsv"
    wildcard_constraints:
        song=id_in("audio"),
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        source=lambda wildcards: TABLE[wildcards.song].local_source,
        start=lambda wildcards: TABLE[wildcards.song].start,
        end=lambda wildcards: TABLE[wildcards.song].end,
    message:
        "Extracting the audio of {wildcards.song}"
    script:
        "../workflow_scripts/audio.py"
