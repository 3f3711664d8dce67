"""Crop one song's video, decode it to constant 30 fps, and take its sound on the same clock."""

from job import run


def main(snakemake) -> str:
    from justlmd.video import standardise

    info = standardise(
        snakemake.input[0],
        snakemake.output.video,
        snakemake.output.audio,
        crop=snakemake.params.crop,
        start_s=snakemake.params.start,
        end_s=snakemake.params.end,
    )
    return f"{info.frames} frames of {info.width}x{info.height}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
