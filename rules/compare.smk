# People compare dances to held-out songs without knowing whose they are. Asked for by name: `make compare`.
from justlmd.view.compare import hidden_code

COMPARED_SONGS = 12
COMPARED_SEED = config["evaluation"]["seed"]
SONG_CODES = {hidden_code(COMPARED_SEED, name): name for name, song in SONGS.items() if song.has_audio}
CLIPS = range(3 + len(config["models"]))  # of the real dance, its mirror image, a copied one and the models'


rule copied_dance:
    input:
        index=rules.dataset.output.index,
        splits=rules.dataset.output.splits,
        audio_features=lambda wildcards: rules.audio_features.output[0].format(song=SONG_CODES[wildcards.code]),
        lyrics_embeddings=lambda wildcards: rules.lyrics_embeddings.output[0].format(song=SONG_CODES[wildcards.code]),
    output:
        motion="results/evaluation/compare/{code}.copied/smplfull.json",
        meta="results/evaluation/compare/{code}.copied/smplfull.meta.json",
    log:
        "results/logs/compare/{code}.copied.log",
    benchmark:
        "results/logs/compare/{code}.copied.tsv"
    wildcard_constraints:
        code="[0-9a-f]{12}",
    conda:
        "../envs/model.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        body_model=config["body_model"],
    message:
        "Copying the dance to one song from training songs"
    script:
        "../workflow_scripts/copied_dance.py"


rule compared_dances:
    input:
        motion=lambda wildcards: rules.recovery.output.motion.format(song=SONG_CODES[wildcards.code]),
        meta=lambda wildcards: rules.recovery.output.meta.format(song=SONG_CODES[wildcards.code]),
        lyrics=lambda wildcards: rules.lyrics.output.lyrics.format(song=SONG_CODES[wildcards.code]),
        audio=lambda wildcards: rules.standardise.output.audio.format(song=SONG_CODES[wildcards.code]),
        generated=lambda wildcards: expand(
            rules.generate.output.motion, song=SONG_CODES[wildcards.code], name=config["models"], sample=""
        ),
        generated_meta=lambda wildcards: expand(
            rules.generate.output.meta, song=SONG_CODES[wildcards.code], name=config["models"], sample=""
        ),
        copied=rules.copied_dance.output.motion,
        copied_meta=rules.copied_dance.output.meta,
    output:
        clips=expand("results/view/compare/{{code}}{clip}.mp4", clip=CLIPS),
        song="results/evaluation/compare/{code}.json",
    log:
        "results/logs/compare/{code}.log",
    benchmark:
        "results/logs/compare/{code}.tsv"
    wildcard_constraints:
        code="[0-9a-f]{12}",
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        song=lambda wildcards: SONG_CODES[wildcards.code],
        models=list(config["models"]),
        seed=COMPARED_SEED,
        body_model=config["body_model"],
    message:
        "Rendering the dances to one song that people compare"
    script:
        "../workflow_scripts/compared_dances.py"


rule compare_page:
    input:
        songs=lambda wildcards: expand(
            rules.compared_dances.output.song,
            code=[code for code, name in SONG_CODES.items() if name in kept_songs(split=("test",))][:COMPARED_SONGS],
        ),
    output:
        page="results/view/compare.html",
        key="results/evaluation/compare_key.json",
    log:
        "results/logs/compare_page.log",
    benchmark:
        "results/logs/compare_page.tsv"
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    message:
        "Making the page on which people compare dances"
    script:
        "../workflow_scripts/compare_page.py"
