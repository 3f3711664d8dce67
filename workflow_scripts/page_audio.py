"""Encode the audio of one song for its page."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.view.audio import write_m4a

    write_m4a(snakemake.output[0], snakemake.input[0])
    return f"{Path(snakemake.output[0]).stat().st_size / 1e6:.1f} MB"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
