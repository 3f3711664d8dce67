# .lrc files become synchronised lyrics, and lyrics become slices.


rule fetch_lyrics:
    input:
        if_for(
            "fetch_lyrics",
            lambda song: ancient(rules.download.output.info) if song.has_audio else [],
        ),
    output:
        update("results/songs/{song}/fetched.lrc"),  # kept as it is when it is there
    log:
        "results/songs/{song}/logs/fetch_lyrics.log",
    benchmark:
        "results/songs/{song}/logs/fetch_lyrics.tsv"
    wildcard_constraints:
        song=id_in("fetch_lyrics"),
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
        lrc=of_song(lambda song: PLAN.if_present(song.lyrics)),
        audio=of_song(lambda song: rules.standardise.output.audio if PLAN.is_heard(song) else []),
        reference=of_song(lambda song: PLAN.if_present(song.reference)),
        video=with_video(rules.standardise.output.video),  # slices end where it ends
    output:
        lyrics="results/songs/{song}/lyrics.json",
        sliced="results/songs/{song}/sliced.json",
        variable_slices="results/songs/{song}/variable_slices.npz",  # version 1 of the report
    log:
        "results/songs/{song}/logs/lyrics.log",
    benchmark:
        "results/songs/{song}/logs/lyrics.tsv"
    wildcard_constraints:
        song=PLANNED_ID,
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
        slicing=config["lyrics"]["slicing"],
        stride=config["lyrics"]["stride"],
    message:
        "Reading and slicing the lyrics of {wildcards.song}"
    script:
        "../workflow_scripts/lyrics.py"
