# The embedded demo: composed, choreographed and rendered songs whose truth is known. A table of your own never runs it.


rule demo:
    input:
        if_for("demo"),
    output:
        video="results/demo/{song}/video.mp4",
        lyrics="results/demo/{song}/lyrics.lrc",
        truth=multiext("results/demo/{song}/truth", ".npz", ".json"),
    log:
        "results/demo/{song}/demo.log",
    benchmark:
        "results/demo/{song}/demo.tsv"
    wildcard_constraints:
        song=id_in("demo"),
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    message:
        "Composing and rendering the demo song {wildcards.song}"
    script:
        "../workflow_scripts/demo.py"
