# A verdict with reasons and metrics for every song, and the body over the video for people's eyes.


rule quality:
    input:
        keypoints2d=with_video(rules.pose.output.keypoints2d),
        image_signals=with_video(rules.pose.output.image_signals),
        lyrics=rules.lyrics.output.lyrics,
        sliced=rules.lyrics.output.sliced,
        motion=if_for("quality", rules.recovery.output.motion),
        meta=rules.recovery.output.meta,
    output:
        "results/songs/{song}/quality.json",
    log:
        "results/songs/{song}/logs/quality.log",
    benchmark:
        "results/songs/{song}/logs/quality.tsv"
    wildcard_constraints:
        song=id_in("quality"),
    conda:
        "../envs/pose.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        thresholds=config["quality"],
        dancer=lambda wildcards: TABLE[wildcards.song].dancer,
        body_model=config["body_model"],
    message:
        "Judging the motion of {wildcards.song}"
    script:
        "../workflow_scripts/quality.py"


rule overlay:
    input:
        video=if_for("overlay", rules.standardise.output.video),
        audio=rules.standardise.output.audio,
        keypoints2d=rules.pose.output.keypoints2d,
        motion=rules.recovery.output.motion,
        meta=rules.recovery.output.meta,
    output:
        "results/songs/{song}/overlay.mp4",
    log:
        "results/songs/{song}/logs/overlay.log",
    benchmark:
        "results/songs/{song}/logs/overlay.tsv"
    wildcard_constraints:
        song=id_in("overlay"),
    priority: -1  # the models wait for the other stages, nobody for this one
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        body_model=config["body_model"],
        style=config["overlay"]["style"],
    message:
        "Drawing the body of {wildcards.song} over its video"
    script:
        "../workflow_scripts/overlay.py"
