"""Compose, choreograph and render one demo song."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from demo.build import build_song
    from demo.songs import song_by_id

    built = build_song(song_by_id(snakemake.wildcards.song), Path(snakemake.output.video).parents[1])
    return f"{built.frames} frames rendered"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
