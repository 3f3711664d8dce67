"""Put every song on one page."""

from job import run


def main(snakemake) -> str:
    from pathlib import Path

    from justlmd.songs.table import read_songs
    from justlmd.view.gallery import write_gallery

    params, songs = snakemake.params, read_songs(snakemake.input.songs)
    # Nothing of these songs has failed, or this job would not run; what fails later is added when the run ends.
    count = write_gallery(snakemake.output[0], songs, [], Path("results"), exclude=params.exclude, keep=params.keep)
    return f"{count} songs: {snakemake.output[0]}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
