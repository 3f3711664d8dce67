# .lrc files become synchronised lyrics, and lyrics become slices.


rule fetch_lyrics:
    input:
        lambda wildcards: ancient(rules.download.output.info) if wildcards.song in SOURCES else [],
    output:
        update("results/songs/{song}/fetched.lrc"),  # kept as it is when it is there
    log:
        "results/songs/{song}/logs/fetch_lyrics.log",
    benchmark:
        "results/songs/{song}/logs/fetch_lyrics.tsv"
    wildcard_constraints:
        song=one_of(FETCHED),
    conda:
        "../envs/media.yaml"
    threads: 1
    resources:
        downloads=1,
        mem_mb=500,
        runtime=30,
    params:
        song=lambda wildcards: {
            name: getattr(TABLE[wildcards.song], name) for name in ("artist", "title", "start", "end")
        },
        lyrics=config["lyrics"],
        download=config["download"],
    message:
        "Fetching the lyrics of {wildcards.song}"
    script:
        "../workflow_scripts/fetch_lyrics.py"


rule lyrics:
    input:
        lrc=lambda wildcards: if_present(TABLE[wildcards.song].lyrics),
        audio=lambda wildcards: rules.standardise.output.audio if is_heard(TABLE[wildcards.song]) else [],
        reference=lambda wildcards: if_present(TABLE[wildcards.song].reference),
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
        mem_mb=3000,
        runtime=10,
    params:
        lrc=lambda wildcards: TABLE[wildcards.song].lyrics,
        first_line=lambda wildcards: TABLE[wildcards.song].first_line,
        reference=lambda wildcards: TABLE[wildcards.song].reference,
        language=lambda wildcards: TABLE[wildcards.song].language,
        offset_sign=config["lyrics"]["offset_sign"],
        alignment=config["lyrics"]["alignment"],
        whisper_model=config["lyrics"]["whisper_model"],
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


rule variable_slices:
    # version 1 of the report; nothing else of the workflow asks for it
    input:
        lyrics=rules.lyrics.output[0],
        video=lambda wildcards: rules.standardise.output.video if TABLE[wildcards.song].has_video else [],
    output:
        "results/songs/{song}/variable_slices.npz",
    log:
        "results/songs/{song}/logs/variable_slices.log",
    benchmark:
        "results/songs/{song}/logs/variable_slices.tsv"
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    message:
        "Slicing the lyrics of {wildcards.song} at their lines"
    script:
        "../workflow_scripts/variable_slices.py"
