"""Compose, choreograph and render one demo song."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from demo.build import build_song

    folder = Path(snakemake.output.video).parent
    return build_song(snakemake.wildcards.song, folder)


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
