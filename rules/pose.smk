# Where the dancer's joints are in every picture.


rule pose:
    input:
        rules.standardise.output.video,
    output:
        "results/songs/{song}/keypoints2d.npz",
    log:
        "results/songs/{song}/logs/pose.log",
    benchmark:
        "results/songs/{song}/logs/pose.tsv"
    retries: 1
    conda:
        "../envs/pose.yaml"
    threads: 2
    resources:
        gpu=1,
        mem_mb=lambda wildcards, attempt: 3000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        options=config["pose"],
    message:
        "Finding the dancer of {wildcards.song} in every picture"
    script:
        "../workflow_scripts/pose.py"
