# Files for animation programs and other research code, each with the song's clock, and the audio that belongs to them.
from justlmd.export.kinds import files_of

KINDS = config["export"]["kinds"]
EXPORTED = "results/songs/{song}"
EXPORTED_SEQUENCE = "results/songs/{song}/export/{sequence}"
EXPORTED_DANCE = "results/generated/{song}/{name}{sample}"


rule export:
    input:
        motion=rules.recovery.output.motion,
        meta=rules.recovery.output.meta,
        lyrics=rules.lyrics.output.lyrics,
    output:
        **files_of(EXPORTED, KINDS),
    log:
        "results/songs/{song}/logs/export.log",
    benchmark:
        "results/songs/{song}/logs/export.tsv"
    priority: -1  # the models wait for the other stages, nobody for this one
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        body_model=config["body_model"],
        options={key: value for key, value in config["export"].items() if key not in ("kinds", "blender_python")},
    message:
        "Exporting the motion of {wildcards.song}"
    script:
        "../workflow_scripts/export.py"


use rule export as export_sequence with:
    input:
        motion=rules.recovery.output.motion,
        meta=rules.recovery.output.meta,
        lyrics=rules.lyrics.output.lyrics,
        sliced=rules.lyrics.output.sliced,
    output:
        **files_of(EXPORTED_SEQUENCE, KINDS),
    log:
        "results/songs/{song}/logs/export.{sequence}.log",
    benchmark:
        "results/songs/{song}/logs/export.{sequence}.tsv"
    wildcard_constraints:
        sequence="[0-9]+",
    message:
        "Exporting sequence {wildcards.sequence} of {wildcards.song}"


use rule export as generated_export with:
    input:
        motion=rules.generate.output.motion,
        meta=rules.generate.output.meta,
        lyrics=with_lyrics(rules.lyrics.output.lyrics),
    output:
        **files_of(EXPORTED_DANCE, KINDS),
    log:
        "results/generated/{song}/{name}{sample}/logs/generated_export.log",
    benchmark:
        "results/generated/{song}/{name}{sample}/logs/generated_export.tsv"
    message:
        "Exporting the dance to {wildcards.song}"


rule export_audio:
    # beside whatever was exported: a song's motion, a sequence of it, a generated dance
    input:
        audio=rules.standardise.output.audio,
        clock="results/{place}/{song}/{part}motion.clock.json",
    output:
        "results/{place}/{song}/{part}audio.m4a",
    log:
        "results/{place}/{song}/{part}logs/export_audio.log",
    benchmark:
        "results/{place}/{song}/{part}logs/export_audio.tsv"
    wildcard_constraints:
        place="songs|generated",
        part=r"(export/[0-9]+/|[A-Za-z0-9_-]+/(sample_\d+/)?)?",
    conda:
        "../envs/body.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    message:
        "Cutting the audio of {wildcards.song} for the exported motion"
    script:
        "../workflow_scripts/export_audio.py"


rule export_blender:
    # FBX and USD, only where they are asked for
    input:
        glb="results/{place}/{song}/{part}motion.glb",
        clock="results/{place}/{song}/{part}motion.clock.json",
    output:
        "results/{place}/{song}/{part}motion.{kind}",
    log:
        "results/{place}/{song}/{part}logs/export_{kind}.log",
    benchmark:
        "results/{place}/{song}/{part}logs/export_{kind}.tsv"
    wildcard_constraints:
        place="songs|generated",
        part=r"(export/[0-9]+/|[A-Za-z0-9_-]+/(sample_\d+/)?)?",
        kind="fbx|usd",
    conda:
        "../envs/export.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        python=config["export"]["blender_python"],
    message:
        "Exporting the motion of {wildcards.song} as {wildcards.kind} through Blender"
    script:
        "../workflow_scripts/export_blender.py"
