# .lrc files become synchronised lyrics, and lyrics become slices.


def lyrics_audio(wildcards):
    """Only a first line that is found by listening needs the sound."""
    listens = TABLE[wildcards.song].first_line == "auto"
    return rules.standardise.output.audio if listens else []


rule lyrics:
    input:
        lrc=lambda wildcards: if_present(TABLE[wildcards.song].lyrics),
        audio=lyrics_audio,
    output:
        "results/songs/{song}/lyrics.json",
    log:
        "results/songs/{song}/logs/lyrics.log",
    benchmark:
        "results/songs/{song}/logs/lyrics.tsv"
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        lrc=lambda wildcards: TABLE[wildcards.song].lyrics,
        first_line=lambda wildcards: TABLE[wildcards.song].first_line,
        language=lambda wildcards: TABLE[wildcards.song].language,
        offset_sign=config["lyrics"]["offset_sign"],
    message:
        "Reading the lyrics of {wildcards.song}"
    script:
        "../workflow_scripts/lyrics.py"


rule slices:
    input:
        lyrics=rules.lyrics.output[0],
        lrc=lambda wildcards: if_present(TABLE[wildcards.song].lyrics),
        video=lambda wildcards: rules.standardise.output.video if TABLE[wildcards.song].has_video else [],
    output:
        "results/songs/{song}/sliced.json",
    log:
        "results/songs/{song}/logs/slices.log",
    benchmark:
        "results/songs/{song}/logs/slices.tsv"
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        mode=config["lyrics"]["slicing"],
        stride=config["lyrics"]["stride"],
    message:
        "Slicing the lyrics of {wildcards.song}"
    script:
        "../workflow_scripts/slices.py"
