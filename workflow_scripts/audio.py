"""Extract the audio of a song that is only danced to from its file."""

from job import run


def main(snakemake) -> str:
    from justlmd.media.audio import write_audio

    params = snakemake.params
    length_s = write_audio(params.source, snakemake.output[0], params.start or 0.0, params.end)
    return f"{length_s:.1f} s of audio"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
