"""Make the page on which people compare dances blindly."""

from job import run


def main(snakemake) -> str:
    from justlmd.view.compare import read_compared_song, write_compare_page

    songs = [read_compared_song(path) for path in snakemake.input.songs]
    count = write_compare_page(snakemake.output.page, snakemake.output.key, songs, "compare")
    return f"{count} pairs of dances: {snakemake.output.page}"


if "snakemake" in globals():
    run(main, snakemake)  # noqa: F821
