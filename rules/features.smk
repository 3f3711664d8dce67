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
    conda:
        "../envs/audio.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    message:
        "Extracting the audio features of {wildcards.song}"
    script:
        "../workflow_scripts/audio_features.py"


rule lyrics_embeddings:
    input:
        rules.lyrics.output,
    output:
        "results/songs/{song}/lyrics_embeddings.npz",
    log:
        "results/songs/{song}/logs/lyrics_embeddings.log",
    benchmark:
        "results/songs/{song}/logs/lyrics_embeddings.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=10,
    params:
        text_encoder=config["features"]["text_encoder"],
    message:
        "Encoding the lyrics of {wildcards.song}"
    script:
        "../workflow_scripts/lyrics_embeddings.py"
