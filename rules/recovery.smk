# From 2D points, or from a ready-made motion file, to smplfull.json.
EASYMOCAP = config["recovery"] == "easymocap"


rule recovery:
    input:
        keypoints2d=if_for("recovery", rules.pose.output.keypoints2d),
        video=rules.standardise.output.video,
        lyrics=rules.lyrics.output.lyrics,
        sliced=rules.lyrics.output.sliced,
        body_model=config["body_model"] or [],
    output:
        motion="results/songs/{song}/smplfull.json",
        meta="results/songs/{song}/smplfull.meta.json",
    log:
        "results/songs/{song}/logs/recovery.log",
    benchmark:
        "results/songs/{song}/logs/recovery.tsv"
    wildcard_constraints:
        song=id_in("recovery"),
    retries: 1
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        gpu=gpu,
        mem_mb=lambda wildcards, attempt: (16000 if EASYMOCAP else 4000) * attempt,
        runtime=lambda wildcards, attempt: (480 if EASYMOCAP else 60) * attempt,
    params:
        backend=config["recovery"],
        focal=config["focal"],
        pitch=config["pitch"],
        easymocap=config["easymocap"] if EASYMOCAP else {},
        height=lambda wildcards: TABLE[wildcards.song].height,
        crop=lambda wildcards: TABLE[wildcards.song].crop,
        body_model=config["body_model"],
        device=config["device"],
    message:
        "Recovering the motion of {wildcards.song}"
    script:
        "../workflow_scripts/recovery.py"


rule import_motion:
    input:
        motion=if_for("import_motion", lambda song: PLAN.if_present(song.motion)),
        lyrics=rules.lyrics.output.lyrics,
    output:
        motion="results/songs/{song}/smplfull.json",
        meta="results/songs/{song}/smplfull.meta.json",
    log:
        "results/songs/{song}/logs/import_motion.log",
    benchmark:
        "results/songs/{song}/logs/import_motion.tsv"
    wildcard_constraints:
        song=id_in("import_motion"),
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        motion=lambda wildcards: TABLE[wildcards.song].motion,
        body_model=config["body_model"],
    message:
        "Importing the motion of {wildcards.song}"
    script:
        "../workflow_scripts/import_motion.py"
