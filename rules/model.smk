# Training, generation and evaluation of the models named in the configuration.
from justlmd.project.plan import sample_number


rule train:
    input:
        index=rules.dataset.output.index,
        splits=rules.dataset.output.splits,
        config=lambda wildcards: project_file(config["models"][wildcards.name]["config"]),
    output:
        checkpoint="results/models/{name}/model.safetensors",
        config="results/models/{name}/config.json",
        history=report(
            "results/models/{name}/history.csv",
            caption="../report/history.rst",
            category="Models",
            labels={"model": "{name}", "what": "training history"},
        ),
    log:
        "results/models/{name}/logs/train.log",
    benchmark:
        "results/models/{name}/logs/train.tsv"
    wildcard_constraints:
        name="|".join(config["models"]) if SONGS else "(?!)",  # without a data set, models are what was trained before
    conda:
        "../envs/model.yaml"
    threads: training_threads
    resources:
        gpu=gpu,
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=lambda wildcards, attempt: 720 * attempt,
    params:
        seed=lambda wildcards: config["models"][wildcards.name]["seed"],
        device=config["device"],
    message:
        "Training {wildcards.name}"
    script:
        "../workflow_scripts/train.py"


rule evaluate:
    input:
        index=rules.dataset.output.index,
        splits=rules.dataset.output.splits,
        checkpoints=expand(rules.train.output.checkpoint, name=config["models"]),
        histories=expand(rules.train.output.history, name=config["models"]),
    output:
        metrics="results/evaluation/metrics.json",
        table=report(
            "results/evaluation/metrics.csv",
            caption="../report/evaluation.rst",
            category="Models",
            labels={"what": "evaluation"},
        ),
        metrics_plot=report(
            "results/evaluation/metrics.svg",
            caption="../report/evaluation.rst",
            category="Models",
            labels={"what": "evaluation, plotted"},
        ),
        dances=report(
            "results/evaluation/dances.csv",
            caption="../report/dances.rst",
            category="Models",
            labels={"what": "whole dances"},
        ),
        dances_plot=report(
            "results/evaluation/dances.svg",
            caption="../report/dances.rst",
            category="Models",
            labels={"what": "whole dances, plotted"},
        ),
        history_plot=report(
            "results/evaluation/history.svg",
            caption="../report/curves.rst",
            category="Models",
            labels={"what": "training curves"},
        ),
        lyrics=report(
            "results/evaluation/lyrics.csv",
            caption="../report/lyrics_question.rst",
            category="Models",
            labels={"what": "do lyrics help?"},
        ),
        lyrics_plot=report(
            "results/evaluation/lyrics.svg",
            caption="../report/lyrics_question.rst",
            category="Models",
            labels={"what": "do lyrics help?, plotted"},
        ),
    log:
        "results/logs/evaluate.log",
    benchmark:
        "results/logs/evaluate.tsv"
    conda:
        "../envs/model.yaml"
    threads: 2
    resources:
        gpu=gpu,
        mem_mb=6000,
        runtime=120,
    params:
        bootstrap=config["evaluation"]["bootstrap"],
        seed=config["evaluation"]["seed"],
        device=config["device"],
        body_model=config["body_model"],
    message:
        "Evaluating the models on songs that they have not seen"
    script:
        "../workflow_scripts/evaluate.py"


rule generate:
    input:
        checkpoint=rules.train.output.checkpoint,
        audio_features=with_audio(rules.audio_features.output[0]),
        lyrics_embeddings=with_lyrics(rules.lyrics_embeddings.output[0]),
        learned=learned_of_song,
    output:
        motion="results/generated/{song}/{name}{sample}/smplfull.json",
        meta="results/generated/{song}/{name}{sample}/smplfull.meta.json",
    log:
        "results/generated/{song}/{name}{sample}/logs/generate.log",
    benchmark:
        "results/generated/{song}/{name}{sample}/logs/generate.tsv"
    wildcard_constraints:
        name="|".join(config["models"]) or "(?!)",
    conda:
        "../envs/model.yaml"
    threads: 2
    resources:
        gpu=gpu,
        mem_mb=4000,
        runtime=30,
    params:
        seed=lambda wildcards: config["generate"]["seed"] + sample_number(wildcards.sample) - 1,
        guidance=config["generate"]["guidance"],
        learned=config["features"]["learned"],
        device=config["device"],
        body_model=config["body_model"],
    message:
        "Dancing to {wildcards.song} with {wildcards.name}{wildcards.sample}"
    script:
        "../workflow_scripts/generate.py"


rule choreograph:
    input:
        index=[] if REPERTOIRE else rules.dataset.output.index,
        splits=[] if REPERTOIRE else rules.dataset.output.splits,
        repertoire=REPERTOIRE or [],
        audio_features=with_audio(rules.audio_features.output[0]),
        lyrics_embeddings=with_lyrics(rules.lyrics_embeddings.output[0]),
    output:
        motion="results/generated/{song}/{name}{sample}/smplfull.json",
        meta="results/generated/{song}/{name}{sample}/smplfull.meta.json",
    log:
        "results/generated/{song}/{name}{sample}/logs/choreograph.log",
    benchmark:
        "results/generated/{song}/{name}{sample}/logs/choreograph.tsv"
    wildcard_constraints:
        name=CHOREOGRAPHER,
    conda:
        "../envs/model.yaml"
    resources:
        mem_mb=3000,
        runtime=30,
    params:
        seed=lambda wildcards: config["generate"]["seed"] + sample_number(wildcards.sample) - 1,
        body_model=config["body_model"],
    message:
        "Choreographing {wildcards.song}{wildcards.sample} from other dances"
    script:
        "../workflow_scripts/choreograph.py"
