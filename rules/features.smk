# What the models hear and read.
rule audio_features:
    input:
        rules.standardise.output.audio,
    output:
        "results/songs/{song}/audio_features.npz",
    log:
        "results/songs/{song}/logs/audio_features.log",
    benchmark:
        "results/songs/{song}/logs/audio_features.tsv"
    wildcard_constraints:
        song=PLANNED_ID,
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        edge35=config["features"]["edge35"],
    message:
        "Extracting the audio features of {wildcards.song}"
    script:
        "../workflow_scripts/audio_features.py"


# A line's text needs no video, so that a single song's states wait for the lyrics files and for no download.
ENCODED = sorted(PLAN.texts())


rule text_states:
    input:
        [path for path, _ in ENCODED],
    output:
        update(TEXT_STATES),  # lines that are encoded already stay
    log:
        "results/logs/text_states.log",
    benchmark:
        "results/logs/text_states.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1  # the last bits of the states depend on the number of threads
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        encoders=[encoder for _, encoder in ENCODED],
        offset_sign=config["lyrics"]["offset_sign"],
    message:
        "Encoding the lines of all lyrics"
    script:
        "../workflow_scripts/text_states.py"


rule lyrics_embeddings:
    input:
        lyrics=rules.lyrics.output.lyrics,
        states=of_song(states_for_song),
    output:
        "results/songs/{song}/lyrics_embeddings.npz",
    log:
        "results/songs/{song}/logs/lyrics_embeddings.log",
    benchmark:
        "results/songs/{song}/logs/lyrics_embeddings.tsv"
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        encoder=lambda wildcards: PLAN.text_encoder(wildcards.song),
        is_chosen=lambda wildcards: TABLE[wildcards.song].language in config["features"]["text_encoders"],
    message:
        "Looking up the encoded lyrics of {wildcards.song}"
    script:
        "../workflow_scripts/lyrics_embeddings.py"
