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
    params:
        edge35=config["features"]["edge35"],
    message:
        "Extracting the audio features of {wildcards.song}"
    script:
        "../workflow_scripts/audio_features.py"


rule text_states:
    input:
        # those that are there: a song whose lyrics are wrong holds up no other
        [path for path in expand(rules.lyrics.output, song=SONGS) if Path(path).is_file()],
    output:
        "results/text_states.npz",
    log:
        "results/logs/text_states.log",
    benchmark:
        "results/logs/text_states.tsv"
    conda:
        "../envs/text.yaml"
    threads: 1  # as the single songs' jobs: the last bits of the states depend on the number of threads
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        text_encoder=config["features"]["text_encoder"],
    message:
        "Encoding the lyrics that are there"
    script:
        "../workflow_scripts/text_states.py"


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
        text_encoder=lambda wildcards: config["features"]["text_encoders"].get(
            TABLE[wildcards.song].language, config["features"]["text_encoder"]
        ),
        text_states=rules.text_states.output[0],  # no input: it saves time where it is there, and changes nothing
    message:
        "Encoding the lyrics of {wildcards.song}"
    script:
        "../workflow_scripts/lyrics_embeddings.py"
