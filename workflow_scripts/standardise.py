"""Crop one song's video, decode it to constant 30 fps, and take its sound on the same clock."""

from job import run


def main(snakemake) -> str:
    from justlmd.media.standardise import standardise
    from justlmd.media.video import probe

    params, output = snakemake.params, snakemake.output
    standardise(snakemake.input[0], output.video, output.audio, params.crop, params.start or 0.0, params.end)
    info = probe(output.video)
    return f"{info.frames} frames of {info.width}x{info.height}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
