# Where the dancer's joints are in every frame, who else is there, and what the frames tell about the video.
MMPOSE = config["pose"] == "mmpose"


rule mmpose:
    input:
        if_for("mmpose", rules.standardise.output.video),
    output:
        "results/songs/{song}/mmpose.json",
    log:
        "results/songs/{song}/logs/mmpose.log",
    benchmark:
        "results/songs/{song}/logs/mmpose.tsv"
    wildcard_constraints:
        song=id_in("mmpose"),
    retries: 1
    conda:
        "../envs/mmpose.yaml"
    threads: 1
    resources:
        gpu=gpu,
        mem_mb=lambda wildcards, attempt: 8000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        program=PROJECT / "workflow_scripts" / "pose_mmpose.py",
        options=[
            part
            for option, value in (config["mmpose"] | {"device": config["device"]}).items()
            if value
            for part in (f"--{option.replace('_', '-')}", value)
        ],
    message:
        "Finding everybody in the frames of {wildcards.song} with MMPose"
    shell:
        "python {params.program:q} --video {input:q} --output {output:q} --log {log:q} --song {wildcards.song:q}"
        " --threads {threads} {params.options:q}"


rule pose:
    input:
        video=if_for("pose", rules.standardise.output.video),
        mmpose=rules.mmpose.output[0] if MMPOSE else [],
    output:
        keypoints2d="results/songs/{song}/keypoints2d.npz",
        image_signals="results/songs/{song}/image_signals.npz",
    log:
        "results/songs/{song}/logs/pose.log",
    benchmark:
        "results/songs/{song}/logs/pose.tsv"
    wildcard_constraints:
        song=id_in("pose"),
    retries: 1
    conda:
        "../envs/pose.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        backend=config["pose"],
        second_looks=config["second_looks"],
        dancer=lambda wildcards: TABLE[wildcards.song].dancer,
    message:
        "Finding the dancer of {wildcards.song} in every frame"
    script:
        "../workflow_scripts/pose.py"
