"""Cut a song's audio so that it begins with the first frame of the exported motion beside which it lies."""

from job import run


def main(snakemake) -> str:
    from justlmd.export.audio import write_audio_of_clock

    length_s = write_audio_of_clock(snakemake.input.audio, snakemake.output[0], snakemake.input.clock)
    return f"{length_s:.2f} s of audio beside the exports"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
