"""Compose, choreograph and render one demo song."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from demo.build import build_song

    return build_song(snakemake.wildcards.song, Path(snakemake.output.video).parent)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
